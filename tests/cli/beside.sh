#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Other people's programs on the same device go on: XDP through libxdp's
# dispatcher, tc at a clsact that was there before or came after.
#
#   this host                               peer
#     segue, others ── wlan0 10.1.0.2 ──── w0 10.1.0.1
. "$(dirname "$0")/lib.sh"

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
# No cold neighbour: what is counted is what is sent.
ip neigh replace 10.1.0.1 lladdr "$(peer ip -j link show w0 | jq -r '.[0].address')" dev wlan0
peer ip neigh replace 10.1.0.2 lladdr "$(cat /sys/class/net/wlan0/address)" dev w0

# seen PROGRAM: how often somebody else's program ran
seen() {
	local map
	map=$(bpftool -j prog show name "$1" | jq 'if type == "array" then .[-1] else . end | .map_ids[0]')
	bpftool -j map dump id "$map" | jq '.[0].formatted.value // (.[0].value[0] | ltrimstr("0x") | tonumber)'
}
both_see() { # PROGRAM
	local before_seen before_ours
	before_seen=$(seen "$1")
	before_ours=$(json .counters.ingress_unknown_spi status)
	esp_in_udp 10.1.0.2
	ok "$1 goes on" test "$(seen "$1")" -gt "$before_seen"
	is "and so does ingress restore" $((before_ours + 1)) "$(json .counters.ingress_unknown_spi status)"
}
other_alone() { # PROGRAM
	local before
	before=$(seen "$1")
	esp_in_udp 10.1.0.2
	ok "$1 goes on after detach" test "$(seen "$1")" -gt "$before"
}

# Does the kernel let libxdp's dispatcher run?  Else xdp-loader takes the device
# for itself, and segue has to get by.
dispatcher() { xdp-loader status wlan0 2>/dev/null | grep -q xdp_dispatcher; }

echo "-- XDP that was there before"
ok "xdp-loader loads another program" \
	xdp-loader load -m native wlan0 "$objects/other_xdp.bpf.o"
snapshot "$work/before"
exits 0 "attach" "$segue" attach wlan0
if dispatcher; then
	is "both run by the dispatcher" xdp "$(json '.[0].ingress' link)"
	is "ours runs before it" "segue_ingress other_xdp" \
		"$(xdp-loader status wlan0 | awk '$1 == "=>" { printf "%s%s", n++ ? " " : "", $3 }')"
else
	is "ours gives way to tc" tc "$(json '.[0].ingress' link)"
	says "no XDP"
fi
both_see other_xdp
"$segue" detach >/dev/null
other_alone other_xdp
snapshot "$work/after"
# the dispatcher is built anew for those that remain: other numbers, same programs
for when in before after; do
	sed -i -E 's/ id [0-9]+//; s/dispatch-([0-9]+)-[0-9]+/dispatch-\1/; s/xdp\/id:[0-9]+/xdp/
		s/(native|other_xdp) +[0-9]+ */\1 /; s/prog\/xdp .*//' "$work/$when"
done
ok "the host is as before, other program included" diff -u "$work/before" "$work/after"
xdp-loader unload wlan0 --all
rmdir /sys/fs/bpf/xdp 2>/dev/null

echo "-- XDP that comes later"
snapshot "$work/before"
"$segue" attach wlan0 >/dev/null
ok "xdp-loader loads another program" \
	xdp-loader load -m native wlan0 "$objects/other_xdp.bpf.o"
both_see other_xdp
"$segue" detach >/dev/null
other_alone other_xdp
xdp-loader unload wlan0 --all
rmdir /sys/fs/bpf/xdp 2>/dev/null
restored "everything is gone in the end"

echo "-- a clsact that was there before"
tc qdisc add dev wlan0 clsact
tc filter add dev wlan0 ingress pref 1 bpf direct-action object-file "$objects/other_tc.bpf.o" section tc
snapshot "$work/before"
exits 0 "attach at tc" "$segue" attach --ingress tc wlan0
both_see other_tc
exits 0 "detach" "$segue" detach
other_alone other_tc
restored "qdisc and filter of the other stay"
tc qdisc del dev wlan0 clsact

echo "-- a filter that comes later"
snapshot "$work/before"
"$segue" attach --ingress tc wlan0 >/dev/null
tc qdisc add dev wlan0 clsact 2>/dev/null	# where segue uses tcx there is none yet
tc filter add dev wlan0 ingress pref 1 bpf direct-action object-file "$objects/other_tc.bpf.o" section tc
both_see other_tc
exits 0 "detach" "$segue" detach
other_alone other_tc
tc qdisc del dev wlan0 clsact
restored "everything is gone in the end"

echo "-- somebody at our place"
tc qdisc add dev wlan0 clsact
tc filter add dev wlan0 ingress pref 219 handle 0x11cb bpf direct-action \
	object-file "$objects/other_tc.bpf.o" section tc
snapshot "$work/before"
"$segue" attach --ingress tc wlan0 >/dev/null 2>&1
"$segue" detach >/dev/null 2>&1
other_alone other_tc
restored "it is not touched, whether attach could go elsewhere or not"
finish
