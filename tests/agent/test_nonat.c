/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which requests say NO_NATS_ALLOWED, and what they say (RFC 4555 3.9, 4.2.6).  Whether
 * it is true is judged in test_operation.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <daemon.h>
#include <encoding/payloads/notify_payload.h>
#include <segue/mobikex.h>
#include "fake_charon.h"
#include "mobikex_nonat.h"

mobikex_agent_t *mobikex;

void mobikex_event(uint32_t id, enum segue_event_type type, enum segue_reason reason) {}

static char *get_name(ike_sa_t *this)
{
	return "home";
}

static ike_sa_t ike_sa = { .get_name = get_name };

/* What a request with this notify says besides; empty: nothing */
static bool says(exchange_type_t exchange, bool request, int type, const char *expected)
{
	message_t *message = message_create(IKEV2_MAJOR_VERSION, 0);
	notify_payload_t *notify;
	chunk_t data = chunk_from_hex(chunk_from_str((char *)expected), NULL);
	bool same;

	message->set_exchange_type(message, exchange);
	message->set_request(message, request);
	message->set_source(message, host_create_from_string("10.1.0.2", 4500));
	message->set_destination(message, host_create_from_string("10.9.0.2", 4501));
	message->add_notify(message, FALSE, type, chunk_empty);
	mobikex_nonat_add(&ike_sa, message);
	mobikex_nonat_add(&ike_sa, message);	/* once is enough */
	notify = message->get_notify(message, NO_NATS_ALLOWED);
	same = notify ? chunk_equals(data, notify->get_notification_data(notify)) : !data.len;
	message->destroy(message);
	chunk_free(&data);
	return same;
}

#define PAIR "0a0100020a09000211941195"

static void set(const char *key, bool value)
{
	char path[128];

	/* dots of an argument would not separate sections */
	snprintf(path, sizeof(path), "%%s.plugins.mobikex.%s", key);
	lib->settings->set_bool(lib->settings, path, value, lib->ns);
}

static void not_by_default(void **state)
{
	assert_true(says(INFORMATIONAL, TRUE, UPDATE_SA_ADDRESSES, ""));
	assert_true(says(IKE_AUTH, TRUE, MOBIKE_SUPPORTED, ""));
}

static void where_it_counts(void **state)
{
	static const int types[] = { UPDATE_SA_ADDRESSES, ADDITIONAL_IP4_ADDRESS,
				     ADDITIONAL_IP6_ADDRESS, NO_ADDITIONAL_ADDRESSES,
				     ADD_SA_ADDRESS, REMOVE_SA_ADDRESS };
	int i;

	set("nat", FALSE);
	for (i = 0; i < countof(types); i++) {
		assert_true(says(INFORMATIONAL, TRUE, types[i], PAIR));
		assert_true(says(INFORMATIONAL, FALSE, types[i], ""));
		assert_true(says(CREATE_CHILD_SA, TRUE, types[i], ""));
	}
	assert_true(says(INFORMATIONAL, TRUE, COOKIE2, ""));
	assert_true(says(IKE_AUTH, TRUE, MOBIKE_SUPPORTED, PAIR));
	assert_true(says(IKE_AUTH, FALSE, MOBIKE_SUPPORTED, ""));
	assert_true(says(IKE_AUTH, TRUE, INITIAL_CONTACT, ""));	/* EAP's second one */
}

static void by_connection(void **state)
{
	set("nat", FALSE);
	set("connections.home.nat", TRUE);
	assert_true(says(INFORMATIONAL, TRUE, UPDATE_SA_ADDRESSES, ""));
	set("nat", TRUE);
	set("connections.home.nat", FALSE);
	assert_true(says(INFORMATIONAL, TRUE, UPDATE_SA_ADDRESSES, PAIR));
	set("connections.away.nat", FALSE);
	set("connections.home.nat", TRUE);
	assert_true(says(INFORMATIONAL, TRUE, UPDATE_SA_ADDRESSES, ""));
}

static int begin(void **state)
{
	library_init(NULL, "segue-test");
	charon = &fake_daemon;
	return 0;
}

static int end(void **state)
{
	library_deinit();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(not_by_default),
		TEST(where_it_counts),
		TEST(by_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
