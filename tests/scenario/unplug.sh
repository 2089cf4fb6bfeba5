#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The uplink is unplugged, and another one plugged in under the same name.
#
#                 router-w              core
#     ✗  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: removal of the device is a loss like any other; the new device is
# attached by the agent, and the session goes back to it only after it was usable
# for as long as hysteresis asks. One that comes and goes faster is left alone.
. "$(dirname "$0")/lib.sh"

begin "unplugged and plugged again, tunnel" FAILBACK_MS=1000
topology 15
connect tunnel
monitor_start node
export -f delay half
# shellcheck disable=SC2046
measure "$out/report.json" $(load) \
	--at "500.3,exec,at node ip link del wlan0" \
	--at "1500,exec,uplink_plug wlan0" --at "4500,mark" --duration 5000
monitor_stop node
all_flow "$out/report.json"
expect "node sends by wlan0 again" active_is node device wlan0
expect "server sends to wlan0 again" active_is server remote "$node_wlan"
expect "unplugged: an event says so" saw node '.reason == "unplugged"'
expect "failback: an event says so" saw node '.reason == "failback"'
maps_agree

begin "failback waits, transport" FAILBACK_MS=1000
topology 15
connect transport
monitor_start node
# back for 600 ms, less than hysteresis asks, and away again; then for good
# shellcheck disable=SC2046
measure "$out/report.json" $(load) \
	--at "500.3,$(carrier_loss wlan0)" --at "1000,$(carrier_back wlan0)" \
	--at "1600.3,$(carrier_loss wlan0)" --at "2000,$(carrier_back wlan0)" \
	--duration 4500
monitor_stop node
all_flow "$out/report.json"
stalled_at_most "$out/report.json" '.events[]' 19
fact "$out/report.json" "nothing by wlan0 while it was back for 600 ms" \
	'.events[1].wires["router-w/node"].in_esp | (. // 0) == 0'
fact "$out/report.json" "not back before a second had passed" \
	'.events[3].wires["router-w/node"].in_first_ms >= 1000' \
	'.events[3].wires["router-w/node"].in_first_ms'
fact "$out/report.json" "back before two seconds had passed" \
	'.events[3].wires["router-w/node"].in_first_ms <= 2000'
fact "$out/report.json" "going back loses nothing" \
	'[.events[3].flows[].lost // 0] | add == 0' '.events[3].flows | map_values(.lost) | tostring'
expect "server sends to wlan0 again" active_is server remote "$node_wlan"
maps_agree
finish
