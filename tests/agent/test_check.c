/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When an address of the peer is asked, and what becomes of it: docs/mobike-x.md, "An
 * address of the peer". The clock is this test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <daemon.h>
#include "fake_charon.h"
#include "mobikex_check.h"
#include "mobikex_child.h"
#include "mobikex_moved.h"
#include "mobikex_copy.h"
#include "mobikex_failback.h"
#include "mobikex_host.h"
#include "mobikex_judge.h"
#include "mobikex_path.h"
#include "mobikex_push.h"
#include "mobikex_task.h"
#include "mobikex_view.h"

#define US "10.9.0.2"
#define IN_USE "10.1.0.2"
#define IDLE "10.2.0.2"
#define IKE 7

/* ------------------------------------------------ what stands for the rest */

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;
static uint64_t ms;
static bool busy;

uint64_t mobikex_now(void)
{
	return ms * 1000000;
}

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return ike == IKE ? &session : NULL;
}

void mobikex_session_route(mobikex_session_t *this, host_t *remote) {}

static int unrouted, failback_tried, failback_again, events, not_owned;
static bool failback_reached;

void mobikex_session_unroute(mobikex_session_t *this, host_t *remote)
{
	unrouted++;
}

void mobikex_failback_tried(mobikex_session_t *this, host_t *my, host_t *other, bool reached)
{
	failback_tried++;
	failback_reached = reached;
}

void mobikex_failback_again(mobikex_session_t *this)
{
	failback_again++;
}

void mobikex_event(uint32_t id, enum segue_event_type type, enum segue_reason reason)
{
	events += reason == SEGUE_REASON_CHECK_FAILED;
	not_owned += reason == SEGUE_REASON_NOT_OWNED;
}

enum mobikex_refusal mobikex_judge_address(mobikex_session_t *this, const struct segue_addr *addr)
{
	return segue_addr_is_v4(addr) && addr->octet[SEGUE_ADDR_V4_OFFSET] == 127 ?
	       MOBIKEX_IMPOSSIBLE_ADDRESS : MOBIKEX_NOT_REFUSED;
}

void mobikex_paths_update(mobikex_session_t *this) {}
void mobikex_view_update(mobikex_session_t *this) {}
void mobikex_copy_update(mobikex_session_t *this) {}
void mobikex_children_update(mobikex_session_t *this) {}
static unsigned int synced;

void mobikex_moved_sync(mobikex_session_t *this)
{
	synced++;
}

uint8_t mobikex_path_find(mobikex_session_t *this, host_t *local, host_t *remote)
{
	return SEGUE_NO_PATH;
}

void mobikex_push_on_purpose(mobikex_session_t *this)
{
}

bool mobikex_path_switch(mobikex_session_t *this, uint8_t slot, enum segue_reason reason)
{
	return TRUE;
}

/* The timers: what is queued and when it is due. */
static struct { uint64_t at; uint32_t data; } timers[64];
static int timer_count;

void mobikex_job_queue(uint32_t ike, mobikex_job_t job, uint32_t data, uint32_t delay)
{
	assert_true(job == mobikex_check_next);
	assert_true(timer_count < countof(timers));
	timers[timer_count].at = ms + delay;
	timers[timer_count++].data = data;
}

/* The check that was sent last. */
static host_t *asked;
static int asks;

static void no_task(task_t *this)
{
}

task_t *mobikex_check_create(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	static task_t task = { .destroy = no_task };

	DESTROY_IF(asked);
	asked = other->clone(other);
	asks++;
	return &task;
}

static host_t *my_host, *other_host;

static uint32_t get_unique_id(ike_sa_t *this) { return IKE; }
static ike_sa_state_t get_state(ike_sa_t *this) { return busy ? IKE_REKEYING : IKE_ESTABLISHED; }
static host_t *get_my_host(ike_sa_t *this) { return my_host; }
static host_t *get_other_host(ike_sa_t *this) { return other_host; }
static void queue_task(ike_sa_t *this, task_t *task) {}
static status_t initiate(ike_sa_t *this, child_cfg_t *cfg, child_init_args_t *args) { return SUCCESS; }

static void set_my_host(ike_sa_t *this, host_t *me)
{
	my_host->destroy(my_host);
	my_host = me;
}

static void set_other_host(ike_sa_t *this, host_t *other)
{
	other_host->destroy(other_host);
	other_host = other;
}

static enumerator_t *create_task_enumerator(ike_sa_t *this, task_queue_t queue)
{
	return enumerator_create_empty();
}

static linked_list_t *announced;

static enumerator_t *create_peer_address_enumerator(ike_sa_t *this)
{
	return announced->create_enumerator(announced);
}

static ike_sa_t ike_sa = {
	.create_peer_address_enumerator = create_peer_address_enumerator,
	.get_unique_id = get_unique_id,
	.get_state = get_state,
	.get_my_host = get_my_host,
	.get_other_host = get_other_host,
	.set_my_host = set_my_host,
	.set_other_host = set_other_host,
	.queue_task = queue_task,
	.initiate = initiate,
	.create_task_enumerator = create_task_enumerator,
};

/* ------------------------------------------------ */

static host_t *host_of(const char *text)
{
	return host_create_from_string((char *)text, 4500);
}

static mobikex_peer_t *peer_add(const char *text, bool verified)
{
	host_t *host = host_of(text);
	mobikex_peer_t *peer = mobikex_peer_add(&session, host, verified);

	host->destroy(host);
	return peer;
}

static void peer_del(mobikex_peer_t *peer)
{
	session.peers->remove(session.peers, peer, NULL);
	peer->host->destroy(peer->host);
	free(peer);
}

static int begin(void **state)
{
	charon = &fake_daemon;
	mobikex = &agent;
	agent.lock = mutex_create(MUTEX_TYPE_RECURSIVE);
	agent.check_tries = 3;
	agent.check_delay = 1000;
	agent.recheck_delay = 60000;
	memset(&session, 0, sizeof(session));
	ms = 5000;
	busy = FALSE;
	timer_count = asks = unrouted = failback_tried = failback_again = events = 0;
	my_host = host_of(US);
	other_host = host_of(IN_USE);
	session.state = MOBIKEX_PINNED;
	session.published = TRUE;
	session.ike = IKE;
	session.name = "test";
	session.my = host_of(US);
	session.other = host_of(IN_USE);
	session.remote = host_of(IN_USE);
	session.peers = linked_list_create();
	peer_add(IN_USE, TRUE);
	return 0;
}

static int end(void **state)
{
	fake_peers_destroy(session.peers);
	session.my->destroy(session.my);
	session.other->destroy(session.other);
	session.remote->destroy(session.remote);
	my_host->destroy(my_host);
	other_host->destroy(other_host);
	agent.lock->destroy(agent.lock);
	DESTROY_IF(asked);
	asked = NULL;
	return 0;
}

/* Time passes until the next timer that is still good, if one is. */
static bool wait_for_timer(void)
{
	int i, first = -1, before = asks;

	for (i = 0; i < timer_count; i++)
		if (first < 0 || timers[i].at < timers[first].at)
			first = i;
	if (first < 0)
		return FALSE;
	ms = max(ms, timers[first].at);
	i = timers[first].data;
	timers[first] = timers[--timer_count];
	mobikex_check_next(&ike_sa, i);
	return asks > before || wait_for_timer();
}

static void answer(bool reached)
{
	mobikex_check_result(&ike_sa, my_host, asked, reached);
	mobikex_check_next(&ike_sa, 0);		/* as after every response */
}

static void is_asked(const char *text)
{
	host_t *host = host_of(text);

	assert_non_null(asked);
	assert_true(host->ip_equals(host, asked));
	host->destroy(host);
}

static void verified_by_answer(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE, FALSE);

	mobikex_check_next(&ike_sa, 0);
	assert_int_equal(asks, 1);
	is_asked(IDLE);
	assert_false(peer->verified);
	answer(TRUE);
	assert_true(peer->verified);
	assert_int_equal(events, 0);
}

/* 1 s, then 2 s; given up at the third. */
static void tries_double(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE, FALSE);
	uint64_t began = ms;

	mobikex_check_next(&ike_sa, 0);
	answer(FALSE);
	assert_true(wait_for_timer());
	assert_in_range(ms - began, 1000, 1001);
	answer(FALSE);
	assert_true(wait_for_timer());
	assert_in_range(ms - began, 3000, 3002);
	assert_int_equal(events, 0);
	answer(FALSE);
	assert_int_equal(events, 1);
	assert_int_equal(unrouted, 1);
	assert_int_equal(asks, 3);
	assert_false(wait_for_timer());
	assert_false(peer->verified);
}

/* What IKE uses is proven by IKE. */
static void in_use_is_left_alone(void **state)
{
	mobikex_check_next(&ike_sa, 0);
	assert_int_equal(asks, 0);
	assert_false(wait_for_timer());
}

static void idle_is_rechecked(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE, FALSE);
	uint64_t began = ms;

	mobikex_check_next(&ike_sa, 0);
	answer(TRUE);
	assert_true(wait_for_timer());
	assert_in_range(ms - began, 60000, 60001);
	is_asked(IDLE);
	answer(TRUE);
	assert_true(peer->verified);
	assert_true(wait_for_timer());
	assert_in_range(ms - began, 120000, 120003);
	assert_int_equal(failback_tried, 0);
}

static void never_if_not_wanted(void **state)
{
	peer_add(IDLE, FALSE);
	agent.recheck_delay = 0;
	mobikex_check_next(&ike_sa, 0);
	answer(TRUE);
	assert_false(wait_for_timer());
	assert_int_equal(asks, 1);
}

static void silent_is_withdrawn(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE, FALSE);
	int i;

	mobikex_check_next(&ike_sa, 0);
	answer(TRUE);
	for (i = 0; i < agent.check_tries; i++) {
		assert_true(wait_for_timer());
		assert_true(peer->verified);	/* usable meanwhile */
		answer(FALSE);
	}
	assert_false(peer->verified);
	assert_int_equal(events, 1);
	assert_int_equal(unrouted, 1);
	assert_false(wait_for_timer());
}

static void one_answer_is_enough(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE, FALSE);

	mobikex_check_next(&ike_sa, 0);
	answer(TRUE);
	assert_true(wait_for_timer());
	answer(FALSE);
	assert_true(wait_for_timer());
	answer(FALSE);
	assert_true(wait_for_timer());
	answer(TRUE);
	assert_true(peer->verified);
	assert_int_equal(peer->tries, 0);
}

/* Left, it was proven until then: not asked before the time has come. */
static void left_is_idle(void **state)
{
	uint64_t began = ms;

	peer_add(IDLE, TRUE);
	mobikex_check_left(&session);
	session.other->destroy(session.other);
	session.other = host_of(IDLE);
	mobikex_check_next(&ike_sa, 0);
	assert_int_equal(asks, 0);
	assert_true(wait_for_timer());
	is_asked(IN_USE);
	assert_in_range(ms - began, 60000, 60001);
}

/* Moved to while it was asked: then IKE is there. */
static void used_is_not_withdrawn(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE, TRUE);

	peer->tries = agent.check_tries - 1;
	mobikex_check_next(&ike_sa, 0);
	is_asked(IDLE);
	session.other->destroy(session.other);
	session.other = host_of(IDLE);
	answer(FALSE);
	assert_true(peer->verified);
	assert_int_equal(events, 0);
}

/* No COOKIE2 in the answer: asked again at once, with NAT detection. */
static void left_out_is_asked_again(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE, FALSE);
	uint64_t began = ms;

	mobikex_check_next(&ike_sa, 0);
	assert_false(mobikex_check_natd(&ike_sa));
	mobikex_check_left_out(&ike_sa, my_host, asked);
	assert_true(mobikex_check_natd(&ike_sa));
	assert_false(peer->verified);
	assert_true(wait_for_timer());
	assert_int_equal(ms - began, 0);
	assert_int_equal(asks, 2);
	is_asked(IDLE);
	answer(TRUE);
	assert_true(peer->verified);
}

static void left_out_of_a_failback(void **state)
{
	peer_add(IDLE, TRUE);
	mobikex_check_left_out(&ike_sa, my_host, other_host);
	assert_int_equal(failback_again, 1);
	assert_int_equal(failback_tried, 0);
}

/* A path is tried for failback: that is not about the address. */
static void failback_is_another_thing(void **state)
{
	mobikex_peer_t *peer = peer_add(IDLE, TRUE);
	host_t *host = host_of(IDLE);

	mobikex_check_result(&ike_sa, my_host, host, FALSE);
	host->destroy(host);
	assert_int_equal(failback_tried, 1);
	assert_int_equal(peer->tries, 0);
}

/* The peer has that address no more when the check of a path to it ends, or has it
 * anew: who waits for the end of that check must not wait for ever. */
static void failback_to_what_is_gone(void **state)
{
	static const struct {
		bool trying;
		bool added;	/* again, and not verified yet */
		bool asked;	/* it, not the way there */
		bool reached;
		bool told, way;
	} cases[] = {
		{ .trying = TRUE, .told = TRUE },
		{ .trying = TRUE, .reached = TRUE, .told = TRUE },
		{ .trying = TRUE, .added = TRUE, .told = TRUE },
		{ .trying = TRUE, .added = TRUE, .reached = TRUE, .told = TRUE, .way = TRUE },
		{ .trying = TRUE, .added = TRUE, .asked = TRUE, .reached = TRUE },
		{ .reached = TRUE },
		{ .added = TRUE },
	};
	host_t *host = host_of(IDLE);
	mobikex_peer_t *peer;
	int i, left_out;

	for (i = 0; i < countof(cases); i++) {
		for (left_out = 0; left_out < 2; left_out++) {
			peer = cases[i].added ? peer_add(IDLE, FALSE) : NULL;
			if (peer)
				peer->asked = cases[i].asked;
			session.trying = cases[i].trying;
			failback_again = failback_tried = 0;
			failback_reached = FALSE;
			if (left_out)
				mobikex_check_left_out(&ike_sa, my_host, host);
			else
				mobikex_check_result(&ike_sa, my_host, host, cases[i].reached);
			assert_int_equal(failback_again, left_out && cases[i].told);
			assert_int_equal(failback_tried, !left_out && cases[i].told);
			assert_int_equal(failback_reached, !left_out && cases[i].way);
			if (peer)
				peer_del(peer);
		}
	}
	host->destroy(host);
}

/* A new address does not wait for the timer of an old one, and timers do not pile up. */
static void timers_do_not_pile_up(void **state)
{
	uint64_t began;
	int i;

	peer_add(IDLE, FALSE);
	mobikex_check_next(&ike_sa, 0);
	answer(TRUE);
	for (i = 0; i < 10; i++) {
		began = ms;
		peer_add("10.3.0.2", FALSE);
		mobikex_check_next(&ike_sa, 0);
		is_asked("10.3.0.2");
		answer(FALSE);
		assert_true(wait_for_timer());
		is_asked("10.3.0.2");
		assert_in_range(ms - began, 1000, 1001);
		answer(TRUE);
		peer_del(mobikex_peer_find(&session, asked));
	}
	for (i = 0; wait_for_timer() && i < 5; i++)
		answer(TRUE);
	assert_in_range(timer_count, 0, 2);
}

static void busy_waits(void **state)
{
	peer_add(IDLE, FALSE);
	busy = TRUE;
	mobikex_check_next(&ike_sa, 0);
	assert_int_equal(asks, 0);
	busy = FALSE;
	assert_true(wait_for_timer());
	assert_int_equal(asks, 1);
}

/* RFC 4555's list: what cannot be the peer's is no address of it, nor are too many. */
static void list_of_addresses(void **state)
{
	char text[32];
	int i;

	announced = linked_list_create();
	announced->insert_last(announced, host_of("127.0.0.1"));
	for (i = 0; i < 2 * MOBIKEX_MAX_ADDRESSES; i++) {
		snprintf(text, sizeof(text), "10.8.0.%d", i + 1);
		announced->insert_last(announced, host_of(text));
	}
	not_owned = synced = 0;
	session.state = MOBIKEX_PINNED;
	assert_int_equal(mobikex_check_refresh(&ike_sa, 0), SUCCESS);
	/* what was withdrawn may be all that changed */
	assert_int_equal(synced, 1);
	assert_int_equal(not_owned, 1);
	assert_int_equal(session.peers->get_count(session.peers), MOBIKEX_MAX_ADDRESSES);
	/* told again, nothing changes */
	assert_int_equal(mobikex_check_refresh(&ike_sa, 0), SUCCESS);
	assert_int_equal(session.peers->get_count(session.peers), MOBIKEX_MAX_ADDRESSES);
	announced->destroy_offset(announced, offsetof(host_t, destroy));
}

/* The peer is at IDLE now, which is not verified, and has IN_USE no more. */
static void peer_moves(void)
{
	host_t *host = host_of(IN_USE);

	peer_add(IDLE, FALSE);
	mobikex_check_left(&session);
	session.other->destroy(session.other);
	session.other = host_of(IDLE);
	mobikex_peer_find(&session, host)->listed = FALSE;
	host->destroy(host);
	mobikex_peers_prune(&session);
}

static bool is_known(const char *text)
{
	host_t *host = host_of(text);
	bool known = mobikex_peer_find(&session, host) != NULL;

	host->destroy(host);
	return known;
}

static void left_is_kept_until_the_next_is_verified(void **state)
{
	peer_moves();
	assert_true(is_known(IN_USE));
	mobikex_check_next(&ike_sa, 0);
	is_asked(IDLE);
	answer(FALSE);
	assert_true(is_known(IN_USE));
	assert_true(wait_for_timer());
	assert_int_equal(unrouted, 0);
	answer(TRUE);
	assert_false(is_known(IN_USE));
	assert_int_equal(unrouted, 1);
	assert_true(is_known(IDLE));
}

static void or_given_up(void **state)
{
	peer_moves();
	mobikex_check_next(&ike_sa, 0);
	answer(FALSE);
	assert_true(wait_for_timer());
	answer(FALSE);
	assert_true(is_known(IN_USE));
	assert_true(wait_for_timer());
	answer(FALSE);
	assert_int_equal(events, 1);
	assert_false(is_known(IN_USE));
}

static void not_if_there_is_another(void **state)
{
	peer_add("10.9.0.7", TRUE);
	peer_moves();
	assert_false(is_known(IN_USE));
	assert_true(is_known("10.9.0.7"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(verified_by_answer),
		TEST(tries_double),
		TEST(in_use_is_left_alone),
		TEST(idle_is_rechecked),
		TEST(never_if_not_wanted),
		TEST(silent_is_withdrawn),
		TEST(one_answer_is_enough),
		TEST(left_is_idle),
		TEST(used_is_not_withdrawn),
		TEST(left_out_is_asked_again),
		TEST(left_out_of_a_failback),
		TEST(failback_is_another_thing),
		TEST(failback_to_what_is_gone),
		TEST(timers_do_not_pile_up),
		TEST(busy_waits),
		TEST(list_of_addresses),
		TEST(left_is_kept_until_the_next_is_verified),
		TEST(or_given_up),
		TEST(not_if_there_is_another),
	};
	int failed;

	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
