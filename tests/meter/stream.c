// SPDX-License-Identifier: GPL-2.0-or-later
/* One TCP connection that carries a write each interval or each few, a small one by default. */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meter.h"

struct stream stream = { .tx = -1, .rx = -1, .listener = -1, .write_size = 500 };

enum { PORT = 7100, CONNECT_TIMEOUT_MS = 5000 };

/* The octet at a place of the stream; a prime, so that a shifted copy shows. */
static uint8_t octet(uint64_t place)
{
	return place % 251;
}

static void wait_for(int fd, short what, const char *name)
{
	struct pollfd p = { fd, what, 0 };

	if (poll(&p, 1, CONNECT_TIMEOUT_MS) != 1)
		fail("stream: %s took over %d ms", name, CONNECT_TIMEOUT_MS);
}

/* NAME,FROM,SOURCE,TO,DESTINATION[,PHASE_US[,EVERY]] */
void stream_add(const char *spec)
{
	char *copy = strdup(spec), *cursor = copy, *phase, *every;
	union endpoint source, destination;
	int on = 1, error;
	socklen_t length;

	stream.port = PORT;
	stream.name = strdup(field(&cursor, "stream name"));
	stream.from = netns_index(field(&cursor, "sender's namespace"));
	/* any port: that of a connection which was cut is in use for a while */
	length = endpoint_parse(field(&cursor, "source"), 0, &source);
	stream.to = netns_index(field(&cursor, "receiver's namespace"));
	endpoint_parse(field(&cursor, "destination"), PORT, &destination);
	phase = field(&cursor, ANY_FIELD);
	stream.phase = phase ? strtoull(phase, NULL, 0) * 1000 : 0;
	every = field(&cursor, ANY_FIELD);
	stream.every = every ? strtoul(every, NULL, 0) : 1;
	if (!stream.every)
		fail("stream: a write every 0 intervals");

	stream.listener = netns_socket(stream.to, destination.sa.sa_family, SOCK_STREAM, 0);
	setsockopt(stream.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(stream.listener, &destination.sa, length) || listen(stream.listener, 1))
		fail("stream: bind: %s", strerror(errno));
	stream.tx = netns_socket(stream.from, source.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(stream.tx, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(stream.tx, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(stream.tx, &source.sa, length))
		fail("stream: bind: %s", strerror(errno));
	if (connect(stream.tx, &destination.sa, length) && errno != EINPROGRESS)
		fail("stream: connect: %s", strerror(errno));
	wait_for(stream.tx, POLLOUT, "connect");
	length = sizeof(error);
	if (getsockopt(stream.tx, SOL_SOCKET, SO_ERROR, &error, &length) || error)
		fail("stream: connect: %s", strerror(error));
	wait_for(stream.listener, POLLIN, "accept");
	stream.rx = accept4(stream.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (stream.rx < 0)
		fail("stream: accept: %s", strerror(errno));
	free(copy);
}

void stream_prepare(uint32_t capacity)
{
	stream.capacity = capacity;
	stream.arrivals = calloc(capacity, sizeof(uint64_t));
	if (!stream.arrivals)
		fail("no memory for %u reads", capacity);
	memset(stream.arrivals, 0, capacity * sizeof(uint64_t));
}

void stream_start(uint64_t start, uint64_t interval)
{
	stream.next = start + stream.phase % interval;
}

void stream_write(uint64_t interval)
{
	static uint8_t data[STREAM_WRITE_MAX];
	ssize_t n;

	stream.next += stream.every * interval;
	if (stream.error)
		return;
	for (unsigned int i = 0; i < stream.write_size; i++)
		data[i] = octet(stream.written + i);
	n = send(stream.tx, data, stream.write_size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0)
		stream.written += n;
	else if (errno == EAGAIN)
		stream.blocked++;
	else
		stream.error = errno;
}

void stream_read(void)
{
	static uint8_t data[65536];
	ssize_t n;

	while ((n = recv(stream.rx, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			stream.corrupt |= data[i] != octet(stream.received + i);
		stream.received += n;
		if (stream.count < stream.capacity)
			stream.arrivals[stream.count++] = clock_now();
	}
	if (!n)
		stream.closed = true;
	else if (errno != EAGAIN)
		stream.error = errno;
}
