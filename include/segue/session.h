/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Session, path and SA: the three nouns of steering.
 *
 * A session is one IKE_SA.  XFRM knows its SAs by the *canonical pair* of outer
 * addresses, which never changes; the wire sees the addresses of one of the
 * session's *paths*.  A handover is one store to segue_session.active.  A soft
 * handover sends by a second path as well, segue_session.copy, before and after.
 *
 * Map "session": hash, __u32 session id -> struct segue_session.
 * Map "sa":      hash, struct segue_sa_key -> struct segue_sa.
 *
 * Who writes: user space creates and removes whole entries, and changes them
 * only through the programs of bpf/control.bpf.c (loader/control.h wraps both),
 * so that a change never loses a switch that the data path made in the meantime.
 * The data path itself writes the word of active, generation, switched_*,
 * refused_*, highest, copied_ms and the state of a path.
 * Who reads: egress steering, ingress restore, the return switch, `segue`.
 */
#ifndef SEGUE_SESSION_H
#define SEGUE_SESSION_H

#include "addr.h"

enum {
	SEGUE_MAX_PATHS = 16,		/* per session; a power of two, it masks */
	SEGUE_MAX_CHILDREN = 8,		/* ways of a session; likewise */
	SEGUE_MAX_SESSIONS = 4096,	/* default size of map "session" */
	SEGUE_MAX_SAS = 16384,		/* default size of map "sa" */
	SEGUE_NAME_SIZE = 32,		/* with its NUL; longer names are cut */
};

#define SEGUE_NO_PATH 0xff

enum segue_path_flag {
	/* There is something in this slot. */
	SEGUE_PATH_USED = 1 << 0,
	/* May carry what we send: we have the address and a route. */
	SEGUE_PATH_EGRESS = 1 << 1,
	/*
	 * Verified: IKE authenticated the peer's address and a COOKIE2
	 * routability check (RFC 4555 3.7) reached it.  Only then may the return
	 * direction follow packets of this path (bpf/ingress.h says what is restored
	 * from elsewhere); among live egress paths a verified one is always taken first.
	 */
	SEGUE_PATH_VERIFIED = 1 << 2,
	/*
	 * Costs money, or the peer wants nothing there unless it must: no copies but
	 * on the way to it, and seldom probed while it is idle.
	 */
	SEGUE_PATH_METERED = 1 << 3,
};

enum segue_path_state {
	SEGUE_PATH_UNKNOWN = 0,		/* not probed, or never answered */
	SEGUE_PATH_ALIVE = 1,
	SEGUE_PATH_SUSPECT = 2,		/* used as before, but probed in a burst */
	SEGUE_PATH_DEAD = 3,		/* not used while there is another */
};

/*
 * What the wire sees.  A path keeps its slot for as long as it exists; slots
 * say nothing about preference.
 */
struct segue_path {
	struct segue_addr local;	/* source of what we send */
	struct segue_addr remote;	/* destination of what we send */
	__u32 ifindex;			/* device it leaves by, 0: empty slot */
	__be16 local_port;		/* ESP-in-UDP (RFC 3948) only, else 0 */
	__be16 remote_port;		/* likewise */
	__u16 priority;			/* lower is better; equal: lower slot */
	__u8 flags;			/* enum segue_path_flag */
	__u8 link;			/* bit of this device in links_up */
	/* the probe's (probe.h); control_probe and the data path write them */
	__u16 probe;			/* index in map "probe", 0: not probed */
	__u8 state;			/* enum segue_path_state */
	__u8 reserved;
};

enum segue_session_flag {
	/*
	 * The peer leads (RFC 4555 3.5: the initiator decides, so we are the
	 * responder): the return direction follows the newest authenticated
	 * packet.  A leader follows only when the peer's address changed.
	 */
	SEGUE_SESSION_FOLLOW = 1 << 0,
	/* The peer runs segue too: it restores what we rewrite. */
	SEGUE_SESSION_PEER = 1 << 1,
	/* its SAs in transport mode follow the addresses: none of them is in map sa */
	SEGUE_SESSION_MOVED = 1 << 2,
	/*
	 * What goes the session's way goes by a second path as well while nobody knows
	 * whether the first one works: the leader's while its probes suspect it
	 * (bpf/probe_judge.h), the follower's after it followed (bpf/return.h).
	 */
	SEGUE_SESSION_COPY_SUSPECT = 1 << 3,
};

/*
 * How long after a switch another SA of the same session cannot undo it, and
 * how long a leader ignores the peer's old path: packets that were on their way
 * when the switch happened must not pull the session back.  ns.
 */
#define SEGUE_FOLLOW_HOLD_NS 200000000ULL

/*
 * A way: by which path something is sent.  The session has one, and each CHILD_SA
 * that was given a number (segue_sa.child) may have another; until it has, and if
 * it shall no longer have, it goes the session's.
 */
struct segue_way {
	/* One word of 64 bits, changed only as a whole (bpf/path.h): whoever sees a
	 * switch sees when and why it was. */
	__u8 active;			/* slot in path[] that we send by; of a CHILD_SA,
					 * SEGUE_NO_PATH: it goes the session's way */
	__u8 copy;			/* slot that we send by as well, or SEGUE_NO_PATH */
	__u8 flags;			/* of the session: enum segue_session_flag; else 0 */
	__u8 reason;			/* enum segue_reason of the last switch */
	__u32 switched_ms;		/* time of the last switch, 0: never; see below */
	/* Another one: the inbound SPI that caused the switch at switched_by_ms, or
	 * 0; says nothing of a switch at another time. */
	__be32 switched_by;
	__u32 switched_by_ms;
	__u64 switched_ns;		/* for people, who do not mind that it comes after */
	__u64 copy_until;		/* CLOCK_MONOTONIC; copies are sent no later, ns */
	__u32 generation;		/* switches so far */
	__u32 reserved;
};

struct segue_session {
	struct segue_addr local;	/* canonical pair: what XFRM knows */
	struct segue_addr remote;
	union {				/* the session's own way, by its fields, too */
		struct segue_way way;
		struct {
			__u8 active;
			__u8 copy;
			__u8 flags;
			__u8 reason;
			__u32 switched_ms;
			__be32 switched_by;
			__u32 switched_by_ms;
			__u64 switched_ns;
			__u64 copy_until;
			__u32 generation;
		};
	};
	/* First octets of SHA-256 over the type and encoding of the peer's IKE identity, 0 if
	 * unknown: by it the agent knows the peer again after a restart. */
	__u64 peer;
	__be16 local_port;		/* canonical ports of the UDP */
	__be16 remote_port;		/* encapsulation, 0 without it */
	__u32 ike;			/* strongSwan's unique id of the IKE_SA now */
	char name[SEGUE_NAME_SIZE];	/* connection name, NUL-terminated */
	/* coarse time of the last refusal told about: at most one event in 2 s each */
	__u16 refused_egress;		/* NO_LIVE_PATH */
	__u16 refused_ingress;		/* UNVERIFIED_PATH */
	struct segue_way child[SEGUE_MAX_CHILDREN];	/* by segue_sa.child; 0 is not used */
	struct segue_path path[SEGUE_MAX_PATHS];
};

/* The way that a CHILD_SA goes; child as in segue_sa, in range. */
static inline const struct segue_way *
segue_way_of(const struct segue_session *s, __u8 child)
{
	return child && s->child[child].active != SEGUE_NO_PATH ? &s->child[child] : &s->way;
}

/* copy_until: until it is changed */
#define SEGUE_COPY_ALWAYS (~0ULL)

/*
 * The slot that packets are copied to, or SEGUE_NO_PATH: copies go by verified
 * paths only, for nobody shall get them who did not ask.  Nothing is copied while
 * that path's link is down; that is not looked at here.
 */
static inline __u8 segue_copy_slot(const struct segue_session *s, __u64 now_ns)
{
	const __u8 wanted = SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;

	if (s->copy >= SEGUE_MAX_PATHS || s->copy == s->active || now_ns > s->copy_until ||
	    (s->path[s->copy].flags & wanted) != wanted)
		return SEGUE_NO_PATH;
	return s->copy;
}

/* CLOCK_MONOTONIC as switched_ms has it: wraps after 49 days, is never 0. */
static inline __u32 segue_coarse_ms(__u64 ns)
{
	__u32 ms = (__u32)(ns / 1000000);

	return ms ? ms : 1;
}

/*
 * Was the last switch less than so many ns ago?  switched_ms may lie a little ahead: two
 * switches never bear the same time.
 */
#define SEGUE_AHEAD_MS 1000
static inline int segue_within(__u32 switched_ms, __u64 now_ns, __u64 ns)
{
	return switched_ms && segue_coarse_ms(now_ns) + SEGUE_AHEAD_MS - switched_ms <
			      SEGUE_AHEAD_MS + (__u32)(ns / 1000000);
}

/* Is it so recent that SEGUE_FOLLOW_HOLD_NS counts? */
static inline int segue_recent(__u32 switched_ms, __u64 now_ns)
{
	return segue_within(switched_ms, now_ns, SEGUE_FOLLOW_HOLD_NS);
}

/*
 * Inbound SPIs are ours and unique (the agent sees to it), and the address on
 * the wire may be that of any path: the SPI alone is the key.  Outbound SPIs are
 * the peer's, and two peers may choose the same: the canonical remote address
 * is part of the key, and is compared in full after the look-up.
 */
struct segue_sa_key {
	__be32 spi;
	__u32 peer;			/* 0 inbound, segue_addr_fold(canonical remote) outbound */
};

enum segue_sa_mode {			/* values of XFRM_MODE_*, linux/xfrm.h */
	SEGUE_SA_TRANSPORT = 0,
	SEGUE_SA_TUNNEL = 1,
	SEGUE_SA_BEET = 4,
};

enum segue_sa_flag {
	SEGUE_SA_INBOUND = 1 << 0,
	SEGUE_SA_ENCAP = 1 << 1,	/* ESP-in-UDP */
};

struct segue_sa {
	__u32 session;			/* key in map "session" */
	__u32 reqid;			/* as in XFRM and swanctl */
	__u8 mode;			/* enum segue_sa_mode */
	__u8 flags;			/* enum segue_sa_flag */
	__u8 child;			/* number of its CHILD_SA's way; 0: the session's */
	__u8 reserved;
	__u32 highest;			/* inbound: highest authenticated sequence number, host
					 * order; 0: none yet (bpf/return.h) */
	__u32 copied_ms;		/* inbound: when a packet last came twice, by two paths;
					 * as segue_session.switched_ms */
};

#endif
