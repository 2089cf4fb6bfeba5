/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a session goes back, and where.
 *
 *   slot 0   wlan0   to the peer's address in use      order 0
 *        1   lte0    likewise, metered                 order 1
 *        2   eth0    to another address of the peer    order 2
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <library.h>
#include "fake_charon.h"
#include "mobikex_check.h"
#include "mobikex_copy.h"
#include "mobikex_failback.h"
#include "mobikex_handover.h"
#include "mobikex_link.h"
#include "mobikex_path.h"

#define PATHS 3
#define S 1000000000ULL	/* ns */
#define NEVER (~0U)

mobikex_agent_t *mobikex;
static mobikex_agent_t agent = { .check_delay = 1000 };
static mobikex_session_t session;
static mobikex_link_t links[PATHS];
static uint64_t now, up[PATHS];
static bool live[PATHS];
static uint8_t active, tried;
static uint32_t later, looks;		/* ms until the job that was queued last */

/* ------------------------------------------------ what stands for the rest */

uint64_t mobikex_now(void)
{
	return now;
}

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return &session;
}

uint8_t mobikex_path_active(mobikex_session_t *this)
{
	return active;
}

bool mobikex_path_live(mobikex_session_t *this, uint8_t slot)
{
	return slot < PATHS && live[slot];
}

mobikex_link_t *mobikex_link_of(const struct segue_addr *addr)
{
	return &links[addr->octet[15]];
}

bool mobikex_link_up(mobikex_link_t *link, uint64_t *since)
{
	*since = up[link - links];
	return live[link - links];
}

void mobikex_job_queue(uint32_t ike, mobikex_job_t job, uint32_t data, uint32_t delay_ms)
{
	if (delay_ms) {
		later = delay_ms;
		looks++;
	} else {
		tried = data;
	}
}

bool mobikex_check_busy(ike_sa_t *ike_sa)
{
	return FALSE;
}

status_t mobikex_check_ask(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	return SUCCESS;
}

void mobikex_path_hosts(mobikex_session_t *this, uint8_t slot, host_t **my, host_t **other)
{
}

uint8_t mobikex_path_find(mobikex_session_t *this, host_t *local, host_t *remote)
{
	return tried;
}

void mobikex_paths_update(mobikex_session_t *this)
{
}

void mobikex_follow_queue(mobikex_session_t *this)
{
}

bool mobikex_copy_failback(mobikex_session_t *this, uint8_t slot)
{
	active = slot;
	return TRUE;
}

/* ------------------------------------------------ */

static int begin(void **state)
{
	int i;

	mobikex = &agent;
	charon = &fake_daemon;
	now = 1000 * S;
	tried = SEGUE_NO_PATH;
	later = looks = 0;
	active = 1;
	session = (mobikex_session_t){
		.name = "test", .leader = TRUE, .published = TRUE,
		.hysteresis = { .delay = 2000, .max = 60000, .decay = 60000 },
	};
	for (i = 0; i < PATHS; i++) {
		session.path[i].priority = i * MOBIKEX_PATH_RANKS;
		session.path[i].local.octet[15] = i;
		session.path[i].remote.octet[15] = i == 2;
		session.path[i].flags = SEGUE_PATH_USED | SEGUE_PATH_EGRESS |
					SEGUE_PATH_VERIFIED;
		links[i].hold = (mobikex_hold_t){};
		live[i] = TRUE;
		session.since[i] = up[i] = now;
	}
	return 0;
}

static void meter(void)
{
	session.path[1].priority |= MOBIKEX_PATH_METERED;
}

static void down(uint8_t slot)
{
	live[slot] = FALSE;
	session.since[slot] = 0;
	mobikex_hold_lost(&links[slot].hold, now);
}

static void back(uint8_t slot)
{
	live[slot] = TRUE;
	session.since[slot] = up[slot] = now;
}

/* In so many ms it goes back to this slot, and not before. */
static void expect_back(uint8_t slot, uint32_t ms)
{
	session.failback = session.trying = FALSE;
	tried = SEGUE_NO_PATH;
	later = 0;
	mobikex_failback(&session);
	if (ms) {
		assert_int_equal(tried, SEGUE_NO_PATH);
		assert_int_equal(later, ms == NEVER ? 0 : ms + 1);
		session.failback = FALSE;
		now += (later ? later : 3600000) * 1000000ULL;
		mobikex_failback(&session);
	}
	assert_int_equal(tried, ms == NEVER ? SEGUE_NO_PATH : slot);
}

static void delayed(void **state)
{
	expect_back(0, 2000);
	mobikex_failback_tried(&session, NULL, NULL, TRUE);
	assert_int_equal(active, 0);
}

/* Never among the peer's addresses */
static void not_elsewhere(void **state)
{
	down(0);
	session.path[2].priority = 0;
	expect_back(SEGUE_NO_PATH, NEVER);
}

static void backs_off(void **state)
{
	down(0);
	back(0);
	expect_back(0, 2000);
	down(0);
	back(0);
	expect_back(0, 4000);
	down(0);
	now += S;
	back(0);
	expect_back(0, 8000);
}

/* A path that died of its probes is held, its link is not. */
static void path_held(void **state)
{
	mobikex_hold_lost(&session.hold[0], now);
	mobikex_hold_lost(&session.hold[0], now);
	expect_back(0, 4000);
	begin(NULL);
	expect_back(0, 2000);
}

/* Ten times a second: until 60 s after the last time nobody tries. */
static void flaps(void **state)
{
	int i;

	for (i = 0; i < 50; i++) {
		down(0);
		now += S / 20;
		mobikex_failback(&session);
		back(0);
		now += S / 20;
		mobikex_failback(&session);
		assert_int_equal(tried, SEGUE_NO_PATH);
	}
	assert_int_equal(looks, 1);
	now = up[0];
	expect_back(0, 60000);
}

/* It was never lost: each packet on the other one costs. */
static void metered_at_once(void **state)
{
	meter();
	expect_back(0, 0);
	down(0);
	now += 3600 * S;		/* nobody remembers that */
	back(0);
	expect_back(0, 0);
	down(0);
	now += S;
	back(0);
	expect_back(0, 2000);
}

/* Anything is better than what costs, even one that comes later, to another address. */
static void metered_elsewhere(void **state)
{
	meter();
	down(0);
	expect_back(2, 0);
	session.path[2].priority |= MOBIKEX_PATH_METERED;
	expect_back(2, NEVER);
}

/* Another one that is not held is better than to wait. */
static void not_for_the_held(void **state)
{
	meter();
	down(0);
	back(0);
	session.path[0].priority |= MOBIKEX_PATH_HELD;
	expect_back(2, 0);
}

static void not_after_a_person(void **state)
{
	session.manual = TRUE;
	expect_back(SEGUE_NO_PATH, NEVER);
}

/* What only drains has no link that could come back, and is not looked for again and again. */
static void drains(void **state)
{
	session.path[1].priority |= MOBIKEX_PATH_HELD;
	session.path[1].flags &= ~SEGUE_PATH_EGRESS;
	mobikex_failback_release(&session);
	assert_int_equal(looks, 0);
	assert_int_equal(session.holding, 0);
}

/* A look that is queued for later does not keep a sooner one away. */
static void sooner(void **state)
{
	down(1);
	down(1);
	session.path[1].priority |= MOBIKEX_PATH_HELD;
	back(1);
	mobikex_failback_release(&session);
	assert_int_equal(later, 4001);
	down(0);
	session.path[0].priority |= MOBIKEX_PATH_HELD;
	back(0);
	mobikex_failback_release(&session);
	assert_int_equal(later, 2001);
	assert_int_equal(looks, 2);
	/* nor does one for going back */
	begin(NULL);
	active = 2;
	session.path[0].remote = session.path[1].remote = session.path[2].remote;
	live[1] = FALSE;
	down(0);
	down(0);
	back(0);
	mobikex_failback(&session);
	assert_int_equal(later, 4001);
	down(0);
	live[1] = TRUE;
	mobikex_failback(&session);
	assert_int_equal(later, 2001);
}

/* One look for all that are held, at the end of the first. */
static void released(void **state)
{
	mobikex_failback_release(&session);
	assert_int_equal(looks, 0);
	down(0);
	session.path[0].priority |= MOBIKEX_PATH_HELD;
	assert_true(mobikex_failback_held(&session, 0) == ~0ULL);
	mobikex_failback_release(&session);
	assert_int_equal(looks, 0);	/* it is down: its return is awaited */
	down(1);
	down(1);
	session.path[1].priority |= MOBIKEX_PATH_HELD;
	back(1);
	back(0);
	assert_true(mobikex_failback_held(&session, 0) == now + 2 * S);
	mobikex_failback_release(&session);
	mobikex_failback_release(&session);
	assert_int_equal(looks, 1);
	assert_int_equal(later, 2001);
	now += 2 * S;
	assert_true(mobikex_failback_held(&session, 0) == 0);
	assert_true(mobikex_failback_held(&session, 1) == now + 2 * S);
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(delayed), TEST(not_elsewhere), TEST(backs_off), TEST(path_held),
		TEST(flaps), TEST(metered_at_once), TEST(metered_elsewhere),
		TEST(not_for_the_held), TEST(not_after_a_person), TEST(released), TEST(sooner), TEST(drains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
