/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: what happened, when and why, for the agent and for `segue monitor`.
 *
 * Map "readers": array of ring buffers.  A BPF ring buffer has one consumer, so
 * each reader brings its own and puts it into a slot; every event goes to every
 * ring.  Slot 0 is the agent's; a monitor takes one of the others, holding a
 * lock on SEGUE_RUN_DIR/monitor.SLOT for as long as it reads.  A full ring
 * loses events of its own reader only, and events_lost counts them.
 */
#ifndef SEGUE_EVENT_H
#define SEGUE_EVENT_H

#include <linux/types.h>

enum {
	SEGUE_MAX_READERS = 8,
	SEGUE_READER_AGENT = 0,
	SEGUE_RING_SIZE = 64 * 1024,	/* octets; a power of two and whole pages */
};

enum segue_event_type {
	SEGUE_EVENT_LINK = 1,		/* a link went up or down: ifindex, to = 1 up, 0 down */
	SEGUE_EVENT_PATH = 2,		/* a path changed: session, to = slot */
	SEGUE_EVENT_SWITCH = 3,		/* a handover: session, from, to (slots) */
	SEGUE_EVENT_REFUSAL = 4,	/* something was refused: reason says what */
	SEGUE_EVENT_EXCHANGE = 5,	/* IKE said or heard something: session, reason says what */
	SEGUE_EVENT_WISH = 6,		/* MANUAL: a person wants a CHILD_SA by a path of its own, of
					 * which the peer has to be told first: session, child, to,
					 * window_ms; another reason: why that cannot be */
};

enum segue_reason {
	SEGUE_REASON_NONE = 0,
	/* why a link changed */
	SEGUE_REASON_CARRIER_LOST = 1,
	SEGUE_REASON_CARRIER_BACK = 2,
	SEGUE_REASON_ADMIN_DOWN = 3,
	SEGUE_REASON_ADMIN_UP = 4,
	SEGUE_REASON_UNPLUGGED = 5,
	SEGUE_REASON_PLUGGED = 6,
	SEGUE_REASON_TX_TIMEOUT = 7,
	SEGUE_REASON_DRAINED = 8,	/* `segue link DEV drain`; of a switch as well */
	SEGUE_REASON_RESUMED = 9,	/* `segue link DEV resume` */
	SEGUE_REASON_SIGNAL_LOW = 10,	/* its radio signal fell below signal_low; of a switch as well */
	SEGUE_REASON_SIGNAL_LOST = 11,	/* its access point is heard no more; likewise */
	SEGUE_REASON_SIGNAL_GOOD = 12,	/* neither any more */
	SEGUE_REASON_DETACHED = 13,	/* it is no uplink any more: `segue detach DEV`, or after
					 * UNPLUGGED by the agent */
	/* why a session switched */
	SEGUE_REASON_LINK_DOWN = 16,	/* egress found the active path's link dead */
	SEGUE_REASON_PEER_MOVED = 17,	/* an authenticated packet came by another path */
	SEGUE_REASON_MANUAL = 18,	/* `segue switch` */
	SEGUE_REASON_FAILBACK = 19,	/* a better path stayed up long enough */
	SEGUE_REASON_IKE_UPDATE = 20,	/* IKE moved the SA (UPDATE_SA_ADDRESSES) */
	SEGUE_REASON_ADDRESS_GONE = 21,	/* the active path's local address went away */
	SEGUE_REASON_PREFERRED = 22,	/* a CHILD_SA goes by the device that its setting names */
	SEGUE_REASON_PATH_DIED = 23,	/* the active path answers no probes any more */
	SEGUE_REASON_UNACCEPTABLE = 24,	/* the peer does not accept the addresses of the path */
	/* why a path changed */
	SEGUE_REASON_PATH_ADDED = 32,
	SEGUE_REASON_PATH_VERIFIED = 33,
	SEGUE_REASON_PATH_REMOVED = 34,
	SEGUE_REASON_PATH_SUSPECT = 35,	/* a probe was not answered in its time */
	SEGUE_REASON_PATH_SILENT = 36,	/* suspect, too: we send, and nothing comes back */
	SEGUE_REASON_PATH_DEAD = 37,	/* nor did any of a burst; another path answers */
	SEGUE_REASON_PATH_BACK = 38,	/* a dead path answers again */
	SEGUE_REASON_PATH_DEGRADED = 39,	/* its probes tell of more loss or delay than is wanted;
					 * of a switch as well */
	SEGUE_REASON_PATH_WELL = 40,	/* no more */
	SEGUE_REASON_PATH_HELD = 41,	/* hold-down: it was lost, and is not trusted at once */
	SEGUE_REASON_PATH_RELEASED = 42,	/* it has been well for long enough */
	/* what was refused */
	SEGUE_REASON_NO_LIVE_PATH = 48,	/* no path of the session can carry the packet */
	SEGUE_REASON_UNVERIFIED_PATH = 49, /* known SPI from an address that is not verified */
	SEGUE_REASON_CHECK_FAILED = 50,	/* COOKIE2 did not come back from an address */
	SEGUE_REASON_MAP_FULL = 51,
	SEGUE_REASON_NOT_OWNED = 52,	/* peer announced an address that cannot be its own */
	SEGUE_REASON_NAT = 53,		/* a NAT before a peer that allows none (RFC 4555 3.9) */
	/* an operation of the peer (docs/mobike-x.md): plus enum mobikex_refusal */
	SEGUE_REASON_OPERATION = 64,
	/* what was exchanged (docs/mobike-x.md), both ends seen from here */
	SEGUE_REASON_TOLD_ADD = 96,
	SEGUE_REASON_TOLD_REMOVE = 97,
	SEGUE_REASON_TOLD_UPDATE = 98,
	SEGUE_REASON_ASKED_CHECK = 99,
	SEGUE_REASON_PEER_ADD = 104,
	SEGUE_REASON_PEER_REMOVE = 105,
	SEGUE_REASON_PEER_UPDATE = 106,
	SEGUE_REASON_PEER_REFUSED = 107,	/* OPERATION_REFUSED or UNACCEPTABLE_ADDRESSES */
	SEGUE_REASON_PEER_FOLLOWED = 110,	/* it answered that it knows where we are */
};

struct segue_event {
	__u64 ns;			/* CLOCK_MONOTONIC (bpf_ktime_get_ns) */
	__u8 type;			/* enum segue_event_type */
	__u8 reason;			/* enum segue_reason */
	__u8 from;			/* path slot or SEGUE_NO_PATH */
	__u8 to;			/* path slot, or link state */
	__u32 session;			/* session id, 0: none */
	__u32 ifindex;			/* 0: none */
	__be32 spi;			/* 0: none */
	/* SWITCH by LINK_DOWN: when the link went down; by PATH_DIED, and PATH with
	 * PATH_DEAD: when the path's last answer came; else 0 */
	__u64 cause_ns;
	__u8 child;			/* SWITCH: segue_sa.child, 0: the session's way; WISH: whose
					 * it is */
	__u8 reserved[3];
	__u32 window_ms;		/* WISH: softly, by both for so long before and after; 0: now */
};

#endif
