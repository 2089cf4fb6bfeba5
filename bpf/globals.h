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

/* To be called after every change that a decision may depend on (bpf/flow.h). */
static __always_inline void decisions_void(void)
{
	__sync_fetch_and_add(&state.epoch, 1);
}

#define COUNT(field) \
	(counters[bpf_get_smp_processor_id() & (SEGUE_MAX_CPUS - 1)].field++)

#endif
