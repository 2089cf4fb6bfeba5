/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock of maps and events: CLOCK_MONOTONIC, in ns, as bpf_ktime_get_ns() has it.
 */
#ifndef SEGUE_LOADER_CLOCK_H
#define SEGUE_LOADER_CLOCK_H

#include <errno.h>
#include <time.h>
#include <linux/types.h>

static inline __u64 clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static inline void clock_wait_until(__u64 ns)
{
	struct timespec until = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

#endif
