# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# lib.sh has the variables that are not set here
# A real WLAN in the place of the cable to router-w, where WLAN=radio: mac80211 with
# simulated radios (mac80211_hwsim), hostapd with WPA2, wpa_supplicant, DHCP. Beacons come
# every BEACON_INT units of 1.024 ms.
#
#   node                 router-w
#   wlan0  ~ ~ ~ ~ ~ ~ ~ ap0 ──.
#   wpa_supplicant       hostapd ── node (bridge) | core
#   udhcpc  ~ ~ ~ ~ ~ ~  ap1 ──'    udhcpd
#                        hostapd

readonly ssid=segue passphrase="nothing is secret here"
ap_mac() { echo "02:00:00:00:0$(($1 + 1)):00"; }	# as mac80211_hwsim numbers its radios

# radio HOST NUMBER NAME: gives the host that radio, its device called NAME
radio() {
	local device phy
	phy=$(basename "$(dirname "$(grep -lx "02:00:00:00:0$2:00" /sys/class/ieee80211/*/macaddress)")")
	device=$(basename "/sys/class/ieee80211/$phy/device/net/"*)
	iw phy "$phy" set netns "$(<"$out/$1.pid")"
	echo "$phy" >"$out/$3.phy"
	at "$1" ip link set dev "$device" name "$3"
	at "$1" sysctl -qw "net.ipv6.conf.$3.accept_dad=0" "net.ipv6.conf.$3.keep_addr_on_down=1"
}

# ap_start NUMBER: hostapd for ap0 or ap1, both of one network, on one channel
ap_start() {
	local conf=$out/router-w/ap$1.conf
	mkdir -p "$out/router-w"
	cat >"$conf" <<-END
	interface=ap$1
	bridge=node
	driver=nl80211
	ctrl_interface=/run/hostapd
	ssid=$ssid
	hw_mode=g
	channel=$((1 + 5 * $1))
	beacon_int=${BEACON_INT:-100}
	wpa=2
	wpa_key_mgmt=WPA-PSK
	rsn_pairwise=CCMP
	wpa_passphrase=$passphrase
	END
	at router-w hostapd "$conf" >"$out/router-w/ap$1.log" 2>&1 </dev/null &
	echo $! >"$out/router-w/ap$1.nspid"
	await 20 grep -q AP-ENABLED "$out/router-w/ap$1.log" ||
		die "hostapd does not start: see $out/router-w/ap$1.log"
	at router-w iw dev "ap$1" set txpower fixed 0
}

# What wpa_supplicant tells of an association: the lease is asked for again then
station_start() {
	cat >"$out/node/wpa.conf" <<-END
	ctrl_interface=/run/wpa_supplicant
	update_config=0
	ap_scan=1
	network={
		ssid="$ssid"
		psk="$passphrase"
		scan_freq=2412 2437
	}
	END
	cat >"$out/node/lease" <<-'END'
	#!/bin/sh
	# udhcpc's script
	case $1 in
	bound|renew)
		ip address replace $ip/24 dev $interface
		ip route replace default via $router dev $interface metric 100
		echo $1 $ip >>${0%/*}/leases
		;;
	esac
	END
	cat >"$out/node/associated" <<-END
	#!/bin/sh
	# wpa_cli's action
	[ "\$2" = CONNECTED ] && kill -USR1 \$(cat $out/node/udhcpc.pid 2>/dev/null) 2>/dev/null
	exit 0
	END
	chmod +x "$out/node/lease" "$out/node/associated"
	at node ip link set dev wlan0 up
	at node wpa_supplicant -t -i wlan0 -D nl80211 -c "$out/node/wpa.conf" \
		>"$out/node/wpa.log" 2>&1 </dev/null &
	echo $! >"$out/node/wpa.nspid"
	await 30 grep -q CTRL-EVENT-CONNECTED "$out/node/wpa.log" ||
		die "no association: see $out/node/wpa.log"
	at node wpa_cli -i wlan0 -a "$out/node/associated" >"$out/node/action.log" 2>&1 </dev/null &
	echo $! >"$out/node/action.nspid"
	at node busybox udhcpc -f -i wlan0 -s "$out/node/lease" -p "$out/node/udhcpc.pid" \
		>"$out/node/udhcpc.log" 2>&1 </dev/null &
	echo $! >"$out/node/udhcpc.nspid"
	await 20 grep -q bound "$out/node/leases" || die "no lease: see $out/node/udhcpc.log"
}

lease_server_start() {
	cat >"$out/router-w/udhcpd.conf" <<-END
	start $node_wlan
	end $node_wlan
	interface node
	max_leases 1
	lease_file $out/router-w/leases
	pidfile $out/router-w/udhcpd.pid
	option subnet 255.255.255.0
	option router 10.1.0.1
	option lease 3600
	END
	touch "$out/router-w/leases"
	at router-w busybox udhcpd -f "$out/router-w/udhcpd.conf" \
		>"$out/router-w/udhcpd.log" 2>&1 </dev/null &
	echo $! >"$out/router-w/udhcpd.nspid"
}

# wifi_plug: in the place of a cable
wifi_plug() {
	modprobe -q mac80211_hwsim radios=3 || die "this kernel has no mac80211_hwsim"
	mkdir -p "$out/router-w" "$out/node"
	at router-w ip link add name node type bridge forward_delay 0
	at router-w ip link set dev node up
	at router-w sysctl -qw net.ipv4.conf.node.rp_filter=1
	address router-w node 10.1.0.1/24 fd01::1/64
	radio node 0 wlan0
	radio router-w 1 ap0
	radio router-w 2 ap1
	lease_server_start
	ap_start 0
	station_start
	address node wlan0 fd01::2/64
	uplink_routes wlan0
}

wifi_down() {
	local pidfile
	for pidfile in "$out"/node/{udhcpc,action,wpa}.nspid "$out"/router-w/{ap0,ap1,udhcpd}.nspid; do
		[ -s "$pidfile" ] || continue
		kill "$(<"$pidfile")" 2>/dev/null || true
		wait "$(<"$pidfile")" 2>/dev/null || true
		rm -f "$pidfile"
	done
	! grep -q '^mac80211_hwsim ' /proc/modules || modprobe -r mac80211_hwsim
}

# associated AP: wlan0 is, with that one, and may send
associated() {
	at node wpa_cli -i wlan0 status | tr '\n' ' ' |
		grep -q "bssid=$(ap_mac "$1") .*wpa_state=COMPLETED"
}

# hears AP: it answers, too. What one scan has missed the next one finds; that begins when
# the one before is long over, for while it scans the node sends nothing.
hears() {
	local try
	for try in 1 2 3; do
		at node wpa_cli -i wlan0 scan >"$out/node/scan.$try"
		await 10 at node sh -c "wpa_cli -i wlan0 scan_results | grep -q '$(ap_mac "$1")'" && return
	done
	return 1
}

# signal AP DBM: how well it is heard from now on
signal() {
	# the file takes no sign (hwsim_fops_rx_rssi, drivers/net/wireless/mac80211_hwsim.c);
	# what is transmitted with is added, 0 dBm
	printf '%u\n' "$2" >"/sys/kernel/debug/ieee80211/$(<"$out/ap$1.phy")/hwsim/rx_rssi"
}
