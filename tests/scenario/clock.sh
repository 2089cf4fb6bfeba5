#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A clock that jumps, and a daemon that does not run: nothing rests on either.
#
#                 router-w              core
#        wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#        lte0 ───── node | core ──── l       |
#                 router-l
#
# Expected: days forth and back, under load and in the middle of a hold-down, change
# neither paths nor sessions nor when it goes back.  While charon is stopped, as by
# SIGSTOP or by a laptop that sleeps, nobody sends probes along idle paths, and none
# is thought dead for it, then or afterwards.
. "$(dirname "$0")/lib.sh"

if [ -z "${SEGUE_IN_VM:-}" ]; then
	echo "would set this machine's clock"
	exit 77
fi

jump() { date --set "@$(($(date +%s) + $1))" >/dev/null; }	# SECONDS
day=86400

start() {
	topology 15
	connect_probed tunnel
	monitor_start node
}

# quiet: no path was suspected, nothing switched
quiet() { jq -es 'any(.[]; .event == "switch" or .event == "path") | not' "$out/node/events"; }

# last STATE: when the monitor saw wlan0 go up or down last, ms
last() {
	jq -s "[.[] | select(.event == \"link\" and .state == \"$1\") | .monotonic_ns] | max / 1000000 | floor" \
		"$out/node/events"
}
back() {
	jq -s '[.[] | select(.reason == "failback") | .monotonic_ns] | max / 1000000 | floor' \
		"$out/node/events"
}

begin "a clock that jumps" MOBIKEX_NODE="probe_interval = 50"
start
at node ping -q -i 0.02 -c 300 "$flow_server" >"$out/ping" 2>&1 &
pid=$!
for seconds in $day -$((3 * day)) 1 -1 $((2 * day)); do
	sleep 1
	jump "$seconds"
done
wait $pid || true
expect "no packet was lost" grep -q ' 300 received' "$out/ping"
expect "no path was suspected, nothing switched" quiet
expect "both paths are alive" probed node 2
at router-w ip link set dev node down
expect "the loss of the link is another matter" await 5 active_is node device lte0
jump $day
at router-w ip link set dev node up
came_up() { [[ "$(last up)" =~ ^[0-9]+$ ]]; }
await 5 came_up || die "no event of the link that is back"
jump -$day
expect "back" await 10 active_is node device wlan0
monitor_stop node
expect "after 2 s, as by a clock that nobody set" \
	test $(($(back) - $(last up))) -ge 2000 -a $(($(back) - $(last up))) -le "$(exact && echo 2500 || echo 20000)"
maps_agree

begin "a daemon that is stopped" MOBIKEX_NODE="probe_interval = 10"
start
sent() { paths node | jq '[.[].probes_sent] | add'; }
kill -STOP "$(charon_pid node)"
was=$(sent)
sleep 5
expect "nobody sends probes" test $(($(sent) - was)) -le 2
kill -CONT "$(charon_pid node)"
sleep 2
expect "then somebody does" test $(($(sent) - was)) -gt 100
expect "no path was thought dead, nothing switched" \
	bash -c "jq -es 'any(.[]; .event == \"switch\" or .reason == \"path dead\") | not' $out/node/events"
expect "both paths are alive" probed node 2
monitor_stop node
maps_agree
finish
