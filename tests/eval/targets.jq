# SPDX-License-Identifier: GPL-2.0-or-later
# Figures (figures.jq) in, a table out: what was to be reached, and what was. Medians; of
# several stacks, or of default and tuned, the best one; where there is none, no comparison.
# Of each traffic for itself, and of AES-GCM.
#
# What a flow says of a stall is a whole number of its send intervals and what the packets'
# way varies by. So two spreads that are below an interval are not told apart by it.
def line: "| " + join(" | ") + " |";
def ms: if . == "never" then . elif . == null then "–" else (if . < 100 then . * 100 | round / 100 else round end | tostring) + " ms" end;
def exact: "\(.) ms";
def verdict($yes): if $yes then "reached" else "**not reached**" end;
def blurred: "not told apart";
# without something to compare with nobody knows
def compared($rival; yes): if $rival == null then "no comparison" else verdict(yes) end;
def best: map(select(. != null)) | sort | .[0];	# "never" comes after numbers
{ lab: 0.35, hotspot: 15, cellular: 40 } as $rtt
| . as $figures
| [("mixed", "rtp") as $traffic
| ($figures | map(select(.traffic == $traffic and (.cipher | . == "gcm" or . == "-") and .mode != "moved"))) as $all
| def of($stacks; $event; $network; $time): $all[] |
	select((.stack | test("^(" + $stacks + ")(-tuned)?$")) and .event == $event and .network == $network) |
	{ stack, mode, interval_ms, value: .[$time].median, iqr: (.[$time] | if . == null then null elif .q3 == "never" then "never" else .q3 - .q1 | . * 10000 | round / 10000 end) };
def losses: "carrier", "admin", "mobility", "silent";
def ways: "stalled_up", "stalled_down";
def way: ltrimstr("stalled_") + "link";
def traffic: if $traffic == "mixed" then "" else ", \($traffic)" end;
def name: "\(.stack) \(.mode)" + traffic;
	(("lab", "hotspot", "cellular") as $n |
		([of("stock"; "admin"; $n; "t_sys") | .value] | best) as $stock |
		of("segue"; "admin"; $n; "t_sys") | select(.value != null) |
		(if $stock == null or $stock == "never" or .value == "never" then null else $stock / .value end) as $ratio |
		["T_SYS at least 100 times shorter than stock strongSwan’s, interface switched off", $n, name,
		 "\(.value | ms) against \($stock | ms)" + (if $ratio then ", \($ratio | round) times" else "" end),
		 compared($stock; .value != "never" and ($ratio == null or $ratio >= 100))]),
	(("lab", "hotspot", "cellular") as $n |
		([of("stock"; "carrier"; $n; "t_sys") | .value] | best) as $stock |
		of("segue"; "carrier"; $n; "t_sys") | select(.value != null) |
		["T_SYS finite where stock’s is not, carrier loss", $n, name,
		 "\(.value | ms) against \($stock | ms)", compared($stock; .value != "never")]),
	((losses, "soft") as $event | ("lab", "hotspot", "cellular") as $n | ways as $time |
		([of("wireguard"; $event; $n; $time) | .value] | best) as $wireguard |
		of("segue"; $event; $n; $time) | select(.value != null) |
		["stalled at most as long as WireGuard and a tenth: \($event), \($time | way)", $n, name,
		 "\(.value | ms) against \($wireguard | ms)",
		 # what never came back is no measure
		 compared($wireguard | select(. != "never") // null; .value != "never" and .value <= 1.1 * $wireguard)]),
	(losses as $event | ("lab", "hotspot", "cellular") as $n | ways as $time |
		of("segue|segue-suspect|segue-always"; $event; $n; $time) | select(.value != null) | (1.2 * ($rtt[$n] + .interval_ms)) as $limit |
		["T_STALLED at most 1.2 times round trip and send interval: \($event), \($time | way)", $n, name,
		 "\(.value | ms), limit \($limit | ms)", verdict(.value != "never" and .value <= $limit)]),
	(("lab", "hotspot", "cellular") as $n | $all[] |
		select(.stack == "segue" and .event == "soft" and .network == $n) |
		["soft handover: nothing lost", $n, name, "at most \(.lost_up.max) up, \(.lost_down.max) down",
		 verdict(.lost_up.max == 0 and .lost_down.max == 0)]),
	(losses as $event | ("lab", "hotspot", "cellular") as $n | ways as $time |
		([of("segue"; $event; $n; $time) | select(.mode == "tunnel") | .iqr][0]) as $a |
		([of("segue"; $event; $n; $time) | select(.mode == "transport") | .iqr][0]) as $b |
		([of("segue"; $event; $n; $time) | .interval_ms][0]) as $interval |
		select($a != null or $b != null) |
		["Spread of T_STALLED (between quartiles) in tunnel and transport mode at most 1.1 to 1: \($event), \($time | way)", $n,
		 "segue tunnel, transport" + traffic] +
		if $a == null or $b == null then ["one of them was not measured", "no comparison"]
		elif $a == "never" or $b == "never" then ["\($a | ms), \($b | ms)", verdict(false)]
		else ["\($a | exact) and \($b | exact)", ([$a, $b] | if max > 1.1 * min and max < $interval then blurred else verdict(max <= 1.1 * min) end)] end)
] | if length == 0 then empty else
	"### What was to be reached\n",
	(["target", "network", "stack", "measured", ""] | line), (["---", "---", "---", "---", "---"] | line),
	(.[] | line), "" end
