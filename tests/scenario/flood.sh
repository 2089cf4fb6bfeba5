#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Forged probes at the highest rate that this machine makes, to both ends: from who is on
# the way, and knows all but the keys.
#
#                 router-w ← answers    core ← questions
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: nothing moves, no path is thought to be better or worse, each forged one is
# counted, and the flows lose nothing.
. "$(dirname "$0")/lib.sh"

flood=$project/build/tests/scenario/flood
lasts=2000	# ms

# The id in the packets is no secret.  By octets: 64 bits are too many for jq.
key_id() {
	at node bpftool -j map dump pinned /sys/fs/bpf/segue/probe_key |
		jq -r '.[0].key | reverse | map(ltrimstr("0x")) | "0x" + join("")'
}

# What the meter and the daemons leave is all theirs
attack() {
	at router-w chrt --idle 0 "$flood" "$lasts" 2 "$id" "$server_outer" "$node_wlan" >"$out/forged.node" &
	at core chrt --idle 0 "$flood" "$lasts" 1 "$id" "$node_wlan" "$server_outer" >"$out/forged.server" &
	wait
}
export flood lasts
export -f attack

begin "forged probes" MOBIKEX_NODE="probe_interval = 10"
topology 15
connect_probed tunnel
id=$(key_id)
export id
monitor_start node
monitor_start server
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,exec,attack" --duration $((lasts + 1500))
all_flow "$out/report.json"
fact "$out/report.json" "no flow loses anything" '[.flows | .up, .down, .echo | .lost] | add == 0' \
	'.flows | [.up, .down, .echo | .lost] | tostring'
say "$(<"$out/forged.node") to the node and $(<"$out/forged.server") to the server in $lasts ms"
expect "many were made" test "$(($(<"$out/forged.node") + $(<"$out/forged.server")))" -gt 10000
for name in node server; do
	expect "$name: every forged one is counted" test "$(counter $name probe_forged)" = "$(<"$out/forged.$name")"
	expect "$name: nothing switched" bash -c "jq -es 'any(.[]; .event == \"switch\") | not' $out/$name/events"
	expect "$name: no path was suspected" bash -c "jq -es 'any(.[]; .event == \"path\") | not' $out/$name/events"
done
expect "both paths are alive" probed node 2
expect "node sends by wlan0" active_is node device wlan0
monitor_stop node
monitor_stop server
maps_agree
finish
