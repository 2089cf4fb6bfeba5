#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IPv6 routes by the device: two default routes of different metric, and still each
# packet that is steered asks for the router of its own link.
#
#   this host                          peer
#        wlan0 fd01::2  metric 100 ── w0 fd01::1
#        lte0  fd02::2  metric 200 ── l0 fd02::1     peer fd09::2, behind both
. "$(dirname "$0")/lib.sh"

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
peer ip -6 addr add fd01::1/64 dev w0 nodad
peer ip -6 addr add fd02::1/64 dev l0 nodad
ip -6 addr add fd01::2/64 dev wlan0 nodad
ip -6 addr add fd02::2/64 dev lte0 nodad
ip -6 route add default via fd01::1 dev wlan0 metric 100
ip -6 route add default via fd02::1 dev lte0 metric 200
snapshot "$work/before"

# asked DEVICE SOURCE: the router that a packet steered to that device looks for
asked() { ip -6 -j route get fd09::2 from "$2" oif "$1" | jq -r '.[0]|"\(.dev) \(.gateway)"'; }
# arrives PEERDEVICE SOURCE: does a packet to a peer, from there, arrive?
arrives() {
	local was
	ip -6 route replace fd09::2/128 dev segue0 table 4555 src "$2"
	peer ip -6 neigh flush all
	ip -6 neigh flush all
	was=$(received "$1")
	bash -c 'echo >/dev/udp/fd09::2/9'
	for _ in $(seq 200); do	# neighbour discovery comes first
		[ "$(received "$1")" -gt "$was" ] && return
		read -r -t 0.01 <> <(:)
	done
	return 1
}
# UDP datagrams to the peer that came in there
received() { peer nft -j list counter netdev t "$1" | jq '.nftables[]|select(.counter).counter.packets'; }
peer nft add table netdev t
for device in w0 l0; do
	peer nft add counter netdev t $device
	peer nft add chain netdev t "in-$device" "{ type filter hook ingress device $device priority 0; }"
	peer nft add rule netdev t "in-$device" ip6 daddr fd09::2 udp dport 9 counter name $device
done

is "the trap: asked for lte0, the kernel answers with wlan0" "wlan0 fd01::1" "$(asked lte0 fd02::2)"
"$segue" attach wlan0 lte0 >/dev/null
is "by lte0: its own router" "lte0 fd02::1" "$(asked lte0 fd02::2)"
is "by wlan0: its own" "wlan0 fd01::1" "$(asked wlan0 fd01::2)"
ok "and a packet arrives there" arrives l0 fd02::2
ok "and there" arrives w0 fd01::2
is "a route to the peer by segue0 does not get in the way" "lte0 fd02::1" "$(asked lte0 fd02::2)"
ok "other people's traffic goes where it went" grep -q "dev wlan0" <(ip -6 route get fd08::1)
is "the routes of each device, and no others" "fd02::/64 default " \
	"$(ip -6 route show table $((4555000 + $(cat /sys/class/net/lte0/ifindex))) |
		awk '{ print $1 }' | sort -r | tr '\n' ' ' | sed 's/default fd02::\/64/fd02::\/64 default/')"
"$segue" detach lte0 >/dev/null
is "one device out: its rule goes, the other's stays" "wlan0" \
	"$(ip -6 rule show pref 218 | grep -o 'oif [^ ]*' | cut -d' ' -f2)"
"$segue" attach lte0 >/dev/null
ip link set lte0 down
ip link set lte0 up
until_up lte0
"$segue" detach >/dev/null
# set down, a device loses its IPv6 addresses and routes without any doing of ours
ip -6 addr replace fd02::2/64 dev lte0 nodad
ip -6 route replace default via fd02::1 dev lte0 metric 200
ip route replace default via 10.2.0.1 dev lte0 metric 200
restored "detach leaves nothing of it"
finish
