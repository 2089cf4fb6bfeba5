// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nanoseconds per packet of the data path, as a ratio to a program that only
 * parses: BPF_PROG_TEST_RUN, many runs on one packet, the least of several
 * rounds.
 *
 * A packet that was steered has other addresses afterwards, and the next run
 * finds it so.  Egress therefore runs on two sessions, each of which turns the
 * other's addresses into its own:
 *
 *	A -> P  ==session 1==>  B -> Q  ==session 2==>  A -> P
 *
 * Ingress gets the wire's addresses back before each run (bench.bpf.c), and its
 * yardstick does the same.
 *
 * "hit" is a packet like the one before it.  "decide" is one for which the
 * decision has to be made, two hash look-ups: two flows share one place and
 * displace each other all the time.
 *
 * What the processor's clock says is told, and judged by people.  Where a nanosecond is
 * an instruction (the deterministic machine), a hit may take so many, and no more.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <segue/flow.h>
#include <json-c/json.h>
#include "host.h"
#include "tests/bpf/bench.skel.h"

/* A round is short, so that some run undisturbed on a busy machine. */
enum { ROUNDS = 50, REPEAT = 20000, WANTED_PERCENT = 200, PROBE_ID = 0x5e90e };

/* of a hit with the longest headers, the harness's 53 to 61 included: 619 were counted on
 * Linux 6.1 */
enum { LIMIT_INSTRUCTIONS = 650 };

static const struct kind {
	const char *name, *a, *b, *p, *q;
	bool udp, checksum;
} kinds[] = {
	{ "IPv4 ESP", "10.0.0.1", "10.1.0.1", "10.9.0.1", "10.9.77.178", false, false },
	{ "IPv4 ESP in UDP", "10.0.0.1", "10.1.0.1", "10.9.0.1", "10.9.77.178", true, false },
	{ "IPv6 ESP", "2001:db8::1", "2001:db8:1::1", "2001:db8:9::1", "2001:db8:9::4d5a:b2",
	  false, false },
	{ "IPv6 ESP in UDP", "2001:db8::1", "2001:db8:1::1", "2001:db8:9::1", "2001:db8:9::4d5a:b2",
	  true, true },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct bench *bench;
static struct wire wire;		/* the packet that is measured */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void put_probe(unsigned char *packet, __u64 id);

static double round_of(int fd)
{
	unsigned char packet[WIRE_SIZE], out[WIRE_SIZE + 256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = REPEAT);
	double began;

	opts.data_size_in = wire_build(&wire, packet);
	if (wire.spi == SEGUE_PROBE_MARKER)
		put_probe(packet, PROBE_ID);
	began = now();
	if (bpf_prog_test_run_opts(fd, &opts)) {
		perror("BPF_PROG_TEST_RUN");
		exit(1);
	}
	return (now() - began) / REPEAT;
}

/* The least of several rounds, in turns, so that what else the machine does
 * falls on all of them. */
static void measure(const int *fds, double *best, unsigned int count)
{
	unsigned int i, r;
	double ns;

	for (r = 0; r < ROUNDS; r++) {
		for (i = 0; i < count; i++) {
			ns = round_of(fds[i]);
			if (!r || ns < best[i])
				best[i] = ns;
		}
	}
}

/* The place that bpf/flow.h gives a flow. */
static __u32 place(__u32 spi, const char *dest)
{
	struct segue_addr to = address(dest);

	return (htonl(spi) ^ segue_addr_words(&to)[3]) * 0x9e3779b1u >> (32 - SEGUE_FLOW_BITS);
}

/* An SPI whose two flows stand in one place, or do not. */
static __u32 choose_spi(const struct kind *k, bool same_place)
{
	__u32 spi = 0x1000;

	while ((place(spi, k->p) == place(spi, k->q)) != same_place)
		if (++spi == 0x100000) {
			fprintf(stderr, "bench: no two flows in one place\n");
			exit(1);
		}
	return spi;
}

static void sessions(const struct kind *k, __u32 spi)
{
	struct segue_session session = { .local = address(k->b), .remote = address(k->q) };
	struct segue_sa_key key = { htonl(spi), segue_addr_fold(&session.remote) };
	struct segue_sa sa = { .session = 2 };

	host_reset(NULL);
	link_up(10, "wlan0");
	session_up(1, k->a, k->p, spi);
	path_up(1, 0, k->b, k->q, 10, BOTH);
	/* the same SPI to another peer; an inbound SA is not wanted here */
	assert_int_equal(segue_session_put(host, 2, &session), 0);
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
	path_up(2, 0, k->a, k->p, 10, BOTH);
	counted();
}

/* The counter has to say that every single run was a hit. */
static void check(const char *what, __u64 count, __u64 expected)
{
	if (count == expected)
		return;
	fprintf(stderr, "bench: %s: %llu packets instead of %llu\n", what, count, expected);
	exit(1);
}

static void bench_egress(const struct kind *k, double ns[4])
{
	int fds[] = { bpf_program__fd(bench->progs.bench_empty_tc),
		      bpf_program__fd(bench->progs.bench_parse_tc), program("egress") };
	const __u64 runs = (__u64)ROUNDS * REPEAT;

	wire = (struct wire){ .source = k->a, .dest = k->p, .udp = k->udp,
			      .checksum = k->checksum, .payload = 200 };
	wire.spi = choose_spi(k, false);
	sessions(k, wire.spi);
	measure(fds, ns, 3);
	check("egress hit", counted().egress_rewritten, runs);
	wire.spi = choose_spi(k, true);
	sessions(k, wire.spi);
	measure(&fds[2], &ns[3], 1);
	check("egress decide", counted().egress_rewritten, runs);
}

static void bench_ingress(const struct kind *k, double ns[3])
{
	int fds[] = { bpf_program__fd(bench->progs.bench_empty_xdp),
		      bpf_program__fd(bench->progs.bench_parse_xdp),
		      bpf_program__fd(bench->progs.bench_ingress_xdp) };

	wire = (struct wire){ .source = k->q, .dest = k->b, .udp = k->udp,
			      .checksum = k->checksum, .payload = 200,
			      .spi = choose_spi(k, false) + 1, .seq = 1 };
	sessions(k, wire.spi - 1);
	bench->bss->wire_source = address(k->q);
	bench->bss->wire_dest = address(k->b);
	measure(fds, ns, 3);
	check("ingress hit", counted().ingress_restored, (__u64)ROUNDS * REPEAT);
}

static void put_probe(unsigned char *packet, __u64 id)
{
	struct segue_probe_packet q = {
		.marker = htonl(SEGUE_PROBE_MARKER), .version = SEGUE_PROBE_VERSION,
		.kind = SEGUE_PROBE_ASK, .id = id, .sequence = 0,
	};

	memcpy(packet + wire_payload_offset(&wire) + 8, &q, sizeof(q));
}

/* A probe answered, beside making it anew; and one whose MAC is wrong.  The answer
 * goes back by the way that the next probe comes: paths both ways round. */
static void bench_probe(const struct kind *k, double ns[3])
{
	int fds[] = { bpf_program__fd(bench->progs.bench_probe_yardstick),
		      bpf_program__fd(bench->progs.bench_probe_answer), program("xdp") };
	const __u64 runs = (__u64)ROUNDS * REPEAT;
	struct segue_probe_key key = { .session = 1, .receive.octet = { 1 }, .send.octet = { 2 } };
	struct segue_counters now;

	host_reset(NULL);
	link_up(10, "wlan0");
	session_up(1, k->a, k->p, 0x100);
	path_up(1, 0, k->a, k->p, 10, BOTH);
	path_up(1, 1, k->p, k->a, 10, BOTH);
	segue_probe_key_del(host, PROBE_ID);
	assert_int_equal(segue_probe_key_put(host, PROBE_ID, &key), 0);
	counted();
	wire = (struct wire){ .source = k->p, .dest = k->a, .udp = true, .checksum = true,
			      .spi = SEGUE_PROBE_MARKER,
			      .payload = sizeof(struct segue_probe_packet) - 8 };
	measure(fds, ns, 3);
	now = counted();
	check("probe answered", now.probe_asked, runs);
	check("probe forged", now.probe_forged, runs);
}

static struct json_object *report_probe(const struct kind *k, const double ns[3])
{
	struct json_object *row = json_object_new_object();

	printf("%-16s probe    answered %6.1f   forged and dropped %6.1f\n", k->name, ns[1] - ns[0],
	       ns[2]);
	json_object_object_add(row, "packet", json_object_new_string(k->name));
	json_object_object_add(row, "direction", json_object_new_string("probe"));
	json_object_object_add(row, "answered_ns", json_object_new_double(ns[1] - ns[0]));
	json_object_object_add(row, "forged_ns", json_object_new_double(ns[2]));
	return row;
}

/* decide: 0 if not measured */
static struct json_object *report(const struct kind *k, const char *direction, double empty,
				  double parse, double hit, double decide)
{
	struct json_object *row = json_object_new_object();

	printf("%-16s %-8s %8.1f %8.1f %8.1f %8.2f", k->name, direction, empty, parse, hit,
	       hit / parse);
	if (decide != 0)
		printf(" %8.1f", decide);
	printf("\n");
	json_object_object_add(row, "packet", json_object_new_string(k->name));
	json_object_object_add(row, "direction", json_object_new_string(direction));
	json_object_object_add(row, "empty_ns", json_object_new_double(empty));
	json_object_object_add(row, "parse_ns", json_object_new_double(parse));
	json_object_object_add(row, "hit_ns", json_object_new_double(hit));
	json_object_object_add(row, "ratio", json_object_new_double(hit / parse));
	if (decide != 0)
		json_object_object_add(row, "decide_ns", json_object_new_double(decide));
	return row;
}

static int save(struct json_object *rows)
{
	const char *path = "build/bench/datapath.json";

	mkdir("build/bench", 0755);
	if (json_object_to_file_ext(path, rows, JSON_C_TO_STRING_PRETTY)) {
		fprintf(stderr, "bench: %s: cannot be written\n", path);
		return -1;
	}
	return 0;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

int main(void)
{
	struct json_object *rows = json_object_new_array();
	const char *clock = getenv("SEGUE_IN_VM");
	double ns[4], worst = 0, longest = 0;
	unsigned int i;

	if (host_up(NULL))
		return 1;
	bench = bench__open();
	if (!bench || host_reuse_pins(bench->obj) || bench__load(bench))
		return 1;
	printf("ns per packet               nothing    parse      hit    ratio   decide\n");
	for (i = 0; i < KINDS; i++) {
		bench_egress(&kinds[i], ns);
		json_object_array_add(rows, report(&kinds[i], "egress", ns[0], ns[1], ns[2], ns[3]));
		worst = most(worst, ns[2] / ns[1]);
		longest = most(longest, ns[2]);
		bench_ingress(&kinds[i], ns);
		json_object_array_add(rows, report(&kinds[i], "ingress", ns[0], ns[1], ns[2], 0));
		worst = most(worst, ns[2] / ns[1]);
		longest = most(longest, ns[2]);
	}
	for (i = 0; i < KINDS; i++) {
		if (kinds[i].udp)
			continue;
		bench_probe(&kinds[i], ns);
		json_object_array_add(rows, report_probe(&kinds[i], ns));
	}
	bench__destroy(bench);
	if (host_down(NULL) || save(rows))
		return 1;
	json_object_put(rows);
	if (!clock || strcmp(clock, "deterministic")) {
		printf("worst ratio %.2f, at most %.2f wanted\n", worst, WANTED_PERCENT / 100.0);
		return 0;
	}
	printf("longest hit %.0f instructions, at most %d allowed\n", longest, LIMIT_INSTRUCTIONS);
	return longest > LIMIT_INSTRUCTIONS;
}
