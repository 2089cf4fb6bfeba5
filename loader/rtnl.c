// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rtnetlink: one request and its answer, and everything that changes the host.
 * rtnl_dump.c asks, rtnl_watch.c listens.
 */
#include <errno.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include "rtnl_socket.h"

int rtnl_open_family(int family, struct rtnl **out)
{
	struct rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int err;

	if (!rtnl)
		return -ENOMEM;
	rtnl->socket = mnl_socket_open2(family, SOCK_CLOEXEC);
	if (!rtnl->socket)
		goto fail;
	if (mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		goto fail;
	*out = rtnl;
	return 0;
fail:
	err = -errno;
	rtnl_close(rtnl);
	return err;
}

int rtnl_open(struct rtnl **out)
{
	return rtnl_open_family(NETLINK_ROUTE, out);
}

void rtnl_close(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	if (rtnl->socket)
		mnl_socket_close(rtnl->socket);
	free(rtnl);
}

struct nlmsghdr *rtnl_request(char *buf, int type, int flags, size_t header)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	mnl_nlmsg_put_extra_header(request, header);	/* zeroes it */
	return request;
}

/*
 * libmnl leaves a dump at its first message marked inconsistent, with the rest
 * still to come, and the kernel takes no new dump before that was read (EBUSY).
 */
static bool clear_interrupted(char *buf, int len)
{
	struct nlmsghdr *message = (struct nlmsghdr *)buf;
	bool interrupted = false;

	for (; mnl_nlmsg_ok(message, len); message = mnl_nlmsg_next(message, &len)) {
		interrupted |= !!(message->nlmsg_flags & NLM_F_DUMP_INTR);
		message->nlmsg_flags &= ~NLM_F_DUMP_INTR;
	}
	return interrupted;
}

/* What a message says of an error: that of an answer, or of the end of a dump
 * (netlink_dump_done()), which libmnl by itself takes for its end only. */
static int on_end(const struct nlmsghdr *message, void *context)
{
	int err = 0;

	(void)context;
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(message), sizeof(err));
	if (err >= 0)
		return MNL_CB_STOP;
	errno = -err;
	return MNL_CB_ERROR;
}

static mnl_cb_t ends[] = { [NLMSG_ERROR] = on_end, [NLMSG_DONE] = on_end };

/*
 * Whatever an earlier request left in the socket has another sequence number:
 * mnl_cb_run2() reports that as EPROTO, and it is skipped.
 */
int rtnl_talk(struct rtnl *rtnl, struct nlmsghdr *request, mnl_cb_t fn, void *context)
{
	unsigned int port = mnl_socket_get_portid(rtnl->socket);
	char buf[RTNL_ANSWER_SIZE];
	bool interrupted = false;
	ssize_t len;
	int ret;

	request->nlmsg_seq = ++rtnl->sequence;
	if (mnl_socket_sendto(rtnl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		len = mnl_socket_recvfrom(rtnl->socket, buf, sizeof(buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		interrupted |= clear_interrupted(buf, len);
		ret = mnl_cb_run2(buf, len, request->nlmsg_seq, port, fn, context, ends,
				  sizeof(ends) / sizeof(ends[0]));
		if (ret == MNL_CB_STOP)
			return interrupted ? -EINTR : 0;
		if (ret < 0 && errno != EPROTO)
			return -errno;
	}
}

/* A dump that the kernel calls inconsistent (NLM_F_DUMP_INTR: EINTR) is taken again. */
enum { DUMP_TRIES = 16 };

struct gathered {
	char *data;
	size_t len;
	size_t size;
};

static int gather_message(const struct nlmsghdr *message, void *context)
{
	size_t len = NLMSG_ALIGN(message->nlmsg_len);
	struct gathered *all = context;

	if (all->len + len > all->size) {
		size_t size = 2 * (all->len + len);
		char *data = realloc(all->data, size);

		if (!data)
			return MNL_CB_ERROR;	/* errno is ENOMEM */
		all->data = data;
		all->size = size;
	}
	memcpy(all->data + all->len, message, message->nlmsg_len);
	all->len += len;
	return MNL_CB_OK;
}

int rtnl_dump(struct rtnl *rtnl, struct nlmsghdr *request, rtnl_message_fn fn, void *context)
{
	const struct nlmsghdr *message;
	struct gathered all = {};
	int len, tries, ret = -EINTR;

	request->nlmsg_flags &= ~NLM_F_ACK;	/* NLMSG_DONE ends it */
	for (tries = 0; ret == -EINTR && tries < DUMP_TRIES; tries++) {
		all.len = 0;
		ret = rtnl_talk(rtnl, request, gather_message, &all);
	}
	message = (const struct nlmsghdr *)all.data;
	for (len = all.len; !ret && mnl_nlmsg_ok(message, len);
	     message = mnl_nlmsg_next(message, &len))
		ret = fn(context, message);
	free(all.data);
	return ret;
}

unsigned char rtnl_family(const struct segue_addr *addr)
{
	return segue_addr_is_v4(addr) ? AF_INET : AF_INET6;
}

void rtnl_put_addr(struct nlmsghdr *request, int type, const struct segue_addr *addr)
{
	if (segue_addr_is_v4(addr))
		mnl_attr_put(request, type, sizeof(struct in_addr),
			     addr->octet + SEGUE_ADDR_V4_OFFSET);
	else
		mnl_attr_put(request, type, sizeof(struct in6_addr), addr->octet);
}

/* IPv6 may be switched off altogether (ipv6.disable=1): nothing to do then. */
static int no_ipv6(int err)
{
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}

/*
 * No link-local address, hence no duplicate address detection, no router
 * solicitation: this device speaks only for the sessions.  The kernel applies
 * IFLA_AF_SPEC after the flags, so this comes before the device is set up.
 */
static int device_no_autoconf(struct rtnl *rtnl, const char *name)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct nlattr *spec, *inet6;

	request = rtnl_request(buf, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	spec = mnl_attr_nest_start(request, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(request, AF_INET6);
	mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(request, inet6);
	mnl_attr_nest_end(request, spec);
	return no_ipv6(rtnl_talk(rtnl, request, NULL, NULL));
}

static int device_up(struct rtnl *rtnl, const char *name)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct ifinfomsg *info;

	request = rtnl_request(buf, RTM_NEWLINK, 0, sizeof(*info));
	info = mnl_nlmsg_get_payload(request);
	info->ifi_flags = IFF_UP | IFF_NOARP;
	info->ifi_change = IFF_UP | IFF_NOARP;
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

static int device_create(struct rtnl *rtnl, const char *name, const char *kind, unsigned int mtu)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct nlattr *info;

	request = rtnl_request(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
			       sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	mnl_attr_put_u32(request, IFLA_MTU, mtu);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_str(request, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(request, info);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

/*
 * A small kernel may come without dummy.  ifb does as well: no ARP, always a
 * carrier, drops what reaches its driver; nothing of ours does, tc egress comes
 * before that.
 */
int rtnl_device_add(struct rtnl *rtnl, const char *name, unsigned int mtu)
{
	int err;

	err = device_create(rtnl, name, "dummy", mtu);
	if (err == -EOPNOTSUPP)
		err = device_create(rtnl, name, "ifb", mtu);
	if (err)
		return err;

	err = device_no_autoconf(rtnl, name);
	if (!err)
		err = device_up(rtnl, name);
	if (err)
		rtnl_device_del(rtnl, name);
	return err;
}

int rtnl_device_set_mtu(struct rtnl *rtnl, const char *name, unsigned int mtu)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;

	request = rtnl_request(buf, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	mnl_attr_put_u32(request, IFLA_MTU, mtu);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

int rtnl_device_del(struct rtnl *rtnl, const char *name)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;

	request = rtnl_request(buf, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

/* device NULL: any */
static int rule_change(struct rtnl *rtnl, int type, int flags, unsigned char family,
		       const char *device, unsigned int table, unsigned int priority)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct fib_rule_hdr *rule;

	request = rtnl_request(buf, type, flags, sizeof(*rule));
	rule = mnl_nlmsg_get_payload(request);
	rule->family = family;
	rule->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(request, FRA_TABLE, table);
	mnl_attr_put_u32(request, FRA_PRIORITY, priority);
	/* What this host sends itself, XFRM's outer look-ups included (their
	 * flowi4_iif is LOOPBACK_IFINDEX); not what it forwards for others. */
	mnl_attr_put_strz(request, FRA_IIFNAME, "lo");
	if (device)
		mnl_attr_put_strz(request, FRA_OIFNAME, device);
	mnl_attr_put_u8(request, FRA_PROTOCOL, RTNL_PROTOCOL);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

int rtnl_rule_add(struct rtnl *rtnl, unsigned int table, unsigned int priority)
{
	int flags = NLM_F_CREATE | NLM_F_EXCL;
	int err;

	err = rule_change(rtnl, RTM_NEWRULE, flags, AF_INET, NULL, table, priority);
	if (err)
		return err;
	err = no_ipv6(rule_change(rtnl, RTM_NEWRULE, flags, AF_INET6, NULL, table, priority));
	if (err)
		rule_change(rtnl, RTM_DELRULE, 0, AF_INET, NULL, table, priority);
	return err;
}

/* Both families even when one fails; the first error counts. */
int rtnl_rule_del(struct rtnl *rtnl, unsigned int table, unsigned int priority)
{
	int err4, err6;

	err4 = rule_change(rtnl, RTM_DELRULE, 0, AF_INET, NULL, table, priority);
	err6 = no_ipv6(rule_change(rtnl, RTM_DELRULE, 0, AF_INET6, NULL, table, priority));
	return err4 ? err4 : err6;
}

struct rule {
	unsigned int protocol;
	unsigned int table;
	const char *device;	/* NULL: any */
};

static int rule_attr(const struct nlattr *attr, void *context)
{
	struct rule *rule = context;

	switch (mnl_attr_get_type(attr)) {
	case FRA_PROTOCOL:
		if (!mnl_attr_validate(attr, MNL_TYPE_U8))
			rule->protocol = mnl_attr_get_u8(attr);
		break;
	case FRA_TABLE:
		if (!mnl_attr_validate(attr, MNL_TYPE_U32))
			rule->table = mnl_attr_get_u32(attr);
		break;
	case FRA_OIFNAME:
		if (!mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
			rule->device = mnl_attr_get_str(attr);
		break;
	}
	return MNL_CB_OK;
}

struct flush {
	struct rtnl *rtnl;
	unsigned int table;	/* 0: any */
	const char *but;	/* the device whose rule stays; NULL: none */
	int flushed;
};

/* What the kernel shows of a rule is what it takes to delete it. */
static int flush_rule(void *context, const struct nlmsghdr *message)
{
	struct flush *flush = context;
	struct rule rule = {};
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request = (struct nlmsghdr *)buf;
	int err;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct fib_rule_hdr) ||
	    message->nlmsg_len > sizeof(buf))
		return 0;
	mnl_attr_parse(message, sizeof(struct fib_rule_hdr), rule_attr, &rule);
	if (rule.protocol != RTNL_PROTOCOL || (flush->table && rule.table != flush->table) ||
	    (flush->but && rule.device && !strcmp(flush->but, rule.device)))
		return 0;
	memcpy(buf, message, message->nlmsg_len);
	request->nlmsg_type = RTM_DELRULE;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	err = rtnl_talk(flush->rtnl, request, NULL, NULL);
	if (!err)
		flush->flushed++;
	return err == -ENOENT ? 0 : err;
}

static int flush_rules(struct flush *flush)
{
	char buf[RTNL_REQUEST_SIZE];

	return rtnl_dump(flush->rtnl, rtnl_request(buf, RTM_GETRULE, NLM_F_DUMP,
						   sizeof(struct fib_rule_hdr)), flush_rule, flush);
}

int rtnl_rules_flush(struct rtnl *rtnl)
{
	struct flush flush = { .rtnl = rtnl };
	int err = flush_rules(&flush);

	return err ? err : flush.flushed;
}

int rtnl_rule_uplink_add(struct rtnl *rtnl, const char *device, unsigned int table,
			 unsigned int priority)
{
	struct flush others = { .rtnl = rtnl, .table = table, .but = device };
	int err = no_ipv6(rule_change(rtnl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, AF_INET6,
				      device, table, priority));

	return err && err != -EEXIST ? err : flush_rules(&others);
}

int rtnl_rule_uplink_del(struct rtnl *rtnl, unsigned int table)
{
	struct flush flush = { .rtnl = rtnl, .table = table };

	return flush_rules(&flush);
}

static int addr_change(struct rtnl *rtnl, int type, int flags, unsigned int ifindex,
		       const struct segue_addr *addr)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct ifaddrmsg *msg;

	request = rtnl_request(buf, type, flags, sizeof(*msg));
	msg = mnl_nlmsg_get_payload(request);
	msg->ifa_family = rtnl_family(addr);
	msg->ifa_prefixlen = segue_addr_is_v4(addr) ? 32 : 128;
	msg->ifa_scope = RT_SCOPE_UNIVERSE;
	msg->ifa_index = ifindex;
	rtnl_put_addr(request, IFA_LOCAL, addr);
	rtnl_put_addr(request, IFA_ADDRESS, addr);
	if (type == RTM_NEWADDR && msg->ifa_family == AF_INET6)
		mnl_attr_put_u32(request, IFA_FLAGS, IFA_F_NODAD);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

int rtnl_addr_add(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr)
{
	int err = addr_change(rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, addr);

	return err == -EEXIST ? 0 : err;
}

int rtnl_addr_del(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr)
{
	return addr_change(rtnl, RTM_DELADDR, 0, ifindex, addr);
}

/* RTA_TABLE because rtm_table has only eight bits. */
static struct nlmsghdr *route_request(char *buf, int type, int flags, unsigned int table,
				      const struct segue_addr *prefix, unsigned int prefixlen)
{
	struct nlmsghdr *request;
	struct rtmsg *route;

	request = rtnl_request(buf, type, flags, sizeof(*route));
	route = mnl_nlmsg_get_payload(request);
	route->rtm_family = rtnl_family(prefix);
	route->rtm_dst_len = prefixlen;
	route->rtm_table = RT_TABLE_UNSPEC;
	route->rtm_protocol = RTNL_PROTOCOL;
	if (prefixlen)
		rtnl_put_addr(request, RTA_DST, prefix);
	mnl_attr_put_u32(request, RTA_TABLE, table);
	return request;
}

int rtnl_route_add(struct rtnl *rtnl, unsigned int table, const struct segue_addr *prefix,
		   unsigned int prefixlen, unsigned int ifindex, const struct segue_addr *source)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct rtmsg *route;

	request = route_request(buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
				table, prefix, prefixlen);
	route = mnl_nlmsg_get_payload(request);
	route->rtm_type = RTN_UNICAST;
	route->rtm_scope = segue_addr_is_v4(prefix) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	mnl_attr_put_u32(request, RTA_OIF, ifindex);
	if (source)
		rtnl_put_addr(request, RTA_PREFSRC, source);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

int rtnl_route_del(struct rtnl *rtnl, unsigned int table, const struct segue_addr *prefix,
		   unsigned int prefixlen)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct rtmsg *route;

	request = route_request(buf, RTM_DELROUTE, 0, table, prefix, prefixlen);
	route = mnl_nlmsg_get_payload(request);
	route->rtm_scope = RT_SCOPE_NOWHERE;	/* any scope */
	return rtnl_talk(rtnl, request, NULL, NULL);
}
