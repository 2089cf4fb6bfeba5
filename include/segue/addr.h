/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IP address of either family, as the maps hold it.
 *
 * One shape for both families keeps keys and comparisons free of branches:
 * IPv4 stands as the IPv4-mapped IPv6 address ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
 * Octets, because bpftool then prints an address that can be read.
 */
#ifndef SEGUE_ADDR_H
#define SEGUE_ADDR_H

#include <linux/types.h>

struct segue_addr {
	__u8 octet[16];		/* network order */
} __attribute__((aligned(4)));

/* The last four octets of an IPv4-mapped address are the IPv4 address. */
#define SEGUE_ADDR_V4_OFFSET 12

/* The octets four at a time: an access that the compiler may not assume away. */
typedef __be32 segue_addr_word __attribute__((may_alias));

static inline const segue_addr_word *segue_addr_words(const struct segue_addr *addr)
{
	return (const segue_addr_word *)addr->octet;
}

static inline int segue_addr_equal(const struct segue_addr *a,
				   const struct segue_addr *b)
{
	const segue_addr_word *x = segue_addr_words(a), *y = segue_addr_words(b);

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]));
}

/* 0x0000ffff in the third word of an IPv4-mapped address, network order */
static inline int segue_addr_is_v4(const struct segue_addr *addr)
{
	const __u8 *o = addr->octet;
	const segue_addr_word *w = segue_addr_words(addr);

	return !(w[0] | w[1]) && !o[8] && !o[9] && o[10] == 0xff && o[11] == 0xff;
}

/*
 * 32 bits that stand for an address in a key.  Not a hash that resists
 * collisions: whoever looks a key up compares the whole address afterwards.
 * For IPv4 it is 0x0000ffff (network order) XOR the address.
 */
static inline __u32 segue_addr_fold(const struct segue_addr *addr)
{
	const segue_addr_word *w = segue_addr_words(addr);

	return (__u32)(w[0] ^ w[1] ^ w[2] ^ w[3]);
}

#endif
