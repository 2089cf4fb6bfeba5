#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An uplink is about to be taken away: segue link DEV drain. The maps are filled as the
# agent fills them, and it is this script that says what the peers answer.
#
#   home[3]   wlan0 10.1.0.2 ─┐
#             lte0  10.2.0.2 ─┴─ 192.0.2.9
#   work[4]   wlan0 10.1.0.2 ─── 192.0.2.10
#   away[5]   lte0  10.2.0.2 ─── 192.0.2.11
. "$(dirname "$0")/lib.sh"

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
"$segue" attach wlan0 lte0 >/dev/null

state() { json ".[]|select(.device==\"$1\").state" link; }
active() { json '.[0].active' session "$1"; }

echo "-- usage"
exits 1 "an unknown device" "$segue" link eth9 drain
says "not attached"
exits 2 "too much" "$segue" link wlan0 drain now
exits 2 "a window without drain" "$segue" link --window 5 wlan0
exits 2 "or with resume" "$segue" link --window 5 wlan0 resume
exits 2 "no window" "$segue" link --window 0 wlan0 drain
exits 2 "soft is for switch" "$segue" link --soft wlan0 drain

echo "-- nothing uses it"
exits 0 "is drained at once" "$segue" link wlan0 drain
is "and says so" "drained drained" "$(state wlan0) $(json '.[0].reason' link)"
exits 0 "resumed" "$segue" link wlan0 resume
is "it is up" "up resumed" "$(state wlan0) $(json '.[0].reason' link)"

"$maps" session 3 3 home 10.1.0.2 192.0.2.9 peer
"$maps" path 3 0 wlan0 10.1.0.2 192.0.2.9 10 egress verified
"$maps" path 3 1 lte0 10.2.0.2 192.0.2.9 20 egress verified
"$maps" peer 3 1 3 ours 10.1.0.2 never
"$maps" session 5 5 away 10.2.0.2 192.0.2.11
"$maps" path 5 0 lte0 10.2.0.2 192.0.2.11 10 egress verified
"$segue" switch home wlan0 >/dev/null
"$segue" switch away lte0 >/dev/null

echo "-- one session uses it"
exits 0 "drained, in whatever way its peer is told" "$segue" link --window 1 wlan0 drain
says "home[3]: wlan0 10.1.0.2 -> 192.0.2.9  =>  lte0 10.2.0.2 -> 192.0.2.9"
is "for that reason" drained "$(json '.[0].reason' session home)"
is "home goes by the other link, away as before" "lte0 lte0" "$(active home) $(active away)"
is "the link counts as down" drained "$(state wlan0)"
exits 1 "nothing is switched to it" "$segue" switch home wlan0
"$segue" link wlan0 resume >/dev/null
"$segue" switch home wlan0 >/dev/null

echo "-- its peer has to answer"
"$maps" uses 3 10.1.0.2
"$segue" -j link --window 1 wlan0 drain >"$work/drain" 2>"$work/error" &
drain=$!
until [ "$(state wlan0)" = drained ]; do kill -0 $drain || break; done
"$maps" uses 3 10.1.0.2		# an answer to something else
ok "it waits" kill -0 $drain
"$maps" uses 3 10.2.0.2
wait $drain
is "exit code" 0 $?
is "it says so" "true true lte0" "$(jq -r '.[0]|"\(.moved) \(.followed) \(.to[:4])"' "$work/drain")"
"$segue" link wlan0 resume >/dev/null
"$segue" switch home wlan0 >/dev/null

echo "-- one has no other path"
"$maps" session 4 4 work 10.1.0.2 192.0.2.10
"$maps" path 4 0 wlan0 10.1.0.2 192.0.2.10 10 egress verified
"$maps" path 4 1 lte0 10.2.0.2 192.0.2.10 20 egress
"$segue" switch work wlan0 >/dev/null
exits 1 "is told" "$segue" link --window 1 wlan0 drain
says "work[4]: wlan0 10.1.0.2 -> 192.0.2.10"
says "no other path"
says "wlan0 is still in use"
is "the others have moved" lte0 "$(active home)"
is "it has not" wlan0 "$(active work)"
is "the link stays up for it" up "$(state wlan0)"
"$maps" path 4 1 lte0 10.2.0.2 192.0.2.10 20 egress verified
exits 0 "with one, it moves too" "$segue" link --window 1 wlan0 drain
is "all are off" "lte0 lte0 lte0" "$(active home) $(active work) $(active away)"

echo "-- the link comes back"
ok "down ends it" "$maps" link wlan0 down
is "down" "no carrier" "$(state wlan0)"
ok "up again" "$maps" link wlan0 up
is "it is whole" up "$(state wlan0)"

echo "-- its signal is low"
"$maps" link wlan0 weak
is "weak" "weak signal low true" "$(state wlan0) $(json '.[0].reason' link) $(json '.[0].weak' link)"
exits 0 "it can be used all the same" "$segue" switch home wlan0
exits 0 "and drained" "$segue" link --window 1 wlan0 drain
is "that is what counts then" drained "$(state wlan0)"
"$segue" link wlan0 resume >/dev/null
is "weak as before" weak "$(state wlan0)"
"$maps" link wlan0 strong
is "until it is good again" "up signal good" "$(state wlan0) $(json '.[0].reason' link)"
finish
