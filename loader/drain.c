// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue link DEV drain: everything goes off an uplink that is about to be taken away,
 * softly, and waits until nothing depends on it any more.
 *
 *   copy      whatever goes by it is sent by another path as well, for a window
 *   switch    the other path is the active one
 *   drained   the link counts as down, so that the agent does not go back; what is
 *             received by it still is
 *   followed  each peer that we lead has answered that it knows, and what it sent
 *             before has had another window to come
 *
 * If there is no other path for something, it stays where it is and the link is not
 * drained; if a peer does not answer, it is drained all the same.  Both are failures.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "clock.h"
#include "names.h"
#include "output.h"
#include "show.h"

enum { FOLLOW_MS = 10000 };	/* two retransmissions of IKE, strongSwan's 4 s and 7.2 s */

struct move_row {
	char session[NAMES_SIZE];
	char from[NAMES_SIZE];
	char to[NAMES_SIZE];
	bool moved;
	bool followed;			/* the peer knows, as far as it is told by IKE */
	char note[64];
	/* for scripts, and for us */
	__u64 session_id;
	__u64 child;
	__u64 slot;
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct move_row, session, OUTPUT_TEXT, .before = ""),
	OUTPUT_FIELD(struct move_row, from, OUTPUT_TEXT, .before = ": "),
	OUTPUT_FIELD(struct move_row, to, OUTPUT_TEXT, .before = "  =>  "),
	OUTPUT_FIELD(struct move_row, moved, OUTPUT_FLAG),
	OUTPUT_FIELD(struct move_row, followed, OUTPUT_FLAG),
	OUTPUT_FIELD(struct move_row, note, OUTPUT_TEXT, .before = "  "),
	OUTPUT_FIELD(struct move_row, session_id, OUTPUT_NUMBER),
	OUTPUT_FIELD(struct move_row, child, OUTPUT_COUNT),
	OUTPUT_FIELD(struct move_row, slot, OUTPUT_COUNT),
	{},
};

struct drain {
	struct segue *segue;
	struct segue_reader *reader;
	__u32 ifindex;
	__u64 links_up;
	__u64 window_ns;
	__u64 switched_ns;
	struct output_rows rows;	/* struct move_row */
};

static struct move_row *rows(struct drain *d)
{
	return (struct move_row *)d->rows.data;
}

static int find_link(struct segue *segue, const char *device, __u32 *out)
{
	struct segue_link link;
	__u32 ifindex = 0;
	int err;

	while (!(err = segue_link_next(segue, &ifindex))) {
		err = segue_link_get(segue, ifindex, &link);
		if (err && err != -ENOENT)
			break;
		if (!err && !strcmp(link.name, device)) {
			*out = ifindex;
			return CLI_OK;
		}
	}
	if (err == -ENOENT)
		return cli_error("%s is not attached; see: segue link", device);
	return cli_read_error("link", err);
}

/* The best path by another link: live, verified, and answering probes if there are any */
static __u8 other_path(struct drain *d, const struct segue_session *session)
{
	const __u8 wanted = SEGUE_PATH_USED | SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;
	const struct segue_path *path = session->path;
	__u8 slot, best = SEGUE_NO_PATH;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		if ((path[slot].flags & wanted) == wanted && path[slot].ifindex != d->ifindex &&
		    path[slot].state != SEGUE_PATH_DEAD &&
		    d->links_up >> path[slot].link & 1 &&
		    (best == SEGUE_NO_PATH || path[slot].priority < path[best].priority))
			best = slot;
	return best;
}

/* What goes by this link: the session's way, and those of CHILD_SAs apart. */
static int gather(void *context, __u32 id, const struct segue_session *session)
{
	const struct segue_way *way;
	struct drain *d = context;
	struct move_row *row;
	unsigned int child;

	for (child = 0; child < SEGUE_MAX_CHILDREN; child++) {
		way = child ? &session->child[child] : &session->way;
		if (way->active >= SEGUE_MAX_PATHS ||
		    !(session->path[way->active].flags & SEGUE_PATH_USED) ||
		    session->path[way->active].ifindex != d->ifindex)
			continue;
		row = output_rows_add(&d->rows, sizeof(*row));
		if (!row)
			return -ENOMEM;
		names_session(id, session, row->session);
		names_path(d->segue, &session->path[way->active], row->from);
		row->session_id = id;
		row->child = child;
		row->slot = other_path(d, session);
		if (row->slot < SEGUE_MAX_PATHS)
			names_path(d->segue, &session->path[row->slot], row->to);
		else
			strcpy(row->note, "no other path is verified and up: stays there");
		if (row->slot < SEGUE_MAX_PATHS && session->flags & SEGUE_SESSION_MOVED)
			strcpy(row->note, "IKE only: transport = moved leaves the rest to applications");
	}
	return 0;
}

static void failed(struct move_row *row, int err)
{
	row->slot = SEGUE_NO_PATH;
	snprintf(row->note, sizeof(row->note), "%s", strerror(-err));
}

/* Each step for all of them at once: it takes one window, however many they are. */
static void move_all(struct drain *d)
{
	struct move_row *row, *end = rows(d) + d->rows.count;
	__u64 begin = clock_now_ns();
	int err;

	for (row = rows(d); row < end; row++) {
		if (row->slot == SEGUE_NO_PATH)
			continue;
		err = segue_child_copy(d->segue, row->session_id, row->child, row->slot,
				       begin + 2 * d->window_ns);
		if (err && err != -EINVAL)	/* it is the active one by now */
			failed(row, err);
	}
	clock_wait_until(begin + d->window_ns);
	for (row = rows(d); row < end; row++) {
		if (row->slot == SEGUE_NO_PATH)
			continue;
		err = segue_child_switch(d->segue, row->session_id, row->child, row->slot,
					 SEGUE_REASON_DRAINED);
		if (err)
			failed(row, err);
		row->moved = !err;
	}
	d->switched_ns = clock_now_ns();
}

/* Does the peer know?  Of a CHILD_SA apart and to a peer that leads nothing is told. */
static bool has_followed(struct drain *d, const struct move_row *row)
{
	static const struct segue_addr unknown;
	struct segue_session session;
	struct segue_peer peer;
	unsigned int slot;

	if (row->child || segue_session_get(d->segue, row->session_id, &session) ||
	    session.flags & SEGUE_SESSION_FOLLOW ||
	    segue_peer_get(d->segue, row->session_id, &peer) ||
	    segue_addr_equal(&peer.in_use, &unknown))
		return true;
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		if (session.path[slot].flags & SEGUE_PATH_USED &&
		    session.path[slot].ifindex == d->ifindex &&
		    segue_addr_equal(&session.path[slot].local, &peer.in_use))
			return false;
	return true;
}

static bool all_followed(struct drain *d)
{
	struct move_row *row;
	bool all = true;

	for (row = rows(d); row < rows(d) + d->rows.count; row++) {
		row->followed = row->moved && has_followed(d, row);
		all &= row->followed || !row->moved;
	}
	return all;
}

/* Any event may be the one: the agent tells each answer. */
static void await_followed(struct drain *d)
{
	struct pollfd fd = { .fd = segue_reader_fd(d->reader), .events = POLLIN };
	__u64 end = clock_now_ns() + FOLLOW_MS * 1000000ULL, now;
	struct move_row *row;

	while (!all_followed(d) && (now = clock_now_ns()) < end) {
		poll(&fd, 1, (end - now) / 1000000 + 1);
		segue_reader_read(d->reader, NULL, NULL);
	}
	for (row = rows(d); row < rows(d) + d->rows.count; row++)
		if (row->moved && !row->followed)
			strcpy(row->note, "the peer has not answered");
}

static int count_failed(struct drain *d, bool followed)
{
	struct move_row *row;
	int count = 0;

	for (row = rows(d); row < rows(d) + d->rows.count; row++)
		count += !(followed ? row->followed : row->moved);
	return count;
}

static int drain_link(struct cli *cli, struct drain *d, const char *device)
{
	int err, ret;

	ret = show_each_session(d->segue, NULL, gather, d);
	if (ret)
		return ret;
	if (d->rows.count)
		move_all(d);
	if (!count_failed(d, false)) {
		err = segue_link_drain(d->segue, d->ifindex, true);
		if (err)
			return cli_error("cannot drain %s: %s", device, strerror(-err));
		await_followed(d);
		if (d->rows.count)
			clock_wait_until(d->switched_ns + d->window_ns);
	}
	output_lines(cli->output, NULL, fields, d->rows.data, d->rows.count,
		     sizeof(struct move_row));
	if (count_failed(d, false))
		return cli_error("%s is still in use", device);
	if (count_failed(d, true))
		return cli_error("%s is drained, but not every peer has answered", device);
	return CLI_OK;
}

/* The reader comes before anything happens: no answer is missed. */
static int begin(struct drain *d, const char *device)
{
	struct segue_state state;
	int err, ret;

	ret = find_link(d->segue, device, &d->ifindex);
	if (ret)
		return ret;
	err = segue_state_get(d->segue, &state);
	if (err)
		return cli_read_error("state", err);
	d->links_up = state.links_up;
	err = segue_reader_open(d->segue, -1, &d->reader);
	if (err == -EBUSY)
		return cli_error("too many monitors are running");
	if (err)
		return cli_error("cannot read events: %s", strerror(-err));
	return CLI_OK;
}

static int resume(struct cli *cli, struct segue *segue, const char *device)
{
	__u32 ifindex;
	int err;

	if (cli->window)
		return cli_usage(cli, "--window goes with drain");
	if (find_link(segue, device, &ifindex))
		return CLI_FAILED;
	err = segue_link_drain(segue, ifindex, false);
	if (err)
		return cli_error("cannot resume %s: %s", device, strerror(-err));
	return show_links(cli->output, segue, NULL, device);
}

int drain_command(struct cli *cli, const char *device, bool drain)
{
	struct drain d = {};
	__u64 window_ms;
	int ret;

	ret = cli_window(cli, CLI_WINDOW_MS, &window_ms);
	if (!ret)
		ret = cli_open(&d.segue);
	if (ret)
		return ret;
	d.window_ns = window_ms * 1000000;
	if (!drain) {
		ret = resume(cli, d.segue, device);
	} else {
		ret = begin(&d, device);
		if (!ret)
			ret = drain_link(cli, &d, device);
	}
	segue_reader_close(d.reader);
	free(d.rows.data);
	segue_close(d.segue);
	return ret;
}
