// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What egress steering decided rests on maps that change under it: a remembered
 * decision is void at once, and one that is being made is never made of halves.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <linux/pkt_cls.h>
#include "host.h"

enum { UNVERIFIED = 2 };		/* path */

static int setup(void **state)
{
	host_reset(state);
	sessions_up(UNVERIFIED);
	return 0;
}

/* A remembered decision is void as soon as anything it rests on changes. */
static void test_forgets(void **state)
{
	struct segue_counters steered = { .egress_steered = 1 };
	struct segue_counters rewritten = { .egress_steered = 1, .egress_rewritten = 1 };
	struct segue_counters not_owned = { .egress_not_owned = 1 };
	struct segue_path path = {
		.local = address("10.1.0.77"), .remote = address("10.9.0.1"),
		.ifindex = 11, .flags = BOTH,
	};
	struct wire in = sent_by(V4), out = by_path(in, V4, 1);
	struct segue_addr remote = address(in.dest);
	struct segue_sa_key key = { htonl(in.spi), segue_addr_fold(&remote) };
	struct segue_sa sa;

	(void)state;
	expect_sent("first", &in, TC_ACT_REDIRECT, &in, steered);
	assert_int_equal(segue_switch(host, V4, 1, SEGUE_REASON_MANUAL), 0);
	expect_sent("switched", &in, TC_ACT_REDIRECT, &out, rewritten);
	assert_int_equal(segue_path_put(host, V4, 1, &path, SEGUE_REASON_PATH_ADDED), 0);
	out.source = "10.1.0.77";
	expect_sent("path changed", &in, TC_ACT_REDIRECT, &out, rewritten);
	assert_int_equal(segue_sa_get(host, &key, &sa), 0);
	assert_int_equal(segue_sa_del(host, &key), 0);
	expect_sent("SA gone", &in, TC_ACT_SHOT, &in, not_owned);
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
	expect_sent("SA back", &in, TC_ACT_REDIRECT, &out, rewritten);
	assert_int_equal(segue_session_del(host, V4), 0);
	expect_sent("session gone", &in, TC_ACT_SHOT, &in, not_owned);
}

/* The addresses of the active path, which change all the time. */
static const struct ends changing[] = {
	{ "10.1.0.1", "10.9.0.1" }, { "10.254.254.254", "10.253.253.253" },
};

struct changer {
	pthread_t thread;
	atomic_bool stop;
	unsigned int changes;
	int err;
};

static void *change(void *context)
{
	struct changer *changer = context;
	struct segue_path path[2] = {};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		segue_addr_parse(changing[i].local, &path[i].local);
		segue_addr_parse(changing[i].remote, &path[i].remote);
		path[i].ifindex = 11;
		path[i].flags = BOTH;
	}
	while (!changer->stop && !changer->err)
		changer->err = segue_path_put(host, V4, 1, &path[changer->changes++ & 1],
					      SEGUE_REASON_PATH_ADDED);
	return NULL;
}

/*
 * The active path gets other addresses under traffic: each packet leaves by the
 * old pair or by the new one, never by half of each, none is dropped, and the
 * session does not go elsewhere for it.
 */
static void test_active_changes(void **state)
{
	struct changer changer = {};
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	struct wire in = sent_by(V4);
	size_t size = wire_build(&in, packet), got_size;
	int egress = program("egress");
	unsigned int n, i, left[2] = {};
	struct segue_session session;
	struct segue_addr a;
	__u32 pair[2][2];

	(void)state;
	for (i = 0; i < 2; i++) {
		a = address(changing[i].local);
		pair[i][0] = segue_addr_words(&a)[3];
		a = address(changing[i].remote);
		pair[i][1] = segue_addr_words(&a)[3];
	}
	assert_int_equal(segue_switch(host, V4, 1, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(pthread_create(&changer.thread, NULL, change, &changer), 0);
	for (n = 0; n < 300000; n++) {
		if (program_run(egress, packet, size, got, &got_size) != TC_ACT_REDIRECT)
			break;
		for (i = 0; i < 2; i++)
			if (!memcmp(got + 26, pair[i], sizeof(pair[i])))
				break;
		if (i == 2)
			break;
		left[i]++;
	}
	changer.stop = true;
	pthread_join(changer.thread, NULL);
	assert_int_equal(changer.err, 0);
	if (n < 300000)
		fail_msg("packet %u, change %u: dropped, or sent by a mixed pair", n,
			 changer.changes);
	assert_true(left[0] && left[1]);
	assert_int_equal(segue_session_get(host, V4, &session), 0);
	assert_int_equal(session.active, 1);
	assert_int_equal(session.generation, 1);
	assert_int_equal(counted().egress_switched, 0);
	for (i = 3; i < SEGUE_MAX_PATHS; i++)	/* the slot in between is free again */
		assert_int_equal(session.path[i].flags, 0);
}

/* No slot is free for it: refused, and the path stays as it is. */
static void test_active_full(void **state)
{
	struct segue_path path = { .local = address("10.7.0.1"), .remote = address("10.9.0.1"),
				   .ifindex = 11, .flags = BOTH };
	struct segue_counters steered = { .egress_steered = 1 };
	struct wire in = sent_by(V4);
	__u8 slot;

	(void)state;
	for (slot = 3; slot < SEGUE_MAX_PATHS; slot++)
		path_up(V4, slot, "10.1.0.9", "10.9.0.1", 11, BOTH);
	assert_int_equal(segue_path_put(host, V4, 0, &path, SEGUE_REASON_PATH_ADDED), -ENOSPC);
	expect_sent("as before", &in, TC_ACT_REDIRECT, &in, steered);
}

/* A CHILD_SA gets a way of its own and loses it again, all the time. */
static void *part_and_join(void *context)
{
	struct changer *changer = context;

	while (!changer->stop && !changer->err)
		changer->err = segue_child_switch(host, V4, 1, changer->changes++ & 1 ?
						  SEGUE_NO_PATH : 1, SEGUE_REASON_MANUAL);
	return NULL;
}

/* Its packets leave by its own way or by the session's; none of them takes a way
 * that was just given up for one that is dead. */
static void test_part_and_join(void **state)
{
	struct segue_addr remote = address(canonical[V4].remote);
	struct segue_sa_key key = { htonl(0x150), segue_addr_fold(&remote) };
	struct segue_sa sa = { .session = V4, .child = 1 };
	struct changer changer = {};
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	int egress = program("egress");
	struct wire in = sent_by(V4);
	struct segue_counters now;
	size_t size, got_size;
	unsigned int n;

	(void)state;
	in.spi = 0x150;
	size = wire_build(&in, packet);
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
	assert_int_equal(pthread_create(&changer.thread, NULL, part_and_join, &changer), 0);
	for (n = 0; n < 300000; n++)
		if (program_run(egress, packet, size, got, &got_size) != TC_ACT_REDIRECT)
			break;
	changer.stop = true;
	pthread_join(changer.thread, NULL);
	assert_int_equal(changer.err, 0);
	assert_int_equal(n, 300000);
	now = counted();
	assert_int_equal(now.egress_switched, 0);
	assert_in_range(now.egress_rewritten, 1, n - 1);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_forgets), TEST(test_active_changes), TEST(test_active_full),
		TEST(test_part_and_join),
	};

	if (host_up(NULL))
		return 1;
	return cmocka_run_group_tests_name("change", tests, NULL, host_down);
}
