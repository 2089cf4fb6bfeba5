#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# CHILD_SAs of one IKE_SA that go ways of their own.
#
#                 router-w              core
#     ✂  wlan0 ─TCP─ node | core ──── w       |
#   node                                      | s ──── eth0 server
#        lte0 ──UDP─ node | core ──── l       |
#                 router-l
#
# TCP goes with the session, by wlan0; UDP prefers lte0.  Each link is lost once, and
# takes only those with it that went by it; back, it gets them back, not the others.
# Then: UDP is sent by both, and TCP is not.
. "$(dirname "$0")/lib.sh"

# by HOST udp|tcp: device that the node's go by, address that the server's go to
by() {
	local field=device reqid=2
	[ "$1" = node ] || field=remote
	[ "$2" = udp ] || reqid=1
	paths "$1" >"$out/path.$1"
	at "$1" "$segue" -j sa | jq -r --slurpfile paths "$out/path.$1" \
		"[.[] | select(.direction == \"out\" and .reqid == $reqid)][0].slot as \$slot |
		\$paths[0][] | select(.slot == \$slot) | .$field"
}
goes() { [ "$(by "$1" "$2")" = "$3" ]; }	# HOST CHILD DEVICE|ADDRESS

two_children() { # MODE
	connect "$1"
	swan node --initiate --child udp --timeout 60 >"$out/node/initiate.out" 2>&1 ||
		die "no second CHILD_SA: $(tail -n 3 "$out/node/initiate.out")"
}

ts() { # LOCAL REMOTE PROTOCOL
	[ -z "$1" ] || echo "local_ts = $1[$3]"
	[ -z "$2" ] || echo "remote_ts = $2[$3]"
}
dynamic() { ts dynamic dynamic "$1"; }
udp() { echo "udp { mode = $1
	$2
	esp_proposals = aes128gcm16 }"; }

settings="connections { main { children { udp { SETTING } } } }"

# In transport mode both ends have a setting; in tunnel mode the server is told by name.
for mode in transport tunnel; do
	told=
	if [ $mode = transport ]; then
		told=${settings/SETTING/apart = yes}
		tcp_node=$(dynamic tcp) tcp_server=$tcp_node
		udp_node=$(dynamic udp) udp_server=$udp_node
	else
		tcp_node=$(ts "" "$server_inner" tcp) tcp_server=$(ts "$server_inner" "" tcp)
		udp_node=$(ts "" "$server_inner" udp) udp_server=$(ts "$server_inner" "" udp)
	fi

	begin "UDP prefers lte0, $mode" FAILBACK_MS=300 "CHILD_NODE=$tcp_node" "CHILD_SERVER=$tcp_server" \
		"CHILDREN_NODE=$(udp $mode "$udp_node")" "CHILDREN_SERVER=$(udp $mode "$udp_server")" \
		"MOBIKEX_NODE=${settings/SETTING/prefer = lte0}" \
		"MOBIKEX_SERVER=$told"
	topology 15
	two_children $mode
	expect "UDP goes by lte0" await 10 goes node udp lte0
	expect "TCP goes by wlan0" goes node tcp wlan0
	# shellcheck disable=SC2046
	measure "$out/steady.json" $(load) --at "300,mark" --duration 800
	fact "$out/steady.json" "nothing lost" '[.flows | .up, .down, .echo | .lost] | add == 0'
	expect "the server sends UDP to lte0" goes server udp "$node_lte"
	expect "and TCP to wlan0" goes server tcp "$node_wlan"
	# shellcheck disable=SC2046
	measure "$out/wlan.json" $(load) --at "500.3,$(carrier_loss wlan0)" --at "1000,$(carrier_back wlan0)" \
		--at "2000,mark" --duration 2300
	all_flow "$out/wlan.json"
	fact "$out/wlan.json" "UDP notices nothing of wlan0's loss" \
		'[.flows | .up, .down, .echo | .lost] | add == 0' '.flows | [.up, .down, .echo | .lost] | tostring'
	expect "TCP is back on wlan0" goes node tcp wlan0
	# shellcheck disable=SC2046
	measure "$out/lte.json" $(load) --at "500.3,$(carrier_loss lte0)" --at "1000,$(carrier_back lte0)" \
		--at "2000,mark" --duration 2300
	all_flow "$out/lte.json"
	uplink_lost_nothing "$out/lte.json"
	stalled_at_most "$out/lte.json" "$cuts" 19
	fact "$out/lte.json" "TCP notices nothing of lte0's loss" \
		'[.events[] | select(.action == "down")][0].flows.tcp.stall_ms < 16' \
		'[.events[] | select(.action == "down")][0].flows.tcp | tostring'
	expect "UDP is back on lte0" goes node udp lte0
	expect "the server sends it there again" goes server udp "$node_lte"
	expect "TCP is on wlan0 still" goes node tcp wlan0
	maps_agree
done
finish
