# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# fuzz NAME CORPUS...: runs fuzz_NAME for 20 s, or FUZZ_SECONDS (`make test`: 300), from
# what the corpora hold. What it finds to be new stays in build/fuzz for the next run; an
# input that breaks something becomes a file there, named in the log: a line for a corpus.
set -eu

cd "$(dirname "$0")/../.."

fuzz() {
	local name=$1 input hex found=$PWD/build/fuzz/$1 corpus=$PWD/build/fuzz/$1.corpus
	shift
	rm -rf "$corpus"
	mkdir -p "$corpus" "$found"
	while read -r input hex; do
		case $input in
		'#'* | '') continue ;;
		esac
		hex=${hex// /}
		# shellcheck disable=SC2001,SC2059	# octets, not text
		printf "$(sed 's/../\\x&/g' <<<"$hex")" >"$corpus/$input"
	done < <(cat "$@")
	exec "build/tests/fuzz/fuzz_$name" -max_total_time="${FUZZ_SECONDS:-20}" -max_len=1200 \
		-artifact_prefix="$found-" -print_final_stats=1 "$found" "$corpus"
}
