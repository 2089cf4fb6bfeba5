# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# How often the kernel called a function, by the hit counts of kprobes. For the whole
# machine: a scenario that sources this takes its probes away again.

tracing=/sys/kernel/tracing

# calls_begin NAME FUNCTION: NAME is the probe's
calls_begin() {
	echo "p:segue_test/$1 $2" >>$tracing/kprobe_events
	echo 1 >$tracing/events/segue_test/"$1"/enable
}

# calls NAME: so far
calls() { awk -v name="$1" '$1 == name { print $2 }' $tracing/kprobe_profile; }

calls_end() {
	echo 0 >$tracing/events/segue_test/"$1"/enable
	echo "-:segue_test/$1" >>$tracing/kprobe_events
}
