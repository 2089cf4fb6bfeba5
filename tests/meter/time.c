// SPDX-License-Identifier: GPL-2.0-or-later
/* Two clocks: ours is monotonic, the kernel's packet stamps are real time. */
#include <time.h>

#include "meter.h"

static int64_t offset;

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

uint64_t clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* The tightest of some tries, so that an interrupt between the two reads costs nothing. */
static int64_t measure_offset(void)
{
	uint64_t best = NEVER;
	int64_t result = 0;

	for (int i = 0; i < 16; i++) {
		uint64_t before = clock_now();
		uint64_t real = read_clock(CLOCK_REALTIME);
		uint64_t after = clock_now();

		if (after - before < best) {
			best = after - before;
			result = real - before - best / 2;
		}
	}
	return result;
}

void clock_init(void)
{
	offset = measure_offset();
}

int64_t clock_drift(void)
{
	return measure_offset() - offset;
}

uint64_t clock_from_real(uint64_t real_ns)
{
	return real_ns - offset;
}
