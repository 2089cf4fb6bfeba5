/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link: a network device that segue was attached to.
 *
 * Map "link": hash, __u32 ifindex -> struct segue_link.  The loader creates and
 * removes entries; the link watch (bpf/link.bpf.c, or rtnetlink in the agent
 * where fentry is refused) keeps their state.  To choose a path, egress steering
 * reads only segue_state.links_up, one bit a link, so that it needs no look-up.
 *
 * Map "addr": hash, struct segue_addr -> __u32 ifindex.  The addresses of those
 * devices, for what enters segue0 and belongs to no SA (IKE itself, first of
 * all): it leaves by the device that owns its source address, and a source that
 * no device owns is dropped, never let out in clear somewhere else.  Written by
 * the loader at attach and by the agent as addresses come and go.
 */
#ifndef SEGUE_LINK_H
#define SEGUE_LINK_H

#include "addr.h"

enum {
	SEGUE_MAX_LINKS = 64,		/* bits of segue_state.links_up */
	SEGUE_MAX_ADDRS = 1024,
	SEGUE_IFNAME_SIZE = 16,		/* IFNAMSIZ, linux/if.h */
};

enum segue_link_flag {
	SEGUE_LINK_CARRIER = 1 << 0,	/* netif_carrier_ok() */
	SEGUE_LINK_ADMIN_UP = 1 << 1,	/* IFF_UP */
	SEGUE_LINK_PRESENT = 1 << 2,	/* not being unregistered */
	SEGUE_LINK_UP = SEGUE_LINK_CARRIER | SEGUE_LINK_ADMIN_UP | SEGUE_LINK_PRESENT,
	/* `segue link DEV drain`: it is about to be taken away, nothing is sent by it any
	 * more; until it goes down or is resumed */
	SEGUE_LINK_DRAINED = 1 << 3,
	/* how packets come in; one of these is set */
	SEGUE_LINK_XDP = 1 << 4,
	SEGUE_LINK_TC = 1 << 5,
	/* its radio signal is low: it still carries packets, but for how long? Whoever can
	 * go elsewhere does; until the signal is good again, or the link goes down */
	SEGUE_LINK_WEAK = 1 << 6,
};

/* May packets leave by it?  What links_up says, too. */
static inline int segue_link_is_up(__u8 flags)
{
	return (flags & (SEGUE_LINK_UP | SEGUE_LINK_DRAINED)) == SEGUE_LINK_UP;
}

#define SEGUE_RP_FILTER_KEPT 0xff

struct segue_link {
	char name[SEGUE_IFNAME_SIZE];	/* NUL-terminated */
	__u8 bit;			/* in links_up, below SEGUE_MAX_LINKS; attach order */
	__u8 flags;			/* enum segue_link_flag */
	__u8 reason;			/* enum segue_reason of the last change */
	__u8 rp_filter;			/* net.ipv4.conf.DEV.rp_filter before attach changed
					 * it, or SEGUE_RP_FILTER_KEPT */
	__u32 downs;			/* times it went down since attach */
	__u64 changed_ns;		/* CLOCK_MONOTONIC of the last change, 0: never */
};

/*
 * Global variables that every program shares: map "state", one entry.
 * Changed with atomic operations only.
 */
struct segue_state {
	__u64 links_up;			/* bit segue_link.bit: link is up */
	__u32 version;			/* SEGUE_MAP_VERSION of who created the pins */
	__u32 netns;			/* inode number of the network namespace */
	__u64 links_used;		/* bit segue_link.bit: taken by a device */
	/* Grows with every change of a link, session, path or SA, after the change:
	 * decisions that the data path remembers (bpf/flow.h) are then void.  Only
	 * BPF programs change what a decision rests on, and the epoch with it:
	 * they run to their end, whatever becomes of the process that asked. */
	__u32 epoch;
	__u32 searched_ms;		/* segue_coarse_ms(): until then no session is searched
					 * that a router's "too big" may be about */
};

#endif
