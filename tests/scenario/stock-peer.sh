#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A peer without the plugin: stock strongSwan as the gateway.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node (segue)                             | s ──── eth0 server (stock)
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: our half moves at once, the other half when MOBIKE's UPDATE_SA_ADDRESSES
# has moved the gateway; that is one exchange, not stock's 100 ms and more.
. "$(dirname "$0")/lib.sh"

for event in "$(carrier_loss wlan0)" "down,node,wlan0"; do
	begin "stock gateway, ${event//,/ }" SEGUE_HOSTS=node
	topology 15
	connect tunnel
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,$event" --duration 3000
	fact "$out/report.json" "every flow goes on to the end" \
		'.events[-1].flows | all(.never | not)' \
		'.events[-1].flows | map_values(.stall_ms) | tostring'
	fact "$out/report.json" "TCP survived" .flows.tcp.survived .flows.tcp.state
	fact "$out/report.json" "first packet by lte0 within 1.1 ms" \
		".events[0].wires[\"router-l/node\"].in_first_ms <= $(bound 1.1)" \
		'.events[0].wires["router-l/node"].in_first_ms'
	stalled_at_most "$out/report.json" '.events[0]' 75
	nothing_in_clear "$out/report.json"
	expect "node sends by lte0" active_is node device lte0
	maps_agree
done
finish
