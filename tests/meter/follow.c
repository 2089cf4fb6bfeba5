// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Follows an uplink, as an application that can move would: a netlink socket tells it
 * that the device has lost its carrier or was switched off, and then the associations
 * move to another address of their near end.  Once.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

static struct {
	int fd;
	unsigned int ifindex;
	char *address;
	uint64_t moved;
	int status;
} follow = { .fd = -1 };

/* NS,DEVICE,ADDRESS */
void follow_add(const char *spec)
{
	struct sockaddr_nl groups = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	char *cursor = strdup(spec);
	int ns = netns_index(field(&cursor, "namespace"));

	follow.ifindex = netns_ifindex(ns, field(&cursor, "device"));
	if (!follow.ifindex)
		fail("%s: no such device", spec);
	follow.address = field(&cursor, "address to move to");
	follow.fd = netns_socket(ns, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (bind(follow.fd, (void *)&groups, sizeof(groups)))
		fail("route netlink: %s", strerror(errno));
}

int follow_fd(void)
{
	return follow.fd;
}

static bool is_lost(const struct nlmsghdr *m)
{
	const struct ifinfomsg *link = NLMSG_DATA(m);

	return m->nlmsg_type == RTM_NEWLINK && link->ifi_index == (int)follow.ifindex &&
	       !(link->ifi_flags & IFF_RUNNING);
}

void follow_receive(void)
{
	static char data[65536];
	ssize_t n;

	while ((n = recv(follow.fd, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		int left = n;

		for (struct nlmsghdr *m = (void *)data; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
			if (follow.moved || !is_lost(m))
				continue;
			follow.moved = clock_now();
			follow.status = assoc_move(follow.address, false);
		}
	}
}

/* When that was and what came of it (errno); NULL: it was not. */
struct json_object *follow_report(uint64_t origin)
{
	struct json_object *o;

	if (!follow.moved)
		return NULL;
	o = json_object_new_object();
	json_object_object_add(o, "t_ms", json_object_new_double(
		(double)(int64_t)(follow.moved - origin) / NS_PER_MS));
	json_object_object_add(o, "status", json_object_new_int(follow.status));
	return o;
}
