// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the data path is measured against: programs that only parse, with the
 * same parser.
 *
 * BPF_PROG_TEST_RUN runs a program over and over on one packet, and ingress
 * restore would find its work done the second time: here the packet gets the
 * path's addresses again before each run, in the measured program and in its
 * yardstick alike.
 */
#include <linux/pkt_cls.h>
#include "probe.h"

/* set by the bench before each measurement */
struct segue_addr wire_source, wire_dest;

/* The addresses stand right behind Ethernet in the packets of the bench. */
static __always_inline void rearm(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip4 = data + sizeof(*eth);
	struct ipv6hdr *ip6 = data + sizeof(*eth);

	if ((void *)(ip6 + 1) > end)
		return;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		ip4->saddr = segue_addr_words(&wire_source)[3];
		ip4->daddr = segue_addr_words(&wire_dest)[3];
	} else {
		__builtin_memcpy(&ip6->saddr, &wire_source, sizeof(wire_source));
		__builtin_memcpy(&ip6->daddr, &wire_dest, sizeof(wire_dest));
	}
}

/* Looks at what was found, so that the compiler cannot leave the parser out. */
static __always_inline bool is_esp(const struct packet *p, enum parsed what)
{
	return what == PARSED_ESP && p->esp->spi && p->esp->seq;
}

/* What running a program costs when it does nothing at all. */
SEC("tc")
int bench_empty_tc(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

SEC("xdp")
int bench_empty_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int bench_parse_tc(struct __sk_buff *skb)
{
	struct packet p = {};
	enum parsed what;

	what = parse_ethernet(&p, (void *)(long)skb->data, (void *)(long)skb->data_end, SENT);
	return is_esp(&p, what) ? TC_ACT_OK : TC_ACT_SHOT;
}

SEC("xdp")
int bench_parse_xdp(struct xdp_md *ctx)
{
	struct packet p = {};
	enum parsed what;

	rearm((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	what = parse_ethernet(&p, (void *)(long)ctx->data, (void *)(long)ctx->data_end,
			      RECEIVED);
	return is_esp(&p, what) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int bench_ingress_xdp(struct xdp_md *ctx)
{
	struct packet p = {};
	enum parsed what;

	rearm((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	what = parse_ethernet(&p, (void *)(long)ctx->data, (void *)(long)ctx->data_end,
			      RECEIVED);
	ingress_restore(&p, what);
	return XDP_PASS;
}

/* What the probe of the bench was before it was answered, with the next number; and
 * the limit of answers is off.  The addresses are those of the answer the next time,
 * and the session has a path for either. */
static __always_inline int rearm_probe(struct packet *p, void *end)
{
	struct segue_probe_packet *q = (void *)p->esp;
	struct segue_probe_key *key;
	__u64 id;

	if (!PARSE_FITS(q, end))
		return -EINVAL;
	id = q->id;
	key = bpf_map_lookup_elem(&probe_key, &id);
	if (!key)
		return -ENOENT;
	key->busy_until = 0;
	q->kind = SEGUE_PROBE_ASK;
	q->sequence = bpf_cpu_to_be64(key->window[0].highest + 1);
	q->mac = probe_mac(&key->receive, q);
	return 0;
}

static __always_inline int bench_probe(struct xdp_md *ctx, bool answer)
{
	void *begin = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct packet p = {};
	enum parsed what;

	what = parse_ethernet(&p, begin, end, RECEIVED);
	packet_family(&p);
	if (!probe_is(&p, what) || rearm_probe(&p, end))
		return XDP_ABORTED;
	if (!answer)
		return XDP_PASS;
	return probe_receive(&p, begin, end, true) == PROBE_BACK ? XDP_TX : XDP_DROP;
}

SEC("xdp")
int bench_probe_yardstick(struct xdp_md *ctx)
{
	return bench_probe(ctx, false);
}

SEC("xdp")
int bench_probe_answer(struct xdp_md *ctx)
{
	return bench_probe(ctx, true);
}
