# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of the CLI share.  Each runs in a network and a mount namespace
# of its own, with its own bpffs, /run and sysfs: nothing of the machine is
# touched.  `ok` says what it checks; `finish` counts.

set -u

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
segue=$project/build/segue
maps=$project/build/tests/cli/maps
objects=$project/build/tests/cli

if [ "$(id -u)" != 0 ]; then
	echo "needs root"
	exit 77
fi
if [ -z "${CLI_INSIDE:-}" ]; then
	CLI_INSIDE=1 exec unshare --net --mount --propagation private bash "$0" "$@"
fi
mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf && mount -t tmpfs tmpfs /run || {
	echo "cannot mount sysfs, bpffs and tmpfs"
	exit 1
}
export PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
work=$(mktemp -d)
passed=0
failed=0
ended=

# The peers' ends of the cables stand in a namespace of their own.
exec {holder_out}< <(exec unshare --net bash -c 'ip link set lo up; echo ready; exec sleep infinity')
holder=$!
read -r -u "$holder_out" _
trap 'kill $holder; umount /sys/fs/bpf 2>/dev/null; rm -rf "$work"
	[ "$ended" ] || echo "ended before its time"' EXIT

peer() { nsenter --target "$holder" --net -- "$@"; }

good() { passed=$((passed + 1)); echo "ok    $1"; }
bad() {
	failed=$((failed + 1))
	echo "FAIL  $1"
	[ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/      | /' | head -n 30
}

# ok WHAT COMMAND...: the command has to succeed
ok() {
	local what=$1 output
	shift
	if output=$("$@" 2>&1); then good "$what"; else bad "$what" "$* -> $?"$'\n'"$output"; fi
}

# exits CODE WHAT COMMAND...: what it printed stays in $said
exits() {
	local code=$1 what=$2 status
	shift 2
	said=$("$@" 2>&1)
	status=$?
	if [ $status = "$code" ]; then good "$what"; else bad "$what" "$* -> $status, not $code"$'\n'"$said"; fi
}

# says TEXT: the last command of `exits` explained itself
says() {
	if [[ $said == *"$1"* ]]; then good "  it says: $1"; else bad "  it says: $1" "$said"; fi
}

# is WHAT EXPECTED ACTUAL
is() {
	if [ "$2" = "$3" ]; then good "$1"; else bad "$1" "expected: $2"$'\n'"actual:   $3"; fi
}

# json FILTER ARGUMENT...: of what the CLI prints
json() {
	local filter=$1
	shift
	"$segue" -j "$@" | jq -r "$filter"
}

# valid_json: exactly one document comes in, and a strict parser takes it
valid_json() {
	if command -v python3 >/dev/null; then python3 -m json.tool; else jq -es 'length == 1'; fi
}
export -f valid_json

finish() {
	ended=yes
	echo "$passed passed, $failed failed"
	[ $failed = 0 ] && [ $passed != 0 ]
	exit
}

# cable DEVICE PEERDEVICE ADDRESS/LENGTH GATEWAY [METRIC]: an uplink that is up
cable() {
	sysctl -qw net.ipv6.conf.default.accept_dad=0
	peer sysctl -qw net.ipv6.conf.default.accept_dad=0
	ip link add "$1" type veth peer name "$2" netns "$holder"
	peer ip link set "$2" up
	ip link set "$1" up
	ip addr add "$3" dev "$1"
	peer ip addr add "$4/${3#*/}" dev "$2"
	ip route add default via "$4" dev "$1" metric "${5:-100}"
	until_up "$1"
	peer_up "$2"
}

# The kernel sets the operational state later (linkwatch), and says so then.
until_up() { wait_state "" "$1" UP; }
peer_up() { wait_state peer "$1" UP; }
wait_state() {
	local events
	exec {events}< <($1 timeout 5 ip monitor link)
	until [ "$($1 ip -j link show dev "$2" | jq -r '.[0].operstate')" = "$3" ]; do
		read -r -u "$events" _ || break
	done
	exec {events}<&-
}

# A device without Ethernet header, as cellular modems in raw-IP mode have.
# Nobody holds its other end, so it ends without carrier: awaited, since a
# snapshot from before that would differ from every later one.
raw_device() {
	modprobe tun 2>/dev/null
	if [ ! -e /dev/net/tun ]; then
		mkdir -p /dev/net && mknod /dev/net/tun c 10 200
	fi
	ip tuntap add dev "$1" mode tun && ip link set "$1" up && wait_state "" "$1" DOWN
}

# snapshot FILE: everything on this host that segue might leave changed
snapshot() {
	local device devices
	devices=$(ip -j link | jq -r '.[].ifname')
	{
		set -f
		for what in "ip -d link" "ip address" "ip rule" "ip -6 rule" \
			"ip route show table all" "ip -6 route show table all" "tc qdisc" \
			"bpftool net" "find /run ! -path /run/mount*" "xdp-loader status"; do
			echo "== $what"
			$what		# split on purpose
		done
		set +f
		echo "== pins"
		find /sys/fs/bpf ! -name '*.debug'
		echo "== sysctl"
		sysctl -a 2>/dev/null | grep '^net\.ipv[46]\.conf'
		for device in $devices; do
			echo "== $device"
			ethtool -k "$device"
			tc filter show dev "$device" ingress
			tc filter show dev "$device" egress
		done
	} >"$1" 2>&1
}

# restored WHAT: the host is as it was at `snapshot $work/before`
restored() {
	snapshot "$work/after"
	ok "$1" diff -u "$work/before" "$work/after"
}

# esp_in_udp ADDRESS: a packet from the peer that looks like ESP of nobody
esp_in_udp() {
	peer bash -c "printf '\\x11\\x22\\x33\\x44\\0\\0\\0\\1%040d' 0 >/dev/udp/$1/4500"
}
