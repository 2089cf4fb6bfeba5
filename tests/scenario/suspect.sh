#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# duplicate = suspect: to know that a path is dead takes a round trip, to suspect it half
# of one. What goes by a suspect goes by the other uplink as well.
#
#                 router-w  ✂           core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: packets arrive by lte0 and the server answers there before the node has left
# wlan0. Who was suspected wrongly stays, with its losses made good by the copies.
. "$(dirname "$0")/lib.sh"

rtt=15

# wlan_loses PERCENT: what wlan0's network does
wlan_loses() { wlan_network delay 7.5ms loss "$1%"; }
export -f wlan_loses

# start MODE
start() {
	topology "$rtt"
	connect_probed "$1"
	monitor_start node
	monitor_start server
}

over() {
	monitor_stop node
	monitor_stop server
}

# when HOST CONDITION: the first event that fulfils it, ns
when() { jq -s "[.[] | select($2) | .monotonic_ns][0] // 0" "$out/$1/events"; }

not() { ! "$@"; }

# once: each packet, in the end
once() {
	expect "node sends nothing twice any more" await 5 not copying node
	expect "server sends nothing twice any more" await 5 not copying server
	maps_agree
}

# stays: the node at wlan0, and the server comes back to it
stays() {
	expect "server sends to wlan0" await 5 active_is server remote "$node_wlan"
	over
	expect "wlan0 was suspected" saw node '.reason == "path silent" or .reason == "path suspect"'
	expect "and not left" test "$(when node '.event == "switch"')" = 0
	expect "node sends by wlan0" active_is node device wlan0
	once
}

# dies MODE
dies() {
	start "$1"
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500,down,core,w" --duration 1500
	over
	goes_on "$out/report.json"
	only_replay_drops "$out/report.json"
	# up: half a round trip of what was under way, and then a pause that there never was
	stalled_at_most "$out/report.json" "$cuts" 24
	fact "$out/report.json" "uplink: less than a round trip" \
		".events[-1].flows.up.stall_ms < $(bound $((rtt + 4)))" '.events[-1].flows.up.stall_ms'
	expect "node left wlan0 for that" saw node '.event == "switch" and .reason == "path died"'
	expect "and the server had come to lte0 before" test "$(when server '.reason == "peer moved"')" -lt \
		"$(when node '.event == "switch"')" -a "$(when server '.reason == "peer moved"')" != 0
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	once
}

suspect=("MOBIKEX_EXTRA=duplicate = suspect" "MOBIKEX_NODE=probe_interval = 10")

begin "dead, tunnel" "${suspect[@]}"
dies tunnel
begin "dead, transport, IPv6" "${suspect[@]}" FAMILY=v6
dies transport

# shorter than what a verdict needs
begin "silent for a moment, transport" "${suspect[@]}"
start transport
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,exec,wlan_loses 100" --at "515,exec,wlan_loses 0" --duration 1500
goes_on "$out/report.json"
only_replay_drops "$out/report.json"
expect "node sent twice, and soon no more" test "$(counter node egress_copied)" -gt 0 -a \
	"$(counter node egress_copied)" -lt 500
expect "server, too" test "$(counter server egress_copied)" -gt 0
stays

begin "a tenth lost, tunnel" "${suspect[@]}"
start tunnel
# shellcheck disable=SC2046
measure "$out/report.json" $(flow_up) $(flow_down 500) --at "500,exec,wlan_loses 10" \
	--at "3500,exec,wlan_loses 0" --duration 4000
nothing_in_clear "$out/report.json"
only_replay_drops "$out/report.json"
fact "$out/report.json" "of 3000 packets fewer were lost than a tenth" '.flows.up.lost < 270' \
	'.flows | map_values(.lost) | tostring'
expect "node sent some of them twice" test "$(counter node egress_copied)" -gt 0
stays
finish
