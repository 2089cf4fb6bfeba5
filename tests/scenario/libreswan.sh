#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The other end is libreswan, in tunnel mode with MOBIKE: once the gateway, once the
# node.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected of a libreswan that is the server: our half moves at once, its half when
# MOBIKE's UPDATE_SA_ADDRESSES comes, by XFRM_MSG_MIGRATE; and back.
#
# A libreswan that is the node moves when the address is taken away from it, and asks
# the routing table where to go. segue at the server follows its UPDATE_SA_ADDRESSES,
# once COOKIE2 has come back from there.
. "$(dirname "$0")/lib.sh"
libreswan_needed

begin "libreswan is the server" SEGUE_HOSTS=node LIBRESWAN_HOSTS=server FAILBACK_MS=300
topology 15
connect fixed
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" \
	--at "1500,$(carrier_back wlan0)" --duration 3500
goes_on "$out/report.json"
# XFRM_MSG_MIGRATE copies the counter of an SA before the policy takes the copy: what
# is sent in between has its sequence number in common with the copy's first packet
# (xfrm_migrate() in net/xfrm/xfrm_policy.c), and our replay window takes only one.
only_replay_drops "$out/report.json"
fact "$out/report.json" "at most one of them each time that libreswan migrated its SAs" \
	'.hosts | .node.xfrm_errors <= (.server.xfrm_messages | length / 3)' \
	'"\(.hosts.node.xfrm_errors) of \(.hosts.server.xfrm_messages | length / 3)"'
fact "$out/report.json" "and at failback nothing else is lost" \
	'.events[1].flows.down.lost + .events[1].flows.up.lost <= .hosts.node.xfrm_errors' \
	'.events[1].flows | map_values(.lost) | tostring'
fact "$out/report.json" "first packet by lte0 within 1.1 ms" \
	".events[0].wires[\"router-l/node\"].in_first_ms <= $(bound 1.1)" \
	'.events[0].wires["router-l/node"].in_first_ms'
stalled_at_most "$out/report.json" '.events[0]' 75
expect "node is back on wlan0" active_is node device wlan0
expect "the IKE_SA lives" grep -q ESTABLISHED <(swan node --list-sas)
maps_agree

begin "libreswan is the node" SEGUE_HOSTS=server LIBRESWAN_HOSTS=node
topology 15
connect fixed
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,addr-del,node,wlan0,$node_wlan/24" --duration 3500
goes_on "$out/report.json"
fact "$out/report.json" "every XFRM error counter of the server 0" \
	'.hosts.server.xfrm_errors == 0' '.hosts.server.xfrm_counters | tostring'
# until it has migrated its SAs, libreswan's have a source that is gone
fact "$out/report.json" "the node refused to send from the address it had lost, no more" \
	'.hosts.node.xfrm_counters | del(.XfrmOutBundleGenError) | length == 0' \
	'.hosts.node.xfrm_counters | tostring'
stalled_at_most "$out/report.json" '.events[0]' 150
expect "server sends to lte0" active_is server remote "$node_lte"
expect "the IKE_SA lives" grep -q ESTABLISHED <(swan server --list-sas)
maps_agree
finish
