// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets that nobody sends: octets changed at random, cut at random.  Whatever
 * comes,
 *  - ingress passes it, egress redirects or drops it,
 *  - its length stays,
 *  - no octet changes unless the packet is counted as rewritten, restored or claimed, or as a
 *    router's word about one of ours,
 *  - and then only addresses, ports and checksums, and a header checksum that was
 *    wrong stays wrong by as much.
 * The seed is printed; SEGUE_SEED sets it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include "host.h"

enum { PACKETS = 30000, PATH = 2 };

static unsigned int seed;

static unsigned int any(unsigned int below)
{
	return (unsigned int)rand_r(&seed) % below;
}

static int setup(void **state)
{
	__u32 id;

	host_reset(state);
	sessions_up(PATH + 1);
	for (id = 1; id <= SESSIONS; id++)
		assert_int_equal(segue_switch(host, id, PATH, SEGUE_REASON_MANUAL), 0);
	return 0;
}

/* A proper packet of some session, as it is sent or received. */
static struct wire proper(bool sent)
{
	unsigned int id = 1 + any(SESSIONS);

	return (struct wire){
		.source = sent ? canonical[id].local : paths[id][PATH].remote,
		.dest = sent ? canonical[id].remote : paths[id][PATH].local,
		.spi = id * 0x100 + !sent, .seq = any(1000), .udp = id >= V4_UDP,
		.checksum = any(2), .vlans = any(4) ? 0 : any(3),
		.options = any(4) ? 0 : any(11) * 4, .extensions = any(4) ? 0 : any(8),
		.fragment = any(8) ? WIRE_WHOLE : WIRE_FIRST + any(2), .id = any(4),
	};
}

/* That, or a router's word that what we sent was too big. */
static size_t build(bool sent, unsigned char *packet)
{
	struct wire wire = proper(sent), quoted;

	if (sent || any(4))
		return wire_build(&wire, packet);
	wire.extensions = 0;
	wire.fragment = WIRE_WHOLE;
	quoted = proper(true);
	quoted = by_path(quoted, quoted.spi / 0x100, PATH);
	wire.dest = quoted.source;
	wire.source = strchr(wire.dest, ':') ? "2001:db8:77::1" : "10.77.0.1";
	return wire_too_big(&wire, &quoted, packet);
}

/* Mostly where headers stand: elsewhere nothing is read. */
static size_t spoil(unsigned char *packet, size_t size)
{
	unsigned int changes = any(4);

	while (changes--)
		packet[12 + any(any(2) ? 30 : size - 12)] ^= 1 << any(8);
	return any(4) ? size : 54 + any(size - 54);
}

/* Of the IPv4 header in an untagged frame: 0 if it is right. */
static __u32 header_error(const unsigned char *packet)
{
	const struct iphdr *ip = (const void *)(packet + ETH_HLEN);
	unsigned int i, sum = 0;

	for (i = 0; i < ip->ihl * 2u; i++)
		sum += packet[ETH_HLEN + 2 * i] << 8 | packet[ETH_HLEN + 2 * i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0 : sum;
}

/* Octets that may differ: addresses 32, ports 4, two checksums 4. */
static void only_addresses(const unsigned char *was, const unsigned char *is, size_t size)
{
	unsigned int changed = 0;
	size_t i;

	for (i = 0; i < size; i++)
		changed += was[i] != is[i];
	assert_in_range(changed, 1, 40);
	assert_memory_equal(was, is, 14);		/* Ethernet */
	if (was[12] == 0x08 && !was[13]) {
		assert_memory_equal(was + 14, is + 14, 10);
		assert_int_equal(header_error(was), header_error(is));
	}
}

/* pass: the verdict of ingress, always */
static void fuzz(int fd, bool sent, unsigned int pass)
{
	unsigned char packet[WIRE_SIZE], got[WIRE_SIZE + 256];
	struct segue_counters now;
	unsigned int verdict, n, rewritten = 0, told = 0, at_start;
	size_t size, got_size;

	for (n = 0; n < PACKETS; n++) {
		at_start = seed;
		size = build(sent, packet);
		size = spoil(packet, size);
		verdict = program_run(fd, packet, size, got, &got_size);
		now = counted();
		if (sent ? verdict != TC_ACT_REDIRECT && verdict != TC_ACT_SHOT :
			   verdict != pass)
			fail_msg("seed %u: verdict %u", at_start, verdict);
		assert_int_equal(got_size, size);
		if (now.egress_rewritten + now.ingress_restored + now.ingress_claimed) {
			only_addresses(packet, got, size);
			rewritten++;
		} else if (now.ingress_too_big) {
			only_addresses(packet, got, size);
			told++;
		} else if (memcmp(packet, got, size)) {
			fail_msg("seed %u: changed, and not counted", at_start);
		}
	}
	/* else it would prove nothing */
	assert_in_range(rewritten, PACKETS / 20, PACKETS * 19 / 20);
	assert_true(sent || told);
}

static void test_ingress(void **state)
{
	(void)state;
	fuzz(program("xdp"), false, XDP_PASS);
}

static void test_ingress_tc(void **state)
{
	(void)state;
	fuzz(program("ingress_tc"), false, (unsigned int)TC_ACT_UNSPEC);
}

static void test_egress(void **state)
{
	(void)state;
	fuzz(program("egress"), true, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ingress, setup),
		cmocka_unit_test_setup(test_ingress_tc, setup),
		cmocka_unit_test_setup(test_egress, setup),
	};
	const char *chosen = getenv("SEGUE_SEED");

	seed = chosen ? strtoul(chosen, NULL, 0) : 4555;
	printf("seed %u\n", seed);
	if (host_up(NULL))
		return 1;
	return cmocka_run_group_tests_name("fuzz", tests, NULL, host_down);
}
