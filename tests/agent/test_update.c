/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UPDATE_SA_ADDRESSES as its sender sees it: what each answer makes of it (RFC 4555
 * 3.5, 3.9).
 *
 *   10.2.0.2 ---- 10.9.0.2   where the IKE_SA has just gone
 *   10.1.0.2 ---- 10.9.0.2   where it came from
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <daemon.h>
#include <encoding/payloads/notify_payload.h>
#include <sa/ikev2/tasks/ike_natd.h>
#include "fake_charon.h"
#include "mobikex_announce.h"
#include "mobikex_check.h"
#include "mobikex_handover.h"
#include "mobikex_nonat.h"
#include "mobikex_path.h"
#include "mobikex_push.h"
#include "mobikex_task.h"

#define OLD "10.1.0.2"
#define NEW "10.2.0.2"
#define PEER "10.9.0.2"
#define IKE 7

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;

/* ------------------------------------------------ what stands for the rest */

static unsigned int refused, followed, answered, updates, hosts, events;
static bool accepted, has_other;

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return ike == IKE ? &session : NULL;
}

bool mobikex_path_refused(mobikex_session_t *this, host_t *local, host_t *remote)
{
	host_t *my = host_create_from_string(NEW, 0), *other = host_create_from_string(PEER, 0);

	assert_true(local->ip_equals(local, my) && remote->ip_equals(remote, other));
	my->destroy(my);
	other->destroy(other);
	refused++;
	return has_other;
}

void mobikex_follow_queue(mobikex_session_t *this)
{
	followed++;
}

void mobikex_event(uint32_t id, enum segue_event_type type, enum segue_reason reason)
{
	events++;
}

void mobikex_announce_update(ike_sa_t *ike_sa, message_t *message, mobikex_owed_t *owed)
{
}

void mobikex_announce_answered(ike_sa_t *ike_sa, message_t *message,
			       const mobikex_owed_t *owed, bool moved)
{
	answered++;
	accepted = moved;
}

void mobikex_push_later(ike_sa_t *ike_sa, uint32_t mid) {}
void mobikex_push_after(ike_sa_t *ike_sa, uint32_t mid, u_int doublings) {}
u_int mobikex_check_tries(ike_sa_t *ike_sa, host_t *host) { return 0; }
static bool pushed;
bool mobikex_push_happened(ike_sa_t *ike_sa) { return pushed; }
bool mobikex_check_natd(ike_sa_t *ike_sa) { return FALSE; }
void mobikex_check_left_out(ike_sa_t *ike_sa, host_t *my, host_t *other) {}
void mobikex_check_result(ike_sa_t *ike_sa, host_t *my, host_t *other, bool reached) {}

static status_t nothing(task_t *this, message_t *message)
{
	return SUCCESS;
}

static void keep(task_t *this) {}

static ike_natd_t natd = {
	.task = { .build = nothing, .process = nothing, .destroy = keep },
};

ike_natd_t *ike_natd_create(ike_sa_t *ike_sa, bool initiator)
{
	return &natd;
}

static host_t *my, *other, *source, *destination;

static uint32_t get_unique_id(ike_sa_t *this) { return IKE; }
static host_t *get_my_host(ike_sa_t *this) { return my; }
static host_t *get_other_host(ike_sa_t *this) { return other; }

static void update_hosts(ike_sa_t *this, host_t *me, host_t *him, update_hosts_flag_t flags)
{
	hosts++;
}

static task_t *queued;

static void queue_task(ike_sa_t *this, task_t *task)
{
	assert_null(queued);
	queued = task;
	updates++;
}

static enumerator_t *create_task_enumerator(ike_sa_t *this, task_queue_t queue)
{
	return queued && queue == TASK_QUEUE_QUEUED ?
			enumerator_create_single(queued, NULL) : enumerator_create_empty();
}

static ike_sa_t ike_sa = {
	.get_unique_id = get_unique_id,
	.get_my_host = get_my_host,
	.get_other_host = get_other_host,
	.update_hosts = update_hosts,
	.queue_task = queue_task,
	.create_task_enumerator = create_task_enumerator,
};

/* COOKIE2 comes back, and an error with it, or none */
static notify_payload_t *cookie2, *error;
static notify_type_t says;

static void add_notify(message_t *this, bool flush, notify_type_t type, chunk_t data)
{
	if (type == COOKIE2) {
		cookie2 = notify_payload_create_from_protocol_and_type(PLV2_NOTIFY, PROTO_NONE,
								       type);
		cookie2->set_notification_data(cookie2, data);
	}
}

static notify_payload_t *get_notify(message_t *this, notify_type_t type)
{
	return type == COOKIE2 ? cookie2 : says && type == says ? error : NULL;
}

static uint32_t message_id(message_t *this) { return 3; }
static host_t *get_source(message_t *this) { return source; }
static host_t *get_destination(message_t *this) { return destination; }

static message_t message = {
	.add_notify = add_notify,
	.get_notify = get_notify,
	.get_message_id = message_id,
	.get_source = get_source,
	.get_destination = get_destination,
};

/* ----------------------------------------------------------------- fixture */

static task_t *update;

static int setup(void **state)
{
	agent = (mobikex_agent_t){ .lock = mutex_create(MUTEX_TYPE_RECURSIVE) };
	mobikex = &agent;
	charon = &fake_daemon;
	session = (mobikex_session_t){ .published = TRUE, .name = "test" };
	refused = followed = answered = updates = hosts = events = 0;
	accepted = pushed = FALSE;
	has_other = TRUE;
	queued = NULL;
	says = 0;
	my = host_create_from_string(NEW, 4500);
	other = host_create_from_string(PEER, 4500);
	source = other->clone(other);
	destination = my->clone(my);
	error = notify_payload_create(PLV2_NOTIFY);
	update = mobikex_update_create(&ike_sa);
	return update->build(update, &message) != NEED_MORE;
}

static int teardown(void **state)
{
	update->destroy(update);
	if (queued)
		queued->destroy(queued);
	cookie2->destroy(cookie2);
	error->destroy(error);
	my->destroy(my);
	other->destroy(other);
	source->destroy(source);
	destination->destroy(destination);
	agent.lock->destroy(agent.lock);
	return 0;
}

static void answer(notify_type_t type)
{
	says = type;
	assert_int_equal(update->process(update, &message), SUCCESS);
}

static void came_back_by(const char *address)
{
	destination->destroy(destination);
	destination = host_create_from_string((char *)address, 4500);
}

/* ------------------------------------------------------------------- tests */

static void is_accepted(void **state)
{
	answer(0);
	assert_true(accepted);
	assert_int_equal(hosts, 1);
	assert_int_equal(refused, 0);
}

/* RFC 4555 3.5: the SAs stay where they were; so the next path is taken, and told. */
static void is_unacceptable(void **state)
{
	answer(UNACCEPTABLE_ADDRESSES);
	assert_false(accepted);
	assert_int_equal(answered, 1);
	assert_int_equal(refused, 1);
	assert_int_equal(followed, 1);
	assert_int_equal(hosts, 0);
	assert_int_equal(updates, 0);
}

static void there_is_no_other(void **state)
{
	has_other = FALSE;
	answer(UNACCEPTABLE_ADDRESSES);
	assert_int_equal(refused, 1);
	assert_int_equal(hosts, 0);
}

/* The request had gone there first: it is that pair which is refused. */
static void is_unacceptable_elsewhere(void **state)
{
	came_back_by(OLD);
	answer(UNACCEPTABLE_ADDRESSES);
	assert_int_equal(refused, 1);
}

/* RFC 4555 3.9: several new requests, since one packet can be changed by anybody. */
static void there_is_a_nat(void **state)
{
	int i;

	for (i = 1; i <= MOBIKEX_NONAT_TRIES; i++) {
		answer(UNEXPECTED_NAT_DETECTED);
		assert_int_equal(updates, i);
		assert_int_equal(refused, 0);
		queued->destroy(queued);
		queued = NULL;
	}
	answer(UNEXPECTED_NAT_DETECTED);
	assert_int_equal(updates, MOBIKEX_NONAT_TRIES);
	assert_int_equal(refused, 1);
	assert_int_equal(followed, 1);
	assert_int_equal(answered, 0);	/* nothing of it was told */
	assert_int_equal(hosts, 0);
	assert_int_equal(events, MOBIKEX_NONAT_TRIES + 1);
}

/* Sent again by the old path it named the new one's addresses: that is no NAT. */
static void there_is_none(void **state)
{
	int i;

	pushed = TRUE;
	came_back_by(OLD);
	for (i = 1; i <= 2 * MOBIKEX_NONAT_TRIES; i++) {
		answer(UNEXPECTED_NAT_DETECTED);
		queued->destroy(queued);
		queued = NULL;
	}
	assert_int_equal(updates, 2 * MOBIKEX_NONAT_TRIES);
	assert_int_equal(refused, 0);
	assert_int_equal(events, 0);
}

/* It was not sent again: the peer answers from where it likes, and not for ever. */
static void it_says_so_from_elsewhere(void **state)
{
	came_back_by(OLD);
	answer(UNEXPECTED_NAT_DETECTED);
	assert_int_equal(events, 1);
}

/* One that is queued already will do. */
static void there_is_another(void **state)
{
	queued = mobikex_update_create(&ike_sa);
	answer(UNEXPECTED_NAT_DETECTED);
	assert_int_equal(updates, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(is_accepted),
		TEST(is_unacceptable),
		TEST(there_is_no_other),
		TEST(is_unacceptable_elsewhere),
		TEST(there_is_a_nat),
		TEST(there_is_none),
		TEST(it_says_so_from_elsewhere),
		TEST(there_is_another),
	};
	int failed;

	library_init(NULL, "segue-test");
	lib->crypto->add_rng(lib->crypto, RNG_STRONG, "test", fake_rng);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	lib->crypto->remove_rng(lib->crypto, fake_rng);
	library_deinit();
	return failed;
}
