/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By which path did a packet come?  Ingress restore knows it but cannot trust
 * it; the return switch may trust the packet but sees no addresses any more.
 * What joins the two is the SPI and the sequence number: not the CPU, for with
 * asynchronous crypto XFRM goes on elsewhere and later.
 *
 * A cell is SEQUENCE << 32 | low 24 bits of the SPI << 8 | what is known:
 * 0 nothing, path + 1, or one of the marks below.
 */
#ifndef SEGUE_BPF_SEEN_H
#define SEGUE_BPF_SEEN_H

#include "globals.h"

#define SEEN_AMBIGUOUS 0xfe		/* came by two paths: one may be forged */
#define SEEN_DONE 0x20			/* | path: was authenticated; the cell is free */
#define SEEN_DONE_SOMEHOW 0x30		/* likewise, by an unknown path */
#define SEEN_DONE_MASK 0xe0

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

static __always_inline bool seen_done(__u64 entry)
{
	return (entry & SEEN_DONE_MASK) == SEEN_DONE;
}

/*
 * Two packets by two paths that claim one SPI and sequence number: one of them is
 * a copy, and XFRM will not say which it authenticated.  So a cell that is taken
 * is never given to another packet: it becomes ambiguous, whoever came first, and
 * there is no instant at which a forgery stands alone after the real packet was
 * noted.  The cell is free again when its packet was authenticated; what is left
 * of others costs one packet its chance to be followed.
 *
 * A free cell remembers which packet it was: a copy that comes later is not noted
 * again, or what is left of copies would fill all cells.  True: this is such a one,
 * by another path than the first.
 */
static __always_inline bool seen_put(__be32 spi, __u32 seq, __u32 slot)
{
	__u64 now = seen_entry(spi, seq, slot + 1), was, is_free = 0;
	__u64 *cell = seen_cell(spi, seq);

	if (!cell)
		return false;
	was = READ_ONCE(*cell);
	if (seen_done(was)) {
		if (!((was ^ now) >> 8))
			return (was & 0xff) != (SEEN_DONE | slot);
		is_free = was;
	}
	was = __sync_val_compare_and_swap(cell, is_free, now);
	if (was != is_free && was != now)
		WRITE_ONCE(*cell, seen_entry(spi, seq, SEEN_AMBIGUOUS));
	return false;
}

/* The packet was authenticated.  SEGUE_NO_PATH: it came by no path, or too long
 * ago; SEEN_AMBIGUOUS, which is counted. */
static __always_inline __u32 seen_take(__be32 spi, __u32 seq)
{
	__u64 *cell = seen_cell(spi, seq), entry;
	__u32 path;

	if (!cell)
		return SEGUE_NO_PATH;
	entry = READ_ONCE(*cell);
	path = entry & 0xff;
	if ((entry ^ seen_entry(spi, seq, 0)) >> 8 || !path || seen_done(entry))
		return SEGUE_NO_PATH;
	if (path == SEEN_AMBIGUOUS) {
		WRITE_ONCE(*cell, seen_entry(spi, seq, SEEN_DONE_SOMEHOW));
		COUNT(return_ambiguous);
		return SEEN_AMBIGUOUS;
	}
	WRITE_ONCE(*cell, seen_entry(spi, seq, SEEN_DONE | (path - 1)));
	return path - 1;
}

#endif
