/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies as the kernel is given them, in a session whose transport mode is moved.
 *
 *   pinned to  10.9.0.2 .. 10.1.0.2
 *   IKE is at  10.9.0.2 .. 10.2.0.2, and so is the CHILD_SA with reqid 7
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <library.h>
#include <daemon.h>
#include <threading/mutex.h>
#include "mobikex_host.h"
#include "mobikex_moved.h"
#include "mobikex_policy.h"
#include "mobikex_route.h"

#define REQID 7

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;
static mobikex_moved_t moved;
static kernel_interface_t original, table;
static char src[64], dst[64];	/* of the template that the kernel got */

/* ------------------------------------------------ what stands for the rest */

mobikex_session_t *mobikex_session_current(void)
{
	return &session;
}

void mobikex_moved_hosts(mobikex_session_t *this, uint32_t reqid, host_t **local,
						 host_t **remote) {}
void mobikex_moved_numbered(mobikex_session_t *this, uint32_t reqid, host_t *local,
							host_t *remote) {}
int rtnl_addrs(struct rtnl *rtnl, int (*fn)(void *, const struct rtnl_addr *), void *context)
{
	return 0;
}

void mobikex_local_add(void *holder, const struct segue_addr *addr) {}
void mobikex_local_del(void *holder, const struct segue_addr *addr) {}

void mobikex_route_add(void *holder, const struct segue_addr *prefix,
					   u_int prefixlen, const struct segue_addr *source) {}
void mobikex_route_del(void *holder, const struct segue_addr *prefix,
					   u_int prefixlen) {}

static status_t kernel_add_policy(kernel_interface_t *this, kernel_ipsec_policy_id_t *id,
								  kernel_ipsec_manage_policy_t *data)
{
	snprintf(src, sizeof(src), "%H", data->src);
	snprintf(dst, sizeof(dst), "%H", data->dst);
	return SUCCESS;
}

/* ----------------------------------------------------------------- fixture */

static int setup(void **state)
{
	host_t *second = host_create_from_string("10.2.0.2", 4500);

	agent = (mobikex_agent_t){ .lock = mutex_create(MUTEX_TYPE_DEFAULT) };
	mobikex = &agent;
	session = (mobikex_session_t){
		.state = MOBIKEX_NEW,
		.local = host_create_from_string("10.9.0.2", 4500),
		.remote = host_create_from_string("10.1.0.2", 4500),
		.my = host_create_from_string("10.9.0.2", 4500),
		.other = second,
		.moved = &moved,
	};
	session.locals = linked_list_create_with_items(session.my, NULL);
	session.remotes = linked_list_create_with_items(session.remote, second, NULL);
	moved.pairs = linked_list_create();
	mobikex_pair_add(moved.pairs, REQID, session.my, second);
	original.add_policy = kernel_add_policy;
	mobikex_policy_install(&table, &original);
	return 0;
}

static int teardown(void **state)
{
	moved.pairs->destroy_function(moved.pairs, (void*)mobikex_pair_destroy);
	session.locals->destroy(session.locals);
	session.remotes->destroy(session.remotes);
	session.local->destroy(session.local);
	session.remote->destroy(session.remote);
	session.my->destroy(session.my);
	session.other->destroy(session.other);
	agent.lock->destroy(agent.lock);
	return 0;
}

/* As charon does: all it has is where IKE is. */
static void add(ipsec_mode_t mode, uint32_t reqid, policy_priority_t prio)
{
	ipsec_sa_cfg_t sa = { .mode = mode, .reqid = reqid };
	kernel_ipsec_policy_id_t id = {
		.dir = POLICY_OUT,
		.src_ts = traffic_selector_create_dynamic(0, 0, 65535),
		.dst_ts = traffic_selector_create_dynamic(0, 0, 65535),
	};
	kernel_ipsec_manage_policy_t data = {
		.type = POLICY_IPSEC,
		.prio = prio,
		.src = session.my,
		.dst = session.other,
		.sa = &sa,
	};

	assert_int_equal(table.add_policy(&table, &id, &data), SUCCESS);
	id.src_ts->destroy(id.src_ts);
	id.dst_ts->destroy(id.dst_ts);
}

/* ------------------------------------------------------------------- tests */

static void transport_has_its_pair(void **state)
{
	add(MODE_TRANSPORT, REQID, POLICY_PRIORITY_DEFAULT);
	assert_string_equal(src, "10.9.0.2");
	assert_string_equal(dst, "10.2.0.2");
	add(MODE_TRANSPORT, REQID + 1, POLICY_PRIORITY_DEFAULT);
	assert_string_equal(dst, "10.1.0.2");
}

/* a number is given to selectors before the mode is known */
static void others_are_pinned(void **state)
{
	add(MODE_TUNNEL, REQID, POLICY_PRIORITY_DEFAULT);
	assert_string_equal(src, "10.9.0.2");
	assert_string_equal(dst, "10.1.0.2");
	add(MODE_BEET, REQID, POLICY_PRIORITY_DEFAULT);
	assert_string_equal(dst, "10.1.0.2");
}

/* whoever takes a trap away may have no IKE_SA: in both cases as charon has it */
static void traps_are_left_alone(void **state)
{
	add(MODE_TUNNEL, REQID, POLICY_PRIORITY_ROUTED);
	assert_string_equal(src, "10.9.0.2");
	assert_string_equal(dst, "10.2.0.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(transport_has_its_pair, setup, teardown),
		cmocka_unit_test_setup_teardown(others_are_pinned, setup, teardown),
		cmocka_unit_test_setup_teardown(traps_are_left_alone, setup, teardown),
	};
	int failed;

	library_init(NULL, "test_policy");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
