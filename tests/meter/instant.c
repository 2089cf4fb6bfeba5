// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instant at which the kernel lost a carrier: a kprobe on netif_carrier_off(),
 * in a trace instance of our own.  The system call that causes it may wait for
 * rtnl_lock() and for RCU before and after.  Where there is no tracefs the time
 * before the system call stands for it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meter.h"

#define TRACEFS "/sys/kernel/tracing"
#define INSTANCE TRACEFS "/instances/segue_meter"

static bool traced;

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

static void instant_close(void)
{
	put(INSTANCE "/events/segue_meter/enable", "0");
	rmdir(INSTANCE);
	put(TRACEFS "/kprobe_events", "-:segue_meter/carrier_off");
}

void instant_open(void)
{
	instant_close();	/* what a meter that was killed left behind */
	/* the name is the first member of struct net_device */
	traced = put(TRACEFS "/kprobe_events",
		     "p:segue_meter/carrier_off netif_carrier_off name=+0($arg1):string") &&
		 !mkdir(INSTANCE, 0700) &&
		 put(INSTANCE "/trace_clock", "mono") &&
		 put(INSTANCE "/events/segue_meter/carrier_off/enable", "1");
	atexit(instant_close);
}

/* "  meter-12  [000] d..1.  5.123456: carrier_off: (...) name="wlan0"" */
static bool parse(const char *line, uint64_t *ns, char *name)
{
	const char *event = strstr(line, ": carrier_off: ");
	const char *text = strstr(line, "name=\"");
	const char *time = event;
	double seconds;

	if (!event || !text || line[0] == '#')
		return false;
	while (time > line && time[-1] != ' ')
		time--;
	if (sscanf(time, "%lf", &seconds) != 1 || sscanf(text, "name=\"%15[^\"]", name) != 1)
		return false;
	*ns = seconds * NS_PER_S;
	return true;
}

/*
 * When the carrier of this device went within an event; the stamp has whole
 * microseconds.
 */
uint64_t instant_of(const struct event *e)
{
	FILE *trace = traced ? fopen(INSTANCE "/trace", "r") : NULL;
	uint64_t found = e->t0, ns;
	char line[512], name[16];

	while (trace && fgets(line, sizeof(line), trace)) {
		if (!parse(line, &ns, name) || strcmp(name, e->device))
			continue;
		if (ns + 1000 >= e->t0 && ns <= e->done) {
			found = ns;
			break;
		}
	}
	if (trace)
		fclose(trace);
	return found;
}
