# SPDX-License-Identifier: GPL-2.0-or-later
# Traces in, SVG out. A panel for each mode and stack, in it a lane for each flow.

function x(ms) { return left + (ms - from) * (right - left) / (to - from) }

function text(px, py, class, s) {
	printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", px, py, class, s
}

function rect(px, py, w, h, class) {
	printf "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" class=\"%s\"/>\n", px, py, w, h, class
}

function line(x1, y1, x2, y2, class) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class
}

BEGIN {
	left = 262; right = 960; from = -8; to = 42
	lane = 17; mark = 11; panel_gap = 12; mode_gap = 24; top = 118
	order[1] = "up"; order[2] = "down"; order[3] = "echo"; order[4] = "tcp"
	label["up"] = "UDP up"; label["down"] = "UDP down"
	label["echo"] = "UDP echo"; label["tcp"] = "TCP stream"
	name["transport"] = "E2E, transport mode"; name["beet"] = "E2E, BEET mode"
	name["tunnel"] = "I-WLAN, tunnel mode"
	y = top
	panels = 0
}

$1 == "#" {
	flush_panel()
	mode = $2; stack = $3; t_sys = $4; observed = $5; rtt = $6; interval = $7
	lost["up"] = $9; lost["down"] = $10; lost["echo"] = $11; survived = $8
	have = 1
	next
}

$4 != "-" {
	n[$1]++
	arrival[$1, n[$1]] = $4 + 0
	# the stream has octets, not packets: what is older than one way was sent before
	fresh[$1, n[$1]] = $3 == "-" ? $4 > rtt / 2 : $3 > 0
}

$4 == "-" && $3 != "-" && $3 >= from && $3 <= to {
	lost_count[$1]++
	lost_at[$1, lost_count[$1]] = $3 + 0
}

END {
	flush_panel()
	height = y + 66
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1180 %d\" width=\"1180\" height=\"%d\" " \
		"font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">\n", height, height
	print "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->"
	print "<style>"
	print ".title{font-size:20px;font-weight:bold;fill:#1c2733} .sub{font-size:12.5px;fill:#5b6875}"
	print ".mode{font-size:13.5px;font-weight:bold;fill:#1c2733} .stack{font-size:12px;font-weight:bold;fill:#1c2733}"
	print ".lane{font-size:11.5px;fill:#5b6875;text-anchor:end} .figure{font-size:11.5px;fill:#1c2733}"
	print ".gaptext{font-size:11px;fill:#b3261e;text-anchor:middle} .tick{font-size:11px;fill:#5b6875;text-anchor:middle}"
	print ".panel{fill:#f6f8fa} .gap{fill:#fbdcd9} .before{fill:#4a7fb5} .after{fill:#2e9b62} .lost{fill:#d9534a}"
	print ".grid{stroke:#dde3e8;stroke-width:1} .cut{stroke:#b3261e;stroke-width:1.6;stroke-dasharray:5 3}"
	print ".cuttext{font-size:12px;font-weight:bold;fill:#b3261e;text-anchor:middle}"
	print "</style>"
	rect(0, 0, 1180, height, "bg\" fill=\"#ffffff")
	text(24, 36, "title", "wlan0 loses its carrier: when do packets arrive again?")
	text(24, 58, "sub", sprintf("One packet each %g ms on every flow, round trip %g ms on both uplinks, deterministic clock. " \
		"Every mark is an arrival, as measured.", interval, rtt))
	rect(24, 70, 3, mark, "before"); text(33, 80, "sub", "arrival of what was sent before the cut")
	rect(290, 70, 3, mark, "after"); text(299, 80, "sub", "sent after it")
	rect(395, 73, 3, 5, "lost"); text(404, 80, "sub", "sent and never seen")
	rect(545, 70, 22, mark, "gap"); text(573, 80, "sub", "nothing arrives")
	printf "%s", body
	for (ms = -5; ms <= 40; ms += 5) {
		line(x(ms), y, x(ms), y + 5, "grid")
		text(x(ms), y + 19, "tick", ms)
	}
	text((left + right) / 2, y + 38, "tick", "ms after the cut")
	line(x(0), top - 12, x(0), y, "cut")
	text(x(0), top - 17, "cuttext", "carrier lost")
	print "</svg>"
}

function out(s) { body = body s }

function put_rect(px, py, w, h, class) {
	out(sprintf("<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" class=\"%s\"/>\n", px, py, w, h, class))
}

function put_text(px, py, class, s) {
	out(sprintf("<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", px, py, class, s))
}

function round2(v) { return sprintf("%.1f", v) }

function flush_panel(   k, ms) {
	if (!have)
		return
	if (mode != last_mode) {
		if (last_mode != "")
			y += mode_gap
		put_text(24, y + 10, "mode", name[mode])
		last_mode = mode
	} else {
		y += panel_gap
	}
	put_rect(left, y - 3, right - left, 4 * lane + 2, "panel")
	for (ms = -5; ms <= 40; ms += 5)
		out(sprintf("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>\n", \
			x(ms), y - 3, x(ms), y + 4 * lane - 1))
	put_text(24, y + 1.8 * lane + 10, "stack", stack == "segue" ? "with segue" : "stock strongSwan")
	for (k = 1; k <= 4; k++) {
		flush_lane(order[k])
		y += lane
	}
	delete n; delete arrival; delete fresh; delete lost_count; delete lost_at
	have = 0
}

# A lane: arrivals, losses, and the longest silence that ends after the cut.
function flush_lane(flow,   i, a, b, gap_from, gap_to, longest, end, s) {
	put_text(left - 8, y + 10, "lane", label[flow])
	end = observed
	longest = -1
	for (i = 1; i < n[flow]; i++) {
		a = arrival[flow, i]; b = arrival[flow, i + 1]
		if (b > 0 && b - a > longest) { longest = b - a; gap_from = a; gap_to = b }
	}
	a = arrival[flow, n[flow]]
	never = (end - a > 1000)
	if (never) { gap_from = a; gap_to = to; longest = end - a }
	if (longest > 3 * interval)
		put_rect(x(gap_from) + 3, y - 1, x(gap_to > to ? to : gap_to) - x(gap_from) - 4, mark + 3, "gap")
	for (i = 1; i <= n[flow]; i++) {
		a = arrival[flow, i]
		if (a < from || a > to)
			continue
		put_rect(x(a) - 1.4, y, 2.8, mark, fresh[flow, i] ? "after" : "before")
	}
	for (i = 1; i <= lost_count[flow]; i++)
		put_rect(x(lost_at[flow, i]) - 1, y + 4, 2, 4, "lost")
	s = never ? sprintf("never, in %.0f s watched", end / 1000) : sprintf("stalled %s ms", round2(longest))
	if (flow != "tcp")
		s = s sprintf(", %d lost", lost[flow])
	else if (survived == "true")
		s = s ", survived"
	put_text(right + 10, y + 10, "figure", s)
}
