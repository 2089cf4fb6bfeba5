// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ingress restore, packet by packet, by BPF_PROG_TEST_RUN: the XDP program and
 * both tc fallbacks have to agree in everything.
 *
 *   path 0: 10.9.0.1 -> 10.0.0.1, by link 10          canonical pair
 *   path 1: 10.9.0.1 -> 10.1.0.1, by link 11   ---->  10.9.0.1 -> 10.0.0.1
 *   path 2: 10.9.1.1 -> 10.1.0.1, by link 11
 *   path 3: 10.9.3.1 -> 10.1.0.1: not verified
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <segue/flow.h>
#include "host.h"
#include "pins.h"

static struct hook {
	const char *program;
	bool raw;			/* sees no Ethernet header */
	unsigned int pass;		/* its verdict, always */
	int fd;
} hooks[] = {
	{ "xdp", false, XDP_PASS, -1 },
	{ "ingress_tc", false, (unsigned int)TC_ACT_UNSPEC, -1 },
	{ "ingress_tc_l3", true, (unsigned int)TC_ACT_UNSPEC, -1 },
};

enum { HOOKS = sizeof(hooks) / sizeof(hooks[0]), UNVERIFIED = 3 };

static int setup(void **state)
{
	host_reset(state);
	sessions_up(UNVERIFIED);
	return 0;
}

static struct wire received(__u32 id, __u32 slot)
{
	return (struct wire){
		.source = paths[id][slot].remote, .dest = paths[id][slot].local,
		.spi = id * 0x100 + 1, .seq = 7, .udp = id >= V4_UDP,
	};
}

static struct wire restored(struct wire wire, __u32 id)
{
	wire.source = canonical[id].remote;
	wire.dest = canonical[id].local;
	return wire;
}

/* One more SA of a session; the others are in tunnel mode. */
static void sa_up(__u32 spi, const struct segue_sa *sa)
{
	struct segue_sa_key key = { .spi = htonl(spi) };

	assert_int_equal(segue_sa_put(host, &key, sa), 0);
}

/* By which path does the data path believe that this packet came? */
static __u32 seen_by(const struct wire *wire)
{
	__be32 spi = htonl(wire->spi);
	__u32 index = ((spi * 0x9e3779b1u >> 16) + wire->seq) % SEGUE_SEEN;
	__u64 cell;
	int fd;

	assert_int_equal(pin_open_map(host_pins(), PIN_SEEN, &fd), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &index, &cell), 0);
	close(fd);
	if (cell >> 32 != wire->seq || (cell >> 8 & 0xffffff) != (spi & 0xffffff))
		return SEGUE_NO_PATH;
	return (cell & 0xff) - 1;
}

/* Runs at one hook; expects octets and counters, and that it passes. */
static void expect_at(const struct hook *hook, const char *what, struct wire in,
		      struct wire out, struct segue_counters counters)
{
	unsigned char packet[WIRE_SIZE], wanted[WIRE_SIZE], got[WIRE_SIZE + 256];
	size_t size, wanted_size, got_size;
	struct segue_counters now;
	unsigned int verdict;

	in.raw = out.raw = hook->raw;
	size = wire_build(&in, packet);
	wanted_size = wire_build(&out, wanted);
	counted();
	verdict = program_run(hook->fd, packet, size, got, &got_size);
	now = counted();
	if (verdict != hook->pass || got_size != wanted_size ||
	    memcmp(got, wanted, wanted_size) || memcmp(&now, &counters, sizeof(now)))
		print_message("fixture: %s at %s\n", what, hook->program);
	assert_int_equal(verdict, hook->pass);
	assert_int_equal(got_size, wanted_size);
	assert_memory_equal(got, wanted, wanted_size);
	assert_memory_equal(&now, &counters, sizeof(now));
}

static void expect(const char *what, struct wire in, struct wire out,
		   struct segue_counters counters)
{
	int i;

	for (i = 0; i < HOOKS; i++) {
		if (hooks[i].raw && (in.vlans || in.ethertype))
			continue;
		expect_at(&hooks[i], what, in, out, counters);
	}
}

/* Every shape of packet, by every path; at each hook twice, for the second one
 * takes the remembered decision. */
static void test_hit(void **state)
{
	static const struct shape { unsigned int vlans, options, extensions, size; } shapes[] = {
		{ 0, 0, 0, 0 }, { 1, 0, 0, 0 }, { 2, 0, 0, 0 }, { 0, 4, 1, 0 }, { 0, 40, 3, 0 },
		{ 2, 20, 5, 0 }, { 2, 40, 5, 512 },
	};
	struct segue_counters counters = {};
	struct wire in;
	char what[128];
	__u32 id, slot, i, checksum;

	(void)state;
	for (id = 1; id <= SESSIONS; id++) {
		for (slot = 0; slot < UNVERIFIED; slot++) {
			for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
				for (checksum = 0; checksum <= (id >= V4_UDP); checksum++) {
					in = received(id, slot);
					in.vlans = shapes[i].vlans;
					in.options = shapes[i].options;
					in.extensions = shapes[i].extensions;
					in.extension_size = shapes[i].size;
					in.checksum = checksum;
					in.seq = id * 10000 + slot * 1000 + i * 10 + checksum;
					counters.ingress_restored = slot > 0;
					counters.ingress_canonical = slot == 0;
					snprintf(what, sizeof(what),
						 "session %u path %u shape %u checksum %u",
						 id, slot, i, checksum);
					expect(what, in, restored(in, id), counters);
					expect(what, in, restored(in, id), counters);
					assert_int_equal(seen_by(&in), slot);
				}
			}
		}
	}
}

/* A NAT on the way changed the peer's port; a path may say which it is. */
static void test_ports(void **state)
{
	struct segue_counters counters = { .ingress_restored = 1 };
	struct segue_counters unverified = { .ingress_unverified = 1 };
	struct segue_path path = {
		.local = address("10.1.0.5"), .remote = address("10.9.0.5"),
		.remote_port = htons(61234), .ifindex = 11, .flags = BOTH,
	};
	struct wire in = { .source = "10.9.0.5", .dest = "10.1.0.5", .spi = 0x501, .seq = 1,
			   .udp = true, .source_port = 61234 }, out = in;
	int checksum;

	(void)state;
	session_ports(5, "10.0.0.5", "10.9.0.50", 0x500, 4500, 4500);
	assert_int_equal(segue_path_put(host, 5, 0, &path, SEGUE_REASON_PATH_ADDED), 0);
	for (checksum = 0; checksum < 2; checksum++) {
		in.checksum = checksum;
		out = in;
		out.source = "10.9.0.50";
		out.dest = "10.0.0.5";
		out.source_port = 4500;
		expect("the path's port", in, out, counters);
	}
	in.source_port = 61235;
	expect("another port", in, in, unverified);
	assert_int_equal(seen_by(&in), 0);	/* of the packet before */
}

/* The canonical pair without a path: XFRM's affair alone, nothing recorded. */
static void test_canonical_without_path(void **state)
{
	struct segue_counters counters = { .ingress_canonical = 1 };
	struct wire in = { .source = "10.9.0.6", .dest = "10.0.0.6", .spi = 0x601, .seq = 77 };

	(void)state;
	session_up(6, "10.0.0.6", "10.9.0.6", 0x600);
	expect("canonical without a path", in, in, counters);
	assert_int_equal(seen_by(&in), SEGUE_NO_PATH);
}

/* All that passes as if segue were not there. */
static void test_untouched(void **state)
{
	static const struct {
		const char *what;
		struct wire wire;
		struct segue_counters counters;
	} fixtures[] = {
		{ "unknown SPI", { .spi = 0x9999 }, { .ingress_unknown_spi = 1 } },
		{ "our outbound SPI", { .spi = 0x100 }, { .ingress_unknown_spi = 1 } },
		{ "IKE behind a non-ESP marker", { .udp = true }, {} },
		{ "IKE on port 500", { .spi = 0x101, .udp = true, .dest_port = 500 }, {} },
		{ "NAT keepalive", { .udp = true, .keepalive = true }, {} },
		{ "plain TCP", { .spi = 0x101, .proto = 6 }, {} },
		{ "first fragment", { .spi = 0x9999, .fragment = WIRE_FIRST },
		  { .ingress_unknown_spi = 1 } },
		{ "later fragment", { .spi = 0x101, .fragment = WIRE_LATER },
		  { .ingress_fragment = 1 } },
		{ "fragment of something else",
		  { .spi = 0x101, .fragment = WIRE_LATER, .proto = 6 }, {} },
		{ "more extension headers than anybody sends",
		  { .spi = 0x201, .extensions = 8 }, {} },
		{ "ARP", { .spi = 0x101, .ethertype = 0x0806 }, {} },
		{ "a third VLAN tag", { .spi = 0x101, .vlans = 3 }, {} },
	};
	struct wire wire;
	size_t i;
	__u32 id;

	(void)state;
	for (i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
		for (id = V4; id <= V6; id++) {
			if (id == V4 && fixtures[i].wire.extensions)
				continue;
			wire = fixtures[i].wire;
			wire.source = paths[id][1].remote;
			wire.dest = paths[id][1].local;
			wire.seq = 3;
			expect(fixtures[i].what, wire, wire, fixtures[i].counters);
		}
	}
}

/* The same identification again, of IKE: what is remembered is not of this packet. */
static void expect_other_first(struct wire wire, __u32 id)
{
	struct segue_counters restore = { .ingress_restored = 1 }, none = {};

	expect("as noted", wire, restored(wire, id), restore);
	wire.fragment = WIRE_FIRST;
	wire.spi = 0;
	expect("first of IKE", wire, wire, none);
	wire.fragment = WIRE_LATER;
	wire.spi = 0x9999;
	expect("later of IKE", wire, wire, none);
}

/* What is remembered of the first fragment holds for those without an SPI. */
static void test_fragments(void **state)
{
	struct segue_counters restore = { .ingress_restored = 1 };
	struct segue_counters unverified = { .ingress_unverified = 1 };
	struct segue_counters alone = {};
	struct wire first, later;
	__u32 id;

	(void)state;
	for (id = 1; id <= SESSIONS; id++) {
		alone.ingress_fragment = id < V4_UDP;
		first = received(id, 1);
		first.id = id;
		first.checksum = first.udp;
		later = first;
		later.checksum = false;
		later.spi = 0x9999;
		first.fragment = WIRE_FIRST;
		later.fragment = WIRE_LATER;
		expect("later before first", later, later, alone);
		expect("first", first, restored(first, id), restore);
		assert_int_equal(seen_by(&first), 1);
		expect("later", later, restored(later, id), restore);
		expect("the last", later, restored(later, id), restore);
		later.id = 0x55;
		expect("of another packet", later, later, alone);
		later.id = id;
		if (first.udp)
			expect_other_first(later, id);
		first.seq++;
		expect("first again", first, restored(first, id), restore);
		path_up(id, 1, first.dest, first.source, 11, SEGUE_PATH_EGRESS);
		expect("no longer verified", later, later, alone);
		first.seq++;
		expect("the first one neither", first, first, unverified);
	}
}

static __u32 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return segue_coarse_ms(now.tv_sec * 1000000000ULL + now.tv_nsec);
}

/* The data path does not look for a session all the time. */
static void may_search(void)
{
	struct segue_state state;

	assert_int_equal(segue_state_get(host, &state), 0);
	while (state.searched_ms - now_ms() < 1000)
		;
}

/* A router says that in is too big; XFRM shall see that it quotes out. */
static void expect_told_now(const char *what, const struct hook *hook, struct wire in, struct wire out,
			struct segue_counters counters)
{
	bool v6 = strchr(in.source, ':');
	struct wire by = { .source = v6 ? "2001:db8:77::1" : "10.77.0.1", .dest = in.source,
			   .raw = hook->raw, .vlans = hook->raw ? 0 : 1, .options = 8 };
	unsigned char packet[WIRE_SIZE], wanted[WIRE_SIZE], got[WIRE_SIZE + 256];
	size_t size = wire_too_big(&by, &in, packet), got_size;
	struct segue_counters now;
	unsigned int verdict;

	wire_too_big(&by, &out, wanted);
	counted();
	verdict = program_run(hook->fd, packet, size, got, &got_size);
	now = counted();
	if (got_size != size || memcmp(got, wanted, size) || memcmp(&now, &counters, sizeof(now)))
		print_message("fixture: %s at %s\n", what, hook->program);
	assert_int_equal(verdict, hook->pass);
	assert_int_equal(got_size, size);
	assert_memory_equal(got, wanted, size);
	assert_memory_equal(&now, &counters, sizeof(now));
}

static void expect_told(const char *what, const struct hook *hook, struct wire in, struct wire out,
			struct segue_counters counters)
{
	may_search();
	expect_told_now(what, hook, in, out, counters);
}

static struct wire to_big(__u32 id, __u32 slot)
{
	return by_path(sent_by(id), id, slot);
}

/* "Too big" reaches XFRM in its own terms; path 2 has another remote address, too. */
static void test_too_big(void **state)
{
	struct segue_counters told = { .ingress_too_big = 1 }, none = {};
	struct wire in, out;
	char what[128];
	__u32 id, slot, i;

	(void)state;
	for (i = 0; i < HOOKS; i++) {
		for (id = 1; id <= SESSIONS; id++) {
			for (slot = 0; slot < PATHS; slot++) {
				in = to_big(id, slot);
				in.checksum = slot & 1;
				out = in;
				out.source = canonical[id].local;
				out.dest = canonical[id].remote;
				snprintf(what, sizeof(what), "session %u path %u", id, slot);
				expect_told(what, &hooks[i], in, out, told);
				/* cut up after encryption: IPv6 in transport mode */
				in.fragment = out.fragment = WIRE_FIRST;
				expect_told("first fragment", &hooks[i], in, out, told);
				in.fragment = WIRE_LATER;
				expect_told("later fragment", &hooks[i], in, in, none);
			}
			in = to_big(id, 1);
			in.spi = 0x9999;
			expect_told("unknown SPI", &hooks[i], in, in, none);
			in = to_big(id, 1);
			in.spi++;
			expect_told("our inbound SPI", &hooks[i], in, in, none);
			in = to_big(id, 1);
			in.source = in.dest;
			expect_told("from elsewhere", &hooks[i], in, in, none);
			in = to_big(id, 1);
			in.proto = 6;
			expect_told("of TCP", &hooks[i], in, in, none);
		}
	}
}

/* Who had to search lately does not do so again; where the quoted destination is
 * canonical there is no need to. */
static void test_too_big_too_often(void **state)
{
	struct segue_counters told = { .ingress_too_big = 1 }, none = {};
	struct wire near = to_big(V4, 1), far = to_big(V4, 2), out = sent_by(V4);
	struct segue_state now;
	__u32 key = 0;
	int fd;

	(void)state;
	assert_int_equal(pin_open_map(host_pins(), PIN_STATE, &fd), 0);
	assert_int_equal(segue_state_get(host, &now), 0);
	now.searched_ms = now_ms() + 900;
	assert_int_equal(bpf_map_update_elem(fd, &key, &now, 0), 0);
	expect_told_now("by another remote address", &hooks[0], far, far, none);
	expect_told_now("to the canonical one", &hooks[0], near, out, told);
	now.searched_ms = now_ms() - 1;
	assert_int_equal(bpf_map_update_elem(fd, &key, &now, 0), 0);
	expect_told_now("later", &hooks[0], far, out, told);
	close(fd);
}

/* Our SPI, but from where the peer was not verified to be: untouched, counted,
 * told once, never remembered as a path. */
static void test_unverified(void **state)
{
	struct segue_counters counters = { .ingress_unverified = 1 };
	struct events events;
	struct wire in;
	__u32 id;

	(void)state;
	events_begin();
	for (id = 1; id <= SESSIONS; id++) {
		if (id >= V4_UDP) {
			in = received(id, UNVERIFIED);
			in.seq = 4711;
			expect("unverified path", in, in, counters);
			assert_int_equal(seen_by(&in), SEGUE_NO_PATH);
		}
		in = received(id, 1);
		in.seq = 4712;
		in.dest = canonical[id].remote;
		expect("to somebody else", in, in, counters);
		assert_int_equal(seen_by(&in), SEGUE_NO_PATH);
	}
	/* the other family's SPI */
	in = received(V6, 1);
	in.spi = V4 * 0x100 + 1;
	expect("other family", in, in, counters);

	events = events_take();
	assert_in_range(events.count, SESSIONS, 2 * SESSIONS);
	assert_int_equal(events.event[0].type, SEGUE_EVENT_REFUSAL);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_UNVERIFIED_PATH);
	assert_int_equal(events.event[0].session, 1);
}

/* From anywhere to one of ours, in whatever mode: the ICV says whether the peer sent it.
 * Not what has a NAT's mapping in it, and no fragments. */
static void test_claimed(void **state)
{
	static const __u8 modes[] = { SEGUE_SA_TUNNEL, SEGUE_SA_BEET, SEGUE_SA_TRANSPORT };
	struct segue_counters claimed = { .ingress_claimed = 1 };
	struct segue_sa sa = { .flags = SEGUE_SA_INBOUND };
	struct segue_counters restore = { .ingress_restored = 1 };
	struct wire in, known;
	__u32 id, i;

	(void)state;
	for (id = V4; id <= V6; id++) {
		events_begin();
		for (i = 0; i < sizeof(modes); i++) {
			in = received(id, UNVERIFIED);
			in.spi = id * 0x100 + 2 + i;
			in.seq = 4714;
			sa.session = id;
			sa.mode = modes[i];
			sa_up(in.spi, &sa);
			expect("unverified path", in, restored(in, id), claimed);
			expect("once more", in, restored(in, id), claimed);
			assert_int_equal(seen_by(&in), SEGUE_NO_PATH);
			in.source = id == V4 ? "10.9.77.1" : "2001:db8:77::1";
			expect("no path at all", in, restored(in, id), claimed);
			in.dest = canonical[id].local;
			expect("to the canonical address", in, restored(in, id), claimed);
			assert_int_equal(seen_by(&in), SEGUE_NO_PATH);
			known = received(id, 1);
			known.spi = in.spi;
			known.seq = in.seq;
			expect("a verified path, as ever", known, restored(known, id), restore);
			assert_int_equal(seen_by(&known), 1);
		}
		assert_int_equal(events_take().count, 0);
		/* an address that only a path without a check has, until that is removed */
		in.dest = id == V4 ? "10.1.7.1" : "2001:db8:7::1";
		path_up(id, 4, in.dest, paths[id][0].remote, 11, SEGUE_PATH_EGRESS);
		expect("to a path's address", in, restored(in, id), claimed);
		assert_int_equal(segue_path_del(host, id, 4, SEGUE_REASON_PATH_REMOVED), 0);
		expect("to one no longer ours", in, in, (struct segue_counters){ .ingress_unverified = 1 });
	}
}

static void test_not_claimed(void **state)
{
	struct segue_counters unverified = { .ingress_unverified = 1 };
	struct segue_counters alone = { .ingress_fragment = 1 };
	struct segue_sa sa = { .flags = SEGUE_SA_INBOUND, .mode = SEGUE_SA_TRANSPORT };
	struct wire in, udp;
	__u32 id;

	(void)state;
	for (id = V4; id <= V6; id++) {
		sa.session = id;
		in = received(id, UNVERIFIED);
		in.spi = id * 0x100 + 2;
		in.id = 7;
		sa_up(in.spi, &sa);
		events_begin();
		in.fragment = WIRE_FIRST;
		expect("the first fragment", in, in, unverified);
		assert_int_equal(events_take().count, 1);
		in.fragment = WIRE_LATER;
		expect("a later one", in, in, alone);
		in.fragment = 0;
		udp = in;
		udp.udp = true;
		expect("in UDP", udp, udp, unverified);
		udp.no_source_port = true;
		expect("from no port", udp, udp, unverified);
		in.dest = canonical[id].remote;
		expect("to somebody else", in, in, unverified);
		in = received(id == V4 ? V6 : V4, UNVERIFIED);
		in.spi = id * 0x100 + 2;
		expect("of the other family", in, in, unverified);
		in = received(id, UNVERIFIED);
		in.spi = id * 0x100 + 3;
		sa.flags |= SEGUE_SA_ENCAP;
		sa_up(in.spi, &sa);
		expect("of an SA with encapsulation", in, in, unverified);
		sa.flags &= ~SEGUE_SA_ENCAP;
	}
}

/* A path is verified, and later is not any more. */
static void test_forgets(void **state)
{
	struct segue_counters restore = { .ingress_restored = 1 };
	struct segue_counters unverified = { .ingress_unverified = 1 };
	struct segue_counters unknown = { .ingress_unknown_spi = 1 };
	struct wire in = received(V4_UDP, UNVERIFIED);
	struct segue_sa_key key = { .spi = htonl(in.spi) };

	(void)state;
	expect("before", in, in, unverified);
	path_up(V4_UDP, UNVERIFIED, in.dest, in.source, 11, BOTH);
	expect("verified", in, restored(in, V4_UDP), restore);
	path_up(V4_UDP, UNVERIFIED, in.dest, in.source, 11, SEGUE_PATH_EGRESS);
	expect("no longer", in, in, unverified);
	path_up(V4_UDP, UNVERIFIED, in.dest, in.source, 11, BOTH);
	expect("again", in, restored(in, V4_UDP), restore);
	assert_int_equal(segue_path_del(host, V4_UDP, UNVERIFIED, SEGUE_REASON_PATH_REMOVED), 0);
	expect("path gone", in, in, unverified);
	in = received(V4_UDP, 1);
	expect("another path", in, restored(in, V4_UDP), restore);
	assert_int_equal(segue_sa_del(host, &key), 0);
	expect("SA gone", in, in, unknown);
}

/* Addresses of both families that end in the same four octets. */
static void test_same_end(void **state)
{
	struct segue_counters restore = { .ingress_restored = 1 };
	struct segue_counters unverified = { .ingress_unverified = 1 };
	struct wire in6 = { .source = "2001:db8::a09:1", .dest = "::1:a01:1",
			    .spi = 0x501, .seq = 5 }, out6 = in6;
	struct wire in4 = { .source = "10.9.0.1", .dest = "10.1.0.1", .spi = 0x501, .seq = 6 };

	(void)state;
	session_up(5, "2001:db8:2::a01:1", "2001:db8::a09:1", 0x500);
	path_up(5, 0, in6.dest, in6.source, 10, BOTH);
	out6.dest = "2001:db8:2::a01:1";
	expect("IPv6", in6, out6, restore);
	expect("IPv4 that ends alike", in4, in4, unverified);
}

/* IPv6 packets with IPv4-mapped addresses pass, whatever IPv4 session their
 * addresses would be those of. */
static void test_mapped(void **state)
{
	struct wire wire = { .source = "::ffff:10.9.0.1", .dest = "::ffff:10.1.0.1",
			     .spi = V4 * 0x100 + 1, .seq = 4713 };

	(void)state;
	expect("both addresses", wire, wire, (struct segue_counters){});
	assert_int_equal(seen_by(&wire), SEGUE_NO_PATH);
	wire.dest = "::ffff:10.0.0.1";
	expect("the canonical pair", wire, wire, (struct segue_counters){});
	wire.dest = "2001:db8::1";
	wire.spi = V6 * 0x100 + 1;
	expect("the source", wire, wire, (struct segue_counters){});
	wire.source = "2001:db8:9::1";
	wire.dest = "::ffff:10.1.0.1";
	expect("the destination", wire, wire, (struct segue_counters){});
}

/* Two paths claim the same sequence number: one of them is forged, and it is not
 * known which.  A retransmitted one by the same path is not ambiguous. */
static void test_ambiguous(void **state)
{
	struct segue_counters restore = { .ingress_restored = 1 };
	struct wire one = received(V4, 1), other = received(V4, 2);

	(void)state;
	one.seq = other.seq = 99;
	expect_at(&hooks[0], "first", one, restored(one, V4), restore);
	assert_int_equal(seen_by(&one), 1);
	expect_at(&hooks[0], "again", one, restored(one, V4), restore);
	assert_int_equal(seen_by(&one), 1);
	expect_at(&hooks[0], "copy", other, restored(other, V4), restore);
	assert_int_equal(seen_by(&one), 0xfd);
	expect_at(&hooks[0], "original again", one, restored(one, V4), restore);
	assert_int_equal(seen_by(&one), 0xfd);
}

/* Cut at every length: never changed before SPI and sequence number are there,
 * and counted as malformed once it is known to be IP. */
static void test_truncated(void **state)
{
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	const struct hook *xdp = &hooks[0];
	struct segue_counters now;
	size_t size, full, got_size, need;
	struct wire in;
	__u32 id;

	(void)state;
	for (id = 1; id <= SESSIONS; id++) {
		in = received(id, 1);
		in.vlans = 1;
		in.options = 8;
		in.extensions = 2;
		full = wire_build(&in, packet);
		need = wire_payload_offset(&in) + (in.udp ? 8 : 0) + 8;
		for (size = 14; size < full; size++) {
			counted();
			assert_int_equal(program_run(xdp->fd, packet, size, got, &got_size),
					 XDP_PASS);
			now = counted();
			assert_int_equal(got_size, size);
			if (size < need)
				assert_memory_equal(got, packet, size);
			assert_int_equal(now.ingress_restored, size >= need);
			assert_int_equal(now.ingress_malformed, size < need);
		}
	}
}

/* Headers that contradict themselves. */
static void test_malformed(void **state)
{
	static const struct {
		const char *what;
		__u32 id;
		size_t at;
		unsigned char value;
	} spoils[] = {
		{ "version 5", V4, 0, 0x55 },
		{ "header of 16 octets", V4, 0, 0x44 },
		{ "total length below the header", V4, 3, 12 },
		{ "total length ends in the SPI", V4, 3, 26 },
		{ "total length ends in the UDP header", V4_UDP, 3, 24 },
		{ "total length ends behind the UDP header", V4_UDP, 3, 30 },
		{ "header longer than the packet", V4, 0, 0x4f },
		{ "version 4 in an IPv6 frame", V6, 0, 0x45 },
		{ "payload length ends in the SPI", V6, 5, 6 },
	};
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	struct segue_counters now;
	struct wire in;
	size_t i, size, got_size;

	(void)state;
	for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		in = received(spoils[i].id, 1);
		in.payload = 4;
		size = wire_build(&in, packet);
		packet[wire_ip_offset(&in) + spoils[i].at] = spoils[i].value;
		counted();
		program_run(hooks[0].fd, packet, size, got, &got_size);
		now = counted();
		if (now.ingress_malformed != 1 || memcmp(got, packet, size))
			fail_msg("%s", spoils[i].what);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hit), TEST(test_ports), TEST(test_canonical_without_path),
		TEST(test_untouched), TEST(test_fragments), TEST(test_too_big),
		TEST(test_too_big_too_often), TEST(test_unverified), TEST(test_claimed),
		TEST(test_not_claimed), TEST(test_forgets),
		TEST(test_same_end), TEST(test_mapped), TEST(test_ambiguous), TEST(test_truncated), TEST(test_malformed),
	};
	int i;

	if (host_up(NULL))
		return 1;
	for (i = 0; i < HOOKS; i++)
		hooks[i].fd = program(hooks[i].program);
	return cmocka_run_group_tests_name("ingress", tests, NULL, host_down);
}
