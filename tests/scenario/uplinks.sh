#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is done to uplinks, to their addresses and to segue0 while charon runs: the agent
# hears of all of it, and nothing has to be restarted.
#
#                 router-w              core
#     ±  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#     ±  lte0 ───── node | core ──── l       |
#                 router-l
. "$(dirname "$0")/lib.sh"

logged() { grep -q "$2" "$out/$1/charon.log"; }
never_logged() { ! logged "$@"; }
# of segue's own table, all that is there
routes() { at node sh -c 'ip route show table 4555; ip -6 route show table 4555; ip -o address show dev segue0 scope global' 2>/dev/null |
	sed 's/^[0-9]*: //'; }
same_routes() { [ "$(routes)" = "$1" ]; }

begin "attached while it is down" SEGUE_UPLINKS=wlan0
topology 15
at router-l ip link set dev node down
connect tunnel
at node "$segue" attach lte0 >"$out/attached" 2>&1
at router-l ip link set dev node up
expect "the server hears of it when its carrier comes" await 10 verified server 2
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "300.3,$(carrier_loss wlan0)" --duration 1500
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 19
expect "node sends by lte0" active_is node device lte0
maps_agree

begin "detached before anybody used it"
topology 15
prepare tunnel
at node "$segue" detach wlan0 >"$out/detached" 2>&1
initiate
expect "what goes by it is left to charon" logged node 'uses 10\.1\.0\.2, on no attached device'
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --duration 500
fact "$out/report.json" "and all of it arrives" '[.flows | del(.tcp)[] | .lost] | add == 0' \
	'.flows | del(.tcp) | map_values(.lost) | tostring'
nothing_in_clear "$out/report.json"

for mode in transport tunnel; do
	begin "segue0 deleted and made again, $mode"
	topology 15
	connect $mode
	at node ip link del segue0
	expect "the agent has seen it" await 10 logged node 'segue: detached'
	at node "$segue" attach wlan0 lte0 >"$out/attached" 2>&1
	expect "its session is there again" await 10 verified node 2
	expect "nothing is taken for an earlier charon's" never_logged node 'left by an earlier charon, forw'
	expect "one session, and two SAs" test "$(at node "$segue" -j session | jq length) $(at node "$segue" -j sa | jq length)" = "1 2"
	maps_agree
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "300.3,$(carrier_loss wlan0)" --duration 1500
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 19
	expect "IKE is there, too" active_is server remote "$node_lte"
	maps_agree
done
virtual() { at node ip address show dev segue0 | grep -qwF "$node_inner"; }
expect "the virtual address is on segue0" virtual
swan node --terminate --ike main >"$out/node/terminate.out" 2>&1 || true
expect "the virtual address goes with its IKE_SA" await 10 \
	eval '! virtual && at node ip link show dev segue0'

for mode in transport tunnel; do
	begin "segue0 down and up, $mode" FAMILY=$([ $mode = transport ] && echo v6 || echo v4)
	topology 15
	connect $mode
	before=$(routes)
	expect "it has routes" test -n "$before"
	at node ip link set dev segue0 down
	at node ip link set dev segue0 up
	expect "and all of them again" await 10 same_routes "$before"
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "300.3,down,node,wlan0" --duration 1500
	all_flow "$out/report.json"
	maps_agree
done

begin "an address with two prefix lengths"
topology 15
connect tunnel
at node ip address add 10.1.0.2/16 dev wlan0
at node ip address del 10.1.0.2/24 dev wlan0
# whatever is told after it has been heard when this has
at node ip address add 10.1.0.77/24 dev wlan0
expect "a later one is heard of" await 10 verified server 3
expect "that one is still there" never_logged node 'lost its address'
expect "it is the one in use" active_is node local "$node_wlan"
maps_agree

begin "an uplink gets another name" SEGUE_UPLINKS="lte0 wlan0" FAILBACK_MS=300 \
	MOBIKEX_NODE="primary = wwan0"
topology 15
connect tunnel
expect "lte0 was attached first" await 10 active_is node local "$node_lte"
at node ip link set dev wlan0 down
at node ip link set dev wlan0 name wwan0
at node ip link set dev wwan0 up
at node ip route replace default via 10.1.0.1 dev wwan0 metric 100
expect "the agent has seen it" await 10 logged node 'wlan0 is wwan0 now'
expect "what is set for the new name holds" await 10 active_is node local "$node_wlan"
expect "so the server sends there" await 10 active_is server remote "$node_wlan"
charon_kill node TERM
charon_start node
initiate
# priority NAME: the best that a path from there has
priority() { paths node | jq "[.[] | select(.local == \"$1\") | .priority] | min"; }
better() { [ "$(priority "$node_wlan")" -lt "$(priority "$node_lte")" ]; }
expect "and a charon that finds it renamed knows it, too" await 10 better
maps_agree
finish
