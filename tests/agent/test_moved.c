/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transport mode, moved: what the peer may have a CHILD_SA for, what is guarded, and
 * which addresses selectors get.
 *
 *   we 10.9.0.2   ----   10.1.0.2 peer, in use and verified
 *                        10.2.0.2       verified
 *                        10.3.0.2       announced, not verified
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <library.h>
#include <daemon.h>
#include <encoding/message.h>
#include <encoding/payloads/notify_payload.h>
#include <segue/mobikex.h>
#include "fake_charon.h"
#include "mobikex_guard.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_moved.h"
#include "mobikex_pairs.h"
#include "mobikex_path.h"
#include "mobikex_taken.h"

#define SERVER "10.9.0.2"
#define FIRST "10.1.0.2"
#define SECOND "10.2.0.2"
#define UNVERIFIED "10.3.0.2"
#define STRANGER "10.66.0.2"

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;
static unsigned int refusals, routed, looks;
static linked_list_t *guarded;	/* what the kernel would have, host_t */
static bool kernel_is_full;

static host_t *host(const char *text)
{
	return host_create_from_string((char *)text, 4500);
}

/* ------------------------------------------------ what stands for the rest */

void mobikex_event(uint32_t id, enum segue_event_type type, enum segue_reason reason)
{
	refusals += type == SEGUE_EVENT_REFUSAL;
}

mobikex_link_t *mobikex_link_of(const struct segue_addr *addr)
{
	static mobikex_link_t eth0;
	host_t *ours = host(SERVER);
	struct segue_addr own = mobikex_addr(ours);

	ours->destroy(ours);
	return segue_addr_equal(addr, &own) ? &eth0 : NULL;
}

mobikex_peer_t *mobikex_peer_find(mobikex_session_t *this, host_t *host)
{
	enumerator_t *enumerator = this->peers->create_enumerator(this->peers);
	mobikex_peer_t *peer, *found = NULL;

	while (!found && enumerator->enumerate(enumerator, &peer))
	{
		found = peer->host->ip_equals(peer->host, host) ? peer : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

void mobikex_session_route(mobikex_session_t *this, host_t *remote)
{
	routed++;
}

int mobikex_guard_add(linked_list_t *guards, const struct segue_addr *peer,
					  const mobikex_service_t *service)
{
	host_t *host = mobikex_host(peer, 0);

	if (kernel_is_full)
	{
		host->destroy(host);
		return -ENOMEM;
	}
	if (mobikex_host_known(guarded, host))
	{
		host->destroy(host);
	}
	else
	{
		guarded->insert_last(guarded, host);
	}
	return 0;
}

void mobikex_guard_release(linked_list_t *guards, const struct segue_addr *peer)
{
	enumerator_t *enumerator = guarded->create_enumerator(guarded);
	struct segue_addr addr;
	host_t *host;

	while (enumerator->enumerate(enumerator, &host))
	{
		addr = mobikex_addr(host);
		if (!peer || segue_addr_equal(&addr, peer))
		{
			guarded->remove_at(guarded, enumerator);
			host->destroy(host);
		}
	}
	enumerator->destroy(enumerator);
}

uint8_t mobikex_path_active(mobikex_session_t *this)
{
	return SEGUE_NO_PATH;
}

void mobikex_pairs_queue(mobikex_session_t *this)
{
	looks++;
}

mobikex_pair_t *mobikex_pairs_active(mobikex_session_t *this, ike_sa_t *ike_sa)
{
	return NULL;
}

bool mobikex_pairs_to(linked_list_t *pairs, host_t *remote)
{
	return FALSE;
}

void mobikex_pairs_forget(mobikex_pair_t *pair)
{
	mobikex_pair_destroy(pair);
}

/* ----------------------------------------------------------------- fixture */

static mobikex_peer_t *peer_add(const char *text, bool verified)
{
	mobikex_peer_t *peer;

	INIT(peer,
		.host = host(text),
		.verified = verified,
	);
	session.peers->insert_last(session.peers, peer);
	return peer;
}

static int setup(void **state)
{
	agent = (mobikex_agent_t){
		.check_delay = 1000,
		.sessions = linked_list_create(),
	};
	mobikex = &agent;
	charon = &fake_daemon;
	refusals = routed = 0;
	kernel_is_full = FALSE;
	guarded = linked_list_create();
	session = (mobikex_session_t){
		.state = MOBIKEX_PINNED,
		.name = "main",
		.local = host(SERVER),
		.remote = host(FIRST),
		.my = host(SERVER),
		.other = host(FIRST),
		.peer_id = identification_create_from_string("node"),
		.peers = linked_list_create(),
	};
	agent.sessions->insert_last(agent.sessions, &session);
	peer_add(FIRST, TRUE);
	peer_add(SECOND, TRUE);
	peer_add(UNVERIFIED, FALSE);
	mobikex_moved_begin(&session);
	return 0;
}

static void peer_destroy(mobikex_peer_t *peer)
{
	peer->host->destroy(peer->host);
	free(peer);
}

static int teardown(void **state)
{
	mobikex_moved_end(&session);
	assert_int_equal(guarded->get_count(guarded), 0);
	guarded->destroy(guarded);
	agent.sessions->destroy(agent.sessions);
	session.peer_id->destroy(session.peer_id);
	session.peers->destroy_function(session.peers, (void*)peer_destroy);
	session.local->destroy(session.local);
	session.remote->destroy(session.remote);
	session.my->destroy(session.my);
	session.other->destroy(session.other);
	return 0;
}

/* A CREATE_CHILD_SA request comes in, with these notifies. */
static void ask_mode(chunk_t data, bool rekey, bool transport)
{
	message_t *message = message_create(IKEV2_MAJOR_VERSION, 0);

	message->set_exchange_type(message, CREATE_CHILD_SA);
	message->set_request(message, TRUE);
	if (data.ptr)
	{
		message->add_notify(message, FALSE, CHILD_SA_PAIR, data);
	}
	if (transport)
	{
		message->add_notify(message, FALSE, USE_TRANSPORT_MODE, chunk_empty);
	}
	if (rekey)
	{
		message->add_notify(message, FALSE, REKEY_SA, chunk_empty);
	}
	mobikex_moved_incoming(&session, message);
	message->destroy(message);
}

static void ask(chunk_t data, bool rekey)
{
	ask_mode(data, rekey, TRUE);
}

static void ask_for(const char *sender, const char *receiver, bool rekey)
{
	uint8_t buffer[MOBIKEX_PAIR_SIZE];
	host_t *from = host(sender), *to = host(receiver);

	ask(mobikex_pair_encode(from, to, buffer), rekey);
	from->destroy(from);
	to->destroy(to);
}

static bool is(host_t *host, const char *text)
{
	host_t *expected = host_create_from_string((char *)text, 0);
	bool same = host->ip_equals(host, expected);

	expected->destroy(expected);
	return same;
}

/* selectors of a new CHILD_SA get these */
static void assert_hosts(uint32_t reqid, const char *local, const char *remote)
{
	host_t *my, *other;

	mobikex_moved_hosts(&session, reqid, &my, &other);
	assert_true(is(my, local));
	assert_true(is(other, remote));
}

static bool serve_ports(uint8_t protocol, uint16_t mine_from, uint16_t mine_to,
						uint16_t others_from, uint16_t others_to)
{
	linked_list_t *mine, *others;
	bool accepted;

	mine = linked_list_create_with_items(
				traffic_selector_create_dynamic(protocol, mine_from, mine_to), NULL);
	others = linked_list_create_with_items(
				traffic_selector_create_dynamic(protocol, others_from, others_to), NULL);
	accepted = mobikex_moved_service(&session, mine, others);
	mobikex_ts_destroy(mine);
	mobikex_ts_destroy(others);
	return accepted;
}

static void serve(void)
{
	assert_true(serve_ports(0, 0, 65535, 0, 65535));
}

static bool is_guarded(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 0);
	bool known = mobikex_host_known(guarded, host);

	host->destroy(host);
	return known;
}

/* ------------------------------------------------------------------- tests */

static void a_verified_pair_is_accepted(void **state)
{
	ask_for(SECOND, SERVER, FALSE);
	assert_false(session.moved->refused);
	assert_hosts(0, SERVER, SECOND);
	assert_int_equal(refusals, 0);
}

static void without_the_notify_where_ike_is(void **state)
{
	ask_for(SECOND, SERVER, FALSE);
	ask(chunk_empty, FALSE);
	assert_false(session.moved->refused);
	assert_hosts(0, SERVER, FIRST);
}

/* IKE follows an UPDATE_SA_ADDRESSES at once, wherever that came from */
static void but_not_before_that_is_verified(void **state)
{
	mobikex_pair_t *pair = mobikex_moved_pair(&session, MODE_TRANSPORT, FALSE, 5);

	session.other->destroy(session.other);
	session.other = host(UNVERIFIED);
	ask(chunk_empty, FALSE);
	assert_true(session.moved->refused);
	assert_int_equal(refusals, 1);
	assert_false(mobikex_moved_verified(&session, 0));
	session.other->destroy(session.other);
	session.other = host(STRANGER);
	ask(chunk_empty, FALSE);
	assert_true(session.moved->refused);

	/* what is rekeyed stays where it is, if there is something */
	ask(chunk_empty, TRUE);
	assert_false(session.moved->refused);
	mobikex_peer_find(&session, pair->remote)->verified = FALSE;
	assert_false(mobikex_moved_verified(&session, 5));
	mobikex_moved_hold(pair);
	assert_true(mobikex_moved_verified(&session, 5));
	/* others have no address for selector, or the canonical one */
	ask_mode(chunk_empty, FALSE, FALSE);
	assert_false(session.moved->refused);
	session.encap = TRUE;
	ask(chunk_empty, FALSE);
	assert_false(session.moved->refused);
	/* and a verified one can be asked for from anywhere */
	session.encap = FALSE;
	ask_for(SECOND, SERVER, FALSE);
	assert_false(session.moved->refused);
	assert_true(mobikex_moved_verified(&session, 0));
}

static void an_unverified_address_is_refused(void **state)
{
	ask_for(UNVERIFIED, SERVER, FALSE);
	assert_true(session.moved->refused);
	assert_int_equal(refusals, 1);
	/* and the next one is judged by itself */
	ask_for(SECOND, SERVER, FALSE);
	assert_false(session.moved->refused);
}

static void addresses_of_others_are_refused(void **state)
{
	ask_for(STRANGER, SERVER, FALSE);
	assert_true(session.moved->refused);
	ask_for(SECOND, STRANGER, FALSE);
	assert_true(session.moved->refused);
	/* the wrong way round */
	ask_for(SERVER, SECOND, FALSE);
	assert_true(session.moved->refused);
	assert_int_equal(refusals, 3);
}

/* an address is leased anew while the one who had it still has a CHILD_SA there */
static void the_address_of_another_peers_child_sa_is_refused(void **state)
{
	mobikex_session_t other = {
		.state = MOBIKEX_PINNED,
		.name = "other",
		.peer_id = identification_create_from_string("other"),
		.local = session.local,
		.remote = session.other,
		.my = session.my,
		.other = session.other,
	};
	host_t *second = host(SECOND);
	mobikex_pair_t *pair;

	mobikex_moved_begin(&other);
	agent.sessions->insert_last(agent.sessions, &other);
	mobikex_moved_numbered(&other, 9, session.local, second);
	pair = mobikex_pair_find(other.moved->pairs, 9);
	/* a number alone is none */
	ask_for(SECOND, SERVER, FALSE);
	assert_false(session.moved->refused);
	mobikex_moved_hold(pair);
	ask_for(SECOND, SERVER, FALSE);
	assert_true(session.moved->refused);
	assert_int_equal(refusals, 1);
	assert_ptr_equal(mobikex_taken(session.peer_id, session.local, second), &other);
	/* where its IKE_SA is, too */
	other.other = second;
	assert_ptr_equal(mobikex_taken(session.peer_id, session.local, second), &other);
	/* itself it may have another one there, and others elsewhere */
	assert_null(mobikex_taken(other.peer_id, session.local, second));
	assert_null(mobikex_taken(session.peer_id, session.local, session.other));
	ask_for(FIRST, SERVER, FALSE);
	assert_false(session.moved->refused);

	mobikex_moved_drop(&other, pair);
	ask_for(SECOND, SERVER, FALSE);
	assert_false(session.moved->refused);
	mobikex_moved_end(&other);
	agent.sessions->remove(agent.sessions, &other, NULL);
	other.peer_id->destroy(other.peer_id);
	second->destroy(second);
}

static void nonsense_is_refused(void **state)
{
	ask(chunk_from_chars(4, 0, 0, 0, 10, 2, 0), FALSE);
	assert_true(session.moved->refused);
	ask(chunk_from_chars(9, 0, 0, 0, 10, 2, 0, 2, 10, 9, 0, 2), FALSE);
	assert_true(session.moved->refused);
}

/* ... which keeps what it has, whatever is said beside it */
static void ignored_in_a_rekeying(void **state)
{
	ask_for(STRANGER, SERVER, TRUE);
	assert_false(session.moved->refused);
	assert_int_equal(refusals, 0);
}

static void a_reqid_keeps_its_pair(void **state)
{
	host_t *local, *remote;

	ask_for(SECOND, SERVER, FALSE);
	mobikex_moved_hosts(&session, 0, &local, &remote);
	mobikex_moved_numbered(&session, 7, local, remote);
	ask(chunk_empty, TRUE);
	assert_hosts(7, SERVER, SECOND);
	assert_hosts(0, SERVER, FIRST);
	assert_true(is(mobikex_moved_pair(&session, MODE_TRANSPORT, FALSE, 7)->remote, SECOND));
}

/* charon gives a number anew once nobody has it */
static void a_number_of_which_nothing_came_is_free(void **state)
{
	host_t *second = host(SECOND);
	mobikex_pair_t *pair;

	mobikex_moved_numbered(&session, 7, session.my, session.other);
	assert_hosts(7, SERVER, FIRST);
	mobikex_moved_numbered(&session, 7, session.my, second);
	assert_hosts(7, SERVER, SECOND);
	assert_int_equal(session.moved->pairs->get_count(session.moved->pairs), 1);

	/* with what is its own already */
	pair = mobikex_moved_pair(&session, MODE_TRANSPORT, FALSE, 7);
	assert_true(is(pair->remote, SECOND));
	mobikex_moved_hold(pair);
	mobikex_moved_numbered(&session, 7, session.my, session.other);
	assert_hosts(7, SERVER, SECOND);
	mobikex_moved_drop(&session, pair);
	/* we hold the number, or just ask */
	mobikex_moved_numbered(&session, 7, session.my, second);
	pair = mobikex_pair_find(session.moved->pairs, 7);
	pair->ours = TRUE;
	mobikex_moved_numbered(&session, 7, session.my, session.other);
	assert_hosts(7, SERVER, SECOND);
	pair->ours = FALSE;
	pair->task = pair;
	mobikex_moved_numbered(&session, 7, session.my, session.other);
	assert_hosts(7, SERVER, SECOND);
	second->destroy(second);
}

/* one more CHILD_SA of the pair may have to go, or a new one to be made */
static void an_sa_that_goes_is_looked_into(void **state)
{
	mobikex_pair_t *pair = mobikex_moved_pair(&session, MODE_TRANSPORT, FALSE, 7);

	mobikex_moved_hold(pair);
	mobikex_moved_hold(pair);
	pair->leaving = 1;
	looks = 0;
	mobikex_moved_drop(&session, pair);
	assert_int_equal(looks, 1);
	assert_int_equal(pair->leaving, 0);
	mobikex_moved_drop(&session, pair);
	assert_int_equal(looks, 2);
	assert_null(mobikex_pair_find(session.moved->pairs, 7));
	mobikex_moved_drop(&session, NULL);
	assert_int_equal(looks, 2);
}

static void only_transport_mode_without_a_nat(void **state)
{
	assert_null(mobikex_moved_pair(&session, MODE_TUNNEL, FALSE, 3));
	assert_null(mobikex_moved_pair(&session, MODE_BEET, FALSE, 3));
	assert_null(mobikex_moved_pair(&session, MODE_TRANSPORT, TRUE, 3));
	assert_non_null(mobikex_moved_pair(&session, MODE_TRANSPORT, FALSE, 3));
}

/* or a peer could stop our traffic to anybody by announcing him */
static void only_verified_addresses_are_guarded(void **state)
{
	serve();
	assert_true(is_guarded(FIRST));
	assert_true(is_guarded(SECOND));
	assert_false(is_guarded(UNVERIFIED));
}

static void an_address_that_was_left_stays_guarded(void **state)
{
	host_t *second = host(SECOND);

	serve();
	mobikex_peer_find(&session, second)->verified = FALSE;
	mobikex_moved_sync(&session);
	assert_true(is_guarded(SECOND));
	second->destroy(second);
}

static void but_not_any_number_of_them(void **state)
{
	mobikex_peer_t *peer;
	char text[16];
	int i;

	serve();
	for (i = 0; i < 3 * MOBIKEX_MAX_ADDRESSES; i++)
	{
		snprintf(text, sizeof(text), "10.4.0.%d", i + 1);
		peer = peer_add(text, TRUE);
		mobikex_moved_sync(&session);
		assert_true(is_guarded(text));
		peer->verified = FALSE;
		assert_true(guarded->get_count(guarded) <= MOBIKEX_MAX_ADDRESSES);
	}
	/* those in use are none of them */
	assert_true(is_guarded(FIRST));
	assert_true(is_guarded(SECOND));
}

/* the one that was left last is needed longest, not the one that came last */
static void the_longest_left_goes_first(void **state)
{
	host_t *second = host(SECOND);
	mobikex_peer_t *peer;
	char text[16];
	int i;

	serve();
	for (i = 0; guarded->get_count(guarded) < MOBIKEX_MAX_ADDRESSES; i++)
	{
		snprintf(text, sizeof(text), "10.4.0.%d", i + 1);
		peer = peer_add(text, TRUE);
		mobikex_moved_sync(&session);
		peer->verified = FALSE;
	}
	mobikex_peer_find(&session, second)->verified = FALSE;
	peer_add("10.5.0.1", TRUE);
	mobikex_moved_sync(&session);
	assert_true(is_guarded(SECOND));
	assert_false(is_guarded("10.4.0.1"));
	assert_true(is_guarded("10.4.0.2"));
	second->destroy(second);
}

/* each is policies in the kernel, for each address */
static void services_are_bounded(void **state)
{
	linked_list_t *services = session.moved->services;
	u_int i;

	for (i = 1; i <= MOBIKEX_MAX_SERVICES; i++)
	{
		assert_true(serve_ports(IPPROTO_UDP, i, i, 0, 65535));
		assert_int_equal(services->get_count(services), i);
	}
	assert_false(serve_ports(IPPROTO_UDP, i, i, 0, 65535));
	assert_int_equal(services->get_count(services), MOBIKEX_MAX_SERVICES);
	/* that is there, and so is part of it */
	assert_true(serve_ports(IPPROTO_UDP, 7, 7, 0, 65535));
	assert_true(serve_ports(IPPROTO_UDP, 7, 7, 53, 53));
	assert_false(serve_ports(IPPROTO_TCP, 7, 7, 53, 53));
}

static void what_a_wider_one_guards_is_none(void **state)
{
	linked_list_t *services = session.moved->services;

	serve();
	assert_true(serve_ports(IPPROTO_UDP, 7, 7, 53, 53));
	assert_true(serve_ports(IPPROTO_SCTP, 0, 65535, 0, 65535));
	assert_int_equal(services->get_count(services), 1);
}

static void icmp_is_guarded_whole(void **state)
{
	linked_list_t *services = session.moved->services;
	mobikex_service_t *service;

	/* echo requests: type 8, code 0 in one number */
	assert_true(serve_ports(IPPROTO_ICMP, 8 << 8, 8 << 8, 8 << 8, 8 << 8));
	assert_int_equal(services->get_first(services, (void**)&service), SUCCESS);
	assert_int_equal(service->protocol, IPPROTO_ICMP);
	assert_int_equal(service->local_port, 0);
	assert_int_equal(service->remote_port, 0);
}

static void what_cannot_be_guarded_is_not_accepted(void **state)
{
	kernel_is_full = TRUE;
	assert_false(serve_ports(0, 0, 65535, 0, 65535));
	kernel_is_full = FALSE;
	/* tried again */
	mobikex_moved_sync(&session);
	assert_true(is_guarded(FIRST));
	serve();
}

static void routes_follow_the_address_in_use(void **state)
{
	mobikex_moved_sync(&session);
	assert_int_equal(routed, 2);
	mobikex_moved_sync(&session);
	assert_int_equal(routed, 2);
	session.my->destroy(session.my);
	session.my = host("10.9.0.3");
	mobikex_moved_sync(&session);
	assert_int_equal(routed, 4);
}

static void moved_if_it_is_said(void **state)
{
	assert_false(mobikex_moved_setting("main"));
	lib->settings->set_str(lib->settings, "%s.plugins.mobikex.transport", "moved", lib->ns);
	assert_true(mobikex_moved_setting("main"));
	lib->settings->set_str(lib->settings, "%s.plugins.mobikex.connections.main.transport",
						   "pinned", lib->ns);
	assert_false(mobikex_moved_setting("main"));
	assert_true(mobikex_moved_setting("other"));
	lib->settings->set_str(lib->settings, "%s.plugins.mobikex.connections.main.transport",
						   "nailed", lib->ns);
	assert_false(mobikex_moved_setting("main"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_verified_pair_is_accepted, setup, teardown),
		cmocka_unit_test_setup_teardown(without_the_notify_where_ike_is, setup, teardown),
		cmocka_unit_test_setup_teardown(but_not_before_that_is_verified, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unverified_address_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(addresses_of_others_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(the_address_of_another_peers_child_sa_is_refused,
										setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(ignored_in_a_rekeying, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reqid_keeps_its_pair, setup, teardown),
		cmocka_unit_test_setup_teardown(a_number_of_which_nothing_came_is_free,
										setup, teardown),
		cmocka_unit_test_setup_teardown(an_sa_that_goes_is_looked_into, setup, teardown),
		cmocka_unit_test_setup_teardown(only_transport_mode_without_a_nat, setup, teardown),
		cmocka_unit_test_setup_teardown(only_verified_addresses_are_guarded, setup, teardown),
		cmocka_unit_test_setup_teardown(an_address_that_was_left_stays_guarded, setup, teardown),
		cmocka_unit_test_setup_teardown(but_not_any_number_of_them, setup, teardown),
		cmocka_unit_test_setup_teardown(the_longest_left_goes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(services_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_wider_one_guards_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(icmp_is_guarded_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_guarded_is_not_accepted,
										setup, teardown),
		cmocka_unit_test_setup_teardown(routes_follow_the_address_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(moved_if_it_is_said, setup, teardown),
	};
	int failed;

	library_init(NULL, "test_moved");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
