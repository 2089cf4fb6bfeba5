#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hundred handovers in a row, each a carrier loss, under load.
#
#                 router-w              core
#    ✂/✓ wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#    ✓/✂ lte0 ───── node | core ──── l       |
#                 router-l
#
# wlan0 and lte0 lose their carrier in turn, the other one is back 20 ms before.
# Every XFRM error counter stays 0, and of all that was captured on every wire not
# one packet was in clear.
. "$(dirname "$0")/lib.sh"

handovers=100 period=80

for mode in transport tunnel; do
	begin "a hundred handovers, $mode" FAILBACK_MS=60000
	topology 15
	connect $mode
	options=()
	for ((i = 0; i < handovers; i++)); do
		at=$((300 + i * period))
		[ $((i % 2)) = 0 ] && cut=wlan0 back=lte0 || cut=lte0 back=wlan0
		[ $i = 0 ] || options+=(--at "$((at - 20)),$(carrier_back $back)")
		options+=(--at "$at.$((i % 10)),$(carrier_loss $cut)")
	done
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) "${options[@]}" --duration $((at + 1000))
	all_flow "$out/report.json"
	fact "$out/report.json" "$handovers handovers" "[$cuts] | length == $handovers" "[$cuts] | length"
	uplink_lost_nothing "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 19
	fact "$out/report.json" "none twice, none out of order" \
		'[.flows | .up, .down | .duplicates + .reordered] | add == 0'
	fact "$out/report.json" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0' '[.hosts[].xfrm_messages | length] | tostring'
	expect "the node counted them" test "$(at node "$segue" -j session | jq '.[0].switches')" = $handovers
	expect "the server followed to wlan0" active_is server remote "$node_wlan"
	maps_agree
done
finish
