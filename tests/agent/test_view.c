/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `segue session` gets to see of the two ends, and when it is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <library.h>
#include "fake_charon.h"
#include "mobikex_failback.h"
#include "mobikex_hello.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_told.h"
#include "mobikex_view.h"

#define US "10.9.0.2"
#define IN_USE "10.1.0.2"
#define IDLE "10.2.0.2"
#define IKE 7

/* ------------------------------------------------ what stands for the rest */

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;
static mobikex_hello_t hello;
static struct segue_peer written;
static unsigned int writes;
static int refuse;

uint64_t mobikex_now(void)
{
	return 5000;
}

uint64_t mobikex_failback_held(mobikex_session_t *this, uint8_t slot)
{
	return this->since[slot] ? 0 : ~0ULL;
}

mobikex_hello_t *mobikex_hello_find(uint32_t ike)
{
	return ike == IKE && hello.supported ? &hello : NULL;
}

mobikex_link_t *mobikex_link_of(const struct segue_addr *addr)
{
	return NULL;
}

bool mobikex_link_up(mobikex_link_t *link, uint64_t *since)
{
	return FALSE;
}

int rtnl_route_check(struct rtnl *rtnl, const struct segue_addr *addr,
		     unsigned int ifindex, const struct segue_addr *source)
{
	return -ENETUNREACH;
}

int segue_peer_put(struct segue *segue, __u32 id, const struct segue_peer *peer)
{
	assert_int_equal(id, session.id);
	if (refuse)
		return refuse;
	written = *peer;
	writes++;
	return 0;
}

/* ------------------------------------------------ */

static mobikex_peer_t *peer_add(const char *text)
{
	mobikex_peer_t *peer;

	INIT(peer,
		.host = host_create_from_string((char *)text, 4500),
		.since = 4000,
	);
	session.peers->insert_last(session.peers, peer);
	return peer;
}

static int begin(void **state)
{
	static int maps;

	mobikex = &agent;
	agent.segue = (struct segue *)&maps;
	agent.check_tries = 5;
	agent.offered = MOBIKEX_RESTORES | MOBIKEX_INTERFACES;
	memset(&session, 0, sizeof(session));
	memset(&hello, 0, sizeof(hello));
	session.id = 3;
	session.ike = IKE;
	session.made = 1000;
	session.published = TRUE;
	session.peers = linked_list_create();
	peer_add(IN_USE)->verified = TRUE;
	writes = refuse = 0;
	return 0;
}

static int end(void **state)
{
	fake_peers_destroy(session.peers);
	mobikex_told_forget(IKE);
	return 0;
}

static void list(const char *in_use, unsigned int further)
{
	linked_list_t *addrs = linked_list_create();
	host_t *host = host_create_from_string((char *)in_use, 4500);
	struct segue_addr addr[64];
	unsigned int i;

	assert_in_range(further, 0, 64);
	for (i = 0; i < further; i++) {
		addr[i] = mobikex_addr(host);
		addr[i].octet[15] += 1 + i;
		addrs->insert_last(addrs, &addr[i]);
	}
	mobikex_told_list(IKE, host, addrs);
	host->destroy(host);
	addrs->destroy(addrs);
}

static void is_addr(const struct segue_peer_addr *a, enum segue_side side, const char *text,
		    enum segue_check check)
{
	char got[INET6_ADDRSTRLEN];

	assert_int_equal(a->side, side);
	assert_string_equal(inet_ntop(AF_INET, &a->addr.octet[SEGUE_ADDR_V4_OFFSET], got,
				      sizeof(got)), text);
	assert_int_equal(a->check, check);
}

static void negotiated(void **state)
{
	mobikex_view_update(&session);
	assert_int_equal(written.version, 0);
	assert_int_equal(written.capabilities, 0);
	assert_int_equal(written.since_ns, 1000);
	hello.supported = TRUE;
	hello.capabilities = MOBIKEX_RESTORES | MOBIKEX_COPIES;
	mobikex_view_update(&session);
	assert_int_equal(written.version, MOBIKEX_VERSION);
	assert_int_equal(written.capabilities, MOBIKEX_RESTORES | MOBIKEX_COPIES);
	assert_int_equal(written.offered, MOBIKEX_RESTORES | MOBIKEX_INTERFACES);
}

static void checks(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE);

	peer->preference = 9;
	mobikex_view_update(&session);
	assert_int_equal(written.addrs, 2);
	is_addr(&written.addr[0], SEGUE_SIDE_PEER, IN_USE, SEGUE_CHECK_VERIFIED);
	is_addr(&written.addr[1], SEGUE_SIDE_PEER, IDLE, SEGUE_CHECK_NEVER);
	assert_int_equal(written.addr[1].preference, 9);
	assert_int_equal(written.addr[1].since_ns, 4000);
	assert_int_equal(written.addr[1].checked_ns, 0);
	peer->asked = TRUE;
	mobikex_view_update(&session);
	assert_int_equal(written.addr[1].check, SEGUE_CHECK_PENDING);
	peer->asked = FALSE;
	peer->tries = 4;
	mobikex_view_update(&session);
	assert_int_equal(written.addr[1].check, SEGUE_CHECK_PENDING);
	peer->tries = 5;
	peer->checked = 4500;
	mobikex_view_update(&session);
	assert_int_equal(written.addr[1].check, SEGUE_CHECK_FAILED);
	assert_int_equal(written.addr[1].checked_ns, 4500);
	peer->verified = TRUE;
	mobikex_view_update(&session);
	assert_int_equal(written.addr[1].check, SEGUE_CHECK_VERIFIED);
}

/* What we told, and which of it the peer has checked. */
static void ours(void **state)
{
	host_t *host = host_create_from_string(US, 4500);

	list(US, 1);
	mobikex_view_update(&session);
	assert_int_equal(written.addrs, 3);
	is_addr(&written.addr[0], SEGUE_SIDE_OURS, US, SEGUE_CHECK_NEVER);
	assert_int_equal(written.addr[0].since_ns, 5000);
	is_addr(&written.addr[1], SEGUE_SIDE_OURS, "10.9.0.3", SEGUE_CHECK_NEVER);
	is_addr(&written.addr[2], SEGUE_SIDE_PEER, IN_USE, SEGUE_CHECK_VERIFIED);
	mobikex_told_asked(IKE, host);
	list(US, 0);			/* told again: what was known of it stays */
	mobikex_view_update(&session);
	assert_int_equal(written.addrs, 2);
	is_addr(&written.addr[0], SEGUE_SIDE_OURS, US, SEGUE_CHECK_VERIFIED);
	assert_int_equal(written.addr[0].checked_ns, 5000);
	mobikex_told_asked(IKE + 1, host);
	host->destroy(host);
}

static void too_many(void **state)
{
	char text[32];
	int i;

	list(US, 40);
	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "10.3.0.%d", i + 1);
		peer_add(text);
	}
	mobikex_view_update(&session);
	assert_int_equal(written.addrs, SEGUE_MAX_PEER_ADDRS);
	assert_int_equal(written.addr[SEGUE_MAX_PEER_ADDRS / 2 - 1].side, SEGUE_SIDE_OURS);
	is_addr(&written.addr[SEGUE_MAX_PEER_ADDRS / 2], SEGUE_SIDE_PEER, IN_USE,
		SEGUE_CHECK_VERIFIED);
}

/* A system call for a change, none for none; what failed is tried again. */
static void when_changed(void **state)
{
	mobikex_view_update(&session);
	mobikex_view_update(&session);
	assert_int_equal(writes, 1);
	session.drained[2] = 77;
	refuse = -ENOMEM;
	mobikex_view_update(&session);
	refuse = 0;
	mobikex_view_update(&session);
	assert_int_equal(writes, 2);
	assert_int_equal(written.path[2].leaving_ns, 77);
	session.published = FALSE;
	session.drained[2] = 0;
	mobikex_view_update(&session);
	assert_int_equal(writes, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(negotiated),
		TEST(checks),
		TEST(ours),
		TEST(too_many),
		TEST(when_changed),
	};
	int failed;

	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
