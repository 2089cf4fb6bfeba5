# SPDX-License-Identifier: GPL-2.0-or-later
# Phases of all cells (digest.jq, one array) in, an object a cell out: quartiles of each
# time.
include "quartiles";
def times: ["t_sys", "t_ike", "t_update", "t_rrc", "stalled_up", "stalled_down", "stalled_tcp"];

group_by([.stack, .mode, .cipher, .traffic, .event, .network]) | map(
	. as $phases
	| (.[0] | { stack, mode, cipher, traffic, event, network, interval_ms })
	+ { n: length, watched_ms: map(.watched_ms) | max,
		lost_up: map(.lost_up) | quartiles, lost_down: map(.lost_down) | quartiles,
		tcp_flows: map(select(.tcp == "flowing")) | length,
		clear: map(.clear) | add, xfrm_errors: map(.xfrm_errors) | add }
	+ (reduce times[] as $time ({}; .[$time] = ($phases | map(.[$time]) | quartiles))))
