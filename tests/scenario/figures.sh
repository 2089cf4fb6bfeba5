#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The figures: stall, loss and reaction time, each mode, each cause, two delays.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# wlan0 goes and comes back, four times by carrier loss (the far end of the cable
# goes down) and four times by interface down; the moment moves through the send
# interval. The server sends three quarters of an interval after
# the node, so that a packet of its own never meets the node's first packet on the
# new path. The clock is the deterministic one.
. "$(dirname "$0")/lib.sh"

interval=1
mkdir -p "$project/build/test/$scenario"
summary=$project/build/test/$scenario/figures.tsv
printf 'mode\trtt\tflows\tcause\tt_sys\tup\tdown\techo\tlost_up\tlost_down\n' >"$summary"

# One cut every 700 ms; after 250 ms the uplink is back, 150 ms later segue's
# hysteresis ends and the session goes back to it.
period=700 gone=250 hysteresis=150

# cuts PHASE...: options of the meter, first by carrier loss, then by interface down
cuts() {
	local at=300 phase
	for phase; do
		printf '%s\0' --at "$at.$phase,$(carrier_loss wlan0)" \
			--at "$((at + gone)).4,$(carrier_back wlan0)"
		at=$((at + period))
	done
	for phase; do
		# the routes come back with the interface, as a DHCP client has it
		printf '%s\0' --at "$at.$phase,down,node,wlan0" \
			--at "$((at + gone)).4,up,node,wlan0" \
			--at "$((at + gone + 10)).4,exec,uplink_routes wlan0"
		at=$((at + period))
	done
	printf '%s\0' --duration $((at + period))
}

select_cuts='[.events[] | select(.action == "down")]'
# From netif_carrier_off() for a carrier loss. An interface that is switched off
# stops sending well before its carrier goes: from the system call.
t_sys='(.wires["router-l/node"].in_first_ms -
	(if .netns == "node" then 0 else .carrier_off_ms end) | . * 1000 | round / 1000)'

judge() { # REPORT RTT
	local report=$1 rtt=$2
	local down_limit
	down_limit=$(awk "BEGIN { print $rtt < 1 ? 2.1 : $rtt + 2.1 }")
	fact "$report" "undisturbed: one interval" \
		".flows | [.up, .down][] | .undisturbed_ms < 1.1" '.flows | .up.undisturbed_ms'
	fact "$report" "eight cuts" "$select_cuts | length == 8"
	fact "$report" "first packet on lte0 within one interval + 0.1 ms" \
		"$select_cuts | all($t_sys <= $interval + 0.1)" "$select_cuts | [.[] | $t_sys] | join(\" \")"
	fact "$report" "uplink stall at most 1.1 ms" \
		"$select_cuts | all(.flows.up.never | not) and all(.flows.up.stall_ms <= 1.1)" \
		"$select_cuts | [.[].flows.up.stall_ms] | join(\" \")"
	fact "$report" "uplink: none lost, none twice, none out of order" \
		".flows.up | .lost == 0 and .duplicates == 0 and .reordered == 0" '.flows.up.lost_ranges | tostring'
	fact "$report" "downlink stall at most $down_limit ms" \
		"$select_cuts | all(.flows.down.never | not) and all(.flows.down.stall_ms <= $down_limit)" \
		"$select_cuts | [.[].flows.down.stall_ms] | join(\" \")"
	fact "$report" "downlink: lost only what was under way" \
		"$select_cuts | all(.flows.down.lost <= $rtt + 2)" \
		"$select_cuts | [.[].flows.down.lost] | join(\" \")"
	fact "$report" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0' '[.hosts[].xfrm_messages[].type] | tostring'
	nothing_in_clear "$report"
	no_xfrm_errors "$report"
}

judge_echo() { # REPORT RTT
	local report=$1 rtt=$2
	fact "$report" "echo stall at most alternate RTT + 2 intervals + 1 ms" \
		"$select_cuts | all(.flows.echo.never | not) and all(.flows.echo.stall_ms <= $rtt + 2 * $interval + 1)" \
		"$select_cuts | [.[].flows.echo.stall_ms] | join(\" \")"
	fact "$report" "TCP survived" '.flows.tcp.survived' '.flows.tcp.state'
	fact "$report" "TCP: at most one retransmission timeout a cut" \
		'[.hosts[].tcp_timeouts] | add <= 2' '[.hosts[].tcp_timeouts] | add'
	nothing_in_clear "$report"
	no_xfrm_errors "$report"
}

note() { # MODE RTT FLOWS REPORT: a line for each cut
	jq -r --arg mode "$1" --arg rtt "$2" --arg flows "$3" "$select_cuts"' | .[] |
		[$mode, $rtt, $flows, (if .netns == "node" then "admin" else "carrier" end),
		'"$t_sys"', .flows.up.stall_ms, .flows.down.stall_ms,
		.flows.echo.stall_ms, .flows.up.lost, .flows.down.lost] | map(. // "-") | @tsv' \
		"$4" >>"$summary"
}

for rtt in 0.35 15; do
	for mode in ${MODES:-transport beet tunnel}; do
		begin "$mode at $rtt ms" FAILBACK_MS=$hysteresis
		topology $rtt
		connect $mode
		mapfile -t -d '' options < <(cuts 05 30 55 80)
		# shellcheck disable=SC2046
		measure "$out/oneway.json" $(flow_up 0) $(flow_down 750) "${options[@]}"
		judge "$out/oneway.json" $rtt
		note $mode $rtt oneway "$out/oneway.json"
		mapfile -t -d '' options < <(cuts 30)
		# shellcheck disable=SC2046
		measure "$out/echo.json" $(flow_echo 0) $(flow_tcp 500) "${options[@]}"
		judge_echo "$out/echo.json" $rtt
		note $mode $rtt echo "$out/echo.json"
		maps_agree
	done
done
cat "$summary"
finish
