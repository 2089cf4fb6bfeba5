# SPDX-License-Identifier: GPL-2.0-or-later
# { figures, cells, plan } in, out what gnuplot makes the plot $name of, or nothing if there
# is nothing to show.
#
# Candlesticks lie down, so that a stack's name stands before its line: box from quartile to
# quartile, line from the least to the most, a thick mark for the median, its value at the end.
# The axis is logarithmic; what never came back is a cross beyond it.
def networks: ["lab", "hotspot", "cellular"];
def round_trip: { lab: "0.35 ms", hotspot: "15 ms", cellular: "40 ± 4 ms" };
def colour: { lab: "#3f76ad", hotspot: "#1f8a53", cellular: "#b86a00", up: "#3f76ad", down: "#b86a00", never: "#b3261e", grid: "#dde3e8" };
def event_text: { carrier: "Carrier loss", admin: "Interface switched off", mobility: "Address replaced",
	silent: "Silent loss", soft: "Soft handover" };
# what a stack is called, in the plan's order
def named: .stack + (if .mode == "-" then "" else " " + .mode end) +
	(if .cipher == "-" or .cipher == "gcm" then "" else " " + .cipher end) +
	(if .traffic == "mixed" then "" else " " + .traffic end);
def order: reduce .[] as $l ([]; if index($l) then . else . + [$l] end);
def present: [.[].network] as $present | networks | map(select(. as $n | $present | index($n)));

# px; on a phone as wide as it is
def width: 560;
def left: 190;
def least: 0.1;
def never_at: 60000;
def value_at: 2000000;

# how it looks, $height px
def terminal($height):
	"set terminal svg size \(width),\($height) dynamic font 'DejaVu Sans,12' background rgb 'white'
set multiplot
set border 1
set tics nomirror
set ticscale 0.4
unset key";
# the plot that follows has these px for itself
def place($x1; $x2; $y1; $y2; $height):
	"set lmargin at screen \($x1 / width)
set rmargin at screen \($x2 / width)
set tmargin at screen \(1 - $y1 / $height)
set bmargin at screen \(1 - $y2 / $height)";
def quoted: tojson;		# for gnuplot as for JSON
def words($x; $y; $height; $text; $more): "set label \($text | quoted) at screen \($x / width), screen \(1 - $y / $height) \($more)";
def strong: "{/:Bold \(gsub("T_(?<what>[A-Z]+)"; "T_{\(.what)}"))}";

def clamped: if . == "never" then never_at else [., least] | max end;
def shown: if . == "never" then . elif . < 10 then . * 100 | round / 100 | tostring
	elif . < 100 then . * 10 | round / 10 | tostring else round | tostring end;

# Quartiles in, a line of a data block: y, least, quartiles, most, crosses, text
def candle($y): [$y, (.min, .q1, .median, .q3, .max | clamped), .never, (.median | shown | quoted)] | join(" ");
def candles_of($network; $half):
	"$\($network) using ($3<\(never_at) ? $4 : NaN):1:3:5:($1-\($half)):($1+\($half)) with boxxyerror fs solid 0.3 lc rgb \"\(colour[$network])\"",
	"$\($network) using 2:1:($6-$2):(0) with vectors nohead lw 1.2 lc rgb \"\(colour[$network])\"",
	"$\($network) using ($4<\(never_at) ? $4 : NaN):($1-1.3*\($half)):(0):(2.6*\($half)) with vectors nohead lw 3 lc rgb \"\(colour[$network])\"",
	"$\($network) using ($7>0 ? \(never_at) : NaN):1 with points pt 2 ps 0.6 lw 1.6 lc rgb \"\(colour.never)\"",
	"$\($network) using (\(value_at)):1:8 with labels right font ',10.5'";

# a panel, $top being its upper edge; cells of one event in
def panel($top; $height; $time; $title; $rows):
	present as $shown | ($shown | length) as $n | (0.32 / $n) as $half
	| ($top + 22) as $first | ($first + ($n * 11 + 9) * ($rows | length)) as $last
	| place(left; width - 8; $first; $last; $height),
	  "unset label",
	  words(8; $top + 10; $height; $title | strong; ""),
	  words(left - 26; $last + 12; $height; "ms"; "right font ',10.5'"),
	  words(width - 8; $first - 6; $height; "median"; "right font ',10.5'"),
	  "set logscale x
set xrange [\(least):\(value_at * 1.2)]
set yrange [\($rows | length - 0.5):-0.5]
set xtics (0.1, 1, 10, 100, \"1000\" 1000, \"10 s\" 10000, \"never\" \(never_at)) font ',10.5' offset 0,0.4
set grid xtics lc rgb '\(colour.grid)'
set ytics scale 0 (\($rows | to_entries | map("\(if .value | startswith("segue") then .value | strong else .value end | quoted) \(.key)") | join(", ")))",
	  (. as $cells | $shown | to_entries[] | .key as $k | .value as $network
		| "$\($network) << EOD",
		  ($cells[] | select(.network == $network) | named as $name
			| .[$time] | candle(($rows | index($name)) + ($k - ($n - 1) / 2) * 0.8 / $n)),
		  "EOD"),
	  "plot \([$shown[] as $network | candles_of($network; $half)] | join(", \\\n\t"))";

def legend($height): present | to_entries[] | words(8 + 150 * .key; 12; $height; "■ RTT " + round_trip[.value]; "tc rgb '\(colour[.value])'");

# candles($wanted): of [event, time, title of the panel], one below the other
def candles($wanted):
	. as $in
	| [$in.figures[] | . as $cell | select(any($wanted[]; .[0] == $cell.event and $cell[.[1]] != null))] as $cells
	| if $cells == [] then empty else
		(reduce $wanted[] as [$event, $time, $text] ({ y: 30, panels: [] };
			($cells | map(select(.event == $event and .[$time] != null))) as $these
			| if $these == [] then . else
				([$these[] | named]) as $present
				| ($in.plan | map(named) | order | map(select(. as $n | $present | index($n)))) as $rows
				| .panels += [{ y, $these, $rows, $time, $text }]
				| .y += 54 + ($rows | length) * (($these | present | length) * 11 + 9) end)) as $all
		| [ terminal($all.y),
		    ($all.panels | to_entries[] | .key as $i | .value
			# the legend goes with the first panel
			| [.these | panel($all.panels[$i].y; $all.y; $all.panels[$i].time; $all.panels[$i].text; $all.panels[$i].rows)]
			| if $i == 0 then .[:-1] + [$cells | legend($all.y)] + .[-1:] else . end | .[]),
		    "unset multiplot" ] | join("\n")
	  end;

# throughput: UDP that arrived around the event, at 15 ms, by stack; of what was not traced
# (associations, plain routing's UDP) nothing is known
def throughput($event):
	[.cells[] | select(.ok and .bins.up and .bins.down) | . + (.name | split(".") | { stack: .[0], mode: .[1], cipher: .[2], traffic: .[3], event: .[4], network: .[5] })
		| select(.event == $event and .network == "hotspot" and .traffic == "mixed" and (.cipher == "gcm" or .cipher == "-"))] as $cells
	| (($cells | length + 1) / 2 | floor | . * 124 + 30) as $height
	| if $cells == [] then empty else
		[ terminal($height),
		  "set xrange [-90:400]
set yrange [0:2200]
set xtics 100 font ',10.5' offset 0,0.4
set ytics 1000 font ',10.5' offset 0.6,0
set grid ytics lc rgb '\(colour.grid)'
set arrow from 0,0 to 0,2200 nohead dt 3 lc rgb '\(colour.never)'",
		  ($cells | to_entries[] | .key as $k | (.key % 2 * 278) as $x | (.key / 2 | floor | . * 124 + 44) as $y | .value
			| place($x + 40; $x + 272; $y; $y + 80; $height),
			  "unset label",
			  (if $k > 0 then empty else
				words(8; 12; $height; event_text[$event] + ": packets/s that arrived, ms after it" | strong; ""),
				words(width - 90; 12; $height; "uplink"; "right tc rgb '\(colour.up)'"),
				words(width - 8; 12; $height; "downlink"; "right tc rgb '\(colour.down)'") end),
			  words($x + 46; $y - 8; $height; named | if startswith("segue") then strong else . end; ""),
			  "$bins << EOD",
			  (.bins as $b
				# whole bins, and none arrived in those that are not there
				| range(0; (400 - $b.from_ms) / $b.bin_ms) | ($b.from_ms + (. + 0.5) * $b.bin_ms) as $t | select($t > -90)
				| "\($t) \(($b.up[.] // 0) * 1000 / $b.bin_ms) \(($b.down[.] // 0) * 1000 / $b.bin_ms)"),
			  "EOD",
			  "plot $bins using 1:2 with lines lw 1.5 lc rgb '\(colour.up)', '' using 1:3 with lines lw 1.5 lc rgb '\(colour.down)'"),
		  "unset multiplot" ] | join("\n")
	  end;

if $name == "t_sys" then candles([("carrier", "admin", "silent", "soft") | [., "t_sys", event_text[.] + ": T_SYS"]])
elif $name == "t_sctp" then candles([("carrier", "admin") | [., "t_sctp", event_text[.] + ": T_SCTP"]])
elif $name == "ike" then candles([("carrier", "admin", "mobility") as $e | ("t_ike", "t_update", "t_rrc") | [$e, ., event_text[$e] + ": " + ascii_upcase]])
elif $name | startswith("throughput-") then throughput($name | ltrimstr("throughput-"))
else ($name | ltrimstr("stalled-")) as $e | candles([["up", "uplink"], ["down", "downlink"] | [$e, "stalled_" + .[0], event_text[$e] + ": " + .[1] + " stalled"]])
end
