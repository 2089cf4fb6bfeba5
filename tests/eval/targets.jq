# SPDX-License-Identifier: GPL-2.0-or-later
# Figures (figures.jq) in, a table out: what was to be reached, and what was. Medians; of
# several stacks, or of default and tuned, the best one.
def line: "| " + join(" | ") + " |";
def ms: if . == "never" then . else (if . < 100 then . * 100 | round / 100 else round end | tostring) + " ms" end;
def verdict($yes): if $yes then "reached" else "**not reached**" end;
def best: map(select(. != null)) | sort | .[0];	# "never" comes after numbers
{ lab: 0.35, hotspot: 15, cellular: 40 } as $rtt
| . as $all
| def of($stacks; $event; $network; $time): $all[] |
	select((.stack | test("^(" + $stacks + ")(-tuned)?$")) and .event == $event and .network == $network) |
	{ mode, value: .[$time].median, iqr: (.[$time] | if . == null or .q3 == "never" then null else .q3 - .q1 end) };
def name: "segue \(.mode)";
[
	(("lab", "hotspot", "cellular") as $n |
		([of("stock"; "admin"; $n; "t_sys") | .value] | best) as $stock | select($stock != null) |
		of("segue"; "admin"; $n; "t_sys") | select(.value != null) |
		(if $stock == "never" or .value == "never" then null else $stock / .value end) as $ratio |
		["T_SYS at least 100 times shorter than stock strongSwan’s, interface switched off", $n, name,
		 "\(.value | ms) against \($stock | ms)" + (if $ratio then ", \($ratio | round) times" else "" end),
		 verdict(.value != "never" and ($ratio == null or $ratio >= 100))]),
	(("lab", "hotspot", "cellular") as $n |
		([of("stock"; "carrier"; $n; "t_sys") | .value] | best) as $stock | select($stock != null) |
		of("segue"; "carrier"; $n; "t_sys") | select(.value != null) |
		["T_SYS finite where stock’s is not, carrier loss", $n, name,
		 "\(.value | ms) against \($stock | ms)", verdict(.value != "never")]),
	(("carrier", "admin", "mobility", "silent", "soft") as $event | ("lab", "hotspot", "cellular") as $n | ("stalled_up", "stalled_down") as $time |
		([of("wireguard"; $event; $n; $time) | .value] | best) as $wireguard | select($wireguard != null and $wireguard != "never") |
		of("segue"; $event; $n; $time) | select(.value != null) |
		["stalled at most as long as WireGuard and a tenth: \($event), \($time | ltrimstr("stalled_"))link", $n, name,
		 "\(.value | ms) against \($wireguard | ms)", verdict(.value != "never" and .value <= 1.1 * $wireguard)]),
	(("carrier", "admin") as $event | ("lab", "hotspot", "cellular") as $n |
		of("segue"; $event; $n; "stalled_down") | select(.value != null) | (1.2 * ($rtt[$n] + 1)) as $limit |
		["T_STALLED at most 1.2 times round trip and send interval: \($event), downlink", $n, name,
		 "\(.value | ms), limit \($limit | ms)", verdict(.value != "never" and .value <= $limit)]),
	(("lab", "hotspot", "cellular") as $n | $all[] |
		select(.stack == "segue" and .event == "soft" and .network == $n) |
		["soft handover: nothing lost", $n, name, "at most \(.lost_up.max) up, \(.lost_down.max) down",
		 verdict(.lost_up.max == 0 and .lost_down.max == 0)]),
	(("carrier", "admin") as $event | ("lab", "hotspot", "cellular") as $n |
		([of("segue"; $event; $n; "stalled_down") | select(.mode == "tunnel")][0]) as $a |
		([of("segue"; $event; $n; "stalled_down") | select(.mode == "transport")][0]) as $b |
		select($a != null and $b != null and $a.value != "never" and $b.value != "never") |
		([$a.value, $b.value] | max / min) as $ratio |
		["T_STALLED in tunnel and transport mode at most 1.1 to 1 apart: \($event), downlink", $n, "segue tunnel, transport",
		 "\($ratio * 100 | round / 100) to 1 (quartiles \($a.iqr | ms) and \($b.iqr | ms) apart)", verdict($ratio <= 1.1)])
] | if length == 0 then empty else
	"### What was to be reached\n",
	(["target", "network", "stack", "measured", ""] | line), (["---", "---", "---", "---", "---"] | line),
	(.[] | line), "" end
