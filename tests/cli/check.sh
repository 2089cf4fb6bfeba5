#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `segue check` finds each thing that would spoil a handover, says how to mend it,
# and what it says does mend it.
#
#   home[3]   wlan0 10.1.0.2 ──── 10.1.0.1 ─┐
#             lte0  10.2.0.2 ──── 10.2.0.1 ─┴─ 192.0.2.9
. "$(dirname "$0")/lib.sh"

# verdict SUBJECT PATTERN: of the finding that matches
verdict() {
	json "[.[]|select(.subject==\"$1\" and (.finding|test(\"$2\")))][0].verdict" check
}
mend() { json "[.[]|select(.subject==\"$1\" and (.finding|test(\"$2\")))][0].mend" check; }
# found VERDICT SUBJECT PATTERN WHAT
found() { is "$4" "$1" "$(verdict "$2" "$3")"; }
# mended SUBJECT PATTERN: what it says to do makes the finding go away
mended() {
	local command
	command=$(mend "$1" "$2")
	ok "  mended by: $command" bash -c "PATH=$(dirname "$segue"):\$PATH; $command"
	is "  it is gone" null "$(verdict "$1" "$2")"
}

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1

echo "-- not attached"
found ok pins "not attached" "works all the same"
found ok rights CAP_BPF "rights"
found ok bpffs /sys/fs/bpf "bpffs"
found ok BTF vmlinux "BTF"
found ok wlan0 "attach will make it loose" "strict rp_filter is no obstacle yet"
found ok wlan0 "default route" "wlan0 has a route"
found ok MTU 1500 "MTUs are equal"
is "no finding without a subject and a text" 0 \
	"$(json '[.[]|select(.subject==null or .finding==null)]|length' check)"
is "nothing but ok, warn and fail" "" \
	"$(json '.[].verdict|select(. != "ok" and . != "warn" and . != "fail")' check)"
fails=$(json '[.[]|select(.verdict=="fail")]|length' check)
exits $((fails > 0)) "exit code 1 if there is a failure, else 0" "$segue" check
umount /sys/fs/bpf
found fail bpffs "no bpffs" "no bpffs"
mended bpffs "no bpffs"
exits 1 "as nobody" setpriv --reuid 65534 --clear-groups "$segue" check
says "sudo segue check"

echo "-- attached"
"$segue" attach wlan0 lte0 >/dev/null
found ok pins attached "attached"
found ok segue0 MTU "segue0"
found ok rules "^ip rule" "the rule"
found ok rules "^ip -6 rule" "the rule for IPv6"
found ok wlan0 "ingress restore" "wlan0 takes packets in"
is "nothing fails that did not before" "$fails" \
	"$(json '[.[]|select(.verdict=="fail")]|length' check)"

echo "-- rp_filter"
sysctl -qw net.ipv4.conf.lte0.rp_filter=1
found fail lte0 strict "strict on lte0"
mended lte0 strict
sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.lte0.rp_filter=0
found fail lte0 strict "strict for all devices"
mended lte0 strict
sysctl -qw net.ipv4.conf.all.rp_filter=0

echo "-- routes"
ip route del default dev lte0
found warn lte0 "no default IPv4 route" "lte0 has no route"
ok "  it names the device" grep -q 'dev lte0' <<<"$(mend lte0 "no default IPv4 route")"
"$maps" session 3 3 home 10.1.0.2 192.0.2.9
"$maps" path 3 0 wlan0 10.1.0.2 192.0.2.9 10 egress verified
"$maps" path 3 1 lte0 10.2.0.2 192.0.2.9 20 egress verified
is "the session's path by lte0 has none" fail \
	"$(json '[.[]|select(.subject=="home[3]" and (.finding|test("no route for path lte0")))][0].verdict' check)"
is "and so there is no backup" warn \
	"$(json '[.[]|select(.subject=="home[3]" and (.finding|test("no backup")))][0].verdict' check)"
ip route add 192.0.2.0/24 via 10.2.0.1 dev lte0 metric 4000
is "a route to the peer is enough" ok \
	"$(json '[.[]|select(.subject=="home[3]")][0].verdict' check)"
ip route add default via 10.2.0.1 dev lte0 metric 200
ip -6 addr add 2001:db8:1::2/64 dev wlan0 nodad
ip -6 addr add 2001:db8:2::2/64 dev lte0 nodad
ip -6 route add default via 2001:db8:1::1 dev wlan0 metric 100
ip -6 route add default via 2001:db8:2::1 dev lte0 metric 200
again() { "$segue" detach lte0 >/dev/null; "$segue" attach lte0 >/dev/null; }
again
found ok lte0 "default route for IPv6" "an IPv6 default route of a worse metric is a backup, too"
ip -6 route del default dev lte0
again
found warn lte0 "no default IPv6 route" "none is not"
ip -6 route append default via 2001:db8:2::1 dev lte0 metric 100
again
found ok lte0 "default route for IPv6" "one of the same metric (multipath) is"
"$maps" path 3 1 lte0 10.2.0.2 192.0.2.9 20 egress verified
ip -6 addr add 2001:db8:1::3/64 dev wlan0 nodad
found fail wlan0 "not in map addr" "an address that the agent did not enter"
mended wlan0 "not in map addr"

echo "-- MTU"
sysctl -qw net.ipv4.tcp_mtu_probing=0
ip link set lte0 mtu 1300
found fail MTU "segue0 has 1500" "lte0 takes less than segue0 gives"
mended MTU "segue0 has 1500"
found warn MTU "after a handover" "and less than wlan0"
mended MTU "after a handover"
found ok MTU "1300 of lte0; wlan0 has 1500" "it says which"

echo "-- segue0 and its rule"
ip link set segue0 down
found fail segue0 down "segue0 is down"
mended segue0 down
ip rule del pref 219
found fail rules "is gone" "the rule is gone"
mended rules "is gone"
ip rule add pref 219 lookup 77
found warn rules "somebody else has a rule" "another rule at its place"
ip rule del pref 219 lookup 77
ip route add 198.51.100.0/24 dev wlan0 table 4555
found warn rules "somebody else has routes" "other routes in its table"
ip route del 198.51.100.0/24 table 4555
if [ -e /sys/fs/bpf/segue/links/tcx_egress_"$(cat /sys/class/net/segue0/ifindex)" ]; then
	rm /sys/fs/bpf/segue/links/tcx_egress_*
else
	tc filter del dev segue0 egress
fi
found fail segue0 "egress steering" "egress steering was taken away"

echo "-- ingress restore"
tcx=/sys/fs/bpf/segue/links/tcx_ingress_$(cat /sys/class/net/lte0/ifindex)
"$segue" detach lte0 >/dev/null
"$segue" attach --ingress tc lte0 >/dev/null
if [ -e "$tcx" ]; then
	bpftool link detach pinned "$tcx"
	found fail lte0 "took ingress restore away" "detached, though its pin is there"
	mended lte0 "took ingress restore away"
	bpftool link detach pinned "$tcx"
	# shellcheck disable=SC2046
	bpftool map delete pinned /sys/fs/bpf/segue/link \
		key hex $(printf '%02x 00 00 00' "$(cat /sys/class/net/lte0/ifindex)")
	exits 0 "attach over such a pin" "$segue" attach --ingress tc lte0
	found ok lte0 "ingress restore by tc" "attaches it anew"
fi

echo "-- uplinks"
ip link set lte0 down
found warn lte0 "is down" "lte0 is down"
mended lte0 "is down"
ip link del lte0
found warn uplinks "a handover needs two" "only one is left"
if [ "$(json '.[]|select(.device=="lte0").state' link)" = unplugged ]; then
	found warn lte0 unplugged "lte0 is unplugged"
	mended lte0 unplugged
fi
"$segue" detach >/dev/null
ip link add segue0 type ifb 2>/dev/null || ip link add segue0 type dummy
found fail segue0 "attach will refuse" "a device that has our name"
mended segue0 "attach will refuse"

echo "-- maps and XFRM in step"
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
"$segue" attach wlan0 lte0 >/dev/null
"$maps" session 3 3 home 10.1.0.2 192.0.2.9
key=0x0102030405060708090a0b0c0d0e0f1011121314
esp() { # SOURCE DESTINATION SPI [OPTION...]
	ip xfrm state add src "$1" dst "$2" proto esp spi "$3" mode tunnel \
		aead 'rfc4106(gcm(aes))' $key 128 "${@:4}"
}
found ok SAs "agree on 0" "nothing on either side"
"$maps" sa in c1 3 tunnel 192.0.2.9
found fail SAs "inbound SPI 000000c1 of home.3. is in map sa, but not in the kernel" "only in the map, inbound"
if ! esp 10.99.0.1 10.99.0.2 0x99 2>/dev/null; then
	echo "-- no ESP here: the kernel's half is for on-debian.sh"
	found fail IPsec "no ESP over IPv4" "and check says so"
	finish
fi
esp 192.0.2.9 10.1.0.2 0xc1
found ok SAs "agree on 1" "in step; an SA of somebody else is none of ours"
found warn "replay window" "1 inbound SAs have none" "without a replay window"
for window in 32 255 256 1024; do
	ip xfrm state del src 192.0.2.9 dst 10.1.0.2 proto esp spi 0xc1
	esp 192.0.2.9 10.1.0.2 0xc1 replay-window $window
	if [ $window -lt 256 ]; then
		found warn "replay window" "1 inbound SAs hold $window packets" "a window of $window"
	else
		found ok "replay window" "large enough" "a window of $window"
	fi
done
"$maps" sa out c2 3 tunnel 192.0.2.9
found fail SAs "outbound SPI 000000c2 of home.3. is in map sa" "only in the map, outbound"
esp 10.1.0.2 192.0.2.9 0xc2
found ok SAs "agree on 2" "in step"
esp 192.0.2.9 10.1.0.2 0xc3
found fail SAs "inbound SPI 000000c3 of home.3. is in the kernel, but not in map sa" "only in the kernel, inbound"
ip xfrm state del src 192.0.2.9 dst 10.1.0.2 proto esp spi 0xc3
esp 10.1.0.2 192.0.2.9 0xc4
found fail SAs "outbound SPI 000000c4" "only in the kernel, outbound"
ip xfrm state del src 10.1.0.2 dst 192.0.2.9 proto esp spi 0xc4
ip xfrm state allocspi src 192.0.2.9 dst 10.1.0.2 proto esp mode tunnel min 0xc5 max 0xc5 >/dev/null
found ok SAs "agree on 2" "an SPI that is only reserved is none"
"$maps" sa in c6 9 tunnel 192.0.2.9
found fail SAs "of a session that is gone" "an SA of a session that is gone"
finish
