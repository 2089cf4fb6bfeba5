#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An uplink that comes and goes ten times a second; and one that costs money.
#
#                 router-w              core
#   ✂✓✂✓ wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: the first loss moves the flows, and nothing after it does until wlan0 has
# been well for the time of its hold-down, which each loss has doubled.  Of each switch
# the event, the monitor, the status and charon's log tell the reason.
# SEGUE_FLAPS sets how often it goes, SEGUE_MODES in which modes, both fewer than all.
. "$(dirname "$0")/lib.sh"

flaps=${SEGUE_FLAPS:-20} period=100 hold=20

# switches HOST REASON: how many its monitor saw
switches() { jq -s "[.[] | select(.event == \"switch\" and .reason == \"$2\")] | length" "$out/$1/events"; }

# reason_is HOST REASON: by what each command says, and by the log
reason_is() {
	expect "$1: the monitor says why: $2" saw "$1" ".event == \"switch\" and .reason == \"$2\""
	expect "$1: so does the session" test "$(at "$1" "$segue" -j session | jq -r '.[0].reason')" = "$2"
	expect "$1: so does the status" test "$(at "$1" "$segue" -j status | jq -r '.switches[0].reason')" = "$2"
	expect "$1: and its text" bash -c "at $1 $segue status | grep -q '$2'"
	expect "$1: and charon's log" grep -q "switched from path .*: $2\$" "$out/$1/charon.log"
}

# came_back: when wlan0 did last, ns
came_back() {
	jq -s '[.[] | select(.event == "link" and .state == "up") | .monotonic_ns] | max' "$out/node/events"
}

# held HOST DEVICE: its path is held down
held() { paths "$1" | jq -e ".[] | select(.device == \"$2\") | .held" >/dev/null; }
export -f held paths copying

flapping() { # MODE
	local i at options=()
	topology 15
	connect "$1"
	monitor_start node
	monitor_start server
	for ((i = 0; i < flaps; i++)); do
		at=$((500 + i * period))
		options+=(--at "$at.$((i % 10)),$(carrier_loss wlan0)"
			--at "$((at + period / 2)),$(carrier_back wlan0)")
	done
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) "${options[@]}" --duration $((at + 1000))
	fact "$out/report.json" "$flaps carrier losses" "[$cuts] | length == $flaps"
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 19
	fact "$out/report.json" "up: at most one lost, as by a single cut" '.flows.up.lost <= 1' .flows.up.lost
	fact "$out/report.json" "down, echo: one round trip, as by a single cut" \
		"[.flows | .down, .echo | .lost] | max <= $(bound 19)" '.flows | [.down, .echo | .lost] | tostring'
	fact "$out/report.json" "IKE: few messages" \
		'[.wires["router-w/node", "router-l/node"].messages[]] | length <= 16' \
		'[.wires["router-w/node", "router-l/node"].messages[]] | length'
	expect "the node switched once" test "$(switches node "link down")" = 1
	expect "and not back" test "$(switches node failback)" = 0
	expect "so did the server" test "$(jq -s '[.[] | select(.event == "switch")] | length' "$out/server/events")" = 1
	reason_is node "link down"
	reason_is server "peer moved"
	expect "wlan0's path is held down" held node wlan0
	expect "lte0's is not" bash -c '! held node lte0'
	expect "the text says so, and for how long" bash -c "at node $segue path | grep -q 'held down [0-9.]* s'"
	expect "an event says so" saw node '.event == "path" and .reason == "path held down"'
	expect "charon's log says so" grep -q "path [0-9]*: path held down" "$out/node/charon.log"

	# what waits for the end of the hold-down waits under the new IKE_SA
	swan node --rekey --ike main >"$out/node/rekey.out" 2>&1
	await $((hold * 2)) active_is node device wlan0
	expect "back on wlan0 in the end" active_is node device wlan0
	expect "after it had been well for $hold s" saw node \
		".reason == \"failback\" and .monotonic_ns - $(came_back) >= ${hold}000000000"
	expect "one failback" test "$(switches node failback)" = 1
	expect "the hold-down is over" bash -c '! held node wlan0'
	expect "an event says so" saw node '.event == "path" and .reason == "hold-down over"'
	reason_is node failback
	monitor_stop node
	monitor_stop server
	maps_agree
}

backoff="connections { main { hold_max = ${hold}000 } }"
for mode in ${SEGUE_MODES:-tunnel}; do
	begin "ten times a second, $mode" FAILBACK_MS=500 "MOBIKEX_NODE=$backoff"
	flapping "$mode"
done

begin "a metered backup" FAILBACK_MS=500 "MOBIKEX_EXTRA=duplicate = always" "MOBIKEX_NODE=$backoff
	probe_interval = 10
	connections { main { metered = lte0 } }"
topology 15
connect_probed tunnel
monitor_start node
probed() { paths node | jq ".[] | select(.device == \"$1\") | .probes_sent"; }
expect "the node knows that lte0 costs" \
	bash -c "paths node | jq -e '.[] | select(.device == \"lte0\") | .metered and .role == \"metered\"'"
export node_lte
expect "the server was told" await 5 bash -c "paths server | jq -e '.[] | select(.remote == \"$node_lte\") | .metered'"
was_wlan=$(probed wlan0) was_lte=$(probed lte0)
sleep 5
expect "wlan0 is probed" test $(($(probed wlan0) - was_wlan)) -ge 300
expect "lte0 hardly" test $(($(probed lte0) - was_lte)) -le 1
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "100,mark" --duration 1000
expect "nothing is sent by lte0 as well" test "$(copies)" = 0
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" --at "1000,$(carrier_back wlan0)" --duration 4500
goes_on "$out/report.json"
only_replay_drops "$out/report.json"
expect "used while there was nothing else" saw node '.reason == "link down"'
expect "left again" active_is node device wlan0
# everything goes twice until then, and charon, which has no priority, may have to wait
expect "half a second after wlan0 came back, and no sooner" saw node \
	".reason == \"failback\" and
		((.monotonic_ns - $(came_back)) / 1000000 | . >= 500 and . <= $(bound 3000))"
expect "and not copied to, by either end" bash -c '! copying node && ! copying server'
monitor_stop node
maps_agree
finish
