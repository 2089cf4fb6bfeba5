// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes: the peer's are sent back, answers to ours are noted, and by a real timer
 * a path that answers no more is declared dead.  By BPF_PROG_TEST_RUN, at XDP and at
 * both hooks of tc.
 *
 *   path 0: 10.0.0.1 -> 10.9.0.1, by link 10
 *   path 1: 10.1.0.1 -> 10.9.0.1, by link 11
 *   path 2: 10.1.0.1 -> 10.9.1.1, by link 11
 *   path 3: not verified
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include "clock.h"
#include "host.h"
#include "pins.h"
#include "tests/bpf/probe_test.skel.h"

static struct hook {
	const char *program;
	bool raw;
	unsigned int back, drop, pass;
	int fd;
} hooks[] = {
	{ "xdp", false, XDP_TX, XDP_DROP, XDP_PASS, -1 },
	{ "ingress_tc", false, TC_ACT_REDIRECT, TC_ACT_SHOT, (unsigned int)TC_ACT_UNSPEC, -1 },
	{ "ingress_tc_l3", true, TC_ACT_REDIRECT, TC_ACT_SHOT, (unsigned int)TC_ACT_UNSPEC, -1 },
};

enum { HOOKS = sizeof(hooks) / sizeof(hooks[0]), UNVERIFIED = 3, PACKET = 32 };

static const __u64 MS = 1000000;

static struct probe_test *bpf;

/* --- SipHash-2-4 for any length, as its authors describe it ------------------ */

static __u64 rotate(__u64 x, int n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(__u64 v[4])
{
	v[0] += v[1]; v[1] = rotate(v[1], 13); v[1] ^= v[0]; v[0] = rotate(v[0], 32);
	v[2] += v[3]; v[3] = rotate(v[3], 16); v[3] ^= v[2];
	v[0] += v[3]; v[3] = rotate(v[3], 21); v[3] ^= v[0];
	v[2] += v[1]; v[1] = rotate(v[1], 17); v[1] ^= v[2]; v[2] = rotate(v[2], 32);
}

static __u64 little(const unsigned char *octet, size_t count)
{
	__u64 word = 0;
	size_t i;

	for (i = 0; i < count; i++)
		word |= (__u64)octet[i] << 8 * i;
	return word;
}

static __u64 siphash(const unsigned char *key, const unsigned char *message, size_t size)
{
	__u64 k0 = little(key, 8), k1 = little(key + 8, 8), m;
	__u64 v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		       k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	size_t i;

	for (i = 0; i <= size / 8; i++) {
		m = i < size / 8 ? little(message + 8 * i, 8) :
			(__u64)size << 56 | little(message + 8 * i, size % 8);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The authors' example (appendix A of their paper, 15 octets), and 24 octets as
 * OpenSSL 3's SIPHASH has them. */
static void test_siphash(void **state)
{
	static const unsigned char of24[8] = { 0x94, 0xaf, 0x49, 0xf6, 0xc6, 0x50, 0xad, 0xb8 };
	unsigned char octet[24], i;

	(void)state;
	for (i = 0; i < sizeof(octet); i++)
		octet[i] = i;
	assert_true(siphash(octet, octet, 15) == 0xa129ca6149be45e5);
	assert_true(siphash(octet, octet, 24) == little(of24, 8));
}

/* --- packets ------------------------------------------------------------------ */

/* What the peer shares with us; ids differ by session. */
static __u64 id_of(__u32 session)
{
	return 0x1122334455667700 + session;
}

static struct segue_probe_key keys(__u32 session)
{
	struct segue_probe_key key = { .session = session };

	memset(key.send.octet, 0x40 + session, sizeof(key.send));
	memset(key.receive.octet, 0x80 + session, sizeof(key.receive));
	return key;
}

static void put_mac(unsigned char *probe, const struct segue_siphash_key *key)
{
	__u64 mac = siphash(key->octet, probe, PACKET - 8);
	int i;

	for (i = 0; i < 8; i++)
		probe[PACKET - 8 + i] = mac >> 8 * i;
}

struct probe {
	__u32 session;
	__u8 slot, kind;
	__u64 sequence;
	bool ours;			/* under the keys that we send with */
	struct wire wire;
};

/* From the peer, by a path of ours. */
static struct probe from_peer(__u32 session, __u32 path, __u8 kind, __u64 sequence)
{
	return (struct probe){
		.session = session, .slot = path, .kind = kind, .sequence = sequence,
		.wire = {
			.source = paths[session][path].remote, .dest = paths[session][path].local,
			.spi = SEGUE_PROBE_MARKER, .udp = true, .payload = PACKET - 8,
			.checksum = true,
		},
	};
}

static size_t build(const struct probe *p, unsigned char *packet)
{
	size_t size = wire_build(&p->wire, packet);
	size_t at = wire_payload_offset(&p->wire) + 8;
	struct segue_probe_key key = keys(p->session);
	struct segue_probe_packet q = {
		.marker = htonl(SEGUE_PROBE_MARKER), .version = SEGUE_PROBE_VERSION,
		.kind = p->kind, .slot = p->slot, .id = id_of(p->session),
		.sequence = htobe64(p->sequence),
	};
	unsigned char *udp = packet + at - 8;
	__u32 sum = 17 + 8 + PACKET, i;
	bool ip6 = strchr(p->wire.source, ':');
	size_t addresses = wire_ip_offset(&p->wire) + (ip6 ? 8 : 12);

	memcpy(packet + at, &q, sizeof(q));
	put_mac(packet + at, p->ours ? &key.send : &key.receive);
	udp[6] = udp[7] = 0;
	if (p->wire.checksum) {
		for (i = 0; i < (ip6 ? 32 : 8); i += 2)
			sum += packet[addresses + i] << 8 | packet[addresses + i + 1];
		for (i = 0; i < 8 + PACKET; i += 2)
			sum += udp[i] << 8 | udp[i + 1];
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		sum = ~sum & 0xffff;
		udp[6] = sum >> 8;
		udp[7] = sum;
	}
	return size;
}

static unsigned int run(const struct hook *hook, const unsigned char *packet, size_t size,
			unsigned char *got, size_t *got_size)
{
	counted();
	return program_run(hook->fd, packet, size, got, got_size);
}

/* It is dropped, or passed, as it came; with these counters. */
static void expect_stays(const char *what, const struct hook *hook, const unsigned char *packet,
			 size_t size, unsigned int verdict, struct segue_counters counters)
{
	unsigned char got[WIRE_SIZE + 256];
	struct segue_counters now;
	size_t got_size;
	unsigned int was;

	was = run(hook, packet, size, got, &got_size);
	now = counted();
	if (was != verdict || memcmp(&now, &counters, sizeof(now)))
		print_message("fixture: %s at %s\n", what, hook->program);
	assert_int_equal(was, verdict);
	assert_int_equal(got_size, size);
	assert_memory_equal(got, packet, size);
	assert_memory_equal(&now, &counters, sizeof(now));
}

/* It comes back as it should. */
static void expect_back(const char *what, const struct hook *hook, const struct probe *asked)
{
	unsigned char packet[WIRE_SIZE], wanted[WIRE_SIZE], got[WIRE_SIZE + 256];
	struct probe answer = *asked;
	size_t size = build(asked, packet), got_size;
	struct segue_counters now;
	unsigned int was;

	answer.kind = SEGUE_PROBE_ANSWER;
	answer.ours = true;
	answer.wire.source = asked->wire.dest;
	answer.wire.dest = asked->wire.source;
	answer.wire.source_port = asked->wire.dest_port;
	answer.wire.dest_port = asked->wire.source_port;
	if (!answer.wire.raw && !answer.wire.vlans)
		packet[0] = 0x22;		/* so that it matters which is which */
	build(&answer, wanted);
	if (!answer.wire.raw && !answer.wire.vlans)
		wanted[ETH_ALEN] = 0x22;
	was = run(hook, packet, size, got, &got_size);
	now = counted();
	if (was != hook->back || memcmp(got, wanted, size))
		print_message("fixture: %s at %s\n", what, hook->program);
	assert_int_equal(was, hook->back);
	assert_int_equal(got_size, size);	/* no amplifier */
	assert_memory_equal(got, wanted, size);
	assert_int_equal(now.probe_asked, 1);
}

/* --- the peer asks ------------------------------------------------------------- */

static int setup(void **state)
{
	struct segue_probe_key key;
	__u32 id;

	host_reset(state);
	sessions_up(UNVERIFIED);
	for (id = 1; id <= SESSIONS; id++) {
		key = keys(id);
		segue_probe_key_del(host, id_of(id));
		assert_int_equal(segue_probe_key_put(host, id_of(id), &key), 0);
	}
	counted();
	return 0;
}

static void test_answers(void **state)
{
	__u32 id, path, i;
	__u64 sequence = 1000;
	struct probe p;

	(void)state;
	for (id = 1; id <= SESSIONS; id++)
		for (path = 0; path < UNVERIFIED; path++)
			for (i = 0; i < HOOKS; i++) {
				p = from_peer(id, path, SEGUE_PROBE_ASK, ++sequence);
				p.wire.raw = hooks[i].raw;
				expect_back("plain", &hooks[i], &p);
				p.sequence = ++sequence;
				p.wire.vlans = hooks[i].raw ? 0 : 2;
				p.wire.checksum = id == V6 || id == V6_UDP;
				p.wire.source_port = id >= V4_UDP ? 0 : 61000;	/* a NAT between */
				expect_back("tagged, other port", &hooks[i], &p);
			}
}

static void test_replayed(void **state)
{
	static const struct segue_counters replayed = { .probe_replayed = 1 };
	unsigned char packet[WIRE_SIZE];
	struct probe p;
	size_t size;
	__u32 i;

	(void)state;
	for (i = 0; i < HOOKS; i++) {
		p = from_peer(V4, 1, SEGUE_PROBE_ASK, 5000 + i * 1000);
		p.wire.raw = hooks[i].raw;
		expect_back("first", &hooks[i], &p);
		size = build(&p, packet);
		expect_stays("again", &hooks[i], packet, size, hooks[i].drop, replayed);
		/* overtaken, but new */
		p.sequence -= 63;
		expect_back("overtaken", &hooks[i], &p);
		size = build(&p, packet);
		expect_stays("overtaken again", &hooks[i], packet, size, hooks[i].drop, replayed);
		p.sequence -= 1;
		size = build(&p, packet);
		expect_stays("too old", &hooks[i], packet, size, hooks[i].drop, replayed);
		/* carried off to another path: it is not new there */
		p.sequence += 64;
		p.wire.source = paths[V4][2].remote;
		size = build(&p, packet);
		expect_stays("by another path", &hooks[i], packet, size, hooks[i].drop, replayed);
		/* and what that path asks is still answered */
		p = from_peer(V4, 2, SEGUE_PROBE_ASK, 100 + i);
		p.wire.raw = hooks[i].raw;
		expect_back("the other path itself", &hooks[i], &p);
	}
}

/* Every octet that is under the MAC, and the MAC. */
static void test_forged(void **state)
{
	static const struct segue_counters forged = { .probe_forged = 1 },
		none_of_ours = { .probe_malformed = 1 }, astray = { .probe_astray = 1 };
	unsigned char packet[WIRE_SIZE];
	struct probe p;
	size_t size, at, octet;
	__u32 i;

	(void)state;
	for (i = 0; i < HOOKS; i++) {
		p = from_peer(V6, 1, SEGUE_PROBE_ASK, 9000 + i);
		p.wire.raw = hooks[i].raw;
		at = wire_payload_offset(&p.wire) + 8;
		for (octet = 4; octet < PACKET; octet++) {
			size = build(&p, packet);
			packet[at + octet] ^= 0x10;
			if (octet == 4 || (octet >= 8 && octet < 16))
				expect_stays("unknown version or id", &hooks[i], packet, size,
					     hooks[i].pass, none_of_ours);
			else
				expect_stays("changed octet", &hooks[i], packet, size,
					     hooks[i].drop, forged);
		}
		/* our own probes and answers, sent back to us */
		p.ours = true;
		size = build(&p, packet);
		expect_stays("reflected", &hooks[i], packet, size, hooks[i].drop, forged);
		p.ours = false;
		p.wire.source = paths[V6][UNVERIFIED].remote;
		size = build(&p, packet);
		expect_stays("not verified", &hooks[i], packet, size, hooks[i].drop, astray);
		/* after all that the number is still good */
		p.wire.source = paths[V6][1].remote;
		expect_back("the real one", &hooks[i], &p);
	}
}

static void test_truncated(void **state)
{
	static const struct segue_counters malformed = { .probe_malformed = 1 };
	unsigned char packet[WIRE_SIZE];
	struct probe p;
	size_t size, cut;
	__u32 i;

	(void)state;
	for (i = 0; i < HOOKS; i++) {
		for (cut = 1; cut <= PACKET - 8; cut++) {
			p = from_peer(V4, 0, SEGUE_PROBE_ASK, 1);
			p.wire.raw = hooks[i].raw;
			build(&p, packet);
			p.wire.payload -= cut;
			if (!p.wire.payload)
				break;
			size = wire_build(&p.wire, packet);
			expect_stays("truncated", &hooks[i], packet, size, hooks[i].pass, malformed);
		}
		p = from_peer(V4, 0, SEGUE_PROBE_ASK, 1);
		p.wire.raw = hooks[i].raw;
		p.wire.payload++;
		size = wire_build(&p.wire, packet);
		expect_stays("too long", &hooks[i], packet, size, hooks[i].pass, malformed);
	}
}

/* A peer that asks without end gets SEGUE_PROBE_AT_ONCE answers, and then its rate. */
static void test_limited(void **state)
{
	enum { ASKED = 4 * SEGUE_PROBE_AT_ONCE };
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	struct segue_counters now;
	double seconds;
	__u64 begin;
	struct probe p;
	size_t size, got_size;
	__u32 n;

	(void)state;
	counted();
	begin = clock_now_ns();
	for (n = 0; n < ASKED; n++) {
		p = from_peer(V4, 0, SEGUE_PROBE_ASK, 100000 + n);
		size = build(&p, packet);
		program_run(hooks[0].fd, packet, size, got, &got_size);
	}
	seconds = (clock_now_ns() - begin) / 1e9;
	now = counted();
	assert_int_equal(now.probe_asked + now.probe_limited, ASKED);
	assert_in_range(now.probe_asked, SEGUE_PROBE_AT_ONCE,
			SEGUE_PROBE_AT_ONCE + 2 + (__u64)(seconds * SEGUE_PROBE_RATE));
}

/* --- we asked ------------------------------------------------------------------ */

static __u32 index_of(__u32 session, __u8 slot)
{
	struct segue_session s;

	assert_int_equal(segue_session_get(host, session, &s), 0);
	return s.path[slot].probe;
}

static struct segue_probe entry(__u32 session, __u8 slot)
{
	struct segue_probe p;

	assert_int_equal(segue_probe_get(host, index_of(session, slot), &p), 0);
	return p;
}

static void set_entry(const struct segue_probe *p)
{
	__u32 index = index_of(p->session, p->slot);
	int fd;

	assert_int_equal(pin_open_map(host_pins(), PIN_PROBE, &fd), 0);
	assert_int_equal(bpf_map_update_elem(fd, &index, p, BPF_ANY), 0);
	close(fd);
}

/* What was answered last was sent so much earlier: before what is lost next. */
static void last_answered(__u8 slot, __u64 earlier)
{
	struct segue_probe p = entry(V4, slot);

	p.answered_sent_ns -= earlier;
	set_entry(&p);
}

static void set_dead(__u32 session, __u8 slot)
{
	struct segue_probe p = entry(session, slot);
	struct segue_session s;
	int fd;

	p.state = SEGUE_PATH_DEAD;
	set_entry(&p);
	assert_int_equal(segue_session_get(host, session, &s), 0);
	s.path[slot].state = SEGUE_PATH_DEAD;
	assert_int_equal(pin_open_map(host_pins(), PIN_SESSION, &fd), 0);
	assert_int_equal(bpf_map_update_elem(fd, &session, &s, BPF_EXIST), 0);
	close(fd);
}

/* As if this probe had been sent then. */
static __u64 was_sent(__u32 session, __u8 slot, __u64 ns)
{
	struct segue_probe p = entry(session, slot);
	__u64 sequence = p.sequence++;

	p.sent_ns[sequence % SEGUE_PROBE_RING] = ns;
	p.sent++;
	set_entry(&p);
	return sequence;
}

static void probed(__u32 session, __u8 slot, __u64 interval_ns)
{
	assert_int_equal(segue_probe_path(host, session, slot, id_of(session), interval_ns, 3), 0);
	assert_true(index_of(session, slot) != 0);
}

static void both_probed(void)
{
	probed(V4, 0, 10 * MS);
	probed(V4, 1, 10 * MS);
}

static void answered(__u32 session, __u8 slot, __u64 sequence)
{
	static const struct segue_counters answer = { .probe_answer = 1 };
	unsigned char packet[WIRE_SIZE];
	struct probe p = from_peer(session, slot, SEGUE_PROBE_ANSWER, sequence);

	expect_stays("answer", &hooks[0], packet, build(&p, packet), XDP_DROP, answer);
}

static void alive(__u8 slot)
{
	answered(V4, slot, was_sent(V4, slot, clock_now_ns() - MS / 10));
}

static void test_round_trip(void **state)
{
	struct segue_probe p;
	__u64 sequence;
	int i;

	(void)state;
	probed(V4, 1, 10 * MS);
	p = entry(V4, 1);
	assert_int_equal(p.state, SEGUE_PATH_UNKNOWN);
	assert_true(!p.srtt_ns && !p.answered_ns);
	for (i = 0; i < 20; i++) {
		sequence = was_sent(V4, 1, clock_now_ns() - 15 * MS);
		answered(V4, 1, sequence);
	}
	p = entry(V4, 1);
	assert_int_equal(p.state, SEGUE_PATH_ALIVE);
	assert_int_equal(p.answered, 20);
	assert_in_range(p.srtt_ns, 15 * MS, 25 * MS);
	assert_in_range(p.rttvar_ns, 0, 10 * MS);
	assert_int_equal(p.loss, 0);
	/* half of them are lost from now on */
	for (i = 0; i < 200; i++) {
		was_sent(V4, 1, clock_now_ns() - MS);
		sequence = was_sent(V4, 1, clock_now_ns() - MS);
		answered(V4, 1, sequence);
	}
	p = entry(V4, 1);
	assert_in_range(p.loss, 65536 * 2 / 5, 65536 * 3 / 5);
}

/* A number is given again, and who answers under the key is the session it is for now. */
static void test_keys(void **state)
{
	struct segue_probe_key key = keys(V4), gone = keys(SESSIONS + 1);
	unsigned char packet[WIRE_SIZE];
	struct probe p = from_peer(V4, 0, SEGUE_PROBE_ASK, 1);

	(void)state;
	assert_int_equal(segue_probe_key_put(host, id_of(V4), &key), -EEXIST);
	/* as if the key of an earlier session were left */
	assert_int_equal(segue_probe_key_del(host, id_of(V4)), 0);
	key.session = V4_UDP;
	assert_int_equal(segue_probe_key_put(host, id_of(V4), &key), 0);
	expect_stays("session of before", &hooks[0], packet, build(&p, packet), hooks[0].drop,
		     (struct segue_counters){ .probe_astray = 1 });
	key.session = V4;
	assert_int_equal(segue_probe_key_put(host, id_of(V4), &key), 0);
	expect_back("the session of now", &hooks[0], &p);
	assert_int_equal(segue_probe_key_put(host, id_of(SESSIONS + 1), &gone), 0);
	segue_probe_keys_prune(host);
	assert_int_equal(segue_probe_key_del(host, id_of(SESSIONS + 1)), -ENOENT);
	assert_int_equal(segue_probe_key_put(host, id_of(V4), &key), -EEXIST);
}

/* No more are under way than are remembered: over a very long path they are rarer. */
static void test_long_way(void **state)
{
	const struct segue_probe usual = { .interval_ns = 10 * MS, .srtt_ns = 500 * MS };
	struct segue_probe far = { .interval_ns = 10 * MS, .srtt_ns = 3000 * MS };

	(void)state;
	assert_true(segue_probe_interval(&usual) == 10 * MS);
	assert_in_range(far.srtt_ns / segue_probe_interval(&far), 1, SEGUE_PROBE_RING / 2);
}

/* Two processors note what they heard in the other order: that is no pause. */
static void test_heard_later(void **state)
{
	struct segue_probe p;
	__u64 later = clock_now_ns() + 1000 * MS;

	(void)state;
	probed(V4, 1, 10 * MS);
	alive(1);
	p = entry(V4, 1);
	p.heard_ns = later;
	set_entry(&p);
	alive(1);
	p = entry(V4, 1);
	assert_true(p.heard_ns == later);
	assert_int_equal(p.gap_ns, 0);
}

/* Answers that nobody awaits keep nothing alive. */
static void test_wrong_answers(void **state)
{
	static const struct segue_counters replayed = { .probe_replayed = 1 },
		astray = { .probe_astray = 1 }, forged = { .probe_forged = 1 };
	struct segue_probe before, after;
	unsigned char packet[WIRE_SIZE];
	struct probe p;
	__u64 sequence;

	(void)state;
	probed(V6, 1, 10 * MS);
	probed(V6, 2, 10 * MS);
	sequence = was_sent(V6, 1, clock_now_ns());
	answered(V6, 1, sequence);
	was_sent(V6, 1, clock_now_ns());
	before = entry(V6, 1);
	p = from_peer(V6, 1, SEGUE_PROBE_ANSWER, sequence);
	expect_stays("replayed", &hooks[0], packet, build(&p, packet), XDP_DROP, replayed);
	p.sequence = sequence + 2;
	expect_stays("never sent", &hooks[0], packet, build(&p, packet), XDP_DROP, replayed);
	p.sequence = sequence + 1;
	p.ours = true;
	expect_stays("our own", &hooks[0], packet, build(&p, packet), XDP_DROP, forged);
	p.ours = false;
	p.wire.source = paths[V6][2].remote;
	expect_stays("by another path", &hooks[0], packet, build(&p, packet), XDP_DROP, astray);
	p = from_peer(V6, 2, SEGUE_PROBE_ANSWER, sequence + 1);
	expect_stays("of another path", &hooks[0], packet, build(&p, packet), XDP_DROP, replayed);
	after = entry(V6, 1);
	assert_memory_equal(&before, &after, sizeof(before));
	/* new keys: what was under way under the old ones counts no more */
	assert_int_equal(segue_probe_path(host, V6, 1, id_of(V4), 10 * MS, 3), 0);
	p = from_peer(V6, 1, SEGUE_PROBE_ANSWER, sequence + 1);
	expect_stays("old keys", &hooks[0], packet, build(&p, packet), XDP_DROP, replayed);
	assert_int_equal(entry(V6, 1).state, SEGUE_PATH_UNKNOWN);
}

/* --- the timer ------------------------------------------------------------------ */

static void start_timer(__u32 session, __u8 slot)
{
	unsigned char packet[64] = {}, out[WIRE_SIZE + 256];
	size_t size;

	bpf->bss->path_index = index_of(session, slot);
	assert_int_equal(program_run(bpf_program__fd(bpf->progs.start_timer), packet,
				     sizeof(packet), out, &size), 0);
}

/* Events until a switch, or for so long. */
static struct events events_until_switch(unsigned int ms)
{
	struct events all = {}, some;
	__u64 until = clock_now_ns() + ms * MS;
	unsigned int i;

	while (clock_now_ns() < until) {
		poll(NULL, 0, 1);
		some = events_take();
		for (i = 0; i < some.count; i++) {
			all.event[all.count++] = some.event[i];
			if (some.event[i].type == SEGUE_EVENT_SWITCH)
				return all;
		}
	}
	return all;
}

/* 16 probes of path 0 unanswered, path 1 alive: the session moves. */
static void lose(__u32 lost, __u64 ago)
{
	struct segue_probe p;
	__u32 n;

	for (n = 0; n < lost; n++)
		was_sent(V4, 0, clock_now_ns() - ago);
	p = entry(V4, 0);
	p.late = 1;			/* this machine may be busy with other things */
	set_entry(&p);
}

static void test_dies(void **state)
{
	struct segue_probe p;
	struct events events;
	struct segue_session s;

	(void)state;
	both_probed();
	alive(0);
	alive(1);
	events_begin();
	lose(16, 5 * MS);
	last_answered(0, 20 * MS);
	poll(NULL, 0, 2);
	alive(1);
	start_timer(V4, 0);
	events = events_until_switch(1000);
	assert_int_equal(events.count, 3);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_PATH_SUSPECT);
	assert_int_equal(events.event[1].reason, SEGUE_REASON_PATH_DEAD);
	assert_int_equal(events.event[2].type, SEGUE_EVENT_SWITCH);
	assert_int_equal(events.event[2].reason, SEGUE_REASON_PATH_DIED);
	assert_int_equal(events.event[2].from, 0);
	assert_int_equal(events.event[2].to, 1);
	/* not before its time: a quarter of an interval is for what follows */
	p = entry(V4, 0);
	assert_int_equal(p.state, SEGUE_PATH_DEAD);
	assert_true(p.changed_ns >= p.answered_ns + 3 * 10 * MS - 10 * MS / 4);
	assert_int_equal(segue_session_get(host, V4, &s), 0);
	assert_int_equal(s.active, 1);
	assert_int_equal(s.path[0].state, SEGUE_PATH_DEAD);
	assert_int_equal(segue_switch(host, V4, 0, SEGUE_REASON_MANUAL), -ENETDOWN);
	/* back after three answers, and not after two with a loss between */
	alive(0);
	alive(0);
	was_sent(V4, 0, clock_now_ns());
	alive(0);
	alive(0);
	assert_int_equal(entry(V4, 0).state, SEGUE_PATH_DEAD);
	alive(0);
	assert_int_equal(entry(V4, 0).state, SEGUE_PATH_ALIVE);
	events = events_take();
	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_PATH_BACK);
	assert_int_equal(segue_switch(host, V4, 0, SEGUE_REASON_MANUAL), 0);
}

/* A path that has been dead is known no worse than before: not by what was lost
 * meanwhile, nor by what a router kept until then. */
static void test_back(void **state)
{
	struct segue_probe p;
	__u64 kept;

	(void)state;
	both_probed();
	alive(0);
	set_dead(V4, 0);
	lose(40, 300 * MS);
	kept = was_sent(V4, 0, clock_now_ns() - 300 * MS);
	answered(V4, 0, kept);
	assert_int_equal(entry(V4, 0).state, SEGUE_PATH_DEAD);
	alive(0);
	alive(0);
	p = entry(V4, 0);
	assert_int_equal(p.state, SEGUE_PATH_ALIVE);
	assert_int_equal(p.loss, 0);
	assert_in_range(p.srtt_ns, MS / 10, 100 * MS);
	assert_in_range(p.rttvar_ns, 0, 50 * MS);
	/* and what is lost from now on counts */
	lose(4, 5 * MS);
	alive(0);
	assert_true(entry(V4, 0).loss > 0);
}

static void expect_lives(const char *what)
{
	struct events events = events_until_switch(80);
	struct segue_session s;

	if (events.count > 1)
		print_message("%s: %s\n", what, segue_reason_name(events.event[1].reason));
	assert_int_equal(events.count, 1);	/* suspect */
	assert_int_equal(segue_session_get(host, V4, &s), 0);
	assert_int_equal(s.active, 0);
}

/* Whoever should send probes and does not, kills nothing. */
static void test_sender_stalls(void **state)
{
	(void)state;
	both_probed();
	alive(0);
	events_begin();
	lose(15, 5 * MS);
	last_answered(0, 20 * MS);
	poll(NULL, 0, 2);
	alive(1);
	start_timer(V4, 0);
	expect_lives("one probe too few");
}

/* The host stood still until now, and this look should have come so long ago. */
static void look_late(__u64 late)
{
	unsigned char packet[64] = {}, out[WIRE_SIZE + 256];
	struct segue_probe p = entry(V4, 0);
	size_t size;

	p.look_ns = clock_now_ns() - late;
	set_entry(&p);
	bpf->bss->path_index = index_of(V4, 0);
	assert_int_equal(program_run(bpf_program__fd(bpf->progs.look_now), packet,
				     sizeof(packet), out, &size), 0);
}

/* All that is needed for its death, but that nobody could receive an answer for so
 * long: it is asked again as in the beginning.  Once, or it would never die here. */
static void test_late(void **state)
{
	struct segue_probe p;

	(void)state;
	both_probed();
	alive(0);
	events_begin();
	lose(16, 500 * MS);
	last_answered(0, 600 * MS);
	poll(NULL, 0, 2);
	alive(1);
	p = entry(V4, 0);
	p.answered_ns -= 600 * MS;
	p.late = 0;
	set_entry(&p);
	look_late(500 * MS);		/* alive before: not even suspect */
	assert_int_equal(entry(V4, 0).state, SEGUE_PATH_ALIVE);
	assert_int_equal(events_take().count, 0);
	lose(16, 5 * MS);		/* and now they count */
	poll(NULL, 0, 2);
	alive(1);
	p = entry(V4, 0);
	p.void_ns -= 400 * MS;
	p.late = 0;
	p.state = SEGUE_PATH_SUSPECT;
	p.owed = 0;
	set_entry(&p);
	look_late(500 * MS);
	p = entry(V4, 0);
	assert_int_equal(p.state, SEGUE_PATH_SUSPECT);
	assert_int_equal(p.owed, 16);
	assert_int_equal(p.others, 1);
	assert_int_equal(p.late, 1);
	assert_int_equal(events_take().count, 1);	/* whoever sends when nothing else does */
	/* what is lost after it counts, however late the look */
	poll(NULL, 0, 1);
	lose(16, 0);
	poll(NULL, 0, 20);
	alive(1);
	look_late(500 * MS);
	assert_int_equal(entry(V4, 0).state, SEGUE_PATH_DEAD);
	/* an answer, and the host may be late again */
	alive(0);
	assert_int_equal(entry(V4, 0).late, 0);
}

/* A round trip that is long now may be found short before it is over. */
static void test_look_again(void **state)
{
	__u64 until = clock_now_ns() + 1000 * MS, first;
	struct segue_probe p;

	(void)state;
	both_probed();
	alive(0);
	p = entry(V4, 0);
	p.srtt_ns = 80 * MS;
	p.late = 1;
	set_entry(&p);
	was_sent(V4, 0, clock_now_ns());
	start_timer(V4, 0);
	first = entry(V4, 0).look_ns;
	do {
		poll(NULL, 0, 1);
		p = entry(V4, 0);
	} while (p.look_ns == first && clock_now_ns() < until);
	assert_true(p.look_ns > first);
	assert_true(p.look_ns <= clock_now_ns() + segue_probe_interval(&p));
	/* it rests when that one is overdue: in other tests it would run into ours */
	while (entry(V4, 0).armed && clock_now_ns() < until)
		poll(NULL, 0, 1);
	assert_int_equal(entry(V4, 0).armed, 0);
}

/* No other path answers: it is not this one's fault. */
static void test_all_silent(void **state)
{
	struct segue_probe p;
	__u64 until;

	(void)state;
	both_probed();
	alive(0);
	alive(1);
	last_answered(1, 10 * MS);
	events_begin();
	lose(40, 5 * MS);
	last_answered(0, 20 * MS);
	start_timer(V4, 0);
	expect_lives("nobody answers");
	/* nor is it left at one question to each of the others: that may have been lost */
	p = entry(V4, 0);
	p.others = 0;
	set_entry(&p);
	until = clock_now_ns() + 1000 * MS;
	while (!entry(V4, 0).others && clock_now_ns() < until)
		poll(NULL, 0, 1);
	assert_int_equal(entry(V4, 0).others, 1);
}

/* Another key is no answer. */
static void test_other_key(void **state)
{
	(void)state;
	both_probed();
	alive(0);
	alive(1);
	events_begin();
	lose(16, 5 * MS);
	last_answered(0, 20 * MS);
	last_answered(1, 20 * MS);
	assert_int_equal(segue_probe_path(host, V4, 1, id_of(V6), 10 * MS, 3), 0);
	start_timer(V4, 0);
	expect_lives("another key");
}

/* The only other path was dead, and has answered again, but not often enough to be
 * back: better than one that is silent. */
static void test_last_resort(void **state)
{
	static const __u8 reasons[] = { SEGUE_REASON_PATH_SUSPECT, SEGUE_REASON_PATH_DEAD,
					SEGUE_REASON_PATH_BACK, SEGUE_REASON_PATH_DIED };
	struct events events;
	struct segue_session s;
	unsigned int i;

	(void)state;
	both_probed();
	alive(0);
	alive(1);
	set_dead(V4, 1);
	events_begin();
	lose(16, 5 * MS);
	last_answered(0, 20 * MS);
	poll(NULL, 0, 2);
	alive(1);
	assert_int_equal(entry(V4, 1).state, SEGUE_PATH_DEAD);
	start_timer(V4, 0);
	events = events_until_switch(1000);
	assert_int_equal(events.count, 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(events.event[i].reason, reasons[i]);
	assert_int_equal(events.event[2].to, 1);
	assert_int_equal(events.event[3].to, 1);
	assert_int_equal(segue_session_get(host, V4, &s), 0);
	assert_int_equal(s.active, 1);
	assert_int_equal(s.path[1].state, SEGUE_PATH_ALIVE);
}

/* It lost a third of all before: more of them have to be lost now. */
static void test_lossy(void **state)
{
	struct segue_probe p;

	(void)state;
	both_probed();
	alive(0);
	events_begin();
	lose(31, 5 * MS);
	p = entry(V4, 0);
	p.answered_sent_ns -= 20 * MS;
	p.loss = 65536 / 3;
	set_entry(&p);
	poll(NULL, 0, 2);
	alive(1);
	start_timer(V4, 0);
	expect_lives("lossy");
}

/* Data goes out all the time, and so long nothing has come, nor what came by another path
 * before; probes are a second apart.  A look, now. */
static struct segue_probe look_silent(__u32 state, __u64 heard_ago, __u64 copied_ago)
{
	__u64 now = clock_now_ns();
	struct segue_probe p = entry(V4, 0);

	p.state = state;
	p.gap_ns = MS / 2;
	p.gapvar_ns = 0;
	p.data_since = now - 10000 * MS;
	p.data_ns = now;
	p.data = p.data_seen + 1;
	p.heard_ns = now - heard_ago;
	p.copied_ns = now - copied_ago;
	p.late = 1;
	set_entry(&p);
	look_late(0);
	return entry(V4, 0);
}

static void seconds_apart(void)
{
	probed(V4, 0, 1000 * MS);
	probed(V4, 1, 1000 * MS);
	alive(0);
	alive(1);
}

static void test_silent(void **state)
{
	const __u64 patience = MS / 2 + 1000 * MS / 16;
	struct events events;

	(void)state;
	seconds_apart();
	events_begin();
	assert_int_equal(look_silent(SEGUE_PATH_ALIVE, 500 * MS, 0).state, SEGUE_PATH_ALIVE);
	assert_int_equal(look_silent(SEGUE_PATH_ALIVE, 0, 500 * MS).state, SEGUE_PATH_ALIVE);
	/* the next look is when it would be suspect */
	assert_in_range(bpf->bss->look_in, patience / 2, patience);
	assert_int_equal(events_take().count, 0);
	assert_int_equal(look_silent(SEGUE_PATH_ALIVE, 500 * MS, 500 * MS).state, SEGUE_PATH_SUSPECT);
	events = events_take();
	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_PATH_SILENT);
	/* whatever goes by a dead one, nobody looks for its silence */
	look_silent(SEGUE_PATH_DEAD, 500 * MS, 500 * MS);
	assert_int_equal(bpf->bss->look_in, 0);
}

/* Who was suspected for a silence and is not dead may be silent for an interval. */
static void test_wary(void **state)
{
	(void)state;
	seconds_apart();
	look_silent(SEGUE_PATH_ALIVE, 500 * MS, 500 * MS);
	alive(0);
	assert_true(entry(V4, 0).wrong_ns != 0);
	assert_int_equal(look_silent(SEGUE_PATH_ALIVE, 500 * MS, 500 * MS).state, SEGUE_PATH_ALIVE);
	assert_int_equal(look_silent(SEGUE_PATH_ALIVE, 3000 * MS, 3000 * MS).state, SEGUE_PATH_SUSPECT);
}

/* Path 0 is suspect and no more than that; the session as it is then. */
static struct segue_session suspected(void)
{
	__u64 until = clock_now_ns() + 1000 * MS;
	struct segue_session s;

	lose(3, 5 * MS);
	last_answered(0, 20 * MS);
	start_timer(V4, 0);
	while (entry(V4, 0).state != SEGUE_PATH_SUSPECT && clock_now_ns() < until)
		poll(NULL, 0, 1);
	assert_int_equal(entry(V4, 0).state, SEGUE_PATH_SUSPECT);
	assert_int_equal(segue_session_get(host, V4, &s), 0);
	assert_int_equal(s.active, 0);
	return s;
}

static void both_alive(__u8 flags)
{
	assert_int_equal(segue_session_set_flags(host, V4, flags), 0);
	both_probed();
	alive(0);
	alive(1);
}

/* What a suspect carries goes by the other path as well, for as long as the verdict may
 * take. */
static void test_suspect_copies(void **state)
{
	struct segue_session s;
	struct segue_probe p;
	__u64 begin, longest, until;

	(void)state;
	both_alive(SEGUE_SESSION_COPY_SUSPECT);
	begin = clock_now_ns();
	s = suspected();
	p = entry(V4, 0);
	longest = 3 * 10 * MS + segue_probe_timeout(&p);
	assert_int_equal(s.copy, 1);
	assert_in_range(s.copy_until, begin + longest, clock_now_ns() + longest);
	/* it was wrong, and may be so again: a new window */
	alive(0);
	assert_true(entry(V4, 0).wrong_ns == 0);	/* a probe was lost, it was not silent */
	until = s.copy_until;
	s = suspected();
	assert_int_equal(s.copy, 1);
	assert_true(s.copy_until > until);
}

/* But not time and again: in the end for part of the time only. */
static void test_suspect_often(void **state)
{
	enum { TIMES = 30 };
	struct segue_session s = {};
	__u64 until = 0;
	int i, copied = 0;

	(void)state;
	both_alive(SEGUE_SESSION_COPY_SUSPECT);
	for (i = 0; i < TIMES; i++) {
		s = suspected();
		copied += s.copy_until > until;
		until = s.copy_until;
		alive(0);
	}
	/* 30 ms and more each, of a second's worth of four times that */
	assert_in_range(copied, 1, TIMES / 2);
	assert_int_equal(s.copy, 1);
}

/* By another link, to where the peer is. */
static void test_suspect_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(segue_session_set_flags(host, V4, SEGUE_SESSION_COPY_SUSPECT), 0);
	probed(V4, 0, 10 * MS);
	probed(V4, 2, 10 * MS);
	alive(0);
	alive(2);
	assert_int_equal(suspected().copy, SEGUE_NO_PATH);
	path_up(V4, 0, paths[V4][0].local, paths[V4][0].remote, 11, BOTH);
	both_alive(SEGUE_SESSION_COPY_SUSPECT);
	assert_int_equal(suspected().copy, SEGUE_NO_PATH);
}

/* Only if the session wants it, and never to where it costs or to a dead path. */
static void test_suspect_alone(void **state)
{
	(void)state;
	both_alive(0);
	assert_int_equal(suspected().copy, SEGUE_NO_PATH);
	alive(0);
	both_alive(SEGUE_SESSION_COPY_SUSPECT);
	set_dead(V4, 1);
	assert_int_equal(suspected().copy, SEGUE_NO_PATH);
}

static void test_suspect_metered(void **state)
{
	(void)state;
	both_alive(SEGUE_SESSION_COPY_SUSPECT);
	path_up(V4, 1, paths[V4][1].local, paths[V4][1].remote, 11, BOTH | SEGUE_PATH_METERED);
	assert_int_equal(suspected().copy, SEGUE_NO_PATH);
}

/* A copy that somebody asked for stays as it is. */
static void test_suspect_copied(void **state)
{
	struct segue_session s;

	(void)state;
	both_alive(SEGUE_SESSION_COPY_SUSPECT);
	assert_int_equal(segue_copy(host, V4, 2, 0), 0);
	s = suspected();
	assert_int_equal(s.copy, 2);
	assert_true(s.copy_until == SEGUE_COPY_ALWAYS);
}

/* Its link goes down under way: that is not the path's death, and the timer rests. */
static void test_link_down(void **state)
{
	struct segue_probe p;
	struct segue_session s;

	(void)state;
	both_probed();
	alive(0);
	lose(3, 5 * MS);
	last_answered(0, 20 * MS);
	start_timer(V4, 0);
	poll(NULL, 0, 20);
	assert_int_equal(entry(V4, 0).state, SEGUE_PATH_SUSPECT);
	was_sent(V4, 0, clock_now_ns());
	start_timer(V4, 0);
	link_down(10);
	poll(NULL, 0, 50);
	p = entry(V4, 0);
	assert_int_equal(p.armed, 0);
	assert_int_equal(p.owed, 0);
	assert_int_equal(p.state, SEGUE_PATH_ALIVE);
	assert_int_equal(segue_session_get(host, V4, &s), 0);
	assert_int_equal(s.path[0].state, SEGUE_PATH_ALIVE);
	/* and when it is up again, that is forgotten: more would have to be lost */
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_UP, SEGUE_REASON_CARRIER_BACK), 0);
	lose(13, 0);
	poll(NULL, 0, 5);
	alive(1);
	events_begin();
	start_timer(V4, 0);
	expect_lives("link was down");
}

/* A clone that does not leave is no probe: somebody else has to pay. */
static void test_clone_fails(void **state)
{
	unsigned char packet[64] = {}, out[WIRE_SIZE + 256];
	struct segue_probe p;
	size_t size;

	(void)state;
	both_probed();
	p = entry(V4, 0);
	p.owed = 16;
	p.others = 1;
	set_entry(&p);
	bpf->bss->path_index = index_of(V4, 0);
	program_run(bpf_program__fd(bpf->progs.pay_in_vain), packet, sizeof(packet), out, &size);
	p = entry(V4, 0);
	assert_int_equal(p.owed, 16);
	assert_int_equal(p.others, 1);
	/* a path that cannot send now is not asked */
	link_down(11);
	program_run(bpf_program__fd(bpf->progs.pay_in_vain), packet, sizeof(packet), out, &size);
	assert_int_equal(entry(V4, 0).others, 0);
}

static int group_setup(void **state)
{
	int i, err = host_up(state);

	for (i = 0; !err && i < HOOKS; i++)
		hooks[i].fd = program(hooks[i].program);
	bpf = probe_test__open();
	if (err || !bpf || host_reuse_pins(bpf->obj))
		return -1;
	return probe_test__load(bpf);
}

static int group_teardown(void **state)
{
	probe_test__destroy(bpf);
	return host_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash),
		cmocka_unit_test_setup(test_answers, setup),
		cmocka_unit_test_setup(test_replayed, setup),
		cmocka_unit_test_setup(test_forged, setup),
		cmocka_unit_test_setup(test_truncated, setup),
		cmocka_unit_test_setup(test_limited, setup),
		cmocka_unit_test_setup(test_round_trip, setup),
		cmocka_unit_test_setup(test_keys, setup),
		cmocka_unit_test_setup(test_long_way, setup),
		cmocka_unit_test_setup(test_heard_later, setup),
		cmocka_unit_test_setup(test_wrong_answers, setup),
		cmocka_unit_test_setup(test_dies, setup),
		cmocka_unit_test_setup(test_back, setup),
		cmocka_unit_test_setup(test_sender_stalls, setup),
		cmocka_unit_test_setup(test_late, setup),
		cmocka_unit_test_setup(test_look_again, setup),
		cmocka_unit_test_setup(test_all_silent, setup),
		cmocka_unit_test_setup(test_other_key, setup),
		cmocka_unit_test_setup(test_last_resort, setup),
		cmocka_unit_test_setup(test_lossy, setup),
		cmocka_unit_test_setup(test_silent, setup),
		cmocka_unit_test_setup(test_wary, setup),
		cmocka_unit_test_setup(test_suspect_copies, setup),
		cmocka_unit_test_setup(test_suspect_often, setup),
		cmocka_unit_test_setup(test_suspect_elsewhere, setup),
		cmocka_unit_test_setup(test_suspect_alone, setup),
		cmocka_unit_test_setup(test_suspect_metered, setup),
		cmocka_unit_test_setup(test_suspect_copied, setup),
		cmocka_unit_test_setup(test_link_down, setup),
		cmocka_unit_test_setup(test_clone_fails, setup),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
