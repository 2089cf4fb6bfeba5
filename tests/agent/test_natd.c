/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UPDATE_SA_ADDRESSES that came by another path than it was made for is no sign of
 * a NAT; whatever else does not fit is.
 *
 *   10.1.0.2, 10.2.0.2   the peer's, both verified
 *   192.168.0.2          the peer's as it says, not verified: behind a NAT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <library.h>
#include <encoding/payloads/notify_payload.h>
#include "fake_charon.h"
#include "mobikex_natd.h"

#define WLAN "10.1.0.2"
#define LTE "10.2.0.2"
#define PRIVATE "192.168.0.2"
#define PUBLIC "203.0.113.7"

mobikex_agent_t *mobikex;
static mobikex_session_t session;
static ike_sa_id_t *id;

/* ------------------------------------------------ what stands for the rest */

static ike_sa_id_t *get_id(ike_sa_t *this)
{
	return id;
}

static ike_sa_t ike_sa = { .get_id = get_id };

/* ----------------------------------------------------------------- fixture */

static void peer(const char *text, bool verified)
{
	mobikex_peer_t *entry;

	INIT(entry,
		.host = host_create_from_string((char *)text, 4500),
		.verified = verified,
	);
	session.peers->insert_last(session.peers, entry);
}

static int begin(void **state)
{
	charon = &fake_daemon;
	id = ike_sa_id_create(2, 0x1122334455667788ULL, 0x99aabbccddeeff00ULL, FALSE);
	session = (mobikex_session_t){ .name = "test", .peers = linked_list_create() };
	peer(WLAN, TRUE);
	peer(LTE, TRUE);
	peer(PRIVATE, FALSE);
	return 0;
}

static int end(void **state)
{
	fake_peers_destroy(session.peers);
	id->destroy(id);
	return 0;
}

/* RFC 7296 2.23, written once more from its text */
static chunk_t hash_of(const char *text, uint16_t port)
{
	uint64_t spi[] = { 0x1122334455667788ULL, 0x99aabbccddeeff00ULL };
	host_t *host = host_create_from_string((char *)text, port);
	hasher_t *hasher = lib->crypto->create_hasher(lib->crypto, HASH_SHA1);
	uint16_t order = htons(port);
	chunk_t hash;

	assert_non_null(hasher);
	assert_true(hasher->get_hash(hasher, chunk_from_thing(spi), NULL));
	assert_true(hasher->get_hash(hasher, host->get_address(host), NULL));
	assert_true(hasher->allocate_hash(hasher, chunk_from_thing(order), &hash));
	hasher->destroy(hasher);
	host->destroy(host);
	return hash;
}

static void add_hash(message_t *message, notify_type_t type, const char *text, uint16_t port)
{
	chunk_t hash = hash_of(text, port);

	message->add_notify(message, FALSE, type, hash);
	chunk_free(&hash);
}

/* How many of both hashes are left of a request from here, made for there? */
static int left(const char *from, const char *made_for, bool update)
{
	message_t *message = message_create(2, 0);
	enumerator_t *enumerator;
	notify_payload_t *notify;
	payload_t *payload;
	int count = 0;

	message->set_exchange_type(message, INFORMATIONAL);
	message->set_source(message, host_create_from_string((char *)from, 4500));
	if (update)
		message->add_notify(message, FALSE, UPDATE_SA_ADDRESSES, chunk_empty);
	add_hash(message, NAT_DETECTION_SOURCE_IP, made_for, 4500);
	add_hash(message, NAT_DETECTION_DESTINATION_IP, "10.9.0.2", 4500);
	message->add_notify(message, FALSE, COOKIE2, chunk_from_str("12345678"));
	mobikex_natd_filter(&session, &ike_sa, message);

	assert_non_null(message->get_notify(message, COOKIE2));
	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload)) {
		notify = (notify_payload_t *)payload;
		count += notify->get_notify_type(notify) == NAT_DETECTION_SOURCE_IP ||
			 notify->get_notify_type(notify) == NAT_DETECTION_DESTINATION_IP;
	}
	enumerator->destroy(enumerator);
	message->destroy(message);
	return count;
}

/* ------------------------------------------------------------------- tests */

static void no_nat(void **state)
{
	assert_int_equal(left(LTE, LTE, TRUE), 2);
}

static void sent_again_by_another_path(void **state)
{
	assert_int_equal(left(LTE, WLAN, TRUE), 0);
	assert_int_equal(left(WLAN, LTE, TRUE), 0);
}

/* What was verified is in front of the NAT; what the hash is of lies behind it. */
static void a_nat_is_a_nat(void **state)
{
	assert_int_equal(left(PUBLIC, PRIVATE, TRUE), 2);
	assert_int_equal(left(LTE, PRIVATE, TRUE), 2);
	assert_int_equal(left(LTE, "10.77.0.1", TRUE), 2);
}

static void other_requests_are_left_alone(void **state)
{
	assert_int_equal(left(LTE, WLAN, FALSE), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(no_nat),
		TEST(sent_again_by_another_path),
		TEST(a_nat_is_a_nat),
		TEST(other_requests_are_left_alone),
	};
	int failed;

	library_init(NULL, "segue-test");
	lib->plugins->load(lib->plugins, "sha1");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
