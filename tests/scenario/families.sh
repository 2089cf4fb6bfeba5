#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The same handover over IPv6, and with ESP in UDP.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
. "$(dirname "$0")/lib.sh"

handover() { # MODE
	topology 15
	connect "$1"
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" \
		--at "1500,$(carrier_back wlan0)" --at "2500.3,down,node,wlan0" --duration 4000
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 19
	uplink_lost_nothing "$out/report.json"
	fact "$out/report.json" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0' '.hosts | map_values(.xfrm_messages) | tostring'
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree
}

for mode in transport beet tunnel; do
	begin "IPv6, $mode" FAMILY=v6 FAILBACK_MS=300
	handover $mode
done
# transport mode through encapsulation is for NAT, which changes its selectors
for mode in beet tunnel transport; do
	begin "ESP in UDP, $mode" ENCAP=yes FAILBACK_MS=300
	handover $mode
	expect "it is ESP in UDP" bash -c "at node ip -s xfrm state | grep -q 'encap type espinudp'"
done
begin "IPv6, ESP in UDP, tunnel" FAMILY=v6 ENCAP=yes FAILBACK_MS=300
handover tunnel
finish
