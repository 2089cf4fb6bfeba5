/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which IKE_SAs roam by themselves: all but those of a session that is pinned, and has
 * its entry in the map.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <library.h>
#include "fake_charon.h"
#include "mobikex_roam.h"
#include "mobikex_session.h"

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;	/* of IKE_SA 1 */

static uint32_t unique_id;
static int roamed;

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return ike == 1 ? &session : NULL;
}

static uint32_t get_unique_id(ike_sa_t *this)
{
	return unique_id;
}

static status_t charons_roam(ike_sa_t *this, bool address)
{
	roamed += address ? 1 : 100;
	return NEED_MORE;
}

static ike_sa_t ike_sa;

static int set_up(void **state)
{
	agent = (mobikex_agent_t){ .lock = mutex_create(MUTEX_TYPE_RECURSIVE) };
	session = (mobikex_session_t){ .state = MOBIKEX_PINNED, .published = TRUE };
	ike_sa = (ike_sa_t){ .get_unique_id = get_unique_id, .roam = charons_roam };
	unique_id = 1;
	roamed = 0;
	return 0;
}

static int tear_down(void **state)
{
	agent.lock->destroy(agent.lock);
	return 0;
}

static void test_ours_does_not(void **state)
{
	mobikex_roam_take(&ike_sa);
	mobikex_roam_take(&ike_sa);	/* once more: charon's own is still known */
	assert_int_equal(ike_sa.roam(&ike_sa, TRUE), SUCCESS);
	assert_int_equal(ike_sa.roam(&ike_sa, FALSE), SUCCESS);
	assert_int_equal(roamed, 0);
}

static void test_unless_it_is_told(void **state)
{
	mobikex_roam_take(&ike_sa);
	assert_int_equal(mobikex_roam(&ike_sa), NEED_MORE);
	assert_int_equal(roamed, 1);
}

static void test_ours_no_more(void **state)
{
	mobikex_roam_take(&ike_sa);
	session.state = MOBIKEX_STOCK;
	assert_int_equal(ike_sa.roam(&ike_sa, FALSE), NEED_MORE);
	assert_int_equal(roamed, 100);
	session.state = MOBIKEX_PINNED;
	session.published = FALSE;	/* segue was detached */
	ike_sa.roam(&ike_sa, TRUE);
	assert_int_equal(roamed, 101);
	unique_id = 2;			/* its session went on with another one */
	ike_sa.roam(&ike_sa, TRUE);
	assert_int_equal(roamed, 102);
}

static void test_never_taken(void **state)
{
	assert_int_equal(mobikex_roam(&ike_sa), NEED_MORE);
	assert_int_equal(roamed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_never_taken),
		TEST(test_ours_does_not),
		TEST(test_unless_it_is_told),
		TEST(test_ours_no_more),
	};
	int failed;

	library_init(NULL, "test");
	charon = &fake_daemon;
	mobikex = &agent;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
