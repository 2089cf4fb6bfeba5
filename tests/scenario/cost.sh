#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What probes cost where nothing else goes: bytes and wake-ups per second and path.
#
#                 router-w              core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Bytes as the devices count them, both ways, veth's with Ethernet's header of 14 where
# they are sent and without it where they are received; timers by the calls of
# bpf_timer_cb() in the kernel; the agent by the times that charon's threads were waited
# for a reason of their own (voluntary_ctxt_switches, proc(5)).  Of all this what there is
# without probes is taken away.
. "$(dirname "$0")/lib.sh"
. "$project/tests/scenario/lib/calls.sh"

lasts=10	# s

octets() { at node cat "/sys/class/net/$1/statistics/tx_bytes" "/sys/class/net/$1/statistics/rx_bytes" |
	awk '{ n += $1 } END { print n }'; }
wakes() { cat "/proc/$(charon_pid node)/task/"*/status | awk '/^voluntary/ { n += $2 } END { print n }'; }
sample() { echo "$(octets wlan0) $(octets lte0) $(calls segue_timer) $(wakes)"; }

# cost INTERVAL: per second "WLAN_BYTES LTE_BYTES TIMERS WAKES", in $out/cost
cost() {
	local was is
	topology 15
	if [ "$1" = 0 ]; then connect tunnel; else connect_probed tunnel; fi
	sleep 3		# what follows the connection
	was=$(sample)
	sleep $lasts
	is=$(sample)
	echo "$was $is" | awk -v s=$lasts '{ for (i = 1; i <= 4; i++) printf("%.1f%s", ($(i + 4) - $i) / s, i < 4 ? " " : "\n") }' >"$out/cost"
}

calls_begin segue_timer bpf_timer_cb
trap 'topology_down; calls_end segue_timer' EXIT
begin "no probes"
cost 0
read -r wlan0 lte0 timers0 wakes0 <"$out/cost"
say "without probes: $wlan0 and $lte0 bytes/s, $wakes0 wake-ups/s of the agent"
for interval in 10 100 1000; do
	begin "every $interval ms" "MOBIKEX_NODE=probe_interval = $interval"
	cost $interval
	read -r wlan lte timers wakes <"$out/cost"
	# of two paths
	each=$(awk "BEGIN { printf(\"%.1f %.1f %.1f\", ($wlan + $lte - $wlan0 - $lte0) / 2,
		($timers - $timers0) / 2, ($wakes - $wakes0) / 2) }")
	read -r bytes timer agent <<<"$each"
	say "per idle path: $bytes bytes/s, $timer wake-ups/s of the kernel's timer, $agent of the agent"
	# a probe and its answer: 14 + 2 * (20 + 8 + 32)
	most=$((134 * 1000 / interval))
	expect "bytes: no more than $most/s" awk "BEGIN { exit !($bytes <= $most * 1.1 + 2 && $bytes >= $most * 0.5) }"
	expect "the timer: no more than twice a probe" awk "BEGIN { exit !($timer <= 2000 / $interval * 1.1 + 1 && $timer > 0) }"
	expect "the agent: no more than 4 times a probe" awk "BEGIN { exit !($agent <= 4000 / $interval * 1.1 + 1) }"
done
trap 'topology_down' EXIT
calls_end segue_timer
finish
