#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long IKE takes to confirm a handover: T_UPDATE and T_RRC, stock strongSwan's
# beside ours.
#
#                 router-w              core
#    ✂/✓ wlan0 ──── node | core ──── w       |
#   node                                     | s ──── eth0 server
#    ✓/✂ lte0 ───── node | core ──── l       |
#                 router-l
#
# The interface in use is switched off, wlan0 and lte0 in turn: what stock strongSwan
# does react to.
#   T_UPDATE  from that until the response to UPDATE_SA_ADDRESSES is on the last wire
#   T_RRC     from that until a routability check of the path in use is answered: 0 if one
#             was, since that path is back; without the first loss, whose checks were
#             before the capture
#   check     from a check's request to its response: a round trip, whoever asks
# Times are those of frames on the wires.  Which request is the UPDATE, and which has a
# COOKIE2, its message ID says; that ID is looked up in charon's log.
. "$(dirname "$0")/lib.sh"

losses=6 period=1500

go_down() { # options of the meter: one goes down, the other is back 500 ms before
	local i at=500 cut back
	for ((i = 0; i < losses; i++)); do
		[ $((i % 2)) = 0 ] && cut=wlan0 back=lte0 || cut=lte0 back=wlan0
		[ $i = 0 ] || printf '%s\0' --at "$((at - 510)),up,node,$back" \
			--at "$((at - 500)),exec,uplink_restore $back"
		printf '%s\0' --at "$at.$((i % 10)),down,node,$cut"
		at=$((at + period))
	done
	printf '%s\0' --duration $((at + period))
}

# ids PAYLOADS: of the node's requests that have these
ids() {
	sed -n "s/.*generating INFORMATIONAL request \([0-9]*\) \[.*$1.*/\1/p" "$out/node/charon.log" |
		sort -nu | jq -s .
}

# times: a line for each loss, T_UPDATE, T_RRC and how long the UPDATE's own check took, in ms
times() {
	jq -r --argjson update "$(ids 'N(UPD_SA_ADDR).*N(COOKIE2)')" --argjson check "$(ids 'N(COOKIE2)')" '
		def first_of(f): [.[] | select(f)][0].t_ms;
		def among($ids): .id as $id | $ids | index($id) != null;
		def ms: if . == null then "never" else . * 100 | round / 100 end;
		. as $report | [.events[] | select(.action == "down")] | to_entries[] |
		.key as $n | .value.t_ms as $down |
		(if .value.device == "wlan0" then "router-l/node" else "router-w/node" end) as $wire |
		[$report.wires[$wire].messages[] | select(.t_ms > $down - 500 and .t_ms < $down + '$period')] |
		(map(select(.t_ms > $down and among($update))) | first_of(.response)) as $response |
		(map(select(.t_ms > $down and among($update))) | first_of(.response | not)) as $request |
		(map(select(among($check))) | first_of(.response)) as $checked |
		[ (if $response then $response - $down else null end | ms),
		  (if $n == 0 then "-" elif $checked == null then "never"
		   else [$checked - $down, 0] | max | ms end),
		  (if $response and $request then $response - $request | ms else "never" end) ] | @tsv
	' "$out/report.json"
}

# median: never is longer than any time
median() { sed '/-/d; s/never/1e9/' | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

declare -A update rrc check
for stack in stock segue; do
	begin "$stack, tunnel" FAILBACK_MS=600000
	[ $stack = segue ] || SEGUE_HOSTS=""
	topology 15
	connect tunnel
	mapfile -t -d '' options < <(go_down)
	# shellcheck disable=SC2046
	measure "$out/report.json" $(flow_up 0) $(flow_down 500) "${options[@]}"
	times >"$out/times.tsv"
	say "T_UPDATE, T_RRC and check, ms: $(tr '\t\n' ' ;' <"$out/times.tsv")"
	[ $stack = stock ] || expect "every handover was confirmed" \
		bash -c "[ \$(grep -vc never '$out/times.tsv') = $losses ]"
	update[$stack]=$(cut -f 1 "$out/times.tsv" | median)
	rrc[$stack]=$(cut -f 2 "$out/times.tsv" | median)
	check[$stack]=$(cut -f 3 "$out/times.tsv" | median)
	nothing_in_clear "$out/report.json"
done
expect "T_UPDATE, median: segue ${update[segue]} ms, at most half of stock's ${update[stock]} ms" \
	awk "BEGIN { exit !(2 * ${update[segue]} <= ${update[stock]}) }"
expect "T_RRC, median: segue ${rrc[segue]} ms, at most half of stock's ${rrc[stock]} ms" \
	awk "BEGIN { exit !(2 * ${rrc[segue]} <= ${rrc[stock]}) }"
say "a check, median: segue ${check[segue]} ms, stock ${check[stock]} ms; the round trip is 15 ms"
finish
