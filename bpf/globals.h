/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Global variables: shared by all objects, reached without a look-up. */
#ifndef SEGUE_BPF_GLOBALS_H
#define SEGUE_BPF_GLOBALS_H

#include "maps.h"

/* Inode number of the network namespace that we serve: fentry programs run for
 * all of them.  Set by the loader before loading. */
extern const volatile __u32 netns;

/* Which links are up, and who made the pins; written by the link watch and by
 * control_link with atomic AND and OR, read for every packet sent. */
extern struct segue_state state;

/* What happened to packets; written by the data path, read by `segue status`. */
extern struct segue_counters counters[SEGUE_MAX_CPUS];

/*
 * By which path did the packet with this SPI and sequence number come?  Written
 * by ingress restore before XFRM, read by the return switch after XFRM has
 * authenticated it: that may be on another CPU, and later (asynchronous crypto).
 * An entry is SEQUENCE << 32 | low 24 bits of the SPI << 8 | path + 1.
 */
enum { SEEN_SIZE = 65536 };		/* a power of two, it masks */
#define SEEN_AMBIGUOUS 0xff		/* came by two paths: one may be forged */
extern __u64 seen[SEEN_SIZE];

#define COUNT(field) \
	(counters[bpf_get_smp_processor_id() & (SEGUE_MAX_CPUS - 1)].field++)

static __always_inline __u32 seen_index(__be32 spi, __u32 seq)
{
	/* Consecutive packets of an SA take neighbouring slots; SAs start apart. */
	return ((spi * 0x9e3779b1u >> 16) + seq) & (SEEN_SIZE - 1);
}

static __always_inline __u64 seen_entry(__be32 spi, __u32 seq, __u32 path)
{
	return (__u64)seq << 32 | (spi & 0xffffff) << 8 | path;
}

#endif
