#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Probes between two hosts, without IPsec: the peer's ingress program answers, the
# kernel's timer judges.
#
#          wlan0 10.1.0.2 ══ far-w 10.1.0.1
#   node                                      server 10.9.0.2
#          lte0  10.2.0.2 ══ far-l 10.2.0.1
. "$(dirname "$0")/lib.sh"

server() { SEGUE_PIN_DIR=/sys/fs/bpf/server peer "$@"; }
# state SLOT: of the node's path
state() { json ".[] | select(.slot == $1) | .probe" path; }
state_is() { [ "$(state "$1")" = "$2" ]; }
counted() { "$segue" -j status | jq -r ".. | objects | select(has(\"$1\")) | .$1"; }
# cut, mend: the server drops what comes by far-w, for it is no path of its any more
cut() { server "$maps" unpath 1 0; }
mend() { server "$maps" path 1 0 far-w "$far" "$near" 0 egress verified; }

hosts() { # PREFIX LENGTH INGRESS
	local w1=${1}1${2}1 w2=${1}1${2}2 l1=${1}2${2}1 l2=${1}2${2}2 s=${1}9${2}2 way
	far=$s near=$w2
	cable wlan0 far-w "$w2/$3" "$w1" 100
	cable lte0 far-l "$l2/$3" "$l1" 200
	peer ip addr add "$s/$4" dev lo
	"$segue" attach --ingress "$5" wlan0 lte0 >/dev/null
	server "$segue" attach --ingress "$5" far-w far-l >/dev/null
	ip route add "$s" via "$w1" dev wlan0
	"$maps" session 1 1 main "$w2" "$s" peer
	"$maps" path 1 0 wlan0 "$w2" "$s" 0 egress verified
	"$maps" path 1 1 lte0 "$l2" "$s" 16 egress verified
	"$segue" switch main wlan0 >/dev/null
	"$maps" key 1 initiator
	server "$maps" session 1 1 main "$s" "$w2" follow peer
	server "$maps" path 1 0 far-w "$s" "$w2" 0 egress verified
	server "$maps" path 1 1 far-l "$s" "$l2" 16 egress verified
	server "$maps" key 1 responder
	# the way out of each device, whatever the main table prefers
	for way in "wlan0 $w1" "lte0 $l1"; do
		# shellcheck disable=SC2086
		set -- $way
		ip route add "$s" via "$2" dev "$1" metric 4 2>/dev/null
	done
}

hosts_end() {
	server "$segue" detach >/dev/null
	"$segue" detach >/dev/null
	ip link del wlan0
	ip link del lte0
	peer ip addr flush dev lo scope global
}

judged() {
	"$maps" probe 1 0 10
	"$maps" probe 1 1 10
	is "nothing is known of a path at first" unknown "$(state 0)"
	"$maps" ask 1 300
	is "both answer" "alive alive" "$(state 0) $(state 1)"
	ok "a round trip was measured" test "$(json '.[0].rtt_us' path)" -gt 0
	ok "every probe was answered" test "$(counted probe_answer)" -ge "$(($(counted probe_sent) - 1))"
	"$segue" -j monitor >>"$work/events" &
	monitor=$!
	sleep_until_reading
	cut
	"$maps" ask 1 400
	is "the one that is cut is dead" "dead alive" "$(state 0) $(state 1)"
	is "and the session has left it" 1 "$(json '.[] | select(.active) | .slot' path)"
	mend
	"$maps" ask 1 200
	is "it answers again" alive "$(state 0)"
	kill $monitor
	wait $monitor 2>/dev/null
	is "what happened" "path suspect,path dead,path died,path back" \
		"$(jq -rs '[.[].reason] | join(",")' "$work/events")"
	is "not before three intervals" true "$(jq -rs \
		'.[] | select(.reason == "path died") | .monotonic_ns - .cause_ns >= 30000000' "$work/events")"
}

# the monitor has its ring: an event of ours comes through
sleep_until_reading() {
	until [ -s "$work/events" ]; do
		"$maps" refuse 1 wlan0 1
		sleep 0.05
	done
	sleep 0.1
	: >"$work/events"
}

for ingress in xdp tc; do
	echo "== IPv4, $ingress"
	hosts 10. .0. 24 32 $ingress
	judged
	hosts_end
	echo "== IPv6, $ingress"
	hosts fd0 :: 64 128 $ingress
	judged
	hosts_end
done
finish
