#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Other selectors for a CHILD_SA, while it is in use and away from home.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node  ═UDP═                              | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#         ═UDP, then UDP and TCP═
#                 router-l
#
# IKEv2 does not change selectors in place: a CHILD_SA with the new ones is made, and
# then the old one deleted, by swanctl. Expected: the new one is of the same session and
# goes where that is, by lte0; nothing is in clear in between, and what is lost is
# what was on its way under the old one when the peer deleted it.
. "$(dirname "$0")/lib.sh"

# selectors PROTOCOLS: both ends get them, the CHILD_SA in use does not yet
selectors() {
	CHILD_NODE="remote_ts = $server_inner$1" CHILD_SERVER="local_ts = $server_inner$1" \
		swanctl_conf tunnel
	swan node --load-conns
	swan server --load-conns
}

# the CHILD_SA that was there first
oldest() {
	swan node --list-sas --raw | grep -o 'data-[0-9]* {' | grep -o '[0-9]*' | sort -n | head -n 1
}

# renegotiate PROTOCOLS
renegotiate() {
	local old
	old=$(oldest) && selectors "$1" &&
		swan node --initiate --child data --timeout 60 &&
		swan node --terminate --child-id "$old" --timeout 60
}
export -f swan swanctl_conf swanctl_conf_of selectors oldest renegotiate
export host_bits

sas() { at "$1" "$segue" -j sa | jq length; }
settled() { [ "$(sas node) $(sas server)" = "2 2" ]; }

# bounded REPORT: at 250 packets/s, of a round trip of 15 ms and of what charon takes
bounded() {
	fact "$1" "uplink: lost what was under way for the peer's old SA" \
		".flows.up.lost <= $(bound 8)" .flows.up.lost
	fact "$1" "every flow goes on to the end" '.events[-1].flows | all(.never | not)' \
		'.events[-1].flows | map_values(.stall_ms) | tostring'
	fact "$1" "every command succeeded" \
		'all(.events[] | select(.action == "exec"); .status == 0)'
	nothing_in_clear "$1"
}

begin "UDP alone, then all, then UDP alone" \
	CHILD_NODE="remote_ts = ${server_inner}[udp]" CHILD_SERVER="local_ts = ${server_inner}[udp]"
topology 15
connect tunnel
# shellcheck disable=SC2046
measure "$out/report.json" $(flow_up 0) $(flow_down 500) --rate 250 --at "500.3,$(carrier_loss wlan0)" \
	--at "1000,exec,renegotiate '' >>$out/renegotiate.out 2>&1" --duration 2500 --drain 500
bounded "$out/report.json"
expect "the old one is gone on both hosts" await 5 settled
expect "node sends by lte0" active_is node device lte0
expect "server sends to lte0" active_is server remote "$node_lte"
maps_agree

# TCP is protected by the new ones: else it would be on a wire in clear
second=$(oldest)
# shellcheck disable=SC2046
measure "$out/report2.json" $(load) --rate 250 \
	--at "500,exec,renegotiate '[udp]' >>$out/renegotiate.out 2>&1" --duration 510 --drain 500
fact "$out/report2.json" "TCP flows" '.flows.tcp.received > 0' .flows.tcp.received
nothing_in_clear "$out/report2.json"
fact "$out/report2.json" "every command succeeded" \
	'all(.events[] | select(.action == "exec"); .status == 0)'
expect "there is another one" test "$(oldest)" -gt "$second"
expect "the old one is gone on both hosts" await 5 settled
expect "node sends by lte0 still" active_is node device lte0
maps_agree
finish
