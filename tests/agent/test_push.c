/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A routability check, and what an answer to it proves: that the peer is at the
 * address that was asked, unless the request also went another way.
 *
 *          .---- 10.2.0.2  asked: is the peer there?
 *   10.1.0.2
 *          '---- 10.9.0.2  the path in use, which a request is sent again by
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <daemon.h>
#include <encoding/payloads/notify_payload.h>
#include "fake_charon.h"
#include "mobikex_announce.h"
#include "mobikex_check.h"
#include "mobikex_handover.h"
#include "mobikex_nonat.h"
#include "mobikex_path.h"
#include "mobikex_push.h"
#include "mobikex_task.h"

#define US "10.1.0.2"
#define ASKED "10.2.0.2"
#define IN_USE "10.9.0.2"
#define IKE 7
#define MID 3
#define PUSH_MS 500

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;
static bool has_session;

/* ------------------------------------------------ what stands for the rest */

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return has_session && ike == IKE ? &session : NULL;
}

static bool reached, answered;

void mobikex_check_result(ike_sa_t *ike_sa, host_t *my, host_t *other, bool is_reached)
{
	reached = is_reached;
	answered = TRUE;
}

static bool natd, left_out;

bool mobikex_check_natd(ike_sa_t *this)
{
	return natd;
}

void mobikex_check_left_out(ike_sa_t *this, host_t *my, host_t *other)
{
	left_out = TRUE;
}

bool mobikex_path_active_hosts(mobikex_session_t *this, host_t **my, host_t **other)
{
	*my = host_create_from_string(US, 4500);
	*other = host_create_from_string(IN_USE, 4500);
	return TRUE;
}

status_t mobikex_follow_at_once(ike_sa_t *ike_sa)
{
	return SUCCESS;
}

/* what an update needs, test_update.c */
bool mobikex_path_refused(mobikex_session_t *this, host_t *local, host_t *remote)
{
	return FALSE;
}

void mobikex_follow_queue(mobikex_session_t *this)
{
}

bool mobikex_nonat_again(mobikex_session_t *this)
{
	return FALSE;
}

void mobikex_announce_update(ike_sa_t *ike_sa, message_t *message, mobikex_owed_t *owed)
{
}

void mobikex_announce_answered(ike_sa_t *ike_sa, message_t *message,
			       const mobikex_owed_t *owed, bool moved)
{
}

/* The last job that was queued */
static mobikex_job_t job;
static uint32_t job_data, job_delay;

void mobikex_job_queue(uint32_t ike, mobikex_job_t function, uint32_t data, uint32_t delay)
{
	job = function;
	job_data = data;
	job_delay = delay;
}

static u_int tries;

u_int mobikex_check_tries(ike_sa_t *ike_sa, host_t *other)
{
	return tries;
}

static packet_t *sent;

static void send_packet(sender_t *this, packet_t *packet)
{
	DESTROY_IF(sent);
	sent = packet;
}

static sender_t sender = { .send = send_packet };

static uint32_t get_unique_id(ike_sa_t *this)
{
	return IKE;
}

static uint32_t next_mid;
static bool waiting;

static uint32_t ike_message_id(ike_sa_t *this, bool initiate)
{
	return next_mid;
}

static enumerator_t *create_task_enumerator(ike_sa_t *this, task_queue_t queue)
{
	return waiting ? enumerator_create_single(&waiting, NULL) : enumerator_create_empty();
}

static int retransmits;

static status_t retransmit(ike_sa_t *this, uint32_t mid)
{
	retransmits++;
	return SUCCESS;
}

static ike_sa_t ike_sa = {
	.get_unique_id = get_unique_id,
	.get_message_id = ike_message_id,
	.create_task_enumerator = create_task_enumerator,
	.retransmit = retransmit,
};

/* Request and answer alike: its COOKIE2 comes back in it. */
static notify_payload_t *cookie2;
static bool leaves_out;
static host_t *source, *destination;

static void add_notify(message_t *this, bool flush, notify_type_t type, chunk_t data)
{
	cookie2 = notify_payload_create_from_protocol_and_type(PLV2_NOTIFY, PROTO_NONE, type);
	cookie2->set_notification_data(cookie2, data);
}

static notify_payload_t *get_notify(message_t *this, notify_type_t type)
{
	return leaves_out ? NULL : cookie2;
}

static uint32_t message_id(message_t *this)
{
	return MID;
}

static host_t *get_source(message_t *this)
{
	return source;
}

static host_t *get_destination(message_t *this)
{
	return destination;
}

static chunk_t get_packet_data(message_t *this)
{
	return chunk_from_str("the request");
}

static message_t message = {
	.add_notify = add_notify,
	.get_notify = get_notify,
	.get_message_id = message_id,
	.get_source = get_source,
	.get_destination = get_destination,
	.get_packet_data = get_packet_data,
};

/* ----------------------------------------------------------------- fixture */

static host_t *host(const char *text)
{
	return host_create_from_string((char *)text, 4500);
}

static task_t *check;

/* A check is under way. */
static int setup(void **state)
{
	host_t *asked;

	agent = (mobikex_agent_t){ .lock = mutex_create(MUTEX_TYPE_RECURSIVE) };
	mobikex = &agent;
	charon = &fake_daemon;
	fake_daemon.sender = &sender;
	session = (mobikex_session_t){ .request_mid = MID };
	destination = host(ASKED);
	mobikex_push_sent(&session, &message);
	mobikex_push_on_purpose(&session);
	destination->destroy(destination);
	has_session = TRUE;
	answered = reached = leaves_out = natd = left_out = FALSE;
	retransmits = 0;
	tries = 0;
	next_mid = MID;
	waiting = TRUE;
	agent.push_delay = PUSH_MS;
	source = NULL;
	destination = host(US);
	asked = host(ASKED);
	check = mobikex_check_create(&ike_sa, destination, asked);
	asked->destroy(asked);
	return check->build(check, &message) != NEED_MORE;
}

static int teardown(void **state)
{
	check->destroy(check);
	cookie2->destroy(cookie2);
	destination->destroy(destination);
	DESTROY_IF(source);
	DESTROY_IF(sent);
	sent = NULL;
	chunk_free(&session.request);
	DESTROY_IF(session.request_to);
	agent.lock->destroy(agent.lock);
	return 0;
}

static void is_answered_from(const char *address)
{
	source = host(address);
	assert_int_equal(check->process(check, &message), SUCCESS);
	assert_true(answered);
}

static void is_sent_again(void)
{
	host_t *my = host(US), *other = host(IN_USE), *to;

	assert_int_equal(mobikex_push(&ike_sa, my, other), SUCCESS);
	if (sent)
	{
		to = sent->get_destination(sent);
		assert_true(to->equals(to, other));
	}
	my->destroy(my);
	other->destroy(other);
}

/* ------------------------------------------------------------------- tests */

static void the_address_answers(void **state)
{
	assert_false(mobikex_push_happened(&ike_sa));
	is_answered_from(ASKED);
	assert_true(reached);
}

static void another_address_answers(void **state)
{
	is_answered_from(IN_USE);
	assert_false(reached);
}

/* Who reads the cookie on the path in use can give the answer any source. */
static void sent_again_proves_nothing(void **state)
{
	is_sent_again();
	assert_true(chunk_equals(sent->get_data(sent), chunk_from_str("the request")));
	assert_true(mobikex_push_happened(&ike_sa));
	is_answered_from(ASKED);
	assert_false(reached);
}

/* Fragmented, charon sends it again; it may be read on its way all the same. */
static void sent_again_by_charon(void **state)
{
	chunk_free(&session.request);
	is_sent_again();
	assert_int_equal(retransmits, 1);
	is_answered_from(ASKED);
	assert_false(reached);
}

/* By itself, after its own timeout, maybe before we have. */
static void repeated_by_charon(void **state)
{
	mobikex_push_repeated(&ike_sa);
	is_answered_from(ASKED);
	assert_false(reached);
}

/* Let go meanwhile: nobody knows what was sent. */
static void session_is_gone(void **state)
{
	has_session = FALSE;
	is_answered_from(ASKED);
	assert_false(reached);
}

static bool is_astray(const char *address)
{
	host_t *other = host(address);
	bool astray = mobikex_push_astray(&session, other);

	other->destroy(other);
	return astray;
}

/* charon has not heard by IKE yet that the peer has moved: sent again, once. */
static void sent_to_where_the_peer_was(void **state)
{
	destination->destroy(destination);
	destination = host(ASKED);
	mobikex_push_sent(&session, &message);
	assert_false(is_astray(ASKED));
	assert_true(is_astray(IN_USE));
	is_sent_again();
	assert_false(is_astray(IN_USE));
}

/* A check goes where it goes. */
static void a_check_is_not_astray(void **state)
{
	assert_false(is_astray(IN_USE));
}

/* Without NAT detection beside it some never send it back: they are asked again. */
static void cookie_left_out(void **state)
{
	leaves_out = TRUE;
	source = host(ASKED);
	assert_int_equal(check->process(check, &message), SUCCESS);
	assert_true(left_out);
	assert_false(answered);
}

/* With it there is no excuse (RFC 4555 3.7: the IKE_SA is closed). */
static void cookie_left_out_again(void **state)
{
	natd = leaves_out = TRUE;
	source = host(ASKED);
	cookie2->destroy(cookie2);
	assert_int_equal(check->build(check, &message), NEED_MORE);
	assert_int_equal(check->process(check, &message), FAILED);
	assert_false(left_out);
}

/* By the path in use, ever less often; then IKE moves there. */
static void it_is_sent_again(void **state)
{
	uint32_t delay = PUSH_MS;
	int i;

	for (i = 0; i < 4; i++) {
		assert_int_equal(job_delay, delay);
		assert_int_equal(job(&ike_sa, job_data), SUCCESS);
		assert_non_null(sent);
		sent->destroy(sent);
		sent = NULL;
		delay *= 2;
	}
	assert_int_equal(job(&ike_sa, job_data), SUCCESS);
	assert_null(sent);
}

/* Its answer came, and there is another request by now, or none. */
static void an_answered_one_is_not(void **state)
{
	next_mid = MID + 1;
	assert_int_equal(job(&ike_sa, job_data), SUCCESS);
	assert_null(sent);
	next_mid = MID;
	waiting = FALSE;
	assert_int_equal(job(&ike_sa, job_data), SUCCESS);
	assert_null(sent);
}

/* What is kept is not the request that is asked for (a gap): charon sends its own. */
static void another_one_is_not(void **state)
{
	session.request_mid = MID - 1;
	assert_int_equal(job(&ike_sa, job_data), SUCCESS);
	assert_null(sent);
	assert_int_equal(retransmits, 1);
}

/* The answer may take longer than push_delay, but charon's patience has an end. */
static void a_late_answer_is_awaited(void **state)
{
	static const uint32_t wanted[] = { PUSH_MS, 2 * PUSH_MS, 2000, 2000, 2000 };

	for (tries = 0; tries < countof(wanted); tries++) {
		cookie2->destroy(cookie2);
		assert_int_equal(check->build(check, &message), NEED_MORE);
		assert_int_equal(job_delay, wanted[tries]);
	}
	lib->settings->set_double(lib->settings, "%s.retransmit_timeout", 0.1, lib->ns);
	cookie2->destroy(cookie2);
	assert_int_equal(check->build(check, &message), NEED_MORE);
	assert_int_equal(job_delay, PUSH_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_address_answers),
		TEST(another_address_answers),
		TEST(sent_again_proves_nothing),
		TEST(sent_again_by_charon),
		TEST(repeated_by_charon),
		TEST(session_is_gone),
		TEST(sent_to_where_the_peer_was),
		TEST(a_check_is_not_astray),
		TEST(cookie_left_out),
		TEST(cookie_left_out_again),
		TEST(it_is_sent_again),
		TEST(an_answered_one_is_not),
		TEST(another_one_is_not),
		TEST(a_late_answer_is_awaited),
	};
	int failed;

	library_init(NULL, "test_push");
	lib->crypto->add_rng(lib->crypto, RNG_STRONG, "test", fake_rng);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	lib->crypto->remove_rng(lib->crypto, fake_rng);
	library_deinit();
	return failed;
}
