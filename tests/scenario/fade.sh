#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A WLAN that fades, with a second uplink up: somebody walks away from the access point,
# 1 dB every 100 ms, until it is gone.  Data goes both ways, and TCP.
#
#                      router-w             core
#        wlan0 ~ ~ ~ ap0 ─ node | core ──── w       |
#   node   ↘                                        | s ──── eth0 server
#        lte0 ──────────── node | core ──── l       |
#                      router-l
#
#   dBm   -74 ──────── -80 ───── -88 ──────── -94 ── ✂
#          all is well  low: it   frames are    the access point vanishes
#                       is left   lost
#
# mac80211_hwsim has a signal but loses nothing for it; frames are lost by netem, from
# -88 dBm on 14 % more with each dB: where the lowest rates of 802.11 end (Table 17-18 of
# IEEE 802.11-2016 wants -82 dBm at 6 Mb/s, and cards are some dB better).
#
# Expected: 0 packets lost, no retransmission timeout. SEGUE_FADES=100 makes more of them,
# and counts.  The same, by cable, where probes tell of more and more delay.
. "$(dirname "$0")/lib.sh"

fades=${SEGUE_FADES:-1}

# walk: from -74 dBm to nowhere
walk() {
	local dbm
	for ((dbm = -74; dbm >= -94; dbm--)); do
		signal 0 $dbm
		if ((dbm <= -88)); then
			lose $(((-87 - dbm) * 14))
		fi
		sleep 0.1
	done
	at router-w ip link set dev ap0 down
}

# lose PERCENT: of the frames, both ways
lose() {
	at node tc qdisc replace dev wlan0 root netem limit 20000 loss "$1"%
	at router-w tc qdisc replace dev ap0 root netem limit 20000 loss "$1"%
}

# told TEXT FROM: the node's events say so, from that line on; slept for, or the waiting
# would take more of the machine than the walk
told() {
	local fd tail status=0
	exec {fd}< <(exec tail -n "+$2" -f "$out/node/events")
	tail=$!
	timeout 60 grep -q -m 1 "$1" <&"$fd" || status=$?
	kill "$tail"
	exec {fd}<&-
	return $status
}

# walk_back: beside the access point again, and by it
walk_back() {
	local from=$(($(wc -l <"$out/node/events") + 1))
	at node tc qdisc del dev wlan0 root
	at router-w tc qdisc del dev ap0 root
	signal 0 -50
	at router-w ip link set dev ap0 up
	told failback "$from" && told 'peer follows' "$from" && active_is node device wlan0
}
export -f signal walk lose

lost='[.flows | .up, .down, .echo | .lost] | add' timeouts='[.hosts[].tcp_timeouts] | add'

unseen() { jq -es "any(.[]; $2) | not" "$out/$1/events" >/dev/null; }

# lost_nothing REPORT: of all flows, and TCP had to wait for nothing
lost_nothing() {
	goes_on "$1"
	only_replay_drops "$1"
	fact "$1" "nothing lost" "($lost) == 0" "$lost"
	fact "$1" "no retransmission timeout of TCP" "($timeouts) == 0"
}

# fade NAME: walks away and comes back
fade() {
	# shellcheck disable=SC2046
	measure "$out/report-$1.json" $(load) --at "200,exec,walk" --rate 250 --duration 3200
	jq -c "[($lost), ($timeouts)]" "$out/report-$1.json" >>"$out/fades"
	say "walk $1: packets lost, timeouts: $(tail -n 1 "$out/fades")"
	expect "walk $1: node sends by lte0" active_is node device lte0
	expect "walk $1: and back to wlan0" walk_back
}

# count CONDITION: of fades
count() { jq -s "map(select($1)) | length" "$out/fades"; }

begin "the signal fades, transport" WLAN=radio FAILBACK_MS=500 \
	MOBIKEX_NODE="hold_max = 0
		signal_cqm = no"
export out
topology 15 40
signal 0 -50
connect transport
expect "the log says what the signal is" await 10 grep -q 'signal is' "$out/node/charon.log"
monitor_start node
for ((n = 1; n <= fades; n++)); do
	fade "$n"
done
sed -i 's/signal_cqm = no/signal_cqm = yes/' "$out/node/strongswan.conf"
swan node --reload-settings >"$out/node/reload.out" 2>&1
expect "the card tells by itself now" await 10 grep -q 'by itself' "$out/node/charon.log"
fade told
monitor_stop node
for name in 1 told; do
	goes_on "$out/report-$name.json"
	only_replay_drops "$out/report-$name.json"
	fact "$out/report-$name.json" "the walk came to its end" \
		'all(.events[] | select(.action == "exec"); .status == 0)'
done
clean=$(count '.[0] == 0')
say "$clean of $(count true) lost nothing"
expect "0 packets lost in at least 95 of 100" test $((clean * 100)) -ge $(($(count true) * 95))
expect "no retransmission timeout of TCP" test "$(count '.[1] > 0')" = 0
expect "an event says that the signal is low" \
	saw node '.event == "link" and .reason == "signal low"'
expect "it was left for that" saw node '.event == "switch" and .reason == "signal low"'
expect "and never because the link was down" \
	unseen node '.event == "switch" and .reason == "link down"'
expect "the log says so" grep -q 'leaves path .*: signal low' "$out/node/charon.log"
maps_agree

# worse: longer and longer, in wlan0's router
worse() {
	local ms
	for ms in 20 40 60 80 100 120 140; do
		delay router-w core $ms
		sleep 0.1
	done
}
export -f worse delay

begin "the path degrades, tunnel" FAILBACK_MS=500 MOBIKEX_NODE="probe_interval = 20
	degraded_delay = 60
	degraded_loss = 10"
topology 15
# what XDP sends back into a pair of veth is taken only if XDP is at its other end
at core xdp-loader load s "$project/build/tests/cli/other_xdp.bpf.o" >"$out/xdp.out" 2>&1
connect tunnel
expect "every path answers probes" await 10 probed node 2
monitor_start node
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "300,exec,worse" --rate 250 --duration 2000
lost_nothing "$out/report.json"
expect "an event says that the path degrades" \
	saw node '.event == "path" and .reason == "path degraded"'
expect "it was left for that" saw node '.event == "switch" and .reason == "path degraded"'
expect "node sends by lte0" active_is node device lte0
delay router-w core "$(half 15)"
expect "and by wlan0 again when that is well" await 20 active_is node device wlan0
expect "an event says that, too" saw node '.event == "path" and .reason == "path well"'
at router-w tc qdisc change dev core root netem delay "$(half 15)ms" limit 20000 loss 30%
expect "it is left for its loss, too" await 20 active_is node device lte0
expect "as degraded, not as dead" unseen node '.reason == "path died"'
monitor_stop node
maps_agree
finish
