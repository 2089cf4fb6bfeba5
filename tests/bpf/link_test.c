// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The link watch on real devices: by the time that the call which takes a device
 * down has returned, links_up says so, and the event is in the ring.  Nothing is
 * waited for.  Needs a kernel that takes fentry programs.
 *
 *	namespace of the test                    another namespace
 *	near === veth === far                    a device with near's ifindex
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "host.h"
#include "load.h"

static unsigned int near_index;

static void run(const char *command)
{
	if (system(command))
		fail_msg("%s", command);
}

static bool up(void)
{
	struct segue_link link;
	struct segue_state now;
	bool bit;

	assert_int_equal(segue_state_get(host, &now), 0);
	assert_int_equal(segue_link_get(host, near_index, &link), 0);
	bit = now.links_up >> link.bit & 1;
	assert_int_equal(bit, (link.flags & SEGUE_LINK_UP) == SEGUE_LINK_UP);
	return bit;
}

/* Exactly this happened, just now. */
static void expect(enum segue_reason reason, bool is_up)
{
	struct events events = events_take();

	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].type, SEGUE_EVENT_LINK);
	assert_int_equal(events.event[0].reason, reason);
	assert_int_equal(events.event[0].ifindex, near_index);
	assert_int_equal(events.event[0].to, is_up);
	assert_int_equal(up(), is_up);
}

static int setup(void **state)
{
	host_reset(state);
	run("ip link add near type veth peer name far");
	run("ip link set far up && ip link set near up");
	near_index = if_nametoindex("near");
	link_up(near_index, "near");
	events_begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (if_nametoindex("near"))
		run("ip link del near");
	return 0;
}

static void test_carrier(void **state)
{
	struct segue_link link;

	(void)state;
	run("ip link set far down");
	expect(SEGUE_REASON_CARRIER_LOST, false);
	run("ip link set far up");
	expect(SEGUE_REASON_CARRIER_BACK, true);
	assert_int_equal(segue_link_get(host, near_index, &link), 0);
	assert_int_equal(link.downs, 1);
}

static void test_admin(void **state)
{
	(void)state;
	run("ip link set near down");
	expect(SEGUE_REASON_ADMIN_DOWN, false);
	run("ip link set near up");
	assert_true(up());
	assert_in_range(events_take().count, 1, 2);	/* carrier and flags, in either order */
}

/* Both at once, and back in either order. */
static void test_both(void **state)
{
	(void)state;
	run("ip link set far down");
	expect(SEGUE_REASON_CARRIER_LOST, false);
	run("ip link set near down");
	assert_int_equal(events_take().count, 0);
	run("ip link set near up");
	assert_false(up());
	run("ip link set far up");
	expect(SEGUE_REASON_CARRIER_BACK, true);
}

static void test_removed(void **state)
{
	struct events events;

	(void)state;
	run("ip link del near");
	assert_int_equal(if_nametoindex("near"), 0);
	assert_false(up());
	/* whatever came first: the last word is that it is gone */
	events = events_take();
	assert_in_range(events.count, 1, 2);
	assert_int_equal(events.event[events.count - 1].reason, SEGUE_REASON_UNPLUGGED);
	assert_int_equal(events.event[events.count - 1].to, 0);
}

/* Taken into another namespace: closed there without anybody's flags changing. */
static void test_moved_away(void **state)
{
	int hold[2], status;
	char byte, command[96];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	if (!pid) {
		close(hold[0]);
		if (unshare(CLONE_NEWNET) || write(hold[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(hold[0], &byte, 1), 1);
	snprintf(command, sizeof(command), "ip link set near netns %d", pid);
	run(command);
	assert_false(up());
	assert_in_range(events_take().count, 1, 2);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(hold[0]);
	close(hold[1]);
}

/* The hooks are the whole kernel's; a device elsewhere with the same index is
 * none of ours. */
static void test_other_namespace(void **state)
{
	char command[256];
	int status;
	pid_t pid;

	(void)state;
	snprintf(command, sizeof(command),
		 "ip link add other index %u type dummy && ip link set other up && "
		 "ip link set other carrier off && ip link set other carrier on && "
		 "ip link set other down && ip link del other", near_index);
	pid = fork();
	if (!pid)
		_exit(unshare(CLONE_NEWNET) || system(command) ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(events_take().count, 0);
	assert_true(up());
}

/* A device that is none of ours, in our namespace. */
static void test_other_device(void **state)
{
	(void)state;
	run("ip link add other type dummy && ip link set other up && "
	    "ip link set other carrier off && ip link set other down && ip link del other");
	assert_int_equal(events_take().count, 0);
	assert_true(up());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_carrier), TEST(test_admin), TEST(test_both), TEST(test_removed),
		TEST(test_moved_away), TEST(test_other_namespace), TEST(test_other_device),
	};
	unsigned int missing, bit;

	if (host_up(NULL))
		return 1;
	missing = SEGUE_FEATURE_ALL & ~host_features;
	if (missing) {
		for (bit = 1; bit & SEGUE_FEATURE_ALL; bit <<= 1)
			if (missing & bit)
				printf("missing: %s\n", segue_feature_name(bit));
		host_down(NULL);
		printf("this kernel refuses what is tested here\n");
		return 77;
	}
	return cmocka_run_group_tests_name("link", tests, NULL, host_down);
}
