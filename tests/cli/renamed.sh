#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An uplink that is renamed after attach stays the same uplink: it is taken out by its
# new name, as it was, and whoever has the old name is left alone.
#
#   this host                              peer
#        wlan0, then wan  10.1.0.2 ─────── w0 10.1.0.1
#        lte0             10.2.0.2 ─────── l0 10.2.0.1
#        wlan0, the other one ─────── other0, here
. "$(dirname "$0")/lib.sh"

segue() { timeout -s KILL 20 "$segue" "$@"; }
# the devices that IPv6 rules of uplinks name
rules() { ip -6 rule show pref 218 | grep -o 'oif [^ ]*' | cut -d' ' -f2 | sort | paste -sd' '; }
rename() { ip link set "$1" down; ip link set "$1" name "$2"; ip link set "$2" up; until_up "$2"; }

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1

for how in "wan" ""; do
	echo "-- renamed, then detach $how"
	segue attach wlan0 lte0 >/dev/null
	rename wlan0 wan
	is "check tells" warn "$(json '[.[]|select(.subject=="wan" and (.finding|test("renamed")))][0].verdict' check)"
	exits 0 "detach $how" segue detach ${how:+"$how"}
	is "strict rp_filter is back" 1 "$(sysctl -n net.ipv4.conf.wan.rp_filter)"
	is "its IPv6 rule is gone" "${how:+lte0}" "$(rules)"
	segue detach >/dev/null 2>&1
	is "and then all are" "" "$(rules)"
	rename wan wlan0
	sysctl -qw net.ipv4.conf.wlan0.rp_filter=1
done

echo "-- another device takes the old name"
segue attach wlan0 lte0 >/dev/null
rename wlan0 wan
ip link add wlan0 type veth peer name other0
ip link set wlan0 up
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1
exits 0 "attach that one" segue attach wlan0
is "the renamed one is attached still" \
	"$(printf '%s\n' wan wlan0 lte0 | while read -r device; do cat "/sys/class/net/$device/ifindex"; done | sort -n | paste -sd' ')" \
	"$(json '.[].ifindex' link | sort -n | paste -sd' ')"
esp_in_udp 10.1.0.2
is "and takes packets in" 1 "$(json .counters.ingress_unknown_spi status)"
is "each of the three has a rule, by the name that it has now" "lte0 wan wlan0" "$(rules)"
is "that of the renamed one leads to its own table" $((4555000 + $(cat /sys/class/net/wan/ifindex))) \
	"$(ip -6 rule show pref 218 oif wan | grep -o 'lookup.*' | grep -o '[0-9]*' | head -n 1)"
exits 0 "detach wlan0 is about who has the name now" segue detach wlan0
is "its rp_filter is back" 1 "$(sysctl -n net.ipv4.conf.wlan0.rp_filter)"
is "not that of the other one" 2 "$(sysctl -n net.ipv4.conf.wan.rp_filter)"
exits 0 "detach" segue detach
is "now it is" 1 "$(sysctl -n net.ipv4.conf.wan.rp_filter)"
is "no rule is left" "" "$(rules)"
finish
