#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1500
# What depends on the kernel, on one that has everything: where this machine's
# refuses libxdp's dispatcher, fentry or IPsec, this runs in the virtual machine.
cd "$(dirname "$0")" || exit 1
passed=0
failed=0
for test in attach.sh beside.sh check.sh ipv6.sh refuse.sh renamed.sh; do
	echo "== $test"
	output=$(./"$test" 2>&1)
	status=$?
	printf '%s\n' "$output"
	if [ $status = 0 ] || [ $status = 77 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
