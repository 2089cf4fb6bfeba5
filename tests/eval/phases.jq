# SPDX-License-Identifier: GPL-2.0-or-later
# The meter's report of several phases in one run in, from phase $first on; out: each as
# if it had been a run of its own. A phase is $actions events, then a mark when it has been
# watched for $watched ms, then what puts it back; the last one has neither. What the report
# has once for the whole run (frames in clear, XFRM's errors) is the first one's.
#
# Fails with $elsewhere (none of jq's own exit codes) if one of them began elsewhere than on
# wlan0: the flow's last frame before it there, both ways, has to be a few intervals old at most, and none by lte0 as near.
def near: 5 * .interval_ms;
. as $report
| ($actions + 2) as $each
| [range(0; .events | length; $each)] as $begins
| [$begins[1:][] | . as $i | $report.events[$i - 1] as $back | $report.events[$i].t_ms as $t
	| ("in_last_ms", "out_last_ms") as $key
	| (($back.wires["router-w/node"][$key] // -1e9) + $back.t_ms) as $home
	| (($back.wires["router-l/node"][$key] // -1e9) + $back.t_ms) as $away
	| select($t - $home > ($report | near) or $t - $away <= ($report | near))
	| "event at \($t) ms: \($key) \($t - $home) ms before by wlan0, \($t - $away) ms by lte0"] as $others
| if $others != [] then $others[0] | halt_error($elsewhere) else . end
| $begins | to_entries[] | .key as $phase | .value as $i
| $report.events[$i:$i + $actions] as $events
| $report.events[$i + $actions] as $mark
| ($mark.t_ms // 1e9) as $until
| ($report.events[$i + $actions + 1] | if . then .t_ms - $until else 0 end) as $apart
# What did not come back while it was watched did so because all was put back: a gap that is
# longer than the watch, or that is the one at the mark, too, if that is not of a flow that
# goes on.
| def seen: with_entries(($mark.flows[.key].stall_ms // 0) as $over
	| .value |= if .never or (.stall_ms < $watched and (.stall_ms <= $apart or .stall_ms != $over)) then .
		else { never: true, stall_ms: null } end);
{
	interval_ms: $report.interval_ms,
	events: ($events | map(.flows |= seen)),
	flows: ($report.flows | to_entries | map(.key as $flow | { key: $flow, value:
		# what a router had kept comes when its link is back: nobody waits so long
		(if .value.sent then { lost: [($events[], $mark // empty).flows[$flow] | .lost + .late] | add }
		 elif $mark then { state: (if $mark.flows[$flow] | .never or .stall_ms > 50 * $report.interval_ms
			then "stalled" else "flowing" end) }
		 else { state: .value.state } end) }) | from_entries),
	wires: ($report.wires | map_values({ clear: (if $phase == 0 then .clear else 0 end),
		messages: [.messages[] | select(.t_ms > $events[0].t_ms and .t_ms < $until)] })),
	hosts: ($report.hosts | map_values({ xfrm_errors: (if $phase == 0 then .xfrm_errors else 0 end) }))
}
| { phase: ($first + $phase), watched_ms: $watched, full: true, update_ids: $ids, bins: null, report: . }
