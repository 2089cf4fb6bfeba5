# SPDX-License-Identifier: GPL-2.0-or-later
# { figures, cells, plan } in, the plot $name out, SVG, or nothing if there is nothing to
# show. It has its own colours for light and dark, its letters are readable on a phone.
#
# Candlesticks lie down, so that a stack's name stands before its line: box from quartile to
# quartile, line from the least to the most, a thick mark for the median, its value at the end.
# The axis is logarithmic; what never came back is a cross beyond it.
def networks: ["lab", "hotspot", "cellular"];
def round_trip: { lab: "0.35 ms", hotspot: "15 ms", cellular: "40 ± 4 ms" };
def event_text: { carrier: "Carrier loss", admin: "Interface switched off", mobility: "Address replaced",
	silent: "Silent loss", soft: "Soft handover" };
# what a stack is called, in the plan's order
def named: .stack + (if .mode == "-" then "" else " " + .mode end) +
	(if .cipher == "-" or .cipher == "gcm" then "" else " " + .cipher end) +
	(if .traffic == "mixed" then "" else " " + .traffic end);
def order: reduce .[] as $l ([]; if index($l) then . else . + [$l] end);

def width: 548;
def left: 168;			# of the axis
def decade: 53;
def least: 0.1;
def most: 10000;
def never_at: left + 5 * decade + 40;
def at: if . == "never" then never_at
	else left + (([[., least] | max, most] | min) / least | log10) * decade | . * 10 | round / 10 end;
def shown: if . == "never" then . elif . < 10 then . * 100 | round / 100 | tostring
	elif . < 100 then . * 10 | round / 10 | tostring else round | tostring end;

def text($x; $y; $class; $text): "<text x=\"\($x)\" y=\"\($y)\" class=\"\($class)\">\($text | @html)</text>";
def line($x1; $y1; $x2; $y2; $class): "<line x1=\"\($x1)\" y1=\"\($y1)\" x2=\"\($x2)\" y2=\"\($y2)\" class=\"\($class)\"/>";
def style: "<style>
.plot { font: 13px \"DejaVu Sans\", Verdana, Arial, sans-serif; color: #1c2733; background: #fff }
.plot text { fill: currentColor } .plot .b { font-weight: bold } .plot .e { text-anchor: end } .plot .m { text-anchor: middle }
.plot .s { font-size: 11.5px } .plot .grid { stroke: #dde3e8 } .plot .axis { stroke: #8a96a3 }
.plot .lab { stroke: #3f76ad; fill: #3f76ad } .plot .hotspot { stroke: #1f8a53; fill: #1f8a53 } .plot .cellular { stroke: #b86a00; fill: #b86a00 }
.plot rect { fill-opacity: .3 } .plot .median { stroke-width: 3 } .plot .never { stroke: #b3261e; stroke-width: 1.6 }
.plot polyline { fill: none; stroke-width: 1.4 } .plot .up { stroke: #3f76ad } .plot .down { stroke: #c77700 } .plot .dash { stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
.plot { color: #d7dee6; background: #151b22 } .plot .grid { stroke: #2d3742 }
.plot .lab { stroke: #7fb2e5; fill: #7fb2e5 } .plot .hotspot { stroke: #58c78c; fill: #58c78c } .plot .cellular { stroke: #eda64a; fill: #eda64a }
.plot .never { stroke: #ff7b72 } .plot .up { stroke: #7fb2e5 } .plot .down { stroke: #eda64a } }
</style>";
def svg($height; $title): "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \($height)\" class=\"plot\" role=\"img\" aria-label=\"\($title | @html)\">",
	style, ., "</svg>";

def cross($x; $y): line($x - 3.5; $y - 3.5; $x + 3.5; $y + 3.5; "never"), line($x - 3.5; $y + 3.5; $x + 3.5; $y - 3.5; "never");

# one candle: quartiles in
def candle($y; $network):
	line(.min | at; $y; .max | at; $y; $network),
	"<rect x=\"\(.q1 | at)\" y=\"\($y - 4)\" width=\"\([(.q3 | at) - (.q1 | at), 1] | max)\" height=\"8\" class=\"\($network)\"/>",
	(if .median == "never" then empty else line(.median | at; $y - 5; .median | at; $y + 5; $network + " median") end),
	(if .never > 0 then cross(never_at; $y) else empty end),
	text(width - 4; $y + 4; "e s"; .median | shown);

# a panel of candles, $top being its upper edge; cells of one event in
def panel($top; $time; $title; $rows):
	([.[].network] | unique | length * 11 + 9) as $height
	| ([.[].network] as $present | networks | map(select(. as $n | $present | index($n)))) as $shown
	| ($top + 24) as $first | ($first + $height * ($rows | length)) as $bottom
	| text(8; $top + 12; "b"; $title),
	  ((0.1, 1, 10, 100, 1000, 10000) as $tick
		| line($tick | at; $first; $tick | at; $bottom; "grid"), text($tick | at; $bottom + 14; "m s"; $tick | tostring)),
	  line(never_at; $first; never_at; $bottom; "grid dash"), text(never_at; $bottom + 14; "m s"; "never"),
	  text(left - 20; $bottom + 14; "e s"; "ms"), text(width - 4; $bottom + 14; "e s"; "median"),
	  line(left; $bottom; never_at + 14; $bottom; "axis"),
	  ($rows | to_entries[] | text(left - 8; $first + $height * (.key + 0.5) + 4; if .value | startswith("segue") then "b e" else "e" end; .value)),
	  (.[] | named as $name | .network as $network
		| ($first + 10 + $height * ($rows | index($name)) + 11 * ($shown | index($network))) as $y
		| .[$time] | candle($y; $network));

def legend($y): [.[].network] as $present | networks | map(select(. as $n | $present | index($n))) | to_entries[]
	| (8 + 150 * .key) as $x
	| "<rect x=\"\($x)\" y=\"\($y - 8)\" width=\"16\" height=\"8\" class=\"\(.value)\"/>",
	  text($x + 22; $y; "s"; "RTT " + round_trip[.value]);

# candles($shown; $title): of [event, time, title of the panel], one below the other
def candles($shown; $title):
	. as $in
	| [$in.figures[] | . as $cell | select(any($shown[]; .[0] == $cell.event and $cell[.[1]] != null))] as $cells
	| if $cells == [] then empty else
		(reduce $shown[] as [$event, $time, $text] ({ y: 26, out: [] };
			($cells | map(select(.event == $event and .[$time] != null))) as $these
			| if $these == [] then . else
				([$these[] | named]) as $present
				| ($in.plan | map(named) | order | map(select(. as $n | $present | index($n)))) as $rows
				| .out += [.y as $y | $these | panel($y; $time; $text; $rows)]
				| .y += 58 + ($rows | length) * ([$these[].network] | unique | length * 11 + 9) end)) as $drawn
		| [[$cells[]] | legend(14)] + $drawn.out | join("\n") | svg($drawn.y; $title)
	  end;

# throughput: UDP that arrived around the event, at 15 ms, by stack
def throughput($event; $title):
	[.cells[] | select(.ok and .bins != null) | . + (.name | split(".") | { stack: .[0], mode: .[1], cipher: .[2], traffic: .[3], event: .[4], network: .[5] })
		| select(.event == $event and .network == "hotspot" and .traffic == "mixed" and (.cipher == "gcm" or .cipher == "-"))] as $cells
	| if $cells == [] then empty else
		[($cells | to_entries[] | (.key % 2 * 272) as $x | (.key / 2 | floor | . * 118 + 34) as $y | .value
			| def across: $x + 42 + (. + 100) * 0.456;
			  def up: $y + 92 - ([., 2200] | min) * 0.036;
			  text($x + 42; $y + 8; if .stack | startswith("segue") then "b" else "" end; named),
			  ((0, 1000, 2000) | line($x + 42; up; $x + 270; up; "grid"), text($x + 38; up + 4; "e s"; tostring)),
			  ((0, 100, 200, 300) | text(across; $y + 106; "m s"; tostring)),
			  line(0 | across; 2200 | up; 0 | across; 0 | up; "never dash"),
			  (.bins as $b | ("up", "down") as $way | [($b[$way] // []) as $all
				# whole bins, and none arrived in those that are not there
				| range(0; (400 - $b.from_ms) / $b.bin_ms) | ($b.from_ms + (. + 0.5) * $b.bin_ms) as $t | select($t > -90)
				| "\($t | across),\(($all[.] // 0) * 1000 / $b.bin_ms | up | . * 10 | round / 10)"] | "<polyline points=\"\(join(" "))\" class=\"\($way)\"/>")),
		 text(8; 14; "b"; $title),
		 line(width - 170; 10; width - 154; 10; "up"), text(width - 148; 14; "s"; "uplink"),
		 line(width - 90; 10; width - 74; 10; "down"), text(width - 68; 14; "s"; "downlink")]
		| join("\n") | svg(($cells | length + 1) / 2 | floor | . * 118 + 34; $title)
	  end;

if $name == "t_sys" then candles([("carrier", "admin", "silent", "soft") | [., "t_sys", event_text[.] + ": T_SYS"]]; "T_SYS")
elif $name == "t_sctp" then candles([("carrier", "admin") | [., "t_sctp", event_text[.] + ": T_SCTP"]]; "T_SCTP")
elif $name == "ike" then candles([("carrier", "admin", "mobility") as $e | ("t_ike", "t_update", "t_rrc") | [$e, ., event_text[$e] + ": " + ascii_upcase]]; "IKE")
elif $name | startswith("throughput-") then ($name | ltrimstr("throughput-")) as $e | throughput($e; event_text[$e])
else ($name | ltrimstr("stalled-")) as $e | candles([["up", "uplink"], ["down", "downlink"] | [$e, "stalled_" + .[0], event_text[$e] + ": " + .[1] + " stalled"]];
	"Stalled, " + event_text[$e])
end
