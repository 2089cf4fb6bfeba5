// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rtnetlink: what the host has.
 */
#include <errno.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include "rtnl_socket.h"

static int link_attr(const struct nlattr *attr, void *context)
{
	struct rtnl_link *link = context;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (mnl_attr_validate(attr, MNL_TYPE_STRING) < 0)
			return MNL_CB_ERROR;
		memset(link->name, 0, sizeof(link->name));
		strncpy(link->name, mnl_attr_get_str(attr), sizeof(link->name) - 1);
		break;
	case IFLA_MTU:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			return MNL_CB_ERROR;
		link->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_CARRIER:
		if (mnl_attr_validate(attr, MNL_TYPE_U8) < 0)
			return MNL_CB_ERROR;
		link->carrier = mnl_attr_get_u8(attr);
		break;
	}
	return MNL_CB_OK;
}

int rtnl_parse_link(const struct nlmsghdr *message, struct rtnl_link *out)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct rtnl_link link = {};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return -EPROTO;
	/* A bridge tells of its ports in messages of the same type. */
	if (info->ifi_family != AF_UNSPEC)
		return -EPROTO;
	link.ifindex = info->ifi_index;
	link.type = info->ifi_type;
	link.admin_up = info->ifi_flags & IFF_UP;
	link.carrier = info->ifi_flags & IFF_LOWER_UP;
	if (mnl_attr_parse(message, sizeof(*info), link_attr, &link) < 0)
		return -EPROTO;
	*out = link;
	return 0;
}

struct addr_attrs {
	unsigned char family;
	const struct nlattr *local;
	const struct nlattr *address;
	unsigned int flags;
};

static int addr_attr(const struct nlattr *attr, void *context)
{
	struct addr_attrs *attrs = context;
	size_t size = attrs->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	switch (mnl_attr_get_type(attr)) {
	case IFA_LOCAL:
		if (mnl_attr_get_payload_len(attr) == size)
			attrs->local = attr;
		break;
	case IFA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == size)
			attrs->address = attr;
		break;
	case IFA_FLAGS:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			return MNL_CB_ERROR;
		attrs->flags = mnl_attr_get_u32(attr);
		break;
	}
	return MNL_CB_OK;
}

static void addr_from_attr(const struct nlattr *attr, unsigned char family,
			   struct segue_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (family == AF_INET) {
		out->octet[10] = out->octet[11] = 0xff;
		memcpy(out->octet + SEGUE_ADDR_V4_OFFSET, mnl_attr_get_payload(attr),
		       sizeof(struct in_addr));
	} else {
		memcpy(out->octet, mnl_attr_get_payload(attr), sizeof(struct in6_addr));
	}
}

int rtnl_parse_addr(const struct nlmsghdr *message, struct rtnl_addr *out)
{
	const struct ifaddrmsg *msg = mnl_nlmsg_get_payload(message);
	struct addr_attrs attrs = {};
	struct rtnl_addr addr = {};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*msg))
		return -EPROTO;
	if (msg->ifa_family != AF_INET && msg->ifa_family != AF_INET6)
		return -EPROTO;
	attrs.family = msg->ifa_family;
	attrs.flags = msg->ifa_flags;
	if (mnl_attr_parse(message, sizeof(*msg), addr_attr, &attrs) < 0)
		return -EPROTO;
	/* On a point-to-point device IFA_ADDRESS is the other end's. */
	if (!attrs.local)
		attrs.local = attrs.address;
	if (!attrs.local)
		return -EPROTO;
	addr_from_attr(attrs.local, msg->ifa_family, &addr.addr);
	addr.ifindex = msg->ifa_index;
	addr.prefixlen = msg->ifa_prefixlen;
	addr.scope = msg->ifa_scope;
	addr.tentative = (attrs.flags & IFA_F_DADFAILED) ||
			 ((attrs.flags & IFA_F_TENTATIVE) && !(attrs.flags & IFA_F_OPTIMISTIC));
	*out = addr;
	return 0;
}

struct links_call {
	int (*fn)(void *context, const struct rtnl_link *link);
	void *context;
};

static int links_message(void *context, const struct nlmsghdr *message)
{
	struct links_call *call = context;
	struct rtnl_link link;

	return rtnl_parse_link(message, &link) ? 0 : call->fn(call->context, &link);
}

int rtnl_links(struct rtnl *rtnl, int (*fn)(void *, const struct rtnl_link *), void *context)
{
	struct links_call call = { fn, context };
	char buf[RTNL_REQUEST_SIZE];

	return rtnl_dump(rtnl, rtnl_request(buf, RTM_GETLINK, NLM_F_DUMP,
					    sizeof(struct ifinfomsg)), links_message, &call);
}

struct addrs_call {
	int (*fn)(void *context, const struct rtnl_addr *addr);
	void *context;
};

static int addrs_message(void *context, const struct nlmsghdr *message)
{
	struct addrs_call *call = context;
	struct rtnl_addr addr;

	return rtnl_parse_addr(message, &addr) ? 0 : call->fn(call->context, &addr);
}

int rtnl_addrs(struct rtnl *rtnl, int (*fn)(void *, const struct rtnl_addr *), void *context)
{
	struct addrs_call call = { fn, context };
	char buf[RTNL_REQUEST_SIZE];

	return rtnl_dump(rtnl, rtnl_request(buf, RTM_GETADDR, NLM_F_DUMP,
					    sizeof(struct ifaddrmsg)), addrs_message, &call);
}

static int any_filter(void *context, const struct nlmsghdr *message)
{
	(void)context;
	return message->nlmsg_type == RTM_NEWTFILTER;
}

int rtnl_clsact_empty(struct rtnl *rtnl, unsigned int ifindex)
{
	static const unsigned int minors[] = { TC_H_MIN_INGRESS, TC_H_MIN_EGRESS };
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct tcmsg *tc;
	int i, ret = 0;

	for (i = 0; !ret && i < 2; i++) {
		request = rtnl_request(buf, RTM_GETTFILTER, NLM_F_DUMP, sizeof(*tc));
		tc = mnl_nlmsg_get_payload(request);
		tc->tcm_ifindex = ifindex;
		tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, minors[i]);
		ret = rtnl_dump(rtnl, request, any_filter, NULL);
	}
	return ret < 0 ? ret : !ret;
}

/* wanted: of several next hops, is this one among them? */
struct route_device {
	unsigned int wanted;
	unsigned int found;
};

static void route_nexthops(const struct nlattr *attr, struct route_device *device)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	int len = mnl_attr_get_payload_len(attr);

	while (len >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= len) {
		if ((unsigned int)hop->rtnh_ifindex == device->wanted)
			device->found = device->wanted;
		len -= RTNH_ALIGN(hop->rtnh_len);
		hop = (const struct rtnexthop *)((const char *)hop + RTNH_ALIGN(hop->rtnh_len));
	}
}

static int route_attr(const struct nlattr *attr, void *context)
{
	struct route_device *device = context;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
		device->found = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
		route_nexthops(attr, device);
	return MNL_CB_OK;
}

static int route_answer(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(*route) &&
	    route->rtm_type == RTN_UNICAST)
		mnl_attr_parse(message, sizeof(*route), route_attr, context);
	return MNL_CB_OK;
}

static struct nlmsghdr *
route_request(char *buf, const struct segue_addr *addr, const struct segue_addr *source,
	      unsigned int flags)
{
	struct nlmsghdr *request;
	struct rtmsg *route;

	request = rtnl_request(buf, RTM_GETROUTE, 0, sizeof(*route));
	route = mnl_nlmsg_get_payload(request);
	route->rtm_family = rtnl_family(addr);
	route->rtm_dst_len = segue_addr_is_v4(addr) ? 32 : 128;
	route->rtm_flags = flags;
	rtnl_put_addr(request, RTA_DST, addr);
	if (source) {
		route->rtm_src_len = route->rtm_dst_len;
		rtnl_put_addr(request, RTA_SRC, source);
	}
	return request;
}

/* The device that the FIB chooses, 0: none. */
static int route_device(struct rtnl *rtnl, const struct segue_addr *addr, unsigned int ifindex,
			const struct segue_addr *source, unsigned int *out)
{
	struct route_device device = { .wanted = ifindex };
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	int err;

	request = route_request(buf, addr, source, RTM_F_FIB_MATCH);
	mnl_attr_put_u32(request, RTA_OIF, ifindex);
	err = rtnl_talk(rtnl, request, route_answer, &device);
	if (!err)
		*out = device.found;
	return err;
}

/*
 * The look-up that bpf_redirect_neigh() makes: device and source given.
 *
 * IPv4: ip_route_output_key_hash_rcu() takes a destination without a route for a
 * neighbour then; RTM_F_FIB_MATCH tells that from a real route.  IPv6 may answer
 * with the route of another device (rtnl_mirror.c).
 */
int rtnl_route_check(struct rtnl *rtnl, const struct segue_addr *addr, unsigned int ifindex,
		     const struct segue_addr *source)
{
	unsigned int device = 0;
	int err = route_device(rtnl, addr, ifindex, source, &device);

	switch (err) {
	case 0:
		return device == ifindex ? 0 : -ENETUNREACH;
	case -EHOSTUNREACH:
	case -EINVAL:		/* what an IPv4 source that is not ours yields */
	case -EADDRNOTAVAIL:
	case -ENODEV:
	case -EACCES:		/* a prohibit route */
		return -ENETUNREACH;
	default:
		return err;
	}
}

struct route_match {
	unsigned int ifindex;
	unsigned int prefixlen;
};

static int match_attr(const struct nlattr *attr, void *context)
{
	struct route_match *match = context;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
		match->ifindex = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int match_answer(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct route_match *match = context;

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(*route) &&
	    route->rtm_type == RTN_UNICAST) {
		match->prefixlen = route->rtm_dst_len;
		mnl_attr_parse(message, sizeof(*route), match_attr, match);
	}
	return MNL_CB_OK;
}

int rtnl_route_match(struct rtnl *rtnl, const struct segue_addr *addr, unsigned int *ifindex,
		     unsigned int *prefixlen)
{
	struct route_match match = {};
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	int err;

	request = route_request(buf, addr, NULL, RTM_F_FIB_MATCH);
	if (*ifindex)
		mnl_attr_put_u32(request, RTA_OIF, *ifindex);
	err = rtnl_talk(rtnl, request, match_answer, &match);
	if (err)
		return err;
	*ifindex = match.ifindex;
	*prefixlen = match.prefixlen;
	return match.ifindex ? 0 : -ENETUNREACH;
}

static int metric_attr(const struct nlattr *attr, void *context)
{
	unsigned int *mtu = context;

	if (mnl_attr_get_type(attr) == RTAX_MTU && !mnl_attr_validate(attr, MNL_TYPE_U32))
		*mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int metrics_attr(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == RTA_METRICS)
		mnl_attr_parse_nested(attr, metric_attr, context);
	return MNL_CB_OK;
}

static int mtu_answer(const struct nlmsghdr *message, void *context)
{
	mnl_attr_parse(message, sizeof(struct rtmsg), metrics_attr, context);
	return MNL_CB_OK;
}

/* Without RTM_F_FIB_MATCH the answer is the route that a packet would take, with what
 * the kernel learned of its path (rt_fill_info(), rt6_fill_node()). */
int rtnl_route_mtu(struct rtnl *rtnl, const struct segue_addr *addr,
		   const struct segue_addr *source, unsigned int *mtu)
{
	char buf[RTNL_REQUEST_SIZE];
	unsigned int found = 0;
	int err;

	err = rtnl_talk(rtnl, route_request(buf, addr, source, 0), mtu_answer, &found);
	if (!err)
		*mtu = found;
	return err;
}
