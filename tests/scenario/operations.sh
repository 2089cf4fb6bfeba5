#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# MOBIKE-X's operations: an uplink appears, one goes in an orderly way, an idle one
# falls silent.
#
#                 router-w              core
#     ±  wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#     ±  lte0 ───── node | core ──── l       |
#                 router-l
#
# docs/mobike-x.md: what the node tells is checked by the server before it is used,
# and so a handover onto it asks for nothing first.
. "$(dirname "$0")/lib.sh"

# of the node's messages that router-l saw after event N
told() { # EVENT ROUTER
	echo ".events[$1].t_ms as \$at | [.wires[\"router-$2/node\"].messages[] |
		select(.direction == \"in\" and .t_ms >= \$at)]"
}
logged() { grep -q "$2" "$out/$1/charon.log"; }
never_logged() { ! logged "$@"; }
address_gone() { at node ip address del "$1" dev "$2"; }
export -f address_gone

# check_of HOST ADDRESS: what `segue session` says of the check of an address
check_of() {
	at "$1" "$segue" -j session |
		jq -r --arg a "$2" '.[0].addresses[] | select(.address == $a).check'
}
check_is() { [ "$(check_of "$1" "$2")" = "$3" ]; }

for mode in transport tunnel; do
	begin "an uplink appears, $mode"
	topology 15
	prepare $mode
	address_gone 10.2.0.2/24 lte0
	initiate
	expect "the server knows one path" verified server 1
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "300,exec,uplink_restore lte0" \
		--at "1500.3,$(carrier_loss wlan0)" --duration 3000
	all_flow "$out/report.json"
	expect "the node tells the address that came" logged node 'added address 10\.2\.0\.2'
	expect "the server takes it" logged server 'the peer added 10\.2\.0\.2'
	expect "and verifies it" logged server 'address 10\.2\.0\.2 of the peer verified'
	fact "$out/report.json" "no packet by lte0 before it was needed" \
		'.events[0].wires["router-l/node"].in_esp | (. // 0) == 0'
	stalled_at_most "$out/report.json" "$cuts" 19
	uplink_lost_nothing "$out/report.json"
	expect "server sends to lte0" active_is server remote "$node_lte"
	maps_agree

	begin "an idle uplink goes, $mode"
	topology 15
	connect $mode
	monitor_start node
	monitor_start server
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "300,exec,address_gone 10.2.0.2/24 lte0" \
		--duration 2000
	monitor_stop node
	monitor_stop server
	expect "monitor tells the exchange on the node" saw node \
		'.event == "exchange" and .reason == "told: address removed"'
	expect "and on the server" saw server \
		'.event == "exchange" and .reason == "peer removed an address"'
	all_flow "$out/report.json"
	fact "$out/report.json" "one request tells it, by wlan0" \
		"$(told 0 w) | [.[] | select(.response == false)] | length == 1" \
		"$(told 0 w) | tostring"
	expect "the server takes it out" logged server 'the peer removed 10\.2\.0\.2'
	expect "and every path to it" await 10 verified server 1
	expect "nothing was refused" never_logged server "refused to the peer"
	maps_agree

	begin "the uplink in use goes, $mode"
	topology 15
	connect $mode
	# shellcheck disable=SC2046
	measure "$out/report.json" $(load) --at "300.3,exec,address_gone 10.1.0.2/24 wlan0" \
		--duration 2000
	all_flow "$out/report.json"
	fact "$out/report.json" "one request by lte0: moved and removed" \
		"$(told 0 l) | [.[] | select(.response == false)] | length == 1" \
		"$(told 0 l) | tostring"
	expect "the server takes it out" logged server 'the peer removed 10\.1\.0\.2'
	expect "and every path to it" await 10 verified server 1
	expect "nothing was refused" never_logged server "refused to the peer"
	maps_agree
done

begin "more addresses than a list holds"
topology 15
prepare transport
for n in {11..21}; do	# charon lists 8 of them in IKE_AUTH, RFC 4555 3.4
	address node lte0 "10.2.0.$n/24"
done
initiate
expect "the node tells the others" await 10 logged node 'telling the peer: added address 10\.2\.0\.'
expect "the server verifies all 13" await 30 verified server 13
expect "nothing was refused" never_logged server "refused to the peer"
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "300.3,$(carrier_loss wlan0)" --duration 1500
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 19
maps_agree

begin "an uplink that answers late"
topology 15 1400	# later than a request is repeated by the path in use (push_delay)
prepare transport
initiate
expect "the server verifies it all the same" await 30 verified server 2
expect "the node knows it" await 5 check_is node "$node_lte" verified
maps_agree

begin "a peer of RFC 4555 gets its list" SEGUE_HOSTS=node
topology 15
prepare tunnel
address_gone 10.2.0.2/24 lte0
initiate
uplink_restore lte0
expect "the server gets a list" await 10 logged server 'parsed INFORMATIONAL request .*N(ADD_4_ADDR)'
address_gone 10.2.0.2/24 lte0
expect "and one without it" await 10 logged server \
	'parsed INFORMATIONAL request [0-9]* \[ \(N(ADD_6_ADDR) \)*\]'
expect "nothing of MOBIKE-X is said" never_logged server 'N((4121[7-9]))'

rekey() { swan node --rekey --ike main >>"$out/node/rekey.out" 2>&1; }
export -f rekey
begin "in the middle of a rekeying of the IKE_SA"
topology 15
connect tunnel
# what is owed when the IKE_SA is replaced is told by the one that takes over
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "300,exec,rekey" \
	--at "310,exec,address_gone 10.2.0.2/24 lte0" --at "1000,exec,uplink_restore lte0" \
	--at "2000.3,$(carrier_loss wlan0)" --duration 3500
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 19
expect "the IKE_SA was rekeyed" logged node 'IKE_SA main\[2\] rekeyed between'
expect "the server took it out" logged server 'the peer removed 10\.2\.0\.2'
expect "and took it in again" logged server 'the peer added 10\.2\.0\.2'
expect "nothing was refused" never_logged server "refused to the peer"
expect "server sends to lte0" active_is server remote "$node_lte"
maps_agree

drop_probes() { # the way by lte0 is dead for IKE, its link alive
	at router-l nft "table inet t { chain c { type filter hook forward priority 0;
		udp dport 4500 drop; udp dport 500 drop; }; }"
}
begin "an idle uplink falls silent" MOBIKEX_EXTRA="recheck_delay = 1000
	check_tries = 2
	check_delay = 200
	push_delay = 100"
topology 15
connect transport
monitor_start server
drop_probes
expect "the server withdraws it" await 20 verified server 1
monitor_stop server
expect "an event says so" saw server '.reason == "check failed"'
expect "it is seen as failed" check_is server "$node_lte" failed
expect "that of the address in use is not" check_is server "$node_wlan" verified
at router-l nft delete table inet t
at node ip link set dev lte0 down
sleep 2.1	# shorter is no reason to tell it again (mobikex_told.h)
uplink_restore lte0
expect "told again when its link is back, it is verified" await 20 verified server 2
expect "it is seen as verified" await 10 check_is server "$node_lte" verified
expect "the node sees that it was asked there" check_is node "$node_lte" verified
at server "$segue" -j session >"$out/session.json"
fact "$out/session.json" "what was negotiated is seen, too" \
	'.[0] | .protocol == "MOBIKE-X 1" and (.peer_can | startswith("restores, interfaces"))' \
	'.[0] | "\(.protocol), \(.peer_can)"'
# wlan0 is withdrawn, too, while it is away: told again, it is verified before the
# node goes back to it
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "300.3,$(carrier_loss wlan0)" \
	--at "4000,$(carrier_back wlan0)" --duration 8000
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 19
expect "the server withdrew wlan0" logged server '10\.1\.0\.2 any more, withdrawn'
expect "the node is back on it" active_is node device wlan0
expect "so is the server" active_is server remote "$node_wlan"
fact "$out/report.json" "going back loses nothing" \
	'[.events[1].flows[].lost // 0] | add == 0' '.events[1].flows | map_values(.lost) | tostring'
maps_agree
finish
