#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One end without the plugin: stock strongSwan, as the gateway and as the node.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected of a stock gateway: our half moves at once, the other half when MOBIKE's
# UPDATE_SA_ADDRESSES has moved the gateway; that is one exchange, not stock's 100 ms
# and more.
#
# A stock node notices that its interface was switched off, waits 100 ms, and asks the
# server. Expected of segue there: it has checked the node's other address long before,
# follows the first packet or UPDATE_SA_ADDRESSES, and touches no SA for it.
. "$(dirname "$0")/lib.sh"

for event in "$(carrier_loss wlan0)" "down,node,wlan0"; do
	begin "stock gateway, ${event//,/ }" SEGUE_HOSTS=node
	topology 15
	connect tunnel
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,$event" --duration 3000
	goes_on "$out/report.json"
	fact "$out/report.json" "first packet by lte0 within 1.1 ms" \
		".events[0].wires[\"router-l/node\"].in_first_ms <= $(bound 1.1)" \
		'.events[0].wires["router-l/node"].in_first_ms'
	stalled_at_most "$out/report.json" '.events[0]' 75
	expect "node sends by lte0" active_is node device lte0
	maps_agree
done

for mode in tunnel beet; do
	begin "stock node, $mode" SEGUE_HOSTS=server
	topology 15
	# or what is asked of lte0 is answered by wlan0, whose router drops it; charon
	# takes routes of all tables for its own, so the metric counts
	at node ip rule add from "$node_lte" lookup 102
	at node ip route add default via 10.2.0.1 dev lte0 table 102 metric 200
	connect $mode
	monitor_start server
	expect "server sends to wlan0" active_is server remote "$node_wlan"
	expect "COOKIE2 came back from the node's other address" await 10 verified server 2
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,down,node,wlan0" --duration 3000
	monitor_stop server
	goes_on "$out/report.json"
	# stock's delay, its probe of the path, its exchange; two SAs deleted and added
	stalled_at_most "$out/report.json" '.events[0]' 250
	expect "server sends to lte0" active_is server remote "$node_lte"
	# its ESP may be there a moment before the message is read: the path is verified
	expect "by ESP, or by IKE" saw server \
		'.event == "switch" and (.reason == "peer moved" or .reason == "IKE update")'
	expect "IKE said so" saw server '.event == "exchange" and .reason == "peer says it moved"'
	expect "and is there itself" grep -q "remote.*@ $node_lte" <(swan server --list-sas)
	fact "$out/report.json" "no XFRM netlink message on the server" \
		'.hosts.server.xfrm_messages | length == 0' '[.hosts.server.xfrm_messages[].type] | tostring'
	fact "$out/report.json" "every XFRM error counter of the server 0" \
		'.hosts.server.xfrm_errors == 0' '.hosts.server.xfrm_counters | tostring'
	maps_agree
done
finish
