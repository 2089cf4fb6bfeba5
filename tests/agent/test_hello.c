/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is noted while an IKE_SA is set up: capabilities, and whether IKE_AUTH
 * came from where IKE_SA_INIT did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <library.h>
#include "fake_charon.h"
#include "mobikex_hello.h"

#define IKE 7

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;

/* ------------------------------------------------ what stands for the rest */

static host_t *source;
static exchange_type_t type;

static host_t *get_source(message_t *this)
{
	return source;
}

static exchange_type_t get_exchange_type(message_t *this)
{
	return type;
}

static message_t message = {
	.get_source = get_source,
	.get_exchange_type = get_exchange_type,
};

static int setup(void **state)
{
	agent = (mobikex_agent_t){ .hellos = linked_list_create() };
	mobikex = &agent;
	charon = &fake_daemon;
	return 0;
}

static int teardown(void **state)
{
	mobikex_hellos_destroy();
	return 0;
}

static void comes(exchange_type_t exchange, const char *from, uint16_t port)
{
	type = exchange;
	source = host_create_from_string((char *)from, port);
	mobikex_hello_source(IKE, &message);
	source->destroy(source);
}

/* ------------------------------------------------------------------- tests */

static void says(const char *octets, size_t length)
{
	mobikex_hello_supported(IKE, chunk_create((u_char *)octets, length));
}

static void capabilities_are_noted(void **state)
{
	says("\1\0\0\1", 4);
	assert_true(mobikex_hello_find(IKE)->supported);
	assert_int_equal(mobikex_hello_find(IKE)->capabilities, 1);
	assert_null(mobikex_hello_find(IKE + 1));
	/* a later version says more; that is ignored */
	says("\2\0\0\3more", 8);
	assert_int_equal(mobikex_hello_find(IKE)->capabilities, 3);
	mobikex_hello_forget(IKE);
	assert_null(mobikex_hello_find(IKE));
}

static void nonsense_is_ignored(void **state)
{
	says("", 0);
	says("\1\0\0", 3);
	says("\0\0\0\1", 4);
	assert_null(mobikex_hello_find(IKE));
}

static void same_source(void **state)
{
	comes(IKE_SA_INIT, "10.1.0.2", 500);
	comes(IKE_AUTH, "10.1.0.2", 4500);
	assert_false(mobikex_hello_find(IKE)->moved);
	assert_false(mobikex_hello_find(IKE)->supported);
}

static void other_source(void **state)
{
	comes(IKE_SA_INIT, "10.1.0.2", 500);
	comes(IKE_AUTH, "10.66.6.6", 4500);
	assert_true(mobikex_hello_find(IKE)->moved);
	/* coming back does not undo it */
	comes(IKE_AUTH, "10.1.0.2", 4500);
	assert_true(mobikex_hello_find(IKE)->moved);
}

static bool moved_to(const char *address)
{
	host_t *remote = host_create_from_string((char *)address, 4500);
	bool moved = mobikex_hello_moved(IKE, remote);

	remote->destroy(remote);
	return moved;
}

/* After IKE_AUTH, too: the first SA may come much later. */
static void moved_before_the_first_sa(void **state)
{
	assert_false(moved_to("10.1.0.2"));	/* nobody asked us */
	comes(IKE_SA_INIT, "10.1.0.2", 500);
	comes(IKE_AUTH, "10.1.0.2", 4500);
	assert_false(moved_to("10.1.0.2"));
	assert_true(moved_to("10.66.6.6"));
	comes(IKE_AUTH, "10.66.6.6", 4500);
	assert_true(moved_to("10.1.0.2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(capabilities_are_noted, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_ignored, setup, teardown),
		cmocka_unit_test_setup_teardown(same_source, setup, teardown),
		cmocka_unit_test_setup_teardown(other_source, setup, teardown),
		cmocka_unit_test_setup_teardown(moved_before_the_first_sa, setup, teardown),
	};
	int failed;

	library_init(NULL, "test_hello");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
