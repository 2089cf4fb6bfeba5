#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Attach and detach: what they do, that they may be repeated, and that the host is
# exactly as it was afterwards.
#
#   this host                      peer
#        wlan0 10.1.0.2 ──────── w0 10.1.0.1
#        lte0  10.2.0.2 ──────── l0 10.2.0.1
#        raw0  (tun: no Ethernet header)
. "$(dirname "$0")/lib.sh"

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
ip -6 addr add 2001:db8:1::2/64 dev wlan0
raw_device raw0
ip link set lte0 mtu 1400
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1

echo "-- one uplink"
snapshot "$work/before"
exits 0 "attach wlan0" "$segue" attach wlan0
is "wlan0 is in the map, and up" "wlan0 up" "$(json '.[]|"\(.device) \(.state)"' link)"
is "segue0 is there and up" UP "$(ip -j link show segue0 | jq -r '.[0].flags|map(select(.=="UP"))[0]')"
is "segue0 has no ARP" NOARP "$(ip -j link show segue0 | jq -r '.[0].flags|map(select(.=="NOARP"))[0]')"
is "rp_filter of wlan0 is loose" 2 "$(sysctl -n net.ipv4.conf.wlan0.rp_filter)"
is "the link remembers that it was strict" 1 "$(json '.[0].rp_filter_before' link)"
ok "the rule leads to table 4555" grep -q 'lookup 4555' <(ip rule show pref 219)
ok "for IPv6 too" grep -q 'lookup 4555' <(ip -6 rule show pref 219)
cp "$work/before" "$work/bare"

echo "-- ingress restore sees what comes in"
esp_in_udp 10.1.0.2
is "a packet with an unknown SPI is counted" 1 "$(json .counters.ingress_unknown_spi status)"
esp_in_udp 10.2.0.2
is "none of a device that is not attached" 1 "$(json .counters.ingress_unknown_spi status)"

echo "-- egress steering sees what goes out"
ip route add 192.0.2.9/32 dev segue0 table 4555 src 10.1.0.2
received() { peer ip -j -s link show "$1" | jq '.[0].stats64.rx.packets'; }
peer ip neigh replace 10.1.0.2 lladdr "$(cat /sys/class/net/wlan0/address)" dev w0
ip neigh replace 10.1.0.1 lladdr "$(peer ip -j link show w0 | jq -r '.[0].address')" dev wlan0
was=$(received w0)
bash -c 'echo >/dev/udp/192.0.2.9/9'
is "a packet to a peer leaves by the device that owns its source" 1 \
	"$(json .counters.egress_by_source status)"
ok "and arrives at the other end of it" test "$(received w0)" -gt "$was"
ip route replace 192.0.2.9/32 dev segue0 table 4555 src 10.2.0.2
bash -c 'echo >/dev/udp/192.0.2.9/9'
is "one whose source no attached device owns is dropped" 1 \
	"$(json .counters.egress_not_owned status)"

echo "-- again"
snapshot "$work/attached"
exits 0 "attach wlan0 a second time" "$segue" attach wlan0
says "was attached"
snapshot "$work/attached-twice"
ok "nothing changed by that" diff -u "$work/attached" "$work/attached-twice"

echo "-- further uplinks"
exits 0 "attach lte0 and raw0 later, wlan0 named once more" "$segue" attach wlan0 lte0 raw0
is "three links in the order in which they came" "wlan0 0 lte0 1 raw0 2" \
	"$(json '[.[]|"\(.device) \(.bit)"]|join(" ")' link)"
is "segue0 has the smallest MTU" 1400 "$(cat /sys/class/net/segue0/mtu)"
is "the device without Ethernet header takes packets in by tc" tc \
	"$(json '.[]|select(.device=="raw0").ingress' link)"
esp_in_udp 10.2.0.2
is "lte0 is under ingress restore now" 2 "$(json .counters.ingress_unknown_spi status)"
is "their three addresses are in the map, link-local ones are not" 3 \
	"$(bpftool -j map dump pinned /sys/fs/bpf/segue/addr | jq length)"

echo "-- the same address on two uplinks"
owners() { bpftool -j map dump pinned /sys/fs/bpf/segue/addr | jq -c '[.[].formatted.value]|sort'; }
index_of() { cat "/sys/class/net/$1/ifindex"; }
ip addr add 10.1.0.2/32 dev lte0
"$segue" detach lte0 >/dev/null && "$segue" attach lte0 >/dev/null
is "who was attached last has it" "[$(index_of wlan0),$(index_of lte0),$(index_of lte0)]" "$(owners)"
exits 0 "detach that one" "$segue" detach lte0
is "the other one has it" "[$(index_of wlan0),$(index_of wlan0)]" "$(owners)"
ip addr del 10.1.0.2/32 dev lte0
"$segue" attach lte0 >/dev/null

echo "-- segue0 that somebody deleted"
ip link del segue0
exits 0 "attach makes it anew" "$segue" -j attach wlan0
ok "and tells so in JSON" valid_json <<<"$said"
is "with the links that are there" "segue0 created,wlan0 was attached" \
	"$(jq -r '[.[]|"\(.device) \(.result)"]|join(",")' <<<"$said")"
ok "its egress steering works" test "$(ip route replace 192.0.2.9/32 dev segue0 table 4555 src 10.1.0.2
	bash -c 'echo >/dev/udp/192.0.2.9/9'
	json .counters.egress_by_source status)" = 2

echo "-- one out"
exits 0 "detach lte0" "$segue" detach lte0
is "the other two stay" "wlan0 raw0" "$(json '[.[].device]|join(" ")' link)"
is "segue0 has the smallest MTU of these" 1500 "$(cat /sys/class/net/segue0/mtu)"
exits 1 "detach lte0 again" "$segue" detach lte0
says "lte0 is not attached"

echo "-- a device that is unplugged"
ip link del raw0
exits 0 "detach of a device that is gone" "$segue" detach raw0
raw_device raw0
is "wlan0 is left" wlan0 "$(json '.[].device' link)"

echo "-- all out"
"$segue" attach lte0 >/dev/null
programs=$(bpftool -j prog show pinned /sys/fs/bpf/segue/prog/egress | jq .id)
ip route replace 192.0.2.9/32 dev segue0 table 4555
ip addr add 10.77.0.1/32 dev segue0
exits 0 "detach" "$segue" detach
# raw0 was made anew: its number differs, and so it is compared by name
sed -i 's/^[0-9]*: raw0/N: raw0/' "$work/before"
snapshot "$work/after"
sed -i 's/^[0-9]*: raw0/N: raw0/' "$work/after"
ok "links, addresses, routes, rules, qdiscs, sysctls, features and pins as before" \
	diff -u "$work/before" "$work/after"
is "strict rp_filter is back" 1 "$(sysctl -n net.ipv4.conf.wlan0.rp_filter)"
ok "the programs have left the kernel" bash -c "[ -n '$programs' ] && ! bpftool prog show id $programs"
exits 0 "detach a second time" "$segue" detach
says "not attached"
exits 1 "status says how to begin" "$segue" status
says "segue attach DEV..."

echo "-- a device by its alternative name"
if ip link property add dev wlan0 altname wireless; then
	exits 0 "attach" "$segue" attach wireless
	is "it is in the map by its own" wlan0 "$(json '.[].device' link)"
	exits 0 "detach" "$segue" detach wireless
	says "wlan0"
	ip link property del dev wlan0 altname wireless
fi

echo "-- what others changed meanwhile stays"
"$segue" attach wlan0 lte0 >/dev/null
sysctl -qw net.ipv4.conf.wlan0.rp_filter=0
exits 0 "detach the last device by name takes everything out" "$segue" detach wlan0 lte0
is "rp_filter that somebody set meanwhile" 0 "$(sysctl -n net.ipv4.conf.wlan0.rp_filter)"
ok "no pins" test ! -e /sys/fs/bpf/segue
ok "no segue0" test ! -e /sys/class/net/segue0

echo "-- strict for all devices"
sysctl -qw net.ipv4.conf.all.rp_filter=1
"$segue" attach wlan0 >/dev/null
is "rp_filter of the device overrides that of all" 2 "$(sysctl -n net.ipv4.conf.wlan0.rp_filter)"
"$segue" detach >/dev/null
is "and goes back" 0 "$(sysctl -n net.ipv4.conf.wlan0.rp_filter)"
finish
