// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table of a device's own IPv6 routes, copied from main.
 *
 * An IPv6 look-up that names device and source, as bpf_redirect_neigh() makes it,
 * takes the device for a wish only (ip6_route_output_flags() sets no
 * RT6_LOOKUP_F_IFACE then): of two default routes it takes the one of better
 * metric, and asks for that one's gateway on our device.  IPv4 does not do that
 * (fib_table_lookup() compares flowi4_oif).  In a table where all routes leave by
 * one device there is nothing else to choose.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include "rtnl_socket.h"

struct route {
	struct in6_addr prefix;
	unsigned int prefixlen;
	struct in6_addr gateway;	/* all zero: on the link */
	unsigned int metric;
	unsigned int table;
	bool by_device;
	bool kept;
};

struct routes {
	struct route *route;
	size_t count;
};

struct mirror {
	unsigned int ifindex;
	unsigned int table;
	struct routes wanted;		/* in main */
	struct routes present;		/* in the mirror */
};

/* One message, while its attributes are read. */
struct reading {
	unsigned int ifindex;
	struct route route;
};

static int read_addr(const struct nlattr *attr, struct in6_addr *out)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(*out))
		return MNL_CB_ERROR;
	memcpy(out, mnl_attr_get_payload(attr), sizeof(*out));
	return MNL_CB_OK;
}

static int nexthop_attr(const struct nlattr *attr, void *context)
{
	struct reading *reading = context;

	return mnl_attr_get_type(attr) == RTA_GATEWAY ?
	       read_addr(attr, &reading->route.gateway) : MNL_CB_OK;
}

/* Routes of the same metric to the same prefix come as one (rt6_fill_node()). */
static void read_nexthops(const struct nlattr *attr, struct reading *reading)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	int len = mnl_attr_get_payload_len(attr);

	while (len >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= len) {
		if ((unsigned int)hop->rtnh_ifindex == reading->ifindex) {
			reading->route.by_device = true;
			mnl_attr_parse_payload(RTNH_DATA(hop), hop->rtnh_len - sizeof(*hop),
					       nexthop_attr, reading);
			return;
		}
		len -= RTNH_ALIGN(hop->rtnh_len);
		hop = (const struct rtnexthop *)((const char *)hop + RTNH_ALIGN(hop->rtnh_len));
	}
}

static int read_attr(const struct nlattr *attr, void *context)
{
	struct reading *reading = context;
	struct route *route = &reading->route;
	bool is_u32 = mnl_attr_get_payload_len(attr) == sizeof(__u32);

	switch (mnl_attr_get_type(attr)) {
	case RTA_DST:
		return read_addr(attr, &route->prefix);
	case RTA_GATEWAY:
		return read_addr(attr, &route->gateway);
	case RTA_MULTIPATH:
		read_nexthops(attr, reading);
		break;
	case RTA_OIF:
		route->by_device |= is_u32 && mnl_attr_get_u32(attr) == reading->ifindex;
		break;
	case RTA_TABLE:
		route->table = is_u32 ? mnl_attr_get_u32(attr) : 0;
		break;
	case RTA_PRIORITY:
		route->metric = is_u32 ? mnl_attr_get_u32(attr) : 0;
		break;
	}
	return MNL_CB_OK;
}

static bool same_prefix(const struct route *a, const struct route *b)
{
	return a->prefixlen == b->prefixlen &&
	       !memcmp(&a->prefix, &b->prefix, sizeof(a->prefix));
}

/* Of several to one prefix the best counts. */
static int add_route(struct routes *routes, const struct route *route)
{
	struct route *grown;
	size_t i;

	for (i = 0; i < routes->count; i++) {
		if (!same_prefix(&routes->route[i], route))
			continue;
		if (route->metric < routes->route[i].metric)
			routes->route[i] = *route;
		return 0;
	}
	grown = reallocarray(routes->route, routes->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	routes->route = grown;
	grown[routes->count++] = *route;
	return 0;
}

static int take_route(void *context, const struct nlmsghdr *message)
{
	const struct rtmsg *msg = mnl_nlmsg_get_payload(message);
	struct mirror *mirror = context;
	struct reading reading = { .ifindex = mirror->ifindex };
	struct route *route = &reading.route;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*msg) || msg->rtm_family != AF_INET6 ||
	    msg->rtm_type != RTN_UNICAST || msg->rtm_flags & RTM_F_CLONED || msg->rtm_src_len)
		return 0;
	route->table = msg->rtm_table;
	route->prefixlen = msg->rtm_dst_len;
	if (mnl_attr_parse(message, sizeof(*msg), read_attr, &reading) < 0 || !route->by_device ||
	    IN6_IS_ADDR_LINKLOCAL(&route->prefix) || IN6_IS_ADDR_MULTICAST(&route->prefix))
		return 0;
	if (route->table == RT_TABLE_MAIN)
		return add_route(&mirror->wanted, route);
	if (route->table == mirror->table)
		return add_route(&mirror->present, route);
	return 0;
}

static int change_route(struct rtnl *rtnl, int type, int flags, const struct mirror *mirror,
			const struct route *route)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct rtmsg *msg;

	request = rtnl_request(buf, type, flags, sizeof(*msg));
	msg = mnl_nlmsg_get_payload(request);
	msg->rtm_family = AF_INET6;
	msg->rtm_dst_len = route->prefixlen;
	msg->rtm_protocol = RTNL_PROTOCOL;
	msg->rtm_type = RTN_UNICAST;
	if (route->prefixlen)
		mnl_attr_put(request, RTA_DST, sizeof(route->prefix), &route->prefix);
	if (!IN6_IS_ADDR_UNSPECIFIED(&route->gateway)) {
		/* main has seen that the gateway is on this link */
		msg->rtm_flags = RTNH_F_ONLINK;
		mnl_attr_put(request, RTA_GATEWAY, sizeof(route->gateway), &route->gateway);
	}
	mnl_attr_put_u32(request, RTA_OIF, mirror->ifindex);
	mnl_attr_put_u32(request, RTA_TABLE, mirror->table);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

static bool is_kept(const struct mirror *mirror, const struct route *wanted)
{
	size_t i;

	for (i = 0; i < mirror->present.count; i++) {
		struct route *present = &mirror->present.route[i];

		if (same_prefix(present, wanted) &&
		    !memcmp(&present->gateway, &wanted->gateway, sizeof(wanted->gateway))) {
			present->kept = true;
			return true;
		}
	}
	return false;
}

/* New ones replace, so that there is no moment without. */
static int change_mirror(struct rtnl *rtnl, struct mirror *mirror)
{
	int err, first = 0;
	size_t i, k;

	for (i = 0; i < mirror->wanted.count; i++) {
		const struct route *wanted = &mirror->wanted.route[i];

		if (is_kept(mirror, wanted))
			continue;
		err = change_route(rtnl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, mirror, wanted);
		if (err && !first)
			first = err;
		for (k = 0; !err && k < mirror->present.count; k++)
			mirror->present.route[k].kept |= same_prefix(&mirror->present.route[k], wanted);
	}
	for (k = 0; k < mirror->present.count; k++) {
		if (mirror->present.route[k].kept)
			continue;
		err = change_route(rtnl, RTM_DELROUTE, 0, mirror, &mirror->present.route[k]);
		if (err && err != -ESRCH && !first)
			first = err;
	}
	return first;
}

static int take_routes(struct rtnl *rtnl, struct mirror *mirror)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct rtmsg *msg;

	request = rtnl_request(buf, RTM_GETROUTE, NLM_F_DUMP, sizeof(*msg));
	msg = mnl_nlmsg_get_payload(request);
	msg->rtm_family = AF_INET6;
	return rtnl_dump(rtnl, request, take_route, mirror);
}

static int finish(struct mirror *mirror, int err)
{
	free(mirror->wanted.route);
	free(mirror->present.route);
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;	/* no IPv6 */
}

int rtnl_mirror(struct rtnl *rtnl, unsigned int ifindex, unsigned int table)
{
	struct mirror mirror = { .ifindex = ifindex, .table = table };
	int err = take_routes(rtnl, &mirror);

	if (!err)
		err = change_mirror(rtnl, &mirror);
	return finish(&mirror, err);
}

int rtnl_mirror_remove(struct rtnl *rtnl, unsigned int ifindex, unsigned int table)
{
	struct mirror mirror = { .ifindex = ifindex, .table = table };
	int err = take_routes(rtnl, &mirror);

	mirror.wanted.count = 0;
	if (!err)
		err = change_mirror(rtnl, &mirror);
	return finish(&mirror, err);
}
