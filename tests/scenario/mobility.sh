#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Mobility: the address of the only interface changes.
#
#         .2 -> .3  router-w              core
#   node  wlan0 ──── node | core ──── w       |
#                                             | s ──── eth0 server
#                                             '
#
# Soft, as a DHCP client does it that has both leases for a while: the peer has
# checked the new address before the old one goes, what is under way to the old
# one is still taken, and nothing is lost.  Hard: the old address goes first, and
# the peer sends to the new one when its check has come back, two round trips later;
# until then to the old one, where it may still arrive.
. "$(dirname "$0")/lib.sh"

node_new=10.1.0.3
come() { at node ip address add $node_new/24 dev wlan0; }
gone() { at node ip address del "$node_wlan/24" dev wlan0; }
renumber() { gone; come; uplink_routes wlan0; }
export node_new
export -f come gone renumber

only_wlan() {
	topology 15
	at node sysctl -qw net.ipv4.conf.wlan0.promote_secondaries=1
	at node ip link set lte0 down
}

moved() { # REPORT
	fact "$1" "every flow goes on to the end" '.events[-1].flows | all(.never | not)' \
		'.events[-1].flows | map_values(.stall_ms) | tostring'
	fact "$1" "TCP survived" '.flows.tcp.survived' .flows.tcp.state
	nothing_in_clear "$1"
	expect "node sends from the new address" active_is node local $node_new
	expect "server sends to the new address" active_is server remote $node_new
	fact "$1" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0' '.hosts | map_values(.xfrm_messages) | tostring'
	maps_agree
}

for mode in transport beet tunnel; do
	begin "soft, $mode" SEGUE_UPLINKS=wlan0
	only_wlan
	connect $mode
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500,exec,come" --at "1500.3,exec,gone" --duration 2500
	moved "$out/report.json"
	no_xfrm_errors "$out/report.json"
	fact "$out/report.json" "nothing lost in either direction" \
		'[.flows.up.lost, .flows.down.lost] == [0, 0]' '[.flows.up.lost, .flows.down.lost] | tostring'
	fact "$out/report.json" "TCP: no retransmission timeout" \
		'[.hosts[].tcp_timeouts] | add == 0' '[.hosts[].tcp_timeouts] | add'
done

for mode in transport tunnel; do
	begin "hard, $mode" SEGUE_UPLINKS=wlan0
	only_wlan
	connect $mode
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,exec,renumber" --duration 3500
	moved "$out/report.json"
	no_xfrm_errors "$out/report.json"
	expect "server takes what comes from the new address before it is checked" \
		test "$(counter server ingress_claimed)" -gt 0
	expect "server sends to the old address until the new one is checked" \
		test "$(counter server egress_no_path)" = 0
done
finish
