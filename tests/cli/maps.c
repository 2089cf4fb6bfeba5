// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * maps: fills the pinned maps by hand, as the agent does, so that the CLI has
 * something to show where there is no IPsec.
 *
 *   maps session ID IKE NAME LOCAL REMOTE [follow] [peer]
 *   maps path ID SLOT DEVICE LOCAL REMOTE PRIORITY [egress] [verified] [metered]
 *   maps unpath ID SLOT
 *   maps sa in|out SPI ID MODE PEER [CHILD]
 *   maps link DEVICE up|down|weak|strong
 *   maps refuse ID DEVICE SPI
 *   maps peer ID VERSION CAPABILITIES [ours|peer ADDRESS CHECK]...
 *   maps leaving ID SLOT
 *   maps held ID SLOT S		for so many seconds; -1: its link is down
 *   maps uses ID ADDRESS		the peer has answered, and uses this one of ours
 *   maps broken ID
 *   maps agent grants|refuses		says "ready", and does so with the next wish
 *   maps key ID initiator|responder	keys for probes, the same ones always
 *   maps probe ID SLOT MS		an interval
 *   maps ask ID MS			probes, for so long, as the agent sends them
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include <segue/host.h>
#include "clock.h"
#include "control.h"

static struct segue *segue;

static struct segue_addr address(const char *text)
{
	struct segue_addr addr;

	if (segue_addr_parse(text, &addr)) {
		fprintf(stderr, "maps: no address: %s\n", text);
		exit(2);
	}
	return addr;
}

static bool has_word(char **argv, const char *word)
{
	for (; *argv; argv++) {
		if (!strcmp(*argv, word))
			return true;
	}
	return false;
}

static int session(char **argv)
{
	struct segue_session new = {
		.local = address(argv[3]),
		.remote = address(argv[4]),
		.active = SEGUE_NO_PATH,
		.ike = atoi(argv[1]),
	};

	snprintf(new.name, sizeof(new.name), "%s", argv[2]);
	if (has_word(argv + 5, "follow"))
		new.flags |= SEGUE_SESSION_FOLLOW;
	if (has_word(argv + 5, "peer"))
		new.flags |= SEGUE_SESSION_PEER;
	return segue_session_put(segue, atoi(argv[0]), &new);
}

static int path(char **argv)
{
	struct segue_path new = {
		.local = address(argv[3]),
		.remote = address(argv[4]),
		.ifindex = if_nametoindex(argv[2]),
		.priority = atoi(argv[5]),
		.flags = SEGUE_PATH_USED,
	};

	if (has_word(argv + 6, "egress"))
		new.flags |= SEGUE_PATH_EGRESS;
	if (has_word(argv + 6, "verified"))
		new.flags |= SEGUE_PATH_VERIFIED;
	if (has_word(argv + 6, "metered"))
		new.flags |= SEGUE_PATH_METERED;
	return segue_path_put(segue, atoi(argv[0]), atoi(argv[1]), &new,
			      SEGUE_REASON_PATH_ADDED);
}

static int unpath(char **argv)
{
	return segue_path_del(segue, atoi(argv[0]), atoi(argv[1]), SEGUE_REASON_PATH_REMOVED);
}

static int sa(char **argv)
{
	struct segue_sa_key key = { .spi = htonl(strtoul(argv[1], NULL, 16)) };
	struct segue_addr peer = address(argv[4]);
	struct segue_sa new = { .session = atoi(argv[2]), .reqid = 1 };
	bool inbound = !strcmp(argv[0], "in");

	new.mode = !strcmp(argv[3], "tunnel") ? SEGUE_SA_TUNNEL :
		   !strcmp(argv[3], "beet") ? SEGUE_SA_BEET : SEGUE_SA_TRANSPORT;
	if (inbound)
		new.flags = SEGUE_SA_INBOUND;
	else
		key.peer = segue_addr_fold(&peer);
	if (argv[5])
		new.child = atoi(argv[5]);
	return segue_sa_put(segue, &key, &new);
}

static int set_link(char **argv)
{
	bool up = !strcmp(argv[1], "up"), weak = !strcmp(argv[1], "weak");

	if (weak || !strcmp(argv[1], "strong"))
		return segue_link_weak(segue, if_nametoindex(argv[0]),
				       weak ? SEGUE_REASON_SIGNAL_LOW : SEGUE_REASON_NONE);
	return segue_link_set(segue, if_nametoindex(argv[0]),
			      SEGUE_LINK_PRESENT | SEGUE_LINK_ADMIN_UP |
			      (up ? SEGUE_LINK_CARRIER : 0),
			      up ? SEGUE_REASON_CARRIER_BACK : SEGUE_REASON_CARRIER_LOST);
}

static int refuse(char **argv)
{
	struct segue_event event = {
		.type = SEGUE_EVENT_REFUSAL,
		.reason = SEGUE_REASON_CHECK_FAILED,
		.from = SEGUE_NO_PATH,
		.to = SEGUE_NO_PATH,
		.session = atoi(argv[0]),
		.ifindex = if_nametoindex(argv[1]),
		.spi = htonl(strtoul(argv[2], NULL, 16)),
	};

	return segue_event_emit(segue, &event);
}

/* Told 2 s ago, checked 1 s ago. */
static int peer(char **argv)
{
	__u32 id = atoi(argv[0]);
	struct timespec now;
	struct segue_peer new = {
		.version = atoi(argv[1]),
		.capabilities = strtoul(argv[2], NULL, 16),
		.offered = 3,
	};
	struct segue_peer_addr *a;

	clock_gettime(CLOCK_MONOTONIC, &now);
	new.since_ns = (now.tv_sec - 2) * 1000000000ULL;
	new.path[0].live_ns = new.since_ns;
	for (argv += 3; argv[0] && argv[1] && argv[2]; argv += 3) {
		a = &new.addr[new.addrs++];
		a->side = !strcmp(argv[0], "peer");
		a->addr = address(argv[1]);
		a->since_ns = new.since_ns;
		a->preference = new.addrs - 1;
		while (a->check < SEGUE_CHECKS && strcmp(argv[2], segue_check_name(a->check)))
			a->check++;
		if (a->check == SEGUE_CHECK_VERIFIED || a->check == SEGUE_CHECK_FAILED)
			a->checked_ns = (now.tv_sec - 1) * 1000000000ULL;
	}
	return segue_peer_put(segue, id, &new);
}

static int leaving(char **argv)
{
	__u32 id = atoi(argv[0]);
	struct segue_peer entry;
	int err = segue_peer_get(segue, id, &entry);

	if (err)
		return err;
	entry.path[atoi(argv[1]) % SEGUE_MAX_PATHS].leaving_ns = 1;
	return segue_peer_put(segue, id, &entry);
}

static int held(char **argv)
{
	__u32 id = atoi(argv[0]);
	int s = atoi(argv[2]), err;
	struct segue_peer entry;

	err = segue_peer_get(segue, id, &entry);
	if (err)
		return err;
	entry.path[atoi(argv[1]) % SEGUE_MAX_PATHS].held_ns =
		s < 0 ? ~0ULL : clock_now_ns() + s * 1000000000ULL;
	return segue_peer_put(segue, id, &entry);
}

static int uses(char **argv)
{
	struct segue_event event = { .type = SEGUE_EVENT_EXCHANGE, .from = SEGUE_NO_PATH,
				     .to = SEGUE_NO_PATH, .reason = SEGUE_REASON_PEER_FOLLOWED,
				     .session = atoi(argv[0]) };
	struct segue_peer entry;
	int err = segue_peer_get(segue, event.session, &entry);

	entry.in_use = address(argv[1]);
	if (!err)
		err = segue_peer_put(segue, event.session, &entry);
	return err ? err : segue_event_emit(segue, &event);
}

/* What no agent writes */
static int broken(char **argv)
{
	struct segue_peer entry = { .addrs = 255 };
	__u32 id = atoi(argv[0]);
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/peer", SEGUE_PIN_DIR);
	fd = bpf_obj_get(path);
	return fd < 0 || bpf_map_update_elem(fd, &id, &entry, BPF_ANY) ? -errno : 0;
}

static void keep_wish(void *context, const struct segue_event *event)
{
	if (event->type == SEGUE_EVENT_WISH)
		*(struct segue_event *)context = *event;
}

static int agent(char **argv)
{
	struct segue_event wish = {};
	struct segue_reader *reader;
	struct pollfd p = { .events = POLLIN };
	int err;

	err = segue_reader_open(segue, SEGUE_READER_AGENT, &reader);
	if (err)
		return err;
	puts("ready");
	fflush(stdout);
	p.fd = segue_reader_fd(reader);
	while (!wish.type && poll(&p, 1, 5000) > 0)
		segue_reader_read(reader, keep_wish, &wish);
	segue_reader_close(reader);
	if (!wish.type)
		return -ETIMEDOUT;
	printf("%u %u %u %u\n", wish.session, wish.child, wish.to, wish.window_ms);
	if (!strcmp(argv[0], "grants"))
		return segue_child_switch(segue, wish.session, wish.child, wish.to,
					  SEGUE_REASON_MANUAL);
	wish.reason = SEGUE_REASON_OPERATION + 15;	/* NOT_SUPPORTED */
	return segue_event_emit(segue, &wish);
}

enum { PROBE_ID = 0x5e90e };

static int key(char **argv)
{
	struct segue_probe_key new = { .session = atoi(argv[0]) };
	bool initiator = !strcmp(argv[1], "initiator");

	memset(initiator ? &new.send : &new.receive, 0x11, sizeof(new.send));
	memset(initiator ? &new.receive : &new.send, 0x22, sizeof(new.send));
	return segue_probe_key_put(segue, PROBE_ID, &new);
}

static int probe(char **argv)
{
	return segue_probe_path(segue, atoi(argv[0]), atoi(argv[1]), PROBE_ID,
				atoi(argv[2]) * 1000000ULL, 3);
}

/* One each interval, and what the kernel says is owed, every millisecond. */
static int ask_path(const struct segue_path *path, unsigned int ms)
{
	struct segue_probe p;
	int err;

	if (!path->probe)
		return 0;
	err = segue_probe_get(segue, path->probe, &p);
	if (!err && (p.owed || !(ms % (p.interval_ns / 1000000))))
		err = segue_probe_send(segue, path->probe, p.owed ? SEGUE_PROBES_AT_ONCE : 1);
	return err;
}

static int ask(char **argv)
{
	unsigned int ms, duration = atoi(argv[1]), slot;
	struct timespec next;
	struct segue_session s;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (ms = 0; ms < duration; ms++) {
		err = segue_session_get(segue, atoi(argv[0]), &s);
		for (slot = 0; !err && slot < SEGUE_MAX_PATHS; slot++)
			err = ask_path(&s.path[slot], ms);
		if (err)
			return err;
		next.tv_nsec += 1000000;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return 0;
}

static const struct {
	const char *name;
	int arguments;		/* at least */
	int (*run)(char **argv);
} verbs[] = {
	{ "session", 5, session }, { "path", 6, path }, { "unpath", 2, unpath },
	{ "sa", 5, sa }, { "link", 2, set_link }, { "refuse", 3, refuse },
	{ "peer", 3, peer }, { "leaving", 2, leaving }, { "held", 3, held },
	{ "uses", 2, uses }, { "broken", 1, broken },
	{ "agent", 1, agent },
	{ "key", 2, key }, { "probe", 3, probe }, { "ask", 2, ask },
};

int main(int argc, char **argv)
{
	unsigned int i;
	int err;

	err = segue_open(NULL, &segue);
	for (i = 0; !err && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (argc < 2 || strcmp(argv[1], verbs[i].name) || argc - 2 < verbs[i].arguments)
			continue;
		err = verbs[i].run(argv + 2);
		break;
	}
	if (i == sizeof(verbs) / sizeof(verbs[0])) {
		fputs("maps: see the head of tests/cli/maps.c\n", stderr);
		return 2;
	}
	if (err)
		fprintf(stderr, "maps: %s: %s\n", argc > 1 ? argv[1] : "", strerror(-err));
	segue_close(segue);
	return err ? 1 : 0;
}
