#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A handover while a request of IKE is in flight on the link that dies.
#
#                 router-w              core
#     ✂  wlan0 ─╳── node | core ──── w       |
#   node  ⟳                                  | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# router-w drops IKE, the node asks for a rekeying, then the carrier goes. IKE has
# a window of one request: stock charon would wait 4 s for the retransmission
# before it could tell the server anything.
. "$(dirname "$0")/lib.sh"

rekey() { swan node --rekey --child data >>"$out/node/rekey.out" 2>&1; }
drop_ike() {
	at router-w nft "table inet t { chain c { type filter hook forward priority 0;
		udp dport 4500 drop; udp dport 500 drop; }; }"
}
export -f rekey drop_ike

for mode in transport tunnel; do
	begin "request in flight, $mode"
	topology 15
	connect $mode
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "300,exec,drop_ike" --at "500,exec,rekey" \
		--at "1500.3,$(carrier_loss wlan0)" --duration 6000
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 19
	fact "$out/report.json" "a request was in flight on wlan0 when the carrier went" \
		'.events[2].t_ms as $cut | [.wires["router-w/node"].messages[] |
		select(.direction == "in" and .response == false and .t_ms < $cut)] | length > 0' \
		'.events[2].t_ms as $cut | [.wires["router-w/node"].messages[] | .t_ms - $cut] | tostring'
	fact "$out/report.json" "the server is told by lte0 within $(bound 60) ms" \
		".events[2].t_ms as \$cut | [.wires[\"router-l/node\"].messages[] |
		select(.direction == \"in\" and .response == false) | .t_ms - \$cut][0] <= $(bound 60)" \
		'.events[2].t_ms as $cut | [.wires["router-l/node"].messages[] | .t_ms - $cut] | tostring'
	expect "the rekeying is done in the end" grep -q 'CHILD_SA data{2} established' "$out/node/charon.log"
	maps_agree
done

# The server asks whether the node is still there (DPD), by the path that is about to
# be left, and gets no answer by it: nothing is sent otherwise, or it would not ask.
asked() { grep -q 'sending DPD request' "$out/server/charon.log"; }
# PATTERN in what the server logged after it was cut off
then_logged() { tail -n "+$cut_at" "$out/server/charon.log" | grep -q "$1"; }
for cause in carrier address; do
	begin "a liveness check in flight, the $cause goes" IKE_SERVER="dpd_delay = 1s"
	topology 15
	connect tunnel
	drop_ike
	expect "the server asks" await 20 asked
	cut_at=$(wc -l <"$out/server/charon.log")
	if [ $cause = carrier ]; then
		at router-w ip link set dev node down
	else
		at node ip address del 10.1.0.2/24 dev wlan0
	fi
	expect "the node tells that it has moved" await 5 then_logged 'N(UPD_SA_ADDR)'
	expect "and answers by lte0 what was asked by wlan0" await 12 then_logged \
		"received packet: from $node_lte.*to $server_outer"
	expect "as a response" await 12 then_logged 'parsed INFORMATIONAL response'
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500,mark" --duration 1000
	all_flow "$out/report.json"
	expect "the IKE_SA is the first one" test "$(at node "$segue" -j session | jq '.[0].ike')" = 1
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree
done
finish
