/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By which second path a session sends, and when.
 *
 *   slot 0   wlan0 (bit 0)  10.1.0.2 .. 10.9.0.2
 *        1   wlan0 (bit 0)  10.1.0.2 .. 10.8.0.2   the peer's other address
 *        2   lte0  (bit 1)  10.2.0.2 .. 10.9.0.2
 *        3   lte0  (bit 1)  10.2.0.2 .. 10.8.0.2
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
#include "mobikex_path.h"

#define PATHS 4

mobikex_agent_t *mobikex;
static mobikex_agent_t agent = { .copy_window = 100 };
static mobikex_session_t session;
static struct segue_session map;
static bool live[SEGUE_MAX_PATHS];
static int copied, soft, hard, soft_result;

/* ------------------------------------------------ what stands for the rest */

uint64_t mobikex_now(void)
{
	return 1000000000ULL;
}

bool mobikex_path_live(mobikex_session_t *this, uint8_t slot)
{
	return slot < SEGUE_MAX_PATHS && live[slot];
}

bool mobikex_path_switch(mobikex_session_t *this, uint8_t slot, enum segue_reason reason)
{
	hard++;
	return TRUE;
}

int segue_session_get(struct segue *segue, __u32 id, struct segue_session *out)
{
	*out = map;
	return 0;
}

int segue_child_copy(struct segue *segue, __u32 id, __u8 child, __u8 slot, __u64 until_ns)
{
	assert_int_equal(child, 0);
	assert_int_equal(until_ns, 0);
	map.copy = slot;
	map.copy_until = SEGUE_COPY_ALWAYS;
	copied++;
	return 0;
}

int segue_switch_soft(struct segue *segue, __u32 id, __u8 slot, __u64 until_ns,
		      enum segue_reason reason)
{
	assert_int_equal(until_ns, mobikex_now() + 100000000ULL);
	soft++;
	return soft_result;
}

/* ----------------------------------------------------------------- fixture */

static int begin(void **state)
{
	int i;

	mobikex = &agent;
	charon = &fake_daemon;
	agent.segue = (struct segue *)&map;
	copied = soft = hard = soft_result = 0;
	memset(&map, 0, sizeof(map));
	map.copy = SEGUE_NO_PATH;
	memset(live, 0, sizeof(live));
	session = (mobikex_session_t){
		.name = "test",
		.copy = MOBIKEX_COPY_ALWAYS,
		.copies = TRUE,
		.published = TRUE,
	};
	for (i = 0; i < PATHS; i++) {
		session.path[i].flags = SEGUE_PATH_USED | SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;
		session.path[i].link = i / 2;
		session.path[i].remote.octet[15] = i % 2;
		session.path[i].priority = i;
		live[i] = TRUE;
	}
	return 0;
}

/* ------------------------------------------------------------------- tests */

/* What fails least together with the active path: neither link nor address. */
static void nothing_in_common(void **state)
{
	mobikex_copy_update(&session);
	assert_int_equal(map.copy, 3);
	live[3] = FALSE;
	mobikex_copy_update(&session);
	assert_int_equal(map.copy, 1);
}

static void verified_only(void **state)
{
	session.path[3].flags &= ~SEGUE_PATH_VERIFIED;
	session.path[1].flags &= ~SEGUE_PATH_VERIFIED;
	mobikex_copy_update(&session);
	assert_int_equal(map.copy, 2);
}

/* The copy's link is down: it stays the copy, for when the link is back. */
static void alone(void **state)
{
	mobikex_copy_update(&session);
	live[1] = live[2] = live[3] = FALSE;
	mobikex_copy_update(&session);
	assert_int_equal(map.copy, 3);
	assert_int_equal(copied, 1);
}

/* Nothing is sent twice to where it costs, whatever it fails together with. */
static void not_metered(void **state)
{
	session.path[3].flags |= SEGUE_PATH_METERED;
	session.path[1].flags |= SEGUE_PATH_METERED;
	mobikex_copy_update(&session);
	assert_int_equal(map.copy, 2);
	session.path[2].flags |= SEGUE_PATH_METERED;	/* it has become so */
	mobikex_copy_update(&session);
	assert_int_equal(map.copy, SEGUE_NO_PATH);
	mobikex_copy_update(&session);
	assert_int_equal(copied, 2);
}

static void once(void **state)
{
	mobikex_copy_update(&session);
	mobikex_copy_update(&session);
	assert_int_equal(copied, 1);
	/* a window that somebody else opened does not last */
	map.copy_until = 5;
	mobikex_copy_update(&session);
	assert_int_equal(copied, 2);
}

static void only_if_asked_for(void **state)
{
	session.copy = MOBIKEX_COPY_HANDOVER;
	mobikex_copy_update(&session);
	session.copy = MOBIKEX_COPY_ALWAYS;
	session.copies = FALSE;		/* it could not tell them from a replay */
	mobikex_copy_update(&session);
	assert_int_equal(copied, 0);
}

/* The data path does it, and the setting covers failback, too. */
static void suspect(void **state)
{
	session.copy = MOBIKEX_COPY_SUSPECT;
	mobikex_copy_update(&session);
	assert_int_equal(copied, 0);
	assert_true(mobikex_copy_suspect(&session));
	session.moved = (mobikex_moved_t *)&map;	/* none of its SAs is in the maps */
	assert_false(mobikex_copy_suspect(&session));
	session.moved = NULL;
	assert_true(mobikex_copy_failback(&session, 0));
	assert_int_equal(soft, 1);
	session.copies = FALSE;
	assert_false(mobikex_copy_suspect(&session));
	session.copies = TRUE;
	session.copy = MOBIKEX_COPY_HANDOVER;
	assert_false(mobikex_copy_suspect(&session));
}

static void failback(void **state)
{
	session.copy = MOBIKEX_COPY_HANDOVER;
	assert_true(mobikex_copy_failback(&session, 0));
	assert_int_equal(soft, 1);
	assert_int_equal(hard, 0);
	soft_result = -ENETDOWN;	/* then at least without */
	assert_true(mobikex_copy_failback(&session, 0));
	assert_int_equal(hard, 1);
	session.copy = MOBIKEX_COPY_NEVER;
	assert_true(mobikex_copy_failback(&session, 0));
	assert_int_equal(soft, 2);
	assert_int_equal(hard, 2);
}

static void set(const char *connection, const char *value)
{
	lib->settings->set_str(lib->settings,
			       "%s.plugins.mobikex.connections.%s.duplicate",
			       (char *)value, lib->ns, connection);
}

static void set_child(const char *connection, const char *child, const char *value)
{
	lib->settings->set_str(lib->settings,
			       "%s.plugins.mobikex.connections.%s.children.%s.duplicate",
			       (char *)value, lib->ns, connection, child);
}

static void settings(void **state)
{
	assert_int_equal(mobikex_copy_setting("voice"), MOBIKEX_COPY_NEVER);
	lib->settings->set_str(lib->settings, "%s.plugins.mobikex.duplicate", "handover",
			       lib->ns);
	assert_int_equal(mobikex_copy_setting("voice"), MOBIKEX_COPY_HANDOVER);
	set("voice", "always");
	assert_int_equal(mobikex_copy_setting("voice"), MOBIKEX_COPY_ALWAYS);
	assert_int_equal(mobikex_copy_setting("bulk"), MOBIKEX_COPY_HANDOVER);
	set("bulk", "yes");
	assert_int_equal(mobikex_copy_setting("bulk"), MOBIKEX_COPY_NEVER);
	set("bulk", "suspect");
	assert_int_equal(mobikex_copy_setting("bulk"), MOBIKEX_COPY_SUSPECT);
	assert_int_equal(mobikex_copy_setting_child("bulk", "data"), MOBIKEX_COPY_SUSPECT);
	set_child("bulk", "data", "never");
	assert_int_equal(mobikex_copy_setting_child("bulk", "data"), MOBIKEX_COPY_NEVER);
	/* a path is suspect for all or for none */
	set_child("voice", "data", "suspect");
	assert_int_equal(mobikex_copy_setting_child("voice", "data"), MOBIKEX_COPY_NEVER);
	/* dots separate sections, but not within a name */
	set("site.example", "always");
	assert_int_equal(mobikex_copy_setting("site.example"), MOBIKEX_COPY_ALWAYS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(nothing_in_common),
		TEST(verified_only),
		TEST(alone),
		TEST(not_metered),
		TEST(once),
		TEST(only_if_asked_for),
		TEST(suspect),
		TEST(failback),
		TEST(settings),
	};
	int failed;

	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
