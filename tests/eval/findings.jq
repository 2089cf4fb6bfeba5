# SPDX-License-Identifier: GPL-2.0-or-later
# { figures, costs, targets } in (targets: the lines of targets.jq's table), Markdown out: what
# was found, in sentences, and where segue is worse.
def ms: if . == "never" then "never came back" elif . < 10 then "\(. * 10 | round / 10)\u00a0ms"
	else "\(round)\u00a0ms" end;
def titles: { carrier: "Carrier loss", admin: "Interface switched off", mobility: "Address of the only interface replaced",
	silent: "Silent loss behind the access point", soft: "Soft handover" };
def round_trip: { lab: "0.35 ms", hotspot: "15 ms", cellular: "40 ms" };
def both: if .up == "never" or .down == "never" then "never came back" else "\(.up | ms) up, \(.down | ms) down" end;
def longest: [.stalled_up.median, .stalled_down.median] | map(select(. != null)) | sort | .[-1];
def ends: { up: .stalled_up.median, down: .stalled_down.median };
def of($stack): map(select(.stack | test("^(" + $stack + ")(-tuned)?$")));
def called: .stack + (if .mode == "-" then "" else " " + .mode end);
def range_of: "\(min | . * 10 | round / 10)" + if min == max then "" else " to \(max | . * 10 | round / 10)" end;

(.figures | map(select(.traffic == "mixed" and (.cipher == "gcm" or .cipher == "-") and longest != null))) as $all
| ([("hotspot", "lab", "cellular") | select(. as $n | any($all[]; .network == $n and .stack == "segue"))][0]) as $network
| ($all | map(select(.network == $network))) as $here
| (["carrier", "admin", "mobility", "silent", "soft"]) as $events
| "### What was found\n",
(if $network == null then "Nothing was measured of segue." else
	"How long nothing arrived, median, at a round trip of \(round_trip[$network]) (of segue the worse of its modes, of others the best one of default and tuned):\n",
	($events[] | . as $event | ($here | map(select(.event == $event))) as $these
		| ($these | of("segue") | sort_by(longest) | .[-1]) as $segue | select($segue)
		| "- **\(titles[$event])**: segue \($segue | ends | both)" + ([
			(["WireGuard", "wireguard"], ["strongSwan", "stock"], ["plain routing", "plain"]) as [$name, $stack]
			| ($these | of($stack) | sort_by(longest) | .[0]) as $best | select($best)
			| "; \($name) \($best | ends | both)"] | add // "") + "."),
	"" end),
(.targets | map(select(test("reached|no comparison"))) as $lines
	| ($lines | map(select(test("\\*\\*not reached")))) as $not
	| ($lines | map(select(test("no comparison")))) as $open
	| select($lines != [])
	| "Of \($lines | length) targets \($lines | length - ($not | length) - ($open | length)) are reached, \($not | length) are not" +
		(if $open == [] then "" else "; for \($open | length) there was nothing to compare with" end) + ".\n"),
"### Where segue is worse\n",
([
	(["carrier", "admin", "mobility", "silent", "soft"][] as $event | ("lab", "hotspot", "cellular") as $n | ("stalled_up", "stalled_down") as $time
		| ($all | map(select(.event == $event and .network == $n and .[$time].median != null))) as $these
		| ($these | of("segue") | sort_by(.[$time].median) | .[-1]) as $segue | select($segue)
		| ($these | map(select(.stack != "segue")) | sort_by(.[$time].median) | .[0]) as $best | select($best)
		| $segue[$time].median as $ours | $best[$time].median as $theirs
		# what is within a twentieth, or a tenth of the send interval, is no difference
		| select($theirs != "never" and ($ours == "never" or $ours > 1.05 * $theirs + 0.1))
		| "- \(titles[$event]), \($time | ltrimstr("stalled_"))link, round trip \(round_trip[$n]): segue (\($segue.mode)) \($ours | ms), \($best | called) \($theirs | ms)."),
	# by what was to be reached; its table has the figures
	([.targets[] | split(" | ") | (.[0] | ltrimstr("| ") | split(": ") | [(if length > 1 then .[:-1] | join(": ") else .[0] end), .[-1]]) as [$what, $where]
		| { what: $what, where: $where, missed: (.[-1] | test("\\*\\*not reached")) }] | group_by(.what)[]
		| map(select(.missed)) as $not | select($not != [])
		| "- Not reached, \($not | length) of \(length): \(.[0].what) (\($not | map(.where) | unique | join("; "))): see the table."),
	(.costs as $costs | [$costs[] | select(.stack == "segue") | . as $c
		| ([$costs[] | select(.stack == "stock" and .mode == $c.mode and .cipher == $c.cipher and .payload == $c.payload)][0]) as $stock
		| select($stock) | 100 * (.instructions.median / $stock.instructions.median - 1)] as $more
		| select($more != [])
		| "- Instructions a packet, both ends and the way: \($more | range_of) % more than strongSwan without segue, by payload, mode and cipher.")
] | if . == [] then "Nowhere in what was measured." else .[] end),
""
