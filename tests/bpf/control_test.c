// SPDX-License-Identifier: GPL-2.0-or-later
/* What user space may change, and what it never undoes; full and hostile maps. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "host.h"
#include "pins.h"

static int setup(void **state)
{
	host_reset(state);
	link_up(10, "wlan0");
	link_up(11, "lte0");
	session_up(1, "10.0.0.1", "10.9.0.1", 0x100);
	path_up(1, 0, "10.0.0.1", "10.9.0.1", 10, BOTH);
	path_up(1, 1, "10.1.0.1", "10.9.0.1", 11, BOTH);
	events_begin();
	return 0;
}

static struct segue_session session_now(__u32 id)
{
	struct segue_session session;

	assert_int_equal(segue_session_get(host, id, &session), 0);
	return session;
}

/* The one event there is. */
static struct segue_event only_event(void)
{
	struct events events = events_take();

	assert_int_equal(events.count, 1);
	return events.event[0];
}

static void test_session(void **state)
{
	struct segue_session new = {
		.local = address("10.0.0.2"), .remote = address("10.9.0.2"),
		.active = SEGUE_NO_PATH, .ike = 5, .peer = 4711, .generation = 77, .switched_ns = 88,
	}, got;
	__u32 id = 0, sum = 0;

	(void)state;
	memset(new.name, 'x', sizeof(new.name));	/* no NUL: it is cut */
	new.path[3].flags = SEGUE_PATH_USED;
	assert_int_equal(segue_session_put(host, 0, &new), -EINVAL);
	assert_int_equal(segue_session_put(host, 1, &new), -EEXIST);
	assert_int_equal(segue_session_put(host, 2, &new), 0);
	got = session_now(2);
	assert_int_equal(strlen(got.name), SEGUE_NAME_SIZE - 1);
	assert_int_equal(got.ike, 5);
	assert_int_equal(got.peer, 4711);
	assert_int_equal(got.generation, 0);
	assert_int_equal(got.switched_ns, 0);
	assert_int_equal(got.path[3].flags, 0);

	while (!segue_session_next(host, &id))
		sum += id;
	assert_int_equal(sum, 1 + 2);
	assert_int_equal(segue_session_del(host, 2), 0);
	assert_int_equal(segue_session_del(host, 2), -ENOENT);
	got.ike = 4711;
	assert_int_equal(segue_session_get(host, 2, &got), -ENOENT);
	assert_int_equal(got.ike, 4711);		/* untouched */
	new.active = SEGUE_MAX_PATHS;
	assert_int_equal(segue_session_put(host, 2, &new), -EINVAL);
	new.active = 0;
	new.remote = address("2001:db8::2");
	assert_int_equal(segue_session_put(host, 2, &new), -EAFNOSUPPORT);
}

/* A switch of the data path survives whatever user space changes after it. */
static void test_nothing_undone(void **state)
{
	struct segue_session before, after;

	(void)state;
	assert_int_equal(segue_switch(host, 1, 1, SEGUE_REASON_MANUAL), 0);
	before = session_now(1);
	assert_int_equal(before.active, 1);
	assert_int_equal(before.generation, 1);
	assert_int_equal(segue_session_rename(host, 1, 9, "after a rekey, a name too long to fit"), 0);
	assert_int_equal(segue_session_set_flags(host, 1, SEGUE_SESSION_FOLLOW), 0);
	path_up(1, 0, "10.0.0.1", "10.9.0.1", 10, SEGUE_PATH_EGRESS);
	path_up(1, 1, "10.1.0.1", "10.9.0.1", 11, SEGUE_PATH_EGRESS);
	after = session_now(1);
	assert_int_equal(after.active, 1);
	assert_int_equal(after.generation, 1);
	assert_int_equal(after.reason, SEGUE_REASON_MANUAL);
	assert_int_equal(after.switched_ns, before.switched_ns);
	assert_int_equal(after.flags, SEGUE_SESSION_FOLLOW);
	assert_int_equal(after.ike, 9);
	assert_string_equal(after.name, "after a rekey, a name too long ");
	assert_int_equal(segue_session_rename(host, 99, 9, "nobody"), -ENOENT);
	assert_int_equal(segue_session_set_flags(host, 99, 0), -ENOENT);
}

static void test_switch(void **state)
{
	struct segue_event event;

	(void)state;
	assert_int_equal(segue_switch(host, 1, 0, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(events_take().count, 0);	/* there already */
	assert_int_equal(segue_switch(host, 1, 1, SEGUE_REASON_FAILBACK), 0);
	event = only_event();
	assert_int_equal(event.type, SEGUE_EVENT_SWITCH);
	assert_int_equal(event.reason, SEGUE_REASON_FAILBACK);
	assert_int_equal(event.session, 1);
	assert_int_equal(event.from, 0);
	assert_int_equal(event.to, 1);
	assert_int_equal(event.ifindex, 11);
	assert_int_equal(event.cause_ns, 0);
	assert_int_equal(segue_switch(host, 99, 0, SEGUE_REASON_MANUAL), -ENOENT);
	assert_int_equal(segue_switch(host, 1, 5, SEGUE_REASON_MANUAL), -ENOENT);
	assert_int_equal(segue_switch(host, 1, 200, SEGUE_REASON_MANUAL), -ENOENT);
	link_down(10);
	events_take();
	assert_int_equal(segue_switch(host, 1, 0, SEGUE_REASON_MANUAL), -ENETDOWN);
	assert_int_equal(events_take().count, 0);
	assert_int_equal(session_now(1).active, 1);
}

static void test_path(void **state)
{
	struct segue_path path = {
		.local = address("10.1.0.9"), .remote = address("10.9.0.9"),
		.ifindex = 11, .priority = 3, .flags = BOTH, .link = 63,
	};
	struct segue_event event;
	struct segue_link link;

	(void)state;
	assert_int_equal(segue_path_put(host, 1, 15, &path, SEGUE_REASON_PATH_VERIFIED), 0);
	event = only_event();
	assert_int_equal(event.type, SEGUE_EVENT_PATH);
	assert_int_equal(event.reason, SEGUE_REASON_PATH_VERIFIED);
	assert_int_equal(event.to, 15);
	assert_int_equal(event.ifindex, 11);
	assert_int_equal(segue_link_get(host, 11, &link), 0);
	/* the bit is the link's, whatever the caller believes */
	assert_int_equal(session_now(1).path[15].link, link.bit);
	assert_int_equal(session_now(1).path[15].flags, BOTH | SEGUE_PATH_USED);

	assert_int_equal(segue_path_put(host, 99, 0, &path, 0), -ENOENT);
	assert_int_equal(segue_path_put(host, 1, 16, &path, 0), -EINVAL);
	path.ifindex = 77;
	assert_int_equal(segue_path_put(host, 1, 2, &path, 0), -ENODEV);
	path.ifindex = 11;
	path.remote = address("2001:db8::9");
	assert_int_equal(segue_path_put(host, 1, 2, &path, 0), -EAFNOSUPPORT);
	assert_int_equal(session_now(1).path[2].flags, 0);
	assert_int_equal(events_take().count, 0);
}

/* The active path's address goes away: the session moves at once. */
static void test_active_path_removed(void **state)
{
	struct events events;

	(void)state;
	assert_int_equal(segue_path_del(host, 1, 0, SEGUE_REASON_ADDRESS_GONE), 0);
	events = events_take();
	assert_int_equal(events.count, 2);
	assert_int_equal(events.event[0].type, SEGUE_EVENT_SWITCH);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_ADDRESS_GONE);
	assert_int_equal(events.event[0].to, 1);
	assert_int_equal(events.event[1].type, SEGUE_EVENT_PATH);
	assert_int_equal(session_now(1).active, 1);
	assert_int_equal(segue_path_del(host, 1, 0, SEGUE_REASON_ADDRESS_GONE), -ENOENT);
	/* the last one: nowhere to go */
	assert_int_equal(segue_path_del(host, 1, 1, SEGUE_REASON_ADDRESS_GONE), 0);
	assert_int_equal(only_event().type, SEGUE_EVENT_PATH);
	assert_int_equal(session_now(1).active, 1);
	assert_int_equal(session_now(1).path[1].ifindex, 0);
}

static __u64 links_up(void)
{
	struct segue_state now;

	assert_int_equal(segue_state_get(host, &now), 0);
	return now.links_up;
}

static void test_link(void **state)
{
	struct segue_link link, eth0 = { .name = "eth0", .flags = SEGUE_LINK_UP };
	struct segue_event event;
	__u32 ifindex = 0, sum = 0;

	(void)state;
	assert_int_equal(links_up(), 3);
	assert_int_equal(segue_link_put(host, 10, &eth0), -EEXIST);
	assert_int_equal(segue_link_put(host, 0, &eth0), -EINVAL);
	link_down(10);
	assert_int_equal(links_up(), 2);
	event = only_event();
	assert_int_equal(event.type, SEGUE_EVENT_LINK);
	assert_int_equal(event.reason, SEGUE_REASON_CARRIER_LOST);
	assert_int_equal(event.ifindex, 10);
	assert_int_equal(event.to, 0);
	link_down(10);					/* no news */
	assert_int_equal(events_take().count, 0);
	/* admin down too, and carrier back: still down, and no news either */
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_PRESENT, SEGUE_REASON_ADMIN_DOWN), 0);
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_PRESENT | SEGUE_LINK_CARRIER,
					SEGUE_REASON_CARRIER_BACK), 0);
	assert_int_equal(events_take().count, 0);
	assert_int_equal(links_up(), 2);
	assert_int_equal(segue_link_get(host, 10, &link), 0);
	assert_int_equal(link.downs, 1);
	assert_int_equal(link.reason, SEGUE_REASON_CARRIER_LOST);
	assert_int_equal(link.changed_ns, event.ns);
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_UP, SEGUE_REASON_ADMIN_UP), 0);
	event = only_event();
	assert_int_equal(event.to, 1);
	assert_int_equal(links_up(), 3);
	assert_int_equal(segue_link_set(host, 77, SEGUE_LINK_UP, SEGUE_REASON_ADMIN_UP), -ENODEV);

	while (!segue_link_next(host, &ifindex))
		sum += ifindex;
	assert_int_equal(sum, 10 + 11);
}

/* links_up is made from the flags: whoever left it otherwise, the next change of
 * that link mends it, although it brings no news. */
static void test_link_settles(void **state)
{
	struct segue_state wrong;
	__u32 zero = 0;
	int fd;

	(void)state;
	assert_int_equal(pin_open_map(host_pins(), PIN_STATE, &fd), 0);
	assert_int_equal(segue_state_get(host, &wrong), 0);
	wrong.links_up = 2;
	assert_int_equal(bpf_map_update_elem(fd, &zero, &wrong, BPF_ANY), 0);
	close(fd);
	assert_int_equal(links_up(), 2);
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_UP, SEGUE_REASON_CARRIER_BACK), 0);
	assert_int_equal(events_take().count, 0);
	assert_int_equal(links_up(), 3);
}

enum { ROUNDS = 50000 };

struct racer {
	unsigned int *arrived;
	__u8 flags;
	unsigned int failed, wrong, ups;
};

/* Spins, unless there is but one processor: whoever is woken up comes microseconds
 * late, and the race is one of nanoseconds. */
static void meet(unsigned int *arrived, unsigned int until)
{
	unsigned int spins = 0;

	__atomic_add_fetch(arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(arrived, __ATOMIC_ACQUIRE) < until)
		if (++spins % 1024 == 0)
			sched_yield();
}

static void *race(void *arg)
{
	struct racer *r = arg;
	struct segue_state now;
	struct segue_link link;
	unsigned int i, met = 0;
	bool up;

	for (i = 0; i < ROUNDS; i++) {
		meet(r->arrived, met += 2);
		r->failed += segue_link_set(host, 10, r->flags, SEGUE_REASON_CARRIER_LOST) != 0;
		meet(r->arrived, met += 2);
		if (segue_link_get(host, 10, &link) || segue_state_get(host, &now)) {
			r->failed++;
			continue;
		}
		up = (link.flags & SEGUE_LINK_UP) == SEGUE_LINK_UP;
		r->wrong += (now.links_up & 1) != up;
		r->ups += up;
	}
	return NULL;
}

/* Down and up at once: whichever comes last, links_up says what the flags say. */
static void test_link_race(void **state)
{
	unsigned int i, arrived = 0;
	struct racer racer[] = {
		{ .arrived = &arrived, .flags = SEGUE_LINK_UP & ~SEGUE_LINK_CARRIER },
		{ .arrived = &arrived, .flags = SEGUE_LINK_UP },
	};
	pthread_t other;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, race, &racer[1]), 0);
	race(&racer[0]);
	pthread_join(other, NULL);
	printf("%u of %d ended up, %u wrong\n", racer[0].ups, ROUNDS, racer[0].wrong);
	for (i = 0; i < 2; i++) {
		assert_int_equal(racer[i].failed, 0);
		assert_int_equal(racer[i].wrong, 0);
	}
}

/* A link goes, with every path that leaves by it; its bit goes to the next. */
static void test_link_removed(void **state)
{
	struct segue_link eth0 = { .name = "eth0", .flags = SEGUE_LINK_UP };

	(void)state;
	assert_int_equal(segue_link_del(host, 10), 0);
	assert_int_equal(segue_link_del(host, 10), -ENOENT);
	assert_int_equal(links_up(), 2);
	assert_int_equal(session_now(1).active, 1);
	assert_int_equal(session_now(1).path[0].flags, 0);
	assert_int_equal(session_now(1).path[1].flags, BOTH | SEGUE_PATH_USED);
	assert_int_equal(segue_link_put(host, 12, &eth0), 0);
	assert_int_equal(eth0.bit, 0);
	assert_int_equal(links_up(), 3);
}

/* Full: the newcomer is refused, and what is there stays as it is. */
static void test_full(void **state)
{
	struct segue_sa_key key = { .peer = 1 };
	struct segue_sa sa = { .session = 1 };
	struct segue_session session = { .local = address("10.0.0.1"),
					 .remote = address("10.9.0.1") };
	struct segue_link link = { .name = "many", .flags = SEGUE_LINK_UP };
	__u32 n;
	int err;

	(void)state;
	for (n = 2, err = 0; !err; n++) {
		key.spi = htonl(n + 0x10000);
		err = segue_sa_put(host, &key, &sa);
	}
	assert_int_equal(err, -E2BIG);
	assert_int_equal(n, SEGUE_MAX_SAS + 1);		/* two were there */
	key = (struct segue_sa_key){ .spi = htonl(0x101) };
	assert_int_equal(segue_sa_get(host, &key, &sa), 0);
	assert_int_equal(sa.session, 1);

	for (n = 2, err = 0; !err; n++)
		err = segue_session_put(host, n, &session);
	assert_int_equal(err, -E2BIG);
	assert_int_equal(n, SEGUE_MAX_SESSIONS + 2);
	assert_int_equal(session_now(1).path[1].ifindex, 11);

	for (n = 0, err = 0; !err; n++)
		err = segue_link_put(host, 100 + n, &link);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(n, SEGUE_MAX_LINKS - 2 + 1);
}

/* Whatever stands in a pinned map: a read checks it. */
static void test_hostile(void **state)
{
	struct segue_session session, untouched;
	struct segue_sa_key key = { .spi = htonl(0x101) }, nobody = {};
	struct segue_sa sa;
	struct segue_link link;
	__u32 id = 1, ifindex = 10, zero = 0;
	int fd;

	(void)state;
	assert_int_equal(pin_open_map(host_pins(), PIN_SESSION, &fd), 0);
	memset(&untouched, 0x5a, sizeof(untouched));
	session = session_now(1);
	session.active = 16;
	assert_int_equal(bpf_map_update_elem(fd, &id, &session, BPF_EXIST), 0);
	assert_int_equal(segue_session_get(host, 1, &untouched), -EBADMSG);
	assert_int_equal(untouched.ike, 0x5a5a5a5a);
	session.active = 0;
	memset(session.name, 'x', sizeof(session.name));
	assert_int_equal(bpf_map_update_elem(fd, &id, &session, BPF_EXIST), 0);
	assert_int_equal(segue_session_get(host, 1, &untouched), -EBADMSG);
	session.name[0] = 0;
	session.path[7].link = SEGUE_MAX_LINKS;
	assert_int_equal(bpf_map_update_elem(fd, &id, &session, BPF_EXIST), 0);
	assert_int_equal(segue_session_get(host, 1, &untouched), -EBADMSG);
	assert_int_equal(bpf_map_delete_elem(fd, &id), 0);
	assert_int_equal(bpf_map_update_elem(fd, &zero, &session, BPF_NOEXIST), 0);
	id = 0;
	assert_int_equal(segue_session_next(host, &id), -EBADMSG);
	assert_int_equal(bpf_map_delete_elem(fd, &zero), 0);
	close(fd);

	assert_int_equal(pin_open_map(host_pins(), PIN_SA, &fd), 0);
	assert_int_equal(segue_sa_get(host, &key, &sa), 0);
	sa.mode = 3;
	assert_int_equal(bpf_map_update_elem(fd, &key, &sa, BPF_EXIST), 0);
	assert_int_equal(segue_sa_get(host, &key, &sa), -EBADMSG);
	sa.mode = 0;
	sa.session = 0;
	assert_int_equal(bpf_map_update_elem(fd, &key, &sa, BPF_EXIST), 0);
	assert_int_equal(segue_sa_get(host, &key, &sa), -EBADMSG);
	assert_int_equal(segue_sa_put(host, &nobody, &sa), -EINVAL);
	close(fd);

	assert_int_equal(pin_open_map(host_pins(), PIN_LINK, &fd), 0);
	assert_int_equal(segue_link_get(host, ifindex, &link), 0);
	link.bit = SEGUE_MAX_LINKS;
	assert_int_equal(bpf_map_update_elem(fd, &ifindex, &link, BPF_EXIST), 0);
	assert_int_equal(segue_link_get(host, ifindex, &link), -EBADMSG);
	assert_int_equal(bpf_map_delete_elem(fd, &ifindex), 0);
	close(fd);
}

static void test_addr(void **state)
{
	struct segue_addr a = address("10.0.0.1"), b = address("2001:db8::1"), each = {};
	__u32 ifindex, sum = 0;

	(void)state;
	assert_int_equal(segue_addr_put(host, &a, 10), 0);
	assert_int_equal(segue_addr_put(host, &b, 10), 0);
	assert_int_equal(segue_addr_put(host, &b, 11), 0);	/* moved */
	while (!segue_addr_next(host, &each, &ifindex))
		sum += ifindex;
	assert_int_equal(sum, 10 + 11);
	assert_int_equal(segue_addr_del(host, &a), 0);
	assert_int_equal(segue_addr_del(host, &a), -ENOENT);
}

static void count_event(void *context, const struct segue_event *event)
{
	(void)event;
	(*(unsigned int *)context)++;
}

/* What is told arrives, and what nobody tells is not believed. */
static void test_event_types(void **state)
{
	struct segue_event event = { .from = SEGUE_NO_PATH, .to = SEGUE_NO_PATH };
	unsigned int type;

	(void)state;
	for (type = 0; type <= SEGUE_EVENT_WISH + 1; type++) {
		event.type = type;
		assert_int_equal(segue_event_emit(host, &event), 0);
		assert_int_equal(events_take().count,
				 type >= SEGUE_EVENT_LINK && type <= SEGUE_EVENT_WISH);
	}
}

/* Each reader has its own ring: a slow one loses its own events only. */
static void test_readers(void **state)
{
	struct segue_event event = { .type = SEGUE_EVENT_REFUSAL, .from = SEGUE_NO_PATH,
				     .to = SEGUE_NO_PATH, .reason = SEGUE_REASON_CHECK_FAILED };
	struct segue_reader *slow, *second[SEGUE_MAX_READERS];
	unsigned int seen = 0, sent = SEGUE_RING_SIZE / sizeof(event) + 10, i;
	struct events events;
	int read;

	(void)state;
	assert_int_equal(segue_reader_open(host, -1, &slow), 0);
	counted();
	for (i = 0; i < sent; i++) {
		assert_int_equal(segue_event_emit(host, &event), 0);
		events = events_take();
		assert_int_equal(events.count, 1);
		assert_int_not_equal(events.event[0].ns, 0);
	}
	read = segue_reader_read(slow, count_event, &seen);
	assert_int_equal(read, seen);
	assert_in_range(seen, 1, sent - 1);
	assert_int_equal(counted().events_lost, sent - seen);

	for (i = 0; i < SEGUE_MAX_READERS - 2; i++)
		assert_int_equal(segue_reader_open(host, -1, &second[i]), 0);
	assert_int_equal(segue_reader_open(host, -1, &second[i]), -EBUSY);
	segue_reader_close(slow);
	assert_int_equal(segue_reader_open(host, -1, &slow), 0);
	while (i--)
		segue_reader_close(second[i]);
	segue_reader_close(slow);
	assert_int_equal(segue_reader_open(host, SEGUE_MAX_READERS, &slow), -EINVAL);
}

/* The agent restarts while its predecessor still lies dying. */
static void test_successor(void **state)
{
	struct segue_event event = { .type = SEGUE_EVENT_REFUSAL };
	struct segue_reader *successor;
	unsigned int seen = 0;

	(void)state;
	assert_int_equal(segue_reader_open(host, SEGUE_READER_AGENT, &successor), 0);
	events_end();
	assert_int_equal(segue_event_emit(host, &event), 0);
	segue_reader_read(successor, count_event, &seen);
	assert_int_equal(seen, 1);
	/* nonsense in the ring is not passed on */
	event.type = 99;
	assert_int_equal(segue_event_emit(host, &event), 0);
	event.type = SEGUE_EVENT_SWITCH;
	event.to = 200;
	assert_int_equal(segue_event_emit(host, &event), 0);
	segue_reader_read(successor, count_event, &seen);
	assert_int_equal(seen, 1);
	segue_reader_close(successor);
}

/* The hold, on a clock that wraps after 49 days. */
static void test_recent(void **state)
{
	static const struct { __u64 switched_ms, now_ms; int recent; } table[] = {
		{ 1000, 1000, 1 }, { 1000, 1199, 1 }, { 1000, 1200, 0 },
		{ 1003, 1000, 1 },		/* switches in quick succession */
		{ 1000, 1000 + (1ULL << 31), 0 }, { 1000, (1ULL << 32) - 500, 0 },
		{ (1ULL << 32) - 100, (1ULL << 32) + 50, 1 },
		{ (1ULL << 32) - 100, (1ULL << 32) + 150, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (segue_recent(segue_coarse_ms(table[i].switched_ms * 1000000),
				 table[i].now_ms * 1000000) != table[i].recent)
			fail_msg("row %zu", i);
	assert_false(segue_recent(0, 0));
	assert_int_equal(segue_coarse_ms(0), 1);
	assert_int_equal(segue_coarse_ms((1ULL << 32) * 1000000), 1);
}

/* Whoever mirrors map link hears of each that comes or goes, be it up or not. */
static void test_link_events(void **state)
{
	struct segue_link link = { .name = "eth0", .flags = SEGUE_LINK_PRESENT };
	struct segue_event event;

	(void)state;
	assert_int_equal(segue_link_put(host, 12, &link), 0);
	event = only_event();
	assert_int_equal(event.type, SEGUE_EVENT_LINK);
	assert_int_equal(event.reason, SEGUE_REASON_PLUGGED);
	assert_int_equal(event.ifindex, 12);
	assert_int_equal(event.to, false);
	assert_int_equal(segue_link_del(host, 12), 0);
	event = only_event();
	assert_int_equal(event.type, SEGUE_EVENT_LINK);
	assert_int_equal(event.reason, SEGUE_REASON_DETACHED);
	assert_int_equal(event.ifindex, 12);
	assert_int_equal(event.to, false);
}

static void test_text(void **state)
{
	static const char *const texts[] = { "10.0.0.1", "2001:db8::1", "::", "255.255.255.255" };
	char buf[INET6_ADDRSTRLEN];
	struct segue_addr addr;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(segue_addr_parse(texts[i], &addr), 0);
		assert_string_equal(segue_addr_text(&addr, buf), texts[i]);
	}
	assert_int_equal(segue_addr_parse("10.0.0", &addr), -EINVAL);
	assert_int_equal(segue_addr_parse("", &addr), -EINVAL);
	assert_string_equal(segue_reason_name(SEGUE_REASON_CARRIER_LOST), "carrier lost");
	assert_string_equal(segue_reason_name(200), "unknown");
	assert_string_equal(segue_event_name(SEGUE_EVENT_SWITCH), "switch");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

static struct segue_refused refused_of(__u32 id)
{
	struct segue_refused refused;

	assert_int_equal(segue_refused_get(host, id, &refused), 0);
	return refused;
}

static __u32 refused_count(__u32 id, enum segue_reason reason)
{
	return refused_of(id).count[reason - SEGUE_REFUSALS_FIRST];
}

/* By session and in all, beyond the session's end; nothing else is counted. */
static void test_refused(void **state)
{
	const enum segue_reason last = SEGUE_REASON_TOLD_ADD - 1;
	struct segue_event event = { .type = SEGUE_EVENT_REFUSAL, .session = 1,
				     .reason = SEGUE_REASON_CHECK_FAILED };
	struct segue_refused before = refused_of(0), untouched = before;
	__u32 in_all = refused_count(0, SEGUE_REASON_CHECK_FAILED);
	__u32 last_in_all = refused_count(0, last);

	(void)state;
	assert_int_equal(refused_count(1, SEGUE_REASON_CHECK_FAILED), 0);
	assert_int_equal(segue_event_emit(host, &event), 0);
	assert_int_equal(segue_event_emit(host, &event), 0);
	event.reason = last;
	assert_int_equal(segue_event_emit(host, &event), 0);
	assert_int_equal(refused_count(1, SEGUE_REASON_CHECK_FAILED), 2);
	assert_int_equal(refused_count(1, last), 1);
	event.session = 0;
	assert_int_equal(segue_event_emit(host, &event), 0);
	event.session = 4711;		/* no such one */
	assert_int_equal(segue_event_emit(host, &event), 0);
	assert_int_equal(refused_count(0, SEGUE_REASON_CHECK_FAILED), in_all + 2);
	assert_int_equal(refused_count(0, last), last_in_all + 3);

	before = refused_of(0);
	event.session = 1;
	event.reason = SEGUE_REASON_TOLD_ADD;	/* beyond */
	assert_int_equal(segue_event_emit(host, &event), 0);
	event.reason = SEGUE_REASON_MANUAL;	/* before */
	assert_int_equal(segue_event_emit(host, &event), 0);
	event.type = SEGUE_EVENT_EXCHANGE;
	event.reason = SEGUE_REASON_CHECK_FAILED;
	assert_int_equal(segue_event_emit(host, &event), 0);
	assert_memory_equal(&before, &(struct segue_refused[]){ refused_of(0) }, sizeof(before));

	assert_int_equal(segue_session_del(host, 1), 0);
	assert_int_equal(segue_refused_get(host, 1, &untouched), -ENOENT);
	assert_int_equal(segue_session_del(host, 0), -ENOENT);
	assert_memory_equal(&before, &(struct segue_refused[]){ refused_of(0) }, sizeof(before));
	session_up(1, "10.0.0.1", "10.9.0.1", 0x200);
	assert_int_equal(refused_count(1, last), 0);	/* begins anew */
}

static bool is_drained(__u32 ifindex)
{
	struct segue_link link;

	assert_int_equal(segue_link_get(host, ifindex, &link), 0);
	return link.flags & SEGUE_LINK_DRAINED;
}

static bool is_up(__u32 ifindex)
{
	struct segue_link link;

	assert_int_equal(segue_link_get(host, ifindex, &link), 0);
	return links_up() >> link.bit & 1;
}

/* As if it were down, until it was down or is resumed. */
static void test_drain(void **state)
{
	struct segue_event event;

	(void)state;
	assert_int_equal(segue_link_drain(host, 77, true), -ENODEV);
	assert_int_equal(segue_link_drain(host, 10, true), 0);
	event = only_event();
	assert_int_equal(event.type, SEGUE_EVENT_LINK);
	assert_int_equal(event.reason, SEGUE_REASON_DRAINED);
	assert_int_equal(event.to, 0);
	assert_false(is_up(10));
	assert_int_equal(segue_switch(host, 1, 0, SEGUE_REASON_MANUAL), -ENETDOWN);
	assert_int_equal(segue_link_drain(host, 10, true), 0);	/* twice is once */
	/* rtnetlink says that it is as it was: that does not end it */
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_UP, SEGUE_REASON_ADMIN_UP), 0);
	assert_int_equal(events_take().count, 0);
	assert_false(is_up(10));
	assert_int_equal(segue_link_drain(host, 10, false), 0);
	event = only_event();
	assert_int_equal(event.reason, SEGUE_REASON_RESUMED);
	assert_int_equal(event.to, 1);
	assert_true(is_up(10));

	assert_int_equal(segue_link_drain(host, 10, true), 0);
	link_down(10);
	assert_false(is_drained(10));
	assert_false(is_up(10));
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_UP, SEGUE_REASON_CARRIER_BACK), 0);
	assert_true(is_up(10));
	/* resuming a link that is down does not bring it up */
	link_down(10);
	assert_int_equal(segue_link_drain(host, 10, true), 0);
	assert_int_equal(segue_link_drain(host, 10, false), 0);
	assert_false(is_up(10));
}

/* A weak link is used as before; told is that it is, and that it is no more. */
static void test_weak(void **state)
{
	struct segue_link link;
	struct segue_event event;

	(void)state;
	assert_int_equal(segue_link_weak(host, 77, SEGUE_REASON_SIGNAL_LOW), -ENODEV);
	assert_int_equal(segue_link_weak(host, 10, SEGUE_REASON_SIGNAL_LOW), 0);
	event = only_event();
	assert_int_equal(event.type, SEGUE_EVENT_LINK);
	assert_int_equal(event.reason, SEGUE_REASON_SIGNAL_LOW);
	assert_int_equal(event.to, 1);
	assert_true(is_up(10));
	assert_int_equal(segue_link_weak(host, 10, SEGUE_REASON_SIGNAL_LOST), 0);
	assert_int_equal(events_take().count, 0);
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_UP, SEGUE_REASON_ADMIN_UP), 0);
	assert_int_equal(segue_link_get(host, 10, &link), 0);
	assert_true(link.flags & SEGUE_LINK_WEAK);
	assert_int_equal(link.reason, SEGUE_REASON_SIGNAL_LOW);
	assert_int_equal(segue_link_weak(host, 10, SEGUE_REASON_NONE), 0);
	event = only_event();
	assert_int_equal(event.reason, SEGUE_REASON_SIGNAL_GOOD);
	assert_int_equal(event.to, 1);

	/* what it was heard like ends with the carrier */
	assert_int_equal(segue_link_weak(host, 10, SEGUE_REASON_SIGNAL_LOST), 0);
	assert_int_equal(events_take().count, 1);
	link_down(10);
	assert_int_equal(only_event().reason, SEGUE_REASON_CARRIER_LOST);
	assert_int_equal(segue_link_get(host, 10, &link), 0);
	assert_false(link.flags & SEGUE_LINK_WEAK);
	assert_int_equal(link.downs, 1);
	assert_int_equal(segue_link_weak(host, 10, SEGUE_REASON_SIGNAL_LOST), -ENETDOWN);
	assert_int_equal(segue_link_get(host, 10, &link), 0);
	assert_false(link.flags & SEGUE_LINK_WEAK);
	assert_int_equal(events_take().count, 0);
}

/* What is shown of a peer is as hostile as the rest. */
static void test_peer(void **state)
{
	struct segue_peer peer = { .addrs = 2, .version = 1 }, got = { .version = 9 };
	__u32 id = 1;
	int fd;

	(void)state;
	assert_int_equal(segue_peer_get(host, 1, &got), -ENOENT);
	assert_int_equal(got.version, 9);
	peer.addr[1].check = SEGUE_CHECK_FAILED;
	assert_int_equal(segue_peer_put(host, 0, &peer), -EINVAL);
	assert_int_equal(segue_peer_put(host, 1, &peer), 0);
	assert_int_equal(segue_peer_get(host, 1, &got), 0);
	assert_memory_equal(&peer, &got, sizeof(peer));

	assert_int_equal(pin_open_map(host_pins(), PIN_PEER, &fd), 0);
	peer.addrs = SEGUE_MAX_PEER_ADDRS + 1;
	assert_int_equal(segue_peer_put(host, 1, &peer), -EINVAL);
	assert_int_equal(bpf_map_update_elem(fd, &id, &peer, BPF_ANY), 0);
	got.version = 9;
	assert_int_equal(segue_peer_get(host, 1, &got), -EBADMSG);
	peer.addrs = 2;
	peer.addr[1].check = SEGUE_CHECKS;
	assert_int_equal(bpf_map_update_elem(fd, &id, &peer, BPF_ANY), 0);
	assert_int_equal(segue_peer_get(host, 1, &got), -EBADMSG);
	peer.addr[1].check = 0;
	peer.addr[0].side = SEGUE_SIDE_PEER + 1;
	assert_int_equal(bpf_map_update_elem(fd, &id, &peer, BPF_ANY), 0);
	assert_int_equal(segue_peer_get(host, 1, &got), -EBADMSG);
	assert_int_equal(got.version, 9);
	close(fd);
	assert_int_equal(segue_session_del(host, 1), 0);
	assert_int_equal(segue_peer_get(host, 1, &got), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_session), TEST(test_nothing_undone), TEST(test_switch),
		TEST(test_path), TEST(test_active_path_removed), TEST(test_link),
		TEST(test_link_settles), TEST(test_link_race),
		TEST(test_link_removed), TEST(test_full), TEST(test_hostile), TEST(test_refused), TEST(test_peer), TEST(test_drain), TEST(test_weak), TEST(test_addr),
		TEST(test_event_types), TEST(test_readers), TEST(test_successor), TEST(test_recent), TEST(test_text),
		TEST(test_link_events),
	};

	if (host_up(NULL))
		return 1;
	return cmocka_run_group_tests_name("control", tests, NULL, host_down);
}
