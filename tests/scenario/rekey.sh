#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rekeying, of the CHILD_SA and of the IKE_SA, by either side, before, during and
# after a handover.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node  ⟳                                  | s ──── eth0 server ⟳
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: new SAs are in the maps before a packet uses them and inherit the
# active path; the old ones leave; the session keeps its paths.
. "$(dirname "$0")/lib.sh"

rekey() { # HOST child|ike
	swan "$1" --rekey --"$2" "$([ "$2" = child ] && echo data || echo main)" >>"$out/$1/rekey.out" 2>&1
}
export -f rekey

# charon keeps a rekeyed inbound SA for 5 s, for packets on the way
quick="CHARON_EXTRA=delete_rekeyed_delay = 1"

after() {
	local report=$1
	all_flow "$report"
	fact "$report" "every command succeeded" 'all(.events[] | select(.action == "exec"); .status == 0)' \
		'[.events[] | select(.action == "exec") | .status] | tostring'
	expect "one CHILD_SA, as before" \
		test "$(swan node --list-sas --raw | grep -o 'state=INSTALLED' | wc -l)" = 1
	expect "two SAs in the node's maps" \
		test "$(at node "$segue" -j sa | jq length)" = 2
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree
}

for what in child ike; do
	for who in node server; do
		for mode in transport tunnel; do
			begin "$what by $who, $mode" "$quick"
			topology 15
			connect $mode
			# before; so late that its messages meet the cut; after
			# shellcheck disable=SC2046
			measure "$out/report.json" $(load) --rate 250 \
				--at "200,exec,rekey $who $what" \
				--at "700,exec,rekey $who $what" --at "710.3,$(carrier_loss wlan0)" \
				--at "1400,exec,rekey $who $what" --duration 2500 --drain 1000
			after "$out/report.json"
		done
	done
done

finish
