// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the meter does to the links, and when.
 *
 *	down,NS,DEV		IFF_UP off; on the far end of a veth pair this is
 *				a carrier loss for the near end
 *	up,NS,DEV		IFF_UP on
 *	addr-del,NS,DEV,ADDR/LEN	and addr-add: by rtnetlink
 *	gateway,NS,DEV,ADDR	the default route, in place of another one: by rtnetlink
 *	exec,COMMAND		sh -c, at normal priority, not waited for
 *	move,ADDRESS		the associations move to that address of their near end
 *	join,ADDRESS		they get it as well, if they can have several
 *	mark			nothing: begins a window of its own in the report
 *
 * A thread of its own does it, since the system call may sleep: on rtnl_lock(),
 * on an RCU grace period.  The flows go on meanwhile.  The call is synchronous:
 * when it returns, the kernel's notifier chain has run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter.h"

struct event events[MAX_EVENTS];
unsigned int event_count;
static unsigned int next_event, started;	/* started: next_event, and one more while it runs */
static sem_t wanted;

enum { EVENT_PRIORITY = 45 };

extern char **environ;

static bool is(const struct event *e, const char *action)
{
	return !strcmp(e->action, action);
}

void event_add(const char *spec)
{
	char *cursor = strdup(spec);
	struct event *e = &events[event_count];

	if (event_count++ == MAX_EVENTS)
		fail("at most %d events", MAX_EVENTS);
	e->due = strtod(field(&cursor, "time in ms"), NULL) * NS_PER_MS;
	e->action = field(&cursor, "action");
	if (is(e, "mark"))
		return;
	if (is(e, "exec")) {
		e->argument = cursor;
		if (!e->argument)
			fail("exec: no command");
		return;
	}
	if (is(e, "move") || is(e, "join")) {
		e->argument = field(&cursor, "address");
		return;
	}
	e->netns = field(&cursor, "namespace");
	e->device = field(&cursor, "device");
	if (is(e, "addr-add") || is(e, "addr-del") || is(e, "gateway"))
		e->argument = field(&cursor, "address");
	else if (!is(e, "up") && !is(e, "down"))
		fail("unknown action '%s'", e->action);
	netns_index(e->netns);
}

static int by_due(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->due < y->due ? -1 : x->due > y->due;
}

void event_sort(void)
{
	qsort(events, event_count, sizeof(*events), by_due);
}

uint64_t event_next(void)
{
	return started < event_count ? events[started].due : NEVER;
}

static void set_flag(struct event *e, bool up)
{
	int fd = netns_socket(netns_index(e->netns), AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = {};

	strncpy(ifr.ifr_name, e->device, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		fail("%s in %s: %s", e->device, e->netns, strerror(errno));
	if (up)
		ifr.ifr_flags |= IFF_UP;
	else
		ifr.ifr_flags &= ~IFF_UP;
	e->t0 = clock_now();
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		fail("%s in %s: %s", e->device, e->netns, strerror(errno));
	e->done = clock_now();
	close(fd);
}

/* By rtnetlink, and what it answers. */
static void ask(struct event *e, struct nlmsghdr *nlh)
{
	int fd = netns_socket(netns_index(e->netns), AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	char answer[256];

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	e->t0 = clock_now();
	if (send(fd, nlh, nlh->nlmsg_len, 0) < 0 || recv(fd, answer, sizeof(answer), 0) < 0)
		fail("rtnetlink: %s", strerror(errno));
	e->done = clock_now();
	e->status = ((struct nlmsgerr *)mnl_nlmsg_get_payload((void *)answer))->error;
	close(fd);
}

/* Puts an address into an attribute. */
static void put_address(struct nlmsghdr *nlh, uint16_t type, const union endpoint *address)
{
	if (address->sa.sa_family == AF_INET)
		mnl_attr_put_u32(nlh, type, address->v4.sin_addr.s_addr);
	else
		mnl_attr_put(nlh, type, sizeof(struct in6_addr), &address->v6.sin6_addr);
}

static void change_address(struct event *e, bool add)
{
	char buffer[256], text[64], *slash;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	union endpoint address;

	nlh->nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR;
	nlh->nlmsg_flags = add ? NLM_F_CREATE : 0;
	strncpy(text, e->argument, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	slash = strchr(text, '/');
	if (!slash)
		fail("'%s': ADDRESS/LENGTH", e->argument);
	*slash = '\0';
	endpoint_parse(text, 0, &address);
	ifa->ifa_family = address.sa.sa_family;
	ifa->ifa_prefixlen = atoi(slash + 1);
	ifa->ifa_index = netns_ifindex(netns_index(e->netns), e->device);
	put_address(nlh, IFA_LOCAL, &address);
	put_address(nlh, IFA_ADDRESS, &address);
	if (address.sa.sa_family == AF_INET6)
		ifa->ifa_flags = IFA_F_NODAD;
	ask(e, nlh);
}

enum { GATEWAY_METRIC = 100 };		/* as the scenarios' wlan0 has */

static void change_gateway(struct event *e)
{
	char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	union endpoint gateway;

	endpoint_parse(e->argument, 0, &gateway);
	nlh->nlmsg_type = RTM_NEWROUTE;
	nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	rtm->rtm_family = gateway.sa.sa_family;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_BOOT;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	put_address(nlh, RTA_GATEWAY, &gateway);
	mnl_attr_put_u32(nlh, RTA_OIF, netns_ifindex(netns_index(e->netns), e->device));
	mnl_attr_put_u32(nlh, RTA_PRIORITY, GATEWAY_METRIC);
	ask(e, nlh);
}

static void spawn(struct event *e)
{
	char *argv[] = { "bash", "-c", e->argument, NULL };
	struct sched_param param = { .sched_priority = 0 };
	posix_spawnattr_t attr;

	posix_spawnattr_init(&attr);
	posix_spawnattr_setschedpolicy(&attr, SCHED_OTHER);
	posix_spawnattr_setschedparam(&attr, &param);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSCHEDULER);
	e->t0 = clock_now();
	e->status = posix_spawnp(&e->pid, argv[0], NULL, &attr, argv, environ);
	e->done = clock_now();
	if (e->status)
		e->pid = 0;
	else
		e->status = -1;
	posix_spawnattr_destroy(&attr);
}

static void move(struct event *e)
{
	e->t0 = clock_now();
	e->status = assoc_move(e->argument, is(e, "join"));
	e->done = clock_now();
}

static void perform(struct event *e)
{
	if (is(e, "up") || is(e, "down"))
		set_flag(e, is(e, "up"));
	else if (is(e, "exec"))
		spawn(e);
	else if (is(e, "move") || is(e, "join"))
		move(e);
	else if (is(e, "mark"))
		e->t0 = e->done = clock_now();
	else if (is(e, "gateway"))
		change_gateway(e);
	else
		change_address(e, is(e, "addr-add"));
}

static void *performer(void *unused)
{
	(void)unused;
	for (;;) {
		struct event *e = &events[next_event];

		while (sem_wait(&wanted))
			;
		perform(e);
		e->fired = true;
		__atomic_store_n(&next_event, next_event + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Below the flows: what is sent and received must not wait for it. */
void event_start(void)
{
	struct sched_param param = { .sched_priority = EVENT_PRIORITY };
	pthread_attr_t attr;
	pthread_t thread;

	sem_init(&wanted, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	if (pthread_create(&thread, &attr, performer, NULL))
		fail("no thread for the events");
	pthread_detach(thread);
}

bool event_pending(void)
{
	return __atomic_load_n(&next_event, __ATOMIC_ACQUIRE) != started;
}

void event_fire(void)
{
	if (event_pending())
		return;
	started++;
	sem_post(&wanted);
}

void event_reap(void)
{
	for (unsigned int i = 0; i < next_event; i++) {
		struct event *e = &events[i];
		int status;

		if (!e->pid || waitpid(e->pid, &status, WNOHANG) != e->pid)
			continue;
		e->pid = 0;
		e->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		e->done = clock_now();
	}
}

uint64_t event_over(void)
{
	uint64_t over = 0;

	if (next_event < event_count)
		return NEVER;
	for (unsigned int i = 0; i < event_count; i++) {
		if (events[i].pid)
			return NEVER;
		if (events[i].done > over)
			over = events[i].done;
	}
	return over ? over : NEVER;
}

int event_before(uint64_t ns)
{
	int i = next_event - 1;

	while (i >= 0 && events[i].t0 > ns)
		i--;
	return i;
}

uint64_t event_end(unsigned int event)
{
	return event + 1 < event_count && events[event + 1].fired ? events[event + 1].t0 : NEVER;
}
