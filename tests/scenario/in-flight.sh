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
finish
