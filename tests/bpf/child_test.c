// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CHILD_SAs of one session by different paths, and together again.
 *
 *   session V4   SPI 0x100: no number     SPI 0x150: number 1    SPI 0x160: number 7
 *   path 0 by link 10, paths 1 and 2 by link 11
 */
#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include "host.h"
#include "pins.h"

enum { UNVERIFIED = 3, ONE = 0x150, LAST = 0x160, CHILD = 1, LAST_CHILD = SEGUE_MAX_CHILDREN - 1 };

static void sa_up(__u32 spi, __u8 child)
{
	struct segue_addr remote = address(canonical[V4].remote);
	struct segue_sa_key key = { htonl(spi), segue_addr_fold(&remote) };
	struct segue_sa sa = { .session = V4, .child = child };

	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
}

static int setup(void **state)
{
	host_reset(state);
	sessions_up(UNVERIFIED);
	sa_up(ONE, CHILD);
	sa_up(LAST, LAST_CHILD);
	events_begin();
	return 0;
}

static struct segue_session session_now(void)
{
	struct segue_session session;

	assert_int_equal(segue_session_get(host, V4, &session), 0);
	return session;
}

/* Twice: the second time by the remembered decision. */
static void leaves_by(__u32 spi, __u32 slot, unsigned int switched)
{
	struct segue_counters counters = { .egress_steered = 1, .egress_rewritten = slot > 0,
					   .egress_switched = switched };
	struct wire in = sent_by(V4), out;

	in.spi = spi;
	out = by_path(in, V4, slot);
	expect_sent("first", &in, TC_ACT_REDIRECT, &out, counters);
	counters.egress_switched = 0;
	expect_sent("again", &in, TC_ACT_REDIRECT, &out, counters);
}

static void test_together(void **state)
{
	(void)state;
	leaves_by(0x100, 0, 0);
	leaves_by(ONE, 0, 0);
	assert_int_equal(segue_switch(host, V4, 2, SEGUE_REASON_MANUAL), 0);
	leaves_by(ONE, 2, 0);
	leaves_by(LAST, 2, 0);
	/* by the packet of any of them */
	link_down(11);
	leaves_by(LAST, 0, 1);
	leaves_by(0x100, 0, 0);
	leaves_by(ONE, 0, 0);
	assert_int_equal(session_now().generation, 2);
	assert_int_equal(session_now().child[LAST_CHILD].generation, 0);
}

static void test_apart(void **state)
{
	struct segue_session session;
	struct events events;

	(void)state;
	assert_int_equal(segue_child_switch(host, V4, CHILD, 2, SEGUE_REASON_MANUAL), 0);
	events = events_take();
	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].type, SEGUE_EVENT_SWITCH);
	assert_int_equal(events.event[0].child, CHILD);
	assert_int_equal(events.event[0].from, SEGUE_NO_PATH);
	assert_int_equal(events.event[0].to, 2);
	leaves_by(ONE, 2, 0);
	leaves_by(0x100, 0, 0);
	leaves_by(LAST, 0, 0);
	/* the session moves, and this one stays */
	assert_int_equal(segue_switch(host, V4, 1, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(events_take().event[0].child, 0);
	leaves_by(ONE, 2, 0);
	leaves_by(LAST, 1, 0);
	session = session_now();
	assert_int_equal(session.active, 1);
	assert_int_equal(session.generation, 1);
	assert_int_equal(session.child[CHILD].active, 2);
	assert_int_equal(session.child[CHILD].generation, 1);
	assert_ptr_equal(segue_way_of(&session, CHILD), &session.child[CHILD]);
	assert_ptr_equal(segue_way_of(&session, LAST_CHILD), &session.way);
	/* and goes with it again */
	assert_int_equal(segue_child_switch(host, V4, CHILD, SEGUE_NO_PATH, 0), 0);
	leaves_by(ONE, 1, 0);
}

/* Each loses its own link, and only its own. */
static void test_link_dead(void **state)
{
	struct events events;

	(void)state;
	assert_int_equal(segue_child_switch(host, V4, LAST_CHILD, 2, SEGUE_REASON_MANUAL), 0);
	link_down(11);
	events_take();
	leaves_by(0x100, 0, 0);
	leaves_by(ONE, 0, 0);
	leaves_by(LAST, 0, 1);
	events = events_take();
	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_LINK_DOWN);
	assert_int_equal(events.event[0].child, LAST_CHILD);
	assert_int_equal(session_now().generation, 0);
	assert_int_equal(segue_link_set(host, 11, SEGUE_LINK_UP, SEGUE_REASON_CARRIER_BACK), 0);
	assert_int_equal(segue_child_switch(host, V4, LAST_CHILD, 2, SEGUE_REASON_MANUAL), 0);
	link_down(10);
	leaves_by(LAST, 2, 0);
	leaves_by(ONE, 1, 1);
	assert_int_equal(session_now().generation, 1);
}

/* A path goes away, or gets other addresses, under several ways at once. */
static void test_path_changes(void **state)
{
	struct segue_path path = { .local = address("10.7.7.7"), .remote = address("10.9.7.7"),
				   .ifindex = 11, .flags = BOTH };
	struct segue_counters counters = { .egress_steered = 1, .egress_rewritten = 1 };
	struct wire in = sent_by(V4), out = in;

	(void)state;
	assert_int_equal(segue_switch(host, V4, 2, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(segue_child_switch(host, V4, CHILD, 2, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(segue_child_switch(host, V4, LAST_CHILD, 1, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(segue_path_put(host, V4, 2, &path, SEGUE_REASON_PATH_ADDED), 0);
	out.source = "10.7.7.7";
	out.dest = "10.9.7.7";
	expect_sent("the session", &in, TC_ACT_REDIRECT, &out, counters);
	in.spi = out.spi = ONE;
	expect_sent("its own way", &in, TC_ACT_REDIRECT, &out, counters);
	assert_int_equal(session_now().child[CHILD].active, 2);
	assert_int_equal(session_now().child[CHILD].generation, 1);
	leaves_by(LAST, 1, 0);

	events_take();
	assert_int_equal(segue_child_copy(host, V4, LAST_CHILD, 2, 0), 0);
	assert_int_equal(segue_path_del(host, V4, 2, SEGUE_REASON_ADDRESS_GONE), 0);
	assert_int_equal(events_take().count, 3);
	assert_int_equal(session_now().child[LAST_CHILD].copy, SEGUE_NO_PATH);
	leaves_by(0x100, 0, 0);
	leaves_by(ONE, 0, 0);
	leaves_by(LAST, 1, 0);
}

static void test_refused(void **state)
{
	struct segue_addr remote = address(canonical[V4].remote);
	struct segue_sa_key key = { htonl(0x170), segue_addr_fold(&remote) };
	struct segue_sa sa = { .session = V4, .child = SEGUE_MAX_CHILDREN };
	struct segue_session session;
	__u32 id = V4;
	int fd;

	(void)state;
	assert_int_equal(segue_sa_put(host, &key, &sa), -EINVAL);
	assert_int_equal(segue_child_switch(host, V4, SEGUE_MAX_CHILDREN, 1, 0), -EINVAL);
	assert_int_equal(segue_child_copy(host, V4, SEGUE_MAX_CHILDREN, 1, 0), -EINVAL);
	assert_int_equal(segue_child_copy(host, V4, CHILD, 1, 0), -EINVAL);	/* no own way */
	assert_int_equal(segue_child_switch(host, 99, CHILD, 1, 0), -ENOENT);
	assert_int_equal(segue_child_switch(host, 99, CHILD, SEGUE_NO_PATH, 0), -ENOENT);
	assert_int_equal(segue_child_switch(host, V4, CHILD, 9, 0), -ENOENT);
	assert_int_equal(segue_switch(host, V4, SEGUE_NO_PATH, 0), -ENOENT);
	assert_int_equal(events_take().count, 0);

	session = session_now();
	session.child[3].active = SEGUE_MAX_PATHS;
	assert_int_equal(pin_open_map(host_pins(), PIN_SESSION, &fd), 0);
	assert_int_equal(bpf_map_update_elem(fd, &id, &session, BPF_EXIST), 0);
	close(fd);
	assert_int_equal(segue_session_get(host, V4, &session), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_together), TEST(test_apart), TEST(test_link_dead),
		TEST(test_path_changes), TEST(test_refused),
	};

	if (host_up(NULL))
		return 1;
	return cmocka_run_group_tests_name("child", tests, NULL, host_down);
}
