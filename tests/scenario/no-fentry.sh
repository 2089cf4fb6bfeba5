#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel that refuses fentry: no link watch in it and no return switch.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node ⛔                                   | s ──── eth0 server ⛔
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Kernels that are locked down answer EPERM to every tracing program. Debian's does
# not by itself, so a security policy says it there, by the LSM "bpf" (refuse.bpf.c):
# the kernel refuses, and the loader sees what it would see elsewhere.
#
# Expected: segue says what is missing. The agent's rtnetlink watch writes the link
# map, the next packet then moves the session as ever; the peer follows when IKE
# tells it. User space is in it twice: what was sent until then is lost, and no more.
. "$(dirname "$0")/lib.sh"

policy=$project/build/tests/scenario/refuse
exec {refused}< <(exec setpriv --pdeathsig KILL "$policy" "$policy.bpf.o" 2>&1)
refuser=$!
read -r answer <&"$refused" || answer="the policy does not load"
if [ "$answer" != ready ]; then
	echo "this kernel cannot be told to refuse fentry: $answer"
	exit 77
fi
trap 'topology_down; kill $refuser' EXIT

status_says() { # HOST FIELD TEXT
	at "$1" "$segue" -j status | jq -e --arg text "$3" ".. | objects | select(has(\"$2\")) | .$2 | contains(\$text)"
}

# lost_while_unmoved REPORT FLOW: of a flow that sends one packet a millisecond
lost_while_unmoved() {
	fact "$1" "$2: lost is what was sent before the handover, at most" \
		"all($cuts; .flows.$2 | .lost <= .stall_ms)" \
		"[$cuts | .flows.$2 | .lost, .stall_ms] | tostring"
}

for mode in transport tunnel; do
	begin "fentry refused, $mode" FAILBACK_MS=300
	topology 15
	connect $mode
	for name in node server; do
		expect "status on $name: links are watched by the agent" \
			status_says $name link_watch "rtnetlink, by the agent"
		expect "status on $name: no return switch" status_says $name return_switch "by IKE only"
	done
	expect "check says what the kernel refused" \
		bash -c 'at node "$segue" check | grep "^warn.*fentry.*xfrm_replay_advance: Operation not permitted"'
	monitor_start server
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" \
		--at "1000,$(carrier_back wlan0)" --at "2000.3,down,node,wlan0" --duration 3000
	monitor_stop server
	all_flow "$out/report.json"
	fact "$out/report.json" "back by wlan0 in between" \
		'.events[1].wires["router-w/node"].in_esp > 0'
	stalled_at_most "$out/report.json" "$cuts" 40
	lost_while_unmoved "$out/report.json" up
	lost_while_unmoved "$out/report.json" down
	expect "the server followed IKE, no packet" \
		bash -c "! grep -q 'peer moved' '$out/server/events' && test $(counter server return_switched) = 0"
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree
done
finish
