# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Topology, hosts and checks that all scenarios share.
#
#                 router-w              core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
#   node    wlan0 10.1.0.2/24   fd01::2/64     server  eth0 10.9.0.2/24  fd09::2/64
#           lte0  10.2.0.2/24   fd02::2/64
#
# The delay stands between each router and the core, so that ARP is fast and what
# is under way when an uplink dies is lost where it would be: on the last hop.
# Routers filter strictly by reverse path, neighbour caches start cold.
#
# A host is a network and a mount namespace with its own bpffs, /run and sysfs,
# held open by a process; `at HOST COMMAND` enters both.

# A step that fails unseen would make a check pass for the wrong reason.
set -eE
trap 'echo "error: ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND" >&2' ERR

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

export meter=$project/build/tests/meter/meter
export segue=$project/build/segue

# Where a scenario keeps its files: logs, configuration, reports.
export out project node_wlan node_lte server_outer node_inner server_inner FAMILY SEGUE_HOSTS

declare -A holder=()			# pid by host

say() { echo "    $*"; }

die() {
	echo "error: $*" >&2
	exit 2
}

# jq compiles its own library each time it starts, which takes a tenth of a scenario's
# time; gojq speaks the same language and does not.
jq() { gojq "$@"; }
export -f jq

# shellcheck source=lib/topology.sh
. "$project/tests/scenario/lib/topology.sh"
# shellcheck source=lib/wifi.sh
. "$project/tests/scenario/lib/wifi.sh"
# shellcheck source=lib/strongswan_conf.sh
. "$project/tests/scenario/lib/strongswan_conf.sh"
# shellcheck source=lib/strongswan.sh
. "$project/tests/scenario/lib/strongswan.sh"
# shellcheck source=lib/libreswan.sh
. "$project/tests/scenario/lib/libreswan.sh"
# shellcheck source=lib/measure.sh
. "$project/tests/scenario/lib/measure.sh"
# shellcheck source=lib/trace.sh
. "$project/tests/scenario/lib/trace.sh"
# shellcheck source=lib/check.sh
. "$project/tests/scenario/lib/check.sh"

# begin NAME: a part of a scenario with files, hosts and configuration of its own.
# VARIABLE=VALUE arguments hold for this part only.
begin() {
	local setting
	[ ${#holder[@]} = 0 ] || topology_down
	unset ESP ENCAP FAMILY FAILBACK_MS CHARON_EXTRA MOBIKEX_EXTRA IKE_EXTRA IKE_NODE IKE_SERVER \
		CHILD_EXTRA CHILD_NODE CHILD_SERVER LOGLEVEL LOAD_NODE SEGUE_UPLINKS \
		CHILDREN_NODE CHILDREN_SERVER MOBIKEX_NODE MOBIKEX_SERVER ATTACH \
		LIBRESWAN_HOSTS WLAN BEACON_INT JITTER_MS
	SEGUE_HOSTS="node server"
	echo "$1"
	out=${results:-$project/build/test}/$scenario/${1// /-}
	shift
	for setting; do
		declare -g "$setting"
	done
	rm -rf "$out"
	mkdir -p "$out"
	addresses
}

# finish: the last line of every scenario
finish() {
	topology_down
	trap - EXIT
	echo "$passed passed, $failed failed"
	if [ "$failed" = 0 ] && [ "$passed" != 0 ]; then
		exit 0
	fi
	exit 1
}

scenario=$(basename "$0" .sh)
trap 'topology_down' EXIT

# The meter's exec events run in a shell of their own.
export -f at address uplink_routes uplink_restore uplink_plug link swan die has_segue
