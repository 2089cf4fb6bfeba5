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

#include "globals.h"
#include "parse.h"

static __always_inline __u16 csum_fold64(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* what a sum grows by when a word changes */
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
 * pseudo header brings into the checksum (RFC 768).  Returns the change of the
 * whole UDP header. */
static __always_inline __u64
rewrite_udp(struct udphdr *udp, const struct segue_flow *f, __u64 addresses)
{
	__be16 check = udp->check;
	__u64 ports;

	ports = csum_change16(udp->source, f->new_source_port) +
		csum_change16(udp->dest, f->new_dest_port);
	udp->source = f->new_source_port;
	udp->dest = f->new_dest_port;
	if (!check)			/* none, as RFC 3948 2.1 wants it on IPv4 */
		return ports;
	/* 0 would mean "none": its other representation (RFC 768) */
	udp->check = csum_apply(check, addresses + ports) ?: 0xffff;
	return ports + csum_change16(check, udp->check);
}

static __always_inline __u64 rewrite_ip4(struct packet *p, const struct segue_flow *f)
{
	__be32 source = segue_addr_words(&f->new_source)[3];
	__be32 dest = segue_addr_words(&f->new_dest)[3];
	struct iphdr *ip = p->ip4;
	__u64 addresses;

	addresses = csum_change(ip->saddr, source) + csum_change(ip->daddr, dest);
	ip->saddr = source;
	ip->daddr = dest;
	ip->check = csum_apply(ip->check, addresses);
	/* the IP header still sums up to the same */
	return p->udp ? rewrite_udp(p->udp, f, addresses) : 0;
}

static __always_inline __u64 rewrite_ip6(struct packet *p, const struct segue_flow *f)
{
	__be32 *source = p->ip6->saddr.in6_u.u6_addr32;
	__be32 *dest = p->ip6->daddr.in6_u.u6_addr32;
	__u64 addresses = 0;
	int i;

	for (i = 0; i < 4; i++) {
		__be32 s = segue_addr_words(&f->new_source)[i];
		__be32 d = segue_addr_words(&f->new_dest)[i];

		addresses += csum_change(source[i], s) + csum_change(dest[i], d);
		source[i] = s;
		dest[i] = d;
	}
	return addresses + (p->udp ? rewrite_udp(p->udp, f, addresses) : 0);
}

/* Returns what skb->csum has to grow by, should the device have filled it in
 * (CHECKSUM_COMPLETE); unfolded. */
static __always_inline __u64 rewrite_packet(struct packet *p, const struct segue_flow *f)
{
	if (p->ip4)
		return rewrite_ip4(p, f);
	if (p->ip6)
		return rewrite_ip6(p, f);
	return 0;
}

#endif
