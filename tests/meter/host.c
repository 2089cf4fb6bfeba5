// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A host's own view: XFRM error counters, TCP retransmission timeouts, and the
 * XFRM netlink messages that `ip xfrm monitor` would show.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meter.h"

enum { MAX_HOSTS = 4, MAX_COUNTERS = 48, MAX_MESSAGES = 256, FILE_SIZE = 16384 };

struct counter {
	char name[40];
	uint64_t value;
};

/*
 * Group n is bit n - 1.  All but AEVENTS: with a listener the kernel tells the
 * replay counters of every SA that is in use ten times a second.
 */
enum { GROUPS = ((1u << XFRMNLGRP_MAX) - 1) & ~(1u << (XFRMNLGRP_AEVENTS - 1)) };

static struct host {
	int ns, xfrm_stat, netstat, netlink;
	struct counter before[MAX_COUNTERS];
	uint64_t timeouts;
	struct { uint64_t ns; uint16_t type; } message[MAX_MESSAGES];
	unsigned int messages;
} hosts[MAX_HOSTS];
static unsigned int count;

void host_add(const char *netns)
{
	if (count == MAX_HOSTS)
		fail("at most %d hosts", MAX_HOSTS);
	hosts[count++].ns = netns_index(netns);
}

static char *slurp(int fd)
{
	static char text[FILE_SIZE];
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void read_xfrm(const struct host *h, struct counter *out)
{
	char *text = slurp(h->xfrm_stat), *line;
	int i = 0;

	while (i < MAX_COUNTERS && (line = strsep(&text, "\n")) && *line) {
		unsigned long value;

		if (sscanf(line, "%39s %lu", out[i].name, &value) == 2)
			out[i++].value = value;
	}
}

/* TcpExt: a line of names, then a line of values. */
static uint64_t read_timeouts(const struct host *h)
{
	char *text = slurp(h->netstat), *names = strsep(&text, "\n"), *values = strsep(&text, "\n");
	char *name, *value;

	while (names && values && (name = strsep(&names, " ")) && (value = strsep(&values, " ")))
		if (!strcmp(name, "TCPTimeouts"))
			return strtoull(value, NULL, 10);
	return 0;
}

void host_open(void)
{
	for (struct host *h = hosts; h < hosts + count; h++) {
		struct sockaddr_nl address = {
			.nl_family = AF_NETLINK,
			.nl_groups = GROUPS,
		};
		int size = 1 << 20;

		h->xfrm_stat = netns_open(h->ns, "/proc/thread-self/net/xfrm_stat");
		h->netstat = netns_open(h->ns, "/proc/thread-self/net/netstat");
		if (h->xfrm_stat < 0)
			fail("%s: no /proc/net/xfrm_stat", netns_name(h->ns));
		h->netlink = netns_socket(h->ns, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_XFRM);
		setsockopt(h->netlink, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		if (bind(h->netlink, (void *)&address, sizeof(address)))
			fail("XFRM netlink: %s", strerror(errno));
		read_xfrm(h, h->before);
		h->timeouts = read_timeouts(h);
	}
}

void host_read(void)
{
	char data[8192];

	for (struct host *h = hosts; h < hosts + count; h++) {
		ssize_t n;

		while ((n = recv(h->netlink, data, sizeof(data), MSG_DONTWAIT)) > 0) {
			int left = n;

			for (struct nlmsghdr *m = (void *)data; NLMSG_OK(m, left);
			     m = NLMSG_NEXT(m, left)) {
				if (h->messages == MAX_MESSAGES)
					break;
				h->message[h->messages].ns = clock_now();
				h->message[h->messages++].type = m->nlmsg_type;
			}
		}
	}
}

struct json_object *host_report(uint64_t origin)
{
	struct json_object *out = json_object_new_object();

	for (struct host *h = hosts; h < hosts + count; h++) {
		struct json_object *o = json_object_new_object();
		struct json_object *errors = json_object_new_object();
		struct json_object *messages = json_object_new_array();
		struct counter now[MAX_COUNTERS] = {};
		uint64_t sum = 0;

		read_xfrm(h, now);
		for (int i = 0; i < MAX_COUNTERS && now[i].name[0]; i++) {
			uint64_t delta = now[i].value - h->before[i].value;

			if (!delta)
				continue;
			sum += delta;
			json_object_object_add(errors, now[i].name, json_object_new_int64(delta));
		}
		json_object_object_add(o, "xfrm_errors", json_object_new_int64(sum));
		json_object_object_add(o, "xfrm_counters", errors);
		json_object_object_add(o, "tcp_timeouts",
				       json_object_new_int64(read_timeouts(h) - h->timeouts));
		for (unsigned int i = 0; i < h->messages; i++) {
			struct json_object *m = json_object_new_object();

			json_object_object_add(m, "t_ms", json_object_new_double(
				(double)(int64_t)(h->message[i].ns - origin) / NS_PER_MS));
			json_object_object_add(m, "type", json_object_new_int(h->message[i].type));
			json_object_array_add(messages, m);
		}
		json_object_object_add(o, "xfrm_messages", messages);
		json_object_object_add(out, netns_name(h->ns), o);
	}
	return out;
}
