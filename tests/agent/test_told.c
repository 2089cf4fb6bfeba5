/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the peer knows of our addresses, and what we owe it, with links and routes of
 * this test's own.
 *
 *   wlan0 (bit 0) 10.1.0.2      in IKE_AUTH's list, and in use
 *   lte0  (bit 1) 10.2.0.2      comes later
 *   -             10.4.0.2      in the list, on no attached device
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <library.h>
#include "fake_charon.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_told.h"

#define WLAN "10.1.0.2"
#define LTE "10.2.0.2"
#define STRANGE "10.4.0.2"
#define PEER "10.9.0.2"
#define IKE 7

/* ------------------------------------------------ what stands for the rest */

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_link_t wlan = { .name = "wlan0", .ifindex = 2, .bit = 0 };
static mobikex_link_t lte = { .name = "lte0", .ifindex = 3, .bit = 1 };
static bool wlan_up, lte_up, lte_routed;
static uint64_t ms;

uint64_t mobikex_now(void)
{
	return ms * 1000000;
}

static struct segue_addr addr_of(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 0);
	struct segue_addr addr = mobikex_addr(host);

	host->destroy(host);
	return addr;
}

static bool has(mobikex_link_t *link, const struct segue_addr *addr)
{
	enumerator_t *enumerator = link->addrs->create_enumerator(link->addrs);
	mobikex_link_addr_t *current;
	bool found = FALSE;

	while (enumerator->enumerate(enumerator, &current))
		found |= segue_addr_equal(&current->addr, addr);
	enumerator->destroy(enumerator);
	return found;
}

mobikex_link_t *mobikex_link_of(const struct segue_addr *addr)
{
	return has(&wlan, addr) ? &wlan : has(&lte, addr) ? &lte : NULL;
}

bool mobikex_link_up(mobikex_link_t *link, uint64_t *since)
{
	return link == &wlan ? wlan_up : lte_up;
}

int rtnl_route_check(struct rtnl *rtnl, const struct segue_addr *addr,
		     unsigned int ifindex, const struct segue_addr *source)
{
	return ifindex == wlan.ifindex || lte_routed ? 0 : -ENETUNREACH;
}

/* ------------------------------------------------ */

static mobikex_session_t session;
static mobikex_owed_t owed;

static void link_addr(mobikex_link_t *link, const char *text)
{
	mobikex_link_addr_t *addr;

	INIT(addr,
		.addr = addr_of(text),
	);
	link->addrs->insert_last(link->addrs, addr);
}

static void list(const char *in_use, const char *further)
{
	linked_list_t *addrs = linked_list_create();
	host_t *host = host_create_from_string((char *)in_use, 4500);
	struct segue_addr addr;

	if (further) {
		addr = addr_of(further);
		addrs->insert_last(addrs, &addr);
	}
	mobikex_told_list(IKE, host, addrs);
	host->destroy(host);
	addrs->destroy(addrs);
}

static void owes(int count)
{
	mobikex_told_owed(&session, TRUE, &owed);
	assert_int_equal(owed.count, count);
}

static void owes_one(enum mobikex_role role, const char *text)
{
	struct segue_addr addr = addr_of(text);

	owes(1);
	assert_int_equal(owed.parameter[0].role, role);
	assert_true(owed.parameter[0].named);
	assert_true(segue_addr_equal(&owed.parameter[0].addr, &addr));
}

static void move_to(const char *my)
{
	DESTROY_IF(session.my);
	session.my = host_create_from_string((char *)my, 4500);
}

static int begin(void **state)
{
	mobikex = &agent;
	ms = 1000;
	wlan_up = lte_up = lte_routed = TRUE;
	wlan.addrs = linked_list_create();
	lte.addrs = linked_list_create();
	link_addr(&wlan, WLAN);
	agent.links = linked_list_create_with_items(&wlan, &lte, NULL);
	memset(&session, 0, sizeof(session));
	session.ike = IKE;
	session.other = host_create_from_string(PEER, 4500);
	move_to(WLAN);
	list(WLAN, STRANGE);
	return 0;
}

static int end(void **state)
{
	mobikex_told_forget(session.ike);
	session.my->destroy(session.my);
	session.other->destroy(session.other);
	agent.links->destroy(agent.links);
	fake_addrs_clear(wlan.addrs);
	fake_addrs_clear(lte.addrs);
	wlan.addrs->destroy(wlan.addrs);
	lte.addrs->destroy(lte.addrs);
	return 0;
}

static void listed_is_told(void **state)
{
	owes(0);
}

static void comes(void **state)
{
	link_addr(&lte, LTE);
	owes_one(MOBIKEX_ROLE_ADDED, LTE);
	assert_int_equal(owed.parameter[0].preference, 1);
	mobikex_told_done(&session, &owed);
	owes(0);
}

/* It costs, and a list cannot say so: told once, to who understands it. */
static void metered(void **state)
{
	session.metered = "lte0";
	link_addr(&lte, LTE);
	list(WLAN, LTE);
	mobikex_told_owed(&session, FALSE, &owed);
	assert_int_equal(owed.count, 0);
	owes_one(MOBIKEX_ROLE_ADDED, LTE);
	assert_int_equal(owed.parameter[0].preference, MOBIKEX_PREFERENCE_LAST);
	mobikex_told_done(&session, &owed);
	owes(0);
	list(WLAN, LTE);		/* the next list does not take it back */
	owes(0);
}

/* A link that is down, or leads nowhere, is nothing to check. */
static void not_usable_yet(void **state)
{
	link_addr(&lte, LTE);
	lte_up = FALSE;
	owes(0);
	lte_up = TRUE;
	lte_routed = FALSE;
	owes(0);
	lte_routed = TRUE;
	owes_one(MOBIKEX_ROLE_ADDED, LTE);
}

static void goes(void **state)
{
	link_addr(&lte, LTE);
	owes(1);
	mobikex_told_done(&session, &owed);
	owes(0);
	fake_addrs_clear(lte.addrs);
	owes_one(MOBIKEX_ROLE_REMOVED, LTE);
	mobikex_told_done(&session, &owed);
	owes(0);
}

/* IKE moves first. */
static void in_use_stays(void **state)
{
	link_addr(&lte, LTE);
	owes(1);
	mobikex_told_done(&session, &owed);
	owes(0);
	fake_addrs_clear(wlan.addrs);
	owes(0);
	move_to(LTE);
	owes_one(MOBIKEX_ROLE_REMOVED, WLAN);
}

/* charon told it, and knows why. */
static void never_ours(void **state)
{
	fake_addrs_clear(wlan.addrs);
	move_to(LTE);
	list("10.66.0.9", STRANGE);
	owes(0);
}

static void back_again(void **state)
{
	owes(0);
	wlan_up = FALSE;
	owes(0);
	ms += MOBIKEX_TOLD_AGAIN - 1;
	wlan_up = TRUE;
	owes(0);
	wlan_up = FALSE;
	owes(0);
	ms += MOBIKEX_TOLD_AGAIN;
	owes(0);
	wlan_up = TRUE;
	mobikex_told_owed(&session, FALSE, &owed);
	assert_int_equal(owed.count, 0);	/* not to a peer of RFC 4555 */
	owes_one(MOBIKEX_ROLE_ADDED, WLAN);
	mobikex_told_done(&session, &owed);
	owes(0);
}

static void other_family(void **state)
{
	link_addr(&lte, "2001:db8::2");
	owes(0);
}

static void many(void **state)
{
	char text[32];
	int i;

	for (i = 0; i < 15; i++) {
		snprintf(text, sizeof(text), "10.2.0.%d", i + 2);
		link_addr(&lte, text);
	}
	owes(MOBIKEX_MAX_PARAMETERS);
	mobikex_told_done(&session, &owed);
	owes(15 - MOBIKEX_MAX_PARAMETERS);
	mobikex_told_done(&session, &owed);
	owes(0);
}

static void list_replaces(void **state)
{
	link_addr(&lte, LTE);
	owes(1);
	mobikex_told_done(&session, &owed);
	list(LTE, NULL);
	owes_one(MOBIKEX_ROLE_ADDED, WLAN);
}

/* charon has not heard yet that it is gone: the list has to be sent again. */
static void stale_list(void **state)
{
	link_addr(&lte, LTE);
	list(WLAN, LTE);
	fake_addrs_clear(lte.addrs);
	owes_one(MOBIKEX_ROLE_REMOVED, LTE);
	assert_int_equal(mobikex_told_list_due(&session, &owed, FALSE), 0);
	list(WLAN, LTE);
	owes_one(MOBIKEX_ROLE_REMOVED, LTE);
	list(WLAN, NULL);
	owes(0);
}

/* charon never lists it: no more than a few lists, ever further apart. */
static void not_listed(void **state)
{
	int wait = 0, last = 0, lists = 1;

	link_addr(&lte, LTE);
	owes(1);
	assert_int_equal(mobikex_told_list_due(&session, &owed, FALSE), 0);
	while (lists < 100) {
		list(WLAN, NULL);
		owes_one(MOBIKEX_ROLE_ADDED, LTE);
		wait = mobikex_told_list_due(&session, &owed, FALSE);
		if (wait < 0)
			break;
		assert_true(wait > last);
		last = wait;
		/* one waits: no other beside it */
		assert_int_equal(mobikex_told_list_due(&session, &owed, FALSE), -1);
		assert_int_equal(mobikex_told_list_due(&session, &owed, TRUE), 0);
		lists++;
	}
	assert_in_range(lists, 2, 10);
	/* a new change has tries of its own */
	fake_addrs_clear(wlan.addrs);
	move_to("10.3.0.2");
	owes(2);
	assert_int_equal(mobikex_told_list_due(&session, &owed, FALSE), 0);
}

static void used(void **state)
{
	struct segue_addr addr, wlan_addr = addr_of(WLAN), lte_addr = addr_of(LTE);
	host_t *host = host_create_from_string(LTE, 4500);

	assert_true(mobikex_told_in_use(&session, &addr));
	assert_true(segue_addr_equal(&addr, &wlan_addr));
	mobikex_told_uses(&session, host);
	assert_true(mobikex_told_in_use(&session, &addr));
	assert_true(segue_addr_equal(&addr, &lte_addr));
	/* who uses it knows it */
	link_addr(&lte, LTE);
	owes(0);
	host->destroy(host);
}

static void rekeyed(void **state)
{
	struct segue_addr addr;

	mobikex_told_rekeyed(IKE, IKE + 1);
	assert_false(mobikex_told_in_use(&session, &addr));
	session.ike = IKE + 1;
	assert_true(mobikex_told_in_use(&session, &addr));
	owes(0);
	mobikex_told_forget(IKE + 1);
	assert_false(mobikex_told_in_use(&session, &addr));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(listed_is_told),
		TEST(comes),
		TEST(metered),
		TEST(not_usable_yet),
		TEST(goes),
		TEST(in_use_stays),
		TEST(never_ours),
		TEST(back_again),
		TEST(other_family),
		TEST(many),
		TEST(list_replaces),
		TEST(used),
		TEST(stale_list),
		TEST(not_listed),
		TEST(rekeyed),
	};
	int failed;

	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
