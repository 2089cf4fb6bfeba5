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
 * Two packets by two paths that claim one SPI and sequence number: one of them is
 * a copy, and XFRM will not say which it authenticated.  So a cell that is taken
 * is never given to another packet: it becomes ambiguous, whoever came first, and
 * there is no instant at which a forgery stands alone after the real packet was
 * noted.  The cell is free again when its packet was authenticated; what is left
 * of others costs one packet its chance to be followed.
 */
static __always_inline void seen_put(__be32 spi, __u32 seq, __u32 slot)
{
	__u64 now = seen_entry(spi, seq, slot + 1), was;
	__u64 *cell = seen_cell(spi, seq);

	if (!cell)
		return;
	was = __sync_val_compare_and_swap(cell, 0, now);
	if (was && was != now)
		WRITE_ONCE(*cell, seen_entry(spi, seq, SEEN_AMBIGUOUS));
}

/* SEGUE_NO_PATH: not by a path, too long ago, or ambiguous (counted). */
static __always_inline __u32 seen_take(__be32 spi, __u32 seq)
{
	__u64 *cell = seen_cell(spi, seq), entry;
	__u32 path;

	if (!cell)
		return SEGUE_NO_PATH;
	entry = READ_ONCE(*cell);
	path = entry & 0xff;
	if ((entry ^ seen_entry(spi, seq, 0)) >> 8 || !path)
		return SEGUE_NO_PATH;
	WRITE_ONCE(*cell, 0);
	if (path == SEEN_AMBIGUOUS) {
		COUNT(return_ambiguous);
		return SEGUE_NO_PATH;
	}
	return path - 1;
}

#endif
