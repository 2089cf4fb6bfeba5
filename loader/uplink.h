/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uplink: one network device under segue.  Attaching it means: ingress restore
 * (XDP through libxdp's dispatcher, else tc), an entry in map "link", its
 * addresses in map "addr", rp_filter at most loose.  Used by `segue attach` and
 * by the agent when a device is plugged in again under the name it had.
 */
#ifndef SEGUE_UPLINK_H
#define SEGUE_UPLINK_H

#include <stdbool.h>
#include <linux/types.h>

struct segue;
struct rtnl;

enum uplink_ingress { UPLINK_AUTO, UPLINK_XDP, UPLINK_TC };

/*
 * Harmless where it is attached already (0).  -ENODEV: no such device.
 * Rolls back what it did on failure.  why (size octets, may be NULL): what went
 * wrong or what was degraded, for a person; empty if nothing.
 */
int uplink_attach(struct segue *segue, struct rtnl *rtnl, const char *name,
		  enum uplink_ingress ingress, char *why, unsigned int size);
/* IPv6 routes by the attached devices, and the rules that lead there, by the names that
 * they have now: to be called whenever routes changed (why: rtnl_mirror.c). */
int uplink_routes(struct segue *segue, struct rtnl *rtnl);

/* Also cleans up after a device that is gone, or was renamed: by the name that it has,
 * else by the one that it had at attach. */
int uplink_detach(struct segue *segue, struct rtnl *rtnl, const char *name);

/* By its number.  -EBADMSG: its entry is broken and stays, so that nobody knows what
 * rp_filter was; all else is undone. */
int uplink_detach_index(struct segue *segue, struct rtnl *rtnl, __u32 ifindex);

#endif
