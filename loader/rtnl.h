/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink, as little of it as segue needs, over libmnl.  Used by the CLI and
 * by the agent.  Every function returns 0 or a negative errno.
 */
#ifndef SEGUE_RTNL_H
#define SEGUE_RTNL_H

#include <stdbool.h>
#include <segue/addr.h>

/*
 * Who made a rule or a route (rtm_protocol, FRA_PROTOCOL): how ours are told
 * from others'.  `ip rule` and `ip route` print it.  Free in the kernel's
 * rtnetlink.h and in iproute2's rt_protos; the same as SEGUE_RULE_PRIORITY.
 */
enum { RTNL_PROTOCOL = 219 };

struct rtnl;				/* one netlink socket; not for two threads at once */

int rtnl_open(struct rtnl **out);
void rtnl_close(struct rtnl *rtnl);

/* The stable interface: a dummy that is up, without ARP.  add: -EEXIST. */
int rtnl_device_add(struct rtnl *rtnl, const char *name, unsigned int mtu);
int rtnl_device_set_mtu(struct rtnl *rtnl, const char *name, unsigned int mtu);
int rtnl_device_del(struct rtnl *rtnl, const char *name);

/* Our rule, both families: `iif lo lookup TABLE` at PRIORITY. */
int rtnl_rule_add(struct rtnl *rtnl, unsigned int table, unsigned int priority);
int rtnl_rule_del(struct rtnl *rtnl, unsigned int table, unsigned int priority);

/*
 * IPv6, for an uplink: `iif lo oif DEVICE lookup TABLE` at PRIORITY, before our
 * rule, and in that table the routes of main that leave by the device.  Why:
 * rtnl_mirror.c.  A rule goes by name, and after a rename it is whoever's has the
 * name next: add removes those to this table that name another device; 0 if there
 * already.  rtnl_mirror() brings the table up to date; to be called whenever routes
 * changed.
 */
int rtnl_rule_uplink_add(struct rtnl *rtnl, const char *device, unsigned int table,
			 unsigned int priority);
int rtnl_rule_uplink_del(struct rtnl *rtnl, unsigned int table);
int rtnl_mirror(struct rtnl *rtnl, unsigned int ifindex, unsigned int table);
int rtnl_mirror_remove(struct rtnl *rtnl, unsigned int ifindex, unsigned int table);

/* Removes every rule of ours (RTNL_PROTOCOL), both families; how many they were. */
int rtnl_rules_flush(struct rtnl *rtnl);

/* A host address (/32, /128, no duplicate address detection).  add: 0 if there already. */
int rtnl_addr_add(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr);
int rtnl_addr_del(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr);

/*
 * Forget a neighbour, with the packets that wait for its answer.  Without a route
 * by a device the kernel takes every destination for a neighbour there; TCP sends
 * nothing again as long as the first copy waits (skb_still_in_host_queue()).
 */
int rtnl_neighbour_del(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr);

/* Forget all that were learned on a device: the next packet asks again. */
int rtnl_neighbours_flush(struct rtnl *rtnl, unsigned int ifindex);

/* Route prefix -> device in table, with preferred source (NULL: none).  add replaces. */
int rtnl_route_add(struct rtnl *rtnl, unsigned int table, const struct segue_addr *prefix,
		   unsigned int prefixlen, unsigned int ifindex, const struct segue_addr *source);
int rtnl_route_del(struct rtnl *rtnl, unsigned int table, const struct segue_addr *prefix,
		   unsigned int prefixlen);

/* Is there a route to addr that leaves by this device from this source?  0 or -ENETUNREACH. */
int rtnl_route_check(struct rtnl *rtnl, const struct segue_addr *addr, unsigned int ifindex,
		     const struct segue_addr *source);

/* The device and the prefix of the route that a packet of this host to addr would take.
 * ifindex: by this device, 0: by any; IPv6 may answer with another one all the same. */
int rtnl_route_match(struct rtnl *rtnl, const struct segue_addr *addr, unsigned int *ifindex,
		     unsigned int *prefixlen);

/*
 * The path MTU that the kernel has for addr, as XFRM sees it; 0: that of the device.
 * A router said so, or a route does.
 */
int rtnl_route_mtu(struct rtnl *rtnl, const struct segue_addr *addr,
		   const struct segue_addr *source, unsigned int *mtu);

/* Are there no filters at the clsact qdisc of this device?  1 or 0, or an error. */
int rtnl_clsact_empty(struct rtnl *rtnl, unsigned int ifindex);

struct rtnl_link {
	unsigned int ifindex;
	char name[16];
	unsigned int mtu;
	unsigned int type;		/* ARPHRD_* */
	bool admin_up;			/* IFF_UP */
	bool carrier;			/* IFF_LOWER_UP / IFLA_CARRIER */
};

struct rtnl_addr {
	unsigned int ifindex;
	struct segue_addr addr;
	unsigned int prefixlen;
	unsigned char scope;		/* RT_SCOPE_* */
	bool tentative;			/* IPv6: not usable yet */
};

/* Everything there is; each callback's return value other than 0 ends the dump. */
int rtnl_links(struct rtnl *rtnl, int (*fn)(void *, const struct rtnl_link *), void *context);
int rtnl_addrs(struct rtnl *rtnl, int (*fn)(void *, const struct rtnl_addr *), void *context);

/* Changes as they happen: a socket of its own, to be polled. */
struct rtnl_watch;
struct rtnl_watch_ops {
	void (*link)(void *context, const struct rtnl_link *link, bool gone);
	void (*addr)(void *context, const struct rtnl_addr *addr, bool gone);
	void (*route)(void *context);	/* some route changed */
	void (*overrun)(void *context);	/* messages were lost: dump again */
};
int rtnl_watch_open(const struct rtnl_watch_ops *ops, void *context, struct rtnl_watch **out);
void rtnl_watch_close(struct rtnl_watch *watch);
int rtnl_watch_fd(const struct rtnl_watch *watch);
int rtnl_watch_read(struct rtnl_watch *watch);	/* everything that waits; 0 or error */

#endif
