/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which uplink comes before which, by settings for all connections or for one.
 *
 *   attached in this order: wlan0, lte0, eth0, usb0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <library.h>
#include <segue/mobikex.h>
#include "mobikex_role.h"

mobikex_agent_t *mobikex;
static mobikex_session_t session = { .name = "office" };
static mobikex_link_t links[] = {
	{ .name = "wlan0", .bit = 0 }, { .name = "lte0", .bit = 1 },
	{ .name = "eth0", .bit = 2 }, { .name = "usb0", .bit = 3 },
};

static void set(const char *name, const char *value)
{
	lib->settings->set_str(lib->settings, "%s.plugins.mobikex.%s", (char *)value, lib->ns,
			       (char *)name);
}

static void set_here(const char *name, const char *value)
{
	lib->settings->set_str(lib->settings, "%s.plugins.mobikex.connections.office.%s",
			       (char *)value, lib->ns, (char *)name);
}

static int begin(void **state)
{
	static const char *names[] = { "primary", "backup", "metered" };
	int i;

	for (i = 0; i < countof(names); i++) {
		set(names[i], NULL);
		set_here(names[i], NULL);
	}
	return 0;
}

static int end(void **state)
{
	mobikex_roles_clean(&session);
	return 0;
}

/* These, best first */
static void expect_order(const char *names)
{
	enumerator_t *enumerator = enumerator_create_token(names, " ", "");
	char *name;
	int last = -1, order, i;

	mobikex_roles_load(&session);
	while (enumerator->enumerate(enumerator, &name))
		for (i = 0; i < countof(links); i++)
			if (streq(links[i].name, name)) {
				order = mobikex_role_order(&session, &links[i]);
				assert_true(order > last);
				assert_true(order < MOBIKEX_ROLE_ORDERS);
				last = order;
			}
	enumerator->destroy(enumerator);
}

static void none(void **state)
{
	expect_order("wlan0 lte0 eth0 usb0");
	assert_int_equal(mobikex_role_order(&session, &links[0]), 0);
	assert_int_equal(mobikex_role_preference(&session, &links[3]), 3);
	assert_false(mobikex_role_metered(&session, &links[0]));
}

static void order(void **state)
{
	set("primary", "usb0 eth0");
	expect_order("usb0 eth0 wlan0 lte0");
	set("backup", "wlan0");
	expect_order("usb0 eth0 lte0 wlan0");
	set("primary", " eth0,\tusb0 , gone0  ");
	expect_order("eth0 usb0 lte0 wlan0");
	set("backup", "lte0 wlan0");
	expect_order("eth0 usb0 lte0 wlan0");
}

static void for_one(void **state)
{
	set("primary", "eth0");
	set("metered", "lte0");
	set_here("primary", "usb0");
	expect_order("usb0 wlan0 lte0 eth0");
	assert_true(mobikex_role_metered(&session, &links[1]));
	set_here("metered", "");
	mobikex_roles_load(&session);
	assert_false(mobikex_role_metered(&session, &links[1]));
}

/* Not "lte", not "lte00", and nothing by the empty name */
static void metered(void **state)
{
	set("metered", "lte  lte00,,lte0");
	mobikex_roles_load(&session);
	assert_true(mobikex_role_metered(&session, &links[1]));
	assert_int_equal(mobikex_role_preference(&session, &links[1]),
			 MOBIKEX_PREFERENCE_LAST);
	set("metered", "lte  lte00,,LTE0");
	mobikex_roles_load(&session);
	assert_false(mobikex_role_metered(&session, &links[1]));
}

static void hysteresis(void **state)
{
	mobikex_roles_load(&session);
	assert_int_equal(session.hysteresis.delay, 2000);
	set("failback_delay", "500");
	set("hold_max", "0");
	set_here("failback_delay", "300");
	mobikex_roles_load(&session);
	assert_int_equal(session.hysteresis.delay, 300);
	assert_int_equal(session.hysteresis.max, 0);
	assert_int_equal(session.hysteresis.decay, 60000);
}

/* However many are named */
static void many(void **state)
{
	char list[4096] = "";
	int i;

	for (i = 0; i < 200; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "dev%d ", i);
	strcat(list, "wlan0");
	set("primary", list);
	set("backup", list);
	links[3].bit = SEGUE_MAX_LINKS - 1;
	expect_order("wlan0 usb0");
	links[3].bit = 3;
}

static int group_begin(void **state)
{
	return !library_init(NULL, "test_role");
}

static int group_end(void **state)
{
	library_deinit();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(none, begin, end),
		cmocka_unit_test_setup_teardown(order, begin, end),
		cmocka_unit_test_setup_teardown(for_one, begin, end),
		cmocka_unit_test_setup_teardown(metered, begin, end),
		cmocka_unit_test_setup_teardown(many, begin, end),
		cmocka_unit_test_setup_teardown(hysteresis, begin, end),
	};

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
