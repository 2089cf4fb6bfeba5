/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state machine of hold-down, on a clock of its own: failback_delay 2 s, at most
 * 60 s, a minute without a loss takes one back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <library.h>
#include "mobikex_hold.h"

#define S 1000000000ULL	/* ns */

static mobikex_hysteresis_t set;
static mobikex_hold_t hold;
static uint64_t now;

static int begin(void **state)
{
	set = (mobikex_hysteresis_t){ .delay = 2000, .max = 60000, .decay = 60000 };
	hold = (mobikex_hold_t){};
	now = 1000 * S;
	return 0;
}

static void lose(u_int times, uint64_t pause)
{
	while (times--)
	{
		now += pause;
		mobikex_hold_lost(&hold, now);
	}
}

/* s that it has to be well, if it comes back now */
static void expect_held(u_int s)
{
	assert_int_equal(mobikex_hold_time(&hold, &set, now), s * S);
}

static void never_lost(void **state)
{
	assert_int_equal(mobikex_hold_losses(&hold, &set, now), 0);
	expect_held(0);
}

/* Each loss soon after another one doubles it, up to the maximum. */
static void doubles(void **state)
{
	static const u_int wanted[] = { 2, 4, 8, 16, 32, 60, 60, 60 };
	int i;

	for (i = 0; i < countof(wanted); i++)
	{
		lose(1, S);
		expect_held(wanted[i]);
	}
}

/* Ten times a second, for a minute: no more than the maximum, and forgotten as soon
 * as what it took to get there. */
static void flaps(void **state)
{
	lose(600, S / 10);
	expect_held(60);
	assert_int_equal(mobikex_hold_losses(&hold, &set, now), 6);
	now += 6 * 60 * S - 1;
	expect_held(2);
	now += 1;
	expect_held(0);
}

/* A loss a minute ago, to the nanosecond, counts no more; a younger one does. */
static void decays(void **state)
{
	lose(3, S);
	expect_held(8);
	now += 60 * S - 1;
	expect_held(8);
	now += 1;
	expect_held(4);
	lose(1, 0);
	expect_held(8);
	now += 10 * 60 * S;
	expect_held(0);
	lose(1, 0);
	expect_held(2);
}

/* It does not get shorter while it lasts: what counts is when it came back. */
static void since(void **state)
{
	uint64_t back;

	lose(4, S);
	back = now + 5 * S;
	now += 100 * S;
	assert_int_equal(mobikex_hold_time(&hold, &set, back), 16 * S);
}

/* An event that comes late does not wind it back. */
static void out_of_order(void **state)
{
	lose(2, S);
	assert_int_equal(mobikex_hold_losses(&hold, &set, now - 10 * S), 2);
}

/* Of the same losses each connection makes its own. */
static void settings(void **state)
{
	set.max = 0;		/* no backoff */
	lose(10, S);
	expect_held(2);
	set.decay = 0;		/* no memory */
	expect_held(0);
	set.decay = 60000;
	set.delay = 0;	/* nothing to double */
	lose(10, S);
	expect_held(0);
	set.max = 0x7fffffff;
	set.delay = 0x40000000;
	assert_int_equal(mobikex_hold_time(&hold, &set, now), 0x7fffffffULL * 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(never_lost, begin),
		cmocka_unit_test_setup(doubles, begin),
		cmocka_unit_test_setup(flaps, begin),
		cmocka_unit_test_setup(decays, begin),
		cmocka_unit_test_setup(since, begin),
		cmocka_unit_test_setup(out_of_order, begin),
		cmocka_unit_test_setup(settings, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
