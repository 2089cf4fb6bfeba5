// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The return switch: packets come by paths (ingress restore sees them), XFRM
 * authenticates some of them, and the session follows or does not.
 *
 *   peer at 10.9.0.1 --- path 0 --- 10.0.0.1, link 10      canonical
 *   peer at 10.9.1.1 --- path 1 --- 10.0.0.1, link 10
 *   peer at 10.9.0.1 --- path 2 --- 10.1.0.1, link 11
 */
#include <arpa/inet.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <segue/flow.h>
#include "clock.h"
#include "host.h"
#include "pins.h"
#include "tests/bpf/return_test.skel.h"

enum { SESSION = 1 };

static const struct { const char *local, *remote; __u32 ifindex; } ways[] = {
	{ "10.0.0.1", "10.9.0.1", 10 },
	{ "10.0.0.1", "10.9.1.1", 10 },
	{ "10.1.0.1", "10.9.0.1", 11 },
};

static int ingress, authenticated;
/* others for each test: what was seen of an SPI stays seen */
static __u32 spi = 0x101, other_spi = 0x301;

static int setup_as(__u8 flags)
{
	struct segue_sa_key key = { .spi = htonl(other_spi += 0x1000) };
	struct segue_sa sa = { .session = SESSION, .flags = SEGUE_SA_INBOUND };
	__u32 slot;

	host_reset(NULL);
	spi += 0x1000;
	link_up(10, "wlan0");
	link_up(11, "lte0");
	session_up(SESSION, "10.0.0.1", "10.9.0.1", spi - 1);
	for (slot = 0; slot < 3; slot++)
		path_up(SESSION, slot, ways[slot].local, ways[slot].remote,
			ways[slot].ifindex, BOTH);
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
	assert_int_equal(segue_session_set_flags(host, SESSION, flags), 0);
	events_begin();
	counted();
	return 0;
}

static int follower(void **state)
{
	(void)state;
	return setup_as(SEGUE_SESSION_FOLLOW);
}

static int soft_follower(void **state)
{
	(void)state;
	return setup_as(SEGUE_SESSION_FOLLOW | SEGUE_SESSION_COPY_SUSPECT);
}

static int soft_leader(void **state)
{
	(void)state;
	return setup_as(SEGUE_SESSION_COPY_SUSPECT);
}

static int leader(void **state)
{
	(void)state;
	return setup_as(0);
}

static void comes(__u32 by, __u32 seq, __u32 slot)
{
	struct wire wire = { .source = ways[slot].remote, .dest = ways[slot].local,
			     .spi = by, .seq = seq };
	unsigned char packet[WIRE_SIZE], out[WIRE_SIZE + 256];
	size_t size = wire_build(&wire, packet);

	program_run(ingress, packet, size, out, &size);
}

static void is_authentic(__u32 by, __u32 seq)
{
	struct { __be32 spi; __u32 seq; } call = { htonl(by), seq };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));

	assert_int_equal(bpf_prog_test_run_opts(authenticated, &opts), 0);
	assert_int_equal(opts.retval, 0);
}

static void arrives(__u32 by, __u32 seq, __u32 slot)
{
	comes(by, seq, slot);
	is_authentic(by, seq);
}

static __u32 active(void)
{
	struct segue_session session;

	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	return session.active;
}

static struct segue_session sends_by(__u32 slot, __u32 copy)
{
	struct segue_session session;

	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	assert_int_equal(session.active, slot);
	assert_int_equal(session.copy, copy);
	return session;
}

/* Until the last switch lies as far back as another SA has to wait.  This is
 * the one thing here that only time can bring about. */
static void hold_over(void)
{
	struct timespec hold = { .tv_nsec = SEGUE_FOLLOW_HOLD_NS + 1000000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &hold, NULL);
}

static void test_follows(void **state)
{
	struct segue_session session;
	struct segue_counters now;
	struct events events;

	(void)state;
	arrives(spi, 1, 0);
	assert_int_equal(active(), 0);
	arrives(spi, 2, 1);
	assert_int_equal(active(), 1);
	now = counted();
	assert_int_equal(now.return_switched, 1);
	assert_int_equal(now.return_stale, 0);

	events = events_take();
	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].type, SEGUE_EVENT_SWITCH);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_PEER_MOVED);
	assert_int_equal(events.event[0].from, 0);
	assert_int_equal(events.event[0].to, 1);
	assert_int_equal(events.event[0].spi, htonl(spi));
	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	assert_int_equal(session.switched_by, htonl(spi));
	assert_int_equal(session.generation, 1);

	/* back again at once: it is the same SA, whose order is known */
	arrives(spi, 3, 0);
	assert_int_equal(active(), 0);
}

/* Forged packets come by any path; only what XFRM authenticated moves anything. */
static void test_only_authentic(void **state)
{
	(void)state;
	arrives(spi, 1, 0);
	comes(spi, 2, 1);
	comes(spi, 3, 2);
	assert_int_equal(active(), 0);
	/* authenticated, but nobody saw it come by a path */
	is_authentic(spi, 77);
	assert_int_equal(active(), 0);
	/* an SPI that is none of ours */
	is_authentic(0x9999, 2);
	assert_int_equal(active(), 0);
}

/* The packet that was overtaken does not pull the session back. */
static void test_overtaken(void **state)
{
	(void)state;
	arrives(spi, 10, 0);
	arrives(spi, 12, 1);
	assert_int_equal(active(), 1);
	arrives(spi, 11, 0);
	assert_int_equal(active(), 1);
	assert_int_equal(counted().return_stale, 1);
	arrives(spi, 13, 1);
	assert_int_equal(active(), 1);
}

/* Sequence numbers wrap with ESN: 0 is newer than 0xffffffff. */
static void test_wraps(void **state)
{
	struct segue_sa_key key = { .spi = htonl(spi) };
	struct segue_sa sa;

	(void)state;
	arrives(spi, 0x7fffffff, 0);
	arrives(spi, 0xffffffff - 1, 0);
	arrives(spi, 0, 1);
	assert_int_equal(active(), 1);
	arrives(spi, 0xffffffff, 0);
	assert_int_equal(active(), 1);
	assert_int_equal(segue_sa_get(host, &key, &sa), 0);
	assert_int_equal(sa.highest, 0xffffffff);	/* 0: none came yet */
	arrives(spi, 0xfffffffe, 0);
	assert_int_equal(active(), 1);
	arrives(spi, 1, 2);
	assert_int_equal(active(), 2);
}

/* An SA that was there before the map knew of it: any number may be its first. */
static void test_begins_anywhere(void **state)
{
	static const __u32 first[] = { 1, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0 };
	struct segue_sa_key key = { .spi = htonl(spi) };
	struct segue_sa sa = { .session = SESSION, .flags = SEGUE_SA_INBOUND };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		hold_over();
		assert_int_equal(segue_sa_del(host, &key), 0);
		assert_int_equal(segue_sa_put(host, &key, &sa), 0);
		arrives(spi, first[i], i & 1 ? 0 : 1);
		assert_int_equal(active(), i & 1 ? 0 : 1);
		/* overtaken: by order, not by the hold */
		hold_over();
		arrives(spi, first[i] - 1, 2);
		assert_int_equal(active(), i & 1 ? 0 : 1);
	}
}

/* A forged copy raced the packet by another path: not followed. */
static void test_ambiguous(void **state)
{
	(void)state;
	arrives(spi, 1, 0);
	comes(spi, 2, 1);
	comes(spi, 2, 0);
	is_authentic(spi, 2);
	assert_int_equal(active(), 0);
	assert_int_equal(counted().return_ambiguous, 1);
	arrives(spi, 3, 1);
	assert_int_equal(active(), 1);
}

/* A second forgery, 65536 later, takes the place where the packet was noted, and
 * a third one would have it for itself: still not followed. */
static void test_evicted(void **state)
{
	(void)state;
	arrives(spi, 1, 0);
	comes(spi, 2, 0);
	comes(spi, 2 + SEGUE_SEEN, 1);
	comes(spi, 2, 1);
	is_authentic(spi, 2);
	assert_int_equal(active(), 0);
	arrives(spi, 3, 1);
	assert_int_equal(active(), 1);
}

/* Another SA's packets were on their way when the first one switched. */
static void test_other_sa_waits(void **state)
{
	(void)state;
	arrives(spi, 1, 1);
	assert_int_equal(active(), 1);
	arrives(other_spi, 1, 0);
	assert_int_equal(active(), 1);
	assert_int_equal(counted().return_stale, 1);
	hold_over();
	arrives(other_spi, 2, 0);
	assert_int_equal(active(), 0);
}

static void session_put(const struct segue_session *session)
{
	__u32 id = SESSION;
	int fd;

	assert_int_equal(pin_open_map(host_pins(), PIN_SESSION, &fd), 0);
	assert_int_equal(bpf_map_update_elem(fd, &id, session, BPF_EXIST), 0);
	close(fd);
}

/* The time of a switch wraps after 49 days; however long ago the last one was, the
 * next one is now. */
static void test_long_ago(void **state)
{
	static const __u32 days_ago[] = { 1, 24, 25, 37, 49 };
	struct segue_session session;
	__u32 seq = 1;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(days_ago) / sizeof(days_ago[0]); i++) {
		assert_int_equal(segue_session_get(host, SESSION, &session), 0);
		session.active = 0;
		session.switched_ms = segue_coarse_ms(clock_now_ns()) - days_ago[i] * 86400000;
		session_put(&session);
		arrives(spi, seq, 1);
		assert_int_equal(active(), 1);
		assert_int_equal(segue_session_get(host, SESSION, &session), 0);
		assert_true(segue_recent(session.switched_ms, clock_now_ns()));
		arrives(other_spi, seq++, 0);
		assert_int_equal(active(), 1);
	}
}

/*
 * A switch is one store, and what was written about it comes after: here the
 * instant between.  An SA that caused an earlier switch cannot undo this one, and
 * it is too soon for any other.
 */
static void test_half_told(void **state)
{
	struct segue_session session;

	(void)state;
	arrives(spi, 1, 1);
	hold_over();
	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	session.active = 2;
	session.switched_ms = segue_coarse_ms(clock_now_ns());
	session_put(&session);
	arrives(spi, 2, 1);
	assert_int_equal(active(), 2);
	arrives(other_spi, 1, 1);
	assert_int_equal(active(), 2);
	assert_int_equal(counted().return_stale, 2);
	hold_over();
	arrives(spi, 3, 1);
	assert_int_equal(active(), 1);
}

/* Two switches within one millisecond bear different times: the cause of the first
 * is not taken for that of the second. */
static void test_same_instant(void **state)
{
	struct segue_session session;
	__u32 before;

	(void)state;
	arrives(spi, 1, 1);
	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	before = session.switched_ms;
	arrives(spi, 2, 0);
	assert_int_equal(segue_switch(host, SESSION, 2, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	assert_true((__s32)(session.switched_ms - before) >= 2);
	arrives(spi, 3, 1);
	assert_int_equal(active(), 2);
}

/* The peer sends each packet by two paths; what comes second falls to the replay
 * window. */
static void arrives_twice(__u32 seq, __u32 first, __u32 second)
{
	arrives(spi, seq, first);
	comes(spi, seq, second);
}

/*
 * Now the one path is faster, now the other: the first packet by another path may
 * be a move and is followed, but then nobody is pulled to and fro.  When the copies
 * end, the path that remains is followed.
 */
static void test_copies(void **state)
{
	struct segue_counters now;
	__u32 seq;

	(void)state;
	arrives(spi, 1, 0);
	for (seq = 2; seq < 10; seq++)
		arrives_twice(seq, 1, 0);
	assert_int_equal(active(), 1);
	for (; seq < 100; seq++)
		arrives_twice(seq, seq & 1, !(seq & 1));
	assert_int_equal(active(), 1);
	now = counted();
	assert_int_equal(now.return_switched, 1);
	assert_int_equal(now.return_ambiguous, 0);
	assert_int_equal(now.return_stale, 45);
	assert_int_equal(now.ingress_copy, 98);
	/* one that came first by the other path, a hold later */
	hold_over();
	arrives_twice(seq++, 0, 1);
	assert_int_equal(active(), 0);
	for (; seq < 200; seq++)
		arrives_twice(seq, seq & 1, !(seq & 1));
	assert_int_equal(active(), 0);
	/* the window ends */
	hold_over();
	arrives(spi, seq++, 1);
	assert_int_equal(active(), 1);
	/* and a move is followed at once again, for nothing comes twice any more */
	arrives(spi, seq++, 0);
	assert_int_equal(active(), 0);
}

static struct segue_probe probe_of(__u32 slot)
{
	struct segue_session session;
	struct segue_probe p;

	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	assert_int_equal(segue_probe_get(host, session.path[slot].probe, &p), 0);
	return p;
}

/* By the path on which they come second nothing is authenticated; it is not silent. */
static void test_copies_heard(void **state)
{
	__u32 slot;
	__u64 heard;

	(void)state;
	for (slot = 0; slot < 2; slot++)
		assert_int_equal(segue_probe_path(host, SESSION, slot, 1, 10000000, 3), 0);
	arrives(spi, 1, 0);
	heard = probe_of(0).heard_ns;
	assert_true(heard != 0);
	comes(spi, 1, 0);		/* again by the same one: says nothing */
	assert_true(probe_of(0).copied_ns == 0);
	arrives_twice(2, 1, 0);
	assert_true(probe_of(0).heard_ns == heard);
	assert_true(probe_of(0).copied_ns > heard);
	assert_true(probe_of(1).heard_ns > heard);
	assert_true(probe_of(1).copied_ns == 0);
}

/* Both copies stood in the table before XFRM had the first: they come twice, too. */
static void test_copies_at_once(void **state)
{
	(void)state;
	arrives(spi, 1, 1);
	assert_int_equal(active(), 1);
	comes(spi, 2, 1);
	comes(spi, 2, 0);
	is_authentic(spi, 2);
	arrives(spi, 3, 0);
	assert_int_equal(active(), 1);
	assert_int_equal(counted().return_ambiguous, 1);
}

/* A packet that came again by the same path is no copy. */
static void test_repeated(void **state)
{
	(void)state;
	arrives(spi, 1, 1);
	comes(spi, 1, 1);
	arrives(spi, 2, 0);
	assert_int_equal(active(), 0);
	assert_int_equal(counted().ingress_copy, 0);
}

/* We send by two paths ourselves: the peer is reached by both. */
static void test_own_copies(void **state)
{
	__u32 seq;

	(void)state;
	assert_int_equal(segue_copy(host, SESSION, 1, 0), 0);
	for (seq = 1; seq < 10; seq++)
		arrives(spi, seq, seq & 1);
	assert_int_equal(active(), 0);
	assert_int_equal(counted().return_stale, 0);
	/* by a third one: the peer moved */
	arrives(spi, seq++, 2);
	assert_int_equal(active(), 2);
	assert_int_equal(segue_copy(host, SESSION, 1, 1), 0);	/* long over */
	arrives(spi, seq++, 1);
	assert_int_equal(active(), 1);
}

/* A follower that switches to its copy's path copies to the one it left. */
static void test_places_change(void **state)
{
	(void)state;
	assert_int_equal(segue_copy(host, SESSION, 1, 1), 0);
	arrives(spi, 1, 1);
	sends_by(1, 0);
}

/* The other SA is of a CHILD_SA with a number. */
static void set_apart(void)
{
	struct segue_sa_key key = { .spi = htonl(other_spi) };
	struct segue_sa sa = { .session = SESSION, .flags = SEGUE_SA_INBOUND, .child = 1 };

	assert_int_equal(segue_sa_del(host, &key), 0);
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
}

/* So long no switch is soft after one. */
static void holds_over(void)
{
	int i;

	for (i = 0; i < 4; i++)
		hold_over();
}

/* The peer suspects the path that it leaves, and may be wrong: a hold long it gets all by
 * both, and where it is then is followed again. */
static void test_follows_softly(void **state)
{
	__u64 until;

	(void)state;
	arrives(spi, 1, 0);
	arrives_twice(2, 1, 0);
	until = sends_by(1, 0).copy_until;
	assert_in_range(until, clock_now_ns(), clock_now_ns() + SEGUE_FOLLOW_HOLD_NS);
	arrives(spi, 3, 0);
	assert_int_equal(active(), 1);
	assert_int_equal(counted().return_stale, 0);
	hold_over();
	arrives(spi, 4, 0);		/* so soon it is followed hard */
	assert_int_equal(active(), 0);
	assert_true(sends_by(0, 1).copy_until == until);
	holds_over();
	arrives(spi, 5, 1);
	assert_true(sends_by(1, 0).copy_until > until);
	/* a copy that somebody asked for lasts */
	holds_over();
	arrives(spi, 6, 0);
	holds_over();
	assert_int_equal(segue_copy(host, SESSION, 2, 0), 0);
	arrives(spi, 7, 1);
	assert_true(sends_by(1, 2).copy_until == SEGUE_COPY_ALWAYS);
	link_down(11);			/* and waits for its link */
	holds_over();
	arrives(spi, 8, 0);
	assert_true(sends_by(0, 2).copy_until == SEGUE_COPY_ALWAYS);
}

/* From another address of ours: the leader would take it for a move. */
static void test_follows_elsewhere(void **state)
{
	(void)state;
	arrives(spi, 1, 2);
	sends_by(2, SEGUE_NO_PATH);
}

/* Nothing by a path that costs, and what goes a way of its own has its own setting. */
static void test_follows_hard(void **state)
{
	struct segue_session session;

	(void)state;
	path_up(SESSION, 0, ways[0].local, ways[0].remote, 10, BOTH | SEGUE_PATH_METERED);
	arrives(spi, 1, 1);
	sends_by(1, SEGUE_NO_PATH);
	set_apart();
	assert_int_equal(segue_child_switch(host, SESSION, 1, 2, SEGUE_REASON_MANUAL), 0);
	hold_over();
	arrives(other_spi, 1, 1);
	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	assert_int_equal(session.child[1].active, 1);
	assert_int_equal(session.child[1].copy, SEGUE_NO_PATH);
}

/* A leader knows: what it follows is the peer's word alone. */
static void test_leader_hard(void **state)
{
	(void)state;
	arrives(spi, 1, 1);
	sends_by(1, SEGUE_NO_PATH);
}

/* Copies leave nothing behind: a lap of the table later all is as before. */
static void test_copies_lap(void **state)
{
	__u32 seq;

	(void)state;
	for (seq = 1; seq < 10; seq++)
		arrives_twice(seq, 0, 1);
	hold_over();
	arrives(spi, 5 + SEGUE_SEEN, 1);
	assert_int_equal(active(), 1);
	assert_int_equal(counted().return_ambiguous, 0);
}

/* A CHILD_SA that goes a way of its own follows for itself. */
static void test_children(void **state)
{
	struct segue_session session;
	struct events events;

	(void)state;
	set_apart();
	/* as long as it goes the session's way, it moves the session */
	arrives(other_spi, 1, 1);
	assert_int_equal(active(), 1);
	assert_int_equal(segue_child_switch(host, SESSION, 1, 2, SEGUE_REASON_MANUAL), 0);
	hold_over();
	events_take();
	arrives(other_spi, 2, 0);
	arrives(spi, 1, 1);
	assert_int_equal(active(), 1);
	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	assert_int_equal(session.child[1].active, 0);
	assert_int_equal(session.child[1].switched_by, htonl(other_spi));
	events = events_take();
	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].child, 1);
	/* neither waits for the other */
	arrives(spi, 2, 2);
	arrives(other_spi, 3, 1);
	assert_int_equal(active(), 2);
	assert_int_equal(segue_session_get(host, SESSION, &session), 0);
	assert_int_equal(session.child[1].active, 1);
}

/* A path on which we could not answer, or must not. */
static void test_dead_or_unverified(void **state)
{
	(void)state;
	link_down(11);
	arrives(spi, 1, 2);
	assert_int_equal(active(), 0);
	comes(spi, 2, 1);
	path_up(SESSION, 1, ways[1].local, ways[1].remote, 10, SEGUE_PATH_EGRESS);
	is_authentic(spi, 2);
	assert_int_equal(active(), 0);
	comes(spi, 3, 1);
	is_authentic(spi, 3);
	assert_int_equal(active(), 0);
	path_up(SESSION, 1, ways[1].local, ways[1].remote, 10, SEGUE_PATH_VERIFIED);
	arrives(spi, 4, 1);		/* received, never answered by it */
	assert_int_equal(active(), 0);
}

/* The leader chose his own link himself; the peer's move he follows. */
static void test_leader(void **state)
{
	(void)state;
	arrives(spi, 1, 0);
	arrives(spi, 2, 2);
	assert_int_equal(active(), 0);
	arrives(spi, 3, 1);
	assert_int_equal(active(), 1);
	/* not back at once, and not by the same SA either */
	arrives(spi, 4, 0);
	assert_int_equal(active(), 1);
	hold_over();
	arrives(spi, 5, 0);
	assert_int_equal(active(), 0);
}

/* Right after the leader's own handover, the peer still answers the old way. */
static void test_leader_just_switched(void **state)
{
	(void)state;
	assert_int_equal(segue_switch(host, SESSION, 1, SEGUE_REASON_MANUAL), 0);
	arrives(spi, 1, 0);
	assert_int_equal(active(), 1);
	assert_int_equal(counted().return_stale, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_follows, follower),
		cmocka_unit_test_setup(test_only_authentic, follower),
		cmocka_unit_test_setup(test_overtaken, follower),
		cmocka_unit_test_setup(test_wraps, follower),
		cmocka_unit_test_setup(test_begins_anywhere, follower),
		cmocka_unit_test_setup(test_ambiguous, follower),
		cmocka_unit_test_setup(test_evicted, follower),
		cmocka_unit_test_setup(test_other_sa_waits, follower),
		cmocka_unit_test_setup(test_long_ago, follower),
		cmocka_unit_test_setup(test_half_told, follower),
		cmocka_unit_test_setup(test_same_instant, follower),
		cmocka_unit_test_setup(test_copies, follower),
		cmocka_unit_test_setup(test_copies_heard, follower),
		cmocka_unit_test_setup(test_copies_at_once, follower),
		cmocka_unit_test_setup(test_repeated, follower),
		cmocka_unit_test_setup(test_own_copies, follower),
		cmocka_unit_test_setup(test_places_change, follower),
		cmocka_unit_test_setup(test_follows_softly, soft_follower),
		cmocka_unit_test_setup(test_follows_elsewhere, soft_follower),
		cmocka_unit_test_setup(test_follows_hard, soft_follower),
		cmocka_unit_test_setup(test_leader_hard, soft_leader),
		cmocka_unit_test_setup(test_copies_lap, follower),
		cmocka_unit_test_setup(test_children, follower),
		cmocka_unit_test_setup(test_dead_or_unverified, follower),
		cmocka_unit_test_setup(test_leader, leader),
		cmocka_unit_test_setup(test_leader_just_switched, leader),
	};
	struct return_test *bpf;
	int failed;

	if (host_up(NULL))
		return 1;
	bpf = return_test__open();
	if (!bpf || host_reuse_pins(bpf->obj) || return_test__load(bpf))
		return 1;
	ingress = program("xdp");
	authenticated = bpf_program__fd(bpf->progs.authenticated_packet);
	failed = cmocka_run_group_tests_name("return", tests, NULL, host_down);
	return_test__destroy(bpf);
	return failed;
}
