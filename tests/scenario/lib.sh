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

# ---------------------------------------------------------------- namespaces

# host NAME: makes its namespaces
host() {
	local fd ready
	# the pipe tells when the mounts are there; the holder keeps the namespaces
	exec {fd}< <(exec unshare --net --mount --propagation private bash -c '
		mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf &&
		mount -t tmpfs tmpfs /run && mkdir -p /run/lock &&
		ip link set lo up && echo ready && exec sleep infinity' </dev/null)
	holder[$1]=$!
	read -r ready <&"$fd" || die "cannot make the namespaces of $1"
	echo "${holder[$1]}" >"$out/$1.pid"
}

at() {
	local name=$1
	shift
	nsenter --target "$(<"$out/$name.pid")" --net --mount --wd="$PWD" -- "$@"
}

# link HOST DEVICE PEER PEERDEVICE: a cable
link() {
	ip link add name "$2" netns "$(<"$out/$1.pid")" type veth \
		peer name "$4" netns "$(<"$out/$3.pid")"
	# IPv6 without duplicate address detection: an address is usable at once
	at "$1" sysctl -qw "net.ipv6.conf.$2.accept_dad=0" "net.ipv6.conf.$2.keep_addr_on_down=1"
	at "$3" sysctl -qw "net.ipv6.conf.$4.accept_dad=0"
	at "$1" ip link set dev "$2" up
	at "$3" ip link set dev "$4" up
}

# address HOST DEVICE ADDRESS...
address() {
	local name=$1 device=$2 a
	shift 2
	for a; do
		at "$name" ip address add "$a" dev "$device" $([[ $a == *:* ]] && echo nodad)
	done
}

# uplink_routes DEVICE: what a DHCP client of the node would set up
uplink_routes() {
	local net metric
	case $1 in
	wlan0) net=1 metric=100 ;;
	lte0) net=2 metric=200 ;;
	esac
	at node ip route replace default via 10.$net.0.1 dev "$1" metric $metric
	at node ip -6 route replace default via fd0$net::1 dev "$1" metric $metric
}

# uplink_restore DEVICE: up again, with addresses and routes
uplink_restore() {
	local net=1
	[ "$1" = wlan0 ] || net=2
	at node ip link set dev "$1" up
	at node ip address replace 10.$net.0.2/24 dev "$1"
	at node ip address replace fd0$net::2/64 dev "$1" nodad
	uplink_routes "$1"
}

# uplink_plug DEVICE: a new cable between the node and its router
uplink_plug() {
	local net=1 router=router-w
	[ "$1" = wlan0 ] || { net=2; router=router-l; }
	link node "$1" "$router" node
	at "$router" sysctl -qw net.ipv4.conf.node.rp_filter=1
	address "$router" node 10.$net.0.1/24 fd0$net::1/64
	uplink_restore "$1"
}

# delay HOST DEVICE MS: on everything that leaves by it
delay() {
	at "$1" tc qdisc replace dev "$2" root netem delay "$3"ms limit 20000
}

# One processor may have to play five machines: what routers and core forward in
# softirqs must not queue behind the daemons of the hosts once ksoftirqd has it, and
# the meter must not wait for their system calls.
networks_first() {
	local pid
	[ "${SEGUE_IN_VM:-}" ] || return 0
	if [ -w /sys/kernel/debug/sched/preempt ]; then
		echo full >/sys/kernel/debug/sched/preempt
	fi
	for pid in $(pgrep -x 'ksoftirqd/[0-9]*'); do
		chrt --fifo --pid 40 "$pid"
	done
}

# topology RTT_MS [RTT_MS_OF_LTE]: everything above, nothing encrypted yet
topology() {
	local rtt=$1 rtt_l=${2:-$1} r net
	mkdir -p "$out"
	networks_first
	for r in node router-w router-l core server; do
		host "$r"
	done
	for r in router-w router-l core; do
		at "$r" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
			net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1
	done
	# as Debian's systemd sets it
	at node sysctl -qw net.ipv4.conf.default.rp_filter=2 net.ipv4.conf.all.rp_filter=2
	at server sysctl -qw net.ipv4.conf.default.rp_filter=2 net.ipv4.conf.all.rp_filter=2

	link core s server eth0
	address core s 10.9.0.1/24 fd09::1/64
	address server eth0 10.9.0.2/24 fd09::2/64
	at server ip route add default via 10.9.0.1
	at server ip -6 route add default via fd09::1
	for r in w l; do
		[ $r = w ] && net=1 || { net=2; rtt=$rtt_l; }
		link router-$r core core $r
		address router-$r core 10.3.$net.1/24 fd03:$net::1/64
		address core $r 10.3.$net.2/24 fd03:$net::2/64
		at router-$r ip route add default via 10.3.$net.2
		at router-$r ip -6 route add default via fd03:$net::2
		at core ip route add 10.$net.0.0/24 via 10.3.$net.1
		at core ip -6 route add fd0$net::/64 via fd03:$net::1
		delay router-$r core "$(half "$rtt")"
		delay core $r "$(half "$rtt")"
	done
	uplink_plug wlan0
	uplink_plug lte0
}

half() { awk "BEGIN { print $1 / 2 }"; }

# ---------------------------------------------------------------- strongSwan

# addresses: of a scenario; IPv4 unless FAMILY=v6
addresses() {
	if [ "${FAMILY:-v4}" = v4 ]; then
		node_wlan=10.1.0.2 node_lte=10.2.0.2 server_outer=10.9.0.2
		node_inner=10.100.0.2 server_inner=10.200.0.1 host_bits=32
	else
		node_wlan=fd01::2 node_lte=fd02::2 server_outer=fd09::2
		node_inner=fd64::2 server_inner=fdc8::1 host_bits=128
	fi
}
addresses

# The plugins of charon that a pre-shared key needs; each further one delays its start.
plugins="random nonce aes sha1 sha2 hmac gcm kdf openssl kernel-netlink socket-default vici"

# charon_conf HOST: strongswan.conf, with the agent if SEGUE_HOSTS names the host
charon_conf() {
	local name=$1 segue_settings='' plugin_settings='' list=$plugins
	if has_segue "$name"; then
		list="$list mobikex"
		# routes and virtual addresses are on segue0, which outlives every uplink;
		# the agent reacts to the links, not charon's own roaming
		segue_settings="install_routes = no
			install_virtual_ip_on = segue0"
		plugin_settings="kernel-netlink {
				roam_events = no
			}
			mobikex {
				failback_delay = ${FAILBACK_MS:-2000}
				${MOBIKEX_EXTRA:-}
			}"
	fi
	cat >"$out/$name/strongswan.conf" <<-END
	charon {
		load = $list
		port = 500
		port_nat_t = 4500
		send_vendor_id = yes
		# a path that comes back delivers what its router had kept for it: late, and
		# beyond the default window of 32 packets
		replay_window = 1024
		$segue_settings
		${CHARON_EXTRA:-}
		filelog {
			log {
				path = $out/$name/charon.log
				time_format = %T
				time_add_ms = yes
				append = yes
				flush_line = yes
				default = 1
				ike = ${LOGLEVEL:-1}
				knl = ${LOGLEVEL:-1}
			}
		}
		plugins {
			$plugin_settings
		}
	}
	swanctl { load = random }
	END
}

# plugin_install HOST: the agent beside stock charon's plugins, for this host only
plugin_install() {
	at "$1" bash -c '
		dir=/usr/lib/ipsec/plugins
		mkdir -p /run/plugins && mount --bind $dir /run/plugins &&
		mount -t tmpfs tmpfs $dir && ln -s /run/plugins/* $dir/ &&
		ln -sf "$1" $dir/libstrongswan-mobikex.so' \
		plugin_install "$project/build/libstrongswan-mobikex.so"
}

has_segue() { [[ " ${SEGUE_HOSTS:-} " == *" $1 "* ]]; }

# swanctl_conf MODE: the same connection "main" seen from both ends.
#   transport  the outer addresses are the selectors
#   beet       a fixed inner pair; both ends must send their vendor ID
#   tunnel     I-WLAN: the node gets a virtual address from the gateway
swanctl_conf() {
	local mode=$1 child local_n local_s vips='' pools='' extra=''
	local esp=${ESP:-aes128gcm16} encap=${ENCAP:-no}
	case $mode in
	transport)
		child="mode = transport" local_n= local_s= ;;
	beet)
		child="mode = beet"
		local_n="local_ts = $node_inner/$host_bits
			remote_ts = $server_inner/$host_bits"
		local_s="local_ts = $server_inner/$host_bits
			remote_ts = $node_inner/$host_bits" ;;
	tunnel)
		child="mode = tunnel"
		local_n="remote_ts = $server_inner/$host_bits"
		local_s="local_ts = $server_inner/$host_bits"
		vips="vips = $([ "${FAMILY:-v4}" = v4 ] && echo 0.0.0.0 || echo ::)"
		pools="pools = node" ;;
	esac
	for name in node server; do
		mkdir -p "$out/$name/swanctl/conf.d"
	done
	cat >"$out/node/swanctl/swanctl.conf" <<-END
	connections {
		main {
			version = 2
			remote_addrs = $server_outer
			${NODE_LOCAL:-}
			proposals = aes128-sha256-x25519
			mobike = yes
			encap = $encap
			$vips
			${IKE_EXTRA:-}
			${IKE_NODE:-}
			local { auth = psk
				id = node.example }
			remote { auth = psk
				id = server.example }
			children {
				data {
					$child
					$local_n
					esp_proposals = $esp
					start_action = none
					${CHILD_EXTRA:-}
					${CHILD_NODE:-}
				}
			}
		}
	}
	secrets { ike { secret = "not a secret, a test" } }
	END
	cat >"$out/server/swanctl/swanctl.conf" <<-END
	connections {
		main {
			version = 2
			proposals = aes128-sha256-x25519
			mobike = yes
			encap = $encap
			$pools
			${IKE_EXTRA:-}
			${IKE_SERVER:-}
			local { auth = psk
				id = server.example }
			remote { auth = psk
				id = node.example }
			children {
				data {
					$child
					$local_s
					esp_proposals = $esp
					start_action = none
					${CHILD_EXTRA:-}
					${CHILD_SERVER:-}
				}
			}
		}
	}
	pools { node { addrs = $node_inner/$host_bits } }
	secrets { ike { secret = "not a secret, a test" } }
	END
}

swan() {
	local name=$1
	shift
	at "$name" env STRONGSWAN_CONF="$out/$name/strongswan.conf" \
		SWANCTL_DIR="$out/$name/swanctl" swanctl "$@"
}

# await DEADLINE_S COMMAND...: until it succeeds
await() {
	local deadline=$1 begin now
	shift
	read -r begin _ </proc/uptime
	until "$@" >/dev/null 2>&1; do
		read -r now _ </proc/uptime
		if (( ${now%.*} - ${begin%.*} > deadline )); then
			return 1
		fi
		sleep 0.01
	done
}

# charon_start HOST: returns when it listens and has its configuration
charon_start() {
	local name=$1
	charon_conf "$name"
	at "$name" env STRONGSWAN_CONF="$out/$name/strongswan.conf" \
		/usr/lib/ipsec/charon >>"$out/$name/charon.out" 2>&1 </dev/null &
	echo $! >"$out/$name/charon.nspid"
	await 30 at "$name" test -S /run/charon.vici ||
		die "charon on $name does not listen: see $out/$name/charon.out"
	swan "$name" --load-all >"$out/$name/load.out" 2>&1 ||
		die "swanctl --load-all on $name: $(tail -n 5 "$out/$name/load.out")"
}

charon_pid() { at "$1" cat /run/charon.pid; }

charon_kill() { # HOST SIGNAL
	kill "-$2" "$(charon_pid "$1")"
	wait "$(<"$out/$1/charon.nspid")" 2>/dev/null
	at "$1" rm -f /run/charon.pid /run/charon.vici
}

# inner MODE: the inner addresses, and where the flows begin and end
inner() {
	case $1 in
	transport)
		flow_node=$node_wlan flow_server=$server_outer ;;
	*)
		flow_node=$node_inner flow_server=$server_inner
		address server lo "$server_inner/$host_bits" ;;
	esac
	if [ "$1" = beet ]; then
		address node lo "$node_inner/$host_bits"
	fi
	export flow_node flow_server
}

# prepare MODE: everything but the connection itself
prepare() {
	local mode=$1 name
	inner "$mode"
	mkdir -p "$out/node" "$out/server"
	swanctl_conf "$mode"
	for name in node server; do
		has_segue "$name" || continue
		plugin_install "$name"
		at "$name" "$segue" attach $([ "$name" = node ] && echo "wlan0 lte0" || echo eth0) \
			>"$out/$name/attach.out" 2>&1 || die "segue attach on $name: $(<"$out/$name/attach.out")"
	done
	charon_start server
	charon_start node
}

# connect MODE: hosts up to an established CHILD_SA of that mode, or death
connect() {
	local got
	prepare "$1"
	initiate
	got=$(negotiated node)
	[ "${got,,}" = "$1" ] || die "negotiated '$got' instead of $1"
	ready
}

# ready: with segue at both ends, every path of the server is verified: its check
# of the node's second address is under way when the CHILD_SA is there
ready() {
	if has_segue node && has_segue server; then
		await 10 verified server "${1:-2}" ||
			die "server did not verify the node's addresses: $(paths server)"
	fi
}

initiate() {
	swan node --initiate --child data --timeout 60 >"$out/node/initiate.out" 2>&1 ||
		die "no CHILD_SA: $(tail -n 3 "$out/node/initiate.out")"
}

negotiated() {
	swan "$1" --list-sas --raw | grep -o 'mode=[A-Z_]*' | head -n 1 | cut -d= -f2
}

# ---------------------------------------------------------------- asking segue

paths() { at "$1" "$segue" -j path; }

# active HOST FIELD: of the path that its first session sends by
active() { paths "$1" | jq -r "[.[] | select(.active) | .$2][0]"; }

active_is() { [ "$(active "$1" "$2")" = "$3" ]; }	# HOST FIELD VALUE

# verified HOST COUNT: that many paths are
verified() { [ "$(paths "$1" | jq '[.[] | select(.verified)] | length')" = "$2" ]; }

# counter HOST NAME
counter() { at "$1" "$segue" -j status | jq ".. | objects | select(has(\"$2\")) | .$2"; }

# monitor_start, monitor_stop HOST: its events as JSON lines in $out/HOST/events
monitor_start() {
	mkdir -p "$out/$1"
	# not through at: $! has to be the program itself
	nsenter --target "$(<"$out/$1.pid")" --net --mount --wd="$PWD" -- \
		"$segue" -j monitor >"$out/$1/events" 2>&1 </dev/null &
	echo $! >"$out/$1/monitor.nspid"
}

monitor_stop() {
	kill -TERM "$(<"$out/$1/monitor.nspid")" 2>/dev/null || true
	wait "$(<"$out/$1/monitor.nspid")" 2>/dev/null || true
	rm -f "$out/$1/monitor.nspid"
}

# saw HOST CONDITION: some event fulfils jq's CONDITION
saw() { jq -es "any(.[]; $2)" "$out/$1/events" >/dev/null; }

# ---------------------------------------------------------------- measuring

# measure REPORT OPTION...: the meter with this topology's namespaces and wires
measure() {
	local report=$1 name
	local options=()
	shift
	for name in node router-w router-l core server; do
		options+=(--ns "$name=/proc/$(<"$out/$name.pid")/ns/net")
	done
	options+=(--host node --host server)
	for name in router-w,node router-w,core router-l,node router-l,core core,s; do
		options+=(--wire "$name")
	done
	if [ "$flow_node" = "$node_inner" ]; then
		options+=(--inner "$node_inner" --inner "$server_inner")
	fi
	"$meter" "${options[@]}" "$@" >"$report" || die "meter failed"
}

# The flows, by the offset of their sending within the interval (us).
flow_up() { echo --flow "up,node,$flow_node,server,$flow_server,${1:-0}"; }
flow_down() { echo --flow "down,server,$flow_server,node,$flow_node,${1:-0}"; }
flow_echo() { echo --echo "echo,node,$flow_node,server,$flow_server,${1:-0}"; }
flow_tcp() { echo --stream "tcp,node,$flow_node,server,$flow_server,${1:-0}"; }

# all of them, spread over the interval
load() {
	flow_up 0
	flow_echo 250
	flow_tcp 500
	flow_down 750
}

# What cuts the uplink: the same spelling in every scenario.
carrier_loss() { echo "down,router-${1:0:1},node"; }	# wlan0|lte0
carrier_back() { echo "up,router-${1:0:1},node"; }

# ---------------------------------------------------------------- scenarios

# begin NAME: a part of a scenario with files, hosts and configuration of its own.
# VARIABLE=VALUE arguments hold for this part only.
begin() {
	local setting
	[ ${#holder[@]} = 0 ] || topology_down
	unset ESP ENCAP FAMILY FAILBACK_MS CHARON_EXTRA MOBIKEX_EXTRA IKE_EXTRA IKE_NODE IKE_SERVER \
		CHILD_EXTRA CHILD_NODE CHILD_SERVER LOGLEVEL
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

# ---------------------------------------------------------------- checks

passed=0 failed=0

ok() { passed=$((passed + 1)); echo "    ok    $*"; }
not_ok() { failed=$((failed + 1)); echo "    FAIL  $*"; }

# expect TEXT COMMAND...
expect() {
	local text=$1
	shift
	if "$@" >"$out/expect.out" 2>&1; then
		ok "$text"
	else
		not_ok "$text: $* => $(tail -n 3 "$out/expect.out" | tr '\n' ' ')"
	fi
}

# fact REPORT TEXT CONDITION [VALUE]: jq's CONDITION holds; VALUE is shown with it
fact() {
	local value=''
	[ -z "${4:-}" ] || value=" ($(jq -r "$4" "$1" 2>&1 | tr '\n' ' '))"
	if jq -e "$3" "$1" >/dev/null 2>"$out/expect.out"; then
		ok "$2$value"
	else
		not_ok "$2$value: not $3 $(<"$out/expect.out")"
	fi
}

# nothing_in_clear REPORT, no_xfrm_errors REPORT: I1 and the counters
nothing_in_clear() {
	fact "$1" "nothing in clear on any wire" \
		'[.wires[].clear] | add == 0' '[.wires[] | .clear, .samples] | tostring'
	fact "$1" "no frame missed by the capture" '[.wires[].missed] | add == 0'
}

no_xfrm_errors() {
	fact "$1" "every XFRM error counter 0" \
		'[.hosts[].xfrm_errors] | add == 0' '[.hosts[].xfrm_counters] | tostring'
}

# exact: is time virtual here?  Elsewhere the machine's own pauses are in every
# time, and only the order of things is judged.
exact() { [ "${SEGUE_IN_VM:-}" = deterministic ]; }

# bound MS: of a time, on this clock
bound() { if exact; then echo "$1"; else echo 1e9; fi; }

# uplink_lost_nothing REPORT. With two processors a packet may be on the wire at
# the very instant it is cut.
uplink_lost_nothing() {
	local most=0
	exact || most=$(jq "[$cuts] | length" "$1")
	fact "$1" "uplink: none lost" ".flows.up.lost <= $most" .flows.up.lost
}

# all_flow REPORT: what must hold after every handover, whatever its cause
all_flow() {
	fact "$1" "every flow goes on to the end" \
		'.events[-1].flows | all(.never | not)' \
		'.events[-1].flows | map_values(.stall_ms) | tostring'
	fact "$1" "TCP survived" '.flows.tcp.survived' '.flows.tcp | .state'
	nothing_in_clear "$1"
	no_xfrm_errors "$1"
}

# stalled_at_most REPORT EVENT MS: each flow of that event (jq's selection)
stalled_at_most() {
	fact "$1" "no flow stalled longer than $(bound "$3") ms" \
		"[$2] | length > 0 and all(.[].flows | del(.tcp)[]; .stall_ms != null and .stall_ms <= $(bound "$3"))" \
		"[$2 | .flows | map_values(.stall_ms)] | tostring"
}

cuts='.events[] | select(.action == "down" or .action == "addr-del")'

# maps_agree: I2, as segue itself proves it
maps_agree() {
	local name
	for name in ${SEGUE_HOSTS:-}; do
		expect "segue check on $name: maps and kernel agree" at "$name" "$segue" check
	done
}

# ---------------------------------------------------------------- the end

# topology_down: hosts and what runs in them
topology_down() {
	local name pid
	for name in node server; do
		[ -s "$out/$name/charon.nspid" ] || continue
		if pid=$(charon_pid "$name" 2>/dev/null); then
			kill -TERM "$pid" 2>/dev/null || true	# a killed one leaves its file
		fi
		wait "$(<"$out/$name/charon.nspid")" 2>/dev/null || true
		if has_segue "$name"; then
			at "$name" "$segue" detach >"$out/$name/detach.out" 2>&1 || true
		fi
	done
	for name in "${!holder[@]}"; do
		kill "${holder[$name]}" 2>/dev/null || true
		wait "${holder[$name]}" 2>/dev/null || true
	done
	holder=()
}

# The meter's exec events run in a shell of their own.
export -f at address uplink_routes uplink_restore uplink_plug link swan die has_segue
