/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links as rtnetlink tells of them: which uplink has an address, and which device is
 * which uplink, whatever happens to names and prefix lengths.
 *
 *   wlan0  number 3, bit 0, 10.1.0.2
 *   lte0   number 4, bit 1, 10.2.0.2
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <library.h>
#include <stable.h>
#include "fake_charon.h"
#include "mobikex_host.h"
#include "mobikex_link.h"

#define WLAN "10.1.0.2"
#define LTE "10.2.0.2"
#define ENTRIES 8

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;

/* -------------------------------------------- the host, and the maps' two */

static struct device {
	uint32_t ifindex;
	const char *name;
} devices[ENTRIES];

static struct rtnl_addr there[ENTRIES];		/* by dump; ifindex 0: none */

static struct {
	uint32_t ifindex;
	struct segue_link link;
} links[ENTRIES];

static struct {
	uint32_t ifindex;
	struct segue_addr addr;
} addrs[ENTRIES];

static struct segue_addr addr_of(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 0);
	struct segue_addr addr = mobikex_addr(host);

	host->destroy(host);
	return addr;
}

/* Who owns it by the map, 0: nobody */
static uint32_t owner(const char *text)
{
	struct segue_addr addr = addr_of(text);
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (addrs[i].ifindex && segue_addr_equal(&addrs[i].addr, &addr))
			return addrs[i].ifindex;
	return 0;
}

int segue_addr_del(struct segue *segue, const struct segue_addr *addr)
{
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (addrs[i].ifindex && segue_addr_equal(&addrs[i].addr, addr)) {
			addrs[i].ifindex = 0;
			return 0;
		}
	return -ENOENT;
}

int segue_addr_put(struct segue *segue, const struct segue_addr *addr, uint32_t ifindex)
{
	int i;

	segue_addr_del(segue, addr);
	for (i = 0; i < ENTRIES; i++)
		if (!addrs[i].ifindex) {
			addrs[i].ifindex = ifindex;
			addrs[i].addr = *addr;
			return 0;
		}
	return -E2BIG;
}

int segue_link_get(struct segue *segue, uint32_t ifindex, struct segue_link *out)
{
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (links[i].ifindex && links[i].ifindex == ifindex) {
			*out = links[i].link;
			return 0;
		}
	return -ENOENT;
}

int segue_link_next(struct segue *segue, uint32_t *ifindex)
{
	uint32_t next = 0;
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (links[i].ifindex > *ifindex && (!next || links[i].ifindex < next))
			next = links[i].ifindex;
	*ifindex = next ? next : *ifindex;
	return next ? 0 : -ENOENT;
}

int segue_link_set(struct segue *segue, uint32_t ifindex, uint8_t flags, enum segue_reason reason)
{
	return 0;
}

static void enter(uint32_t ifindex, const char *name)
{
	int i;

	for (i = 0; links[i].ifindex; i++)
		;
	links[i].ifindex = ifindex;
	links[i].link = (struct segue_link){ .bit = i, .flags = SEGUE_LINK_UP };
	snprintf(links[i].link.name, sizeof(links[i].link.name), "%s", name);
}

int uplink_attach(struct segue *segue, struct rtnl *rtnl, const char *name,
		  enum uplink_ingress ingress, char *why, unsigned int size)
{
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (devices[i].ifindex && streq(devices[i].name, name)) {
			enter(devices[i].ifindex, name);
			return 0;
		}
	return -ENODEV;
}

int uplink_detach_index(struct segue *segue, struct rtnl *rtnl, uint32_t ifindex)
{
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (links[i].ifindex == ifindex)
			links[i].ifindex = 0;
	return 0;
}

char *if_indextoname(unsigned int ifindex, char name[IF_NAMESIZE])
{
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (devices[i].ifindex && devices[i].ifindex == ifindex)
			return strcpy(name, devices[i].name);
	return NULL;
}

int rtnl_links(struct rtnl *rtnl, int (*fn)(void *, const struct rtnl_link *), void *context)
{
	struct rtnl_link link = { .admin_up = TRUE, .carrier = TRUE };
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (devices[i].ifindex) {
			link.ifindex = devices[i].ifindex;
			snprintf(link.name, sizeof(link.name), "%s", devices[i].name);
			fn(context, &link);
		}
	return 0;
}

int rtnl_addrs(struct rtnl *rtnl, int (*fn)(void *, const struct rtnl_addr *), void *context)
{
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (there[i].ifindex)
			fn(context, &there[i]);
	return 0;
}

int rtnl_route_check(struct rtnl *rtnl, const struct segue_addr *dest, unsigned int ifindex,
		     const struct segue_addr *source)
{
	return 0;
}

int rtnl_neighbours_flush(struct rtnl *rtnl, unsigned int ifindex)
{
	return 0;
}

int stable_fit_mtu(struct segue *segue, struct rtnl *rtnl)
{
	return 0;
}

void mobikex_hold_lost(mobikex_hold_t *hold, uint64_t when) {}

/* --------------------------------------------------------------- what happens */

static void device(uint32_t ifindex, const char *name)
{
	int i;

	for (i = 0; devices[i].ifindex && devices[i].ifindex != ifindex; i++)
		;
	devices[i].ifindex = ifindex;
	devices[i].name = name;
}

static bool told(uint32_t ifindex, const char *name, bool gone)
{
	struct rtnl_link link = { .ifindex = ifindex, .admin_up = TRUE, .carrier = TRUE };

	snprintf(link.name, sizeof(link.name), "%s", name);
	return mobikex_link_changed(&link, gone);
}

static void lost(uint32_t ifindex)
{
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (devices[i].ifindex == ifindex)
			devices[i].ifindex = 0;
}

/* By the dump, too */
static bool address(uint32_t ifindex, const char *text, unsigned int prefixlen, bool gone)
{
	struct rtnl_addr addr = {
		.ifindex = ifindex, .addr = addr_of(text), .prefixlen = prefixlen,
	};
	int i;

	for (i = 0; i < ENTRIES; i++)
		if (gone ? there[i].ifindex == ifindex && there[i].prefixlen == prefixlen &&
			   segue_addr_equal(&there[i].addr, &addr.addr) : !there[i].ifindex) {
			there[i] = gone ? (struct rtnl_addr){} : addr;
			break;
		}
	return mobikex_link_addr_changed(&addr, gone);
}

/* The number of the uplink that has it for the agent, 0: none */
static uint32_t link_of(const char *text)
{
	struct segue_addr addr = addr_of(text);
	mobikex_link_t *link = mobikex_link_of(&addr);

	return link ? link->ifindex : 0;
}

static const char *name_of(uint32_t ifindex)
{
	mobikex_link_t *link = mobikex_link_by_index(ifindex);

	return link ? link->name : "none";
}

static int set_up(void **state)
{
	memset(devices, 0, sizeof(devices));
	memset(there, 0, sizeof(there));
	memset(links, 0, sizeof(links));
	memset(addrs, 0, sizeof(addrs));
	agent = (mobikex_agent_t){ .segue = (void *)1, .links = linked_list_create() };
	device(3, "wlan0");
	device(4, "lte0");
	enter(3, "wlan0");
	enter(4, "lte0");
	mobikex_links_load();
	assert_true(address(3, WLAN, 24, FALSE));
	assert_true(address(4, LTE, 24, FALSE));
	return 0;
}

static int tear_down(void **state)
{
	mobikex_links_flush();
	agent.links->destroy(agent.links);
	return 0;
}

/* ------------------------------------------------------------------ addresses */

static void test_address(void **state)
{
	assert_int_equal(owner(WLAN), 3);
	assert_int_equal(link_of(LTE), 4);
	assert_false(address(3, WLAN, 24, FALSE));	/* told again: its lifetime */
	assert_true(address(3, WLAN, 24, TRUE));
	assert_int_equal(owner(WLAN), 0);
	assert_int_equal(link_of(WLAN), 0);
	assert_false(address(3, WLAN, 24, TRUE));
}

static void test_two_prefix_lengths(void **state)
{
	assert_false(address(3, WLAN, 16, FALSE));
	assert_false(address(3, WLAN, 24, TRUE));
	assert_int_equal(owner(WLAN), 3);
	assert_int_equal(link_of(WLAN), 3);
	assert_true(address(3, WLAN, 16, TRUE));
	assert_int_equal(owner(WLAN), 0);
}

static void test_longest_prefix(void **state)
{
	assert_true(address(3, "fd01::2", 128, FALSE));
	assert_false(address(3, "fd01::2", 64, FALSE));
	assert_false(address(3, "fd01::2", 64, TRUE));
	assert_true(address(3, "fd01::2", 128, TRUE));
	assert_int_equal(owner("fd01::2"), 0);
}

/* Make before break, the same address on both */
static void test_two_links(void **state)
{
	assert_true(address(4, WLAN, 24, FALSE));
	assert_true(address(3, WLAN, 24, TRUE));
	assert_int_equal(owner(WLAN), 4);
	assert_int_equal(link_of(WLAN), 4);
	assert_true(address(3, WLAN, 24, FALSE));
	assert_true(address(3, WLAN, 24, TRUE));	/* who had it last goes first */
	assert_int_equal(owner(WLAN), 4);
	assert_int_equal(link_of(WLAN), 4);
}

static void test_two_links_unplugged(void **state)
{
	address(4, WLAN, 24, FALSE);
	lost(4);
	assert_true(told(4, "lte0", TRUE));
	assert_int_equal(owner(WLAN), 3);
	assert_int_equal(link_of(WLAN), 3);
}

/* What was missed, in both directions */
static void test_resync_addresses(void **state)
{
	there[0] = (struct rtnl_addr){ .ifindex = 4, .addr = addr_of("10.2.0.9"), .prefixlen = 24 };
	mobikex_links_resync();
	assert_int_equal(owner(WLAN), 0);
	assert_int_equal(owner("10.2.0.9"), 4);
	assert_int_equal(owner(LTE), 4);
}

/* -------------------------------------------------------------------- devices */

static void test_unplugged_and_back(void **state)
{
	lost(3);
	assert_true(told(3, "wlan0", TRUE));
	assert_null(mobikex_link_by_index(3));
	assert_int_equal(owner(WLAN), 0);
	device(7, "wlan0");
	assert_true(told(7, "wlan0", FALSE));
	assert_string_equal(name_of(7), "wlan0");
	assert_int_equal(links[0].ifindex, 7);
}

/* The new one is told of before the end of the old one */
static void test_replaced(void **state)
{
	lost(3);
	device(7, "wlan0");
	assert_true(told(7, "wlan0", FALSE));
	assert_string_equal(name_of(7), "wlan0");
	assert_false(told(3, "wlan0", TRUE));
	assert_string_equal(name_of(7), "wlan0");
}

static void test_stranger(void **state)
{
	device(7, "eth0");
	assert_false(told(7, "eth0", FALSE));
	assert_false(told(7, "eth0", TRUE));
	assert_int_equal(agent.links->get_count(agent.links), 2);
}

/* Settings go by the new name; and whoever takes the old one is no uplink */
static void test_renamed(void **state)
{
	device(3, "wifi");
	assert_true(told(3, "wifi", FALSE));
	assert_string_equal(name_of(3), "wifi");
	device(7, "wlan0");
	assert_false(told(7, "wlan0", FALSE));
	assert_null(mobikex_link_by_index(7));
	assert_int_equal(links[0].ifindex, 3);		/* still attached */
	assert_int_equal(owner(WLAN), 3);
	lost(3);
	assert_true(told(3, "wifi", TRUE));
	assert_int_equal(links[0].ifindex, 0);
}

/* The same, and rtnetlink lost its word of it */
static void test_renamed_untold(void **state)
{
	device(3, "wifi");
	device(7, "wlan0");
	assert_false(told(7, "wlan0", FALSE));
	assert_int_equal(links[0].ifindex, 3);
	mobikex_links_resync();
	assert_string_equal(name_of(3), "wifi");
	assert_int_equal(links[0].ifindex, 3);
	assert_int_equal(owner(WLAN), 3);
}

/* Renamed, and the one that has its name now was attached as well */
static void test_same_name_twice(void **state)
{
	device(3, "wifi");
	device(7, "wlan0");
	enter(7, "wlan0");
	mobikex_links_load();
	assert_non_null(mobikex_link_by_index(3));
	assert_non_null(mobikex_link_by_index(7));
	assert_true(address(7, "10.3.0.2", 24, FALSE));
	assert_int_equal(owner(WLAN), 3);
	assert_int_equal(owner("10.3.0.2"), 7);
}

/* The map has the name that it was attached under */
static void test_loaded_after_rename(void **state)
{
	device(3, "wifi");
	mobikex_links_flush();
	mobikex_links_load();
	assert_string_equal(name_of(3), "wifi");
	assert_string_equal(name_of(4), "lte0");
}

static void test_detached(void **state)
{
	uplink_detach_index(NULL, NULL, 3);
	mobikex_links_load();
	assert_null(mobikex_link_by_index(3));
	assert_int_equal(agent.links->get_count(agent.links), 1);
}

static void test_resync_gone(void **state)
{
	lost(3);
	mobikex_links_resync();
	assert_int_equal(links[0].ifindex, 0);
	assert_int_equal(links[1].ifindex, 4);
	assert_string_equal(name_of(4), "lte0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_address),
		TEST(test_two_prefix_lengths),
		TEST(test_longest_prefix),
		TEST(test_two_links),
		TEST(test_two_links_unplugged),
		TEST(test_resync_addresses),
		TEST(test_unplugged_and_back),
		TEST(test_replaced),
		TEST(test_stranger),
		TEST(test_renamed),
		TEST(test_renamed_untold),
		TEST(test_same_name_twice),
		TEST(test_loaded_after_rename),
		TEST(test_detached),
		TEST(test_resync_gone),
	};
	int failed;

	library_init(NULL, "test");
	charon = &fake_daemon;
	mobikex = &agent;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
