#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SAs that expire by themselves, after a handover.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node  ⌛                                  | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# XFRM's expire names the canonical destination, charon looks for IKE's: what is
# not translated is never rekeyed and dies hard. Here the lifetime would end the
# flows after 4 s.
. "$(dirname "$0")/lib.sh"

for mode in transport tunnel; do
	# the lifetimes are in seconds; XFRM's expire names the canonical destination
	begin "on expiry, $mode" CHILD_NODE="rekey_time = 2s
		life_time = 4s
		rand_time = 0s" CHILD_SERVER="rekey_time = 30s"
	topology 15
	connect $mode
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --rate 250 \
		--at "500.3,$(carrier_loss wlan0)" --duration 7000 --drain 1000
	all_flow "$out/report.json"
	expect "rekeyed at least twice" test "$(grep -c 'CHILD_SA data.*established' "$out/node/charon.log")" -ge 3
	maps_agree
done
finish
