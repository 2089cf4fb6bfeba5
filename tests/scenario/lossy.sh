#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A bad path is not a dead one: wlan0's network loses packets at random, delays them
# now by little and now by much, changes their order, brings them twice.
#
#                 router-w  ≈           core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: it is suspected time and again, and never left.  An hour of it:
# SEGUE_LOSSY_SECONDS=3600 SEGUE_LOSSY_SLOWER=20, probes and data twenty times rarer.
. "$(dirname "$0")/lib.sh"

seconds=${SEGUE_LOSSY_SECONDS:-12} slower=${SEGUE_LOSSY_SLOWER:-1}
probes="probe_interval = $((10 * slower))"

mac() { at "$1" cat "/sys/class/net/$2/address"; }

# Loss is for what is sent along the path: where the routers' ARP is lost three times,
# as happens some times an hour, nothing goes by it for a second, and it is dead.
routers_know() {
	at router-w ip neigh replace 10.3.1.2 dev core nud permanent lladdr "$(mac core w)"
	at core ip neigh replace 10.3.1.1 dev w nud permanent lladdr "$(mac router-w core)"
}

start() {
	topology 15
	routers_know
	connect_probed tunnel
	monitor_start node
}

events() { jq -s "[.[] | select($1)] | length" "$out/node/events"; }

of_wlan() { paths node | jq ".[] | select(.device == \"wlan0\") | $1"; }

# both SECONDS RATE OPTION...: the two flows, and what happens to them meanwhile
both() {
	local duration=$1 rate=$2
	shift 2
	# shellcheck disable=SC2046
	measure "$out/report.json" $(flow_up) $(flow_down 500) --rate "$rate" "$@" \
		--duration $((duration * 1000))
	fact "$out/report.json" "every change of the network was made" \
		'[.events[] | select(.action == "exec")] | length > 0 and all(.status == 0)' \
		'[.events[] | select(.action == "exec")] | length'
}

stays() {
	expect "node sends by wlan0" active_is node device wlan0
	monitor_stop node
	expect "no switch" test "$(events '.event == "switch"')" = 0
	expect "no path found dead" test "$(events '.reason == "path dead"')" = 0
	say "suspected $(events '.reason == "path suspect"') times, silent" \
		"$(events '.reason == "path silent"')," \
		"$(paths node | jq -c '[.[] | {device, probes_sent, probes_answered, rtt_us, rttvar_us, loss_permille}]')"
	maps_agree
}

# steps SECONDS EVERY OPTIONS...: one after the other, again and again
steps() {
	local duration=$1 every=$2 at=500 i=0
	shift 2
	plan=()
	# the meter takes 512 events
	(( duration / every < 500 )) || every=$((duration / 500 + 1))
	while (( at < duration * 1000 )); do
		plan+=(--at "$at,exec,wlan_network ${*:i + 1:1}")
		i=$(((i + 1) % $#)) at=$((at + every * 1000))
	done
}

# 20 percent of each direction are 36 there and back
begin "20 percent lost, idle but for a packet a second" MOBIKEX_NODE="$probes"
start
both "$seconds" 1 --at "500,exec,wlan_network delay 7.5ms loss 20%"
# a smoothed figure at one moment: 0.36 with a deviation of 0.09, which may be the fourth
expect "the loss was measured" test "$(of_wlan '.loss_permille > 30 and .loss_permille < 750')" = true
expect "and is what was lost" \
	test "$(of_wlan '.probes_answered / .probes_sent | . > 0.58 and . < 0.72')" = true
expect "and suspected" test "$(events '.reason == "path suspect"')" -gt "$seconds"
stays

begin "5 to 30 percent lost, data both ways" MOBIKEX_NODE="$probes"
start
steps 12 3 "delay 7.5ms loss 5%" "delay 7.5ms loss 10%" "delay 7.5ms loss 20%" "delay 7.5ms loss 30%"
both 12 100 "${plan[@]}"
fact "$out/report.json" "packets were lost" '.flows | .up.lost > 0 and .down.lost > 0' \
	'.flows | map_values(.lost) | tostring'
expect "and suspected" test "$(events '.reason == "path suspect"')" -gt 12
stays

# the round trip takes 5 to 300 ms; more at once than 3/4 of an interval is a longer
# silence than death needs
begin "delay steps of 5 to 300 ms" MOBIKEX_NODE="probe_interval = 500"
start
steps "$seconds" 2 "delay 2.5ms" "delay 150ms" "delay 2.5ms" "delay 75ms" "delay 150ms" "delay 10ms"
both "$seconds" $((100 / slower)) "${plan[@]}"
fact "$out/report.json" "none lost" '.flows | .up.lost == 0 and .down.lost == 0'
stays

begin "reordered and duplicated" MOBIKEX_NODE="$probes"
start
both 12 200 --at "500,exec,wlan_network delay 20ms reorder 25% duplicate 10%"
fact "$out/report.json" "packets overtook each other" '.flows | .up.reordered > 0 and .down.reordered > 0' \
	'.flows | map_values(.reordered) | tostring'
expect "probes came twice, and counted once" test "$(counter server probe_replayed)" -gt 0
fact "$out/report.json" "ESP that came twice was for the replay window" \
	'[.hosts[].xfrm_counters.XfrmInStateSeqError // 0] | all(. > 0)'
only_replay_drops "$out/report.json"
stays
finish
