// SPDX-License-Identifier: GPL-2.0-or-later
/* Namespaces by name, and sockets made inside them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meter.h"

static struct {
	char *name;
	int fd;
} netns[MAX_NETNS];
static int count, home = -1;

void netns_add(const char *spec)
{
	char *copy = strdup(spec), *path = strchr(copy, '=');

	if (!path || count == MAX_NETNS)
		fail("--ns NAME=PATH, at most %d of them: '%s'", MAX_NETNS, spec);
	*path++ = '\0';
	if (home < 0)
		home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	netns[count].name = copy;
	netns[count].fd = open(path, O_RDONLY | O_CLOEXEC);
	if (netns[count].fd < 0)
		fail("%s: %s", path, strerror(errno));
	count++;
}

int netns_index(const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(netns[i].name, name))
			return i;
	fail("no namespace '%s' was given by --ns", name);
}

const char *netns_name(int index)
{
	return netns[index].name;
}

static void enter(int fd)
{
	if (setns(fd, CLONE_NEWNET))
		fail("setns: %s", strerror(errno));
}

int netns_socket(int index, int domain, int type, int protocol)
{
	int fd;

	enter(netns[index].fd);
	fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		fail("socket in %s: %s", netns[index].name, strerror(errno));
	enter(home);
	return fd;
}

int netns_open(int index, const char *path)
{
	int fd;

	enter(netns[index].fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	enter(home);
	return fd;
}

unsigned int netns_ifindex(int index, const char *device)
{
	unsigned int ifindex;

	enter(netns[index].fd);
	ifindex = if_nametoindex(device);
	enter(home);
	return ifindex;
}

socklen_t endpoint_parse(const char *text, uint16_t port, union endpoint *out)
{
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		return sizeof(out->v4);
	}
	if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(port);
		return sizeof(out->v6);
	}
	fail("'%s' is no address", text);
}
