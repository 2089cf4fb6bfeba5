// SPDX-License-Identifier: GPL-2.0-or-later
/* UDP at a constant rate, one way or echoed; every packet numbered and stamped. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "meter.h"

struct flow flows[MAX_FLOWS];
unsigned int flow_count;

enum { FIRST_PORT = 7001, MAX_PAYLOAD = 1420, RECEIVE_BUFFER = 8 << 20 };

static unsigned int payload;

struct packet {
	uint32_t flow, seq;
	uint64_t sent_at;
	char rest[MAX_PAYLOAD];
};

static int bound(int ns, const union endpoint *local, socklen_t size)
{
	int fd = netns_socket(ns, local->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int on = 1, buffer = RECEIVE_BUFFER;

	/* a machine that stood still for a moment must not look like loss */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    bind(fd, &local->sa, size))
		fail("bind in %s: %s", netns_name(ns), strerror(errno));
	return fd;
}

/* NAME,FROM,SOURCE,TO,DESTINATION[,PHASE_US] */
void flow_add(const char *spec, bool echo, unsigned int size)
{
	char *copy = strdup(spec), *cursor = copy, *phase;
	struct flow *flow = &flows[flow_count];
	union endpoint source, destination;
	socklen_t length;
	int from, to;

	if (flow_count == MAX_FLOWS)
		fail("at most %d flows", MAX_FLOWS);
	flow->port = FIRST_PORT + flow_count++;
	flow->echo = echo;
	flow->name = strdup(field(&cursor, "flow name"));
	from = netns_index(field(&cursor, "sender's namespace"));
	length = endpoint_parse(field(&cursor, "source"), flow->port, &source);
	to = netns_index(field(&cursor, "receiver's namespace"));
	endpoint_parse(field(&cursor, "destination"), flow->port, &destination);
	phase = field(&cursor, ANY_FIELD);
	flow->phase = phase ? strtoull(phase, NULL, 0) * 1000 : 0;
	if (size < offsetof(struct packet, rest) || size > sizeof(struct packet))
		fail("payload of %u octets", size);
	payload = size;

	flow->tx = bound(from, &source, length);
	flow->rx = bound(to, &destination, length);
	/* both ends connected: an ICMP error shows, a stray packet does not */
	if (connect(flow->tx, &destination.sa, length) ||
	    connect(flow->rx, &source.sa, length))
		fail("connect for '%s': %s", flow->name, strerror(errno));
	free(copy);
}

void flow_prepare(struct flow *flow, uint32_t capacity)
{
	flow->capacity = capacity;
	flow->sent_at = calloc(capacity, sizeof(uint64_t));
	flow->arrived_at = calloc(capacity, sizeof(uint64_t));
	flow->arrivals = calloc(capacity, sizeof(uint64_t));
	if (!flow->sent_at || !flow->arrived_at || !flow->arrivals)
		fail("no memory for %u packets", capacity);
	/* a page fault in the middle of a measurement would show in it */
	memset(flow->arrivals, 0, capacity * sizeof(uint64_t));
	memset(flow->arrived_at, 0, capacity * sizeof(uint64_t));
	memset(flow->sent_at, 0, capacity * sizeof(uint64_t));
}

void flow_start(struct flow *flow, uint64_t start, uint64_t interval)
{
	flow->next = start + flow->phase % interval;
}

void flow_send(struct flow *flow, uint64_t interval)
{
	struct packet packet = { .flow = flow->port, .seq = flow->sent };

	flow->next += interval;
	if (flow->sent == flow->capacity)
		return;
	packet.sent_at = flow->sent_at[flow->sent++] = clock_now();
	if (send(flow->tx, &packet, payload, MSG_DONTWAIT) < 0) {
		/* an ICMP error of an earlier packet is reported once, in place of sending */
		if (errno == ECONNREFUSED || errno == EHOSTUNREACH) {
			if (send(flow->tx, &packet, payload, MSG_DONTWAIT) >= 0)
				return;
		}
		flow->errors++;
		flow->last_errno = errno;
	}
}

uint64_t stamp_of(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct timespec ts;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return clock_from_real(ts.tv_sec * NS_PER_S + ts.tv_nsec);
	}
	return clock_now();
}

/* The length, or -1 if none waits.  Pending ICMP errors are read away. */
static ssize_t receive(int fd, struct packet *packet, uint64_t *stamp)
{
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = { packet, sizeof(*packet) };

	for (int tries = 0; tries < 4; tries++) {
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

		if (n >= (ssize_t)offsetof(struct packet, rest)) {
			*stamp = stamp_of(&msg);
			return n;
		}
		if (n < 0 && errno == EAGAIN)
			return -1;
	}
	return -1;
}

void flow_receive(struct flow *flow)
{
	struct packet packet;
	uint64_t stamp;

	while (receive(flow->echo ? flow->tx : flow->rx, &packet, &stamp) >= 0) {
		if (packet.flow != flow->port || packet.seq >= flow->sent)
			continue;
		if (flow->arrived_at[packet.seq]) {
			flow->duplicates++;
			continue;
		}
		flow->arrived_at[packet.seq] = stamp;
		flow->arrivals[flow->received++] = stamp;
		if (packet.seq < flow->highest)
			flow->reordered++;
		else
			flow->highest = packet.seq;
	}
}

void flow_echo(struct flow *flow)
{
	struct packet packet;
	uint64_t stamp;
	ssize_t n;

	while ((n = receive(flow->rx, &packet, &stamp)) >= 0)
		if (send(flow->rx, &packet, n, MSG_DONTWAIT) < 0)
			flow->last_errno = errno;
}
