#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Blackhole: in wlan0's router everything is lost, or what goes in one direction,
# while the router and its carrier are well.
#
#                 router-w  ✂           core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: probes find it, a timer in the kernel moves the traffic, IKE follows; and
# all goes back when the way is free again. With probes every 10 ms, three of them:
# 31 ms after the last good packet, with data in flight two round trips and 10 ms.
. "$(dirname "$0")/lib.sh"

probes="probe_interval = 10"

# lossy DIRECTION PERCENT: what wlan0's router loses; both at one instant
lossy() {
	local batch=''
	[ "$1" = down ] || batch+="qdisc change dev core root netem delay $(half "$rtt")ms limit 20000 loss $2%"$'\n'
	[ "$1" = up ] || batch+="qdisc replace dev node root netem limit 20000 loss $2%"$'\n'
	at router-w tc -batch - <<<"$batch"
}
export -f lossy half

start() { # MODE RTT
	export rtt=$2
	topology "$rtt"
	# what XDP sends back into a pair of veth is taken only if XDP is at its other end
	at core xdp-loader load s "$project/build/tests/cli/other_xdp.bpf.o" >"$out/xdp.out" 2>&1
	connect "$1"
	await 10 probed node 2 || die "not every path answers probes: $(paths node)"
	monitor_start node
}

# moved REASON: from wlan0 to lte0, by the probe
moved() {
	expect "node sends by lte0" active_is node device lte0
	expect "wlan0's path is dead" saw node '.event == "path" and .reason == "path dead"'
	expect "and was left for that" saw node '.event == "switch" and .reason == "path died"'
	expect "server sends to lte0" await 5 active_is server remote "$node_lte"
}

# goes_back: once wlan0 carries packets again
goes_back() {
	lossy both 0
	expect "wlan0's path is back" await 20 active_is node device wlan0
	expect "after it had answered" saw node '.event == "path" and .reason == "path back"'
	monitor_stop node
	maps_agree
}

with_data() { # MODE RTT DIRECTION MS
	local most flow=up
	[ "$3" != down ] || flow=down
	start "$1" "$2"
	# packets 1 ms apart, and a tick of the one processor (stalled_at_most)
	most=$(awk "BEGIN { print $4 + 5 }")
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500,exec,lossy $3 100" --duration 1500
	all_flow "$out/report.json"
	fact "$out/report.json" "$flow: on lte0 after $4 ms, and a tick at most" \
		".events[-1].flows.$flow.stall_ms <= $(bound "$most")" '.events[-1].flows | map_values(.stall_ms) | tostring'
	moved
	goes_back
}

rtt=0.35
begin "tunnel, data in flight, RTT 0.35" MOBIKEX_NODE="$probes"
with_data tunnel 0.35 both 10.7
begin "transport, data in flight, RTT 15" MOBIKEX_NODE="$probes"
with_data transport 15 both 40
begin "IPv6 by tc, data in flight, RTT 15" MOBIKEX_NODE="$probes" FAMILY=v6 ATTACH="--ingress tc"
with_data transport 15 both 40

for direction in up down; do
	begin "lost $direction only, RTT 0.35" MOBIKEX_NODE="$probes"
	with_data tunnel 0.35 $direction 31
done

# one way only: the probes are all that could come back
begin "one flow, RTT 0.35" MOBIKEX_NODE="$probes"
start tunnel 0.35
# shellcheck disable=SC2046
measure "$out/report.json" $(flow_up) --at "500,exec,lossy both 100" --duration 1500
fact "$out/report.json" "on lte0 after 31 ms, and a tick at most" ".events[-1].flows.up.stall_ms <= $(bound 36)" \
	'.events[-1].flows.up.stall_ms'
moved
goes_back

begin "idle, RTT 0.35" MOBIKEX_NODE="$probes"
start tunnel 0.35
lossy both 100
# whoever looks meanwhile takes the processor from charon, which sends the burst
sleep 0.1
expect "the session moves" await 5 active_is node device lte0
# 31 and no traffic that waits; but the burst is the agent's job here, and charon has no
# priority: another interval for it
expect "within $(bound 41) ms of the last answer" saw node \
	".reason == \"path died\" and .monotonic_ns - .cause_ns <= $(bound 41) * 1000000"
moved
goes_back
finish
