# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# report has the variables that are not set here
# Plots by gnuplot, SVG.

networks='["lab", "hotspot", "cellular"]'
network_names=("" lab hotspot cellular)
network_rtt=("" 0.35 15 "40 ± 4")
colours=("" "#4a7fb5" "#2e9b62" "#c77700")

# what stacks are called on an axis, in the plan's order
labels='def named: .stack + (if .mode == "-" then "" else " " + .mode end) +
	(if .cipher == "-" or .cipher == "gcm" then "" else " " + .cipher end) +
	(if .traffic == "mixed" then "" else " " + .traffic end);
	def order: reduce .[] as $l ([]; if index($l) then . else . + [$l] end);'

declare -A event_text=([carrier]="Carrier loss" [admin]="Interface switched off"
	[mobility]="Address replaced" [silent]="Silent loss" [soft]="Soft handover")

# candles NAME EVENT[,EVENT...] TIME TEXT [TIME TEXT...]: a panel for each event and
# time, COLUMNS_OF_PANELS beside each other: for each stack and network the quartiles, on a logarithmic axis; what never
# came back is a cross above it, with how often
candles() {
	local name=$1 events=$2 event time text panels=0 script=$dir/$1.gp
	local base=$dir/$name shown columns=${COLUMNS_OF_PANELS:-1}
	shift 2
	: >"$script"
	for event in ${events//,/ }; do
		set -- "$@"
		local pairs=("$@")
		while [ ${#pairs[@]} != 0 ]; do
			time=${pairs[0]} text=${pairs[1]}
			pairs=("${pairs[@]:2}")
			shown=$base.$event.$time
			jq -r --arg event "$event" --arg time "$time" --argjson networks "$networks" --slurpfile plan <(
				awk '{ printf "\"%s\"\n", $1 }' "$dir/plan") "$labels"'
				map(select(.event == $event and .[$time] != null)) |
				($plan | map(split(".")) | map({stack: .[0], mode: .[1], cipher: .[2], traffic: .[3]} | named) | order) as $all |
				(map(named)) as $present | ($all | map(select(. as $l | $present | index($l) != null))) as $rows |
				.[] | . as $cell | (.network as $n | $networks | index($n)) as $net |
				(named as $l | $rows | index($l)) as $row | .[$time] as $t |
				[$row + ($net - 1) * 0.24, $net + 1,
				 ([$t.min, $t.q1, $t.median, $t.q3, $t.max][] | if . == "never" then 40000 else [., 0.01] | max end),
				 $t.never, $t.n, ($cell | named)] | @tsv' "$dir/figures.json" >"$shown.tsv"
			if [ ! -s "$shown.tsv" ]; then
				rm -f "$shown.tsv"
				continue
			fi
			panels=$((panels + 1))
			{
				[ $panels = 1 ] || echo "unset key"
				echo "set title '${event_text[$event]}: $text' noenhanced offset 0,-0.5"
				awk -F '\t' '{ row = int($1 + 0.5); name[row] = $10; if (row > last) last = row }
					END {
						printf "set xtics ("
						for (i = 0; i <= last; i++)
							printf "%s\"%s\" %d", i ? ", " : "", name[i], i
						printf ")\nset xrange [-0.6:%g]\n", last + 0.6
					}' "$shown.tsv"
				for network in 1 2 3; do
					awk -v want=$network '$2 == want' "$shown.tsv" >"$shown.$network.tsv"
					[ -s "$shown.$network.tsv" ] || rm -f "$shown.$network.tsv"
				done
				local first="plot " network
				for network in 1 2 3; do
					[ -s "$shown.$network.tsv" ] || continue
					# shellcheck disable=SC2016
					printf '%s"%s" using 1:4:3:7:6 with candlesticks whiskerbars 0.5 lc rgb "%s" lw 1.2 fs solid 0.35 notitle' \
						"$first" "$shown.$network.tsv" "${colours[network]}"
					first=", "
					printf ', "%s" using 1:5:5:5:5 with candlesticks lc rgb "%s" lw 2.4 notitle' "$shown.$network.tsv" "${colours[network]}"
					printf ', "%s" using 1:($8 > 0 ? 40000 : 1/0) with points pt 2 ps 0.6 lw 1.6 lc rgb "#b3261e" notitle' "$shown.$network.tsv"
				done
				for network in 1 2 3; do
					! grep -q "\"${network_names[network]}\"" "$dir/figures.json" ||
						printf ', NaN with boxes lc rgb "%s" fs solid 0.5 title "RTT %s ms"' \
							"${colours[network]}" "${network_rtt[network]}"
				done
				printf ', NaN with points pt 2 lw 1.6 lc rgb "#b3261e" title "never, once or always"\n'
			} >>"$script"
		done
	done
	if [ $panels = 0 ]; then
		rm -f "$script"
		return 0
	fi
	{
		echo "set terminal svg size 1100,$((40 + 300 * ((panels + columns - 1) / columns))) dynamic font 'DejaVu Sans,12' background rgb 'white'"
		echo "set output '$base.svg'"
		echo "set multiplot layout $(((panels + columns - 1) / columns)),$columns"
		echo "set logscale y; set yrange [0.05:60000]; set format y '%g'; set boxwidth 0.2"
		echo "set ytics (0.1, 1, 10, 100, 1000, 10000, 'never' 40000); set grid ytics lc rgb '#dde3e8'"
		echo "set xtics rotate by -20 font ',10' nomirror; set border 3; set key at screen 0.98, screen 0.99 right top horizontal font ',10' samplen 1"
		echo "set lmargin 9; set rmargin $((columns > 1 ? 5 : 12)); set bmargin 5; set tmargin 3.5"
		cat "$script"
		echo "unset multiplot"
	} | gnuplot
	rm -f "$script" "$base".*.tsv
}

# throughput NAME EVENT: UDP that arrived around the event, in the middle network, by stack
throughput() {
	local name=$1 event=$2 rows tsv=$dir/$1 count=0 plots='' label file
	while IFS=$'\t' read -r file label; do
		count=$((count + 1))
		jq -r --arg name "$file" '.[] | select(.name == $name) | .bins | . as $b |
			((.down // []) | length) as $n | range($n) |
			select(($b.from_ms + . * $b.bin_ms) as $t | $t > -100 and $t < 400) |
			[($b.from_ms + . * $b.bin_ms + $b.bin_ms / 2), ($b.up[.] // 0) * 1000 / $b.bin_ms,
			 ($b.down[.] // 0) * 1000 / $b.bin_ms] | @tsv' "$dir/cells.json" >"$tsv.$count.tsv"
		[ -s "$tsv.$count.tsv" ] || { rm -f "$tsv.$count.tsv"; count=$((count - 1)); continue; }
		plots+="set title '$label' offset 0,-0.5"$'\n'
		plots+="plot '$tsv.$count.tsv' using 1:2 with steps lw 1.6 lc rgb '#4a7fb5' title 'uplink', '' using 1:3 with steps lw 1.6 lc rgb '#c77700' title 'downlink'"$'\n'
	done < <(jq -r --arg event "$event" '.[] | select(.ok and .bins != null) | .name as $n | ($n | split(".")) as $p |
		select($p[4] == $event and $p[5] == "hotspot" and $p[3] == "mixed" and ($p[2] == "gcm" or $p[2] == "-")) |
		[$n, $p[0] + (if $p[1] == "-" then "" else " " + $p[1] end)] | @tsv' "$dir/cells.json")
	[ $count != 0 ] || return 0
	rows=$(((count + 1) / 2))
	{
		echo "set terminal svg size 1100,$((40 + 150 * rows)) dynamic font 'DejaVu Sans,11' background rgb 'white'"
		echo "set output '$dir/$name.svg'"
		echo "set multiplot layout $rows,2"
		echo "set xrange [-90:400]; set yrange [0:2200]; set border 3; set xtics nomirror; set ytics 500 nomirror"
		echo "set grid lc rgb '#dde3e8'; set key top right font ',9' samplen 1.5; set arrow from 0,0 to 0,2200 nohead dt 2 lc rgb '#b3261e'"
		echo "$plots"
		echo "unset multiplot"
	} | gnuplot
	rm -f "$tsv".*.tsv
}
