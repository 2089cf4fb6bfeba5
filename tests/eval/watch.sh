# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154	# guest has and reads the others
# How long a phase is watched after its event, ms: the first time; if that saw no end of
# it, the second time; when the flows came back, twice as long as that took, but at least
# as long as TCP's own patience: after a round trip without an answer, 200 ms and half of
# one (RFC 6298 2.4 as Linux has it, TCP_RTO_MIN). A phase that this was too short for is
# done again, and watched as the second one; what the second time did not see either is
# not looked for again.
watch_first=500 watch_second=5000
watch_least() { awk "BEGIN { print int(250 + 3 * $rtt) }"; }

watch_next() {
	local least
	if [ "$most" -lt "$watch" ]; then
		least=$(watch_least)
		watch=$((2 * most))
		[ "$watch" -ge "$least" ] || watch=$least
		[ "$watch" -lt $watch_second ] || watch=$((watch_second - 1))
	elif [ "$watch" = $watch_first ]; then
		watch=$watch_second
	else
		watch=0
	fi
}
