/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and traffic selectors on their way between charon and the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <library.h>
#include <arpa/inet.h>
#include "mobikex_host.h"

static struct segue_addr addr_of(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 500);
	struct segue_addr addr = mobikex_addr(host);

	host->destroy(host);
	return addr;
}

static void addresses_come_back(void **state)
{
	static const char *texts[] = { "192.0.2.7", "2001:db8::7", "0.0.0.0", "::1" };
	host_t *host, *back;
	struct segue_addr addr;
	int i;

	for (i = 0; i < countof(texts); i++) {
		host = host_create_from_string((char *)texts[i], 4500);
		addr = mobikex_addr(host);
		back = mobikex_host(&addr, 4500);
		assert_true(host->equals(host, back));
		assert_int_equal(segue_addr_is_v4(&addr), host->get_family(host) == AF_INET);
		host->destroy(host);
		back->destroy(back);
	}
}

/* What a peer may announce, and what cannot be its own. */
static void plausible(void **state)
{
	static const struct {
		const char *text;
		bool plausible;
	} cases[] = {
		{ "192.0.2.1", TRUE },		{ "10.1.0.2", TRUE },
		{ "100.64.0.1", TRUE },		{ "223.255.255.254", TRUE },
		{ "0.0.0.0", FALSE },		{ "0.1.2.3", FALSE },
		{ "127.0.0.1", FALSE },		{ "127.255.0.1", FALSE },
		{ "169.254.1.1", FALSE },	{ "224.0.0.1", FALSE },
		{ "239.1.2.3", FALSE },		{ "240.0.0.1", FALSE },
		{ "255.255.255.255", FALSE },
		{ "2001:db8::1", TRUE },	{ "fd00::1", TRUE },
		{ "::2", TRUE },
		{ "::", FALSE },		{ "::1", FALSE },
		{ "fe80::1", FALSE },		{ "febf::1", FALSE },
		{ "ff02::1", FALSE },
	};
	struct segue_addr addr;
	int i;

	for (i = 0; i < countof(cases); i++) {
		addr = addr_of(cases[i].text);
		if (mobikex_addr_plausible(&addr) != cases[i].plausible)
			fail_msg("%s", cases[i].text);
	}
}

static linked_list_t *hosts_of(const char *first, const char *second)
{
	return linked_list_create_with_items(host_create_from_string((char *)first, 0),
					     host_create_from_string((char *)second, 4500), NULL);
}

static void known_whatever_the_port(void **state)
{
	linked_list_t *hosts = hosts_of("10.1.0.2", "10.2.0.2");
	host_t *in = host_create_from_string("10.2.0.2", 1024);
	host_t *out = host_create_from_string("10.3.0.2", 4500);

	assert_true(mobikex_host_known(hosts, in));
	assert_false(mobikex_host_known(hosts, out));
	in->destroy(in);
	out->destroy(out);
	hosts->destroy_offset(hosts, offsetof(host_t, destroy));
}

/*
 * before: a selector as charon negotiated it; after: as the kernel has it, for
 * an IKE_SA that was at 10.1.0.2 and is at 10.2.0.2, pinned to 10.1.0.2.
 */
static void selectors(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{ "10.2.0.2/32", "10.1.0.2/32" },	/* transport, dynamic, after a move */
		{ "10.1.0.2/32", "10.1.0.2/32" },
		{ "10.2.0.2/32[tcp/80]", "10.1.0.2/32[tcp/80]" },
		{ "10.2.0.0/24", "10.2.0.0/24" },	/* a subnet that includes it */
		{ "10.100.0.2/32", "10.100.0.2/32" },	/* an inner address */
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "2001:db8::2/128", "2001:db8::2/128" },
	};
	linked_list_t *hosts = hosts_of("10.1.0.2", "10.2.0.2");
	host_t *canonical = host_create_from_string("10.1.0.2", 4500);
	traffic_selector_t *before, *after, *got;
	char net[64], *bracket;
	uint16_t port;
	uint8_t protocol;
	int i, side;

	for (i = 0; i < countof(cases); i++) {
		traffic_selector_t **ts[] = { &before, &after };
		const char *text[] = { cases[i].before, cases[i].after };

		for (side = 0; side < 2; side++) {
			snprintf(net, sizeof(net), "%s", text[side]);
			bracket = strchr(net, '[');
			protocol = bracket ? IPPROTO_TCP : 0;
			port = bracket ? 80 : 0;
			if (bracket)
				*bracket = '\0';
			*ts[side] = traffic_selector_create_from_cidr(net, protocol, port,
								      bracket ? 80 : 65535);
			assert_non_null(*ts[side]);
		}
		got = mobikex_ts_translate(before, hosts, canonical);
		if (!got->equals(got, after))
			fail_msg("%s", cases[i].before);
		/* charon's own is left as it is */
		assert_int_equal(before->equals(before, after),
				 streq(cases[i].before, cases[i].after));
		before->destroy(before);
		after->destroy(after);
		got->destroy(got);
	}
	canonical->destroy(canonical);
	hosts->destroy_offset(hosts, offsetof(host_t, destroy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_back),
		cmocka_unit_test(plausible),
		cmocka_unit_test(known_whatever_the_port),
		cmocka_unit_test(selectors),
	};
	int failed;

	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
