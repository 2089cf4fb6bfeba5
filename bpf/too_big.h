/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "Too big", said by a router on a path (RFC 792, RFC 4443 3.2): it quotes the packet
 * as it was on the wire, with the path's addresses.  XFRM looks the SA up by the quoted
 * destination (xfrm_state_lookup() in esp4_err() and esp6_err()) and would not find it.
 * With the canonical pair put back into the quotation everything is the kernel's own
 * affair: it lowers the path MTU of the route to the canonical remote, by which XFRM
 * measures what it sends, tells those who send through it, and forgets it in time.
 *
 * Nobody authenticates a router.  What the quotation has to name is what the kernel
 * asks for, an SPI of ours (RFC 4301 8.2.1), and the addresses of one of its session's
 * paths besides.  No packet is moved by it.
 */
#ifndef SEGUE_BPF_TOO_BIG_H
#define SEGUE_BPF_TOO_BIG_H

#include "probe.h"

struct too_big_header {			/* RFC 792, RFC 4443 3.2 */
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 mtu;			/* RFC 1191 4: in its low half, with IPv4 */
};

enum {
	TOO_BIG_UNREACHABLE = 3, TOO_BIG_DF = 4,	/* IPv4: type and code */
	TOO_BIG_TYPE6 = 2,				/* IPv6 */
};

static __always_inline bool too_big_maybe(const struct packet *p, enum parsed what)
{
	return what == PARSED_OTHER && ((p->ip4 && p->proto == IPPROTO_ICMP) ||
					(p->ip6 && p->proto == IPPROTO_ICMPV6));
}

/*
 * The quoted packet, parsed, in place of the one that quotes it (the stack has no room
 * for two): what we sent, and where the checksum over it stands.
 * PARSED_SHORT: more octets are needed; PARSED_OTHER: nothing of ours.
 */
static __always_inline enum parsed
too_big_quoted(struct packet *p, void *end, __be16 **check)
{
	struct ipv6hdr *ip6 = p->ip6;
	struct iphdr *ip4 = p->ip4;
	struct too_big_header *icmp;

	*p = (struct packet){};
	if (ip4) {
		icmp = (void *)ip4 + ip4->ihl * 4;
		if (!PARSE_FITS(icmp, end))
			return PARSED_SHORT;
		if (icmp->type != TOO_BIG_UNREACHABLE || icmp->code != TOO_BIG_DF)
			return PARSED_OTHER;
		*check = &icmp->checksum;
		return parse_ip4(p, icmp + 1, end, SENT);
	}
	if (ip6 && ip6->nexthdr == IPPROTO_ICMPV6) {
		icmp = (void *)(ip6 + 1);
		if (!PARSE_FITS(icmp, end))
			return PARSED_SHORT;
		if (icmp->type != TOO_BIG_TYPE6)
			return PARSED_OTHER;
		*check = &icmp->checksum;
		return parse_ip6(p, icmp + 1, end, SENT);
	}
	return PARSED_OTHER;
}

static __always_inline bool too_big_by(const struct segue_flow *f, const struct segue_path *path)
{
	return path->flags & SEGUE_PATH_EGRESS &&
	       segue_addr_equal(&f->source, &path->local) &&
	       segue_addr_equal(&f->dest, &path->remote) &&
	       (!f->source_port || !path->local_port || f->source_port == path->local_port) &&
	       (!f->dest_port || !path->remote_port || f->dest_port == path->remote_port);
}

/* Did session id send it?  Then f says what the packet was before it was steered. */
SUBPROGRAM int too_big_sent(struct segue_flow *f, const struct segue_session *s, __u32 id)
{
	struct segue_sa_key key = {};
	struct segue_sa *a;
	__u32 slot;

	if (!f || !s)
		return -EINVAL;
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		if (too_big_by(f, session_path(s, slot)))
			break;
	if (slot == SEGUE_MAX_PATHS)
		return -ENOENT;
	key.spi = f->spi;
	key.peer = segue_addr_fold(&s->remote);
	a = bpf_map_lookup_elem(&sa, &key);
	if (!a || a->session != id || segue_addr_is_v4(&f->source) != segue_addr_is_v4(&s->local))
		return -ENOENT;
	f->slot = slot;
	flow_rewrite(f, &s->local, &s->remote, s->local_port, s->remote_port);
	return 0;
}

static long too_big_each(void *map, const void *key, void *value, void *context)
{
	struct segue_flow *f = flow_room();

	if (!f)
		return 1;
	return !too_big_sent(f, value, *(const __u32 *)key);
}

/*
 * Every session is looked at if none has the quoted destination for its canonical one.
 * Anybody may ask for that: at most once a millisecond, and no more than TOO_BIG_SHARE
 * of a processor's time.
 */
#define TOO_BIG_SHARE 32
#define TOO_BIG_LONGEST_MS 1000

static __always_inline int too_big_search(void)
{
	__u64 begin = bpf_ktime_get_ns(), took;
	__u32 now = segue_coarse_ms(begin), until = READ_ONCE(state.searched_ms);

	if (until - now < TOO_BIG_LONGEST_MS ||
	    __sync_val_compare_and_swap(&state.searched_ms, until, now) != until)
		return -EAGAIN;
	bpf_for_each_map_elem(&session, too_big_each, NULL, 0);
	took = (bpf_ktime_get_ns() - begin) * TOO_BIG_SHARE / 1000000;
	if (took)
		WRITE_ONCE(state.searched_ms,
			   now + (took < TOO_BIG_LONGEST_MS ? took : TOO_BIG_LONGEST_MS - 1));
	return 0;
}

/* Whose was it?  f gets the answer. */
SUBPROGRAM int too_big_look_up(struct segue_flow *f)
{
	struct segue_sa_key key = {};
	struct segue_session *s;
	struct segue_sa *a;
	__u32 id;

	if (!f)
		return -EINVAL;
	key.spi = f->spi;
	key.peer = segue_addr_fold(&f->dest);
	a = bpf_map_lookup_elem(&sa, &key);
	if (a) {
		id = a->session;
		s = bpf_map_lookup_elem(&session, &id);
		if (s && !too_big_sent(f, s, id))
			return 0;
	}
	if (too_big_search())
		return -EAGAIN;
	return f->slot == SEGUE_NO_PATH ? -ENOENT : 0;
}

/* What the quotation grew by goes into the ICMP checksum: the sum of the whole packet
 * stays as it was. */
static __always_inline void too_big_restore(struct packet *q, __be16 *check)
{
	struct segue_flow *f = flow_room();

	if (!f)
		return;
	flow_begin(f, q);
	f->slot = SEGUE_NO_PATH;
	if (too_big_look_up(f))
		return;
	COUNT(ingress_too_big);
	if (f->rewrite)
		*check = csum_apply(*check, rewrite_packet(q, f));
}

/* Of a packet for which too_big_maybe() holds; p is another one's afterwards.
 * PARSED_SHORT: again, if there is more of it to be had. */
static __always_inline enum parsed too_big_receive(struct packet *p, void *end)
{
	enum parsed what;
	__be16 *check;

	what = too_big_quoted(p, end, &check);
	packet_family(p);
	if (p->esp)			/* the first fragment of such a packet, too */
		too_big_restore(p, check);
	return what;
}

#endif
