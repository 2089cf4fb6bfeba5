# SPDX-License-Identifier: GPL-2.0-or-later
# The table at the end of the demonstration. "never" is always with the time that
# was watched.
def right($n): (" " * $n + .)[-$n:];
def left($n): (. + " " * $n)[:$n];
def ms: if . == null then "never" else (. * 100 | round / 100 | tostring) end;
def stall: if .stall_ms == null then "never*" else (.stall_ms | ms) end;
def name: { transport: "E2E transport", beet: "E2E BEET", tunnel: "I-WLAN tunnel" }[.];

def line: [
	(.mode | name | left(14)), (.stack | left(6)),
	(if .t_sys_ms == null then "never*" else (.t_sys_ms | ms) end | right(8)),
	(.up | stall | right(8)), (.down | stall | right(9)), (.echo | stall | right(8)),
	(.up.lost | tostring | right(7)), (.down.lost | tostring | right(6)),
	(.echo.lost | tostring | right(6)),
	"  " + (if .tcp.survived then "yes, \(.tcp.timeouts) RTO" else "no: \(.tcp.state)" end)
] | join("");

"                          T_SYS   stalled, ms                 packets lost",
"mode          stack          ms      up     down    echo      up  down  echo  TCP survived",
(. as $all | ["transport", "beet", "tunnel"][] as $mode | $all[] | select(.mode == $mode) | line),
"",
"T_SYS    from carrier loss to the node's first packet on lte0",
"stalled  longest time without an arrival; undisturbed \(.[0].undisturbed_ms | ms) ms; echo: there and back, RTT \(.[0].rtt_ms) ms",
(if any(.t_sys_ms == null) then "never*   not within the \(([.[].observed_ms] | min) / 1000 | round) s that were watched after the cut" else empty end),
"In clear on any wire: " + ([group_by(.stack)[] | "\(.[0].stack) \([.[].clear] | add)"] | join(", ")) +
	" packets. XFRM errors: " + ([group_by(.stack)[] | "\(.[0].stack) \([.[].xfrm_errors] | add)"] | join(", ")) + "."
