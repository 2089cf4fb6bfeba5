// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Egress steering, packet by packet, by BPF_PROG_TEST_RUN.
 *
 *   canonical pair                     path 0: the same, by link 10
 *   10.0.0.1 -> 10.9.0.1    ---->      path 1: 10.1.0.1 -> 10.9.0.1, by link 11
 *   2001:db8::1 -> 2001:db8:9::1       path 2: 10.1.0.1 -> 10.9.1.1, by link 11
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <segue/flow.h>
#include "host.h"
#include "load.h"
#include "pins.h"

enum { UNVERIFIED = 2 };		/* path */

static int egress;

static int setup(void **state)
{
	host_reset(state);
	sessions_up(UNVERIFIED);
	return 0;
}

/* By which device did the last packet of this SPI leave? */
static __u32 left_by(__u32 spi)
{
	struct segue_flow rows[SEGUE_MAX_CPUS * 2];
	struct segue_state state;
	int fd, cpu, cpus = libbpf_num_possible_cpus();
	__u32 key, found = 0;

	assert_int_equal(pin_open_map(host_pins(), PIN_FLOWS, &fd), 0);
	assert_int_equal(segue_state_get(host, &state), 0);
	assert_in_range(cpus, 1, SEGUE_MAX_CPUS * 2);
	for (key = 0; key < SEGUE_FLOWS; key++) {
		assert_int_equal(bpf_map_lookup_elem(fd, &key, rows), 0);
		for (cpu = 0; cpu < cpus; cpu++)
			if (rows[cpu].epoch == state.epoch && rows[cpu].spi == htonl(spi))
				found = rows[cpu].ifindex;
	}
	close(fd);
	return found;
}

/* Every shape of packet, by every path; the second packet takes the remembered
 * decision and has to fare alike. */
static void test_hit(void **state)
{
	static const struct shape { unsigned int vlans, options, extensions, size; } shapes[] = {
		{ 0, 0, 0, 0 }, { 1, 0, 0, 0 }, { 2, 0, 0, 0 }, { 0, 4, 1, 0 }, { 0, 40, 3, 0 },
		{ 2, 20, 5, 0 }, { 2, 40, 5, 512 },
	};
	struct segue_counters counters = { .egress_steered = 1 };
	struct wire in, out;
	char what[128];
	__u32 id, slot, i, checksum, again;

	(void)state;
	for (slot = 0; slot < 3; slot++) {
		for (id = 1; id <= SESSIONS; id++) {
			assert_int_equal(segue_switch(host, id, slot, SEGUE_REASON_MANUAL), 0);
			for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
				for (checksum = 0; checksum <= (id >= V4_UDP); checksum++) {
					in = sent_by(id);
					in.vlans = shapes[i].vlans;
					in.options = shapes[i].options;
					in.extensions = shapes[i].extensions;
					in.extension_size = shapes[i].size;
					in.checksum = checksum;
					out = by_path(in, id, slot);
					counters.egress_rewritten = slot > 0;
					snprintf(what, sizeof(what),
						 "session %u path %u shape %u checksum %u",
						 id, slot, i, checksum);
					for (again = 0; again < 2; again++)
						expect_sent(what, &in, TC_ACT_REDIRECT, &out, counters);
					assert_int_equal(left_by(in.spi), slot ? 11 : 10);
				}
			}
		}
	}
}

/* Ports of the path, with an incremental checksum. */
static void test_ports(void **state)
{
	struct segue_path path = {
		.local = address("10.1.0.2"), .remote = address("10.9.1.2"),
		.local_port = htons(4500), .remote_port = htons(61234),
		.ifindex = 11, .flags = BOTH,
	};
	struct segue_counters counters = { .egress_steered = 1, .egress_rewritten = 1 };
	struct wire in = sent_by(V4_UDP), out;
	int checksum;

	(void)state;
	assert_int_equal(segue_path_put(host, V4_UDP, 2, &path, SEGUE_REASON_PATH_ADDED), 0);
	assert_int_equal(segue_switch(host, V4_UDP, 2, SEGUE_REASON_MANUAL), 0);
	for (checksum = 0; checksum < 2; checksum++) {
		in.checksum = checksum;
		out = by_path(in, V4_UDP, 2);
		out.dest_port = 61234;
		expect_sent("ports of the path", &in, TC_ACT_REDIRECT, &out, counters);
	}
}

/* A checksum that comes out as 0 is sent as 0xffff (RFC 768), whatever the data. */
static void test_checksum_never_zero(void **state)
{
	struct segue_counters counters = { .egress_steered = 1, .egress_rewritten = 1 };
	struct wire in = sent_by(V4_UDP), out;
	unsigned char packet[WIRE_SIZE];
	bool seen = false;
	size_t check;

	(void)state;
	assert_int_equal(segue_switch(host, V4_UDP, 1, SEGUE_REASON_MANUAL), 0);
	in.checksum = true;
	for (in.seq = 0; in.seq < 0x10000 && !seen; in.seq++) {
		out = by_path(in, V4_UDP, 1);
		wire_build(&out, packet);
		check = wire_payload_offset(&out) + 6;
		if (packet[check] != 0xff || packet[check + 1] != 0xff)
			continue;
		seen = true;
		expect_sent("checksum 0xffff", &in, TC_ACT_REDIRECT, &out, counters);
	}
	assert_true(seen);
}

/* What is no ESP of ours leaves by the device that owns its source address. */
static void test_by_source(void **state)
{
	struct segue_addr local4 = address(canonical[V4].local);
	struct segue_addr local6 = address(canonical[V6].local);
	struct segue_counters by_source = { .egress_by_source = 1 };
	struct segue_counters fragment = { .egress_fragment = 1 };
	struct segue_counters not_owned = { .egress_not_owned = 1 };
	static const struct {
		const char *what;
		struct wire wire;
	} fixtures[] = {
		{ "unknown SPI", { .spi = 0x9999 } },
		{ "IKE behind a non-ESP marker", { .spi = 0, .udp = true } },
		{ "IKE on port 500", { .spi = 1, .udp = true, .source_port = 500 } },
		{ "NAT keepalive", { .udp = true, .keepalive = true } },
		{ "plain TCP", { .spi = 0x100, .proto = 6 } },
		{ "AH", { .spi = 0x100, .proto = 51 } },
		{ "first fragment", { .spi = 0x9999, .fragment = WIRE_FIRST } },
		{ "later fragment", { .spi = 0x100, .fragment = WIRE_LATER } },
		{ "more extension headers than anybody sends", { .spi = 0x100, .extensions = 8 } },
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
			wire.source = canonical[id].local;
			wire.dest = canonical[id].remote;
			if (wire.spi == 0x100)
				wire.spi = id * 0x100;
			segue_addr_del(host, &local4);
			segue_addr_del(host, &local6);
			expect_sent(fixtures[i].what, &wire, TC_ACT_SHOT, &wire, not_owned);
			assert_int_equal(segue_addr_put(host, &local4, 10), 0);
			assert_int_equal(segue_addr_put(host, &local6, 10), 0);
			expect_sent(fixtures[i].what, &wire, TC_ACT_REDIRECT, &wire,
			       wire.fragment ? fragment : by_source);
		}
	}
}

/* Identifications come again.  IKE's first fragment has no SPI either, and is not one
 * of the packet that was noted; nor are those behind it. */
static void expect_other_first(struct wire in, __u32 id)
{
	struct segue_counters steered = { .egress_steered = 1, .egress_rewritten = 1 };
	struct segue_counters by_source = { .egress_fragment = 1 };
	struct wire out = by_path(in, id, 1);

	in.fragment = out.fragment = WIRE_LATER;
	expect_sent("as noted", &in, TC_ACT_REDIRECT, &out, steered);
	in.fragment = WIRE_FIRST;
	in.spi = 0;
	expect_sent("first of IKE", &in, TC_ACT_REDIRECT, &in, by_source);
	in.fragment = WIRE_LATER;
	in.spi = 0x9999;
	expect_sent("later of IKE", &in, TC_ACT_REDIRECT, &in, by_source);
}

/* Only the first fragment has an SPI; the others go where it went, and no further
 * than the decision holds. */
static void test_fragments(void **state)
{
	struct segue_counters steered = { .egress_steered = 1, .egress_rewritten = 1 };
	struct segue_counters by_source = { .egress_fragment = 1 };
	struct segue_addr local;
	struct wire in, out;
	__u32 id;

	(void)state;
	for (id = 1; id <= SESSIONS; id++) {
		local = address(canonical[id].local);
		assert_int_equal(segue_addr_put(host, &local, 10), 0);
		assert_int_equal(segue_switch(host, id, 1, SEGUE_REASON_MANUAL), 0);
		in = sent_by(id);
		in.id = id;
		in.checksum = in.udp;
		in.fragment = WIRE_LATER;
		expect_sent("later before first", &in, TC_ACT_REDIRECT, &in, by_source);
		in.fragment = WIRE_FIRST;
		out = by_path(in, id, 1);
		expect_sent("first", &in, TC_ACT_REDIRECT, &out, steered);
		in.fragment = out.fragment = WIRE_LATER;
		/* its octets are neither ports nor SPI */
		in.checksum = out.checksum = false;
		in.spi = out.spi = 0x9999;
		expect_sent("later", &in, TC_ACT_REDIRECT, &out, steered);
		expect_sent("the last", &in, TC_ACT_REDIRECT, &out, steered);
		in.id = 0x55;
		expect_sent("of another packet", &in, TC_ACT_REDIRECT, &in, by_source);
		in.id = id;
		in.proto = 6;
		expect_sent("of another protocol", &in, TC_ACT_REDIRECT, &in, by_source);
		in.proto = 0;
		if (in.udp)
			expect_other_first(in, id);
		assert_int_equal(segue_switch(host, id, 0, SEGUE_REASON_MANUAL), 0);
		expect_sent("after a switch", &in, TC_ACT_REDIRECT, &in, by_source);
	}
}

/* The SPI of an SA, but not between its addresses: another peer's, or nobody's. */
static void test_other_addresses(void **state)
{
	struct segue_counters not_owned = { .egress_not_owned = 1 };
	struct wire wire = sent_by(V4);

	(void)state;
	wire.dest = "10.9.0.99";
	expect_sent("SPI to another peer", &wire, TC_ACT_SHOT, &wire, not_owned);
	wire = sent_by(V4);
	wire.source = "192.168.7.7";
	expect_sent("SPI from an inner address", &wire, TC_ACT_SHOT, &wire, not_owned);
}

/* IPv6 packets with IPv4-mapped addresses: in the maps they would look like IPv4
 * ones, of an SA or of a device.  Nobody may send such a thing. */
static void test_mapped(void **state)
{
	static const struct ends ends[] = {
		{ "::ffff:10.0.0.1", "::ffff:10.9.0.1" },
		{ "::ffff:10.0.0.1", "2001:db8:9::1" },
		{ "2001:db8::1", "::ffff:10.9.0.1" },
	};
	struct segue_counters not_owned = { .egress_not_owned = 1 };
	struct segue_addr local4 = address(canonical[V4].local);
	struct segue_addr local6 = address(canonical[V6].local);
	struct wire wire = {};
	size_t i;

	(void)state;
	assert_int_equal(segue_addr_put(host, &local4, 10), 0);
	assert_int_equal(segue_addr_put(host, &local6, 10), 0);
	assert_int_equal(segue_switch(host, V4, 1, SEGUE_REASON_MANUAL), 0);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		wire.source = ends[i].local;
		wire.dest = ends[i].remote;
		for (wire.spi = 0x100; wire.spi <= 0x9900; wire.spi += 0x9800)
			expect_sent(wire.source, &wire, TC_ACT_SHOT, &wire, not_owned);
	}
}

static void test_not_ip(void **state)
{
	struct segue_counters not_owned = { .egress_not_owned = 1 };
	struct wire wire = sent_by(V4);

	(void)state;
	wire.ethertype = 0x0806;
	expect_sent("ARP", &wire, TC_ACT_SHOT, &wire, not_owned);
}

/* Cut at every length: never steered before SPI and sequence number are there,
 * never modified if not steered. */
static void test_truncated(void **state)
{
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	struct wire in;
	size_t size, full, got_size, need;
	unsigned int verdict;
	__u32 id;

	(void)state;
	for (id = 1; id <= SESSIONS; id++) {
		assert_int_equal(segue_switch(host, id, 1, SEGUE_REASON_MANUAL), 0);
		in = sent_by(id);
		full = wire_build(&in, packet);
		need = wire_payload_offset(&in) + (in.udp ? 8 : 0) + 8;
		/* BPF_PROG_TEST_RUN wants a whole IP header (net/bpf/test_run.c);
		 * ingress_test cuts shorter, at XDP */
		for (size = 14 + (id & 1 ? 20 : 40); size < full; size++) {
			verdict = program_run(egress, packet, size, got, &got_size);
			assert_int_equal(verdict, size < need ? TC_ACT_SHOT : TC_ACT_REDIRECT);
			assert_int_equal(got_size, size);
			if (size < need)
				assert_memory_equal(got, packet, size);
		}
	}
}

/* IPv4 headers that contradict themselves pass by source, untouched. */
static void test_malformed(void **state)
{
	static const struct { const char *what; size_t at; unsigned char value; } spoils[] = {
		{ "version 5", 14, 0x55 },
		{ "header of 16 octets", 14, 0x44 },
		{ "total length below the header", 17, 12 },
		{ "total length ends in the SPI", 17, 26 },
	};
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	struct wire in = sent_by(V4);
	size_t i, size, got_size;

	(void)state;
	assert_int_equal(segue_switch(host, V4, 1, SEGUE_REASON_MANUAL), 0);
	for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		size = wire_build(&in, packet);
		packet[spoils[i].at] = spoils[i].value;
		if (program_run(egress, packet, size, got, &got_size) != TC_ACT_SHOT)
			fail_msg("%s: not dropped", spoils[i].what);
		assert_memory_equal(got, packet, size);
	}
}

/* The handover: the packet that finds the link dead leaves by the other one. */
static void test_link_dead(void **state)
{
	struct segue_counters switched = {
		.egress_steered = 1, .egress_rewritten = 1, .egress_switched = 1,
	}, after = { .egress_steered = 1, .egress_rewritten = 1 }, alive = { .egress_steered = 1 };
	struct wire in = sent_by(V4), out = by_path(in, V4, 1);
	struct segue_session session;
	struct segue_link link;
	struct events events;

	(void)state;
	events_begin();
	expect_sent("link alive", &in, TC_ACT_REDIRECT, &in, alive);
	link_down(10);
	assert_int_equal(segue_link_get(host, 10, &link), 0);
	events_take();
	expect_sent("link dead", &in, TC_ACT_REDIRECT, &out, switched);
	expect_sent("the next packet", &in, TC_ACT_REDIRECT, &out, after);
	assert_int_equal(left_by(in.spi), 11);

	events = events_take();
	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].type, SEGUE_EVENT_SWITCH);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_LINK_DOWN);
	assert_int_equal(events.event[0].session, V4);
	assert_int_equal(events.event[0].from, 0);
	assert_int_equal(events.event[0].to, 1);
	assert_int_equal(events.event[0].ifindex, 11);
	assert_int_equal(events.event[0].cause_ns, link.changed_ns);
	assert_true(events.event[0].ns >= link.changed_ns);

	assert_int_equal(segue_session_get(host, V4, &session), 0);
	assert_int_equal(session.active, 1);
	assert_int_equal(session.generation, 1);
	assert_int_equal(session.reason, SEGUE_REASON_LINK_DOWN);
	assert_int_equal(session.switched_ns, events.event[0].ns);
}

/* Which path is taken: verified first, then priority, then slot; never one that
 * may not carry what we send. */
static void test_choice(void **state)
{
	struct segue_path path = {
		.local = address("10.2.0.1"), .remote = address("10.9.0.1"), .ifindex = 12,
	};
	static const struct {
		const char *what;
		__u8 flags;
		__u16 priority;
		__u8 taken;
	} fixtures[] = {
		{ "worse priority", BOTH, 9, 1 },
		{ "same priority, higher slot", BOTH, 1, 1 },
		{ "better priority", BOTH, 0, 3 },
		{ "better, but not verified", SEGUE_PATH_EGRESS, 0, 1 },
		{ "better, but not for egress", SEGUE_PATH_VERIFIED, 0, 1 },
	};
	struct segue_session session;
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	struct wire in = sent_by(V4);
	size_t i, size = wire_build(&in, packet), got_size;

	(void)state;
	link_up(12, "eth0");
	for (i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
		assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_UP,
						SEGUE_REASON_CARRIER_BACK), 0);
		assert_int_equal(segue_switch(host, V4, 0, SEGUE_REASON_MANUAL), 0);
		path.flags = fixtures[i].flags;
		path.priority = fixtures[i].priority;
		assert_int_equal(segue_path_put(host, V4, 3, &path, SEGUE_REASON_PATH_ADDED), 0);
		link_down(10);
		program_run(egress, packet, size, got, &got_size);
		assert_int_equal(segue_session_get(host, V4, &session), 0);
		if (session.active != fixtures[i].taken)
			fail_msg("%s: path %u taken", fixtures[i].what, session.active);
	}
	/* nothing else lives: the unverified one has to do */
	link_down(12);
	assert_int_equal(segue_path_del(host, V4, 1, SEGUE_REASON_PATH_REMOVED), 0);
	program_run(egress, packet, size, got, &got_size);
	assert_int_equal(segue_session_get(host, V4, &session), 0);
	assert_int_equal(session.active, 2);
}

/* All dead: dropped and counted, told once and not for each packet; and when a
 * link is back, the flow is, too. */
static void test_all_dead(void **state)
{
	struct segue_counters no_path = { .egress_no_path = 1 };
	struct segue_counters back = { .egress_steered = 1, .egress_rewritten = 1,
				       .egress_switched = 1 };
	struct wire in = sent_by(V4), out = by_path(in, V4, 1);
	struct events events;
	int i;

	(void)state;
	events_begin();
	link_down(10);
	link_down(11);
	events_take();
	for (i = 0; i < 20; i++)
		expect_sent("all dead", &in, TC_ACT_SHOT, &in, no_path);
	events = events_take();
	/* the coarse second may change in between */
	assert_in_range(events.count, 1, 2);
	assert_int_equal(events.event[0].type, SEGUE_EVENT_REFUSAL);
	assert_int_equal(events.event[0].reason, SEGUE_REASON_NO_LIVE_PATH);
	assert_int_equal(events.event[0].session, V4);
	assert_int_equal(events.event[0].spi, htonl(in.spi));

	assert_int_equal(segue_link_set(host, 11, SEGUE_LINK_UP, SEGUE_REASON_CARRIER_BACK), 0);
	expect_sent("one is back", &in, TC_ACT_REDIRECT, &out, back);
}

/* Two peers chose the same SPI: each flow keeps to its own session. */
static void test_same_spi(void **state)
{
	struct segue_counters steered = { .egress_steered = 1 };
	struct segue_counters rewritten = { .egress_steered = 1, .egress_rewritten = 1 };
	struct wire one = sent_by(V4), other = sent_by(V4), out;
	struct segue_sa sa = { .session = V4_UDP, .mode = SEGUE_SA_BEET };
	struct segue_addr remote = address(canonical[V4_UDP].remote);
	struct segue_sa_key key = { htonl(one.spi), segue_addr_fold(&remote) };
	int i;

	(void)state;
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
	assert_int_equal(segue_switch(host, V4_UDP, 1, SEGUE_REASON_MANUAL), 0);
	other.source = canonical[V4_UDP].local;
	other.dest = canonical[V4_UDP].remote;
	out = by_path(other, V4_UDP, 1);
	for (i = 0; i < 3; i++) {
		expect_sent("one peer", &one, TC_ACT_REDIRECT, &one, steered);
		expect_sent("the other peer", &other, TC_ACT_REDIRECT, &out, rewritten);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hit), TEST(test_ports), TEST(test_checksum_never_zero),
		TEST(test_by_source), TEST(test_fragments), TEST(test_other_addresses), TEST(test_mapped), TEST(test_not_ip),
		TEST(test_truncated), TEST(test_malformed), TEST(test_link_dead),
		TEST(test_choice), TEST(test_all_dead), TEST(test_same_spi),
	};

	if (host_up(NULL))
		return 1;
	egress = program("egress");
	return cmocka_run_group_tests_name("egress", tests, NULL, host_down);
}
