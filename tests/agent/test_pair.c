/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of CHILD_SA_PAIR, and which CHILD_SA is for which addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <library.h>
#include "mobikex_pair.h"

static host_t *host(const char *text)
{
	return host_create_from_string((char *)text, 4500);
}

/* ------------------------------------------------------------------- codec */

static const struct {
	const char *what;
	size_t len;
	uint8_t data[40];
	const char *sender, *receiver;	/* NULL: refused */
} notifies[] = {
	{ "IPv4", 12, { 4, 0, 0, 0, 10, 2, 0, 2, 10, 9, 0, 2 }, "10.2.0.2", "10.9.0.2" },
	{ "reserved octets are ignored", 12, { 4, 1, 2, 3, 10, 2, 0, 2, 10, 9, 0, 2 },
	  "10.2.0.2", "10.9.0.2" },
	{ "IPv6", 36, { 6, 0, 0, 0, 0xfd, 2, [19] = 2, 0xfd, 9, [35] = 2 }, "fd02::2", "fd09::2" },
	{ "nothing", 0, {} },
	{ "no address", 4, { 4 } },
	{ "one address", 8, { 4, 0, 0, 0, 10, 2, 0, 2 } },
	{ "too short by one", 11, { 4, 0, 0, 0, 10, 2, 0, 2, 10, 9, 0, 2 } },
	{ "too long by one", 13, { 4, 0, 0, 0, 10, 2, 0, 2, 10, 9, 0, 2 } },
	{ "family 0", 12, { 0, 0, 0, 0, 10, 2, 0, 2, 10, 9, 0, 2 } },
	{ "family 5", 12, { 5, 0, 0, 0, 10, 2, 0, 2, 10, 9, 0, 2 } },
	{ "IPv6 of IPv4's length", 12, { 6, 0, 0, 0, 10, 2, 0, 2, 10, 9, 0, 2 } },
	{ "IPv4 of IPv6's length", 36, { 4, 0, 0, 0, 10, 2, 0, 2, 10, 9, 0, 2 } },
	{ "sender is loopback", 12, { 4, 0, 0, 0, 127, 0, 0, 1, 10, 9, 0, 2 } },
	{ "receiver is multicast", 12, { 4, 0, 0, 0, 10, 2, 0, 2, 224, 0, 0, 1 } },
	{ "sender is link-local", 36, { 6, 0, 0, 0, 0xfe, 0x80, [19] = 2, 0xfd, 9, [35] = 2 } },
	{ "receiver is unspecified", 36, { 6, 0, 0, 0, 0xfd, 2, [19] = 2 } },
};

static void assert_host(host_t *host, const char *text)
{
	host_t *expected = host_create_from_string((char *)text, 0);

	assert_true(host->ip_equals(host, expected));
	expected->destroy(expected);
}

static void parses(void **state)
{
	host_t *sender, *receiver;
	uint8_t *data;
	size_t i;
	bool ok;

	for (i = 0; i < countof(notifies); i++)
	{
		print_message("%s\n", notifies[i].what);
		sender = receiver = NULL;
		/* of its very length, for the sanitizer */
		data = malloc(notifies[i].len ?: 1);
		memcpy(data, notifies[i].data, notifies[i].len);
		ok = mobikex_pair_parse(chunk_create(data, notifies[i].len), &sender,
								&receiver);
		free(data);
		assert_int_equal(ok, notifies[i].sender != NULL);
		if (!ok)
		{	/* untouched */
			assert_null(sender);
			assert_null(receiver);
			continue;
		}
		assert_host(sender, notifies[i].sender);
		assert_host(receiver, notifies[i].receiver);
		sender->destroy(sender);
		receiver->destroy(receiver);
	}
}

static void encodes(void **state)
{
	uint8_t buffer[MOBIKEX_PAIR_SIZE];
	host_t *sender, *receiver;
	chunk_t data;
	int i;

	for (i = 0; i < countof(notifies); i++)
	{
		if (!notifies[i].sender || notifies[i].data[1])
		{
			continue;
		}
		sender = host(notifies[i].sender);
		receiver = host(notifies[i].receiver);
		data = mobikex_pair_encode(sender, receiver, buffer);
		assert_int_equal(data.len, notifies[i].len);
		assert_memory_equal(data.ptr, notifies[i].data, data.len);
		sender->destroy(sender);
		receiver->destroy(receiver);
	}
}

/* -------------------------------------------------------------------- list */

static void found_by_reqid_and_addresses(void **state)
{
	linked_list_t *pairs = linked_list_create();
	host_t *wlan = host("10.1.0.2"), *lte = host("10.2.0.2"), *server = host("10.9.0.2");
	mobikex_pair_t *first, *second, *other;

	first = mobikex_pair_add(pairs, 1, wlan, server);
	second = mobikex_pair_add(pairs, 2, lte, server);
	other = mobikex_pair_add(pairs, 3, wlan, server);
	first->name = strdup("data");
	second->name = strdup("data");
	other->name = strdup("voice");

	assert_ptr_equal(mobikex_pair_find(pairs, 2), second);
	assert_null(mobikex_pair_find(pairs, 4));
	assert_ptr_equal(mobikex_pair_between(pairs, "data", wlan, server), first);
	assert_ptr_equal(mobikex_pair_between(pairs, "voice", wlan, server), other);
	assert_ptr_equal(mobikex_pair_between(pairs, NULL, lte, server), second);
	/* nobody has one that way round, and voice none for lte0 */
	assert_null(mobikex_pair_between(pairs, NULL, server, lte));
	assert_null(mobikex_pair_between(pairs, "voice", lte, server));

	pairs->destroy_function(pairs, (void*)mobikex_pair_destroy);
	wlan->destroy(wlan);
	lte->destroy(lte);
	server->destroy(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(encodes),
		cmocka_unit_test(found_by_reqid_and_addresses),
	};
	int failed;

	library_init(NULL, "test_pair");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
