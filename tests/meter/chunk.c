// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chunks: what an association's far end gets of SCTP, and from which address.  A raw
 * socket has a copy of each packet that the host takes for itself, after IPsec, where
 * no wire could tell what is in it.
 *
 * Told is when the first DATA or ASCONF came (RFC 9260 3.2, RFC 5061 4.1) that was not
 * from the address of the first of all: HEARTBEATs go from every address anyway.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

enum { SCTP_HEADER = 12, CHUNK_HEADER = 4, CHUNK_DATA = 0, CHUNK_ASCONF = 0xc1 };

int chunk_socket(int ns, int family)
{
	int fd = netns_socket(ns, family, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_SCTP);
	int on = 1, buffer = 4 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		fail("raw socket in %s: %s", netns_name(ns), strerror(errno));
	return fd;
}

static bool is_same(const union endpoint *a, const union endpoint *b)
{
	return a->sa.sa_family == AF_INET6
		? IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr)
		: a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

/* Whether any of a packet's chunks is DATA or ASCONF. */
static bool has_data(const uint8_t *packet, const uint8_t *end)
{
	for (const uint8_t *c = packet + SCTP_HEADER; c + CHUNK_HEADER <= end;) {
		unsigned int length = c[2] << 8 | c[3];

		if (c[0] == CHUNK_DATA || c[0] == CHUNK_ASCONF)
			return true;
		if (length < CHUNK_HEADER)
			return false;
		c += (length + 3) & ~3u;
	}
	return false;
}

static void take(struct assoc *a, const union endpoint *from, const uint8_t *data,
		 const uint8_t *end, uint64_t ns)
{
	int event;

	if (from->sa.sa_family == AF_INET)	/* raw(7): there the IP header is before it */
		data += (data[0] & 15) * 4;
	if (data + SCTP_HEADER > end || (data[2] << 8 | data[3]) != a->port || !has_data(data, end))
		return;
	if (!a->home.sa.sa_family)
		a->home = *from;
	event = event_before(ns);
	if (event >= 0 && !a->other_first[event] && !is_same(from, &a->home))
		a->other_first[event] = ns;
}

void chunk_receive(struct assoc *a)
{
	static uint8_t data[65536];
	char control[CMSG_SPACE(sizeof(struct timespec))];
	union endpoint from;
	struct iovec iov = { data, sizeof(data) };

	for (;;) {
		struct msghdr msg = {
			.msg_name = &from, .msg_namelen = sizeof(from),
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(a->chunks, &msg, MSG_DONTWAIT);

		if (n <= 0)
			return;
		take(a, &from, data, data + n, stamp_of(&msg));
	}
}
