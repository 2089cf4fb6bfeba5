/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a peer's operations: docs/mobike-x.md, "Responder" and "Errors". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include <library.h>
#include <encoding/payloads/notify_payload.h>
#include "fake_peer.h"
#include "mobikex_host.h"
#include "mobikex_notify.h"
#include "mobikex_operation.h"

static int begin(void **state)
{
	fake_peer_begin();
	return 0;
}

static int end(void **state)
{
	fake_peer_end();
	return 0;
}

static void put(message_t *request, uint16_t operation, enum mobikex_role role,
		const char *text, u_int spis, uint32_t spi)
{
	mobikex_parameter_t parameter = { .role = role, .spis = spis, .spi = { htonl(spi) } };
	uint8_t buffer[MOBIKEX_PARAMETER_SIZE];
	host_t *host;

	if (operation)
		request->add_notify(request, FALSE, operation, chunk_empty);
	if (text) {
		host = host_create_from_string((char *)text, 0);
		parameter.addr = mobikex_addr(host);
		parameter.named = TRUE;
		host->destroy(host);
	}
	if (role)
		request->add_notify(request, FALSE, IP_PARAMETER,
				    mobikex_parameter_encode(&parameter, buffer));
}

/* The reason of the one refusal that the response tells, 0 if it tells none. */
static int reason_of(message_t *response)
{
	notify_payload_t *notify = response->get_notify(response, OPERATION_REFUSED);
	mobikex_refused_t refused = {};

	if (notify)
		assert_int_equal(mobikex_refused_parse(notify->get_notification_data(notify),
						       &refused), MOBIKEX_NOT_REFUSED);
	response->destroy(response);
	return refused.reason;
}

static int ask_from(const char *source, uint16_t operation, enum mobikex_role role,
		    const char *text)
{
	message_t *request = fake_request(source);

	put(request, operation, role, text, 0, 0);
	return reason_of(fake_respond(request));
}

static int ask_add(const char *text)
{
	return ask_from(FAKE_IN_USE, ADD_SA_ADDRESS, MOBIKEX_ROLE_ADDED, text);
}

static int ask_remove(const char *text)
{
	return ask_from(FAKE_IN_USE, REMOVE_SA_ADDRESS, MOBIKEX_ROLE_REMOVED, text);
}

static void ask_preferred(const char *text, uint16_t preference)
{
	mobikex_parameter_t parameter = { .role = MOBIKEX_ROLE_ADDED, .named = TRUE,
					  .preference = preference };
	host_t *host = host_create_from_string((char *)text, 0);
	message_t *request = fake_request(FAKE_IN_USE);
	uint8_t buffer[MOBIKEX_PARAMETER_SIZE];

	parameter.addr = mobikex_addr(host);
	host->destroy(host);
	request->add_notify(request, FALSE, ADD_SA_ADDRESS, chunk_empty);
	request->add_notify(request, FALSE, IP_PARAMETER,
			    mobikex_parameter_encode(&parameter, buffer));
	assert_int_equal(reason_of(fake_respond(request)), 0);
}

/* In the set, not usable, and looked at soon. */
static void added(void **state)
{
	assert_int_equal(ask_add("10.3.0.2"), 0);
	assert_non_null(fake_address("10.3.0.2"));
	assert_false(fake_address("10.3.0.2")->verified);
	assert_int_equal(fake_address("10.3.0.2")->host->get_port(fake_address("10.3.0.2")->host), 4500);
	assert_int_equal(fake_peer.listed->get_count(fake_peer.listed), 3);
	assert_int_equal(fake_peer.checks, 1);
	assert_int_equal(fake_peer.refusals, 0);
}

static void added_by_header(void **state)
{
	assert_int_equal(ask_from("10.3.0.2", ADD_SA_ADDRESS, 0, NULL), 0);
	assert_non_null(fake_address("10.3.0.2"));
}

/* A parameter that cannot be read is no parameter left out. */
static void not_by_header(void **state)
{
	message_t *request = fake_request("10.3.0.2");

	put(request, ADD_SA_ADDRESS, 0, NULL, 0, 0);
	request->add_notify(request, FALSE, IP_PARAMETER, chunk_from_str("x"));
	assert_int_equal(reason_of(fake_respond(request)), MOBIKEX_MALFORMED);
	assert_null(fake_address("10.3.0.2"));
}

/* Told again: a verified one stays so, a failed one gets another chance. */
static void added_again(void **state)
{
	assert_int_equal(ask_add(FAKE_IDLE), 0);
	assert_true(fake_address(FAKE_IDLE)->verified);
	assert_int_equal(ask_add("10.3.0.2"), 0);
	fake_address("10.3.0.2")->tries = mobikex->check_tries;
	assert_int_equal(ask_add("10.3.0.2"), 0);
	assert_int_equal(fake_address("10.3.0.2")->tries, 0);
	assert_int_equal(fake_peer.session.peers->get_count(fake_peer.session.peers), 3);
	/* removed, but still kept */
	fake_address(FAKE_IDLE)->listed = FALSE;
	assert_int_equal(ask_add(FAKE_IDLE), 0);
	assert_true(fake_address(FAKE_IDLE)->listed);
}

static void removed(void **state)
{
	assert_int_equal(ask_remove(FAKE_IDLE), 0);
	assert_null(fake_address(FAKE_IDLE));
	assert_int_equal(fake_peer.listed->get_count(fake_peer.listed), 1);
}

static void refused(void **state)
{
	static const struct {
		uint16_t operation;
		enum mobikex_role role;
		const char *addr;
		int reason;
	} cases[] = {
		{ ADD_SA_ADDRESS, MOBIKEX_ROLE_ADDED, FAKE_US, MOBIKEX_NOT_YOURS },
		{ ADD_SA_ADDRESS, MOBIKEX_ROLE_ADDED, "127.0.0.1", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ ADD_SA_ADDRESS, MOBIKEX_ROLE_ADDED, "224.0.0.1", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ ADD_SA_ADDRESS, MOBIKEX_ROLE_ADDED, "fe80::1", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ ADD_SA_ADDRESS, MOBIKEX_ROLE_ADDED, "fd02::2", MOBIKEX_OTHER_FAMILY },
		{ ADD_SA_ADDRESS, MOBIKEX_ROLE_REMOVED, FAKE_IDLE, MOBIKEX_NO_OPERATION },
		{ REMOVE_SA_ADDRESS, MOBIKEX_ROLE_REMOVED, "10.3.0.2", MOBIKEX_UNKNOWN_ADDRESS },
		{ REMOVE_SA_ADDRESS, MOBIKEX_ROLE_REMOVED, FAKE_IN_USE, MOBIKEX_IN_USE },
		{ REMOVE_SA_ADDRESS, 0, NULL, MOBIKEX_IN_USE },
	};
	int i;

	for (i = 0; i < countof(cases); i++) {
		if (ask_from(FAKE_IN_USE, cases[i].operation, cases[i].role, cases[i].addr) !=
		    cases[i].reason)
			fail_msg("%d: %s", i, cases[i].addr);
		assert_int_equal(fake_peer.refusals, i + 1);
		assert_int_equal(fake_peer.reason, SEGUE_REASON_OPERATION + cases[i].reason);
	}
	assert_int_equal(fake_peer.session.peers->get_count(fake_peer.session.peers), 2);
}

/* The last one stays, whatever is tried. */
static void never_the_last(void **state)
{
	assert_int_equal(ask_remove(FAKE_IDLE), 0);
	assert_int_equal(ask_remove(FAKE_IN_USE), MOBIKEX_IN_USE);
	assert_non_null(fake_address(FAKE_IN_USE));
}

static void spis(void **state)
{
	static const struct {
		uint32_t spi;
		int reason;
	} cases[] = {
		{ FAKE_SPI, MOBIKEX_NOT_SUPPORTED },
		{ 0xc329c256, MOBIKEX_UNKNOWN_SPI },	/* ours, not the peer's */
		{ 0xffff, MOBIKEX_UNKNOWN_SPI },
	};
	message_t *request;
	int i;

	for (i = 0; i < countof(cases); i++) {
		request = fake_request(FAKE_IN_USE);
		put(request, ADD_SA_ADDRESS, MOBIKEX_ROLE_ADDED, "10.3.0.2", 1, cases[i].spi);
		assert_int_equal(reason_of(fake_respond(request)), cases[i].reason);
		assert_null(fake_address("10.3.0.2"));
	}
}

static void full(void **state)
{
	char text[32];
	int i;

	for (i = 2; i < MOBIKEX_MAX_ADDRESSES; i++) {
		snprintf(text, sizeof(text), "10.7.0.%d", i);
		assert_int_equal(ask_add(text), 0);
	}
	assert_int_equal(ask_add("10.8.0.2"), MOBIKEX_TOO_MANY_ADDRESSES);
	assert_int_equal(ask_add(text), 0);	/* known */
	assert_int_equal(ask_remove(text), 0);
	assert_int_equal(ask_add("10.8.0.2"), 0);
}

/* Each costs a check: so many in a minute, and again in the next. */
static void too_often(void **state)
{
	int i;

	for (i = 0; i < MOBIKEX_ADDS_PER_MINUTE; i++) {
		assert_int_equal(ask_add("10.3.0.2"), 0);
		assert_int_equal(ask_remove("10.3.0.2"), 0);
	}
	assert_int_equal(ask_add("10.3.0.2"), MOBIKEX_TOO_OFTEN);
	assert_int_equal(ask_add(FAKE_IDLE), 0);	/* costs none */
	fake_peer.ms += FAKE_MINUTE_MS;
	assert_int_equal(ask_add("10.3.0.2"), 0);
}

static int update_from(const char *source)
{
	return ask_from(source, UPDATE_SA_ADDRESSES, 0, NULL);
}

/* From a new address each time, which are checked as well. */
static void moves_too_often(void **state)
{
	char text[32];
	int i;

	for (i = 0; i < MOBIKEX_ADDS_PER_MINUTE; i++) {
		snprintf(text, sizeof(text), "10.7.0.%d", i + 1);
		assert_int_equal(update_from(text), 0);
		assert_true(fake_peer.updated);
	}
	assert_int_equal(update_from("10.8.0.2"), MOBIKEX_TOO_OFTEN);
	assert_false(fake_peer.updated);
	assert_int_equal(update_from(FAKE_IDLE), 0);	/* costs none */
	fake_peer.ms += FAKE_MINUTE_MS;
	assert_int_equal(update_from("10.8.0.2"), 0);
}

/* Where the peer is there has to be room for: what was not checked goes first, then what
 * is known for longest. */
static void room(void **state)
{
	mobikex_session_t *session = &fake_peer.session;
	struct segue_addr used = mobikex_addr(fake_address(FAKE_IN_USE)->host);
	char text[32];
	int i;

	for (i = 2; i < MOBIKEX_MAX_ADDRESSES; i++) {
		mobikex_peers_room(session, &used);
		snprintf(text, sizeof(text), "10.7.0.%d", i);
		assert_int_equal(ask_add(text), 0);
		fake_address(text)->verified = i != 5;
		fake_address(text)->since = i;
	}
	assert_int_equal(session->peers->get_count(session->peers), MOBIKEX_MAX_ADDRESSES);
	mobikex_peers_room(session, &used);
	assert_null(fake_address("10.7.0.5"));
	assert_int_equal(session->peers->get_count(session->peers), MOBIKEX_MAX_ADDRESSES - 1);
	assert_int_equal(ask_add("10.7.0.5"), 0);
	fake_address("10.7.0.5")->verified = TRUE;
	fake_address("10.7.0.5")->since = 1;
	fake_address(FAKE_IDLE)->since = fake_address(FAKE_IN_USE)->since = 0;
	mobikex_peers_room(session, &used);
	assert_null(fake_address(FAKE_IDLE));		/* and not the one in use */
	assert_int_equal(session->peers->get_count(session->peers), MOBIKEX_MAX_ADDRESSES - 1);
}

/* Our own traffic goes there by a device of which segue knows nothing, and by no uplink. */
static void elsewhere(void **state)
{
	assert_int_equal(ask_add("10.77.0.2"), MOBIKEX_NOT_YOURS);
	assert_null(fake_address("10.77.0.2"));
	assert_int_equal(update_from("10.77.0.2"), MOBIKEX_NOT_YOURS);
	assert_false(fake_peer.updated);
	assert_int_equal(ask_add("10.78.0.2"), 0);	/* by the default route */
	assert_int_equal(ask_add("10.79.0.2"), 0);	/* by an uplink, too */
	/* detached: there are no routes of ours */
	mobikex->device = 0;
	assert_int_equal(ask_add("10.77.0.2"), 0);
}

/* The hash of RFC 7296 2.23, by a sender that is at this address. */
static void natd(message_t *request, const char *text)
{
	uint64_t spis[] = { FAKE_SPI_I, FAKE_SPI_R };
	host_t *host = host_create_from_string((char *)text, 4500);
	uint16_t port = htons(4500);
	hasher_t *hasher = lib->crypto->create_hasher(lib->crypto, HASH_SHA1);
	chunk_t hash;

	assert_non_null(hasher);
	assert_true(hasher->get_hash(hasher, chunk_from_thing(spis), NULL));
	assert_true(hasher->get_hash(hasher, host->get_address(host), NULL));
	assert_true(hasher->allocate_hash(hasher, chunk_from_thing(port), &hash));
	request->add_notify(request, FALSE, NAT_DETECTION_SOURCE_IP, hash);
	chunk_free(&hash);
	hasher->destroy(hasher);
	host->destroy(host);
}

static void updates(void **state)
{
	static const struct {
		const char *source, *new;
		uint32_t spi;
		bool leader;
		int reason;
		const char *behind;	/* a NAT, and there it has this address */
	} cases[] = {
		{ FAKE_IDLE, NULL, 0, FALSE, 0 },
		{ FAKE_IDLE, FAKE_IDLE, 0, FALSE, 0 },
		{ "10.3.0.2", "10.3.0.2", 0, FALSE, 0 },	/* to be checked */
		{ FAKE_IDLE, "10.3.0.2", 0, FALSE, MOBIKEX_NOT_THE_SOURCE },
		{ FAKE_IDLE, "192.168.0.2", 0, FALSE, 0, "192.168.0.2" },
		{ FAKE_IDLE, NULL, 0, TRUE, MOBIKEX_NOT_SUPPORTED },
		{ FAKE_US, NULL, 0, FALSE, MOBIKEX_NOT_YOURS },
		{ "fd02::2", NULL, 0, FALSE, MOBIKEX_OTHER_FAMILY },
		{ "127.0.0.1", NULL, 0, FALSE, MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ FAKE_IDLE, FAKE_IDLE, 0xffff, FALSE, MOBIKEX_UNKNOWN_SPI },
	};
	message_t *request, *response;
	notify_payload_t *notify;
	int i;

	for (i = 0; i < countof(cases); i++) {
		fake_peer.leader = cases[i].leader;
		request = fake_request(cases[i].source);
		put(request, UPDATE_SA_ADDRESSES, cases[i].new ? MOBIKEX_ROLE_NEW : 0,
		    cases[i].new, cases[i].spi != 0, cases[i].spi);
		natd(request, cases[i].behind ?: cases[i].source);
		response = fake_respond(request);
		notify = response->get_notify(response, UNACCEPTABLE_ADDRESSES);
		if (fake_peer.updated == (cases[i].reason != 0) ||
		    (notify != NULL) != (cases[i].reason != 0))
			fail_msg("%d", i);
		assert_int_equal(fake_peer.natd, fake_peer.updated);
		assert_int_equal(reason_of(response), cases[i].reason);
	}
}

/* For some CHILD_SAs only: charon sees nothing of it, and only what was checked will
 * do, from wherever the request comes. */
static void named(void **state)
{
	static const struct {
		const char *source, *new;
		uint32_t spi;
		bool leader;
		int reason;
		const char *to;
	} cases[] = {
		{ FAKE_IN_USE, FAKE_IDLE, FAKE_SPI, FALSE, 0, FAKE_IDLE },
		{ FAKE_IN_USE, FAKE_IN_USE, FAKE_SPI, FALSE, 0, FAKE_IN_USE },
		{ FAKE_IN_USE, NULL, FAKE_SPI, FALSE, 0 },	/* with the session again */
		{ "10.3.0.2", NULL, FAKE_SPI, FALSE, 0 },
		{ FAKE_IN_USE, "10.3.0.2", FAKE_SPI, FALSE, MOBIKEX_UNKNOWN_ADDRESS },
		{ FAKE_IN_USE, FAKE_US, FAKE_SPI, FALSE, MOBIKEX_UNKNOWN_ADDRESS },
		{ FAKE_IN_USE, "fd02::2", FAKE_SPI, FALSE, MOBIKEX_UNKNOWN_ADDRESS },
		{ FAKE_IN_USE, FAKE_IDLE, FAKE_SPI_PLAIN, FALSE, MOBIKEX_NOT_SUPPORTED },
		{ FAKE_IN_USE, FAKE_IDLE, 0xc329c256, FALSE, MOBIKEX_UNKNOWN_SPI },
		{ FAKE_IN_USE, FAKE_IDLE, FAKE_SPI, TRUE, MOBIKEX_NOT_SUPPORTED },
	};
	message_t *request, *response;
	char text[INET6_ADDRSTRLEN];
	unsigned int before;
	notify_payload_t *notify;
	host_t *host;
	int i;

	for (i = 0; i < countof(cases); i++) {
		before = fake_peer.named;
		fake_peer.leader = cases[i].leader;
		request = fake_request(cases[i].source);
		put(request, UPDATE_SA_ADDRESSES, MOBIKEX_ROLE_NEW, cases[i].new, 1, cases[i].spi);
		natd(request, cases[i].source);
		response = fake_respond(request);
		notify = response->get_notify(response, UNACCEPTABLE_ADDRESSES);
		if (fake_peer.updated || fake_peer.natd ||
		    (notify != NULL) != (cases[i].reason != 0) ||
		    fake_peer.named - before != !cases[i].reason)
			fail_msg("%d", i);
		assert_int_equal(reason_of(response), cases[i].reason);
		if (cases[i].reason)
			continue;
		assert_int_equal(fake_peer.child, FAKE_CHILD);
		assert_int_equal(fake_peer.child_apart, cases[i].to != NULL);
		if (!cases[i].to)
			continue;
		host = mobikex_host(&fake_peer.child_addr, 0);
		snprintf(text, sizeof(text), "%H", host);
		assert_string_equal(text, cases[i].to);
		host->destroy(host);
	}
}

/* All of those named or none; and *old* names nothing. */
static void named_partly(void **state)
{
	mobikex_parameter_t parameter = {
		.role = MOBIKEX_ROLE_NEW,
		.spis = 2,
		.spi = { htonl(FAKE_SPI), htonl(0xffff) },
	};
	uint8_t buffer[MOBIKEX_PARAMETER_SIZE];
	message_t *request = fake_request(FAKE_IDLE);

	put(request, UPDATE_SA_ADDRESSES, 0, NULL, 0, 0);
	request->add_notify(request, FALSE, IP_PARAMETER,
			    mobikex_parameter_encode(&parameter, buffer));
	assert_int_equal(reason_of(fake_respond(request)), MOBIKEX_UNKNOWN_SPI);
	request = fake_request(FAKE_IDLE);
	put(request, UPDATE_SA_ADDRESSES, MOBIKEX_ROLE_OLD, FAKE_IN_USE, 1, FAKE_SPI);
	assert_int_equal(reason_of(fake_respond(request)), MOBIKEX_NOT_SUPPORTED);
	assert_int_equal(fake_peer.named, 0);
}

/* Without MOBIKEX_SUPPORTED these are numbers that anybody may use. */
static void not_negotiated(void **state)
{
	fake_peer.supports = FALSE;
	assert_int_equal(ask_add("10.3.0.2"), 0);
	assert_null(fake_address("10.3.0.2"));
	assert_int_equal(ask_remove(FAKE_IDLE), 0);
	assert_non_null(fake_address(FAKE_IDLE));
	assert_int_equal(fake_peer.refusals, 0);
	/* but what RFC 4555 lets the responder refuse is refused */
	assert_int_equal(ask_from(FAKE_US, UPDATE_SA_ADDRESSES, 0, NULL), MOBIKEX_NOT_YOURS);
}

/* NO_NATS_ALLOWED names what the packet should have: 10.1.0.2 and 10.9.0.2, 4500 both. */
static void no_nats(void **state)
{
	static const struct {
		const char *source, *hex;
		bool refused;
	} cases[] = {
		{ FAKE_IN_USE, "0a0100020a09000211941194", FALSE },
		{ FAKE_IDLE, "0a0100020a09000211941194", TRUE },
		{ FAKE_IN_USE, "0a0100020a09000311941194", TRUE },
		{ FAKE_IN_USE, "0a0100020a09000211951194", TRUE },
		{ FAKE_IN_USE, "0a0100020a09000211941195", TRUE },
		{ FAKE_IN_USE, "0a010002", TRUE },
		{ FAKE_IN_USE, "", TRUE },
	};
	message_t *request, *response;
	chunk_t data;
	int i;

	for (i = 0; i < countof(cases); i++) {
		data = chunk_from_hex(chunk_from_str((char *)cases[i].hex), NULL);
		request = fake_request(cases[i].source);
		request->add_notify(request, FALSE, NO_NATS_ALLOWED, data);
		put(request, UPDATE_SA_ADDRESSES, 0, NULL, 0, 0);
		put(request, REMOVE_SA_ADDRESS, MOBIKEX_ROLE_REMOVED, "10.3.0.2", 0, 0);
		response = fake_respond(request);
		if ((response->get_notify(response, UNEXPECTED_NAT_DETECTED) != NULL) !=
		    cases[i].refused || fake_peer.updated == cases[i].refused)
			fail_msg("%d", i);
		/* what else is in it does not count either */
		assert_int_equal(reason_of(response),
				 cases[i].refused ? 0 : MOBIKEX_UNKNOWN_ADDRESS);
		chunk_free(&data);
	}
	assert_int_equal(fake_peer.refusals, countof(cases));
}

/* The answer goes to its own request. */
static void other_response(void **state)
{
	assert_int_equal(ask_remove(FAKE_IN_USE), MOBIKEX_IN_USE);
	assert_int_equal(ask_from(FAKE_IN_USE, COOKIE2, 0, NULL), 0);
}

/* Of two announcements the later one counts; of one that is refused nothing does. */
static void preference(void **state)
{
	ask_preferred("10.3.0.2", 7);
	assert_int_equal(fake_address("10.3.0.2")->preference, 7);
	ask_preferred("10.3.0.2", 0);
	assert_int_equal(fake_address("10.3.0.2")->preference, 0);
	ask_preferred(FAKE_IDLE, MOBIKEX_PREFERENCE_LAST);
	assert_int_equal(fake_address(FAKE_IDLE)->preference, MOBIKEX_PREFERENCE_LAST);
	assert_int_equal(fake_peer.refusals, 0);
}

/* That of *new* counts for where the peer has gone, if it may go there. */
static void preference_of_new(void **state)
{
	mobikex_parameter_t parameter = { .role = MOBIKEX_ROLE_NEW, .preference = 5 };
	uint8_t buffer[MOBIKEX_PARAMETER_SIZE];
	message_t *request = fake_request(FAKE_IDLE);

	request->add_notify(request, FALSE, UPDATE_SA_ADDRESSES, chunk_empty);
	request->add_notify(request, FALSE, IP_PARAMETER,
			    mobikex_parameter_encode(&parameter, buffer));
	assert_int_equal(reason_of(fake_respond(request)), 0);
	assert_int_equal(fake_address(FAKE_IDLE)->preference, 5);
	assert_int_equal(fake_address(FAKE_IN_USE)->preference, 0);
	parameter.preference = 1;
	parameter.spis = 1;			/* of a CHILD_SA: not the peer's */
	parameter.spi[0] = htonl(FAKE_SPI);
	request = fake_request(FAKE_IDLE);
	request->add_notify(request, FALSE, UPDATE_SA_ADDRESSES, chunk_empty);
	request->add_notify(request, FALSE, IP_PARAMETER,
			    mobikex_parameter_encode(&parameter, buffer));
	assert_int_equal(reason_of(fake_respond(request)), 0);
	assert_int_equal(fake_address(FAKE_IDLE)->preference, 5);
	parameter = (mobikex_parameter_t){ .role = MOBIKEX_ROLE_NEW, .preference = 5 };
	fake_peer.leader = TRUE;		/* and the peer is not */
	request = fake_request(FAKE_IN_USE);
	request->add_notify(request, FALSE, UPDATE_SA_ADDRESSES, chunk_empty);
	request->add_notify(request, FALSE, IP_PARAMETER,
			    mobikex_parameter_encode(&parameter, buffer));
	assert_int_equal(reason_of(fake_respond(request)), MOBIKEX_NOT_SUPPORTED);
	assert_int_equal(fake_address(FAKE_IN_USE)->preference, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(added),
		TEST(added_by_header),
		TEST(not_by_header),
		TEST(added_again),
		TEST(removed),
		TEST(refused),
		TEST(never_the_last),
		TEST(spis),
		TEST(full),
		TEST(too_often),
		TEST(moves_too_often),
		TEST(room),
		TEST(elsewhere),
		TEST(updates),
		TEST(named),
		TEST(named_partly),
		TEST(not_negotiated),
		TEST(no_nats),
		TEST(preference),
		TEST(preference_of_new),
		TEST(other_response),
	};
	int failed;

	library_init(NULL, "segue-test");
	lib->plugins->load(lib->plugins, "sha1");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
