# SPDX-License-Identifier: GPL-2.0-or-later
# Quartiles of an array: { n, never, min, q1, median, q3, max }. "never" is longer than any
# number, so a quartile may be "never", too. Between two values they are interpolated (R's
# type 7, as gnuplot's and spreadsheets' are).
def at($p): length as $n | (($n - 1) * $p) as $place | ($place | floor) as $i | ($place - $i) as $part |
	if $part == 0 then .[$i]
	elif .[$i + 1] == "never" then "never"
	else .[$i] + $part * (.[$i + 1] - .[$i]) | . * 10000 | round / 10000 end;

def quartiles: map(select(. != null)) |
	if length == 0 then null else
		# in jq a number comes before a string
		sort | { n: length, never: map(select(. == "never")) | length,
			min: .[0], q1: at(0.25), median: at(0.5), q3: at(0.75), max: .[-1] } end;
