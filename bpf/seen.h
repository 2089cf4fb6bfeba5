/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By which path did a packet come?  Ingress restore knows it but cannot trust
 * it; the return switch may trust the packet but sees no addresses any more.
 * What joins the two is the SPI and the sequence number: not the CPU, for with
 * asynchronous crypto XFRM goes on elsewhere and later.
 *
 * A cell is SEQUENCE << 32 | low 24 bits of the SPI << 8 | path + 1.
 */
#ifndef SEGUE_BPF_SEEN_H
#define SEGUE_BPF_SEEN_H

#include "globals.h"

#define SEEN_AMBIGUOUS 0xff		/* came by two paths: one may be forged */

/* Consecutive packets of an SA take neighbouring cells; SAs start apart. */
static __always_inline __u64 *seen_cell(__be32 spi, __u32 seq)
{
	__u32 index = ((spi * 0x9e3779b1u >> 16) + seq) & (SEGUE_SEEN - 1);

	return bpf_map_lookup_elem(&seen, &index);
}

static __always_inline __u64 seen_entry(__be32 spi, __u32 seq, __u32 path)
{
	return (__u64)seq << 32 | (spi & 0xffffff) << 8 | path;
}

/*
 * Two packets with the same SPI and sequence number by two paths: one of them is
 * a copy, and XFRM will not say which of the two it authenticated.  The exchange
 * is atomic, so that of two at once on two CPUs at least one sees the other.
 */
static __always_inline void seen_put(__be32 spi, __u32 seq, __u32 slot)
{
	__u64 now = seen_entry(spi, seq, slot + 1), was;
	__u64 *cell = seen_cell(spi, seq);

	if (!cell)
		return;
	was = __sync_lock_test_and_set(cell, now);
	if (was != now && !((was ^ now) >> 8))
		WRITE_ONCE(*cell, seen_entry(spi, seq, SEEN_AMBIGUOUS));
}

/* SEGUE_NO_PATH: not by a path, too long ago, or ambiguous (counted). */
static __always_inline __u32 seen_path(__be32 spi, __u32 seq)
{
	__u64 *cell = seen_cell(spi, seq), entry;
	__u32 path;

	if (!cell)
		return SEGUE_NO_PATH;
	entry = READ_ONCE(*cell);
	path = entry & 0xff;
	if ((entry ^ seen_entry(spi, seq, 0)) >> 8 || !path)
		return SEGUE_NO_PATH;
	if (path == SEEN_AMBIGUOUS) {
		COUNT(return_ambiguous);
		return SEGUE_NO_PATH;
	}
	return path - 1;
}

#endif
