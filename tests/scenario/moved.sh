#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Transport mode, moved: SAs and selectors follow the addresses, and the flows move
# from pair to pair by themselves.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node   ↓                                 | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Every pair of addresses has a CHILD_SA of its own before it is needed. Three
# associations move when they are told to: UDP by a new socket, SCTP by ASCONF, MPTCP
# by the kernel's path manager. One UDP flow each way does not move: what it sends
# where nothing is protected any more must go nowhere, and never in clear.
. "$(dirname "$0")/lib.sh"

node_new=10.1.0.3 rate=100
export node_new

# ------------------------------------------------------------- what there is

# policies HOST ADDRESS: "in" or "out", for each that protects that address of the node
policies() {
	at "$1" ip xfrm policy | awk -v address="$2" '
		$1 == "src" {
			split($2, from, "/")
			split($4, to, "/")
			one = $2 $4 !~ /\/0/ && (from[1] == address || to[1] == address)
		}
		$1 == "dir" && one { print $2 }' | sort | tr '\n' ' '
}

# paired HOST ADDRESS: a CHILD_SA for it; unprotected HOST ADDRESS: none
paired() {
	[ "$(policies "$1" "$2")" = "in out " ] &&
		[ "$(at "$1" ip xfrm state | grep -c "^src.*$2\b")" = 2 ]
}

unprotected() {
	[ -z "$(policies "$1" "$2")" ] && ! at "$1" ip xfrm state | grep -q "^src.*$2\b"
}

# prefers ADDRESS: the source that the routes choose
prefers() { at node ip route get "$server_outer" | grep -qw "src $1"; }

both() { "$1" node "$2" && "$1" server "$2"; }

# ----------------------------------------------------------- what is to move

transports() {
	local name
	modprobe -a sctp 2>/dev/null || true	# where it is no module, it is there
	for name in node server; do
		# RFC 5061 wants AUTH for ASCONF; here ESP has authenticated it
		at "$name" sysctl -qw net.sctp.addip_enable=1 net.sctp.addip_noauth_enable=1
		at "$name" ip mptcp limits set subflow 2 add_addr_accepted 2
	done
}

associations() {
	local kind phase=100
	for kind in udp sctp mptcp; do
		echo --assoc "$kind,$kind,node,$node_wlan,server,$server_outer,$phase"
		phase=$((phase + 400))
	done
}

# subflow ADDRESS, retire ADDRESS: what a path manager does when an address is to be used,
# and when it is to be left
subflow() { at node ip mptcp endpoint add "$1" subflow; }
retire() { at node ip mptcp endpoint delete id 0 "$1"; }

come() { at node ip address add $node_new/24 dev wlan0; }
gone() { at node ip address del "$node_wlan/24" dev wlan0; }
renumber() { gone; come; uplink_routes wlan0; }
export -f subflow retire come gone renumber

# ------------------------------------------------------------ what must hold

alive() { # REPORT KIND...
	local report=$1 kind way
	shift
	for kind; do
		for way in up down; do
			fact "$report" "$kind, $way: goes on to the end, stalled for" ".assocs.$kind.$way.survived" \
				"[.events[].assocs.$kind.$way.stall_ms] | max, \"ms\""
			[ "$kind" = udp ] || fact "$report" "$kind, $way: nothing is missing" \
				".assocs.$kind.$way.missing == 0" ".assocs.$kind.$way | tostring"
		done
	done
	nothing_in_clear "$report"
}

# no_xfrm_errors_but REPORT COUNTER...
no_xfrm_errors_but() {
	local report=$1
	shift
	fact "$report" "every XFRM error counter 0 but $*" \
		"[.hosts[].xfrm_counters | del($(printf '.%s,' "$@" | sed 's/,$//'))[]] | add | (. // 0) == 0" \
		'[.hosts[].xfrm_counters] | tostring'
}

begin "one end only" MOBIKEX_NODE="transport = moved"
topology 15
connect transport
expect "the log says so" grep -q "pinned, not moved: the peer does not want it" "$out/node/charon.log"
expect "node: pinned" test "$(at node "$segue" -j sa | jq length)" = 2
expect "server: pinned" test "$(at server "$segue" -j sa | jq length)" = 2
expect "no other CHILD_SA" test "$(at node ip xfrm state | grep -c ^src)" = 2
maps_agree

# moves_made REPORT: the associations', and those of the path manager
moves_made() {
	fact "$1" "every move was made" '[.events[] | select(.action != "down") | .status] | all(. == 0)' \
		'[.events[].status] | tostring'
}

begin "soft" MOBIKEX_EXTRA="transport = moved"
topology 15
transports
connect transport
expect "a CHILD_SA for wlan0" await 10 both paired "$node_wlan"
expect "a CHILD_SA for lte0" await 10 both paired "$node_lte"
# shellcheck disable=SC2046
measure "$out/report.json" --rate $rate $(associations) $(flow_up 3500) $(flow_down 3900) \
	--at "200,join,$node_lte" --at "210,exec,subflow $node_lte" \
	--at "600,move,$node_lte" --at "600.5,exec,retire $node_wlan" --at "800,exec,gone" \
	--duration 2600
moves_made "$out/report.json"
alive "$out/report.json" udp sctp mptcp
fact "$out/report.json" "udp: nothing lost" '[.assocs.udp | .up, .down | .missing] == [0, 0]' \
	'.assocs.udp | tostring'
no_xfrm_errors_but "$out/report.json" XfrmOutPolBlock
fact "$out/report.json" "what the server still sent to the old address was blocked" \
	'.hosts.server.xfrm_counters.XfrmOutPolBlock > 0' .hosts.server.xfrm_counters.XfrmOutPolBlock
expect "nothing is left for the old address" both unprotected "$node_wlan"
expect "the CHILD_SA for lte0 is" both paired "$node_lte"
maps_agree

for family in v4 v6; do
	event=$(carrier_loss wlan0)
	[ $family = v4 ] || event=down,node,wlan0
	begin "hard, $family, ${event//,/ }" MOBIKEX_EXTRA="transport = moved" FAMILY=$family
	topology 15
	transports
	connect transport
	expect "a CHILD_SA for each" eval "await 10 both paired $node_wlan && await 10 both paired $node_lte"
	[ $family = v4 ] && often=250 || often=$rate
	# shellcheck disable=SC2046
	measure "$out/report.json" --rate $often $(associations) $(flow_up 3500) $(flow_down 3900) \
		--at "200,join,$node_lte" --at "210,exec,subflow $node_lte" \
		--at "600.3,$event" --at "602.3,move,$node_lte" --at "602.5,exec,retire $node_wlan" \
		--duration 2400
	moves_made "$out/report.json"
	alive "$out/report.json" udp sctp mptcp
	no_xfrm_errors "$out/report.json"
	expect "IKE is there, too" active_is server remote "$node_lte"
	expect "who chooses no address gets that one" prefers "$node_lte"
	maps_agree
	[ $family = v4 ] || continue
	at router-w ip link set dev node up
	expect "back by wlan0" await 10 active_is server remote "$node_wlan"
	expect "and so is who chooses none" await 1 prefers "$node_wlan"
done

# Rekeyed where IKE is not: each keeps its addresses, and gets new keys.
spis() { at node ip xfrm state | grep -o 'spi 0x[0-9a-f]*' | sort; }
before=$(spis)
renewed() { [ "$(spis | wc -l)" = 4 ] && ! spis | grep -qxF "$before"; }
swan node --rekey --child data >"$out/node/rekey.out" 2>&1 || true
expect "both CHILD_SAs rekeyed" await 10 renewed
expect "each for its addresses" eval "both paired $node_wlan && both paired $node_lte"

# The IKE_SA rekeyed, by either end: the new one has them all, and goes on making them.
ike_spi() { swan node --list-sas --raw | grep -o 'initiator-spi=[0-9a-f]*' | sort -u; }
ike_renewed() { [ "$(ike_spi | wc -l)" = 1 ] && [ "$(ike_spi)" != "$ike" ]; }
another=fd02::3
for host in node server; do
	ike=$(ike_spi)
	swan $host --rekey --ike main >>"$out/$host/rekey.out" 2>&1 || true
	expect "the IKE_SA rekeyed by $host" await 10 ike_renewed
	expect "each CHILD_SA for its addresses" eval "both paired $node_wlan && both paired $node_lte"
	if [ $host = node ]; then
		at node ip address add $another/64 dev lte0 nodad
		expect "another address gets one" await 10 both paired $another
	else
		at node ip address del $another/64 dev lte0
		expect "and without that address it goes" await 10 both unprotected $another
	fi
	maps_agree
done

# The new address was never announced: it is blocked until IKE has moved, the server has
# checked it, and there is a CHILD_SA. That takes three round trips, here 120 ms, of which
# the association sends in the second half.
begin "hard, address changed" MOBIKEX_EXTRA="transport = moved" SEGUE_UPLINKS=wlan0
topology 40
at node sysctl -qw net.ipv4.conf.wlan0.promote_secondaries=1
at node ip link set lte0 down
connect transport
# shellcheck disable=SC2046
measure "$out/report.json" --rate $rate --assoc "udp,udp,node,$node_wlan,server,$server_outer,100" \
	$(flow_up 3500) $(flow_down 3900) \
	--at "500.3,exec,renumber" --at "560,move,$node_new" --duration 2800
moves_made "$out/report.json"
alive "$out/report.json" udp
no_xfrm_errors_but "$out/report.json" XfrmOutPolBlock
fact "$out/report.json" "packets that no CHILD_SA protected were blocked" \
	'.hosts.node.xfrm_counters.XfrmOutPolBlock > 0' .hosts.node.xfrm_counters.XfrmOutPolBlock
# XFRM_MSG_NEWPOLICY 19, UPDPOLICY 25, DELPOLICY 20
fact "$out/report.json" "new policies were in before old ones went" \
	'[.hosts[].xfrm_messages | ([.[] | select(.type == (19, 25)) | .t_ms] | max) <
		([.[] | select(.type == 20) | .t_ms] | min)] == [true, true]' \
	'.hosts | map_values([.xfrm_messages[] | [.type, .t_ms]]) | tostring'
expect "a CHILD_SA for the new address" both paired "$node_new"
expect "nothing is left for the old one" both unprotected "$node_wlan"
maps_agree

# What this is about: the same with stock strongSwan, and the sniffers see it.
begin "stock" SEGUE_HOSTS=
topology 15
connect transport
# shellcheck disable=SC2046
measure "$out/report.json" --rate $rate --assoc "udp,udp,node,$node_wlan,server,$server_outer,100" \
	--at "300.3,down,node,wlan0" --at "302.3,move,$node_lte" --duration 800
fact "$out/report.json" "stock strongSwan: in clear" '[.wires[].clear] | add > 0' '[.wires[].clear] | add'
finish
