#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ESP's offload in software: TCP hands XFRM segments of many packets' length.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node (GSO)                               | s ──── eth0 server (GSO)
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# With esp4_offload loaded xfrm_output() only puts the ESP header before a segment.
# It comes to segue0 like that, is steered there, and is cut and encrypted by
# validate_xmit_xfrm() on the uplink: as one decision for all of its packets.
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/calls.sh
. "$project/tests/scenario/lib/calls.sh"

handover() { # MODE FUNCTION
	topology 15
	connect "$1"
	calls_begin gso "$2"
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --rate 250 --write 8000 \
		--at "500.3,$(carrier_loss wlan0)" --at "1300,$(carrier_back wlan0)" \
		--at "2000.3,down,node,wlan0" --duration 3000
	expect "$(calls gso) segments were cut below segue0" test "$(calls gso)" -gt 100
	calls_end gso
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 26
	uplink_lost_nothing "$out/report.json"
	fact "$out/report.json" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0' '.hosts | map_values(.xfrm_messages) | tostring'
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree
}

offload_told() { at node "$segue" -j check | jq -e 'any(.[]; .subject == "offload" and .verdict == "warn")'; }

# What is yet to be cut has one ESP header for all of its packets, and a copy would be
# numbered on from the same one: XFRM would not know, and give these numbers again.
twice() { # FUNCTION
	topology 15
	connect transport
	await 10 copying node || die "node does not copy"
	await 10 copying server || die "server does not copy"
	calls_begin gso "$1"
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --rate 250 --write 8000 --duration 2000
	expect "$(calls gso) segments were cut below segue0" test "$(calls gso)" -gt 100
	calls_end gso
	fact "$out/report.json" "none lost in either direction, none twice" \
		'[.flows | .up, .down | .lost, .duplicates] | add == 0' '.flows | [.up, .down | .lost] | tostring'
	expect "of what is yet to be cut there are no copies" \
		test "$(counter node egress_copy_failed)" -gt 100
	expect "of what is whole there are" test "$(counter node egress_copied)" -gt 100
	expect "segue check says so" offload_told
	fact "$out/report.json" "no number was given twice: TCP had to send nothing again" \
		'.flows.tcp.retransmitted == 0' .flows.tcp.retransmitted
	nothing_in_clear "$out/report.json"
	only_replay_drops "$out/report.json"
	maps_agree
}

modprobe -a esp4_offload esp6_offload
begin "transport" FAILBACK_MS=300
handover transport esp4_offload:esp4_gso_segment
begin "tunnel, IPv6" FAILBACK_MS=300 FAMILY=v6
handover tunnel esp6_offload:esp6_gso_segment
begin "transport, all twice" "MOBIKEX_EXTRA=duplicate = always"
twice esp4_offload:esp4_gso_segment
topology_down
modprobe -r esp4_offload esp6_offload
finish
