#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Carrier loss: the far end of wlan0's cable goes down under load.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: the same softirq that learns of it moves the traffic; the peer follows
# the first authenticated packet; IKE confirms; no XFRM object is touched.
. "$(dirname "$0")/lib.sh"

cut_carrier() { # MODE
	topology 15
	connect "$1"
	expect "sends by wlan0 first" active_is node device wlan0
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" --duration 2500
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 19
	uplink_lost_nothing "$out/report.json"
	fact "$out/report.json" "no XFRM netlink message on either host" \
		'[.hosts[].xfrm_messages | length] | add == 0' '.hosts | map_values(.xfrm_messages) | tostring'
	fact "$out/report.json" "TCP: at most one retransmission timeout" \
		'[.hosts[].tcp_timeouts] | add <= 1' '[.hosts[].tcp_timeouts] | add'
	fact "$out/report.json" "IKE told the server by lte0, and was answered" \
		'[.wires["router-l/node"].messages[] | select(.response)] | length > 0'
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree
}

for mode in transport beet tunnel; do
	begin "$mode with AES-GCM"
	cut_carrier $mode
done
begin "transport with AES-CBC and SHA1" ESP=aes128-sha1
cut_carrier transport
begin "tunnel with AES-CBC and SHA1" ESP=aes128-sha1
cut_carrier tunnel
finish
