/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peer: what the two ends of a session have told each other, as the agent knows it.
 * For people only: no packet and no decision of the data path depends on it.
 *
 * Map "peer": hash, __u32 session id -> struct segue_peer.  The agent writes whole
 * entries as things change; an entry goes with its session, and stays with it when
 * charon is killed.  A session without an entry: nothing is known.
 */
#ifndef SEGUE_PEER_H
#define SEGUE_PEER_H

#include "session.h"

enum {
	/* of both ends; MOBIKE-X lets each have 16 and the one in use, what is beyond
	 * that is not shown */
	SEGUE_MAX_PEER_ADDRS = 34,
};

enum segue_side { SEGUE_SIDE_OURS = 0, SEGUE_SIDE_PEER = 1 };

/* Return routability checks by COOKIE2 (RFC 4555 3.7) */
enum segue_check {
	SEGUE_CHECK_NEVER = 0,		/* not asked yet; of ours: the peer never asked there */
	SEGUE_CHECK_PENDING = 1,	/* asked, and will be asked again */
	SEGUE_CHECK_VERIFIED = 2,	/* answered from there; of ours: we answered from there */
	SEGUE_CHECK_FAILED = 3,		/* given up or withdrawn */
	SEGUE_CHECKS,
};

struct segue_peer_addr {
	struct segue_addr addr;
	__u64 since_ns;			/* CLOCK_MONOTONIC; announced, or used first */
	__u64 checked_ns;		/* last answer, or the lack of one; 0: none yet */
	__u16 preference;		/* lower is better (IP_PARAMETER) */
	__u8 side;			/* enum segue_side */
	__u8 check;			/* enum segue_check */
	__u32 reserved;
};

struct segue_peer_path {		/* of segue_session.path[] with the same index */
	__u64 live_ns;			/* since when it can carry packets, 0: it cannot */
	__u64 leaving_ns;		/* its address is gone: until when packets are still
					 * taken from it; 0: it stays */
	__u64 held_ns;			/* hold-down: until when it is not gone back to; ~0: while
					 * it is down, and after that; 0: none */
};

struct segue_peer {
	__u64 since_ns;			/* the session was made */
	__u16 capabilities;		/* enum mobikex_capability; what the peer said */
	__u16 offered;			/* what we say */
	struct segue_addr in_use;	/* our address that the peer uses, by its last answer;
					 * all zero: unknown */
	__u8 version;			/* of MOBIKE-X, as negotiated; 0: RFC 4555 alone */
	__u8 addrs;			/* used elements of addr[] */
	__u16 reserved;
	struct segue_peer_path path[SEGUE_MAX_PATHS];
	struct segue_peer_addr addr[SEGUE_MAX_PEER_ADDRS];
};

#endif
