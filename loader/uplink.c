// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An uplink, piece by piece: ingress restore, its IPv6 routes, rp_filter, its
 * addresses, and last the entry in map "link", which makes it count.  Taken
 * apart in the opposite order.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include <segue/host.h>
#include "control.h"
#include "ingress.h"
#include "rtnl.h"
#include "sysctl.h"
#include "uplink.h"

/* Of a device's own IPv6 routes, and the rule that leads there. */
static unsigned int uplink_table(unsigned int ifindex)
{
	return SEGUE_TABLE_UPLINK + ifindex;
}

static int routes_add(struct rtnl *rtnl, const struct rtnl_link *device)
{
	unsigned int table = uplink_table(device->ifindex);
	int err = rtnl_mirror(rtnl, device->ifindex, table);

	if (err)
		return err;
	return rtnl_rule_uplink_add(rtnl, device->name, table, SEGUE_RULE_PRIORITY - 1);
}

/* A rule names its device and outlives it; routes do not. */
static int routes_del(struct rtnl *rtnl, unsigned int ifindex)
{
	unsigned int table = uplink_table(ifindex);
	int err = rtnl_rule_uplink_del(rtnl, table);
	int err_routes = rtnl_mirror_remove(rtnl, ifindex, table);

	return err ? err : err_routes;
}

struct search {
	const char *name;
	struct rtnl_link found;
};

static int device_named(void *context, const struct rtnl_link *device)
{
	struct search *search = context;

	if (strcmp(search->name, device->name))
		return 0;
	search->found = *device;
	return 1;
}

static int find_device(struct rtnl *rtnl, const char *name, struct rtnl_link *out)
{
	struct search search = { .name = name };
	int ret = rtnl_links(rtnl, device_named, &search);

	if (ret <= 0)
		return ret ? ret : -ENODEV;
	*out = search.found;
	return 0;
}

/* The entry of map "link" with this name; gone: whose device is there no more, not
 * under another name either. */
static int find_entry(struct segue *segue, const char *name, bool gone, __u32 *out)
{
	char now[IF_NAMESIZE];
	struct segue_link entry;
	__u32 ifindex = 0;
	int err;

	while (!(err = segue_link_next(segue, &ifindex))) {
		err = segue_link_get(segue, ifindex, &entry);
		if (err == -ENOENT || err == -EBADMSG)
			continue;
		if (err)
			return err;
		if (strcmp(name, entry.name) || (gone && if_indextoname(ifindex, now)))
			continue;
		*out = ifindex;
		return 0;
	}
	return err;
}

static __u8 link_flags(const struct rtnl_link *device)
{
	return SEGUE_LINK_PRESENT | (device->admin_up ? SEGUE_LINK_ADMIN_UP : 0) |
	       (device->carrier ? SEGUE_LINK_CARRIER : 0);
}

/* SEGUE_RP_FILTER_KEPT unless it had to be changed. */
static __u8 loosen_rp_filter(const char *name, char *why, unsigned int size)
{
	int before = rp_filter_get(name), err;

	if (before < 0 || rp_filter_effective(name) != 1)
		return SEGUE_RP_FILTER_KEPT;
	err = rp_filter_set(name, 2);
	if (err) {
		why_add(why, size, "rp_filter stays strict (%s): packets that come by another "
			"path will be dropped", strerror(-err));
		return SEGUE_RP_FILTER_KEPT;
	}
	why_add(why, size, "rp_filter %d -> 2", before);
	return before;
}

/* Whoever changed it meanwhile meant it. */
static int restore_rp_filter(const char *name, __u8 before)
{
	if (before == SEGUE_RP_FILTER_KEPT || rp_filter_get(name) != 2)
		return 0;
	return rp_filter_set(name, before);
}

struct addresses {
	struct segue *segue;
	unsigned int ifindex;
};

/* Link-local addresses are the same on many links, and no peer is reached so. */
static int put_address(void *context, const struct rtnl_addr *addr)
{
	struct addresses *addresses = context;

	if (addr->ifindex != addresses->ifindex || addr->scope >= RT_SCOPE_LINK)
		return 0;
	return segue_addr_put(addresses->segue, &addr->addr, addr->ifindex);
}

struct heir {
	struct segue *segue;
	const struct segue_addr *addr;
	unsigned int from;
	unsigned int to;		/* 0: none found */
};

/* Attached, too, and has the same address. */
static int find_heir(void *context, const struct rtnl_addr *addr)
{
	struct heir *heir = context;
	struct segue_link link;

	if (addr->ifindex != heir->from && segue_addr_equal(&addr->addr, heir->addr) &&
	    !segue_link_get(heir->segue, addr->ifindex, &link))
		heir->to = addr->ifindex;
	return heir->to != 0;
}

/* What another uplink has as well is that one's from now on. */
static int pass_address(struct segue *segue, struct rtnl *rtnl, const struct segue_addr *addr,
			unsigned int ifindex)
{
	struct heir heir = { .segue = segue, .addr = addr, .from = ifindex };

	rtnl_addrs(rtnl, find_heir, &heir);
	return heir.to ? segue_addr_put(segue, addr, heir.to) : segue_addr_del(segue, addr);
}

static void del_addresses(struct segue *segue, struct rtnl *rtnl, unsigned int ifindex)
{
	struct segue_addr addr = {};
	__u32 owner;

	while (!segue_addr_next(segue, &addr, &owner)) {
		if (owner != ifindex)
			continue;
		if (pass_address(segue, rtnl, &addr, ifindex))
			return;
		/* a deleted key has no successor: from the beginning again */
		memset(&addr, 0, sizeof(addr));
	}
}

/* What happened between the look and the entry, before which nobody watched. */
static void catch_up(struct segue *segue, struct rtnl *rtnl, const char *name, __u8 flags)
{
	struct rtnl_link now;

	enum segue_reason reason;

	if (find_device(rtnl, name, &now) || link_flags(&now) == flags)
		return;
	reason = !now.admin_up ? SEGUE_REASON_ADMIN_DOWN :
		 !now.carrier ? SEGUE_REASON_CARRIER_LOST : SEGUE_REASON_CARRIER_BACK;
	segue_link_set(segue, now.ifindex, link_flags(&now), reason);
}

static int attach_device(struct segue *segue, struct rtnl *rtnl, const struct rtnl_link *device,
			 enum uplink_ingress ingress, char *why, unsigned int size)
{
	struct addresses addresses = { segue, device->ifindex };
	struct segue_link link = {};
	__u8 how = 0;
	int err;

	strcpy(link.name, device->name);
	err = ingress_attach(device, ingress, &how, why, size);
	if (err)
		return err;
	err = routes_add(rtnl, device);
	if (err) {
		why_add(why, size, "cannot add its IPv6 routes and rule: %s", strerror(-err));
		goto routes;
	}
	link.rp_filter = loosen_rp_filter(device->name, why, size);
	err = rtnl_addrs(rtnl, put_address, &addresses);
	if (err) {
		why_add(why, size, "cannot enter its addresses into map addr: %s",
			err == -E2BIG ? "it is full" : strerror(-err));
		goto addresses;
	}
	link.flags = link_flags(device) | how;
	link.reason = SEGUE_REASON_PLUGGED;
	err = segue_link_put(segue, device->ifindex, &link);
	if (err) {
		if (err == -ENOSPC || err == -E2BIG)
			why_add(why, size, "%d uplinks are attached, and there is room for no "
				"more: segue detach DEV", SEGUE_MAX_LINKS);
		else
			why_add(why, size, "cannot enter it into map link: %s", strerror(-err));
		goto addresses;
	}
	catch_up(segue, rtnl, device->name, link_flags(device));
	return 0;
addresses:
	del_addresses(segue, rtnl, device->ifindex);
	restore_rp_filter(device->name, link.rp_filter);
routes:
	routes_del(rtnl, device->ifindex);
	ingress_detach(device->ifindex);
	return err;
}

/* The device may be gone, or have another name by now; another one may have its. */
int uplink_detach_index(struct segue *segue, struct rtnl *rtnl, __u32 ifindex)
{
	struct segue_link link = { .rp_filter = SEGUE_RP_FILTER_KEPT };
	char name[IF_NAMESIZE];
	int err, first;

	if (segue_link_get(segue, ifindex, &link) == -ENOENT)
		return -ENOENT;
	first = segue_link_del(segue, ifindex);
	del_addresses(segue, rtnl, ifindex);
	err = if_indextoname(ifindex, name) ? restore_rp_filter(name, link.rp_filter) : 0;
	if (!first)
		first = err;
	err = routes_del(rtnl, ifindex);
	if (!first)
		first = err;
	err = ingress_detach(ifindex);
	return first ? first : err;
}

int uplink_attach(struct segue *segue, struct rtnl *rtnl, const char *name,
		  enum uplink_ingress ingress, char *why, unsigned int size)
{
	struct segue_link link;
	struct rtnl_link device;
	__u32 ifindex;
	int err;

	if (why && size)
		why[0] = '\0';
	err = find_device(rtnl, name, &device);
	if (err) {
		why_add(why, size, "%s", err == -ENODEV ? "no such device" : strerror(-err));
		return err;
	}
	/* a device that was unplugged and is back under another number */
	if (!find_entry(segue, name, true, &ifindex))
		uplink_detach_index(segue, rtnl, ifindex);
	/* one that was renamed: its rule names who has that name now */
	if (!find_entry(segue, name, false, &ifindex) && ifindex != device.ifindex)
		uplink_routes(segue, rtnl);
	err = segue_link_get(segue, device.ifindex, &link);
	if (err == -EBADMSG)
		why_add(why, size, "its entry in map link is broken: segue detach");
	if (err != -ENOENT)
		return err;
	return attach_device(segue, rtnl, &device, ingress, why, size);
}

int uplink_detach(struct segue *segue, struct rtnl *rtnl, const char *name)
{
	struct segue_link link;
	__u32 ifindex = if_nametoindex(name);
	int err;

	/* the name that it has comes before one that it had */
	if (!ifindex || segue_link_get(segue, ifindex, &link) == -ENOENT) {
		err = find_entry(segue, name, false, &ifindex);
		if (err)
			return err;
	}
	return uplink_detach_index(segue, rtnl, ifindex);
}

int uplink_routes(struct segue *segue, struct rtnl *rtnl)
{
	struct segue_link link;
	char name[IF_NAMESIZE];
	__u32 ifindex = 0;
	int err, first = 0;

	while (!segue_link_next(segue, &ifindex)) {
		err = rtnl_mirror(rtnl, ifindex, uplink_table(ifindex));
		/* it may have been detached meanwhile */
		if (!err && segue_link_get(segue, ifindex, &link) != -ENOENT &&
		    if_indextoname(ifindex, name))
			err = rtnl_rule_uplink_add(rtnl, name, uplink_table(ifindex),
						   SEGUE_RULE_PRIORITY - 1);
		if (err && err != -ENODEV && !first)
			first = err;
	}
	return first;
}
