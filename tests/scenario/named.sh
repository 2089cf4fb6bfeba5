#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One of two CHILD_SAs goes another way by hand: the peer is told by the name of its
# SPI, and neither end has a setting for it.
#
#                 router-w              core
#        wlan0 ─TCP─ node | core ──── w       |
#   node    ║                                 | s ──── eth0 server
#        lte0 ──UDP─ node | core ──── l       |
#                 router-l
#
# There at once, back softly, with a rekeying of either SA in between: nothing is
# lost, and TCP never leaves the path of the session.  Then wlan0 is cut: both go.
. "$(dirname "$0")/lib.sh"

# slot_of HOST REQID: by which that CHILD_SA goes
slot_of() { at "$1" "$segue" -j sa | jq "[.[] | select(.direction == \"out\" and .reqid == $2)][-1].slot"; }
# by HOST REQID: device that the node's go by, address that the server's go to
by() {
	local field=device slot
	[ "$1" = node ] || field=remote
	slot=$(slot_of "$1" "$2")
	paths "$1" | jq -r ".[] | select(.slot == $slot) | .$field"
}
goes() { [ "$(by "$1" "$2")" = "$3" ]; }	# HOST REQID DEVICE|ADDRESS
tcp=1 udp=2

spi_of() { # HOST REQID
	at "$1" "$segue" -j sa | jq -r "[.[] | select(.direction == \"in\" and .reqid == $2)][-1].spi"
}

# by_hand OPTION... DEVICE: of the node's UDP
by_hand() {
	at node "$segue" switch --child "$(spi_of node 2)" "${@:1:$#-1}" main "${!#}" >>"$out/by_hand.out" 2>&1
}
export -f by_hand spi_of

# both HOST PATH_OF_TCP PATH_OF_UDP
both() { goes "$1" $tcp "$2" && goes "$1" $udp "$3"; }

apart() { # WHEN
	expect "UDP goes by lte0, TCP by wlan0 $1" both node wlan0 lte0
	expect "the server does likewise $1" both server "$node_wlan" "$node_lte"
}

child() { echo "udp { mode = $1
	local_ts = $2
	remote_ts = $3
	esp_proposals = aes128gcm16 }"; }

another_spi() { [ "$(spi_of node $udp)" != "$spi" ]; }
another_ike() { at server "$segue" -j session | jq -e '.[0].session != "main[1]"' >/dev/null; }

nothing_lost() { # REPORT
	fact "$1" "nothing lost" '[.flows | .up, .down, .echo | .lost] | add == 0' \
		'.flows | [.up, .down, .echo | .lost] | tostring'
	fact "$1" "every command succeeded" \
		'all(.events[] | select(.action == "exec"); .status == 0)' \
		'[.events[] | select(.action == "exec") | .status] | tostring'
	goes_on "$1"
}

begin "one CHILD_SA by hand" FAILBACK_MS=60000 \
	CHILD_EXTRA="local_ts = dynamic[tcp]
		remote_ts = dynamic[tcp]" \
	"CHILDREN_NODE=$(child transport 'dynamic[udp]' 'dynamic[udp]')" \
	"CHILDREN_SERVER=$(child transport 'dynamic[udp]' 'dynamic[udp]')"
topology 15
connect transport
swan node --initiate --child udp --timeout 60 >"$out/node/initiate.out" 2>&1 ||
	die "no second CHILD_SA: $(tail -n 3 "$out/node/initiate.out")"
monitor_start server
expect "both go by wlan0" both node wlan0 wlan0
expect "the server does likewise" both server "$node_wlan" "$node_wlan"

# shellcheck disable=SC2046
measure "$out/there.json" $(load) --at "500,exec,by_hand lte0" --duration 2000
nothing_lost "$out/there.json"
no_xfrm_errors "$out/there.json"
fact "$out/there.json" "one request, one response, by the path of the session" \
	'[.wires["router-w/node"].messages[] | .response] == [false, true] and
	 .wires["router-l/node"].messages == []' '.wires | map_values(.messages | length) | tostring'
apart "now"
expect "an event says what the peer said" saw server '.reason == "peer says it moved"'
for name in node server; do
	spi=$(spi_of node $udp)
	swan $name --rekey --child udp >"$out/$name/rekey.out" 2>&1
	await 10 another_spi
	apart "when $name has rekeyed UDP's SA"
done
swan node --rekey --ike main >"$out/node/rekey.out" 2>&1
await 10 another_ike
# shellcheck disable=SC2046
measure "$out/steady.json" $(load) --at "100,mark" --duration 400
nothing_lost "$out/steady.json"
apart "when the IKE_SA was"

# shellcheck disable=SC2046
measure "$out/back.json" $(load) --at "500,exec,by_hand --soft --window 50 wlan0" --duration 2000
nothing_lost "$out/back.json"
only_replay_drops "$out/back.json"
expect "some were sent by both" test "$(counter node egress_copied)" -gt 50
expect "both go by wlan0 again" both node wlan0 wlan0
expect "the server does likewise" both server "$node_wlan" "$node_wlan"

# shellcheck disable=SC2046
measure "$out/cut.json" $(load) --at "300.3,$(carrier_loss wlan0)" --duration 1300
all_flow "$out/cut.json"
expect "both go by lte0: they are together again" both node lte0 lte0
expect "the server does likewise" both server "$node_lte" "$node_lte"

refused() { ! at "$1" "$segue" switch --child "$2" main "$3" >"$out/refused.out" 2>&1 && grep -q "$4" "$out/refused.out"; }
expect "the responder does not choose" refused server "$(spi_of server $udp)" 0 "not supported"
expect "an SPI of nobody's" refused node ffff lte0 "no SA of this session"
monitor_stop server
maps_agree
finish
