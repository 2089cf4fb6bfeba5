#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 64 uplinks: as many as links_up has bits. One more is refused, and nothing of what
# is there changes by that.
#
#   this host                        peer
#        upN 10.N.0.2 ──────────── farN        N = 0 ... 64
. "$(dirname "$0")/lib.sh"

sysctl -qw net.ipv6.conf.default.accept_dad=0
all=()
for i in {0..64}; do
	ip link add "up$i" type veth peer name "far$i" netns "$holder"
	peer ip link set "far$i" up
	ip link set "up$i" up
	ip addr add "10.$i.0.2/24" dev "up$i"
	all+=("up$i")
done
until_up up64
sixtyfour=("${all[@]:0:64}")
snapshot "$work/before"

echo "-- 65 at once"
exits 1 "are refused" "$segue" attach --ingress tc "${all[@]}"
says "up64: cannot attach"
says "64 uplinks are attached, and there is room for no more: segue detach DEV"
says "nothing was changed"
restored "nothing is left of that"

echo "-- 64"
exits 0 "are taken" "$segue" attach --ingress tc "${sixtyfour[@]}"
is "all are there and up, each with a bit of its own" "64 64 64" \
	"$(json '"\(length) \([.[]|select(.state=="up")]|length) \([.[].bit]|unique|length)"' link)"
is "status says so" "64 64" "$(json '.status|"\(.links) \(.links_up)"' status)"
"$maps" session 1 1 main 10.63.0.2 192.0.2.9 peer
"$maps" path 1 0 up63 10.63.0.2 192.0.2.9 0 egress verified
"$maps" path 1 1 up0 10.0.0.2 192.0.2.9 16 egress verified
exits 0 "the last one carries a session" "$segue" switch main up63
snapshot "$work/attached"
"$segue" -j link >"$work/links"
exits 1 "the 65th is refused" "$segue" attach --ingress tc up64
says "64 uplinks are attached, and there is room for no more"
exits 1 "by XDP, too" "$segue" attach up64
exits 1 "and beside one that is there" "$segue" attach --ingress tc up3 up64
snapshot "$work/refused"
ok "nothing has changed by that" diff -u "$work/attached" "$work/refused"
ok "nor have the links" diff -u "$work/links" <("$segue" -j link)
is "nor the session" up63 "$(json '.[0].active' session main)"

echo "-- the bit of the last one is as good as any"
ok "up63 goes down" "$maps" link up63 down
is "its path says so" "active, link down,ready" "$(json '[.[].state]|join(",")' path main)"
is "status, too" 63 "$(json '.status.links_up' status)"
ok "up63 is back" "$maps" link up63 up
exits 0 "room is made" "$segue" detach up17
exits 0 "and taken" "$segue" attach --ingress tc up64
is "with the bit that was free" 17 "$(json '.[]|select(.device=="up64").bit' link)"
"$segue" detach >/dev/null
restored "all of it goes as it should"
finish
