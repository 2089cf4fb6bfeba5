# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154	# the scenarios' lib.sh has and reads the others
# What carries the traffic. For each stack, of which NAME is the part before "-tuned":
#   NAME_settings MODE CIPHER  for begin: adds to array settings
#   NAME_up MODE               after topology, until traffic can flow
#   NAME_again MODE            after an event: back to the start, by wlan0
#   NAME_leave                 wlan0 will go soon: what is told of it
#   NAME_load                  the meter's options: UDP both ways, TCP
#   NAME_period                ms after which it does again what it does all the time, if
#                              that is longer than a packet's interval
# tuned says whether it is to be as good as its settings can make it.

declare -A proposal=([gcm]=aes128gcm16 [cbc]=aes128-sha1 [null]=null-sha1)

# the node's routes obey the carrier: off by default, and the first thing to change
tune_routes() { ! tuned || at node sysctl -qw net.ipv4.conf.all.ignore_routes_with_linkdown=1; }

prefer_lte() { at node ip route replace default via 10.2.0.1 dev lte0 metric 50; }
prefer_lte_no_more() { at node ip route del default via 10.2.0.1 metric 50 2>/dev/null || true; }

# reaches HOST ADDRESS: there and back, from where it has to come from
reaches() { at "$1" ping -q -n -c 1 -W 1 ${3:+-I "$3"} "$2" >/dev/null 2>&1; }

# the scenarios' three: two UDP flows and a TCP connection
bound_load() {
	flow_up 0
	flow_tcp 500
	flow_down 750
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
	flow_tcp 500
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
	# sent again after 100 ms, not 4 s; the better path and not the current one
	settings+=("CHARON_EXTRA=retransmit_timeout = 0.1
		retransmit_base = 1.2
		retransmit_tries = 12
		prefer_best_path = yes"
		"IKE_EXTRA=dpd_delay = ${stock_dpd}s" "CHILD_EXTRA=dpd_action = restart")
}

stock_up() {
	tune_routes
	# or it never finds out what its gateway is when it needs it (strict reverse path
	# filters do not answer who asks from the address that is gone)
	! tuned || at node ping -q -n -c 1 -W 1 10.2.0.1 >/dev/null
	connect "$1"
}

# a new connection: where the last one ended differs from event to event
stock_again() {
	swan node --terminate --ike main --force --timeout 3 >"$out/node/terminate.out" 2>&1 || true
	swan server --terminate --ike main --force --timeout 3 >"$out/server/terminate.out" 2>&1 || true
	swan node --initiate --child data --timeout 10 >"$out/node/initiate.out" 2>&1 &&
		swan node --list-sas --raw | grep -q "local-host=$node_wlan " &&
		await 3 reaches node "$flow_server" "$flow_node"
}
stock_leave() { prefer_lte; }
stock_load() { bound_load; }

# ---------------------------------------------------------------------- segue
# Probes every 10 ms, in all cells: one configuration for all events.
segue_period() { echo 10; }
segue_settings() {
	settings+=("SEGUE_HOSTS=node server" "ESP=${proposal[$2]}" "FAILBACK_MS=150"
		"MOBIKEX_NODE=probe_interval = $(segue_period)")
}

segue_up() {
	# of a pair of veth, XDP_TX needs an XDP program at the other end, too
	at core xdp-loader load s "$project/build/tests/cli/other_xdp.bpf.o" >"$out/xdp.out" 2>&1
	connect "$1"
	segue_again || die "segue is not ready: $(paths node) $(paths server)"
}

segue_home() {
	active_is node local "$node_wlan" && active_is server remote "$node_wlan" &&
		[ "$(paths node | jq '[.[] | select(.probe == "alive")] | length')" = "$1" ]
}
segue_again() { await 10 segue_home "$(wc -w <<<"${SEGUE_UPLINKS:-wlan0 lte0}")"; }
segue_leave() { at node "$segue" link wlan0 drain >>"$out/drain.out" 2>&1; }
segue_load() { bound_load; }

# ------------------------------------------------------------- SCTP and MPTCP
# No IPsec: the transport protocol has both addresses of the node and goes where one of
# them works. Each address leaves by its own uplink.
source_routes() {
	at node ip rule add from "$node_wlan" lookup 101
	at node ip rule add from "$node_lte" lookup 102
	at node ip route replace default via 10.1.0.1 dev wlan0 table 101
	at node ip route replace default via 10.2.0.1 dev lte0 table 102
}

sctp_settings() { :; }
sctp_up() {
	local name
	modprobe -a sctp 2>/dev/null || true	# where it is no module, it is there
	inner transport
	source_routes
	tune_routes
	for name in node server; do
		at "$name" sysctl -qw net.sctp.addip_enable=1 net.sctp.addip_noauth_enable=1
		# another path after the first timeout, and that soon (RFC 9260 6.3.1, 8.2)
		! tuned || at "$name" sysctl -qw net.sctp.rto_min=10 net.sctp.rto_initial=50 \
			net.sctp.rto_max=100 net.sctp.path_max_retrans=0 net.sctp.hb_interval=50
	done
}
sctp_again() { source_routes 2>/dev/null || true; await 5 reaches node "$server_outer" "$node_wlan"; }
sctp_leave() { prefer_lte; }
sctp_load() {
	echo --assoc "sctp,flow,node,$node_wlan,server,$server_outer,0" --at "20,join,$node_lte"
}

mptcp_settings() { :; }
mptcp_up() {
	local name
	inner transport
	source_routes
	tune_routes
	for name in node server; do
		at "$name" ip mptcp limits set subflow 2 add_addr_accepted 2
	done
	at node ip mptcp endpoint add "$node_lte" dev lte0 subflow backup
}
mptcp_again() { sctp_again; }
mptcp_leave() { prefer_lte; }
mptcp_load() { echo --assoc "mptcp,flow,node,$node_wlan,server,$server_outer,0"; }

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
libreswan_again() {
	pluto_program node whack --terminate --name main >/dev/null 2>&1 || true
	pluto_initiate && await 3 reaches node "$flow_server" "$flow_node"
}
libreswan_leave() { prefer_lte; }
libreswan_load() { bound_load; }
