#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Soft handover by hand, there and back under load, between paths of different
# delay; the link that was left then loses its carrier, and nobody notices.
#
#                 router-w              core            RTT 15 ms
#   ✂ 2nd  wlan0 ─ node | core ──── w       |
#   node    ║                               | s ──── eth0 server
#          lte0 ── node | core ──── l       |
#                 router-l                              RTT 40 ms
#
# Expected: nothing lost, nothing twice; the server's replay window drops exactly
# the copies; no XFRM object is touched.
. "$(dirname "$0")/lib.sh"

window=150

# shellcheck disable=SC2317	# the meter calls it
softly() { # DEVICE
	at node "$segue" switch --soft --window "$window" main "$1" >>"$out/soft.out" 2>&1
}
export -f softly
export window

for mode in transport tunnel; do
	begin "there and back, $mode" FAILBACK_MS=60000
	topology 15 40
	connect $mode
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "400,exec,softly lte0" --at "1200,exec,softly wlan0" \
		--at "2000,exec,softly lte0" --at "2800.3,$(carrier_loss wlan0)" --duration 3300
	fact "$out/report.json" "every switch succeeded" \
		'[.events[] | select(.action == "exec") | .status] == [0, 0, 0]' \
		'[.events[] | select(.action == "exec") | .status] | tostring'
	fact "$out/report.json" "nothing lost in either direction" \
		'[.flows | .up, .down, .echo | .lost] == [0, 0, 0]' '.flows | map_values(.lost) | tostring'
	fact "$out/report.json" "nothing twice" '[.flows | .up, .down | .duplicates] | add == 0'
	fact "$out/report.json" "TCP survived without a timeout" \
		'.flows.tcp.survived and ([.hosts[].tcp_timeouts] | add == 0)'
	nothing_in_clear "$out/report.json"
	copied=$(counter node egress_copied)
	say "$copied packets of the node were copied"
	expect "as many as two windows have, three times over" test "$copied" -gt $((window * 6))
	expect "every copy could be sent" test "$(counter node egress_copy_failed)" = 0
	fact "$out/report.json" "the server's replay window dropped exactly these" \
		".hosts.server.xfrm_counters == {\"XfrmInStateSeqError\": $copied}" \
		'.hosts.server.xfrm_counters | tostring'
	fact "$out/report.json" "no other XFRM error" '.hosts.node.xfrm_errors == 0'
	fact "$out/report.json" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0'
	expect "node sends by lte0" active_is node device lte0
	expect "server followed" active_is server remote "$node_lte"
	expect "nothing is copied any more" \
		test "$(at node "$segue" -j session | jq '.[0].copy_slot')" = 255
	# shellcheck disable=SC2016
	expect "no replay window is too small" bash -c \
		'at server "$segue" -j check | jq -e "any(.[]; .subject == \"replay window\" and .verdict == \"ok\")"'
	maps_agree
done
finish
