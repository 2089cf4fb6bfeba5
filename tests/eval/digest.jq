# SPDX-License-Identifier: GPL-2.0-or-later
# A cell in, its phases out, one object each, times in ms after the event. A time is a
# number, "never" (not within the time that was watched), or null where there is no such
# thing, or where it was not seen and the phase was not watched in full. Frames on the wires and arrivals at the sockets, nothing from a log but which of
# the node's requests was UPDATE_SA_ADDRESSES.
#
#   t_sys      the node's first packet of the flow on the wire of the other uplink that its
#              router forwards: from the old address none gets through (reverse path)
#              (bonding: reaches; the router beyond is the same)
#   t_sctp     at the server: SCTP's first DATA or ASCONF from another address than before
#   t_ike      its first message of IKE there
#   t_update   the response to UPDATE_SA_ADDRESSES there
#   t_rrc      from that request, which has the COOKIE2, to the response
#   stalled_*  the longest time without an arrival
. as $cell
| (.mode != "-") as $ipsec
# charon's log tells which message is the update; pluto's is not read
| ($ipsec and .stack != "libreswan") as $charon
# the address changes on the same wire
| (if .event == "mobility" then "router-w/node" else "router-l/node" end) as $wire
# how long the router's delay may take, and how much less
| ({ lab: [0.175, 0], hotspot: [7.5, 0], cellular: [20, 2] }[.network]) as $delay
| def known: if . == null then "never" else . * 10000 | round / 10000 end;
def outcome($name): [.report.events[] | select(.action != "join") | .flows[$name] | if .never then null else .stall_ms end] |
	if any(. == null) then "never" else max end;
def moved($way): [.report.events[] | select(.action != "join") | .assocs.flow[$way] | if .never then null else .stall_ms end] |
	if any(. == null) then "never" else max end;
(if .event == "cost" then [] else .phases // [] end)[]
| .report as $r
# an association with one address does not move, and pinned ones have one
| ($cell.event == "mobility" or ($r.followed | type) == "object" or any($r.events[]; .action == "join")) as $moves
# not of a first watch that was too short for what the second one saw come back
| .full as $full
# before it some have to be told their second address
| [$r.events[] | select(.action != "join")] as $events | $events[0] as $event
# the carrier goes a moment after the call that makes it go began
| ($event.t_ms + if $cell.event == "carrier" then $event.carrier_off_ms else 0 end) as $begin
| def since: if . then . - $begin else . end | known;
# protected or in clear: both are the flow
def first($wire; $way): [$events[] | .t_ms as $t | .wires[$wire] | .[$way + "_first_ms"], .[$way + "_clear_first_ms"] |
	select(.) + $t] | min;
[$r.wires[$wire].messages[] | select(.t_ms > $event.t_ms)] as $ike
| (.update_ids) as $ids
| [$ike[] | select(.id as $id | $ids | index($id) != null)] as $update
| ([$update[] | select(.response | not)][0].t_ms) as $request
| ([$update[] | select(.response)][0].t_ms) as $response
| ($r.assocs.flow) as $assoc
| ([$events[] | .t_ms as $t | .assocs.flow.other_first_ms // empty | . + $t] | min) as $sctp
| {
	stack: $cell.stack, mode: $cell.mode, cipher: $cell.cipher, traffic: $cell.traffic,
	event: $cell.event, network: $cell.network, phase, watched_ms, full: $full,
	t_sys: (if $cell.event == "mobility" then null else
		first("router-l/node"; "in") as $there |
		(first("router-l/core"; "out") | if . then . - $delay[0] else . end) as $passed |
		(if $cell.stack | test("^bonding") then $there elif $passed and $there and $passed - $there <= 0.5 + 2 * $delay[1] then $there else $passed end | since) end),
	t_sctp: (if $assoc.kind == "sctp" and $moves then ($sctp | since) else null end),
	t_ike: (if $ipsec then ([$ike[] | select(.direction == "in" and (.response | not))][0].t_ms | since) else null end),
	t_update: (if $charon then ($response | since) else null end),
	t_rrc: (if $charon then (if $response and $request then $response - $request else null end | known) else null end),
	stalled_up: (if $assoc then moved("up") else outcome("up") end),
	stalled_down: (if $assoc then moved("down") else outcome("down") end),
	stalled_tcp: (if $r.flows.tcp then outcome("tcp") else null end),
	tcp: ($r.flows.tcp.state | if . == "flowing" or $full then . else null end),
	lost_up: (if $assoc then $r.assocs.flow.up.missing else $r.flows.up.lost end),
	lost_down: (if $assoc then $r.assocs.flow.down.missing else $r.flows.down.lost end),
	interval_ms: $r.interval_ms,
	clear: ([$r.wires[].clear] | add),
	xfrm_errors: ([$r.hosts[].xfrm_errors] | add)
}
| reduce ("t_sys", "t_sctp", "t_ike", "t_update", "t_rrc", "stalled_up", "stalled_down", "stalled_tcp") as $time (.;
	.[$time] |= if . == "never" and ($full | not) then null else . end)
