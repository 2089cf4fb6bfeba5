/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes over segue0 that several want: the latest decides the source, the last one
 * takes it away, and a change of the source leaves no moment without a route.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <library.h>
#include "fake_charon.h"
#include "mobikex_host.h"
#include "mobikex_route.h"

#define PEER "10.9.0.2"
#define FIRST "10.1.0.2"
#define SECOND "10.2.0.2"

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static int alice, bob;			/* holders */

/* ------------------------------------------------------- the kernel's one route */

static bool installed;
static struct segue_addr source;
static int adds, dels;

int rtnl_route_add(struct rtnl *rtnl, unsigned int table, const struct segue_addr *prefix,
		   unsigned int prefixlen, unsigned int ifindex, const struct segue_addr *from)
{
	installed = TRUE;
	source = *from;
	adds++;
	return 0;
}

int rtnl_route_del(struct rtnl *rtnl, unsigned int table, const struct segue_addr *prefix,
		   unsigned int prefixlen)
{
	installed = FALSE;
	dels++;
	return 0;
}

int rtnl_addr_add(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr)
{
	return 0;
}

int rtnl_addr_del(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr)
{
	return 0;
}

/* ------------------------------------------------------------------------------- */

static struct segue_addr addr_of(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 0);
	struct segue_addr addr = mobikex_addr(host);

	host->destroy(host);
	return addr;
}

static void add(void *holder, const char *from)
{
	struct segue_addr peer = addr_of(PEER), addr = addr_of(from);

	mobikex_route_add(holder, &peer, 32, &addr);
}

static void set(void *holder, const char *from)
{
	struct segue_addr peer = addr_of(PEER), addr = addr_of(from);

	mobikex_route_set(holder, &peer, 32, &addr);
}

static void del(void *holder)
{
	struct segue_addr peer = addr_of(PEER);

	mobikex_route_del(holder, &peer, 32);
}

static bool goes_from(const char *text)
{
	struct segue_addr addr = addr_of(text);

	return installed && segue_addr_equal(&source, &addr);
}

static int set_up(void **state)
{
	agent = (mobikex_agent_t){ .device = 1, .routes = linked_list_create() };
	installed = FALSE;
	adds = dels = 0;
	return 0;
}

static int tear_down(void **state)
{
	agent.routes->destroy_function(agent.routes, free);
	return 0;
}

static void test_latest_decides(void **state)
{
	add(&alice, FIRST);
	add(&bob, SECOND);
	assert_true(goes_from(SECOND));
	del(&bob);
	assert_true(goes_from(FIRST));
	del(&alice);
	assert_false(installed);
}

static void test_set_is_never_without(void **state)
{
	set(&alice, FIRST);
	set(&alice, SECOND);
	assert_true(goes_from(SECOND));
	set(&alice, FIRST);
	assert_true(goes_from(FIRST));
	assert_int_equal(dels, 0);
	del(&alice);		/* and there is one only */
	assert_false(installed);
	assert_int_equal(agent.routes->get_count(agent.routes), 0);
}

static void test_set_beside_another(void **state)
{
	set(&alice, FIRST);
	add(&bob, SECOND);
	set(&alice, FIRST);
	assert_true(goes_from(FIRST));
	mobikex_routes_release(&alice);
	assert_true(goes_from(SECOND));
	assert_int_equal(dels, 0);
}

static void test_restored(void **state)
{
	set(&alice, FIRST);
	installed = FALSE;	/* segue0 was down */
	mobikex_routes_restore();
	assert_true(goes_from(FIRST));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_latest_decides),
		TEST(test_set_is_never_without),
		TEST(test_set_beside_another),
		TEST(test_restored),
	};
	int failed;

	library_init(NULL, "test");
	charon = &fake_daemon;
	mobikex = &agent;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
