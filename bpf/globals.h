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
 * The epoch before step was added.  A full barrier, on every CPU: BPF's atomic
 * operations that give back the old value (BPF_FETCH) are ordered as the kernel's
 * own are, before and after (Documentation/atomic_t.txt, ORDERING).  Those that
 * do not are not ordered at all, and the compiler takes those where the value is
 * not used: hence the asm.
 */
static __always_inline __u32 epoch_add(__u32 step)
{
	__u32 was = __sync_fetch_and_add(&state.epoch, step);

	asm volatile("" : : "r"(was));
	return was;
}

/* To be called after every change that a decision may depend on (bpf/flow.h). */
static __always_inline void decisions_void(void)
{
	epoch_add(1);
}

/* Reads before are done, reads after are not begun. */
static __always_inline __u32 epoch_now(void)
{
	return epoch_add(0);
}

#define COUNT(field) \
	(counters[bpf_get_smp_processor_id() & (SEGUE_MAX_CPUS - 1)].field++)

#endif
