#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A NAT where none is allowed (RFC 4555 3.9): nothing of what comes through it counts.
#
#                 router-w  NAT 1       core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l  NAT 2
#
# NAT 1 is there from the beginning, NAT 2 comes when the connection is there.
. "$(dirname "$0")/lib.sh"

translate() { # ROUTER: it gives all that leaves it its own address
	at "$1" nft 'table ip t { chain c { type nat hook postrouting priority 100;
		oifname "core" masquerade; }; }'
}
refused() { # how often the server refused for that
	at server "$segue" -j status | jq '[.refused[] | select(.reason == "unexpected NAT").count] | add // 0'
}
logged() { grep -q "$2" "$out/$1/charon.log"; }
to_lte() { at node "$segue" switch main lte0 >"$out/switch.out" 2>&1; }
export -f to_lte

begin "before the first IKE_AUTH" MOBIKEX_NODE="nat = no"
topology 15
prepare tunnel
translate router-w
expect "there is no CHILD_SA" \
	bash -c "! swan node --initiate --child data --timeout 20 >'$out/initiate.out' 2>&1"
expect "the server says why" logged node 'IKE_AUTH response 1 \[.*N(UNEXPECT_NAT)'
expect "it is counted" test "$(refused)" = 1
expect "the server has no session" test "$(at server "$segue" -j session | jq length)" = 0
expect "and no SA" test -z "$(at server ip xfrm state)"
at router-w nft delete table ip t
initiate
expect "without it there is one" await 10 verified server 2

begin "before the path of a handover" MOBIKEX_NODE="nat = no"
topology 15
connect tunnel
translate router-l
monitor_start node
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,exec,to_lte" --duration 2000
monitor_stop node
expect "the handover was made" saw node '.event == "switch" and .reason == "manual"'
expect "the server refused it, and each request after it" test "$(refused)" = 6
expect "the node left that path" saw node \
	'.event == "switch" and .reason == "not acceptable to the peer"'
expect "it is back on wlan0" active_is node device wlan0
expect "and lte0 is for receiving only" test "$(at node "$segue" -j path |
	jq -r '.[] | select(.device == "lte0").state')" = "receive only"
expect "the server never left it" active_is server remote "$node_wlan"
goes_on "$out/report.json"
maps_agree
finish
