#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzzes the codec of MOBIKE-X's notifies, 20 s or FUZZ_SECONDS. What it finds to be
# new stays in build/fuzz for the next run; an input that breaks something becomes
# a file there, named in the log: a line for notify.corpus.
set -eu

cd "$(dirname "$0")/../.."
found=$PWD/build/fuzz/notify
corpus=$PWD/build/fuzz/notify.corpus
rm -rf "$corpus"
mkdir -p "$corpus" "$found"

while read -r name hex; do
	case $name in
	'#'* | '') continue ;;
	esac
	hex=${hex// /}
	# shellcheck disable=SC2001,SC2059	# octets, not text
	printf "$(sed 's/../\\x&/g' <<<"$hex")" >"$corpus/$name"
done <tests/fuzz/notify.corpus

exec build/tests/fuzz/fuzz_notify -max_total_time="${FUZZ_SECONDS:-20}" -max_len=600 \
	-artifact_prefix="$found-" -print_final_stats=1 -verbosity=1 "$found" "$corpus"
