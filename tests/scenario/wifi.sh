#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real WLAN: WPA2, an access point that throws the node out, one that vanishes
# without a word, and a walk from one to the other.
#
#                      router-w             core
#        wlan0 ~~~ ap0 ─┬─ node | core ──── w       |
#   node       ~~~ ap1 ─'                           | s ──── eth0 server
#        lte0 ──────────── node | core ──── l       |
#                      router-l
#
# Expected: thrown out, the carrier is lost as with a cable. Roaming it is lost too,
# for as long as the new association takes; the flows spend that time on lte0. Of an
# access point that vanished mac80211 tells when nothing has been acknowledged for a
# second; seven missing beacons make it give up the carrier, which may come first.
# Probes find it in a few round trips.
. "$(dirname "$0")/lib.sh"

# the meter's exec events; its output is the report's
deauthenticate() {
	at router-w hostapd_cli -i ap0 deauthenticate 02:00:00:00:00:00 >/dev/null
}
roam() { at node wpa_cli -i wlan0 roam "$(ap_mac "$1")" >/dev/null; }
export -f deauthenticate roam ap_mac

# The access point forgets the node before it says so, and the frame that says it waits
# for a kernel thread of the node: those milliseconds are lost. What follows is ours.
at_once() {
	expect "carrier loss: an event says so" \
		saw node '.event == "link" and .reason == "carrier lost"'
	expect "the switch came within $(bound 1) ms of it" saw node \
		".reason == \"link down\" and .monotonic_ns - .cause_ns <= $(bound 1) * 1e6"
}

begin "deauthenticated, transport" WLAN=radio FAILBACK_MS=500
topology 15
connect transport
monitor_start node
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,exec,deauthenticate" --duration 4000
monitor_stop node
all_flow "$out/report.json"
stalled_at_most "$out/report.json" '.events[]' 100
at_once
expect "the association is there again" associated 0
expect "node sends by wlan0 again" active_is node device wlan0
expect "server sends to wlan0 again" active_is server remote "$node_wlan"
maps_agree

# Whether beacons are missing mac80211 asks at whole seconds of its own clock alone
# (round_jiffies_up(), net/mac80211/mlme.c). With the usual 100 units between them the
# carrier goes 0.6 to 1.7 s after the access point, as chance has it; with 200 never before
# 1.2 s, so that the silence comes first.
begin "the access point vanishes, tunnel" WLAN=radio BEACON_INT=200
topology 15
connect tunnel
monitor_start node
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,down,router-w,ap0" --duration 3000
monitor_stop node
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 1100
expect "it was left for its silence" saw node '.event == "switch" and .reason == "signal lost"'
expect "and that before its carrier was lost" test "$(jq -r '.reason' "$out/node/events" |
	grep -xE 'signal lost|carrier lost' | head -n 1)" = "signal lost"
expect "node sends by lte0" active_is node device lte0
expect "server sends to lte0" active_is server remote "$node_lte"
maps_agree

begin "the access point vanishes, probes, tunnel" WLAN=radio MOBIKEX_NODE="probe_interval = 10"
topology 15
# what XDP sends back into a pair of veth is taken only if XDP is at its other end
at core xdp-loader load s "$project/build/tests/cli/other_xdp.bpf.o" >"$out/xdp.out" 2>&1
connect tunnel
expect "every path answers probes" await 10 probed node 2
monitor_start node
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,down,router-w,ap0" --duration 1500
monitor_stop node
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 100
expect "it was left for the probes" saw node '.event == "switch" and .reason == "path died"'
expect "node sends by lte0" active_is node device lte0
maps_agree

begin "from one access point to the other, transport" WLAN=radio FAILBACK_MS=500
topology 15
ap_start 1
expect "the other access point is heard" hears 1
connect transport
monitor_start node
leases=$(wc -l <"$out/node/leases")
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,exec,roam 1" --duration 4000
monitor_stop node
all_flow "$out/report.json"
stalled_at_most "$out/report.json" '.events[]' 100
at_once
expect "the node is at the other access point" associated 1
expect "with its lease renewed" test "$(wc -l <"$out/node/leases")" -gt "$leases"
expect "node sends by wlan0" active_is node device wlan0
expect "server sends to wlan0" active_is server remote "$node_wlan"
maps_agree
finish
