/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters: what the data path did to packets, a row for each CPU.
 *
 * Global variable "counters" (map "counters"): the data path adds to the row of
 * the CPU it runs on, without look-up and without atomics; readers add the rows
 * up.  CPUs beyond SEGUE_MAX_CPUS share rows, and may then lose counts.
 */
#ifndef SEGUE_COUNTER_H
#define SEGUE_COUNTER_H

#include "event.h"

enum { SEGUE_MAX_CPUS = 128 };		/* a power of two, it masks */

/* X(field, what one count means); the order is the order of `segue status` */
#define SEGUE_COUNTERS(X) \
	X(egress_steered,	"sent: belonged to an SA, left by its active path") \
	X(egress_rewritten,	"of these, with other outer addresses than XFRM's") \
	X(egress_switched,	"of these, moved to another path by this very packet") \
	X(egress_copied,	"of these, sent by a second path as well") \
	X(egress_copy_failed,	"of these, only by the active path: the copy could not be made") \
	X(egress_by_source,	"sent: no SA of ours, left by the device that owns its source") \
	X(egress_no_path,	"dropped: no live path") \
	X(egress_not_owned,	"dropped on segue0: no SA and nobody's source address") \
	X(egress_fragment,	"sent: a fragment that belongs to no SA of ours, left by its source") \
	X(ingress_restored,	"received: outer addresses put back to the canonical pair") \
	X(ingress_canonical,	"received: an SA of ours, on the canonical pair already") \
	X(ingress_copy,		"of these two, had come by another path before; for the replay window") \
	X(ingress_claimed,	"received: our SPI from an unverified address, put back as well, for XFRM to judge") \
	X(ingress_unknown_spi,	"received: ESP that is none of ours, passed untouched") \
	X(ingress_unverified,	"received: our SPI from an unverified address, in UDP, a fragment or not to us: passed untouched") \
	X(ingress_fragment,	"received: a fragment of ESP without the first one, passed untouched") \
	X(ingress_malformed,	"received: truncated or inconsistent, passed untouched") \
	X(ingress_too_big,	"received: a router's \"too big\" for ESP of ours, told to XFRM") \
	X(probe_sent,		"probes sent") \
	X(probe_answer,		"answers received: each kept its path alive") \
	X(probe_asked,		"probes of peers answered") \
	X(probe_forged,		"dropped: a probe or answer with a wrong MAC") \
	X(probe_replayed,	"dropped: a probe that came before, or an answer to none that waits") \
	X(probe_astray,		"dropped: a probe or answer from or to another address than its path's") \
	X(probe_limited,	"dropped: more probes of a peer than are answered in this time") \
	X(probe_malformed,	"received: truncated probe or none of ours, passed untouched") \
	X(return_switched,	"return switches: the newest authenticated packet came by another path") \
	X(return_stale,		"not followed: an older packet, or too soon after a switch") \
	X(return_ambiguous,	"not followed: two packets claimed the same sequence number") \
	X(events_lost,		"events that did not fit into a reader's ring")

struct segue_counters {
#define SEGUE_COUNTER_FIELD(field, text) __u64 field;
	SEGUE_COUNTERS(SEGUE_COUNTER_FIELD)
#undef SEGUE_COUNTER_FIELD
} __attribute__((aligned(64)));		/* a row shares no cache line */

/*
 * What the agent refused, by reason.
 *
 * Map "refused": hash, __u32 session id -> struct segue_refused; key 0 for all
 * sessions since attach, those that ended included.  control_event counts each
 * refusal that user space tells, so that a count and its event come together.
 */
enum {
	SEGUE_REFUSALS_FIRST = SEGUE_REASON_NO_LIVE_PATH,
	SEGUE_REFUSALS = SEGUE_REASON_TOLD_ADD - SEGUE_REFUSALS_FIRST,
};

struct segue_refused {
	__u32 count[SEGUE_REFUSALS];	/* index: enum segue_reason - SEGUE_REFUSALS_FIRST */
};

#endif
