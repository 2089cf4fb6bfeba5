/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policies of a guard, as the kernel is given them: each once, however many
 * sessions want it, and gone with the last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <library.h>
#include "mobikex_guard.h"
#include "mobikex_host.h"
#include "mobikex_xfrm.h"

/* ------------------------------------------------ what stands for the rest */

static mobikex_xfrm_rule_t kernel[32];
static unsigned int installed, fails_at;	/* 0: never */
static bool blocked_before_allowed;

static int find(const mobikex_xfrm_rule_t *rule)
{
	unsigned int i;

	for (i = 0; i < installed; i++)
	{
		if (memeq(&kernel[i], rule, sizeof(*rule)))
		{
			return i;
		}
	}
	return -1;
}

int mobikex_xfrm_rule_add(const mobikex_xfrm_rule_t *rule)
{
	unsigned int i;

	if (fails_at && installed + 1 == fails_at)
	{
		return -ENOMEM;
	}
	assert_int_equal(find(rule), -1);	/* counted, not added again */
	for (i = 0; rule->allow && i < installed; i++)
	{
		blocked_before_allowed |= !kernel[i].allow &&
								  segue_addr_equal(&kernel[i].peer, &rule->peer);
	}
	kernel[installed++] = *rule;
	return 0;
}

int mobikex_xfrm_rule_del(const mobikex_xfrm_rule_t *rule)
{
	int i = find(rule);

	assert_true(i >= 0);
	kernel[i] = kernel[--installed];
	return 0;
}

/* ----------------------------------------------------------------- fixture */

static linked_list_t *mine, *others;

static int setup(void **state)
{
	installed = fails_at = 0;
	blocked_before_allowed = FALSE;
	mine = linked_list_create();
	others = linked_list_create();
	return 0;
}

static int teardown(void **state)
{
	mobikex_guard_release(mine, NULL);
	mobikex_guard_release(others, NULL);
	mine->destroy(mine);
	others->destroy(others);
	assert_int_equal(installed, 0);
	return 0;
}

static struct segue_addr addr(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 0);
	struct segue_addr found = mobikex_addr(host);

	host->destroy(host);
	return found;
}

static const mobikex_service_t any = {}, s1ap = { IPPROTO_SCTP, 40000, 36412 };

static int guard(linked_list_t *guards, const char *peer, const mobikex_service_t *service)
{
	struct segue_addr of = addr(peer);

	return mobikex_guard_add(guards, &of, service);
}

static void release(linked_list_t *guards, const char *peer)
{
	struct segue_addr of = addr(peer);

	mobikex_guard_release(guards, &of);
}

static unsigned int count(bool allow, bool out)
{
	unsigned int i, found = 0;

	for (i = 0; i < installed; i++)
	{
		found += kernel[i].allow == allow && kernel[i].out == out;
	}
	return found;
}

/* ------------------------------------------------------------------- tests */

static void blocks_both_ways(void **state)
{
	assert_int_equal(guard(mine, "10.9.0.2", &any), 0);
	assert_int_equal(count(FALSE, TRUE), 1);
	assert_int_equal(count(FALSE, FALSE), 1);
}

/* or IKE could not make the CHILD_SA that is missing */
static void lets_ike_and_esp_through_first(void **state)
{
	unsigned int i;

	assert_int_equal(guard(mine, "10.9.0.2", &any), 0);
	assert_int_equal(count(TRUE, TRUE), 2);
	assert_false(blocked_before_allowed);
	for (i = 0; i < installed; i++)
	{
		assert_true(kernel[i].allow ? kernel[i].priority == MOBIKEX_XFRM_FIRST :
									  kernel[i].priority == UINT32_MAX);
		/* no datagram is let through in clear: none has port 0 at both ends */
		assert_false(kernel[i].allow && kernel[i].protocol != IPPROTO_ESP &&
					 (kernel[i].local_port || kernel[i].remote_port));
	}
}

static void neighbours_are_asked_over_ipv6(void **state)
{
	assert_int_equal(guard(mine, "fd09::2", &any), 0);
	assert_int_equal(count(TRUE, TRUE), 4);
	assert_int_equal(count(TRUE, FALSE), 2);
}

static void only_the_service(void **state)
{
	unsigned int i;

	assert_int_equal(guard(mine, "10.9.0.2", &s1ap), 0);
	for (i = 0; i < installed; i++)
	{
		if (!kernel[i].allow)
		{
			assert_int_equal(kernel[i].protocol, IPPROTO_SCTP);
			assert_int_equal(kernel[i].local_port, 40000);
			assert_int_equal(kernel[i].remote_port, 36412);
		}
	}
}

static void shared_ones_stay_for_the_other(void **state)
{
	unsigned int one;

	assert_int_equal(guard(mine, "10.9.0.2", &any), 0);
	one = installed;
	assert_int_equal(guard(mine, "10.9.0.2", &any), 0);	/* twice is once */
	assert_int_equal(guard(others, "10.9.0.2", &any), 0);
	assert_int_equal(installed, one);
	mobikex_guard_release(mine, NULL);
	assert_int_equal(installed, one);
	mobikex_guard_release(others, NULL);
	assert_int_equal(installed, 0);
}

static void one_address_goes(void **state)
{
	unsigned int one;

	assert_int_equal(guard(mine, "10.9.0.2", &any), 0);
	one = installed;
	assert_int_equal(guard(mine, "10.9.0.3", &any), 0);
	assert_int_equal(installed, 2 * one);
	release(mine, "10.9.0.2");
	assert_int_equal(installed, one);
	release(mine, "10.9.0.2");
	assert_int_equal(installed, one);
}

static void all_or_nothing(void **state)
{
	unsigned int total;

	assert_int_equal(guard(mine, "10.9.0.2", &any), 0);
	total = installed;
	mobikex_guard_release(mine, NULL);
	for (fails_at = 1; fails_at <= total; fails_at++)
	{
		assert_int_equal(guard(mine, "10.9.0.2", &any), -ENOMEM);
		assert_int_equal(installed, 0);
		assert_int_equal(mine->get_count(mine), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blocks_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(lets_ike_and_esp_through_first, setup, teardown),
		cmocka_unit_test_setup_teardown(neighbours_are_asked_over_ipv6, setup, teardown),
		cmocka_unit_test_setup_teardown(only_the_service, setup, teardown),
		cmocka_unit_test_setup_teardown(shared_ones_stay_for_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(one_address_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
	};
	int failed;

	library_init(NULL, "test_guard");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
