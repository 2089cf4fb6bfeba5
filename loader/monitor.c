// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue monitor: events as they happen.
 *
 * Three things are waited for at once: the ring buffer, a signal to end, and
 * `segue detach`, which removes the pins and with them the source of events.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "names.h"
#include "output.h"

struct monitor {
	struct segue *segue;
	struct output *output;
	struct segue_reader *reader;
	int signals;
	int pins;
	int err;		/* writing failed: whoever read is gone */
};

struct event_row {
	char time[64];		/* wall clock, RFC 3339 */
	char clock[16];		/* of which the hour of the day, for a person */
	char event[16];
	char session[NAMES_SIZE];
	char device[NAMES_SIZE];
	char state[8];
	char from[NAMES_SIZE];
	char to[NAMES_SIZE];
	char path[NAMES_SIZE];
	char reason[64];
	char after[32];
	__u64 spi;
	/* for scripts */
	__u64 monotonic_ns;
	__u64 child;
	__u64 session_id;
	__u64 ifindex;
	__u64 cause_ns;
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct event_row, time, OUTPUT_TEXT),
	{ .name = "monotonic_ns", .kind = OUTPUT_COUNT,
	  .offset = offsetof(struct event_row, monotonic_ns) },
	{ .name = "clock", .kind = OUTPUT_TEXT, .offset = offsetof(struct event_row, clock),
	  .before = "" },
	OUTPUT_FIELD(struct event_row, event, OUTPUT_TEXT, .before = "  ", .width = 8),
	OUTPUT_FIELD(struct event_row, session, OUTPUT_TEXT, .before = " "),
	OUTPUT_FIELD(struct event_row, device, OUTPUT_TEXT, .before = " "),
	OUTPUT_FIELD(struct event_row, state, OUTPUT_TEXT, .before = " "),
	OUTPUT_FIELD(struct event_row, path, OUTPUT_TEXT, .before = " "),
	OUTPUT_FIELD(struct event_row, from, OUTPUT_TEXT, .before = " "),
	OUTPUT_FIELD(struct event_row, to, OUTPUT_TEXT, .before = "  =>  "),
	OUTPUT_FIELD(struct event_row, reason, OUTPUT_TEXT, .before = "  "),
	OUTPUT_FIELD(struct event_row, after, OUTPUT_TEXT, .before = ", "),
	OUTPUT_FIELD(struct event_row, spi, OUTPUT_SPI, .before = "  SPI "),
	OUTPUT_FIELD(struct event_row, child, OUTPUT_NUMBER),
	OUTPUT_FIELD(struct event_row, session_id, OUTPUT_NUMBER),
	OUTPUT_FIELD(struct event_row, ifindex, OUTPUT_NUMBER),
	OUTPUT_FIELD(struct event_row, cause_ns, OUTPUT_AGE),
	{},
};

/* CLOCK_REALTIME - CLOCK_MONOTONIC now: it may be set while we run. */
static __s64 clock_offset(void)
{
	struct timespec real, mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return (real.tv_sec - mono.tv_sec) * 1000000000LL + real.tv_nsec - mono.tv_nsec;
}

static void fill_time(struct event_row *row, __u64 ns)
{
	__u64 wall = ns + clock_offset();
	time_t seconds = wall / 1000000000;
	unsigned int micros = wall % 1000000000 / 1000;
	char date[32], zone[8];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);	/* +0100; RFC 3339 wants +01:00 */
	snprintf(row->time, sizeof(row->time), "%s.%06u%.3s:%s", date, micros, zone, zone + 3);
	snprintf(row->clock, sizeof(row->clock), "%.8s.%06u", date + 11, micros);
	row->monotonic_ns = ns;
}

static void path_name(struct monitor *monitor, const struct segue_session *session, __u8 slot,
		      char *name)
{
	if (slot >= SEGUE_MAX_PATHS)
		return;
	if (session && session->path[slot].flags & SEGUE_PATH_USED)
		names_path(monitor->segue, &session->path[slot], name);
	else
		snprintf(name, NAMES_SIZE, "path %u", slot);	/* gone meanwhile */
}

static void fill_names(struct monitor *monitor, struct event_row *row,
		       const struct segue_event *event)
{
	struct segue_session known, *session = NULL;

	if (event->session && !segue_session_get(monitor->segue, event->session, &known))
		session = &known;
	if (session)
		names_session(event->session, session, row->session);
	else if (event->session)
		snprintf(row->session, sizeof(row->session), "[%u]", event->session);
	switch (event->type) {
	case SEGUE_EVENT_LINK:
		strcpy(row->state, event->to ? "up" : "down");
		break;
	case SEGUE_EVENT_SWITCH:
		path_name(monitor, session, event->from, row->from);
		path_name(monitor, session, event->to, row->to);
		break;
	case SEGUE_EVENT_PATH:
	case SEGUE_EVENT_WISH:
	case SEGUE_EVENT_REFUSAL:
		path_name(monitor, session, event->to, row->path);
		break;
	}
	/* a path's name says its device */
	if (event->ifindex && !row->path[0] && !row->to[0])
		names_device(monitor->segue, event->ifindex, row->device);
}

static void show_event(void *context, const struct segue_event *event)
{
	struct monitor *monitor = context;
	struct event_row row = {};

	if (monitor->err)
		return;
	fill_time(&row, event->ns);
	snprintf(row.event, sizeof(row.event), "%s", segue_event_name(event->type));
	snprintf(row.reason, sizeof(row.reason), "%s", segue_reason_name(event->reason));
	fill_names(monitor, &row, event);
	if (event->cause_ns && event->cause_ns <= event->ns)
		snprintf(row.after, sizeof(row.after), "%.3f ms after it",
			 (event->ns - event->cause_ns) / 1e6);
	row.spi = ntohl(event->spi);
	row.child = event->child;
	row.session_id = event->session;
	row.ifindex = event->ifindex;
	row.cause_ns = event->cause_ns;
	monitor->err = output_stream(monitor->output, fields, &row);
}

static int monitor_open(struct monitor *monitor)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	monitor->signals = signalfd(-1, &set, SFD_CLOEXEC);
	monitor->pins = inotify_init1(IN_CLOEXEC);
	if (monitor->signals < 0 || monitor->pins < 0)
		return cli_error("cannot wait: %s", strerror(errno));
	if (inotify_add_watch(monitor->pins, cli_pin_dir(), IN_DELETE | IN_DELETE_SELF) < 0)
		return cli_error("cannot watch %s: %s", cli_pin_dir(), strerror(errno));

	err = segue_reader_open(monitor->segue, -1, &monitor->reader);
	if (err == -EBUSY)
		return cli_error("%d monitors are running already; end one of them",
				 SEGUE_MAX_READERS - 1);
	if (err)
		return cli_error("cannot read events: %s", strerror(-err));
	return CLI_OK;
}

static void monitor_close(struct monitor *monitor)
{
	segue_reader_close(monitor->reader);
	if (monitor->pins >= 0)
		close(monitor->pins);
	if (monitor->signals >= 0)
		close(monitor->signals);
}

/* Have the pins gone?  A name that went is no proof: a map may be replaced. */
static bool detached(struct monitor *monitor)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	if (read(monitor->pins, buf, sizeof(buf)) < 0)
		return false;
	return access(cli_pin_dir(), F_OK) != 0;
}

static int monitor_run(struct monitor *monitor)
{
	struct pollfd fds[] = {
		{ .fd = segue_reader_fd(monitor->reader), .events = POLLIN },
		{ .fd = monitor->signals, .events = POLLIN },
		{ .fd = monitor->pins, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 },	/* POLLERR: nobody reads any more */
	};
	int ret;

	for (;;) {
		if (poll(fds, 4, -1) < 0) {
			if (errno == EINTR)
				continue;
			return cli_error("cannot wait: %s", strerror(errno));
		}
		if (fds[0].revents) {
			ret = segue_reader_read(monitor->reader, show_event, monitor);
			if (ret < 0)
				return cli_error("cannot read events: %s", strerror(-ret));
		}
		if (monitor->err == -EPIPE || fds[3].revents & (POLLERR | POLLHUP))
			return CLI_OK;
		if (monitor->err)
			return cli_error("cannot write: %s", strerror(-monitor->err));
		if (fds[1].revents)
			return CLI_OK;
		if (fds[2].revents && detached(monitor)) {
			fputs("segue: detached, no more events\n", stderr);
			return CLI_OK;
		}
	}
}

int monitor_command(struct cli *cli, int argc, char **argv)
{
	struct monitor monitor = { .output = cli->output, .signals = -1, .pins = -1 };
	int ret;

	(void)argv;
	if (argc)
		return cli_usage(cli, "too many arguments");
	ret = cli_open(&monitor.segue);
	if (ret)
		return ret;
	ret = monitor_open(&monitor);
	if (!ret)
		ret = monitor_run(&monitor);
	monitor_close(&monitor);
	segue_close(monitor.segue);
	return ret;
}
