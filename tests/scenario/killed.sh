#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# charon is killed without a warning and started again, segue is detached under
# load: the data path goes on with its last decision, the host gets back what it had.
#
#                 router-w              core
#     ✂  wlan0 ──── node | core ──── w       |
#   node  ☠                                  | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
. "$(dirname "$0")/lib.sh"

kill_charon() { kill -KILL "$(at node cat /run/charon.pid)"; }
export -f kill_charon

begin "charon killed mid-traffic" FAILBACK_MS=500
topology 15
connect transport
# the SAs stay in the kernel; the handover comes 300 ms after charon's death
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,exec,kill_charon" --at "800.3,$(carrier_loss wlan0)" \
	--duration 2500
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 19
expect "node sends by lte0 without an agent" active_is node device lte0
at router-w ip link set dev node up

begin "charon killed and started again"
topology 15
connect tunnel
charon_kill node KILL
charon_start node
initiate
ready
expect "the new session replaces the old one" await 10 \
	grep -q 'replaces main\[1\] of an earlier charon' "$out/node/charon.log"
left() { echo "$(at node "$segue" -j session | jq length) $(at node "$segue" -j sa | jq length)" \
	"$(at node ip xfrm state | grep -c ^src)"; }
expect "of which no SA is left" await 10 eval '[ "$(left)" = "1 2 2" ]'
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500.3,$(carrier_loss wlan0)" --duration 2500
all_flow "$out/report.json"
stalled_at_most "$out/report.json" "$cuts" 19
maps_agree

# What was protected by the uplink that is left now is protected by nothing any more.
begin "charon killed and started again elsewhere"
topology 15
connect transport
charon_kill node KILL
at node ip link set dev wlan0 down
charon_start node
initiate
expect "the new session replaces the old one" await 10 \
	grep -q 'replaces main\[1\] of an earlier charon' "$out/node/charon.log"
expect "it has another pair" active_is node local "$node_lte"
uplink_restore wlan0
# shellcheck disable=SC2046
measure "$out/report.json" $(flow_up) $(flow_echo 250) --duration 500
fact "$out/report.json" "from the old address nothing arrives" \
	'.flows.up | .received == 0 and .sent > 100' '.flows.up | tostring'
nothing_in_clear "$out/report.json"

# snapshot HOST: what detach has to restore; counters and random link-layer
# addresses aside
snapshot() {
	at "$1" sh -c '
		ip -o link | grep -v "link/none" | sed "s/^[0-9]*: //"
		ip address | grep -E "^[0-9]|inet" | sed "s/^[0-9]*: //"
		ip route show table all; ip -6 route show table all
		ip rule; ip -6 rule
		for d in wlan0 lte0; do tc qdisc show dev $d; done
		sysctl -a 2>/dev/null | grep -E "conf\.(wlan0|lte0|all|default)\.(rp_filter|accept_local)"
		ls -R /sys/fs/bpf' 2>/dev/null | grep -v expires
}

begin "detach restores the host"
topology 15
snapshot node >"$out/before"
at node "$segue" attach wlan0 lte0 >/dev/null
at node "$segue" attach wlan0 lte0 >/dev/null
snapshot node >"$out/during"
at node "$segue" detach >/dev/null
snapshot node >"$out/after"
expect "attached, the host is another" bash -c "! cmp -s '$out/before' '$out/during'"
expect "detached, it is the same as before" diff "$out/before" "$out/after"

detach_all() { at node "$segue" detach >"$out/detached" 2>&1; }
export -f detach_all
begin "detach mid-traffic"
topology 15
connect tunnel
# shellcheck disable=SC2046
measure "$out/report.json" $(load) --at "500,exec,detach_all" --duration 3000
fact "$out/report.json" "detach succeeded" '.events[0].status == 0' '.events[0].status'
nothing_in_clear "$out/report.json"
expect "segue0 is gone" bash -c '! at node ip link show segue0'
expect "nothing is pinned any more" bash -c '! at node test -e /sys/fs/bpf/segue'
finish
