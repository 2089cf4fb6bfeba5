# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154	# guest has and reads the others
# How long a phase is watched after its event, ms: the first time; if that saw no end of
# it the second time; when the flow came back, thrice as long as that took and the stack's
# period, so that what waits for its DPD in another phase only is seen, but so much at least. What the second time did not see either is not looked for again.
watch_first=500 watch_second=5000 watch_least=400

watch_next() {
	if [ "$most" -lt "$watch" ]; then
		watch=$((3 * most + $(period)))
		[ "$watch" -ge $watch_least ] || watch=$watch_least
		[ "$watch" -lt $watch_second ] || watch=$((watch_second - 1))
	elif [ "$watch" = $watch_first ]; then
		watch=$watch_second
	else
		watch=0
	fi
}
