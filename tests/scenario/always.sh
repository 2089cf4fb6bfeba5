#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# duplicate = always: each packet goes by both uplinks, and one of them is cut.
#
#                 router-w              core
#    ✂/✓ wlan0 ════ node | core ════ w       |
#   node                                     | s ──── eth0 server
#    ✓/✂ lte0 ═════ node | core ════ l       |
#                 router-l
#
# wlan0 and lte0 lose their carrier in turn, without a warning; the other one has
# been back for 40 ms.  What was on the dead wire came by the other one as well:
# nothing is lost, in either direction, at whatever round trip.  The replay window
# drops what comes second, and that is all it drops.  SEGUE_CUTS sets how many.
. "$(dirname "$0")/lib.sh"

cuts_each=${SEGUE_CUTS:-34} period=100

cut_in_turn() { # MODE RTT
	local i at cut back options=()
	topology "$2"
	connect "$1"
	await 10 copying server || die "server does not copy"
	await 10 copying node || die "node does not copy"
	for ((i = 0; i < cuts_each; i++)); do
		at=$((300 + i * period))
		[ $((i % 2)) = 0 ] && cut=wlan0 back=lte0 || cut=lte0 back=wlan0
		[ $i = 0 ] || options+=(--at "$((at - 40)),$(carrier_back $back)")
		options+=(--at "$at.$((i % 10)),$(carrier_loss $cut)")
	done
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) "${options[@]}" --duration $((at + 1000))
	fact "$out/report.json" "$cuts_each carrier losses" "[$cuts] | length == $cuts_each" "[$cuts] | length"
	fact "$out/report.json" "none lost in either direction" \
		'[.flows | .up, .down, .echo | .lost] | add == 0' '.flows | [.up, .down, .echo | .lost] | tostring'
	stalled_at_most "$out/report.json" "$cuts" 3.1
	fact "$out/report.json" "none twice" '[.flows | .up, .down | .duplicates] | add == 0'
	fact "$out/report.json" "TCP survived, without a retransmission timeout" \
		'.flows.tcp.survived and ([.hosts[].tcp_timeouts] | add == 0)' '[.hosts[].tcp_timeouts] | tostring'
	nothing_in_clear "$out/report.json"
	only_replay_drops "$out/report.json"
	maps_agree
}

begin "always, transport, RTT 0.35 ms" "MOBIKEX_EXTRA=duplicate = always"
cut_in_turn transport 0.35
begin "always, beet, RTT 15 ms" "MOBIKEX_EXTRA=duplicate = always"
cut_in_turn beet 15
begin "always, tunnel, RTT 40 ms" "MOBIKEX_EXTRA=duplicate = always"
cut_in_turn tunnel 40
finish
