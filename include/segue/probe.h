/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probe: is there still somebody at the other end of a path?
 *
 * The leader of a session sends a small packet along each of its paths, and the
 * peer's ingress program sends it back (docs/mobike-x.md, "Probes").  A path that
 * stays silent for longer than its own history allows is suspect, and probed in a
 * burst; one from which nothing of that comes back, while another path answers, is
 * dead.  Who decides is bpf/probe_judge.h, by a timer in the kernel.
 *
 * Map "probe":       array, index (0 is not used) -> struct segue_probe; the path
 *                    has the index (segue_path.probe).
 * Map "probe_timer": array, the same index -> the path's timer.
 * Map "probe_key":   hash, id as it stands in the packet -> struct segue_probe_key.
 *
 * Who writes: user space fills an entry before a path refers to it, and changes it
 * by control_probe afterwards; the rest is the data path's.
 */
#ifndef SEGUE_PROBE_H
#define SEGUE_PROBE_H

#include "session.h"

enum {
	SEGUE_MAX_PROBES = 1024,	/* paths probed, and one; a power of two, it masks */
	SEGUE_MAX_PROBE_KEYS = 8192,	/* two a session, while its IKE_SA is rekeyed */
	SEGUE_PROBE_RING = 128,		/* probes under way that are remembered; likewise */
};

/* Where ESP has its SPI: of those that RFC 4303 2.1 reserves, and nobody is given */
#define SEGUE_PROBE_MARKER 80

#define SEGUE_PROBE_VERSION 1

enum segue_probe_kind {
	SEGUE_PROBE_ASK = 1,
	SEGUE_PROBE_ANSWER = 2,
};

/* 64 bits that stand in a packet, where only 32 are aligned */
typedef __u64 __attribute__((aligned(4), may_alias)) segue_probe_word;

/* Behind UDP, from and to the ports of ESP in UDP.  All but the MAC is under it. */
struct segue_probe_packet {
	__be32 marker;			/* SEGUE_PROBE_MARKER */
	__u8 version;
	__u8 kind;			/* enum segue_probe_kind */
	__u8 slot;			/* of who asked, and only his affair */
	__u8 reserved;			/* 0 */
	segue_probe_word id;		/* which keys; octets */
	segue_probe_word sequence;	/* network order */
	segue_probe_word mac;		/* SipHash-2-4 over what is before it, as its
					 * authors write it: the low octet first */
};

struct segue_siphash_key {
	__u8 octet[16];
};

/* Sequence numbers that came in; of one path, by the slot that the peer said. */
struct segue_probe_window {
	__u64 highest;
	__u64 seen;			/* bit n: highest - n */
};

struct segue_probe_key {
	__u32 session;			/* key in map "session" */
	__u32 reserved;
	struct segue_siphash_key send;	/* of what we send: probes and answers */
	struct segue_siphash_key receive;
	__u64 busy_until;		/* answers sent so far are paid for by then; rate limit */
	struct segue_probe_window window[SEGUE_MAX_PATHS];
};

/* Answers: so many a second for each key, and so many at once. */
enum { SEGUE_PROBE_RATE = 4000, SEGUE_PROBE_AT_ONCE = 256 };

struct segue_probe {
	__u32 session;			/* key in map "session", 0: free */
	__u8 slot;
	__u8 multiplier;		/* intervals without an answer until it may be dead */
	__u8 silent;			/* suspect for its silence, not for a probe that was lost */
	__u8 reserved;
	__u64 key;			/* key in map "probe_key" */
	__u64 interval_ns;
	__u32 state;			/* enum segue_path_state */
	__u32 in_row;			/* dead: answers without a loss between */
	__u64 changed_ns;		/* CLOCK_MONOTONIC of the last change of state */
	/* round trip, as RFC 6298 2 has it */
	__u64 srtt_ns;			/* 0: none measured */
	__u64 rttvar_ns;
	/* between two authenticated packets that came by it, in the same way */
	__u64 gap_ns;
	__u64 gapvar_ns;
	__u32 loss;			/* of 65536, there and back; without those after the last answer */
	__u32 reserved2;
	__u64 sent;
	__u64 answered;
	__u64 sequence;			/* of the next one; begins at the time of creation, so
					 * that it never comes again under the same key */
	__u64 answered_sequence;	/* newest that was answered, 0: none with this key */
	__u64 answered_sent_ns;		/* when that was sent */
	__u64 answered_ns;		/* when the last answer came */
	__u64 heard_ns;			/* when anything authenticated did */
	__u64 copied_ns;		/* when ESP did that had come by another path before; the
					 * replay window drops it, so nobody authenticates it */
	__u64 void_ns;			/* what was sent before says nothing: the link was down,
					 * or the keys were others */
	/* for the timer */
	__u64 data_since;		/* when a look first found that data goes out */
	__u64 data_ns;			/* and when the last one did */
	__u32 data;			/* another number than data_seen: data has gone out */
	__u32 data_seen;		/* what it was at the last look */
	__u32 owed;			/* probes that the next packets shall bring along */
	__u32 others;			/* and one along each other path of the session */
	__u32 armed;			/* the timer runs */
	__u32 late;			/* a look came too late since the last answer */
	__u64 look_ns;			/* when the next one should come */
	__u64 wrong_ns;			/* when it last broke a silence that made it suspect */
	__u64 copied_until;		/* copies that it was given are paid for by then; below */
	__u64 sent_ns[SEGUE_PROBE_RING];	/* by sequence number; 0: answered */
};

/* Who broke a silence may be silent for an interval without being suspected, so long. */
#define SEGUE_PROBE_WARY_NS 10000000000ULL

/* Copies for a suspect's sake: in one part of so many of the time, and so much at once. */
#define SEGUE_PROBE_COPY_SHARE 4
#define SEGUE_PROBE_COPY_AT_ONCE_NS 1000000000ULL

/* How long an answer may take: RFC 6298 2.3, without its lower bound of a second. */
#define SEGUE_PROBE_GRANULE_NS 1000000ULL

static inline __u64 segue_probe_timeout(const struct segue_probe *p)
{
	__u64 slack = 4 * p->rttvar_ns;

	return p->srtt_ns + (slack > SEGUE_PROBE_GRANULE_NS ? slack : SEGUE_PROBE_GRANULE_NS);
}

/* No more than SEGUE_PROBE_RING are remembered: half of them under way by intervals,
 * the other half for a burst. */
static inline __u64 segue_probe_interval(const struct segue_probe *p)
{
	__u64 least = p->srtt_ns / (SEGUE_PROBE_RING / 2);

	return p->interval_ns > least ? p->interval_ns : least;
}

#endif
