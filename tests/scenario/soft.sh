#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Soft handovers, one after the other, under load.
#
#                 router-w              core
#     ↓↑ wlan0 ════ node | core ════ w       |
#   node                                     | s ──── eth0 server
#     ↑↓ lte0 ═════ node | core ════ l       |
#                 router-l
#
# For a window both uplinks carry each packet, before the switch and after it.
# Nothing is lost, nothing comes twice out of the SA, nothing is told to the peer
# before the switch, and nothing grows.  SEGUE_SOFT sets how many.
. "$(dirname "$0")/lib.sh"

handovers=${SEGUE_SOFT:-100} window=10

soft() {
	"$project/build/tests/scenario/handovers" "$handovers" "$window" \
		"$(<"$out/node.pid")" "$(<"$out/server.pid")" >"$out/handovers.out" 2>&1
}
export -f soft
export handovers window

# what must not grow, once everything is quiet
sizes() { # HOST
	local pid
	pid=$(charon_pid "$1")
	echo "descriptors $(ls /proc/"$pid"/fd | wc -l)"
	echo "sas $(at "$1" ip xfrm state | grep -c '^src')"
	echo "policies $(at "$1" ip xfrm policy | grep -c '^src')"
	at "$1" "$segue" -j status | jq -c '{links, sessions, sas}'
	at "$1" "$segue" -j path | jq length
}

# kB that the daemons and the kernel hold for themselves
held() {
	local name
	for name in node server; do
		awk '/^RssAnon/ { print $2 }' "/proc/$(charon_pid $name)/status"
	done
	awk '/^SUnreclaim/ { print $2 }' /proc/meminfo
}

# held_no_more MOST BEFORE AFTER: kB
held_no_more() { [ "$(($3 - $2))" -le "$1" ]; }

begin "$handovers soft handovers, transport" FAILBACK_MS=600000
topology 15
connect transport
export out
sizes node >"$out/before.node"
sizes server >"$out/before.server"
mapfile -t before < <(held)
# shellcheck disable=SC2046
measure "$out/report.json" $(flow_up 0) $(flow_tcp 500) $(flow_down 750) --at "500,exec,soft" \
	--linger 500 --duration $((1500 + handovers * 300))
mapfile -t after < <(held)
fact "$out/report.json" "all $handovers were made: $(<"$out/handovers.out")" '.events[0].status == 0'
fact "$out/report.json" "every flow goes on to the end" ".events[-1].flows | all(.never | not)"
fact "$out/report.json" "none lost in either direction" \
	'[.flows | .up, .down | .lost] == [0, 0]' '.flows | [.up, .down | .sent] | tostring'
fact "$out/report.json" "none twice" '[.flows | .up, .down | .duplicates] | add == 0'
fact "$out/report.json" "TCP survived, without a retransmission timeout" \
	'.flows.tcp.survived and ([.hosts[].tcp_timeouts] | add == 0)' '[.hosts[].tcp_timeouts] | tostring'
nothing_in_clear "$out/report.json"
only_replay_drops "$out/report.json"
fact "$out/report.json" "replay drops are the copies that were sent" \
	"[.hosts[].xfrm_counters.XfrmInStateSeqError // 0] | add == $(copies)" \
	"[.hosts[].xfrm_counters.XfrmInStateSeqError // 0] | add"
expect "the node counted them" test "$(at node "$segue" -j session | jq '.[0].switches')" = "$handovers"
sizes node >"$out/after.node"
sizes server >"$out/after.server"
expect "nothing has grown on the node" diff "$out/before.node" "$out/after.node"
expect "nothing has grown on the server" diff "$out/before.server" "$out/after.server"
# what was allocated for the first time is not given back; a leak grows with the number
expect "the node's charon holds what it held (${before[0]}, ${after[0]} kB)" \
	held_no_more 64 "${before[0]}" "${after[0]}"
expect "and the server's (${before[1]}, ${after[1]} kB)" held_no_more 64 "${before[1]}" "${after[1]}"
expect "so does the kernel (${before[2]}, ${after[2]} kB)" held_no_more 1024 "${before[2]}" "${after[2]}"
maps_agree

# One, slowly: what is on the wire before the switch?
begin "one soft handover, transport" FAILBACK_MS=600000
topology 15
connect transport
export out
one() { at node "$segue" switch --soft --window 300 main lte0 >>"$out/switch.out" 2>&1; }
export -f one
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,exec,one" --at "650,mark" --duration 2500
fact "$out/report.json" "both uplinks carried packets in the window" \
	'.events[1].wires["router-w/node"].in_first_ms < 3 and .events[1].wires["router-l/node"].in_first_ms < 3' \
	'.events[1].wires | map_values(.in_first_ms) | tostring'
fact "$out/report.json" "no IKE message before the switch" \
	'.events[1].t_ms as $t | [.wires[].messages[] | select(.t_ms < $t)] | length == 0' \
	'[.wires[].messages[] | .t_ms] | tostring'
fact "$out/report.json" "one request after it, and one response, by lte0" \
	'[.wires["router-l/node"].messages[] | .response] | sort == [false, true]' \
	'.wires | map_values(.messages) | tostring'
only_replay_drops "$out/report.json"
expect "node sends by lte0" active_is node device lte0
expect "server sends to lte0" active_is server remote "$node_lte"
finish
