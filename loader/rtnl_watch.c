// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rtnetlink: changes as they happen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/rtnetlink.h>
#include "rtnl_socket.h"

/* A host that dials in or joins a full table says thousands of things at once. */
enum { WATCH_RECEIVE_BUFFER = 1024 * 1024 };

struct rtnl_watch {
	struct mnl_socket *socket;
	struct rtnl_watch_ops ops;
	void *context;
	bool route_changed;
};

static int watch_join(struct rtnl_watch *watch)
{
	static const int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
	};
	unsigned int i;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(watch->socket, NETLINK_ADD_MEMBERSHIP,
					  &group, sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

int rtnl_watch_open(const struct rtnl_watch_ops *ops, void *context, struct rtnl_watch **out)
{
	struct rtnl_watch *watch = calloc(1, sizeof(*watch));
	int size = WATCH_RECEIVE_BUFFER;
	int err;

	if (!watch)
		return -ENOMEM;
	watch->ops = *ops;
	watch->context = context;
	watch->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->socket || mnl_socket_bind(watch->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		goto fail;
	}
	/* without CAP_NET_ADMIN the default size has to do */
	setsockopt(rtnl_watch_fd(watch), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	err = watch_join(watch);
	if (err)
		goto fail;
	*out = watch;
	return 0;
fail:
	rtnl_watch_close(watch);
	return err;
}

void rtnl_watch_close(struct rtnl_watch *watch)
{
	if (!watch)
		return;
	if (watch->socket)
		mnl_socket_close(watch->socket);
	free(watch);
}

int rtnl_watch_fd(const struct rtnl_watch *watch)
{
	return mnl_socket_get_fd(watch->socket);
}

/* Our own routes are our own doing, cached ones nobody's decision. */
static bool watch_route(const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);

	return mnl_nlmsg_get_payload_len(message) >= sizeof(*route) &&
	       route->rtm_protocol != RTNL_PROTOCOL && !(route->rtm_flags & RTM_F_CLONED);
}

static int watch_message(const struct nlmsghdr *message, void *context)
{
	struct rtnl_watch *watch = context;
	struct rtnl_link link;
	struct rtnl_addr addr;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (watch->ops.link && !rtnl_parse_link(message, &link))
			watch->ops.link(watch->context, &link,
					message->nlmsg_type == RTM_DELLINK);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (watch->ops.addr && !rtnl_parse_addr(message, &addr))
			watch->ops.addr(watch->context, &addr,
					message->nlmsg_type == RTM_DELADDR);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		watch->route_changed |= watch_route(message);
		break;
	}
	return MNL_CB_OK;
}

/* Route changes come in swarms: one call for all that waited. */
int rtnl_watch_read(struct rtnl_watch *watch)
{
	char buf[RTNL_ANSWER_SIZE];
	ssize_t len;
	int err = 0;

	watch->route_changed = false;
	for (;;) {
		len = mnl_socket_recvfrom(watch->socket, buf, sizeof(buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == ENOBUFS) {
			if (watch->ops.overrun)
				watch->ops.overrun(watch->context);
			continue;
		}
		if (len < 0) {
			if (errno != EAGAIN && errno != EWOULDBLOCK)
				err = -errno;
			break;
		}
		/* port and sequence 0: what the kernel sends unasked */
		mnl_cb_run(buf, len, 0, 0, watch_message, watch);
	}
	if (watch->route_changed && watch->ops.route)
		watch->ops.route(watch->context);
	return err;
}
