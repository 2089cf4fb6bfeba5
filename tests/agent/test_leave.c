/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Off a path that is better left.
 *
 *   slot 0  wlan0, in use    1  lte0    2  eth1
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <library.h>
#include "fake_charon.h"
#include "mobikex_copy.h"
#include "mobikex_leave.h"
#include "mobikex_path.h"

#define WINDOW_MS 100
#define MS 1000000ULL	/* ns */

mobikex_agent_t *mobikex;
static mobikex_agent_t agent = {
	.copy_window = WINDOW_MS,
};
static mobikex_session_t session;
static struct segue_session map;
static bool live[SEGUE_MAX_PATHS];
static int copied, switched, jobs;
static uint64_t clock_ns;

/* ------------------------------------------------ what stands for the rest */

uint64_t mobikex_now(void)
{
	return clock_ns;
}

bool mobikex_path_live(mobikex_session_t *this, uint8_t slot)
{
	return slot < SEGUE_MAX_PATHS && live[slot];
}

bool mobikex_path_switch(mobikex_session_t *this, uint8_t slot, enum segue_reason reason)
{
	assert_int_equal(reason, session.weak[map.active]);
	if (slot == map.copy)
		map.copy = map.active;
	map.active = slot;
	switched++;
	return TRUE;
}

int segue_session_get(struct segue *segue, __u32 id, struct segue_session *out)
{
	*out = map;
	return 0;
}

int segue_copy(struct segue *segue, __u32 id, __u8 slot, __u64 until_ns)
{
	map.copy = slot;
	if (slot == SEGUE_NO_PATH)
		return 0;
	assert_int_equal(until_ns, clock_ns + 2 * WINDOW_MS * MS);
	copied++;
	return 0;
}

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return NULL;
}

void mobikex_job_queue(uint32_t ike, mobikex_job_t job, uint32_t data, uint32_t delay_ms)
{
	assert_in_range(delay_ms, WINDOW_MS, WINDOW_MS + 1);
	jobs++;
}

/* ----------------------------------------------------------------- fixture */

static int begin(void **state)
{
	uint8_t slot;

	mobikex = &agent;
	charon = &fake_daemon;
	agent.segue = (struct segue *)&map;
	clock_ns = 1000 * MS;
	copied = switched = jobs = 0;
	memset(&map, 0, sizeof(map));
	map.copy = SEGUE_NO_PATH;
	memset(live, 0, sizeof(live));
	session = (mobikex_session_t){
		.name = "test",
		.copies = TRUE,
		.published = TRUE,
	};
	for (slot = 0; slot < 3; slot++) {
		session.path[slot].flags = SEGUE_PATH_USED | SEGUE_PATH_EGRESS |
					   SEGUE_PATH_VERIFIED;
		session.path[slot].priority = slot;
		live[slot] = TRUE;
	}
	return 0;
}

static void fades(uint8_t slot)
{
	session.weak[slot] = SEGUE_REASON_SIGNAL_LOW;
	session.weak_since[slot] = clock_ns;
}

/* So long later, and looked at */
static void after(uint64_t ms)
{
	clock_ns += ms * MS;
	mobikex_leave(&session);
}

/* ------------------------------------------------------------------- tests */

/* By both first, then by the new one; and that is all. */
static void softly(void **state)
{
	after(0);
	assert_int_equal(copied, 0);
	fades(0);
	after(0);
	after(WINDOW_MS / 2);			/* whoever looks in between */
	assert_int_equal(copied, 1);
	assert_int_equal(jobs, 1);
	assert_int_equal(map.copy, 1);
	assert_int_equal(map.active, 0);
	after(WINDOW_MS / 2);
	assert_int_equal(map.active, 1);
	assert_int_equal(map.copy, SEGUE_NO_PATH);
	after(WINDOW_MS);
	assert_int_equal(copied, 1);
	assert_int_equal(switched, 1);
	assert_int_equal(session.hold[0].next, 1);
	assert_int_equal(session.hold[1].next, 0);
}

static void best_that_is_not_weak(void **state)
{
	fades(0);
	fades(1);
	after(0);
	assert_int_equal(map.copy, 2);
}

static void verified_and_live_only(void **state)
{
	session.path[1].flags &= ~SEGUE_PATH_VERIFIED;
	fades(0);
	after(0);
	assert_int_equal(map.copy, 2);
	live[2] = FALSE;
	after(WINDOW_MS);
	assert_int_equal(switched, 0);
}

/* The one that it was to be is lost meanwhile: another one, with a window of its own. */
static void another_one(void **state)
{
	fades(0);
	after(0);
	live[1] = FALSE;
	after(WINDOW_MS);
	assert_int_equal(switched, 0);
	assert_int_equal(map.copy, 2);
	after(WINDOW_MS);
	assert_int_equal(map.active, 2);
}

/* Nothing is gained where all of them are. */
static void all_weak(void **state)
{
	fades(0);
	fades(1);
	fades(2);
	after(0);
	after(WINDOW_MS);
	assert_int_equal(copied + switched, 0);
	assert_int_equal(map.active, 0);
}

/* It is well again within the window. */
static void well_again(void **state)
{
	fades(0);
	after(0);
	session.weak[0] = SEGUE_REASON_NONE;
	after(WINDOW_MS);
	assert_int_equal(map.active, 0);
	fades(0);
	after(0);
	assert_int_equal(copied, 2);
	assert_int_equal(switched, 0);
}

/* A peer that wants nothing twice, and one that gets all twice anyway */
static void at_once(void **state)
{
	session.copies = FALSE;
	fades(0);
	after(0);
	assert_int_equal(switched, 1);
	assert_int_equal(map.active, 1);
	begin(state);
	session.copy = MOBIKEX_COPY_ALWAYS;
	map.copy = 1;
	fades(0);
	after(0);
	assert_int_equal(switched, 1);
	assert_int_equal(copied, 0);
	assert_int_equal(map.copy, 0);		/* they have changed places */
}

/* Who was there when it became weak leaves; who put it there since knows better. */
static void by_hand(void **state)
{
	session.manual = TRUE;
	fades(0);
	map.switched_ns = clock_ns + MS;
	after(0);
	assert_int_equal(copied, 0);
	map.switched_ns = clock_ns - MS;
	after(0);
	assert_int_equal(copied, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(softly), TEST(best_that_is_not_weak), TEST(verified_and_live_only),
		TEST(another_one), TEST(all_weak), TEST(well_again), TEST(at_once), TEST(by_hand),
	};
	int failed;

	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
