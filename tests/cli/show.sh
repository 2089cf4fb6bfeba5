#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sessions, paths and SAs as people and scripts see them, and the switch by hand.
# The maps are filled as the agent fills them.
#
#   home[3]  (session 3)    wlan0 10.1.0.2 ─┐
#                           lte0  10.2.0.2 ─┴─ 192.0.2.9
#   work[8]  (session 4)    wlan0 10.1.0.2 ─┐     rekeyed: its unique id was 4
#   work[5]  (session 5)    lte0  10.2.0.2 ─┴─ 192.0.2.10
. "$(dirname "$0")/lib.sh"

cable wlan0 w0 10.1.0.2/24 10.1.0.1 100
cable lte0 l0 10.2.0.2/24 10.2.0.1 200
"$segue" attach wlan0 lte0 >/dev/null

echo "-- nothing yet"
for noun in link session path sa; do
	ok "$noun" "$segue" "$noun"
	is "$noun in JSON is an array" array "$("$segue" -j "$noun" | jq -r type)"
done
exits 1 "an unknown session" "$segue" path home
says "no session home"

ok "a session" "$maps" session 3 3 home 10.1.0.2 192.0.2.9 peer
ok "its paths" bash -c "
	'$maps' path 3 0 wlan0 10.1.0.2 192.0.2.9 10 egress verified &&
	'$maps' path 3 1 lte0 10.2.0.2 192.0.2.9 20 egress verified &&
	'$maps' path 3 2 lte0 10.2.0.2 192.0.2.99 30 egress &&
	'$maps' path 3 3 wlan0 10.1.0.2 192.0.2.99 30 verified"
ok "its SAs" bash -c "
	'$maps' sa in c1234567 3 tunnel 192.0.2.9 && '$maps' sa out 00000abc 3 tunnel 192.0.2.9"
"$maps" session 4 8 work 10.1.0.2 192.0.2.10 follow
"$maps" session 5 5 work 10.2.0.2 192.0.2.10
"$maps" path 5 0 lte0 10.2.0.2 192.0.2.10 10 egress verified
"$maps" sa in c0000005 5 beet 192.0.2.10

echo "-- JSON and text say the same"
is "sessions" "home[3] 3 3 leads segue;work[8] 4 8 follows stock;work[5] 5 5 leads stock" \
	"$(json '[.[]|"\(.session) \(.id) \(.ike) \(.role) \(.peer)"]|join(";")' session)"
is "sessions in text" "home[3] work[8] work[5]" \
	"$("$segue" session | awk 'NR > 1 { printf("%s%s", (NR > 2 ? " " : ""), $1) }')"
is "canonical addresses" "10.1.0.2 192.0.2.9" "$(json '.[0]|"\(.local) \(.remote)"' session home)"
is "paths" "0 wlan0 10.1.0.2;1 lte0 10.2.0.2;2 lte0 10.2.0.2;3 wlan0 10.1.0.2" \
	"$(json '[.[]|"\(.slot) \(.device) \(.local)"]|join(";")' path home)"
is "their states" "ready,ready,not verified,receive only" \
	"$(json '[.[].state]|join(",")' path home | sed 's/^active/ready/')"
is "the text shows them too" 4 "$("$segue" path home | grep -cE 'ready|active|not verified|receive only')"
is "SAs" "in 0xc1234567 tunnel;out 0x00000abc tunnel;in 0xc0000005 beet" \
	"$(json '[.[]|"\(.direction) \(.spi) \(.mode)"]|join(";")' sa)"
is "SAs of one session" 0xc0000005 "$(json '.[].spi' sa 'work[5]')"
is "the text has the SPI" c0000005 "$("$segue" sa 5 | awk 'NR == 2 { print $1 }')"
is "status counts" "2 3 3" "$(json '.status|"\(.links) \(.sessions) \(.sas)"' status)"
for noun in status link session path sa check; do
	ok "-j $noun is JSON" bash -c "'$segue' $noun -j | valid_json"
done

echo "-- names"
for name in home 'home[3]' 3; do
	is "$name" 3 "$(json '.[].id' session "$name")"
done
is "work[8], by the unique id it has now" 4 "$(json '.[].id' session 'work[8]')"
is "work[4], by the one it had" 4 "$(json '.[].id' session 'work[4]')"
is "4, likewise" 4 "$(json '.[].id' session 4)"
exits 1 "work is ambiguous" "$segue" session work
says "work[8]"
says "work[5]"
for name in 'home[4]' 'hom' '33' 'home[' '[3]' '99999999999999999999' '' '-1x'; do
	exits 1 "no session '$name'" "$segue" session -- "$name"
done
exits 2 "too many names" "$segue" session home work

echo "-- switch"
exits 0 "to a device" "$segue" switch home lte0
says "lte0 10.2.0.2 -> 192.0.2.9"
is "it is active" lte0 "$(json '.[0].active' session home)"
is "for the reason given" manual "$(json '.[0].reason' session home)"
is "so says the status" "home[3] lte0 manual" \
	"$(json '.switches[]|"\(.session) \(.active) \(.reason)"' status)"
ok "in text" grep -q '^home\[3\] *lte0 .* manual$' <("$segue" status)
is "where several fit, the verified one is taken" 1 "$(json '.[0].active_slot' session home)"
exits 0 "to a local address" "$segue" switch home 10.1.0.2
is "it is active" 0 "$(json '.[0].active_slot' session home)"
exits 0 "to a slot" "$segue" switch 'home[3]' 1
is "it is active" 1 "$(json '.[0].active_slot' session home)"
switches=$(json '.[0].switches' session home)
exits 0 "to where it is" "$segue" switch 3 1
says "was there already"
is "that counts for nothing" "$switches" "$(json '.[0].switches' session home)"
is "in JSON" '{"session_id":3,"slot":0,"switched":true}' \
	"$(json '{session_id,slot,switched}|tojson' switch home wlan0)"
exits 1 "to a path that is not verified" "$segue" switch home 2
says "routability check"
exits 1 "to a path for receiving only" "$segue" switch home 3
says "receiving only"
exits 1 "to an empty slot" "$segue" switch home 9
says "no path 9"
exits 1 "to a slot beyond all" "$segue" switch home 4294967299
exits 1 "to an unknown device" "$segue" switch home eth9
exits 1 "of an ambiguous session" "$segue" switch work lte0
says "ambiguous"
ok "lte0 goes down" "$maps" link lte0 down
exits 1 "to a path whose link is down" "$segue" switch home lte0
says "segue link"
is "the path says so" "link down" "$(json '.[1].state' path home)"
is "the link says so" "no carrier carrier lost 1" \
	"$(json '.[1]|"\(.state) \(.reason) \(.downs)"' link)"

ok "lte0 comes back" "$maps" link lte0 up

echo "-- switch --child"
"$segue" switch home wlan0 >/dev/null
"$maps" sa in c2222222 3 tunnel 192.0.2.9 2
"$maps" sa out 2222 3 tunnel 192.0.2.9 2
# asked grants|refuses ARGUMENT...: the command, with somebody there who answers it
asked() {
	local answer=$1 ready status
	shift
	exec {ready}< <(exec "$maps" agent "$answer" 2>&1)
	read -r <&"$ready"
	"$segue" switch "$@"
	status=$?
	cat <&"$ready" >"$work/wish"
	exec {ready}<&-
	return $status
}
exits 0 "by the SPI that it receives by" asked grants --child c2222222 home lte0
is "the agent was asked" "3 2 1 0" "$(<"$work/wish")"
says "wlan0 10.1.0.2 -> 192.0.2.9  =>  lte0 10.2.0.2 -> 192.0.2.9"
is "only that goes" "0 0 1 1" "$(json '[.[] | select(.session_id == 3)] | sort_by(.child) | [.[].slot] | join(" ")' sa)"
exits 0 "by the other one, softly" asked grants --child 0x2222 --soft --window 70 home wlan0
is "the agent was asked" "3 2 0 70" "$(<"$work/wish")"
says "by both for 70 ms"
exits 1 "refused" asked refuses --child 2222 home lte0
says "stays where it is: not supported"
exits 1 "one that goes with its session" "$segue" switch --child c1234567 home lte0
says "goes with its session"
exits 1 "one of another session" "$segue" switch --child c0000005 home lte0
exits 1 "an unknown SPI" "$segue" switch --child c3333333 home lte0
says "no SA of this session"
for spi in '' 0x xyz 123456789 -1; do
	exits 1 "no SPI: '$spi'" "$segue" switch --child="$spi" home lte0
	says "is no SPI"
done
exits 2 "for switch only" "$segue" sa --child c2222222
echo "-- switch --soft"
"$segue" switch home wlan0 >/dev/null
is "nothing is copied" "255 0 null" "$(json '.[0]|"\(.copy_slot) \(.copy_until) \(.copy)"' session home)"
exits 1 "to a path that is not verified" "$segue" switch --soft home 2
exits 1 "to a path for receiving only" "$segue" switch --soft home 3
exits 0 "to where it is" "$segue" switch --soft home wlan0
says "was there already"
is "that copies nothing" 255 "$(json '.[0].copy_slot' session home)"
# each step is seen as it comes: the copy first, then the switch
"$segue" switch --soft --window 2000 home lte0 >"$work/soft" &
soft=$!
seen='' state=''
while kill -0 $soft 2>/dev/null; do
	now=$(json '.[0]|"\(.active_slot)\(.copy_slot)"' session home)
	[ "${seen##* }" = "$now" ] || seen+=" $now"
	[ "$now" != 01 ] || : "${state:=$(json '[.[].state]|join(",")' path home)}"
done
wait $soft
is "exit code" 0 $?
is "first by both, then by both with the new one first" "01 10" \
	"$(sed -E 's/^ (0255 )?//; s/ 1255$//' <<<"$seen")"
is "then by that alone" "1255" "$(json '.[0]|"\(.active_slot)\(.copy_slot)"' session home)"
is "the paths said so" "active,copy,not verified,receive only" "$state"
is "it says what it did" 1 "$(grep -c 'lte0 10.2.0.2 -> 192.0.2.9  by both for 2000 ms' "$work/soft")"
is "in JSON" '{"slot":0,"switched":true,"window_ms":1}' \
	"$(json '{slot,switched,window_ms}|tojson' switch --soft --window 1 home wlan0)"
is "it is over" "0 255" "$(json '.[0]|"\(.active_slot) \(.copy_slot)"' session home)"
# killed within the first window: it ends by itself
"$segue" switch --soft --window 1000 home lte0 >/dev/null &
soft=$!
until [ "$(json '.[0].copy_slot' session home)" = 1 ]; do
	kill -0 $soft || break
done
kill -KILL $soft
{ wait $soft; } 2>/dev/null
is "killed: the copy goes on" "0 1" "$(json '.[0]|"\(.active_slot) \(.copy_slot)"' session home)"
until=$(json '.[0].copy_until' session home)
while [ "$(json '.[0].copy_slot' session home)" != 255 ]; do :; done
ok "and ends when it was to end" test "$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)" -ge $((until - 20000000))
is "the session stayed" 0 "$(json '.[0].active_slot' session home)"

echo "-- what was negotiated"
is "nothing is known" "null 0 0" "$(json '.[0]|"\(.protocol) \(.version) \(.addresses|length)"' session home)"
is "nor of the paths" "null null null" "$(json '.[0]|"\(.check) \(.checked) \(.since)"' path home)"
"$maps" peer 3 1 17 ours 10.1.0.2 verified ours 10.2.0.2 never \
	peer 192.0.2.9 verified peer 192.0.2.99 pending peer 192.0.2.77 failed
"$segue" switch home wlan0 >/dev/null
is "version and capabilities, by name" "MOBIKE-X 1;1;restores, interfaces, copies, children;restores, interfaces" \
	"$(json '.[0]|"\(.protocol);\(.version);\(.peer_can);\(.we_can)"' session home)"
is "each address, its check and its role" \
	"ours 10.1.0.2 verified active, canonical;ours 10.2.0.2 never backup;peer 192.0.2.9 verified active, canonical;peer 192.0.2.99 pending backup;peer 192.0.2.77 failed null" \
	"$(json '.[0].addresses|map("\(.side) \(.address) \(.check) \(.role)")|join(";")' session home)"
is "preferences" "0 1 2 3 4" "$(json '.[0].addresses|map(.preference)|join(" ")' session home)"
is "what was checked says when" "true false true false true" \
	"$(json '.[0].addresses|map(.checked != null)|join(" ")' session home)"
is "announced before that" true "$(json '.[0].addresses|all(.checked == null or .announced < .checked)' session home)"
is "paths have the check of the peer's address" "verified verified pending pending" \
	"$(json '[.[].check]|join(" ")' path home)"
is "and a role" "active, canonical;backup;backup;backup" "$(json '[.[].role]|join(";")' path home)"
is "and an age" "true false" "$(json '"\(.[0].since != null) \(.[1].since != null)"' path home)"
"$maps" leaving 3 3
is "an address that is gone" leaving "$(json '.[3].role' path home)"
ok "the path by lte0 is held down" "$maps" held 3 1 100
is "it says so" "held down true" \
	"$(json '.[1]|"\(.state|sub(" [0-9.]+ s$";"")) \(.held)"' path home)"
ok "and for how long" test "$(json '.[1].held_ms' path home)" -gt 90000
ok "the text, too" grep -q 'held down [1-9][0-9.]* s' <("$segue" path home)
"$maps" held 3 1 -1
is "while its link is down nobody knows" "held down true 0" \
	"$(json '.[1]|"\(.state) \(.held) \(.held_ms)"' path home)"
"$maps" held 3 1 0
is "and it ends by itself" "ready false" "$(json '.[1]|"\(.state) \(.held)"' path home)"
"$maps" path 3 1 lte0 10.2.0.2 192.0.2.9 20 egress verified metered
is "it costs" "metered true" "$(json '.[1]|"\(.role) \(.metered)"' path home)"
exits 0 "the text of one session has it too" "$segue" session home
says "MOBIKE-X 1  restores, interfaces, copies, children"
says "peer  192.0.2.77"
ok "with an age" grep -qE '192\.0\.2\.9 .*active, canonical +verified +[12]\.[0-9] s ago' <<<"$said"
exits 0 "that of all has no addresses" "$segue" session
is "one line for each" "$(json length session)" "$(($(wc -l <<<"$said") - 1))"
"$maps" peer 5 0 0
is "a peer of RFC 4555" "MOBIKE 0 null" "$(json '.[0]|"\(.protocol) \(.version) \(.peer_can)"' session 5)"
"$maps" broken 5
exits 1 "what no agent writes" "$segue" session 5
exits 1 "likewise" "$segue" path 5
"$maps" peer 5 0 0

echo "-- refusals"
is "none yet" "0 0" "$(json '.[0].refused|length' session home) $(json '.refused|length' status)"
"$maps" refuse 3 lte0 c1234567
"$maps" refuse 3 lte0 c1234567
"$maps" refuse 5 lte0 c1234567
is "of a session" '[{"reason":"check failed","count":2}]' "$(json '.[0].refused|tojson' session home)"
is "in all" '[{"reason":"check failed","count":3}]' "$(json '.refused|tojson' status)"
exits 0 "the text of the session has it" "$segue" session home
says "check failed  2"
exits 0 "status too" "$segue" status
says "check failed  3"

echo "-- names that hurt"
"$maps" session 6 6 "$(printf 'a\001\033[31m\377b"\\')" 10.1.0.2 192.0.2.11
ok "are JSON all the same" bash -c "'$segue' -j session | valid_json"
ok "and leave the terminal alone" bash -c "! '$segue' session | grep -q \$'\\033'"
"$maps" session 7 7 "$(printf 'x%.0s' {1..60})" 10.1.0.2 192.0.2.12
is "a long name is cut" 31 "$(json '.[]|select(.id==7).name|length' session)"
is "and found by its whole length" 7 "$(json '.[].id' session "$(printf 'x%.0s' {1..60})")"

echo "-- writing fails"
exits 1 "a full disk is told" bash -c "'$segue' status >/dev/full"
says "cannot write"
finish
