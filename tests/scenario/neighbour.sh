#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The carrier is up, the router is there, and nobody answers: wlan0's router knows no
# neighbours any more (no ARP), and the node has just forgotten its address.
#
#                 router-w  ✂           core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: with probes it is a path like any other that is dead.  Without them nobody
# notices: packets wait for the neighbour, and are dropped (neigh_resolve_output(), to
# which bpf_redirect_neigh() gives them), until it answers.
. "$(dirname "$0")/lib.sh"

# neighbours on|off: of wlan0's router
neighbours() {
	at router-w ip link set dev node arp "$1"
	at router-w ip neigh flush dev node
	at node ip neigh flush dev wlan0
}
export -f neighbours

start() {
	topology 15
	# what XDP sends back into a pair of veth is taken only if XDP is at its other end
	at core xdp-loader load s "$project/build/tests/cli/other_xdp.bpf.o" >"$out/xdp.out" 2>&1
	connect tunnel
	monitor_start node
}

failed() { at node ip neigh show 10.1.0.1 dev wlan0 | grep -Eq 'FAILED|INCOMPLETE'; }

begin "probes" MOBIKEX_NODE="probe_interval = 10"
start
await 10 probed node 2 || die "not every path answers probes: $(paths node)"
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,exec,neighbours off" --duration 2000
all_flow "$out/report.json"
# the command takes its time before it takes effect
stalled_at_most "$out/report.json" '.events[-1]' 200
expect "node sends by lte0" active_is node device lte0
expect "wlan0's path was left because it died" saw node '.event == "switch" and .reason == "path died"'
expect "its neighbour is not known" failed
neighbours on
expect "wlan0's path is back" await 20 active_is node device wlan0
monitor_stop node
maps_agree

begin "no probes"
start
# shellcheck disable=SC2046
measure "$out/report.json" $(flow_up) $(flow_down 500) --rate 100 \
	--at "500,exec,neighbours off" --at "3500,exec,neighbours on" --duration 6000
monitor_stop node
expect "node stays on wlan0" active_is node device wlan0
expect "without a word" test "$(jq -s '[.[] | select(.event == "switch")] | length' "$out/node/events")" = 0
fact "$out/report.json" "packets are lost meanwhile, both ways" '.flows | all(.lost > 100)' \
	'.flows | map_values(.lost) | tostring'
fact "$out/report.json" "and go on when it answers again" \
	'.events[-1].flows | all(.never | not)' '.events[-1].flows | map_values(.stall_ms) | tostring'
nothing_in_clear "$out/report.json"
maps_agree
finish
