#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The interface is switched off, or loses its address.
#
#                 router-w              core
#   ✂    wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Admin down takes wlan0's routes with it and makes the kernel forget that the
# canonical address is its own; the address stays deliverable on segue0. An
# address that is removed leaves a link that is up: the path goes, not the link.
. "$(dirname "$0")/lib.sh"

for mode in transport beet tunnel; do
	begin "admin down, $mode"
	topology 15
	connect $mode
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,down,node,wlan0" --duration 2500
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 19
	uplink_lost_nothing "$out/report.json"
	fact "$out/report.json" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0' '.hosts | map_values(.xfrm_messages) | tostring'
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree
done

for mode in transport tunnel; do
	begin "address removed, $mode"
	topology 15
	connect $mode
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,addr-del,node,wlan0,$node_wlan/24" --duration 2500
	all_flow "$out/report.json"
	# the agent reacts, not the link watch: user space is in it
	stalled_at_most "$out/report.json" "$cuts" 60
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree
done
finish
