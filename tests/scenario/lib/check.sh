# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154	# lib.sh has the variables that are not set here
# Checks: each says ok or FAIL and is counted.

passed=0 failed=0

ok() { passed=$((passed + 1)); echo "    ok    $*"; }
not_ok() { failed=$((failed + 1)); echo "    FAIL  $*"; }

# expect TEXT COMMAND...
expect() {
	local text=$1
	shift
	if "$@" >"$out/expect.out" 2>&1; then
		ok "$text"
	else
		not_ok "$text: $* => $(tail -n 3 "$out/expect.out" | tr '\n' ' ')"
	fi
}

# fact REPORT TEXT CONDITION [VALUE]: jq's CONDITION holds; VALUE is shown with it
fact() {
	local value=''
	[ -z "${4:-}" ] || value=" ($(jq -r "$4" "$1" 2>&1 | tr '\n' ' '))"
	if jq -e "$3" "$1" >/dev/null 2>"$out/expect.out"; then
		ok "$2$value"
	else
		not_ok "$2$value: not $3 $(<"$out/expect.out")"
	fi
}

# nothing_in_clear REPORT, no_xfrm_errors REPORT: I1 and the counters
nothing_in_clear() {
	fact "$1" "nothing in clear on any wire" \
		'[.wires[].clear] | add == 0' '[.wires[] | .clear, .samples] | tostring'
	fact "$1" "no frame missed by the capture" '[.wires[].missed] | add == 0'
}

no_xfrm_errors() {
	fact "$1" "every XFRM error counter 0" \
		'[.hosts[].xfrm_errors] | add == 0' '[.hosts[].xfrm_counters] | tostring'
}

# only_replay_drops REPORT: where packets were sent twice
only_replay_drops() {
	fact "$1" "every XFRM error counter 0 but that of the replay window" \
		'([.hosts[].xfrm_counters | del(.XfrmInStateSeqError)[]] | add // 0) == 0' \
		'[.hosts[].xfrm_counters] | tostring'
}

# exact: is time virtual here?  Elsewhere the machine's own pauses are in every
# time, and only the order of things is judged.
exact() { [ "${SEGUE_IN_VM:-}" = deterministic ]; }

# bound MS: of a time, on this clock
bound() { if exact; then echo "$1"; else echo 1e9; fi; }

# uplink_lost_nothing REPORT. With two processors a packet may be on the wire at
# the very instant it is cut.
uplink_lost_nothing() {
	local most=0
	exact || most=$(jq "[$cuts] | length" "$1")
	fact "$1" "uplink: none lost" ".flows.up.lost <= $most" .flows.up.lost
}

# goes_on REPORT: what must hold after every handover, whoever the peer is
goes_on() {
	fact "$1" "every flow goes on to the end" \
		'.events[-1].flows | all(.never | not)' \
		'.events[-1].flows | map_values(.stall_ms) | tostring'
	fact "$1" "TCP survived" '.flows.tcp.survived' '.flows.tcp | .state'
	nothing_in_clear "$1"
}

# all_flow REPORT: and with a peer that touches no SA
all_flow() {
	goes_on "$1"
	no_xfrm_errors "$1"
}

# stalled_at_most REPORT EVENTS MS: each flow of these events (jq's selection), but for
# one event in ten, which may take a tick of the scheduler longer (CONFIG_HZ=250).
# One processor plays five machines, and ESP of a packet that interrupts another one's
# waits for a worker of cryptd's, which has no priority: that is in no network.
stalled_at_most() {
	local most late
	most=$(bound "$3") late=$(bound "$(awk "BEGIN { print $3 + 4 }")")
	fact "$1" "no flow stalled longer than $most ms, but for $late in one of ten" \
		"[$2 | [.flows | del(.tcp)[] | .stall_ms // 1e9] | max] | length > 0 and all(. <= $late) and
		(map(select(. <= $most)) | length) >= (length - 1) * 0.9" \
		"[$2 | .flows | map_values(.stall_ms)] | [length, sort_by(-([.[] // 1e9] | max))[:4]] | tostring"
}

cuts='.events[] | select(.action == "down" or .action == "addr-del")'

# maps_agree: I2, as segue itself proves it
maps_agree() {
	local name
	for name in ${SEGUE_HOSTS:-}; do
		expect "segue check on $name: maps and kernel agree" at "$name" "$segue" check
	done
}
