// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Associations: flows whose ends move from address to address by themselves.
 *
 *	udp	datagrams; to move, the near end opens a socket at the new address, and
 *		the far end answers to where the latest one came from.  At 0.0.0.0 the
 *		near end moves with the routes, as they choose the source of each
 *	sctp	RFC 5061: to move, the near end adds the address (ASCONF), asks the peer
 *		to make it its primary one, and deletes the one before
 *	mptcp	RFC 8684: the kernel's path manager has subflows; this only writes
 *
 * Both ends send a message each interval.  Messages have one size and their octets
 * tell their place, so that a stream of them can be checked, too.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/sctp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "meter.h"

struct assoc assocs[MAX_ASSOCS];
unsigned int assoc_count;

enum { FIRST_PORT = 7201, TIMEOUT_MS = 5000 };

static const struct {
	const char *name;
	int type, protocol;
} kinds[] = {
	[ASSOC_UDP] = { "udp", SOCK_DGRAM, 0 },
	[ASSOC_SCTP] = { "sctp", SOCK_STREAM, IPPROTO_SCTP },
	[ASSOC_MPTCP] = { "mptcp", SOCK_STREAM, IPPROTO_MPTCP },
};

const char *assoc_kind(const struct assoc *a)
{
	return kinds[a->kind].name;
}

/* The octet at a place of the stream; a prime, so that a shifted copy shows. */
static uint8_t octet(uint64_t place)
{
	return place % 251;
}

static void wait_for(const struct assoc *a, int fd, short what)
{
	struct pollfd p = { fd, what, 0 };

	if (poll(&p, 1, TIMEOUT_MS) != 1)
		fail("%s: no association within %d ms", a->name, TIMEOUT_MS);
}

static int endpoint_socket(const struct assoc *a, int ns, const union endpoint *local)
{
	int fd = netns_socket(ns, local->sa.sa_family, kinds[a->kind].type | SOCK_NONBLOCK,
			      kinds[a->kind].protocol);
	struct linger abort = { .l_onoff = 1 };
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* what is not acknowledged goes with its socket: SCTP would keep the association, and
	 * the next meter has the same addresses and ports (sctp_endpoint_is_peeled_off()) */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	if (bind(fd, &local->sa, a->length))
		fail("%s: bind in %s: %s", a->name, netns_name(ns), strerror(errno));
	return fd;
}

/* A segment waits for nothing, and what both ends do not have is not delayed. */
static void no_delay(const struct assoc *a, int fd)
{
	int on = 1;

	if (a->kind == ASSOC_SCTP)
		setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on));
	else if (a->kind == ASSOC_MPTCP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void associate(struct assoc *a)
{
	int error, listener = a->end[FAR].fd;
	socklen_t size = sizeof(error);

	if (listen(listener, 1))
		fail("%s: listen: %s", a->name, strerror(errno));
	if (connect(a->end[NEAR].fd, &a->far.sa, a->length) && errno != EINPROGRESS)
		fail("%s: connect: %s", a->name, strerror(errno));
	wait_for(a, a->end[NEAR].fd, POLLOUT);
	if (getsockopt(a->end[NEAR].fd, SOL_SOCKET, SO_ERROR, &error, &size) || error)
		fail("%s: connect: %s", a->name, strerror(error));
	wait_for(a, listener, POLLIN);
	a->end[FAR].fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (a->end[FAR].fd < 0)
		fail("%s: accept: %s", a->name, strerror(errno));
	no_delay(a, a->end[NEAR].fd);
	no_delay(a, a->end[FAR].fd);
}

static enum assoc_kind kind_of(const char *text)
{
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, text))
			return i;
	fail("'%s' is no kind of association", text);
}

/* KIND,NAME,FROM,SOURCE,TO,DESTINATION[,PHASE_US] */
void assoc_add(const char *spec, unsigned int size)
{
	char *copy = strdup(spec), *cursor = copy, *phase;
	struct assoc *a = &assocs[assoc_count];
	int to;

	if (assoc_count == MAX_ASSOCS)
		fail("at most %d associations", MAX_ASSOCS);
	a->port = FIRST_PORT + assoc_count++;
	a->kind = kind_of(field(&cursor, "kind"));
	a->name = strdup(field(&cursor, "name"));
	a->from = netns_index(field(&cursor, "namespace of the end that moves"));
	a->length = endpoint_parse(field(&cursor, "its address"), a->port, &a->near);
	to = netns_index(field(&cursor, "namespace of the other end"));
	endpoint_parse(field(&cursor, "its address"), a->port, &a->far);
	phase = field(&cursor, ANY_FIELD);
	a->phase = phase ? strtoull(phase, NULL, 0) * 1000 : 0;
	if (size > ASSOC_SIZE_MAX)
		fail("messages of %u octets", size);
	a->size = size;

	a->end[NEAR].fd = endpoint_socket(a, a->from, &a->near);
	a->end[FAR].fd = endpoint_socket(a, to, &a->far);
	a->chunks = a->kind == ASSOC_SCTP ? chunk_socket(to, a->far.sa.sa_family) : -1;
	if (a->kind != ASSOC_UDP)
		associate(a);
	a->peer = a->near;
	free(copy);
}

void assoc_prepare(struct assoc *a, uint32_t capacity)
{
	for (struct assoc_end *e = a->end; e < a->end + ENDS; e++) {
		e->capacity = capacity;
		e->arrivals = calloc(capacity, sizeof(uint64_t));
		if (!e->arrivals)
			fail("no memory for %u arrivals", capacity);
		memset(e->arrivals, 0, capacity * sizeof(uint64_t));
	}
}

static ssize_t put(struct assoc *a, struct assoc_end *e, const uint8_t *data)
{
	const union endpoint *to = e == &a->end[NEAR] ? &a->far : &a->peer;
	int fd = __atomic_load_n(&e->fd, __ATOMIC_ACQUIRE);

	if (a->kind == ASSOC_UDP)
		return sendto(fd, data, a->size, MSG_DONTWAIT, &to->sa, a->length);
	return send(fd, data, a->size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A near end without an address of its own (0.0.0.0): the far one has to be told first,
 * where nothing has told it when they associated. */
static bool knows_peer(const struct assoc *a)
{
	return a->peer.sa.sa_family == AF_INET6 ? !IN6_IS_ADDR_UNSPECIFIED(&a->peer.v6.sin6_addr)
						: a->peer.v4.sin_addr.s_addr != INADDR_ANY;
}

/* A stream may take a part of a message: the next write begins where it ended. */
static void send_one(struct assoc *a, struct assoc_end *e)
{
	static uint8_t data[ASSOC_SIZE_MAX];
	ssize_t n;

	if (e->error || (a->kind == ASSOC_UDP && e == &a->end[FAR] && !knows_peer(a)))
		return;
	for (unsigned int i = 0; i < a->size; i++)
		data[i] = octet(e->written + i);
	n = put(a, e, data);
	if (n >= 0) {
		e->written += n;
		return;
	}
	e->blocked++;
	e->last_errno = errno;
	/* a datagram that does not get out is lost, and that is counted */
	if (a->kind != ASSOC_UDP && errno != EAGAIN)
		e->error = errno;
}

void assoc_send(struct assoc *a, uint64_t interval)
{
	a->next += interval;
	send_one(a, &a->end[NEAR]);
	send_one(a, &a->end[FAR]);
}

static void take(struct assoc *a, struct assoc_end *e, const uint8_t *data, ssize_t n)
{
	for (ssize_t i = 0; a->kind != ASSOC_UDP && i < n; i++)
		e->corrupt |= data[i] != octet(e->received + i);
	e->received += n;
	if (e->count < e->capacity)
		e->arrivals[e->count++] = clock_now();
}

static bool receive(struct assoc *a, struct assoc_end *e, int fd)
{
	static uint8_t data[65536];
	union endpoint from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT, &from.sa, &size);

	if (n > 0) {
		take(a, e, data, n);
		if (a->kind == ASSOC_UDP && e == &a->end[FAR])
			a->peer = from;
		return true;
	}
	if (!n && a->kind != ASSOC_UDP)
		e->closed = true;
	else if (n < 0 && errno != EAGAIN && a->kind != ASSOC_UDP)
		e->error = errno;
	return false;
}

/* What an end received is what the other one had written. */
void assoc_receive(struct assoc *a)
{
	unsigned int old;

	if (a->chunks >= 0)
		chunk_receive(a);
	while (receive(a, &a->end[NEAR], __atomic_load_n(&a->end[NEAR].fd, __ATOMIC_ACQUIRE)))
		;
	while (receive(a, &a->end[FAR], a->end[FAR].fd))
		;
	for (old = 0; old < __atomic_load_n(&a->olds, __ATOMIC_ACQUIRE); old++)
		while (receive(a, &a->end[NEAR], a->old[old]))
			;
}

void assoc_watch(struct assoc *a, int epoll, void *source)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = source };

	a->epoll = epoll;
	a->source = source;
	for (struct assoc_end *e = a->end; e < a->end + ENDS; e++)
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, e->fd, &ev))
			fail("epoll: %s", strerror(errno));
	if (a->chunks >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, a->chunks, &ev))
		fail("epoll: %s", strerror(errno));
}

/* What is on its way to the old address is still taken. */
static int move_udp(struct assoc *a, const union endpoint *to)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = a->source };
	int fd = endpoint_socket(a, a->from, to);

	if (a->olds == MAX_MOVES)
		fail("%s: at most %d moves", a->name, MAX_MOVES);
	if (epoll_ctl(a->epoll, EPOLL_CTL_ADD, fd, &ev))
		fail("epoll: %s", strerror(errno));
	a->old[a->olds] = a->end[NEAR].fd;
	__atomic_store_n(&a->olds, a->olds + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&a->end[NEAR].fd, fd, __ATOMIC_RELEASE);
	return 0;
}

/* An address that the association has already is no error: it had both. */
static int move_sctp(struct assoc *a, const union endpoint *to)
{
	struct sctp_setpeerprim primary = {};
	union endpoint addr = *to;
	int fd = a->end[NEAR].fd;

	if (sctp_bindx(fd, &addr.sa, 1, SCTP_BINDX_ADD_ADDR) && errno != EADDRINUSE &&
	    errno != EINVAL)
		return errno;
	memcpy(&primary.sspp_addr, to, a->length);
	if (setsockopt(fd, IPPROTO_SCTP, SCTP_SET_PEER_PRIMARY_ADDR, &primary, sizeof(primary)))
		return errno;
	addr = a->near;
	return sctp_bindx(fd, &addr.sa, 1, SCTP_BINDX_REM_ADDR) ? errno : 0;
}

/* Binds an SCTP association to a further address, as a multihomed one is from the
 * beginning. */
static int join_sctp(struct assoc *a, const union endpoint *to)
{
	union endpoint addr = *to;

	return sctp_bindx(a->end[NEAR].fd, &addr.sa, 1, SCTP_BINDX_ADD_ADDR) ? errno : 0;
}

int assoc_move(const char *address, bool stay)
{
	union endpoint to;
	int error = 0;

	for (struct assoc *a = assocs; a < assocs + assoc_count && !error; a++) {
		endpoint_parse(address, a->port, &to);
		if (a->kind == ASSOC_SCTP)
			error = stay ? join_sctp(a, &to) : move_sctp(a, &to);
		else if (a->kind == ASSOC_UDP && !stay)
			error = move_udp(a, &to);
		if (!stay)
			a->near = to;
	}
	return error;
}
