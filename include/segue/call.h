/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What user space hands to the programs of bpf/control.bpf.c.  Each returns 0 or
 * a negative errno.  Only loader/control*.c uses them.
 */
#ifndef SEGUE_CALL_H
#define SEGUE_CALL_H

#include "event.h"
#include "session.h"

struct segue_call_switch {		/* program control_switch */
	__u32 session;
	__u8 slot;
	__u8 reason;			/* enum segue_reason */
	__u8 soft;			/* the old path is the copy, until copy_until */
	__u8 child;			/* whose way; 0: the session's */
	__u64 copy_until;
};

struct segue_call_copy {		/* program control_copy */
	__u32 session;
	__u8 slot;			/* SEGUE_NO_PATH: no copies any more */
	__u8 child;			/* as above */
	__u16 reserved;
	__u64 copy_until;
};

struct segue_call_path {		/* program control_path */
	__u32 session;
	__u8 slot;
	__u8 reason;
	__u16 reserved;
	struct segue_path path;		/* flags without SEGUE_PATH_USED: empties the slot */
};

enum segue_call_session_change {
	SEGUE_CALL_RENAME = 1 << 0,	/* ike and name */
	SEGUE_CALL_FLAGS = 1 << 1,
};

struct segue_call_session {		/* program control_session */
	__u32 session;
	__u32 ike;
	char name[SEGUE_NAME_SIZE];
	__u8 change;			/* enum segue_call_session_change */
	__u8 flags;			/* enum segue_session_flag */
	__u16 reserved;
};

enum segue_call_drain {
	SEGUE_CALL_DRAIN = 1,
	SEGUE_CALL_RESUME = 2,
	SEGUE_CALL_WEAK = 3,		/* with a reason */
	SEGUE_CALL_STRONG = 4,
};

struct segue_call_link {		/* program control_link */
	__u32 ifindex;
	__u8 flags;			/* those of SEGUE_LINK_UP */
	__u8 reason;
	__u8 drain;			/* enum segue_call_drain, and flags do not count; or 0 */
	__u8 reserved;
};

enum segue_call_what { SEGUE_CALL_SESSION, SEGUE_CALL_SA, SEGUE_CALL_LINK };

struct segue_call_delete {		/* program control_delete */
	__u8 what;			/* enum segue_call_what */
	__u8 reserved[3];
	__u32 number;			/* session id or ifindex */
	struct segue_sa_key sa;
};

struct segue_call_probe {		/* program control_probe */
	__u32 session;
	__u8 slot;
	__u8 multiplier;
	__u16 index;			/* in map "probe"; 0: the path is not probed any more */
	__u64 key;
	__u64 interval_ns;
};

/* program control_event takes a struct segue_event; it sets ns */

#endif
