// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Main loop: sends what is due, receives what came, fires events; reads the
 * wires only when nothing else is due soon.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "meter.h"

static const char usage[] =
"meter: what a handover costs a flow\n"
"\n"
"  --ns NAME=PATH          a network namespace\n"
"  --host NS               report its XFRM counters and messages, TCP timeouts\n"
"  --flow NAME,FROM,SOURCE,TO,DESTINATION[,PHASE_US]    UDP one way\n"
"  --echo NAME,FROM,SOURCE,TO,DESTINATION[,PHASE_US]    UDP, sent back\n"
"  --stream NAME,FROM,SOURCE,TO,DESTINATION[,PHASE_US[,EVERY]]  TCP, a write every\n"
"                          EVERY intervals (1)\n"
"  --assoc KIND,NAME,FROM,SOURCE,TO,DESTINATION[,PHASE_US]  udp, sctp or mptcp, both ways;\n"
"                          FROM is the end that moves\n"
"  --follow NS,DEVICE,ADDRESS    they move there when DEVICE is lost: netlink says so\n"
"  --wire NS,DEVICE        watch an interface\n"
"  --inner ADDRESS         must not be seen in clear on any wire\n"
"  --protected PORT        UDP of this port counts as ESP: another protocol's tunnel\n"
"  --at MS,ACTION,...      down|up,NS,DEV  addr-del|addr-add,NS,DEV,ADDR/LEN\n"
"                          gateway,NS,DEV,ADDR  exec,COMMAND  mark  move|join,ADDRESS\n"
"  --rate N                packets a second of each flow (1000)\n"
"  --size N                octets of UDP payload (200)\n"
"  --write N               octets of each write to the TCP connection (500)\n"
"  --duration MS           how long to send (2000)\n"
"  --linger MS             stop sending so long after the last command has ended\n"
"  --drain MS              how long to receive after that (300)\n"
"  --cost N                only send N bursts of the flow: nanoseconds a packet\n"
"  --trace FILE            every packet, as tab-separated text\n";

static struct {
	unsigned int rate, size, cost;
	uint64_t duration, linger, drain;
	const char *trace;
} option = {
	.rate = 1000, .size = 200, .duration = 2000 * NS_PER_MS, .linger = NEVER,
	.drain = 300 * NS_PER_MS,
};

/*
 * Nothing else is begun when something is due this soon, unless the wires have not been
 * read for so long: their rings hold more than a second.
 */
enum { QUIET_NS = 150000, UNREAD_NS = 200000000, EVENT_RETRY_NS = 100000, REALTIME_PRIORITY = 50 };

void fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "meter: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(2);
}

char *field(char **cursor, const char *what)
{
	char *text = strsep(cursor, ",");

	if (!text && what)
		fail("missing field: %s", what);
	return text;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ns", required_argument, NULL, 'n' }, { "host", required_argument, NULL, 'H' },
		{ "flow", required_argument, NULL, 'f' }, { "echo", required_argument, NULL, 'e' },
		{ "stream", required_argument, NULL, 's' }, { "wire", required_argument, NULL, 'w' },
		{ "assoc", required_argument, NULL, 'A' }, { "follow", required_argument, NULL, 'F' },
		{ "inner", required_argument, NULL, 'i' }, { "protected", required_argument, NULL, 'p' },
		{ "cost", required_argument, NULL, 'C' }, { "at", required_argument, NULL, 'a' },
		{ "rate", required_argument, NULL, 'r' }, { "size", required_argument, NULL, 'z' },
		{ "write", required_argument, NULL, 'W' },
		{ "duration", required_argument, NULL, 'd' }, { "drain", required_argument, NULL, 'D' },
		{ "linger", required_argument, NULL, 'l' },
		{ "trace", required_argument, NULL, 't' }, { "help", no_argument, NULL, 'h' }, {},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n': netns_add(optarg); break;
		case 'H': host_add(optarg); break;
		case 'f': flow_add(optarg, false, option.size); break;
		case 'e': flow_add(optarg, true, option.size); break;
		case 's': stream_add(optarg); break;
		case 'A': assoc_add(optarg, option.size); break;
		case 'F': follow_add(optarg); break;
		case 'w': wire_add(optarg); break;
		case 'i': wire_forbid(optarg); break;
		case 'C': option.cost = strtoul(optarg, NULL, 0); break;
		case 'p': wire_protected(optarg); break;
		case 'a': event_add(optarg); break;
		case 'r': option.rate = strtoul(optarg, NULL, 0); break;
		case 'z': option.size = strtoul(optarg, NULL, 0); break;
		case 'W': stream.write_size = strtoul(optarg, NULL, 0); break;
		case 'd': option.duration = strtoull(optarg, NULL, 0) * NS_PER_MS; break;
		case 'D': option.drain = strtoull(optarg, NULL, 0) * NS_PER_MS; break;
		case 'l': option.linger = strtoull(optarg, NULL, 0) * NS_PER_MS; break;
		case 't': option.trace = optarg; break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(2);
		}
	}
	if (!option.rate || stream.write_size > STREAM_WRITE_MAX || optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

/* What epoll tells about: a function and its argument. */
struct source {
	void (*ready)(struct flow *flow);
	struct flow *flow;
	struct assoc *assoc;		/* instead of ready */
};

static void ready_stream(struct flow *flow)
{
	(void)flow;
	stream_read();
}

static void ready_follow(struct flow *flow)
{
	(void)flow;
	follow_receive();
}

static void watch(int epoll, int fd, struct source *source)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = source };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev))
		fail("epoll: %s", strerror(errno));
}

static void watch_all(int epoll)
{
	static struct source sources[2 * MAX_FLOWS + 2 + MAX_ASSOCS];
	struct source *s = sources;

	for (struct flow *f = flows; f < flows + flow_count; f++) {
		*s = (struct source){ .ready = flow_receive, .flow = f };
		watch(epoll, f->echo ? f->tx : f->rx, s++);
		if (f->echo) {
			*s = (struct source){ .ready = flow_echo, .flow = f };
			watch(epoll, f->rx, s++);
		}
	}
	if (stream.name) {
		*s = (struct source){ .ready = ready_stream };
		watch(epoll, stream.rx, s++);
	}
	for (struct assoc *a = assocs; a < assocs + assoc_count; a++) {
		*s = (struct source){ .assoc = a };
		assoc_watch(a, epoll, s++);
	}
	if (follow_fd() >= 0) {
		*s = (struct source){ .ready = ready_follow };
		watch(epoll, follow_fd(), s++);
	}
}

/* Does what is due; returns when the next thing will be. */
static uint64_t advance(uint64_t start, uint64_t end, uint64_t interval)
{
	uint64_t due = NEVER, now = clock_now();

	if (event_next() != NEVER && start + event_next() <= now)
		event_fire();
	if (event_next() != NEVER)
		due = start + event_next() > now ? start + event_next() : now + EVENT_RETRY_NS;
	for (struct flow *f = flows; f < flows + flow_count; f++) {
		if (f->next <= now && f->next < end)
			flow_send(f, interval);
		if (f->next < end && f->next < due)
			due = f->next;
	}
	if (stream.name) {
		if (stream.next <= now && stream.next < end)
			stream_write(interval);
		if (stream.next < end && stream.next < due)
			due = stream.next;
	}
	for (struct assoc *a = assocs; a < assocs + assoc_count; a++) {
		if (a->next <= now && a->next < end)
			assoc_send(a, interval);
		if (a->next < end && a->next < due)
			due = a->next;
	}
	return due < end ? due : now < end ? end : NEVER;
}

static void arm(int timer, uint64_t due)
{
	struct itimerspec at = { .it_value = { due / NS_PER_S, due % NS_PER_S } };

	if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL))
		fail("timerfd: %s", strerror(errno));
}

/* When sending ends: sooner than asked for if the commands are what it is about. */
static uint64_t sending_ends(uint64_t end)
{
	uint64_t over = option.linger == NEVER ? NEVER : event_over();

	return over != NEVER && over + option.linger < end ? over + option.linger : end;
}

/* Returns when sending ended. */
static uint64_t loop(int epoll, int timer, uint64_t start, uint64_t end, uint64_t interval)
{
	struct epoll_event ready[16];
	uint64_t stop = end + option.drain, expired, all_read = start;

	for (uint64_t now = clock_now(); now < stop; now = clock_now()) {
		uint64_t due = advance(start, end, interval);
		bool busy = false, quiet;
		int n;

		if (due > stop)
			due = stop;
		n = epoll_wait(epoll, ready, 16, 0);
		quiet = !n && due > clock_now() + QUIET_NS;
		/* a frame belongs to the event before it: not while one is under way */
		if (!event_pending() && (quiet || now > all_read + UNREAD_NS)) {
			busy = wire_drain(due - QUIET_NS);
			if (!busy)
				all_read = now;
			host_read();
			event_reap();
			end = sending_ends(end);
			stop = end + option.drain;
		}
		if (!n && !busy) {
			arm(timer, due);
			n = epoll_wait(epoll, ready, 16, -1);
		}
		for (int i = 0; i < n; i++) {
			struct source *s = ready[i].data.ptr;

			if (s && s->assoc)
				assoc_receive(s->assoc);
			else if (s)
				s->ready(s->flow);
			else if (read(timer, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
				fail("timerfd: %s", strerror(errno));
		}
	}
	return end;
}

int main(int argc, char **argv)
{
	struct sched_param param = { .sched_priority = REALTIME_PRIORITY };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t start, end, interval, origin;
	uint32_t capacity;

	signal(SIGPIPE, SIG_IGN);
	parse(argc, argv);
	clock_init();
	event_sort();
	instant_open();
	host_open();
	wire_open();
	interval = NS_PER_S / option.rate;
	capacity = option.duration / interval + 2;
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		fail("mlockall: %s", strerror(errno));
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		fail("sched_setscheduler: %s", strerror(errno));
	if (option.cost) {
		cost_print(option.cost);
		return 0;
	}
	event_start();
	watch_all(epoll);
	watch(epoll, timer, NULL);
	for (struct flow *f = flows; f < flows + flow_count; f++)
		flow_prepare(f, capacity);
	if (stream.name)
		stream_prepare(4 * capacity);
	for (struct assoc *a = assocs; a < assocs + assoc_count; a++)
		assoc_prepare(a, 4 * capacity);
	start = clock_now() + 10 * NS_PER_MS;
	end = start + option.duration;
	for (struct flow *f = flows; f < flows + flow_count; f++)
		flow_start(f, start, interval);
	if (stream.name)
		stream_start(start, interval);
	for (struct assoc *a = assocs; a < assocs + assoc_count; a++)
		a->next = start + a->phase % interval;
	end = loop(epoll, timer, start, end, interval);
	/* what follows takes long, and the hosts would stand still meanwhile */
	param.sched_priority = 0;
	if (sched_setscheduler(0, SCHED_OTHER, &param))
		fail("sched_setscheduler: %s", strerror(errno));
	wire_drain(NEVER);
	host_read();
	event_reap();
	origin = event_count && events[0].fired ? events[0].t0 : start;
	if (option.trace)
		report_trace(option.trace, origin);
	report_print(origin, start, end, interval);
	return 0;
}
