#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Several CHILD_SAs of one IKE_SA, each for a protocol of its own.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node  ═UDP═                              | s ──── eth0 server
#         ─TCP─                              |
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: they are one session. The first packet of any of them moves all; packets
# of the others that were on their way do not move it back. Rekeyed, each inherits
# the path; one that is deleted leaves the session to the others.
. "$(dirname "$0")/lib.sh"

rekey() { # HOST child|ike NAME
	swan "$1" --rekey --"$2" "$3" >>"$out/$1/rekey.out" 2>&1
}
export -f rekey

sas() { at "$1" "$segue" -j sa | jq length; }

# hold N: SAs that the node has, the server has, and in how many sessions
hold() {
	test "$(sas node) $(sas server) $(at node "$segue" -j session | jq length)" = "$1 $1 1"
}

handover() { # MODE
	topology 15
	connect "$1"
	swan node --initiate --child other --timeout 60 >"$out/node/initiate.out" 2>&1 ||
		die "no second CHILD_SA: $(tail -n 3 "$out/node/initiate.out")"
	expect "one session with four SAs on both hosts" hold 4
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --rate 250 --at "500.3,$(carrier_loss wlan0)" \
		--at "1000,exec,rekey node child data" --at "1300,exec,rekey server child other" \
		--at "1600,exec,rekey server ike main" --duration 3000 --drain 500
	all_flow "$out/report.json"
	stalled_at_most "$out/report.json" "$cuts" 26
	uplink_lost_nothing "$out/report.json"
	fact "$out/report.json" "every command succeeded" 'all(.events[] | select(.action == "exec"); .status == 0)' \
		'[.events[] | select(.action == "exec") | .status] | tostring'
	expect "node sends by lte0" active_is node device lte0
	expect "server sends to lte0" active_is server remote "$node_lte"
	expect "one session with four SAs as before" hold 4
	maps_agree
	swan node --terminate --child other >"$out/node/terminate.out" 2>&1
	# closed for IKE is not yet deleted
	expect "the other CHILD_SA goes, the session stays" await 5 hold 2
	expect "and is where it was" active_is node device lte0
	maps_agree
}

quick="CHARON_EXTRA=delete_rekeyed_delay = 1"

# selectors that follow the address, as transport mode needs it
begin "transport for UDP and for TCP" "$quick" \
	CHILD_EXTRA="local_ts = dynamic[udp]
		remote_ts = dynamic[udp]" \
	CHILDREN_NODE="other {
		mode = transport
		local_ts = dynamic[tcp]
		remote_ts = dynamic[tcp]
		esp_proposals = aes128gcm16 }" \
	CHILDREN_SERVER="other {
		mode = transport
		local_ts = dynamic[tcp]
		remote_ts = dynamic[tcp]
		esp_proposals = aes128gcm16 }"
handover transport

begin "tunnel for UDP and for TCP" "$quick" \
	CHILD_NODE="remote_ts = ${server_inner}[udp]" \
	CHILD_SERVER="local_ts = ${server_inner}[udp]" \
	CHILDREN_NODE="other {
		remote_ts = ${server_inner}[tcp]
		esp_proposals = aes128gcm16 }" \
	CHILDREN_SERVER="other {
		local_ts = ${server_inner}[tcp]
		esp_proposals = aes128gcm16 }"
handover tunnel
finish
