/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows: what the data path decided for an SA's packets, remembered.
 *
 * Deciding takes two hash look-ups and more; nearly every packet is like the one
 * before it.  So the decision is made once, by a subprogram that sees addresses
 * and no packet, and applied to all packets alike until something changes:
 * every change of a link, session, path or SA moves segue_state.epoch on.  A
 * handover thus is still one store, and the maps stay the only truth.
 *
 * The maps are read without locks.  Whoever changes them moves the epoch on
 * after the change, and between two changes that belong together; whoever decides
 * reads the epoch before and after.  Both reads and all moves are full barriers
 * (epoch_add()).  So, if the epoch did not move while it was decided, nothing that
 * was read is half a change; if it moved, it is decided again.  If a change is not
 * yet seen, its move comes later and voids the decision.
 *
 * Whether a remembered decision holds is read without a barrier: the flow belongs
 * to this CPU, and nothing else is read on a hit.  An epoch that comes late makes
 * the packet one that was sent just before the change.
 */
#ifndef SEGUE_BPF_FLOW_H
#define SEGUE_BPF_FLOW_H

#include "rewrite.h"

/* A decision is tried so often; then the packet is not steered.  More than one
 * change of a path can move the epoch (control_path), so that one never does it. */
#define FLOW_TRIES 64

static __always_inline struct segue_flow *
flow_at(const struct packet *p, __u32 key, enum segue_flow_direction direction)
{
	if (p->ip4)
		key ^= p->ip4->daddr;
	else if (p->ip6)
		key ^= p->ip6->daddr.in6_u.u6_addr32[3];
	key = key * 0x9e3779b1u >> (32 - SEGUE_FLOW_BITS);
	key += direction * SEGUE_FLOWS;
	return bpf_map_lookup_elem(&flows, &key);
}

/* Outbound SPIs are the peers' choice and not unique: the address counts, too. */
static __always_inline struct segue_flow *
flow_find(const struct packet *p, enum segue_flow_direction direction)
{
	return flow_at(p, p->esp->spi, direction);
}

/* Room for a decision, where the stack has none. */
static __always_inline struct segue_flow *flow_room(void)
{
	__u32 key = SEGUE_FLOWS * SEGUE_FLOW_DIRECTIONS;

	return bpf_map_lookup_elem(&flows, &key);
}

static __always_inline bool
flow_is4(const struct segue_flow *f, const struct iphdr *ip)
{
	const __be32 *s = segue_addr_words(&f->source), *d = segue_addr_words(&f->dest);

	/* Both are of one family: d[2] tells which. */
	return !((s[3] ^ ip->saddr) | (d[3] ^ ip->daddr) |
		 d[0] | d[1] | (d[2] ^ bpf_htonl(0xffff)));
}

static __always_inline bool
flow_is6(const struct segue_flow *f, const struct ipv6hdr *ip)
{
	const __be32 *s = segue_addr_words(&f->source), *d = segue_addr_words(&f->dest);
	const __be32 *x = ip->saddr.in6_u.u6_addr32, *y = ip->daddr.in6_u.u6_addr32;

	return !((s[0] ^ x[0]) | (s[1] ^ x[1]) | (s[2] ^ x[2]) | (s[3] ^ x[3]) |
		 (d[0] ^ y[0]) | (d[1] ^ y[1]) | (d[2] ^ y[2]) | (d[3] ^ y[3]));
}

/* Does the remembered decision hold for this packet? */
static __always_inline bool flow_holds(const struct segue_flow *f, const struct packet *p)
{
	__be16 source_port = 0, dest_port = 0;

	if (f->epoch != READ_ONCE(state.epoch) || f->spi != p->esp->spi)
		return false;
	if (p->udp) {
		source_port = p->udp->source;
		dest_port = p->udp->dest;
	}
	if (f->source_port != source_port || f->dest_port != dest_port)
		return false;
	if (p->ip4)
		return flow_is4(f, p->ip4);
	return p->ip6 && flow_is6(f, p->ip6);
}

/*
 * Fragments of the outer packet: where XFRM is given more than the path takes and may
 * not say so, the kernel makes them after encryption.  Only the first one has an SPI;
 * the others, which come right behind it and on the same CPU, go where it went.
 */
static __always_inline void
flow_note_fragment(const struct segue_flow *f, const struct packet *p,
		   enum segue_flow_direction direction)
{
	struct segue_flow *later = flow_at(p, p->fragment, direction);

	if (!later)
		return;
	*later = *f;
	later->spi = p->fragment;
	later->source_port = later->dest_port = SEGUE_FLOW_FRAGMENT;
	later->proto = p->proto;
}

/* Of a fragment without an SPI.  NULL: nothing is known of the first one.  Where a first
 * one has none, what is known is of an older packet with its identification, and void. */
static __always_inline struct segue_flow *
flow_find_fragment(const struct packet *p, enum parsed what, enum segue_flow_direction direction)
{
	struct segue_flow *f = flow_at(p, p->fragment, direction);

	if (!f || f->epoch != READ_ONCE(state.epoch) || f->spi != p->fragment ||
	    f->source_port != SEGUE_FLOW_FRAGMENT || f->dest_port != SEGUE_FLOW_FRAGMENT ||
	    f->proto != p->proto)
		return NULL;
	if (p->ip4 ? !flow_is4(f, p->ip4) : !p->ip6 || !flow_is6(f, p->ip6))
		return NULL;
	if (what == PARSED_FRAGMENT)
		return f;
	f->epoch = 0;
	return NULL;
}

/* Addresses of a packet, as the maps hold them. */
static __always_inline void
packet_addrs(const struct packet *p, struct segue_addr *source, struct segue_addr *dest)
{
	__be32 *s = (__be32 *)source->octet, *d = (__be32 *)dest->octet;

	if (p->ip4) {
		s[0] = s[1] = d[0] = d[1] = 0;
		s[2] = d[2] = bpf_htonl(0xffff);
		s[3] = p->ip4->saddr;
		d[3] = p->ip4->daddr;
	} else if (p->ip6) {
		__builtin_memcpy(s, &p->ip6->saddr, sizeof(*source));
		__builtin_memcpy(d, &p->ip6->daddr, sizeof(*dest));
	}
}

/* A flow to be decided: which packets. */
static __always_inline void flow_begin(struct segue_flow *f, const struct packet *p)
{
	*f = (struct segue_flow){ .spi = p->esp->spi };
	packet_addrs(p, &f->source, &f->dest);
	if (p->udp) {
		f->source_port = p->udp->source;
		f->dest_port = p->udp->dest;
	}
}

/* The new addresses and ports; a port of 0 stays as it is. */
static __always_inline void
flow_rewrite(struct segue_flow *f, const struct segue_addr *source, const struct segue_addr *dest,
	     __be16 source_port, __be16 dest_port)
{
	f->new_source = *source;
	f->new_dest = *dest;
	f->new_source_port = f->source_port && source_port ? source_port : f->source_port;
	f->new_dest_port = f->dest_port && dest_port ? dest_port : f->dest_port;
	f->rewrite = !segue_addr_equal(&f->source, source) ||
		     !segue_addr_equal(&f->dest, dest) ||
		     f->new_source_port != f->source_port ||
		     f->new_dest_port != f->dest_port;
}

#endif
