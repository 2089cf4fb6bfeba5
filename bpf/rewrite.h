/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives a parsed packet other outer addresses and ports, in place.
 *
 * Checksums are updated, never computed anew (RFC 1624 3, equation 3), so that
 * a packet that was corrupt stays corrupt.  Sums are kept unfolded in 64 bits
 * and in network order, which one's complement arithmetic allows (RFC 1071 2).
 */
#ifndef SEGUE_BPF_REWRITE_H
#define SEGUE_BPF_REWRITE_H

#include "parse.h"
#include <segue/addr.h>

struct rewrite {
	const struct segue_addr *source;
	const struct segue_addr *dest;
	__be16 source_port;		/* 0: stays as it is */
	__be16 dest_port;
};

static __always_inline __be32 addr_v4(const struct segue_addr *a)
{
	return segue_addr_words(a)[3];
}

static __always_inline __u16 csum_fold64(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* what a checksum's complement grows by when a word changes */
static __always_inline __u64 csum_change(__u32 from, __u32 to)
{
	return (__u64)(__u32)~from + to;
}

static __always_inline __u64 csum_change16(__be16 from, __be16 to)
{
	return (__u64)(__u16)~from + to;
}

static __always_inline __be16 csum_apply(__be16 check, __u64 change)
{
	return ~csum_fold64((__u16)~check + change);
}

/* Ports and checksum of the encapsulation.  addresses: their change, which the
 * pseudo header brings into the checksum (RFC 768).  Returns the whole change
 * of the UDP header for skb->csum. */
static __always_inline __u64
rewrite_udp(struct udphdr *udp, const struct rewrite *to, __u64 addresses)
{
	__be16 source = to->source_port ?: udp->source;
	__be16 dest = to->dest_port ?: udp->dest;
	__be16 check = udp->check;
	__u64 ports;

	ports = csum_change16(udp->source, source) + csum_change16(udp->dest, dest);
	udp->source = source;
	udp->dest = dest;
	if (!check)			/* none, as RFC 3948 2.1 wants it on IPv4 */
		return ports;
	/* 0 would mean "none": its other representation (RFC 768) */
	udp->check = csum_apply(check, addresses + ports) ?: 0xffff;
	return ports + csum_change16(check, udp->check);
}

static __always_inline void
rewrite_ip4(struct packet *p, const struct rewrite *to, __u64 *change)
{
	__be32 source = addr_v4(to->source), dest = addr_v4(to->dest);
	struct iphdr *ip = p->ip4;
	__u64 addresses;

	addresses = csum_change(ip->saddr, source) + csum_change(ip->daddr, dest);
	ip->saddr = source;
	ip->daddr = dest;
	ip->check = csum_apply(ip->check, addresses);
	/* The header's sum stays what it was: no change of skb->csum. */
	if (p->udp)
		*change += rewrite_udp(p->udp, to, addresses);
}

static __always_inline void
rewrite_ip6(struct packet *p, const struct rewrite *to, __u64 *change)
{
	__be32 *source = p->ip6->saddr.in6_u.u6_addr32;
	__be32 *dest = p->ip6->daddr.in6_u.u6_addr32;
	__u64 addresses = 0;
	int i;

	for (i = 0; i < 4; i++) {
		__be32 s = segue_addr_words(to->source)[i];
		__be32 d = segue_addr_words(to->dest)[i];

		addresses += csum_change(source[i], s) + csum_change(dest[i], d);
		source[i] = s;
		dest[i] = d;
	}
	*change += addresses;
	if (p->udp)
		*change += rewrite_udp(p->udp, to, addresses);
}

/* change: grows by what skb->csum has to grow by, should the device have filled
 * it in (CHECKSUM_COMPLETE). */
static __always_inline void
rewrite_packet(struct packet *p, const struct rewrite *to, __u64 *change)
{
	if (p->ip4)
		rewrite_ip4(p, to, change);
	else if (p->ip6)
		rewrite_ip6(p, to, change);
}

static __always_inline bool
packet_family_is(const struct packet *p, const struct segue_addr *a)
{
	const __be32 *w = segue_addr_words(a);
	bool v4 = !(w[0] | w[1] | (w[2] ^ bpf_htonl(0xffff)));

	return v4 == !!p->ip4;
}

/* Does the packet have this source and destination already?  The caller knows
 * that they are of its family. */
static __always_inline bool
packet_is(const struct packet *p, const struct segue_addr *source,
	  const struct segue_addr *dest)
{
	const __be32 *s = segue_addr_words(source), *d = segue_addr_words(dest);
	const __be32 *x, *y;

	if (p->ip4)
		return p->ip4->saddr == s[3] && p->ip4->daddr == d[3];
	if (!p->ip6)
		return false;
	x = p->ip6->saddr.in6_u.u6_addr32;
	y = p->ip6->daddr.in6_u.u6_addr32;
	return !((x[0] ^ s[0]) | (x[1] ^ s[1]) | (x[2] ^ s[2]) | (x[3] ^ s[3]) |
		 (y[0] ^ d[0]) | (y[1] ^ d[1]) | (y[2] ^ d[2]) | (y[3] ^ d[3]));
}

/* Address as the maps hold it; only for what belongs to no SA. */
static __always_inline void
packet_source(const struct packet *p, struct segue_addr *out)
{
	__be32 *w = (__be32 *)out->octet;

	if (p->ip4) {
		w[0] = w[1] = 0;
		w[2] = bpf_htonl(0xffff);
		w[3] = p->ip4->saddr;
	} else if (p->ip6) {
		*(struct in6_addr *)out = p->ip6->saddr;
	}
}

/* segue_addr_fold() of the destination */
static __always_inline __u32 packet_fold_dest(const struct packet *p)
{
	const __be32 *w;

	if (p->ip4)
		return bpf_htonl(0xffff) ^ p->ip4->daddr;
	if (!p->ip6)
		return 0;
	w = p->ip6->daddr.in6_u.u6_addr32;
	return w[0] ^ w[1] ^ w[2] ^ w[3];
}

#endif
