#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events as they happen, for several readers at once.
#
#   home[3]   wlan0 10.1.0.2 ─┐
#             lte0  10.2.0.2 ─┴─ 192.0.2.9
. "$(dirname "$0")/lib.sh"

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
exits 1 "not attached" "$segue" monitor
says "segue attach"
"$segue" attach wlan0 lte0 >/dev/null
"$maps" session 3 3 home 10.1.0.2 192.0.2.9
"$maps" path 3 0 wlan0 10.1.0.2 192.0.2.9 10 egress verified
"$segue" switch home wlan0 >/dev/null

# started FILE OPTION...: a monitor that listens; its number in $pid
started() {
	local file=$1
	shift
	"$segue" "$@" monitor >"$file" 2>"$file.err" &
	pid=$!
	for _ in $(seq 500); do	# until it holds the lock of its slot
		[ "$(find /proc/$pid/fd -lname '/run/segue/monitor.*' 2>/dev/null)" ] && return
		kill -0 $pid 2>/dev/null || break
		read -r -t 0.01 <> <(:)
	done
	bad "monitor started" "$(cat "$file.err")"
}
# lines FILE N: waits for as many
lines() {
	timeout 5 tail -n +1 -f "$1" | head -n "$2" >/dev/null
	wc -l <"$1"
}

echo "-- three monitors at once"
began=$(date +%s)
started "$work/text"; first=$pid
started "$work/json" -j; second=$pid
started "$work/late"; third=$pid
"$maps" link wlan0 down
"$maps" path 3 1 lte0 10.2.0.2 192.0.2.9 20 egress verified
"$segue" switch home lte0 >/dev/null
"$maps" refuse 3 lte0 c1234567
"$maps" unpath 3 0
"$maps" link wlan0 up
is "each event at once, one a line" 6 "$(lines "$work/text" 6)"
is "every reader gets them all" "6 6" "$(lines "$work/json" 6) $(lines "$work/late" 6)"
is "in order" "link path switch refusal path link" \
	"$(jq -r .event "$work/json" | paste -sd' ')"
is "with reasons" "carrier lost,path added,manual,check failed,path removed,carrier back" \
	"$(jq -r .reason "$work/json" | paste -sd,)"
is "links by name" "wlan0 down" "$(jq -r 'select(.event == "link") | "\(.device) \(.state)"' "$work/json" | head -1)"
is "sessions by name" "home[3]" "$(jq -r 'select(.event == "switch").session' "$work/json")"
is "paths by device and addresses" "lte0 10.2.0.2 -> 192.0.2.9" \
	"$(jq -r 'select(.event == "switch").to' "$work/json")"
is "SPIs in hexadecimal" 0xc1234567 "$(jq -r 'select(.event == "refusal").spi' "$work/json")"
ok "every line is JSON by itself" bash -c "while read -r l; do valid_json <<<\"\$l\" || exit 1; done <'$work/json'"
ok "monotonic time goes up" jq -es 'map(.monotonic_ns) | . == sort' "$work/json"
wall=$(date -d "$(jq -r .time "$work/json" | tail -1)" +%s)
ok "wall time is right" test "$began" -le "$wall" -a "$wall" -le "$(date +%s)"
ok "the text has time, event, session, both paths and the reason" \
	grep -qE '^[0-9:]{8}\.[0-9]{6}  switch +home\[3\] .*=>  lte0 10\.2\.0\.2 -> 192\.0\.2\.9  manual' "$work/text"

echo "-- how they end"
kill -TERM $first
wait $first
is "SIGTERM: exit code 0" 0 $?
kill -INT $second
wait $second
is "SIGINT: exit code 0" 0 $?
"$segue" detach >/dev/null
# the last one may still hold its lock: what it leaves goes with the next detach
timeout 5 tail --pid=$third -f /dev/null
ok "detach ends the last one" bash -c "! kill -0 $third 2>/dev/null"
wait $third
is "exit code 0" 0 $?
ok "and it says so" grep -q detached "$work/late.err"
"$segue" attach wlan0 >/dev/null
"$segue" detach >/dev/null
ok "no locks remain" test ! -e /run/segue

echo "-- too many"
"$segue" attach wlan0 lte0 >/dev/null
pids=
for n in 1 2 3 4 5 6 7; do
	started "$work/$n"
	pids="$pids $pid"
done
exits 1 "the eighth" "$segue" monitor
says "7 monitors"
# shellcheck disable=SC2086
kill -KILL $(echo $pids | cut -d' ' -f3)
wait "$(echo $pids | cut -d' ' -f3)" 2>/dev/null
started "$work/8"
good "the place of one that was killed is free again"
exits 0 "whoever reads no more ends it" timeout 5 bash -c "'$segue' monitor | true"
# shellcheck disable=SC2086
kill $pids $pid 2>/dev/null
finish
