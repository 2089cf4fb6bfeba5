# SPDX-License-Identifier: GPL-2.0-or-later
# { figures, costs, targets } in (targets: the lines of targets.jq's table), Markdown out: what
# was found, in sentences, and where segue is worse.
def ms: if . == null then "–" elif . < 10 then "\(. * 10 | round / 10)\u00a0ms" else "\(round)\u00a0ms" end;
# a cell's median: what did not come back was watched for so long, at least and at most
def came($time): if .[$time].median != "never" then .[$time].median | ms
	else "not within " + ([.watched_least_ms, .watched_ms] | map(. / 1000 | . * 100 | round / 100) | unique | map(tostring) | join(" to ")) + "\u00a0s" end;
def titles: { carrier: "Carrier loss", admin: "Interface switched off", mobility: "Address of the only interface replaced",
	silent: "Silent loss behind the access point", soft: "Soft handover" };
def round_trip: { lab: "0.35 ms", hotspot: "15 ms", cellular: "40 ms" };
def both: "\(came("stalled_up")) up, \(came("stalled_down")) down";
def longest: [.stalled_up.median, .stalled_down.median] | map(select(. != null)) | sort | .[-1];
def of($stack): map(select(.stack | test("^(" + $stack + ")(-tuned)?$")));
def called: .stack + (if .mode == "-" then "" else " " + .mode end);
def range_of: "\(min | . * 10 | round / 10)" + if min == max then "" else " to \(max | . * 10 | round / 10)" end;

def events: "carrier", "admin", "mobility", "silent", "soft";
def networks: "lab", "hotspot", "cellular";
def ways: "stalled_up", "stalled_down";
# what says neither is of mixed traffic and AES-GCM
def sort_of: [(if .traffic == "mixed" then empty else .traffic end), (if .cipher == "gcm" then empty else .cipher end)] | join(", ");
def with_sort: sort_of | if . == "" then "" else ", " + . end;

# Segue's cells of a traffic and cipher in, all cells being $all, out for each event, network
# and way: its modes, those of them that are worse than the best of the others, and that one:
# of the same traffic, and cipher, if it has any.
def compared($all):
	. as $ours | .[0] as { $traffic, $cipher } | events as $event | networks as $network | ways as $time
	| def these: map(select(.event == $event and .network == $network and .[$time].median != null));
	($ours | these) as $mine | select($mine != [])
	| ($all - ($all | of("segue|segue-suspect|segue-always")) | map(select(.traffic == $traffic and (.cipher == $cipher or .cipher == "-"))) | these
		| sort_by(.[$time].median) | .[0]) as $best
	| { $event, $network, $time, $traffic, $cipher, modes: ($mine | map(.mode)), $best, worse: [$mine[]
		| .[$time].median as $longer | $best[$time].median as $theirs
		# what is within a twentieth, or a tenth of the send interval, is no difference
		| select($best and $theirs != "never" and ($longer == "never" or $longer > 1.05 * $theirs + 0.1 * .interval_ms))] };

(.figures | map(select(longest != null))) as $measured
| ($measured | map(select(.traffic == "mixed" and (.cipher == "gcm" or .cipher == "-")))) as $all
| ([$measured | of("segue") | group_by([.traffic, .cipher])[] | compared($measured)]) as $stalls
| ([.costs as $costs | $costs[] | select(.stack == "segue") | . as $c
	| { mode, cipher, more: ([$costs[] | select(.stack == "stock" and .mode == $c.mode and .cipher == $c.cipher and .payload == $c.payload)
		| 100 * ($c.instructions.median / .instructions.median - 1)][0]) }]) as $costs
# the lines of the table that have a verdict; of segue as it is by default
| ([.targets[] | split(" | ") | select((.[-1] | test("reached")) and (.[2] | test("^segue-(suspect|always)") | not))
	| { missed: (.[-1] | test("\\*\\*not reached")) } + (.[0] | ltrimstr("| ") | split(": ") |
		if length > 1 then { what: (.[:-1] | join(": ")), where: .[-1] } else { what: .[0], where: null } end)]) as $verdicts
| ([("hotspot", "lab", "cellular") | select(. as $n | any($all[]; .network == $n and .stack == "segue"))][0]) as $network
| ($all | map(select(.network == $network))) as $here
| (["carrier", "admin", "mobility", "silent", "soft"]) as $events
| "### What was found\n",
(if $network == null then (if $stalls == [] then "Nothing was measured of segue, but perhaps what a packet costs." else
		"Nothing was measured of segue with mixed traffic and AES-GCM." end), "" else
	"How long nothing arrived, median, of mixed traffic and AES-GCM, at a round trip of \(round_trip[$network]) (of segue the worse of its modes, of others the best one of default and tuned):\n",
	($events[] | . as $event | ($here | map(select(.event == $event))) as $these
		| ($these | of("segue") | sort_by(longest) | .[-1]) as $segue | select($segue)
		| "- **\(titles[$event])**: segue \($segue | both)" + ([
			(["WireGuard", "wireguard"], ["strongSwan", "stock"], ["plain routing", "plain"]) as [$name, $stack]
			| ($these | of($stack) | sort_by(longest) | .[0]) as $best | select($best)
			| "; \($name) \($best | both)"] | add // "") + "."),
	((["suspect", "By both uplinks while a path is suspect"], ["always", "Each packet by both uplinks"]) as [$duplicate, $title]
		| [$all[] | select(.stack == "segue-" + $duplicate)]
		| map("\(titles[.event] | ascii_downcase), \(.mode), round trip \(round_trip[.network]): \(both), at most \([.lost_up.max, .lost_down.max] | max) lost")
		| select(. != []) | "- **\($title)** (`duplicate = \($duplicate)`): \(join("; "))."),
	"" end),
(.targets | map(select(test("reached|not told apart|no comparison"))) as $lines
	| ($lines | map(select(test("\\*\\*not reached")))) as $not
	| ($lines | map(select(test("not told apart")))) as $blurred
	| ($lines | map(select(test("no comparison")))) as $open
	| select($lines != [])
	| "Of \($lines | length) targets \($lines - $not - $blurred - $open | length) are reached, \($not | length) are not" +
		(if $blurred == [] then "" else "; \($blurred | length) are of two spreads that are both below a send interval" end) +
		(if $open == [] then "" else "; for \($open | length) there was nothing to compare with" end) + ".\n"),
(([
	($stalls[] | select(.worse != []) | .time as $time
		| "- \(titles[.event]), \($time | ltrimstr("stalled_"))link, round trip \(round_trip[.network])\(with_sort): segue \(
			[.worse[] | "\(.mode) \(came($time))"] | join(", ")); \(.best | called) \(.best | came($time))."),
	# by what was to be reached; its table has the figures
	($verdicts | group_by(.what)[] | map(select(.missed)) as $not | select($not != [])
		| ($not | map(.where // empty) | unique | join("; ")) as $where
		| "- Not reached, \($not | length) of \(length): \(.[0].what)\(if $where == "" then "" else " (\($where))" end): see the table."),
	([$costs[].more | values] as $all | [$all[] | select(. > 0)] as $more | select($more != [])
		| "- Instructions a packet, both ends and the way: \($more | range_of) % more than strongSwan without segue, by payload, mode and cipher" +
			(if $more == $all then "." else "; not in \($all - $more | length) of \($all | length) of these." end))]) as $worse
| ([($stalls | map(select(.best == null)) | group_by([.traffic, .cipher, .network])[]
	| "\(.[0] | [sort_of | select(. != "")] + ["round trip \(round_trip[.network])"] | join(", ")) (segue \(map(.modes[]) | unique | join(", ")): \([.[].event] | unique | join(", ")))"),
   ($costs | map(select(.more == null)) | map("instructions a packet (segue \(.mode), \(.cipher))") | unique[])]) as $open
| select($stalls != [] or $costs != [])
| "### Where segue is worse\n",
  (if $worse != [] then $worse[]
   elif any($stalls[]; .best) or any($costs[]; .more) or $verdicts != [] then "Nowhere in what was compared.\n" else empty end),
  (select($open != []) | "- Not compared, since nothing else was measured so: \($open | join("; "))."),
  "")
