/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One CHILD_SA apart: told by name before its first packet, then by its own path;
 * and with the session again.
 *
 *   slot 0   wlan0 (bit 0)  10.1.0.2 .. 10.9.0.2   the session's
 *        1   lte0  (bit 1)  10.2.0.2 .. 10.9.0.2
 *        2   (bit 0)        10.1.0.2 .. 10.8.0.2   the peer's other address
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <arpa/inet.h>
#include <library.h>
#include <encoding/message.h>
#include <encoding/payloads/notify_payload.h>
#include "fake_charon.h"
#include "mobikex_child.h"
#include "mobikex_copy.h"
#include "mobikex_failback.h"
#include "mobikex_handover.h"
#include "mobikex_hello.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_named.h"
#include "mobikex_path.h"
#include "mobikex_push.h"
#include "mobikex_sa.h"

#define PATHS 3
#define IKE 7
#define REQID 5
#define NUMBER 1
#define SPI_IN 0xc4ad9473

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;
static mobikex_hello_t hello;
static struct segue_session map;
static bool live[SEGUE_MAX_PATHS];
static unsigned int jobs;
static mobikex_job_t queued;	/* the latest one, and in how many ms it is due */
static uint32_t queued_ms;
static uint64_t ms;
static enum segue_reason told_no;	/* to the person who wanted it */
static task_t *task;
static child_sa_state_t child_state;

#define WAY (&map.child[NUMBER])
#define CHILD (&session.child[NUMBER])

/* ------------------------------------------------ what stands for the rest */

uint64_t mobikex_now(void)
{
	return ms * 1000000;
}

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return &session;
}

mobikex_hello_t *mobikex_hello_find(uint32_t ike)
{
	return &hello;
}

bool mobikex_path_live(mobikex_session_t *this, uint8_t slot)
{
	return slot < SEGUE_MAX_PATHS && live[slot];
}

uint8_t mobikex_path_active(mobikex_session_t *this)
{
	return map.active;
}

static bool twice;	/* packets come by two paths */

bool mobikex_sa_comes_twice(mobikex_session_t *of, const struct segue_session *entry,
			    uint8_t child)
{
	return twice;
}

mobikex_link_t *mobikex_link_of(const struct segue_addr *addr)
{
	return NULL;
}

uint64_t mobikex_failback_due(mobikex_session_t *this, uint8_t slot)
{
	return 0;
}

void mobikex_copy_child(mobikex_session_t *this, uint8_t child, mobikex_copy_t copy)
{
}

mobikex_copy_t mobikex_copy_setting_child(const char *connection, const char *child)
{
	return MOBIKEX_COPY_NEVER;
}

void mobikex_follow_queue(mobikex_session_t *this)
{
	jobs++;
}

void mobikex_job_queue(uint32_t ike, mobikex_job_t job, uint32_t data, uint32_t delay)
{
	jobs++;
	queued = job;
	queued_ms = delay;
}

void mobikex_push_later(ike_sa_t *ike_sa, uint32_t mid)
{
}

void mobikex_event(uint32_t id, enum segue_event_type type, enum segue_reason reason)
{
}

int segue_event_emit(struct segue *segue, const struct segue_event *event)
{
	assert_int_equal(event->type, SEGUE_EVENT_WISH);
	assert_int_equal(event->child, NUMBER);
	told_no = event->reason;
	return 0;
}

int segue_session_get(struct segue *segue, __u32 id, struct segue_session *out)
{
	*out = map;
	return 0;
}

int segue_child_switch(struct segue *segue, __u32 id, __u8 child, __u8 slot,
		       enum segue_reason reason)
{
	map.child[child].active = slot;
	map.child[child].copy = SEGUE_NO_PATH;
	return 0;
}

int segue_child_copy(struct segue *segue, __u32 id, __u8 child, __u8 slot, __u64 until)
{
	assert_int_not_equal(map.child[child].active, SEGUE_NO_PATH);
	map.child[child].copy = slot;
	map.child[child].copy_until = until;
	return 0;
}

int segue_child_switch_soft(struct segue *segue, __u32 id, __u8 child, __u8 slot, __u64 until,
			    enum segue_reason reason)
{
	map.child[child].copy = map.child[child].active;
	map.child[child].active = slot;
	map.child[child].copy_until = until;
	return 0;
}

/* ------------------------------------------------ what stands for charon */

static uint32_t get_unique_id(ike_sa_t *this)
{
	return IKE;
}

static ike_sa_state_t get_state(ike_sa_t *this)
{
	return IKE_ESTABLISHED;
}

static uint32_t get_spi(child_sa_t *this, bool inbound)
{
	return htonl(inbound ? SPI_IN : 0xc329c256);
}

static uint32_t get_reqid(child_sa_t *this)
{
	return REQID;
}

static child_sa_state_t get_child_state(child_sa_t *this)
{
	return child_state;
}

static child_sa_t child_sa = {
	.get_spi = get_spi,
	.get_reqid = get_reqid,
	.get_state = get_child_state,
};

static enumerator_t *create_child_sa_enumerator(ike_sa_t *this)
{
	return enumerator_create_single(&child_sa, NULL);
}

static enumerator_t *create_task_enumerator(ike_sa_t *this, task_queue_t queue)
{
	return task && queue == TASK_QUEUE_QUEUED ? enumerator_create_single(task, NULL) :
						    enumerator_create_empty();
}

static void queue_task(ike_sa_t *this, task_t *new)
{
	assert_null(task);
	task = new;
}

static status_t initiate(ike_sa_t *this, child_cfg_t *cfg, child_init_args_t *args)
{
	return SUCCESS;
}

static ike_sa_t ike_sa = {
	.get_unique_id = get_unique_id,
	.get_state = get_state,
	.create_child_sa_enumerator = create_child_sa_enumerator,
	.create_task_enumerator = create_task_enumerator,
	.queue_task = queue_task,
	.initiate = (void *)initiate,
};

/* ----------------------------------------------------------------- fixture */

static void set_path(int slot, const char *local, const char *remote, int link)
{
	struct segue_path *path = &session.path[slot];
	host_t *host = host_create_from_string((char *)local, 0);

	path->local = mobikex_addr(host);
	host->destroy(host);
	host = host_create_from_string((char *)remote, 0);
	path->remote = mobikex_addr(host);
	host->destroy(host);
	path->flags = SEGUE_PATH_USED | SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;
	path->link = link;
	path->priority = slot;
	live[slot] = TRUE;
}

static int begin(void **state)
{
	int i;

	mobikex = &agent;
	charon = &fake_daemon;
	agent = (mobikex_agent_t){
		.segue = (struct segue *)&map,
		.lock = mutex_create(MUTEX_TYPE_RECURSIVE),
		.check_tries = 3,
		.check_delay = 1000,
	};
	ms = 1000000;
	jobs = 0;
	told_no = SEGUE_REASON_NONE;
	task = NULL;
	child_state = CHILD_INSTALLED;
	hello.supported = TRUE;
	hello.capabilities = MOBIKEX_CHILDREN;
	memset(&map, 0, sizeof(map));
	map.copy = SEGUE_NO_PATH;
	for (i = 0; i < SEGUE_MAX_CHILDREN; i++)
		map.child[i].active = map.child[i].copy = SEGUE_NO_PATH;
	session = (mobikex_session_t){
		.name = "test",
		.ike = IKE,
		.leader = TRUE,
		.published = TRUE,
		.state = MOBIKEX_PINNED,
		.other = host_create_from_string("10.9.0.2", 4500),
	};
	session.child[NUMBER] = (mobikex_child_t){
		.reqid = REQID,
		.wish = SEGUE_NO_PATH,
		.target = SEGUE_NO_PATH,
	};
	set_path(0, "10.1.0.2", "10.9.0.2", 0);
	set_path(1, "10.2.0.2", "10.9.0.2", 1);
	set_path(2, "10.1.0.2", "10.8.0.2", 0);
	return 0;
}

static int end(void **state)
{
	session.other->destroy(session.other);
	agent.lock->destroy(agent.lock);
	return 0;
}

/* The request that goes out now: the address it names for our SPI, "session" if that
 * goes with it again, "" if none does. */
static const char *telling(void)
{
	static char text[INET6_ADDRSTRLEN];
	message_t *message = message_create(IKEV2_MAJOR_VERSION, 0);
	mobikex_parameter_t parameter;
	notify_payload_t *notify;
	host_t *host;

	text[0] = '\0';
	message->set_exchange_type(message, INFORMATIONAL);
	message->set_request(message, TRUE);
	message->set_message_id(message, 1);
	mobikex_named(&ike_sa, 0);
	if (task && task->build(task, message) == NEED_MORE) {
		assert_non_null(message->get_notify(message, UPDATE_SA_ADDRESSES));
		notify = message->get_notify(message, IP_PARAMETER);
		assert_int_equal(mobikex_parameter_parse(notify->get_notification_data(notify),
							 &parameter), MOBIKEX_NOT_REFUSED);
		assert_int_equal(parameter.role, MOBIKEX_ROLE_NEW);
		assert_int_equal(parameter.spis, 1);
		assert_int_equal(parameter.spi[0], htonl(SPI_IN));
		host = mobikex_host(&parameter.addr, 0);
		snprintf(text, sizeof(text), "%H", host);
		host->destroy(host);
		if (!parameter.named)
			strcpy(text, "session");
	} else if (task) {
		task->destroy(task);
		task = NULL;
	}
	message->destroy(message);
	return text;
}

/* The peer answers it: reason 0 accepts.  What follows from it is done. */
static void answer(enum mobikex_refusal reason)
{
	message_t *message = message_create(IKEV2_MAJOR_VERSION, 0);
	mobikex_refused_t refused = { .reason = reason };
	uint8_t buffer[MOBIKEX_REFUSED_SIZE];

	assert_non_null(task);
	message->set_exchange_type(message, INFORMATIONAL);
	message->set_message_id(message, 1);
	if (reason == MOBIKEX_NOT_THE_SOURCE)
		message->add_notify(message, FALSE, UNEXPECTED_NAT_DETECTED, chunk_empty);
	else if (reason)
		message->add_notify(message, FALSE, OPERATION_REFUSED,
				    mobikex_refused_encode(&refused, buffer));
	assert_int_equal(task->process(task, message), SUCCESS);
	task->destroy(task);
	task = NULL;
	message->destroy(message);
	mobikex_children_update(&session);
}

static void wish(uint8_t slot, uint32_t window)
{
	mobikex_child_wish(&session, NUMBER, slot, window);
	mobikex_children_update(&session);
}

/* Apart on slot 1, and the peer knows. */
static void go_apart(void)
{
	wish(1, 0);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_NOT_REFUSED);
	assert_int_equal(WAY->active, 1);
	assert_string_equal(telling(), "");
}

/* It goes where its session goes, but says so for itself. */
static void session_goes_to(uint8_t slot)
{
	CHILD->apart = TRUE;
	map.active = slot;
	mobikex_children_update(&session);
}

/* ------------------------------------------------------------------- tests */

static void told_first(void **state)
{
	wish(1, 0);
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
	assert_string_equal(telling(), "10.2.0.2");
	mobikex_children_update(&session);
	assert_int_equal(WAY->active, SEGUE_NO_PATH);	/* not answered yet */
	mobikex_named(&ike_sa, 0);			/* nor asked twice: see queue_task() */
	answer(MOBIKEX_NOT_REFUSED);
	assert_int_equal(WAY->active, 1);
	assert_int_equal(map.active, 0);
	assert_int_equal(told_no, SEGUE_REASON_NONE);
}

static void refused(void **state)
{
	wish(1, 0);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_NOT_SUPPORTED);
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
	assert_int_equal(told_no, SEGUE_REASON_OPERATION + MOBIKEX_NOT_SUPPORTED);
	assert_string_equal(telling(), "");	/* not unchanged again */
	go_apart();				/* but when asked to */
}

/* Nobody asked for it but the settings: told once, and then only of another address. */
static void refused_by_settings(void **state)
{
	session_goes_to(0);
	assert_string_equal(telling(), "10.1.0.2");
	answer(MOBIKEX_NOT_SUPPORTED);
	assert_int_equal(told_no, SEGUE_REASON_OPERATION + MOBIKEX_NOT_SUPPORTED);
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
	assert_false(mobikex_named_owed(&session));
	assert_string_equal(telling(), "");
	session_goes_to(1);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_NOT_SUPPORTED);
	assert_string_equal(telling(), "");
	go_apart();
}

/* What the peer is still checking: told again later, and not for ever. */
static void not_known_yet(void **state)
{
	wish(1, 0);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_UNKNOWN_ADDRESS);
	assert_string_equal(telling(), "");
	ms += agent.check_delay + 1;
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_NOT_THE_SOURCE);
	assert_int_equal(told_no, SEGUE_REASON_NONE);
	ms += agent.check_delay + 1;
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_UNKNOWN_ADDRESS);
	assert_int_equal(told_no, SEGUE_REASON_OPERATION + MOBIKEX_UNKNOWN_ADDRESS);
	ms += agent.check_delay + 1;
	assert_string_equal(telling(), "");
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
	wish(1, 0);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_UNKNOWN_SPI);
	ms += agent.check_delay + 1;
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_NOT_REFUSED);
	assert_int_equal(WAY->active, 1);
}

/* It goes on not knowing that, until it is given up. */
static void never_known(const char *address)
{
	int i;

	for (i = 0; i < agent.check_tries; i++) {
		assert_string_equal(telling(), address);
		answer(MOBIKEX_UNKNOWN_ADDRESS);
		assert_string_equal(telling(), "");
		ms += agent.check_delay + 1;
	}
	assert_string_equal(telling(), "");
}

/* What was given up is given up for that address alone. */
static void given_up_once(void **state)
{
	session_goes_to(0);
	assert_string_equal(telling(), "10.1.0.2");
	answer(MOBIKEX_NOT_REFUSED);
	session_goes_to(1);
	never_known("10.2.0.2");
	session_goes_to(0);
	assert_string_equal(telling(), "10.1.0.2");
	answer(MOBIKEX_NOT_REFUSED);
	session_goes_to(1);
	never_known("10.2.0.2");	/* as often as before */
}

static void given_up_first(void **state)
{
	session_goes_to(0);
	never_known("10.1.0.2");
	session_goes_to(1);
	never_known("10.2.0.2");
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
}

static void given_up_then_joins(void **state)
{
	go_apart();
	wish(2, 0);
	never_known("10.1.0.2");
	live[2] = FALSE;
	mobikex_children_update(&session);
	never_known("session");
}

static void not_for_us(void **state)
{
	static const struct {
		bool leader;
		uint16_t capabilities;
		uint8_t slot;
		bool live;
		int reason;
	} cases[] = {
		{ FALSE, MOBIKEX_CHILDREN, 1, TRUE, SEGUE_REASON_OPERATION + MOBIKEX_NOT_SUPPORTED },
		{ TRUE, MOBIKEX_INTERFACES, 1, TRUE, SEGUE_REASON_OPERATION + MOBIKEX_NOT_SUPPORTED },
		{ TRUE, MOBIKEX_CHILDREN, 1, FALSE, SEGUE_REASON_NO_LIVE_PATH },
		{ TRUE, MOBIKEX_CHILDREN, 9, TRUE, SEGUE_REASON_NO_LIVE_PATH },
		{ TRUE, MOBIKEX_CHILDREN, SEGUE_NO_PATH, TRUE, SEGUE_REASON_NO_LIVE_PATH },
	};
	int i;

	for (i = 0; i < countof(cases); i++) {
		session.leader = cases[i].leader;
		hello.capabilities = cases[i].capabilities;
		live[1] = cases[i].live;
		told_no = SEGUE_REASON_NONE;
		wish(cases[i].slot, 0);
		assert_int_equal(told_no, cases[i].reason);
		assert_int_equal(WAY->active, SEGUE_NO_PATH);
		assert_string_equal(telling(), "");
	}
}

/* With settings at both ends, and a peer that understands no names. */
static void by_settings(void **state)
{
	hello.capabilities = 0;
	CHILD->apart = TRUE;
	mobikex_children_update(&session);
	assert_int_equal(WAY->active, 0);
	wish(1, 0);
	assert_int_equal(WAY->active, 1);
	assert_string_equal(telling(), "");
}

static void softly(void **state)
{
	wish(1, 50);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_NOT_REFUSED);
	assert_int_equal(WAY->active, 0);
	assert_int_equal(WAY->copy, 1);
	assert_int_equal(WAY->copy_until, (ms + 100) * 1000000);
	ms += 49;
	mobikex_children_update(&session);
	assert_int_equal(WAY->active, 0);
	assert_string_equal(telling(), "");	/* not back, for that moment */
	ms += 1;
	mobikex_children_update(&session);
	assert_int_equal(WAY->active, 1);
	assert_int_equal(WAY->copy, 0);
	assert_int_equal(WAY->copy_until, (ms + 50) * 1000000);
	assert_string_equal(telling(), "");
	mobikex_children_update(&session);	/* once only */
	assert_int_equal(WAY->copy, 0);
	assert_int_equal(WAY->active, 1);
}

/* The IKE_SA is rekeyed, and jobs for the old one are lost.  Time passes until the one
 * that is queued anew. */
static void rekeyed(uint32_t left)
{
	queued = NULL;
	mobikex_children_rekeyed(&session);
	mobikex_children_update(&session);
	assert_string_equal(telling(), "");
	if (left) {
		assert_non_null(queued);
		assert_in_range(queued_ms, left, left + 1);
		ms += queued_ms;
		assert_int_equal(queued(&ike_sa, 0), SUCCESS);
	} else {
		assert_null(queued);
	}
}

static void softly_over_a_rekeying(void **state)
{
	wish(1, 50);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_NOT_REFUSED);
	ms += 20;
	rekeyed(30);
	assert_int_equal(WAY->active, 1);
	assert_int_equal(WAY->copy, 0);
	rekeyed(0);
}

static void told_again_over_a_rekeying(void **state)
{
	wish(1, 0);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_UNKNOWN_SPI);
	ms += 400;
	rekeyed(agent.check_delay - 400);
	assert_non_null(task);
	assert_string_equal(telling(), "10.2.0.2");
	answer(MOBIKEX_NOT_REFUSED);
	rekeyed(0);
}

static void together_again(void **state)
{
	go_apart();
	wish(0, 0);
	assert_int_equal(WAY->active, 0);
	mobikex_children_update(&session);
	assert_string_equal(telling(), "session");
	answer(MOBIKEX_NOT_REFUSED);
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
	assert_string_equal(telling(), "");
	go_apart();
}

/* It moved by itself, as its link died: told afterwards, for it may be idle.  Chosen
 * by hand it then goes with the session. */
static void link_lost(void **state)
{
	CHILD->apart = TRUE;
	go_apart();
	live[1] = FALSE;
	WAY->active = 0;
	mobikex_children_update(&session);
	assert_string_equal(telling(), "10.1.0.2");
	answer(MOBIKEX_NOT_REFUSED);
	assert_int_equal(WAY->active, 0);
	assert_string_equal(telling(), "");
}

static void link_lost_by_hand(void **state)
{
	go_apart();
	live[1] = FALSE;
	WAY->active = 0;
	mobikex_children_update(&session);
	assert_string_equal(telling(), "session");
	answer(MOBIKEX_NOT_REFUSED);
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
}

/* Its session moves: it stays. */
static void session_moves(void **state)
{
	go_apart();
	map.active = 2;
	mobikex_children_update(&session);
	assert_int_equal(WAY->active, 1);
	assert_string_equal(telling(), "");
}

/* Only an SPI that is going is left: nothing that the peer need know. */
static void spi_going(void **state)
{
	child_state = CHILD_REKEYED;
	wish(1, 0);
	assert_string_equal(telling(), "");
	child_state = CHILD_REKEYING;
	assert_string_equal(telling(), "10.2.0.2");
	CHILD->reqid = REQID + 1;	/* gone, and another has its number */
	answer(MOBIKEX_NOT_REFUSED);
	assert_false(CHILD->told);
}

/* The other end: the peer names an address of its own. */
static void named(void **state)
{
	session.leader = FALSE;
	mobikex_child_named(&session, NUMBER, &session.path[2].remote);
	assert_int_equal(WAY->active, 2);
	mobikex_children_update(&session);
	assert_int_equal(WAY->active, 2);
	assert_string_equal(telling(), "");
	mobikex_child_named(&session, NUMBER, &session.path[0].remote);
	assert_int_equal(WAY->active, 0);	/* on its own, even there */
	mobikex_child_named(&session, NUMBER, NULL);
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
	mobikex_child_named(&session, NUMBER, NULL);
	assert_int_equal(WAY->active, SEGUE_NO_PATH);
}

/* Its packets came meanwhile, from elsewhere. */
static void named_late(void **state)
{
	session.leader = FALSE;
	mobikex_child_named(&session, NUMBER, &session.path[2].remote);
	WAY->active = 1;
	WAY->reason = SEGUE_REASON_PEER_MOVED;
	WAY->switched_ms = segue_coarse_ms(mobikex_now());
	mobikex_child_named(&session, NUMBER, &session.path[2].remote);
	assert_int_equal(WAY->active, 1);
	twice = TRUE;			/* by both: that says nothing */
	mobikex_child_named(&session, NUMBER, &session.path[2].remote);
	assert_int_equal(WAY->active, 2);
	twice = FALSE;
}

/* Those without a setting leave room for those that have one. */
static void numbers(void **state)
{
	uint32_t reqid;

	lib->settings->set_str(lib->settings, "%s.plugins.mobikex.connections.test.children.a.prefer",
			       "lte0", lib->ns);
	lib->settings->set_str(lib->settings, "%s.plugins.mobikex.connections.test.children.b.prefer",
			       "lte0", lib->ns);
	for (reqid = REQID; reqid < REQID + SEGUE_MAX_CHILDREN - 3; reqid++)
		assert_int_not_equal(mobikex_child_number(&session, &ike_sa, reqid), 0);
	assert_int_equal(mobikex_child_number(&session, &ike_sa, reqid), 0);
	assert_int_equal(mobikex_child_number(&session, &ike_sa, REQID), NUMBER);
	CHILD->apart = TRUE;		/* one of the two has come */
	assert_int_not_equal(mobikex_child_number(&session, &ike_sa, reqid), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(told_first),
		TEST(refused),
		TEST(refused_by_settings),
		TEST(not_known_yet),
		TEST(given_up_once),
		TEST(given_up_first),
		TEST(given_up_then_joins),
		TEST(not_for_us),
		TEST(by_settings),
		TEST(softly),
		TEST(softly_over_a_rekeying),
		TEST(told_again_over_a_rekeying),
		TEST(together_again),
		TEST(link_lost),
		TEST(link_lost_by_hand),
		TEST(session_moves),
		TEST(spi_going),
		TEST(named),
		TEST(named_late),
		TEST(numbers),
	};
	int failed;

	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
