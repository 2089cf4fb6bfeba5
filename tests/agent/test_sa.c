/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which SA is meant?  Two peers that chose the same SPI for what we send them,
 * and of which one has been where the other is now:
 *
 *   alice  IKE_SA 1   10.1.0.2, where bob is now; moved on to 10.2.0.2
 *   bob    IKE_SA 2   10.1.0.2
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <library.h>
#include "mobikex_child.h"
#include "mobikex_host.h"
#include "mobikex_sa.h"

#define SERVER "10.9.0.2"
#define FIRST "10.1.0.2"
#define SECOND "10.2.0.2"
#define SPI 0x11223344
#define OUR_SPI 0x55667788

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t alice, bob;
static int released, children_released;

/* ------------------------------------------------ what stands for the rest */

static uint32_t current;	/* unique id of the IKE_SA charon has, 0: none */

static uint32_t get_unique_id(ike_sa_t *this)
{
	return current;
}

static ike_sa_t ike_sa = { .get_unique_id = get_unique_id };

static ike_sa_t *get_sa(bus_t *this)
{
	return current ? &ike_sa : NULL;
}

static bus_t bus = { .get_sa = get_sa };
static daemon_t fake = { .bus = &bus };

void mobikex_session_release(mobikex_session_t *this)
{
	released++;
}

void mobikex_moved_drop(mobikex_session_t *session, mobikex_pair_t *pair) {}

void mobikex_child_release(mobikex_session_t *session, uint8_t number)
{
	children_released++;
}

int segue_sa_put(struct segue *segue, const struct segue_sa_key *key, const struct segue_sa *sa)
{
	return 0;
}

int segue_sa_del(struct segue *segue, const struct segue_sa_key *key)
{
	return 0;
}

static uint32_t copied_ms;	/* of what is in the map; 0: nothing is */

int segue_sa_get(struct segue *segue, const struct segue_sa_key *key, struct segue_sa *out)
{
	*out = (struct segue_sa){ .copied_ms = copied_ms };
	return copied_ms ? 0 : -ENOENT;
}

uint64_t mobikex_now(void)
{
	return 5000000000;
}

/* ----------------------------------------------------------------- fixture */

static host_t *host(const char *text)
{
	return host_create_from_string((char *)text, 500);
}

static void session_init(mobikex_session_t *session, uint32_t ike, const char *remote)
{
	*session = (mobikex_session_t){
		.ike = ike,
		.local = host(SERVER),
		.remote = host(remote),
		.locals = linked_list_create_with_items(host(SERVER), NULL),
		.remotes = linked_list_create_with_items(host(FIRST), NULL),
	};
}

static int setup(void **state)
{
	current = 0;
	released = children_released = 0;
	agent = (mobikex_agent_t){ .sas = linked_list_create() };
	mobikex = &agent;
	charon = &fake;
	session_init(&alice, 1, FIRST);
	alice.remotes->insert_last(alice.remotes, host(SECOND));
	session_init(&bob, 2, FIRST);
	return 0;
}

static void session_clean(mobikex_session_t *session)
{
	session->local->destroy(session->local);
	session->remote->destroy(session->remote);
	session->locals->destroy_offset(session->locals, offsetof(host_t, destroy));
	session->remotes->destroy_offset(session->remotes, offsetof(host_t, destroy));
}

static int teardown(void **state)
{
	agent.sas->destroy_function(agent.sas, free);
	session_clean(&alice);
	session_clean(&bob);
	return 0;
}

static mobikex_sa_t *find(uint32_t spi, const char *dst)
{
	host_t *to = host(dst);
	mobikex_sa_t *sa = mobikex_sa_find(spi, IPPROTO_ESP, to);

	to->destroy(to);
	return sa;
}

static mobikex_sa_t *by_kernel(uint32_t spi, const char *dst)
{
	host_t *to = host(dst);
	mobikex_sa_t *sa = mobikex_sa_by_kernel(spi, IPPROTO_ESP, to);

	to->destroy(to);
	return sa;
}

/* ------------------------------------------------------------------- tests */

static void same_spi_of_two_peers(void **state)
{
	mobikex_sa_t *of_alice = mobikex_sa_add(&alice, SPI, IPPROTO_ESP, FALSE);
	mobikex_sa_t *of_bob = mobikex_sa_add(&bob, SPI, IPPROTO_ESP, FALSE);

	current = 2;
	assert_ptr_equal(find(SPI, FIRST), of_bob);
	current = 1;
	assert_ptr_equal(find(SPI, FIRST), of_alice);
	assert_ptr_equal(find(SPI, SECOND), of_alice);
	current = 3;
	assert_null(find(SPI, FIRST));
}

/* After rekeying, charon may still have the old IKE_SA at hand. */
static void inbound_is_unique(void **state)
{
	mobikex_sa_t *sa = mobikex_sa_add(&alice, OUR_SPI, IPPROTO_ESP, TRUE);

	current = 3;
	assert_ptr_equal(find(OUR_SPI, SERVER), sa);
	assert_null(find(OUR_SPI, SECOND));
	assert_true(mobikex_sa_spi_used(OUR_SPI, IPPROTO_ESP));
	assert_false(mobikex_sa_spi_used(OUR_SPI, IPPROTO_AH));
	assert_false(mobikex_sa_spi_used(SPI, IPPROTO_ESP));
}

/* For as long as a hold: of this session, and of what comes in */
static void comes_twice(void **state)
{
	struct segue_session entry = {};
	mobikex_sa_t *sa;

	copied_ms = 4900;	/* 0.1 s ago */
	entry.child[0].active = entry.child[1].active = SEGUE_NO_PATH;
	mobikex_sa_add(&bob, SPI, IPPROTO_ESP, FALSE);
	assert_false(mobikex_sa_comes_twice(&bob, &entry, 0));
	sa = mobikex_sa_add(&bob, OUR_SPI, IPPROTO_ESP, TRUE);
	assert_true(mobikex_sa_comes_twice(&bob, &entry, 0));
	assert_false(mobikex_sa_comes_twice(&alice, &entry, 0));
	copied_ms = 4700;
	assert_false(mobikex_sa_comes_twice(&bob, &entry, 0));
	copied_ms = 0;
	assert_false(mobikex_sa_comes_twice(&bob, &entry, 0));

	copied_ms = 4900;	/* a CHILD_SA apart says nothing of the others */
	sa->entry.child = 1;
	assert_true(mobikex_sa_comes_twice(&bob, &entry, 0));
	entry.child[1].active = 2;
	assert_false(mobikex_sa_comes_twice(&bob, &entry, 0));
	assert_true(mobikex_sa_comes_twice(&bob, &entry, 1));
}

/* The kernel knows an SA by its canonical destination, whatever charon uses. */
static void kernel_has_the_canonical_pair(void **state)
{
	mobikex_sa_t *sa = mobikex_sa_add(&alice, SPI, IPPROTO_ESP, FALSE);

	assert_ptr_equal(by_kernel(SPI, FIRST), sa);
	assert_null(by_kernel(SPI, SECOND));
	/* nothing is checked out: the kernel's view is all there is */
	assert_ptr_equal(find(SPI, FIRST), sa);
	assert_null(find(SPI, SECOND));
}

/* Rekeyed: the way of a CHILD_SA is there for as long as any of its SAs. */
static void last_one_releases_its_child(void **state)
{
	mobikex_sa_t *old = mobikex_sa_add(&alice, SPI, IPPROTO_ESP, FALSE);
	mobikex_sa_t *new = mobikex_sa_add(&alice, SPI + 1, IPPROTO_ESP, FALSE);
	mobikex_sa_t *other = mobikex_sa_add(&bob, SPI, IPPROTO_ESP, FALSE);

	old->entry.child = new->entry.child = other->entry.child = 1;
	mobikex_sa_remove(old);
	assert_int_equal(children_released, 0);
	mobikex_sa_remove(new);
	assert_int_equal(children_released, 1);
}

static void last_one_releases_its_session(void **state)
{
	mobikex_sa_t *sa = mobikex_sa_add(&alice, SPI, IPPROTO_ESP, FALSE);

	sa->installed = TRUE;
	assert_true(mobikex_sa_any(&alice));
	assert_false(mobikex_sa_any(&bob));
	assert_int_equal(alice.sas, 1);
	mobikex_sa_remove(sa);
	assert_int_equal(alice.sas, 0);
	assert_int_equal(released, 1);
	assert_false(mobikex_sa_any(&alice));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_spi_of_two_peers, setup, teardown),
		cmocka_unit_test_setup_teardown(inbound_is_unique, setup, teardown),
		cmocka_unit_test_setup_teardown(comes_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(kernel_has_the_canonical_pair, setup, teardown),
		cmocka_unit_test_setup_teardown(last_one_releases_its_child, setup, teardown),
		cmocka_unit_test_setup_teardown(last_one_releases_its_session, setup, teardown),
	};
	int failed;

	library_init(NULL, "test_sa");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
