// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * handovers COUNT WINDOW_MS NODE_PID PEER_PID: soft handovers, to and fro between the
 * first two paths of the node's first session, as fast as both ends can follow them.
 *
 * As `segue switch --soft` does it, without a new process for each:
 *
 *	copy to the new path            both paths carry each packet
 *	... WINDOW_MS, until the kernel's clock says so ...
 *	switch, the old path is copied to
 *	... WINDOW_MS, likewise ...
 *	the peer's event: it sends to the new path, too
 *
 * A handover is one only if packets were copied in both windows, the node's event
 * tells of it and the peer's follows: else this ends with an error that says which
 * one it was.  The PIDs are of processes in the hosts' namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "control.h"

#define NS_PER_MS 1000000ULL

/* The peer follows once in SEGUE_FOLLOW_HOLD_NS while packets come twice. */
enum { PATIENCE_MS = 2000, COPIES = 2 };

struct host {
	const char *name;
	struct segue *segue;
	struct segue_reader *reader;
	__u32 session;
	__u8 slot;			/* that it sends by, as its events tell */
	unsigned long switches;
};

static unsigned long made;

static void fail(const char *what, int err)
{
	fprintf(stderr, "handovers: after %lu: %s%s%s\n", made, what, err ? ": " : "",
		err ? strerror(-err) : "");
	exit(1);
}

static void enter(const char *pid, const char *namespace, int type)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, namespace);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, type))
		fail(path, -errno);
	close(fd);
}

static void read_session(const struct host *host, struct segue_session *session)
{
	int err = segue_session_get(host->segue, host->session, session);

	if (err)
		fail(host->name, err);
}

static void host_open(struct host *host, int mounts, const char *pid)
{
	struct segue_session session;
	int err;

	/* the other host's /proc would not show ours */
	if (setns(mounts, CLONE_NEWNS))
		fail("mounts", -errno);
	enter(pid, "net", CLONE_NEWNET);
	enter(pid, "mnt", CLONE_NEWNS);
	err = segue_open(NULL, &host->segue);
	if (!err)
		err = segue_reader_open(host->segue, -1, &host->reader);
	if (!err)
		err = segue_session_next(host->segue, &host->session);
	if (err)
		fail(host->name, err);
	read_session(host, &session);
	host->slot = session.active;
}

static void on_event(void *context, const struct segue_event *event)
{
	struct host *host = context;

	if (event->type == SEGUE_EVENT_SWITCH && event->session == host->session &&
	    !event->child) {
		host->slot = event->to;
		host->switches++;
	}
}

/* Is the address that this host sends to that one? */
static bool sends_to(const struct host *host, const struct segue_addr *addr)
{
	struct segue_session session;

	read_session(host, &session);
	return host->slot < SEGUE_MAX_PATHS &&
	       segue_addr_equal(&session.path[host->slot].remote, addr);
}

/* Until the peer's event says that it sends to where the node is now. */
static void await_peer(struct host *peer, const struct segue_addr *addr)
{
	struct pollfd p = { segue_reader_fd(peer->reader), POLLIN, 0 };
	__u64 end = clock_now_ns() + PATIENCE_MS * NS_PER_MS, now;

	for (;;) {
		segue_reader_read(peer->reader, on_event, peer);
		if (sends_to(peer, addr))
			return;
		now = clock_now_ns();
		if (now >= end)
			fail("the peer does not follow", 0);
		poll(&p, 1, (end - now) / NS_PER_MS + 1);
	}
}

static __u64 copied(const struct host *host)
{
	struct segue_counters counters;
	int err = segue_counters_get(host->segue, &counters);

	if (err)
		fail("counters", err);
	return counters.egress_copied;
}

/* Has the window carried copies?  Counted from before. */
static __u64 window_over(const struct host *node, __u64 until, __u64 before)
{
	__u64 after;

	clock_wait_until(until);
	after = copied(node);
	if (after < before + COPIES)
		fail("a window without copies", 0);
	return after;
}

static void handover(struct host *node, struct host *peer, __u8 to, __u64 window)
{
	struct segue_session session;
	__u64 begin = clock_now_ns(), count = copied(node), until;
	unsigned long switches = node->switches;
	int err;

	err = segue_copy(node->segue, node->session, to, begin + 2 * window);
	if (err)
		fail("copy", err);
	count = window_over(node, begin + window, count);
	until = clock_now_ns() + window;
	err = segue_switch_soft(node->segue, node->session, to, until, SEGUE_REASON_MANUAL);
	if (err)
		fail("switch", err);
	window_over(node, until, count);
	segue_reader_read(node->reader, on_event, node);
	if (node->slot != to || node->switches != switches + 1)
		fail("not exactly one switch of the node", 0);
	read_session(node, &session);
	await_peer(peer, &session.path[to].local);
}

static void find_paths(const struct host *node, __u8 slots[2])
{
	const __u8 wanted = SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;
	struct segue_session session;
	__u8 slot, found = 0;

	read_session(node, &session);
	slots[found++] = session.active;
	for (slot = 0; slot < SEGUE_MAX_PATHS && found < 2; slot++)
		if (slot != session.active && (session.path[slot].flags & wanted) == wanted)
			slots[found++] = slot;
	if (found < 2)
		fail("no second path that is verified", 0);
}

int main(int argc, char **argv)
{
	struct host node = { .name = "node" }, peer = { .name = "peer" };
	__u8 slots[2];
	unsigned long count;
	__u64 window;
	int mounts;

	if (argc != 5) {
		fprintf(stderr, "usage: handovers COUNT WINDOW_MS NODE_PID PEER_PID\n");
		return 2;
	}
	count = strtoul(argv[1], NULL, 10);
	window = strtoul(argv[2], NULL, 10) * NS_PER_MS;
	mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (mounts < 0)
		fail("mounts", -errno);
	host_open(&node, mounts, argv[3]);
	host_open(&peer, mounts, argv[4]);
	find_paths(&node, slots);
	for (made = 0; made < count; made++)
		handover(&node, &peer, slots[(made + 1) % 2], window);
	segue_reader_read(peer.reader, on_event, &peer);
	printf("%lu handovers, the peer followed %lu times, %llu packets copied\n", made,
	       peer.switches, (unsigned long long)copied(&node));
	segue_reader_close(node.reader);
	segue_reader_close(peer.reader);
	segue_close(node.segue);
	segue_close(peer.segue);
	return 0;
}
