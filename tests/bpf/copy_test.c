// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Soft handover on real devices: each packet leaves by the active path and, as a
 * copy, by a second one.  Egress steering is attached as the loader attaches it
 * (tcx, or clsact), for a clone has to come back to it.
 *
 *	packet socket ---> segue0 --+-- path 0: wlan0 === far-w
 *	                            +-- path 2: lte0  === far-l
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <segue/host.h>
#include "clock.h"
#include "host.h"
#include "rtnl.h"
#include "tc.h"
#include "tests/bpf/copy_test.skel.h"

enum { ACTIVE = 0, COPY = 2, UNVERIFIED = 3, ARRIVES_MS = 2000 };

static int segue0, by_wlan, by_lte;	/* packet sockets */
static struct copy_test *bpf;

static void run(const char *command)
{
	if (system(command)) {
		fprintf(stderr, "failed: %s\n", command);
		exit(1);
	}
}

static int packet_socket(const char *device)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), room = 1 << 24;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (fd < 0 || bind(fd, (void *)&address, sizeof(address))) {
		perror(device);
		exit(1);
	}
	return fd;
}

/* Neighbours are known: what is lost to resolution is another matter. */
static void devices_up(void)
{
	struct rtnl *rtnl;

	if (rtnl_open(&rtnl) || rtnl_device_add(rtnl, SEGUE_DEVICE, 1400)) {
		fprintf(stderr, "no " SEGUE_DEVICE "\n");
		exit(1);
	}
	rtnl_close(rtnl);
	run("ip link add wlan0 index 10 type veth peer name far-w && ip link set far-w up && "
	    "ip link set wlan0 up");
	run("ip link add lte0 index 11 type veth peer name far-l && ip link set far-l up && "
	    "ip link set lte0 up");
	run("for n in 1 2; do "
	    "ip neigh add 10.9.0.$n lladdr 02:00:00:00:00:01 dev wlan0; "
	    "ip neigh add 10.9.1.$n lladdr 02:00:00:00:00:02 dev lte0; "
	    "ip neigh add 2001:db8:9::$n lladdr 02:00:00:00:00:01 dev wlan0; "
	    "ip neigh add 2001:db8:91::$n lladdr 02:00:00:00:00:02 dev lte0; done");
	run("ip addr add 10.0.0.2 dev " SEGUE_DEVICE);	/* V4_UDP's, for a socket */
	run("ip -6 route add 2001:db8:9::/64 dev wlan0; ip -6 route add 2001:db8:91::/64 dev lte0");
	if (tc_attach(if_nametoindex(SEGUE_DEVICE), TC_HOOK_EGRESS, "egress")) {
		fprintf(stderr, "no tc egress on " SEGUE_DEVICE "\n");
		exit(1);
	}
	segue0 = packet_socket(SEGUE_DEVICE);
	by_wlan = packet_socket("far-w");
	by_lte = packet_socket("far-l");
}

static struct wire sent(__u32 id)
{
	static __u32 seq;

	return (struct wire){
		.source = canonical[id].local, .dest = canonical[id].remote,
		.spi = id * 0x100, .seq = ++seq, .udp = id >= V4_UDP, .checksum = true,
		.payload = 200,
	};
}

static void transmit(const struct wire *wire)
{
	unsigned char packet[WIRE_SIZE];
	size_t size = wire_build(wire, packet);

	assert_int_equal(send(segue0, packet, size, 0), (ssize_t)size);
}

/* What wire holds behind UDP, to be cut into several packets below segue0 (GSO), as
 * TCP's segments are under ESP's offload. */
static void transmit_uncut(const struct wire *wire)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(SEGUE_NATT_PORT) };
	struct sockaddr_in to = from;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), part = 100;
	unsigned char packet[WIRE_SIZE];
	size_t size = wire_build(wire, packet), at = wire_payload_offset(wire) + 8;

	inet_pton(AF_INET, wire->source, &from.sin_addr);
	inet_pton(AF_INET, wire->dest, &to.sin_addr);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, SEGUE_DEVICE,
				    sizeof(SEGUE_DEVICE)), 0);
	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &part, sizeof(part)), 0);
	assert_int_equal(bind(fd, (void *)&from, sizeof(from)), 0);
	assert_int_equal(sendto(fd, packet + at, size - at, 0, (void *)&to, sizeof(to)),
			 (ssize_t)(size - at));
	close(fd);
}

/* The next ESP packet there; 0: none within ms. */
static size_t next_packet(int fd, unsigned char *buf, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	ssize_t size;
	size_t proto;

	while (poll(&poll_fd, 1, ms) == 1) {
		size = recv(fd, buf, WIRE_SIZE, MSG_DONTWAIT);
		proto = buf[12] == 0x08 ? 23 : 20;	/* else what IPv6 sends by itself */
		if (size > 60 && (buf[proto] == IPPROTO_ESP || buf[proto] == IPPROTO_UDP))
			return size;
	}
	return 0;
}

/* Exactly this packet came by that path, all but Ethernet's addresses. */
static void arrives(int fd, struct wire wire, __u32 id, __u32 slot)
{
	unsigned char wanted[WIRE_SIZE], got[WIRE_SIZE];
	size_t size, got_size;

	wire.source = paths[id][slot].local;
	wire.dest = paths[id][slot].remote;
	size = wire_build(&wire, wanted);
	got_size = next_packet(fd, got, ARRIVES_MS);
	assert_int_equal(got_size, size);
	assert_memory_equal(got + 12, wanted + 12, size - 12);
}

/* Delivery is over when send() has returned, or nearly so: what was to come by
 * the other path was awaited before. */
static void nothing_more(int fd)
{
	unsigned char got[WIRE_SIZE];

	assert_int_equal(next_packet(fd, got, 20), 0);
}

static void goes_both_ways(__u32 id, __u32 active, __u32 copy)
{
	struct wire wire = sent(id);
	struct segue_counters now;

	counted();
	transmit(&wire);
	arrives(active ? by_lte : by_wlan, wire, id, active);
	arrives(copy ? by_lte : by_wlan, wire, id, copy);
	now = counted();
	assert_int_equal(now.egress_steered, 1);
	assert_int_equal(now.egress_copied, 1);
	assert_int_equal(now.egress_copy_failed, 0);
	assert_int_equal(now.egress_rewritten, active != 0);
	nothing_more(by_wlan);
	nothing_more(by_lte);
}

static void goes_one_way(__u32 id, __u32 slot)
{
	struct wire wire = sent(id);
	struct segue_counters now;

	counted();
	transmit(&wire);
	arrives(slot ? by_lte : by_wlan, wire, id, slot);
	nothing_more(slot ? by_wlan : by_lte);
	now = counted();
	assert_int_equal(now.egress_copied, 0);
	assert_int_equal(now.egress_copy_failed, 0);
}

static struct segue_session session_now(__u32 id)
{
	struct segue_session session;

	assert_int_equal(segue_session_get(host, id, &session), 0);
	return session;
}

static int setup(void **state)
{
	host_reset(state);
	sessions_up(UNVERIFIED);
	return 0;
}

/* The remembered decision and the fresh one, every kind of packet. */
static void test_both(void **state)
{
	__u32 id;

	(void)state;
	for (id = 1; id <= SESSIONS; id++) {
		goes_one_way(id, ACTIVE);
		assert_int_equal(segue_copy(host, id, COPY, 0), 0);
		goes_both_ways(id, ACTIVE, COPY);
		goes_both_ways(id, ACTIVE, COPY);
		assert_int_equal(segue_copy(host, id, SEGUE_NO_PATH, 0), 0);
		goes_one_way(id, ACTIVE);
	}
}

/* It ends by itself, with the decision remembered and without. */
static void test_window(void **state)
{
	__u64 until;

	(void)state;
	assert_int_equal(segue_copy(host, V4, COPY, 1), 0);
	goes_one_way(V4, ACTIVE);
	until = clock_now_ns() + 500000000;
	assert_int_equal(segue_copy(host, V4, COPY, until), 0);
	goes_both_ways(V4, ACTIVE, COPY);
	assert_int_equal(segue_copy(host, V4, COPY, clock_now_ns() + 1000000), 0);
	clock_wait_until(clock_now_ns() + 2000000);
	goes_one_way(V4, ACTIVE);
	until = clock_now_ns() + 300000000;
	assert_int_equal(segue_copy(host, V4, COPY, until), 0);
	goes_both_ways(V4, ACTIVE, COPY);
	clock_wait_until(until + 1000000);
	goes_one_way(V4, ACTIVE);
	assert_int_equal(segue_copy_slot(&(struct segue_session){ .copy = 1, .copy_until = 5 }, 6),
			 SEGUE_NO_PATH);
}

/* One store: the new path is active and the old one the copy. */
static void test_soft_switch(void **state)
{
	struct segue_session session;
	struct events events;

	(void)state;
	events_begin();
	assert_int_equal(segue_copy(host, V4, COPY, 0), 0);
	assert_int_equal(events_take().count, 0);
	assert_int_equal(segue_switch_soft(host, V4, COPY, 0, SEGUE_REASON_MANUAL), 0);
	session = session_now(V4);
	assert_int_equal(session.active, COPY);
	assert_int_equal(session.copy, ACTIVE);
	assert_int_equal(session.generation, 1);
	assert_int_equal(session.copy_until, SEGUE_COPY_ALWAYS);
	events = events_take();
	assert_int_equal(events.count, 1);
	assert_int_equal(events.event[0].type, SEGUE_EVENT_SWITCH);
	assert_int_equal(events.event[0].from, ACTIVE);
	assert_int_equal(events.event[0].to, COPY);
	goes_both_ways(V4, COPY, ACTIVE);
	/* without having copied before, too */
	assert_int_equal(segue_switch_soft(host, V6, COPY, 0, SEGUE_REASON_MANUAL), 0);
	goes_both_ways(V6, COPY, ACTIVE);
	events_end();
}

/* To a metered path softly, as to any; but what leaves it leaves it. */
static void test_metered(void **state)
{
	struct segue_session session;

	(void)state;
	path_up(V4, ACTIVE, paths[V4][ACTIVE].local, paths[V4][ACTIVE].remote, 10,
		BOTH | SEGUE_PATH_METERED);
	assert_int_equal(segue_switch_soft(host, V4, COPY, 0, SEGUE_REASON_FAILBACK), 0);
	session = session_now(V4);
	assert_int_equal(session.active, COPY);
	assert_int_equal(session.copy, SEGUE_NO_PATH);
	goes_one_way(V4, COPY);
	assert_int_equal(segue_copy(host, V4, ACTIVE, 0), 0);	/* on the way to it */
	goes_both_ways(V4, COPY, ACTIVE);
	assert_int_equal(segue_switch_soft(host, V4, ACTIVE, 0, SEGUE_REASON_MANUAL), 0);
	goes_both_ways(V4, ACTIVE, COPY);
	/* its link dies, and the two would change places: path 1 is not verified */
	path_up(V4, 1, paths[V4][1].local, paths[V4][1].remote, 11, SEGUE_PATH_EGRESS);
	link_down(10);
	goes_one_way(V4, COPY);
	assert_int_equal(session_now(V4).copy, SEGUE_NO_PATH);
}

/* A link dies: what is left carries on alone, and when it is back, both do. */
static void test_links(void **state)
{
	(void)state;
	assert_int_equal(segue_copy(host, V4, COPY, 0), 0);
	link_down(11);
	goes_one_way(V4, ACTIVE);
	assert_int_equal(segue_link_set(host, 11, SEGUE_LINK_UP, SEGUE_REASON_CARRIER_BACK), 0);
	goes_both_ways(V4, ACTIVE, COPY);
	/* COPY is not the best path, but path 1, by the same link, is not verified */
	path_up(V4, 1, paths[V4][1].local, paths[V4][1].remote, 11, SEGUE_PATH_EGRESS);
	link_down(10);
	goes_one_way(V4, COPY);
	assert_int_equal(session_now(V4).active, COPY);
	assert_int_equal(session_now(V4).copy, ACTIVE);
	assert_int_equal(segue_link_set(host, 10, SEGUE_LINK_UP, SEGUE_REASON_CARRIER_BACK), 0);
	goes_both_ways(V4, COPY, ACTIVE);
}

/* A path that fails without the map's knowing costs the copy and nothing else. */
static void test_copy_fails(void **state)
{
	struct wire wire = sent(V4);

	(void)state;
	assert_int_equal(segue_copy(host, V4, COPY, 0), 0);
	run("ip link set lte0 down");
	transmit(&wire);
	arrives(by_wlan, wire, V4, ACTIVE);
	nothing_more(by_lte);
	run("ip link set lte0 up && for n in 1 2; do "
	    "ip neigh replace 10.9.1.$n lladdr 02:00:00:00:00:02 dev lte0; "
	    "ip neigh replace 2001:db8:91::$n lladdr 02:00:00:00:00:02 dev lte0; done && "
	    "ip -6 route replace 2001:db8:91::/64 dev lte0");
	goes_both_ways(V4, ACTIVE, COPY);
}

/* Nobody gets copies who did not ask for them. */
static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(segue_copy(host, 99, COPY, 0), -ENOENT);
	assert_int_equal(segue_copy(host, V4, 9, 0), -ENOENT);
	assert_int_equal(segue_copy(host, V4, 200, 0), -ENOENT);
	assert_int_equal(segue_copy(host, V4, ACTIVE, 0), -EINVAL);
	assert_int_equal(segue_copy(host, V4, UNVERIFIED, 0), -EACCES);
	path_up(V4, 5, "10.1.0.1", "10.9.1.1", 11, SEGUE_PATH_VERIFIED);
	assert_int_equal(segue_copy(host, V4, 5, 0), -EACCES);
	assert_int_equal(session_now(V4).copy, SEGUE_NO_PATH);

	assert_int_equal(segue_copy(host, V4, COPY, 0), 0);
	goes_both_ways(V4, ACTIVE, COPY);
	path_up(V4, COPY, paths[V4][COPY].local, paths[V4][COPY].remote, 11, SEGUE_PATH_EGRESS);
	goes_one_way(V4, ACTIVE);
	path_up(V4, COPY, paths[V4][COPY].local, paths[V4][COPY].remote, 11, BOTH);
	goes_both_ways(V4, ACTIVE, COPY);
	/* the path goes, and whatever takes its slot has no part in it */
	assert_int_equal(segue_path_del(host, V4, COPY, SEGUE_REASON_PATH_REMOVED), 0);
	assert_int_equal(session_now(V4).copy, SEGUE_NO_PATH);
	path_up(V4, COPY, paths[V4][COPY].local, paths[V4][COPY].remote, 11, BOTH);
	goes_one_way(V4, ACTIVE);
	link_down(11);
	assert_int_equal(segue_copy(host, V4, COPY, 0), -ENETDOWN);
}

/* What belongs to no SA is never copied. */
static void test_not_ours(void **state)
{
	struct segue_addr local = address(canonical[V4].local);
	struct wire wire = sent(V4);

	(void)state;
	assert_int_equal(segue_copy(host, V4, COPY, 0), 0);
	assert_int_equal(segue_addr_put(host, &local, 10), 0);
	wire.spi = 0x9999;
	counted();
	transmit(&wire);
	arrives(by_wlan, wire, V4, ACTIVE);
	nothing_more(by_lte);
	assert_int_equal(counted().egress_by_source, 1);
}

/* NET_XMIT_SUCCESS (0), or NET_XMIT_DROP; linux/netdevice.h */
static unsigned int marked(const struct wire *wire, __u32 tc_index)
{
	unsigned char packet[WIRE_SIZE], out[WIRE_SIZE + 256];
	size_t size = wire_build(wire, packet);

	bpf->bss->device = if_nametoindex(SEGUE_DEVICE);
	bpf->bss->tc_index = tc_index;
	return program_run(bpf_program__fd(bpf->progs.send_marked), packet, size, out, &size);
}

/* A mark that somebody else made: it chooses no path that is not copied to. */
static void test_foreign_mark(void **state)
{
	enum { MARK = 0x4550 };
	struct segue_addr local = address(canonical[V4].local);
	struct wire wire = sent(V4);

	(void)state;
	assert_int_equal(segue_addr_put(host, &local, 10), 0);
	assert_int_not_equal(marked(&wire, MARK | COPY), 0);	/* nothing is copied */
	nothing_more(by_wlan);
	nothing_more(by_lte);
	assert_int_equal(segue_copy(host, V4, COPY, 0), 0);
	assert_int_not_equal(marked(&wire, MARK | 1), 0);	/* not to that one */
	assert_int_not_equal(marked(&wire, MARK | ACTIVE), 0);
	assert_int_not_equal(marked(&wire, MARK | 15), 0);
	nothing_more(by_wlan);
	nothing_more(by_lte);
	/* as its own mark: by the copy's path alone */
	assert_int_equal(marked(&wire, MARK | COPY), 0);
	arrives(by_lte, wire, V4, COPY);
	nothing_more(by_wlan);
	/* other marks mean nothing, and what is no ESP of ours goes its way */
	assert_int_equal(marked(&wire, 0x1550 | COPY), 0);
	arrives(by_wlan, wire, V4, ACTIVE);
	arrives(by_lte, wire, V4, COPY);
	wire.udp = true;
	wire.keepalive = true;
	wire.checksum = false;
	counted();
	assert_int_equal(marked(&wire, MARK | COPY), 0);
	assert_int_equal(counted().egress_by_source, 1);
}

/* One CHILD_SA of several: its packets alone are copied. */
static void test_child(void **state)
{
	struct segue_addr remote = address(canonical[V4].remote);
	struct segue_sa_key key = { htonl(0x150), segue_addr_fold(&remote) };
	struct segue_sa sa = { .session = V4, .child = 1 };
	struct wire wire = sent(V4);

	(void)state;
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
	assert_int_equal(segue_child_switch(host, V4, 1, ACTIVE, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(segue_child_copy(host, V4, 1, COPY, 0), 0);
	goes_one_way(V4, ACTIVE);
	wire.spi = 0x150;
	transmit(&wire);
	arrives(by_wlan, wire, V4, ACTIVE);
	arrives(by_lte, wire, V4, COPY);
	assert_int_equal(segue_child_switch_soft(host, V4, 1, COPY, 0, SEGUE_REASON_MANUAL), 0);
	assert_int_equal(session_now(V4).active, ACTIVE);
	assert_int_equal(session_now(V4).child[1].copy, ACTIVE);
	transmit(&wire);
	arrives(by_lte, wire, V4, COPY);
	arrives(by_wlan, wire, V4, ACTIVE);
	goes_one_way(V4, ACTIVE);
}

/* What is yet to be cut is sent once, and not cut: a veth takes it as it is. */
static void test_uncut(void **state)
{
	unsigned char wanted[WIRE_SIZE], got[WIRE_SIZE];
	struct segue_counters now;
	struct wire wire;
	size_t size, at;
	int again;

	(void)state;
	assert_int_equal(segue_copy(host, V4_UDP, COPY, 0), 0);
	for (again = 0; again < 2; again++) {	/* a fresh decision, the remembered one */
		wire = sent(V4_UDP);
		size = wire_build(&wire, wanted);
		at = wire_payload_offset(&wire) + 8;
		counted();
		transmit_uncut(&wire);
		assert_int_equal(next_packet(by_wlan, got, ARRIVES_MS), size);
		assert_memory_equal(got + at, wanted + at, size - at);
		nothing_more(by_wlan);
		nothing_more(by_lte);
		now = counted();
		assert_int_equal(now.egress_steered, 1);
		assert_int_equal(now.egress_copied, 0);
		assert_int_equal(now.egress_copy_failed, 1);
	}
	goes_both_ways(V4_UDP, ACTIVE, COPY);
}

/* A copy's mark is for segue0 alone: qdiscs of an uplink may look at skb->tc_index. */
static void test_mark_stays(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex("lte0"),
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(bpf->progs.leave));
	__u32 id;

	(void)state;
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	for (id = 1; id <= SESSIONS; id++) {
		assert_int_equal(segue_copy(host, id, COPY, 0), 0);
		goes_both_ways(id, ACTIVE, COPY);
	}
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
	assert_in_range(bpf->bss->leaves, SESSIONS, 1000);
	assert_int_equal(bpf->bss->leaves_marked, 0);
}

/* Many in a row: as many by each path, in order. */
static void test_many(void **state)
{
	enum { MANY = 2000 };
	struct wire wire[MANY];
	int i;

	(void)state;
	assert_int_equal(segue_copy(host, V4_UDP, COPY, 0), 0);
	counted();
	for (i = 0; i < MANY; i++) {
		wire[i] = sent(V4_UDP);
		transmit(&wire[i]);
	}
	for (i = 0; i < MANY; i++) {
		arrives(by_wlan, wire[i], V4_UDP, ACTIVE);
		arrives(by_lte, wire[i], V4_UDP, COPY);
	}
	assert_int_equal(counted().egress_copied, MANY);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both), TEST(test_window), TEST(test_soft_switch), TEST(test_metered), TEST(test_links),
		TEST(test_copy_fails), TEST(test_refused), TEST(test_not_ours), TEST(test_foreign_mark), TEST(test_child), TEST(test_uncut), TEST(test_mark_stays),
		TEST(test_many),
	};

	int failed;

	if (host_up(NULL))
		return 1;
	bpf = copy_test__open_and_load();
	if (!bpf)
		return 1;
	devices_up();
	failed = cmocka_run_group_tests_name("copy", tests, NULL, host_down);
	copy_test__destroy(bpf);
	return failed;
}
