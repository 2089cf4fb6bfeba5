// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue check: the uplinks.  Attached: those in map "link".  Not attached: the
 * devices that could be, as far as that can be told.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include <segue/host.h>
#include "check.h"
#include "control.h"
#include "ingress.h"
#include "names.h"
#include "rtnl.h"
#include "sysctl.h"

struct uplink {
	struct rtnl_link device;
	struct segue_link link;		/* if attached */
	bool attached;
	unsigned int addresses;		/* usable ones */
	unsigned int unknown;		/* of these, not in map "addr" */
	struct segue_addr v4, v6;	/* one of each family, if there */
	bool has_v4, has_v6;
};

struct uplinks {
	struct check *check;
	struct uplink uplink[SEGUE_MAX_LINKS];
	unsigned int count;
	unsigned int stable_mtu;
};

static int gather_device(void *context, const struct rtnl_link *device)
{
	struct uplinks *all = context;
	struct uplink *uplink = &all->uplink[all->count];
	struct segue *segue = all->check->segue;

	if (!strcmp(device->name, SEGUE_DEVICE))
		all->stable_mtu = device->mtu;
	if (all->count == SEGUE_MAX_LINKS)
		return 0;
	memset(uplink, 0, sizeof(*uplink));
	uplink->device = *device;
	if (segue) {
		uplink->attached = !segue_link_get(segue, device->ifindex, &uplink->link);
		all->count += uplink->attached;
	} else {
		all->count += device->admin_up && device->type != ARPHRD_LOOPBACK &&
			      strcmp(device->name, SEGUE_DEVICE);
	}
	return 0;
}

static bool in_map(struct segue *segue, const struct rtnl_addr *wanted)
{
	struct segue_addr addr = {};
	__u32 owner;

	while (!segue_addr_next(segue, &addr, &owner)) {
		if (segue_addr_equal(&addr, &wanted->addr))
			return owner == wanted->ifindex;
	}
	return false;
}

static int gather_addr(void *context, const struct rtnl_addr *addr)
{
	struct uplinks *all = context;
	struct uplink *uplink;

	if (addr->scope >= RT_SCOPE_LINK || addr->tentative)
		return 0;
	for (uplink = all->uplink; uplink < all->uplink + all->count; uplink++) {
		if (uplink->device.ifindex != addr->ifindex)
			continue;
		uplink->addresses++;
		if (all->check->segue)
			uplink->unknown += !in_map(all->check->segue, addr);
		if (segue_addr_is_v4(&addr->addr)) {
			uplink->has_v4 = true;
			uplink->v4 = addr->addr;
		} else {
			uplink->has_v6 = true;
			uplink->v6 = addr->addr;
		}
	}
	return 0;
}

static void check_rp_filter(struct check *check, const struct uplink *uplink)
{
	const char *name = uplink->device.name;
	int value = rp_filter_effective(name);

	if (value < 0)
		check_tell(check, CHECK_WARN, name, "", "cannot read rp_filter: %s",
			   strerror(-value));
	else if (value != 1)
		check_tell(check, CHECK_OK, name, "", "rp_filter %d", value);
	else if (!uplink->attached)
		check_tell(check, CHECK_OK, name, "", "rp_filter is strict; attach will make it loose");
	else
		check_tell(check, CHECK_FAIL, name,
			   CHECK_MEND("sysctl -w net.ipv4.conf.%s.rp_filter=2", name),
			   "rp_filter is strict: drops what the peer sends by another path");
}

static void check_ingress(struct check *check, const struct uplink *uplink)
{
	const char *name = uplink->device.name;

	if (!uplink->attached)
		return;
	if (!ingress_attached(uplink->device.ifindex))
		check_tell(check, CHECK_FAIL, name,
			   CHECK_MEND("segue detach %s; segue attach %s", name, name),
			   "somebody took ingress restore away from it");
	else
		check_tell(check, CHECK_OK, name, "", "ingress restore by %s",
			   uplink->link.flags & SEGUE_LINK_XDP ? "XDP" : "tc");
	if (!(uplink->link.flags & SEGUE_LINK_XDP))
		check_gro(check, name);
}

static void check_addresses(struct check *check, const struct uplink *uplink)
{
	const char *name = uplink->device.name;

	if (!uplink->addresses)
		check_tell(check, CHECK_WARN, name, CHECK_MEND("ip addr add ADDRESS dev %s", name),
			   "has no address, so it cannot carry a session");
	if (uplink->unknown)
		check_tell(check, CHECK_FAIL, name,
			   CHECK_MEND("segue detach %s; segue attach %s", name, name),
			   "%u of its addresses not in map addr: IKE from there is dropped (does the "
			   "agent run?)", uplink->unknown);
}

static void check_state(struct check *check, const struct uplink *uplink)
{
	const char *name = uplink->device.name;

	if (!uplink->device.admin_up)
		check_tell(check, CHECK_WARN, name, CHECK_MEND("ip link set %s up", name), "is down");
	else if (!uplink->device.carrier)
		check_tell(check, CHECK_WARN, name, "", "has no carrier");
}

/*
 * segue0 has the smallest MTU of all, so what this host sends fits everywhere.  The
 * peer learns it from the router there: ingress restore has its XFRM understand that.
 * Of a network that swallows what is too big, and says nothing, only TCP's own probing
 * helps (RFC 4821), at the end that sends.
 */
static void check_mtu(struct check *check, const struct uplinks *all)
{
	const struct uplink *uplink, *small = NULL, *large = NULL;
	unsigned int most;

	for (uplink = all->uplink; uplink < all->uplink + all->count; uplink++) {
		if (!small || uplink->device.mtu < small->device.mtu)
			small = uplink;
		if (!large || uplink->device.mtu > large->device.mtu)
			large = uplink;
	}
	if (!small)
		return;
	most = small->device.mtu > SEGUE_LEAST_MTU ? small->device.mtu : SEGUE_LEAST_MTU;
	if (small->device.mtu < SEGUE_LEAST_MTU)
		check_tell(check, CHECK_WARN, "MTU",
			   CHECK_MEND("ip link set %s mtu %u", small->device.name, SEGUE_LEAST_MTU),
			   "%s has %u, less than IPv6 needs and %s ever gets: what is larger stays "
			   "behind there", small->device.name, small->device.mtu, SEGUE_DEVICE);
	if (check->segue && all->stable_mtu > most)
		check_tell(check, CHECK_FAIL, "MTU",
			   CHECK_MEND("ip link set %s mtu %u", SEGUE_DEVICE, most),
			   "%s has %u, more than %s with %u: large packets will not get through",
			   SEGUE_DEVICE, all->stable_mtu, small->device.name, small->device.mtu);
	if (small->device.mtu == large->device.mtu)
		check_tell(check, CHECK_OK, "MTU", "", "%u", small->device.mtu);
	else if (tcp_mtu_probing_get() == 0)
		check_tell(check, CHECK_WARN, "MTU",
			   CHECK_MEND("sysctl -w net.ipv4.tcp_mtu_probing=1"),
			   "%s has %u, %s has %u: TCP stalls after a handover, from here or from a "
			   "peer set likewise, if routers do not tell what is too big",
			   large->device.name, large->device.mtu,
			   small->device.name, small->device.mtu);
	else
		check_tell(check, CHECK_OK, "MTU", "", "%u of %s; %s has %u", small->device.mtu,
			   small->device.name, large->device.name, large->device.mtu);
}

/* Its paths, `segue link` and the agent go by the name that it had at attach. */
static void check_name(struct check *check, const struct uplink *uplink)
{
	const char *name = uplink->device.name;

	if (uplink->attached && strcmp(name, uplink->link.name))
		check_tell(check, CHECK_WARN, name,
			   CHECK_MEND("segue detach %s; segue attach %s", name, name),
			   "was renamed: segue has it as %s", uplink->link.name);
}

/* A route to anywhere will do while no peer is known (RFC 5737, RFC 3849). */
static void check_route_anywhere(struct check *check, const struct uplink *uplink,
				 const struct segue_addr *source)
{
	bool v4 = segue_addr_is_v4(source);
	const char *name = uplink->device.name;
	struct segue_addr anywhere;

	if (segue_addr_parse(v4 ? "192.0.2.1" : "2001:db8::1", &anywhere))
		return;
	/* attach will make IPv6 look at the device (rtnl_mirror.c), without it nothing does */
	if (!check->segue && !v4)
		source = NULL;
	if (!rtnl_route_check(check->rtnl, &anywhere, uplink->device.ifindex, source))
		check_tell(check, CHECK_OK, name, "", "has a default route for %s",
			   v4 ? "IPv4" : "IPv6");
	else
		check_tell(check, CHECK_WARN, name,
			   CHECK_MEND("%s route add default via GATEWAY dev %s metric 4000",
				      v4 ? "ip" : "ip -6", name),
			   "has no default %s route: no backup for peers that are not on it",
			   v4 ? "IPv4" : "IPv6");
}

static void check_routes(struct check *check, const struct uplink *uplink)
{
	if (uplink->has_v4)
		check_route_anywhere(check, uplink, &uplink->v4);
	if (uplink->has_v6)
		check_route_anywhere(check, uplink, &uplink->v6);
}

/* Every path that the agent would send by needs a route of its own link. */
static void check_session(struct check *check, __u32 id, const struct segue_session *session)
{
	char name[NAMES_SIZE], text[NAMES_SIZE], device[NAMES_SIZE], remote[INET6_ADDRSTRLEN];
	const struct segue_path *path;
	__u32 first = 0;
	bool backup = false;

	names_session(id, session, name);
	for (path = session->path; path < session->path + SEGUE_MAX_PATHS; path++) {
		if (!(path->flags & SEGUE_PATH_EGRESS))
			continue;
		names_path(check->segue, path, text);
		names_device(check->segue, path->ifindex, device);
		if (rtnl_route_check(check->rtnl, &path->remote, path->ifindex, &path->local)) {
			check_tell(check, CHECK_FAIL, name,
				   CHECK_MEND("ip route add %s via GATEWAY dev %s",
					      segue_addr_text(&path->remote, remote), device),
				   "no route for path %s", text);
			continue;
		}
		backup |= first && path->ifindex != first;
		first = path->ifindex;
	}
	if (!first)
		check_tell(check, CHECK_FAIL, name, CHECK_MEND("segue path %s", session->name),
			   "has no path to send by");
	else if (!backup)
		check_tell(check, CHECK_WARN, name, "segue attach DEV",
			   "has no backup: all its paths are on one link");
	else
		check_tell(check, CHECK_OK, name, "", "every path has its route");
}

static void check_sessions(struct check *check)
{
	struct segue_session session;
	__u32 id = 0;
	int err;

	while (!(err = segue_session_next(check->segue, &id))) {
		err = segue_session_get(check->segue, id, &session);
		if (err && err != -ENOENT)
			break;
		if (!err)
			check_session(check, id, &session);
	}
	if (err != -ENOENT)
		check_tell(check, CHECK_FAIL, "sessions", "segue detach",
			   "cannot read the map: %s", strerror(-err));
}

/* Entries of devices that are gone; they come back by name. */
static void check_unplugged(struct check *check)
{
	struct segue_link link;
	__u32 ifindex = 0;

	while (!segue_link_next(check->segue, &ifindex)) {
		if (!segue_link_get(check->segue, ifindex, &link) &&
		    !(link.flags & SEGUE_LINK_PRESENT))
			check_tell(check, CHECK_WARN, link.name,
				   CHECK_MEND("segue detach %s", link.name), "is unplugged");
	}
}

void check_links(struct check *check)
{
	struct uplinks *all = calloc(1, sizeof(*all));
	struct uplink *uplink;
	int err;

	if (!all) {
		check_tell(check, CHECK_FAIL, "uplinks", "", "%s", strerror(ENOMEM));
		return;
	}
	all->check = check;
	err = rtnl_links(check->rtnl, gather_device, all);
	if (!err)
		err = rtnl_addrs(check->rtnl, gather_addr, all);
	if (err) {
		check_tell(check, CHECK_FAIL, "uplinks", "", "cannot list them: %s", strerror(-err));
		goto out;
	}
	for (uplink = all->uplink; uplink < all->uplink + all->count; uplink++) {
		check_name(check, uplink);
		check_state(check, uplink);
		check_ingress(check, uplink);
		check_rp_filter(check, uplink);
		check_addresses(check, uplink);
		check_routes(check, uplink);
	}
	if (all->count < 2)
		check_tell(check, CHECK_WARN, "uplinks", check->segue ? "segue attach DEV" : "ip link",
			   "%u: a handover needs two, unless only the peer moves", all->count);
	check_mtu(check, all);
	if (check->segue) {
		check_unplugged(check);
		check_sessions(check);
	}
out:
	free(all);
}
