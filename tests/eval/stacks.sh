# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154	# the scenarios' lib.sh has and reads the others
# What carries the traffic. For each stack, of which NAME is the part before "-tuned", "-suspect"
# and "-always":
#   NAME_settings MODE CIPHER  for begin: adds to array settings
#   NAME_up MODE               after topology, until traffic can flow
#   NAME_again MODE            after an event: back to the start, by wlan0
#   NAME_leave                 wlan0 will go soon: what is told of it
#   NAME_load                  the meter's options: what sends, by $traffic
#   NAME_returns               ms after its uplink is back until it sends by wlan0, if it
#                              goes back by itself
#   NAME_period                ms after which it does again what it does all the time, if
#                              that is longer than a packet's interval
# tuned says whether it is to be as good as its settings can make it, always whether each
# packet goes by both uplinks.

declare -A proposal=([gcm]=aes128gcm16 [cbc]=aes128-sha1 [null]=null-sha1)

# the node's routes obey the carrier: off by default, and the first thing to change
tune_routes() { ! tuned || at node sysctl -qw net.ipv4.conf.all.ignore_routes_with_linkdown=1; }

prefer_lte() { at node ip route replace default via 10.2.0.1 dev lte0 metric 50; }
prefer_lte_no_more() { at node ip route del default via 10.2.0.1 metric 50 2>/dev/null || true; }

# reaches HOST ADDRESS: there and back, from where it has to come from
reaches() { at "$1" ping -q -n -c 1 -W 1 ${3:+-I "$3"} "$2" >/dev/null 2>&1; }

# bound_load: what is bound to the flows' addresses.
#   mixed   the scenarios' three: two UDP flows and a TCP connection
#   rtp     as a telephone call: two UDP flows of 60 octets
#   sctp    an association that has one address; or both, and then an application that
#           moves it by ASCONF when netlink says that wlan0 is lost
#   udp     the same application, with a new socket
bound_load() {
	case $traffic in
	sctp | udp)
		echo --assoc "$traffic,flow,node,$flow_node,server,$flow_server,0"
		! moving || echo --follow "node,wlan0,$node_lte"
		! moving || [ "$traffic" != sctp ] || echo --at "20,join,$node_lte" ;;
	*)
		flow_up 0
		[ "$traffic" = rtp ] || flow_tcp 500 4
		flow_down 750 ;;
	esac
}

# moving: the addresses of the flows are those of the uplinks, and nothing pins them
moving() { [ "$mode" = moved ] || { [ "$mode" = transport ] && [ "$kind" = stock ]; }; }

# RFC 5061 wants AUTH for ASCONF: here ESP has authenticated it, or nothing is
allow_asconf() {
	local name
	modprobe -a sctp 2>/dev/null || true	# where it is no module, it is there
	for name in node server; do
		at "$name" sysctl -qw net.sctp.addip_enable=1 net.sctp.addip_noauth_enable=1
	done
}

# ------------------------------------------------------------- plain routing
# UDP of which no end is bound to an address, so that it goes where the routes lead, and
# the server answers to where the latest packet came from. TCP cannot: bound to wlan0.
plain_settings() { :; }
plain_up() {
	inner transport
	tune_routes
}
plain_again() { await 5 reaches node "$server_outer"; }
plain_leave() { prefer_lte; }
plain_load() {
	echo --assoc "udp,flow,node,0.0.0.0,server,$server_outer,0"
	flow_tcp 500 4
}

# ------------------------------------------------------------------ WireGuard
# One tunnel, keyed by hand; which uplink it takes the routes' metrics say.
wireguard_settings() { :; }

wireguard_host() { # HOST ADDRESS PEER_ADDRESS PEER_KEY [ENDPOINT]
	at "$1" ip link add wg0 type wireguard
	at "$1" wg set wg0 listen-port 51820 private-key "$out/$1.key" \
		peer "$4" allowed-ips "$3/32" ${5:+endpoint "$5:51820"}
	at "$1" ip address add "$2/32" dev wg0
	at "$1" ip link set wg0 up
	at "$1" ip route add "$3/32" dev wg0
}

wireguard_up() {
	local name node_key server_key
	flow_node=$node_inner flow_server=$server_inner
	for name in node server; do
		(umask 077; wg genkey >"$out/$name.key")
	done
	node_key=$(wg pubkey <"$out/node.key") server_key=$(wg pubkey <"$out/server.key")
	wireguard_host server "$server_inner" "$node_inner" "$node_key"
	wireguard_host node "$node_inner" "$server_inner" "$server_key" "$server_outer"
	tune_routes
	wireguard_again
}

wireguard_endpoint() { at server wg show wg0 endpoints | grep -q "[[:space:]]$1:"; }
wireguard_again() {
	await 5 reaches node "$server_inner" "$node_inner" && wireguard_endpoint "$node_wlan"
}
# the commands that put the event back, the server's learning of it
wireguard_returns() { awk "BEGIN { print int(150 + 2 * $rtt) }"; }
wireguard_leave() { prefer_lte; }
wireguard_load() { bound_load; echo --protected 51820; }

# ----------------------------------------------------------------- strongSwan
stock_dpd=1	# s, tuned
stock_period() { if tuned; then echo $((1000 * stock_dpd)); else echo 0; fi; }
stock_settings() { # MODE CIPHER
	settings+=("SEGUE_HOSTS=" "ESP=${proposal[$2]}")
	if ! tuned; then
		# strongswan.conf(5): the default
		settings+=("CHARON_EXTRA=replay_window = 32")
		return
	fi
	# Sent again after 100 ms, not 4 s, and given up after 0.1 s * (1 + 1.2 + ... + 1.2^4) =
	# 0.74 s: DPD's restart falls into the watch. The better path and not the current one.
	settings+=("CHARON_EXTRA=retransmit_timeout = 0.1
		retransmit_base = 1.2
		retransmit_tries = 4
		prefer_best_path = yes"
		"IKE_EXTRA=dpd_delay = ${stock_dpd}s" "CHILD_EXTRA=dpd_action = restart")
}

stock_up() {
	tune_routes
	# or it never finds out what its gateway is when it needs it (strict reverse path
	# filters do not answer who asks from the address that is gone)
	! tuned || at node ping -q -n -c 1 -W 1 10.2.0.1 >/dev/null
	allow_asconf
	connect "$1"
}

# A new connection: where the last one ended differs from event to event. The way has to be
# clear: charon, told several of its first requests at once, asks for a cookie and then
# refuses who has taken the answer to the first.
stock_again() {
	swan node --terminate --ike main --force --timeout 3 >"$out/node/terminate.out" 2>&1 || true
	swan server --terminate --ike main --force --timeout 3 >"$out/server/terminate.out" 2>&1 || true
	await 3 reaches node "$server_outer" "$node_wlan" &&
		swan node --initiate --child data --timeout 10 >"$out/node/initiate.out" 2>&1 &&
		swan node --list-sas --raw | grep -q "local-host=$node_wlan " &&
		await 3 reaches node "$flow_server" "$flow_node"
}
stock_leave() { prefer_lte; }
stock_load() { bound_load; }

# ------------------------------------------------------- strongSwan and any XDP
# With a program that passes all at the server's device, as segue has its own there: what
# a pair of veth does for XDP's sake.
xdp_settings() { stock_settings "$@"; }
xdp_up() {
	stock_up "$1"
	at server xdp-loader load eth0 "$project/build/tests/cli/other_xdp.bpf.o" >"$out/xdp.out" 2>&1
}
xdp_again() { stock_again; }
xdp_leave() { stock_leave; }
xdp_load() { stock_load; }

# ---------------------------------------------------------------------- segue
# Probes every 10 ms, in all cells: one configuration for all events. segue-suspect and
# segue-always are those settings of "duplicate". Mode "moved" is transport mode whose flows
# move by themselves, "transport" that in which they are pinned.
segue_period() { echo 10; }
segue_settings() {
	local agent=''
	case $stack in *-suspect | *-always) agent="duplicate = ${stack##*-}" ;; esac
	[ "$1" != moved ] || agent+=$'\ntransport = moved'
	settings+=("MOBIKEX_EXTRA=$agent"
		"SEGUE_HOSTS=node server" "ESP=${proposal[$2]}" "FAILBACK_MS=50"
		"MOBIKEX_NODE=probe_interval = $(segue_period)")
}

segue_up() {
	# of a pair of veth, XDP_TX needs an XDP program at the other end, too
	at core xdp-loader load s "$project/build/tests/cli/other_xdp.bpf.o" >"$out/xdp.out" 2>&1
	allow_asconf
	connect "${1/moved/transport}"
	segue_again "$1" || die "segue is not ready: $(paths node) $(paths server)"
}

# all paths alive, the sessions on wlan0
segue_home() {
	paths node | jq -e --arg home "$node_wlan" --argjson paths "$1" \
		'([.[] | select(.active)][0].local == $home) and
		 ([.[] | select(.probe == "alive")] | length == $paths)' &&
		active_is server remote "$node_wlan"
}
# paired: with both of the node's addresses there is a CHILD_SA of its own, at both ends,
# and the routes choose wlan0's
paired() {
	at node ip route get "$server_outer" | grep -qw "src $node_wlan" &&
		[ "$(at node ip xfrm state | grep -c ^src)" = 4 ] &&
		[ "$(at server ip xfrm state | grep -c ^src)" = 4 ]
}
segue_again() {
	await 10 segue_home "$(wc -w <<<"${SEGUE_UPLINKS:-wlan0 lte0}")" &&
		{ [ "$1" != moved ] || await 10 paired; } &&
		{ ! always || { await 10 copying node && await 10 copying server; }; }
}
# The commands, an exchange on wlan0, FAILBACK_MS.  Not after a silent loss: until its path
# has answered probes again takes longer than a phase of its own does; nor what goes by
# both uplinks before as after.
segue_returns() { [ "$event" = silent ] || always || awk "BEGIN { print int(250 + 3 * $rtt) }"; }
segue_leave() { at node "$segue" link wlan0 drain >>"$out/drain.out" 2>&1; }
segue_load() { bound_load; }

# ------------------------------------------------------------- SCTP and MPTCP
# No IPsec: the transport protocol has both addresses of the node and goes where one of
# them works. Each address leaves by its own uplink.
source_routes() { # [OPTION OF A ROUTE...]
	at node ip rule del lookup 101 2>/dev/null || true
	at node ip rule del lookup 102 2>/dev/null || true
	at node ip rule add from "$node_wlan" lookup 101
	at node ip route replace default via 10.1.0.1 dev wlan0 table 101 "$@"
	[ "$(uplinks)" = two ] || return 0
	at node ip rule add from "$node_lte" lookup 102
	at node ip route replace default via 10.2.0.1 dev lte0 table 102 "$@"
}

sctp_settings() { :; }
sctp_up() {
	local name
	inner transport
	source_routes
	tune_routes
	allow_asconf
	# Where the only address is replaced the kernel tells the peer (RFC 5061 4.1), if
	# it may choose the addresses.
	at node sysctl -qw net.sctp.default_auto_asconf=1
	for name in node server; do
		# another path after the first timeout, and that soon (RFC 9260 6.3.1, 8.2,
		# RFC 7829); a SACK before that
		! tuned || at "$name" sysctl -qw net.sctp.rto_min=10 net.sctp.rto_initial=50 \
			net.sctp.rto_max=100 net.sctp.path_max_retrans=1 net.sctp.pf_retrans=0 \
			net.sctp.sack_timeout=5 net.sctp.hb_interval=50
	done
}
sctp_again() { source_routes && await 5 reaches node "$server_outer" "$node_wlan"; }
sctp_leave() { prefer_lte; }
sctp_load() {
	if [ "$(uplinks)" = one ]; then
		echo --assoc "sctp,flow,node,0.0.0.0,server,$server_outer,0"
	else
		echo --assoc "sctp,flow,node,$node_wlan,server,$server_outer,0" --at "20,join,$node_lte"
	fi
}

# Tuned: a subflow is stale after its first timeout (net.mptcp.stale_loss_cnt), which comes
# soon, and lte0's is used beside wlan0's, not only after it.
mptcp_routes() {
	if tuned; then
		source_routes rto_min 10ms
		at server ip route replace default via 10.9.0.1 rto_min 10ms
	else
		source_routes
	fi
}
mptcp_settings() { :; }
mptcp_up() {
	local name
	inner transport
	mptcp_routes
	tune_routes
	for name in node server; do
		at "$name" ip mptcp limits set subflow 2 add_addr_accepted 2
		! tuned || at "$name" sysctl -qw net.mptcp.stale_loss_cnt=1
	done
	[ "$(uplinks)" = one ] || at node ip mptcp endpoint add "$node_lte" dev lte0 subflow $(tuned || echo backup)
}
mptcp_again() { mptcp_routes && await 5 reaches node "$server_outer" "$node_wlan"; }
mptcp_leave() { prefer_lte; }
mptcp_load() { echo --assoc "mptcp,flow,node,$node_wlan,server,$server_outer,0"; }

# -------------------------------------------------------------------- bonding
# One address on both uplinks, so they have to end in one network: a cable from router-l
# to router-w makes one of them for this stack, and router-w is its router. The node's
# link monitoring asks each 100 ms, as everybody's does; tuned: each 10 ms.
bonding_period() { if tuned; then echo 10; else echo 100; fi; }
bonding_settings() { :; }

bonding_port() { # ROUTER
	at "$1" ip link add br0 type bridge forward_delay 0
	at "$1" ip address flush dev node
	at "$1" ip link set node master br0
	at "$1" ip link set cable master br0
	at "$1" ip link set br0 up
}

bonding_up() {
	local device
	modprobe -a bonding bridge 2>/dev/null || true
	inner transport
	link router-w cable router-l cable
	bonding_port router-w
	bonding_port router-l
	address router-w br0 10.1.0.1/24
	at node ip link add bond0 type bond mode active-backup miimon "$(bonding_period)"
	for device in wlan0 lte0; do
		at node ip address flush dev $device
		at node ip link set $device down
		at node ip link set $device master bond0
	done
	at node ip link set bond0 type bond primary wlan0
	at node ip link set bond0 up
	address node bond0 "$node_wlan/24"
	at node ip route add default via 10.1.0.1 dev bond0
	bonding_again
}

bonding_home() { at node grep -q "Currently Active Slave: wlan0" /proc/net/bonding/bond0; }
bonding_again() {
	at node ip address flush dev wlan0	# which has none of its own
	at node ip link set wlan0 up
	await 5 bonding_home && await 5 reaches node "$server_outer" "$node_wlan"
}
bonding_leave() { at node ip link set bond0 type bond active_slave lte0; }
bonding_load() { bound_load; }

# ------------------------------------------------------------------ libreswan
# Both ends, tunnel mode with MOBIKE.
libreswan_settings() { settings+=("SEGUE_HOSTS=" "LIBRESWAN_HOSTS=node server"); }
libreswan_up() {
	[ -e "$libreswan/complete" ] || die "libreswan has not been fetched: run tests/libreswan"
	prepare fixed
	tune_routes
	initiate
	await 5 reaches node "$flow_server" "$flow_node"
}
# Daemons of its own for each phase: a second one of the same pluto's does not move.
libreswan_again() {
	local name
	for name in node server; do
		pluto_stop "$name"
		at "$name" ip xfrm state flush
		at "$name" ip xfrm policy flush
		at "$name" umount /usr/libexec
		rm -rf "$out/$name/nss"
	done
	for name in server node; do
		pluto_start "$name"
	done
	initiate
	await 5 reaches node "$flow_server" "$flow_node"
}
libreswan_leave() { prefer_lte; }
libreswan_load() { bound_load; }
