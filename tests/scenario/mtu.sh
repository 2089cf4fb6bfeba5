#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Path MTU: lte0's network takes 1400 octets, wlan0's 1500.
#
#                 router-w              core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#          1400   router-l
#
# Expected: flows of large packets go on over lte0, TCP and UDP, both ways, and back.
# The node knows what its own link takes; the server learns it from router-l.
. "$(dirname "$0")/lib.sh"

# payload of UDP; ESP of it takes more than 1400 octets and less than 1500, by IPv6, too
size=1340

small_link() { # the node's own, with its router
	at node ip link set dev lte0 mtu 1400
	at router-l ip link set dev node mtu 1400
}

small_middle() { # only the routers know
	at router-l ip link set dev core mtu 1400
	at core ip link set dev l mtu 1400
}

# counted HOST: a router's word came, and XFRM was told in its own terms
counted() { [ "$(counter "$1" ingress_too_big)" -gt 0 ]; }

# mtu_is HOST CONDITION MTU: of its path that fulfils jq's CONDITION
mtu_is() { [ "$(paths "$1" | jq "[.[] | select($2)][0].mtu")" = "$3" ]; }

stable_mtu() { [ "$(at node cat /sys/class/net/segue0/mtu)" = "$1" ]; }

large_packets() { # REPORT
	# shellcheck disable=SC2046
	measure "$1" --size $size $(flow_up) $(flow_down 250) \
		--stream "tcp,server,$flow_server,node,$flow_node,500" --write 4000 --rate 200 \
		--at "500,$(carrier_loss wlan0)" --at "2500,$(carrier_back wlan0)" --duration 6500
	goes_on "$1"
	# what a sender is refused for its size is counted there (xfrm_output_one())
	fact "$1" "every XFRM error counter 0 but that of refusals" \
		'([.hosts[].xfrm_counters | del(.XfrmOutStateModeError)[]] | add // 0) == 0' \
		'[.hosts[].xfrm_counters] | tostring'
	stalled_at_most "$1" '.events[0]' 150
	fact "$1" "TCP goes on within $(bound 1000) ms" \
		".events[0].flows.tcp.stall_ms | . != null and . <= $(bound 1000)" '.events[0].flows.tcp.stall_ms'
	fact "$1" "nothing that was sent was refused" '.flows | del(.tcp) | all(.send_errors == 0)' \
		'.flows | del(.tcp) | map_values(.send_errors) | tostring'
	expect "server was told by router-l" counted server
	expect "and shows it" mtu_is server '.active' 1400
	expect "back by wlan0" await 10 active_is node device wlan0
}

part() { # NAME WHERE MODE [VARIABLE=VALUE...]
	local where=$2 mode=$3
	begin "$1" "${@:4}"
	topology 15
	at router-w sysctl -qw net.ipv6.conf.node.keep_addr_on_down=1
	"$where"
	connect "$mode"
	large_packets "$out/report.json"
	maps_agree
}

small_in_silence() {
	local device
	for device in node core; do
		at router-l tc qdisc add dev $device clsact
		at router-l tc filter add dev $device ingress bpf direct-action \
			object-file "$project/build/tests/scenario/swallow.bpf.o" section tc
	done
	for device in node server; do
		at $device sysctl -qw net.ipv4.tcp_mtu_probing=1
	done
}

part "tunnel, the link itself" small_link tunnel
expect "segue0 takes no more than lte0" stable_mtu 1400
expect "lte0's path shows it" mtu_is node '.device == "lte0"' 1400
at node ip link set dev lte0 mtu 1380
expect "less, and the agent follows" await 5 stable_mtu 1380
at node ip link set dev lte0 mtu 1500
expect "and more" await 5 stable_mtu 1500
part "transport, beyond the router" small_middle transport
part "IPv6, tunnel, beyond the router" small_middle tunnel FAMILY=v6
part "ESP in UDP, tunnel, beyond the router" small_middle tunnel ENCAP=yes

# Nobody says a word.  Small packets arrive, so probes find nothing; TCP that was told to
# (RFC 4821) finds out for itself after a few timeouts (retransmits_timed_out()).
begin "swallowed in silence" MOBIKEX_NODE="probe_interval = 500"
topology 15
small_in_silence
connect tunnel
# shellcheck disable=SC2046
measure "$out/report.json" --size $size $(flow_up) $(flow_down 250) \
	--stream "tcp,server,$flow_server,node,$flow_node,500" --write 4000 --rate 50 \
	--at "500,$(carrier_loss wlan0)" --at "8500,$(carrier_back wlan0)" --duration 12000
goes_on "$out/report.json"
fact "$out/report.json" "TCP goes on by lte0" \
	".events[0].flows.tcp.stall_ms | . != null and . <= $(bound 7000)" '.events[0].flows.tcp.stall_ms'
fact "$out/report.json" "large packets of UDP do not" \
	'.flows | del(.tcp) | all(.lost > 300)' '.flows | del(.tcp) | map_values(.lost) | tostring'
expect "back by wlan0" await 10 active_is node device wlan0
maps_agree
finish
