# SPDX-License-Identifier: GPL-2.0-or-later
# Phases of all cells (digest.jq, one array) in, an object a cell out: quartiles of each
# time. Where a phase that was not watched in full has not seen it, none of those counts:
# they would leave the short times and no long one.
include "quartiles";
def times: ["t_sys", "t_sctp", "t_ike", "t_update", "t_rrc", "stalled_up", "stalled_down", "stalled_tcp"];
def counted($time): if any(.full or .[$time] != null | not) then map(select(.full)) else . end | map(.[$time]);

group_by([.stack, .mode, .cipher, .traffic, .event, .network]) | map(
	. as $phases
	| (.[0] | { stack, mode, cipher, traffic, event, network, interval_ms })
	+ { n: length, full: map(select(.full)) | length, watched_ms: map(.watched_ms) | max,
		watched_least_ms: map(select(.full) | .watched_ms) | min,
		lost_up: map(.lost_up) | quartiles, lost_down: map(.lost_down) | quartiles,
		tcp: counted("tcp") | map(select(. != null)) | { n: length, flowing: map(select(. == "flowing")) | length },
		clear: map(.clear) | add, xfrm_errors: map(.xfrm_errors) | add }
	+ (reduce times[] as $time ({}; .[$time] = ($phases | counted($time) | quartiles))))
