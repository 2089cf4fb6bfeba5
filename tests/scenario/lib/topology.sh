# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# lib.sh has the variables that are not set here
# Hosts, cables, routers; and the end of it all.

# host NAME: makes its namespaces
host() {
	local fd
	# the pipe tells when the mounts are there; the holder keeps the namespaces
	exec {fd}< <(exec unshare --net --mount --propagation private bash -c '
		mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf &&
		mount -t tmpfs tmpfs /run && mkdir -p /run/lock &&
		ip link set lo up && echo ready && exec sleep infinity' </dev/null)
	holder[$1]=$!
	read -r <&"$fd" || die "cannot make the namespaces of $1"
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
		case $a in
		*:*) at "$name" ip address add "$a" dev "$device" nodad ;;
		*) at "$name" ip address add "$a" dev "$device" ;;
		esac
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
	if [ "$1" = lte0 ]; then
		net=2 router='router-l'
	fi
	link node "$1" "$router" node
	at "$router" sysctl -qw net.ipv4.conf.node.rp_filter=1
	address "$router" node 10.$net.0.1/24 fd0$net::1/64
	uplink_restore "$1"
}

# delay HOST DEVICE MS: on everything that leaves by it, more or less JITTER_MS
delay() {
	at "$1" tc qdisc replace dev "$2" root netem delay "$3"ms ${JITTER_MS:+"$JITTER_MS"ms} \
		limit 20000
}

# wlan_network OPTION...: netem's behind wlan0's router, for each direction; random by a seed of
# its own. For the meter's exec events, too.
wlan_network() {
	at router-w tc qdisc change dev core root netem limit 20000 "$@"
	at core tc qdisc change dev w root netem limit 20000 "$@"
}
export -f wlan_network

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
	if [ "${WLAN:-}" = radio ]; then wifi_plug; else uplink_plug wlan0; fi
	uplink_plug lte0
}

half() { awk "BEGIN { print $1 / 2 }"; }

# topology_down: hosts and what runs in them
topology_down() {
	local name pid
	for name in "${!holder[@]}"; do
		pluto_stop "$name"
		[ -s "$out/$name/charon.nspid" ] || continue
		if pid=$(charon_pid "$name" 2>/dev/null); then
			kill -TERM "$pid" 2>/dev/null || true	# a killed one leaves its file
		fi
		wait "$(<"$out/$name/charon.nspid")" 2>/dev/null || true
		if has_segue "$name"; then
			at "$name" "$segue" detach >"$out/$name/detach.out" 2>&1 || true
		fi
	done
	wifi_down
	for name in "${!holder[@]}"; do
		kill "${holder[$name]}" 2>/dev/null || true
		wait "${holder[$name]}" 2>/dev/null || true
	done
	holder=()
}
