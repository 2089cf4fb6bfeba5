#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins that somebody else wrote to, or that are somebody else's, and too few file
# descriptors to read them: detach ends, undoes what can be undone, and says what not.
#
#   this host                      peer
#        wlan0 10.1.0.2 ──────── w0 10.1.0.1
#        lte0  10.2.0.2 ──────── l0 10.2.0.1
#        eth0  10.3.0.2 ──────── e0 10.3.0.1
. "$(dirname "$0")/lib.sh"

segue() { timeout -s KILL 20 "$segue" "$@"; }
pins=/sys/fs/bpf/segue
# break_entry DEVICE: gives its entry of map link a bit that is none
break_entry() {
	local key octets
	key=$(printf '%02x 00 00 00' "$(cat "/sys/class/net/$1/ifindex")")
	# shellcheck disable=SC2086
	octets=$(bpftool -j map lookup pinned $pins/link key hex $key |
		jq -r '.value | map(ltrimstr("0x")) | .[16] = "ff" | join(" ")')
	# shellcheck disable=SC2086
	bpftool map update pinned $pins/link key hex $key value hex $octets
}

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
cable eth0 e0 10.3.0.2/24 10.3.0.1 300
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1
snapshot "$work/before"

for broken in eth0 lte0; do
	echo "-- an entry that makes no sense: $broken"
	segue attach wlan0 lte0 eth0 >/dev/null
	break_entry $broken
	exits 1 "attach of its device" segue attach $broken
	says "broken"
	exits 0 "detach of another one" segue detach wlan0
	segue attach wlan0 >/dev/null
	exits 1 "detach ends, and fails" segue detach
	says "$broken       failed"
	says "wlan0      detached"
	restored "all of it is gone"
done

echo "-- all of them"
segue attach wlan0 lte0 eth0 >/dev/null
break_entry wlan0
break_entry eth0
break_entry lte0
exits 1 "detach ends, and fails" segue detach
says "rp_filter stays as it is"
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1
restored "all of it is gone but rp_filter, of which it told"

echo "-- too few file descriptors"
segue attach wlan0 lte0 >/dev/null
snapshot "$work/attached"
exits 1 "detach" bash -c "ulimit -n 20; exec timeout -s KILL 20 '$segue' detach"
says "Too many open files"
says "nothing was changed"
exits 1 "detach of one device" bash -c "ulimit -n 20; exec timeout -s KILL 20 '$segue' detach wlan0"
snapshot "$work/attached-after"
ok "nothing was" diff -u "$work/attached" "$work/attached-after"
exits 0 "detach with enough of them" segue detach
restored "all of it is gone, rp_filter included"

echo "-- pins of somebody else"
mkdir /sys/fs/bpf/other /sys/fs/bpf/other/links
bpftool map create /sys/fs/bpf/other/state type array key 4 value 4 entries 1 name state
bpftool map create /sys/fs/bpf/other/links/theirs type array key 4 value 4 entries 1 name theirs
bpftool map create /sys/fs/bpf/other/theirs type array key 4 value 4 entries 1 name theirs
find /sys/fs/bpf/other | sort >"$work/theirs"
for verb in "attach wlan0" status check detach "detach wlan0"; do
	# shellcheck disable=SC2086
	exits 1 "$verb" env SEGUE_PIN_DIR=/sys/fs/bpf/other timeout -s KILL 20 "$segue" $verb
	says "pins that segue did not make"
done
ok "they are all there" diff "$work/theirs" <(find /sys/fs/bpf/other | sort)
rm -r /sys/fs/bpf/other
restored "nothing else was touched either"

echo "-- pins of ours with somebody else's among them"
segue attach wlan0 >/dev/null
bpftool map create $pins/theirs type array key 4 value 4 entries 1 name theirs
rm $pins/session
exits 0 "detach" segue detach
sysctl -qw net.ipv4.conf.wlan0.rp_filter=1
restored "all of it is gone"
finish
