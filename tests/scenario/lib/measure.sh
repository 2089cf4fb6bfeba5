# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# lib.sh has the variables that are not set here
# What segue says of itself, and what the meter sees.

paths() { at "$1" "$segue" -j path; }

# active HOST FIELD: of the path that its first session sends by
active() { paths "$1" | jq -r "[.[] | select(.active) | .$2][0]"; }

active_is() { [ "$(active "$1" "$2")" = "$3" ]; }	# HOST FIELD VALUE

# verified HOST COUNT: that many paths are
verified() { [ "$(paths "$1" | jq '[.[] | select(.verified)] | length')" = "$2" ]; }

# probed HOST COUNT: that many of its paths answer probes
probed() { [ "$(paths "$1" | jq '[.[] | select(.probe == "alive")] | length')" = "$2" ]; }

# counter HOST NAME
counter() { at "$1" "$segue" -j status | jq ".. | objects | select(has(\"$2\")) | .$2"; }

# copying HOST: its first session sends by two paths
copying() { at "$1" "$segue" -j session | jq -e '.[0].copy_slot != 255' >/dev/null; }

# copies: that both hosts have sent so far
copies() { echo $(($(counter node egress_copied) + $(counter server egress_copied))); }

# monitor_start, monitor_stop HOST: its events as JSON lines in $out/HOST/events
monitor_start() {
	mkdir -p "$out/$1"
	# not through at: $! has to be the program itself
	nsenter --target "$(<"$out/$1.pid")" --net --mount --wd="$PWD" -- \
		"$segue" -j monitor >"$out/$1/events" 2>&1 </dev/null &
	echo $! >"$out/$1/monitor.nspid"
}

monitor_stop() {
	kill -TERM "$(<"$out/$1/monitor.nspid")" 2>/dev/null || true
	wait "$(<"$out/$1/monitor.nspid")" 2>/dev/null || true
	rm -f "$out/$1/monitor.nspid"
}

# saw HOST CONDITION: some event fulfils jq's CONDITION
saw() { jq -es "any(.[]; $2)" "$out/$1/events" >/dev/null; }

wires=(router-w,node router-w,core router-l,node router-l,core core,s)

# measure REPORT OPTION...: the meter with this topology's namespaces and wires
measure() {
	local report=$1 name
	local options=()
	shift
	for name in node router-w router-l core server; do
		options+=(--ns "$name=/proc/$(<"$out/$name.pid")/ns/net")
	done
	options+=(--host node --host server)
	for name in "${wires[@]}"; do
		options+=(--wire "$name")
	done
	if [ "$flow_node" = "$node_inner" ]; then
		options+=(--inner "$node_inner" --inner "$server_inner")
	fi
	"$meter" "${options[@]}" "$@" >"$report" || die "meter failed"
}

# The flows, by the offset of their sending within the interval (us).
flow_up() { echo --flow "up,node,$flow_node,server,$flow_server,${1:-0}"; }
flow_down() { echo --flow "down,server,$flow_server,node,$flow_node,${1:-0}"; }
flow_echo() { echo --echo "echo,node,$flow_node,server,$flow_server,${1:-0}"; }
flow_tcp() { echo --stream "tcp,node,$flow_node,server,$flow_server,${1:-0},${2:-1}"; }

# all of them, spread over the interval
load() {
	flow_up 0
	flow_echo 250
	flow_tcp 500
	flow_down 750
}

# What cuts the uplink: the same spelling in every scenario.
carrier_loss() { echo "down,router-${1:0:1},node"; }	# wlan0|lte0
carrier_back() { echo "up,router-${1:0:1},node"; }
