#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What attach refuses, how it says so, and that nothing is left of it.
#
#   this host                      peer
#        wlan0 10.1.0.2 ──────── w0 10.1.0.1
#        lte0  10.2.0.2 ──────── l0 10.2.0.1
#        raw0  (tun: no Ethernet header, so XDP cannot be insisted on)
. "$(dirname "$0")/lib.sh"

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
raw_device raw0
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1
snapshot "$work/before"

echo "-- usage"
exits 2 "no command" "$segue"
exits 2 "unknown command" "$segue" frobnicate
says "no command frobnicate"
exits 2 "unknown option" "$segue" --frobnicate status
exits 2 "attach without a device" "$segue" attach
says "Usage: segue"
exits 2 "attach with an unknown way in" "$segue" attach --ingress ftp wlan0
says "auto, xdp or tc"
exits 2 "--ingress elsewhere" "$segue" --ingress tc status
exits 2 "status with an argument" "$segue" status wlan0
exits 2 "switch without a path" "$segue" switch home
exits 2 "--soft elsewhere" "$segue" status --soft
exits 2 "--window elsewhere" "$segue" path --window 5
exits 2 "--window without --soft" "$segue" switch --window 5 home lte0
for window in 0 -1 60001 1s '' 99999999999999999999; do
	exits 2 "a window of '$window'" "$segue" switch --soft --window "$window" home lte0
done
exits 0 "help" "$segue" --help
says "monitor"
says "[--window MS] DEV drain | DEV resume"
exits 0 "version" "$segue" -V
says "maps version"
for option in --help --version; do
	exits 1 "$option that cannot be written" bash -c "'$segue' $option >/dev/full"
	says "No space left"
done

echo "-- devices"
exits 1 "unknown device" "$segue" attach wlan0 wlan7
says "no device wlan7"
restored "nothing is left of that"
exits 1 "loopback" "$segue" attach lo
says "lo is no uplink"
exits 1 "segue0" "$segue" attach segue0
says "segue0 is no uplink"
exits 1 "a name too long for a device" "$segue" attach "$(printf 'x%.0s' {1..300})"
exits 1 "XDP insisted on where there is no Ethernet header, after a device that works" \
	"$segue" attach wlan0 raw0 --ingress xdp
says "raw0: cannot attach: "
says "nothing was changed"
restored "the device that worked is rolled back, and all else"

if command -v strace >/dev/null; then
	exits 1 "the same, where pins cannot be removed again" timeout -s KILL 60 strace -o /dev/null \
		-e trace=unlinkat -e inject=unlinkat:error=EIO "$segue" attach wlan0 raw0 --ingress xdp
	says "bpf could not be taken out again"
	says "segue detach"
	is "and it does not say that nothing was changed" "" "$(grep "nothing was changed" <<<"$said")"
	exits 0 "what is left goes" "$segue" detach
	restored "all of it"
fi

echo "-- added to what is there"
"$segue" attach lte0 >/dev/null
snapshot "$work/lte0"
exits 1 "unknown device beside one that is attached" "$segue" attach wlan0 wlan7
exits 1 "a device that fails beside one that is attached" \
	"$segue" attach --ingress xdp wlan0 raw0
snapshot "$work/lte0-after"
ok "what was attached stays as it was" diff -u "$work/lte0" "$work/lte0-after"
"$segue" detach >/dev/null
restored "and goes as it should"

echo "-- rights"
for cap in net_admin bpf; do
	[ $cap = bpf ] && drop=-bpf,-sys_admin || drop=-$cap
	exits 1 "attach without CAP_${cap^^}" \
		setpriv --bounding-set="$drop" --inh-caps="$drop" "$segue" attach wlan0
	says "CAP_${cap^^}"
	exits 1 "detach without CAP_${cap^^}" \
		setpriv --bounding-set="$drop" --inh-caps="$drop" "$segue" detach
	says "CAP_${cap^^}"
done
exits 1 "attach as nobody" setpriv --reuid 65534 --clear-groups "$segue" attach wlan0
says "CAP_NET_ADMIN CAP_BPF CAP_PERFMON; try: sudo segue attach"
restored "nothing is left of that"
few() { setpriv --bounding-set=-all,+net_admin,+bpf,+perfmon --inh-caps=-all "$@"; }
exits 0 "attach with these three alone, as charon has them" few "$segue" attach --ingress auto wlan0
says "CAP_SYS_ADMIN"
is "that is enough for tc" tc "$(json '.[0].ingress' link)"
exits 0 "detach with them" few "$segue" detach
restored "nothing is left"
"$segue" attach wlan0 >/dev/null
if [ "$(json '.[0].ingress' link)" = xdp ]; then
	exits 1 "detach with them where XDP was attached" few "$segue" detach
	says "CAP_SYS_ADMIN"
	is "nothing was changed" wlan0 "$(json '.[].device' link)"
	"$segue" detach >/dev/null
	restored "with all rights nothing is left"
	"$segue" attach wlan0 >/dev/null
fi
exits 1 "status as nobody" setpriv --reuid 65534 --clear-groups "$segue" status
says "root"
"$segue" detach >/dev/null

echo "-- bpffs"
exits 1 "no bpffs" env SEGUE_PIN_DIR=/run/segue-pins "$segue" attach wlan0
says "mount -t bpf bpf /run"
exits 1 "no directory" env SEGUE_PIN_DIR=/nowhere/segue "$segue" attach wlan0
says "/nowhere"
restored "nothing is left of that"
mkdir /run/bpf && mount -t bpf bpf /run/bpf
exits 0 "another directory of pins" env SEGUE_PIN_DIR=/run/bpf/segue "$segue" attach wlan0
exits 0 "out of it again" env SEGUE_PIN_DIR=/run/bpf/segue "$segue" detach
umount /run/bpf && rmdir /run/bpf
restored "nothing is left of that"

echo "-- pins of another version"
"$segue" attach wlan0 lte0 >/dev/null
# segue_state.version stands after the 8 octets of links_up
bytes=$(bpftool -j map lookup pinned /sys/fs/bpf/segue/state key 0 0 0 0 |
	jq -r '.value | map(ltrimstr("0x")) | .[8] = "63" | join(" ")')
# shellcheck disable=SC2086
bpftool map update pinned /sys/fs/bpf/segue/state key 0 0 0 0 value hex $bytes
exits 1 "attach" "$segue" attach wlan0
says "another version"
says "segue detach"
exits 1 "status" "$segue" status
says "another version"
exits 1 "detach of one device" "$segue" detach wlan0
says "segue detach"
exits 0 "detach of everything" "$segue" detach
says "rp_filter"
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1
restored "all of it is gone but rp_filter, of which it told"

echo "-- an attach that was killed halfway"
mkdir /sys/fs/bpf/segue /sys/fs/bpf/segue/links
exits 1 "attach" "$segue" attach wlan0
says "broke off"
exits 0 "detach" "$segue" detach
restored "all of it is gone"

echo "-- pins that were lost"
"$segue" attach wlan0 lte0 >/dev/null
umount /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf
exits 1 "attach" "$segue" attach wlan0
says "segue detach"
exits 0 "detach" "$segue" detach
says "rp_filter"
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1
# libxdp's dispatcher lost its pins as well: what detach says does away with it
while read -r command; do
	$command
done < <(grep -o 'ip link set dev .* xdp off' <<<"$said")
rmdir /sys/fs/bpf/xdp 2>/dev/null
restored "all of it is gone but what it told of"

echo "-- a device that has our name"
ip link add segue0 type ifb 2>/dev/null || ip link add segue0 type dummy
exits 1 "attach" "$segue" attach wlan0
says "ip link del segue0"
ok "it is left alone" test -e /sys/class/net/segue0
ip link del segue0
restored "nothing is left of that"

echo "-- somebody else has our rule"
ip rule add iif lo pref 219 lookup 4555 protocol 219
exits 1 "attach" "$segue" attach wlan0
says "rule 219"
says "nothing was changed"
ip rule del pref 219
restored "nothing is left of that"

echo "-- pins that belong to another network namespace"
"$segue" attach wlan0 >/dev/null
exits 1 "attach" unshare --net "$segue" attach lo
exits 1 "attach" unshare --net bash -c "ip link add x0 type veth peer x1; '$segue' attach x0"
says "another network namespace"
snapshot "$work/attached"
for verb in status path detach "detach wlan0" check; do
	# shellcheck disable=SC2086
	exits 1 "$verb" unshare --net "$segue" $verb
	says "another network namespace"
done
snapshot "$work/attached-after"
ok "what was attached stays as it was" diff -u "$work/attached" "$work/attached-after"
"$segue" detach >/dev/null
restored "and they are gone"

echo "-- fentry programs would attach, and never run"
traced=$(cat /proc/sys/kernel/ftrace_enabled 2>/dev/null)
if [ "$traced" = 1 ] && echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
	exits 0 "attach" "$segue" attach wlan0
	says "kernel.ftrace_enabled is 0"
	ok "status says no return switch" bash -c "'$segue' status | grep -i 'return.switch.*by IKE only'"
	said=$("$segue" check 2>&1)
	says "sysctl kernel.ftrace_enabled=1"
	"$segue" detach >/dev/null
	echo 1 >/proc/sys/kernel/ftrace_enabled
	restored "and detach removes all"
fi

echo "-- a kernel that refuses fentry"
exits 0 "attach" "$segue" attach wlan0
if [[ $said == *"refuses fentry"* ]]; then
	ok "libbpf is silent about it" test "${said/libbpf:/}" = "$said"
	"$segue" detach >/dev/null
	exits 0 "attach with -v" "$segue" -v attach wlan0
	says "libbpf: prog 'link_admin'"
	says "libbpf: prog 'return_switch'"
fi
"$segue" detach >/dev/null
restored "and detach removes all"

echo "-- interrupted"
for after in 0.01 0.05 0.1 0.2 0.4; do
	timeout --signal INT $after "$segue" attach wlan0 lte0 >/dev/null 2>&1
	ok "SIGINT $after s into attach: all of it or nothing" \
		bash -c "[ ! -e /sys/fs/bpf/segue ] || '$segue' status"
	"$segue" detach >/dev/null 2>&1
	restored "and detach removes it"
done
finish
