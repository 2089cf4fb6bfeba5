#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Both uplinks down, then one of them up.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#     ✂  lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: with no live path packets are dropped and counted, never sent in
# clear; the first path that lives again carries the flows, the connection too.
. "$(dirname "$0")/lib.sh"

for mode in transport tunnel; do
	begin "both down, $mode"
	topology 15
	connect $mode
	monitor_start node
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) \
		--at "500.3,$(carrier_loss wlan0)" --at "800.3,$(carrier_loss lte0)" \
		--at "1300,$(carrier_back lte0)" --duration 5000
	monitor_stop node
	all_flow "$out/report.json"
	fact "$out/report.json" "nothing arrives while both are down" \
		'.events[1].flows.up.stall_ms >= 490' '.events[1].flows.up.stall_ms'
	fact "$out/report.json" "the uplink flows within $(bound 30) ms of lte0's return" \
		".events[2].wires[\"router-l/node\"].in_first_ms <= $(bound 30)" \
		'.events[2].wires["router-l/node"].in_first_ms'
	expect "no live path: counted" test "$(counter node egress_no_path)" -gt 0
	expect "no live path: an event says so" saw node '.reason == "no live path"'
	expect "node sends by lte0" active_is node device lte0
	maps_agree
done
finish
