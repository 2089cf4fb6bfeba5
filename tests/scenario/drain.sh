#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An interface is set to go, in an orderly way: what a network manager calls before it
# takes a link down moves everything off it, and nothing is lost.
#
#                 router-w              core
#     ↓  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# `segue link wlan0 drain`, then `ip link set wlan0 down` as soon as that returns.
. "$(dirname "$0")/lib.sh"

# as the hooks of segue(8) do it; what went wrong is in drain.out
go() {
	at node "$segue" link wlan0 drain >"$out/drain.out" 2>&1
	echo "exit code $?" >>"$out/drain.out"
	at node ip link set dev wlan0 down
}
export -f go
said() { grep -q "$1" "$out/drain.out"; }

for mode in transport tunnel; do
	begin "down after drain, $mode, lte0 slower by 25 ms"
	topology 15 40
	connect $mode
	export out
	monitor_start node
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500,exec,go" --at "2500,exec,uplink_restore wlan0" \
		--duration 6500
	monitor_stop node
	expect "it says what it did" said 'main\[1\]: wlan0 .* =>  lte0'
	expect "and that it is done" said 'exit code 0'
	goes_on "$out/report.json"
	only_replay_drops "$out/report.json"
	fact "$out/report.json" "nothing lost in either direction" \
		'[.flows.up.lost, .flows.down.lost, .flows.echo.lost] == [0, 0, 0]' \
		'[.flows.up.lost, .flows.down.lost, .flows.echo.lost] | tostring'
	fact "$out/report.json" "TCP: no retransmission timeout" \
		'[.hosts[].tcp_timeouts] | add == 0' '[.hosts[].tcp_timeouts] | add'
	expect "the switch was made before the link went" test \
		"$(jq -r '"\(.event) \(.reason)"' "$out/node/events" |
			grep -E '^(switch|link)|follows' | head -n 3 | paste -sd,)" = \
		"switch drained,link drained,exchange peer follows"
	expect "the node is back on wlan0 when that is back" active_is node device wlan0
	expect "so is the server" active_is server remote "$node_wlan"
	maps_agree
done

# The server gets each packet twice, and now the one path is faster, now the other: where
# the node is by now, only IKE can tell it.  It does 60 ms after the last copy was sent.
drain() { at node "$segue" link wlan0 drain >"$out/drain.out" 2>&1; }
slower() { at router-l tc qdisc change dev core root netem delay 60ms limit 20000; }
export -f drain slower
begin "paths that are faster by turns"
topology 80 15
connect tunnel
export out
# shellcheck disable=SC2046
measure "$out/report.json" $(flow_up 0) $(flow_down 750) --at "500,exec,drain" --at "620,exec,slower" \
	--at "880,down,node,wlan0" --duration 1500
expect "lte0 was faster, then wlan0" grep -q 'switched from path 1 to 0: peer moved' "$out/server/charon.log"
fact "$out/report.json" "nothing lost in either direction" \
	'[.flows.up.lost, .flows.down.lost] == [0, 0]' '[.flows.up.lost, .flows.down.lost] | tostring'
maps_agree

begin "there is no other way"
topology 15
connect tunnel
at node ip link set dev lte0 down
expect "drain fails" bash -c "! at node '$segue' link wlan0 drain >'$out/drain.out' 2>&1"
expect "and says why" said 'no other path'
expect "the session stays where it is" active_is node device wlan0
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,mark" --duration 1000
all_flow "$out/report.json"
finish
