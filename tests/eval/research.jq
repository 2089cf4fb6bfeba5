# SPDX-License-Identifier: GPL-2.0-or-later
# { figures, costs } in, a table out: what the research of 2012 says, as far as it is known
# here, and what the run says of the same. Its lab had a round trip of 15 ms as well (hotspot).
def line: "| " + join(" | ") + " |";
def ms: if . == "never" then . elif . < 10 then "\(. * 100 | round / 100) ms" else "\(. * 10 | round / 10) ms" end;
def called: "\(.stack) \(.mode)" + (if .traffic == "mixed" then "" else ", \(.traffic)" end);
def longest: [.stalled_up.median, .stalled_down.median] | map(select(. != null)) | sort | .[-1];
def iqr: if .q3 == "never" then null else .q3 - .q1 end;

. as { $figures, $costs }
| ([$figures[] | select(.network == "hotspot" and .cipher == "gcm" and (.stack | test("^(stock|segue)")))]) as $ipsec
| def saved($k): [$costs[] | select(.stack == $k.stack and .cipher == $k.cipher and .mode == "tunnel") | . as $t
	| ($costs[] | select(.stack == $k.stack and .cipher == $k.cipher and .payload == $t.payload and .mode == "transport").instructions.median) as $m
	| 100 * (1 - $m / $t.instructions.median) | . * 10 | round / 10];
  ([$ipsec[] | select(.event == "admin" and longest != null) | "\(called) \(longest | ms)"] | unique) as $stalls
| ([$costs[] | select(.stack | test("^(stock|segue)$")) | { stack, cipher }] | unique
	| map(. as $k | saved($k) | select(. != []) | "\($k.stack), \($k.cipher): \(min) to \(max) %")) as $savings
| ([$ipsec[] | select(.mode == "tunnel" and .traffic == "mixed" and .stack == "segue") | . as $t
	| ($ipsec[] | select(.mode == "transport" and .traffic == "mixed" and .stack == "segue" and .event == $t.event)) as $m
	| ("stalled_up", "stalled_down") as $way | ($t[$way] | iqr) as $a | ($m[$way] | iqr) as $b
	| select($a and $b) | "\($t.event), \($way | ltrimstr("stalled_"))link \($a | ms) to \($b | ms)"]) as $spreads
| [["Traffic stands still when the uplink in use goes", "200 to 300 ms", ($stalls | join("; "))],
   ["What transport mode saves of the processor’s time, against tunnel mode", "20 %", ($savings | join("; "))],
   ["Spread of T_STALLED between quartiles, tunnel to transport mode", "2.5 to 1", ($spreads | join("; "))]]
| map(select(.[2] != "")) | select(. != [])
| "### Beside the research’s figures\n",
  "At a round trip of 15 ms; what stood still is the worse direction’s median, an interface being switched off, with AES-GCM; what is saved is of all instructions of a packet, by its payload.\n",
  (["", "the research", "here"] | line), (["---", "---", "---"] | line), (.[] | line), ""
