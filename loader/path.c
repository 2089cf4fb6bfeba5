// SPDX-License-Identifier: GPL-2.0-or-later
/* segue path: what the wire may see of each session. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "clock.h"
#include "names.h"
#include "output.h"
#include "peer.h"
#include "rtnl.h"
#include "show.h"

struct path_row {
	char session[NAMES_SIZE];
	__u64 slot;
	char device[SEGUE_IFNAME_SIZE];
	char local[INET6_ADDRSTRLEN];
	char remote[INET6_ADDRSTRLEN];
	__u64 mtu;			/* of the device, or less by a router's word; 0: unknown */
	__u64 priority;
	char state[32];
	char role[32];
	char check[16];
	__u64 checked_ns;
	__u64 since_ns;
	/* for scripts */
	__u64 session_id;
	__u64 ifindex;
	__u64 local_port;
	__u64 remote_port;
	bool active;
	bool copy;
	bool egress;
	bool verified;
	bool metered;
	bool link_up;
	bool held;
	__u64 held_ms;		/* for so long yet; 0 with held: not before its link is up */
	/* of its probe; all of this 0 without one */
	char probe[16];
	__u64 probe_index;
	__u64 rtt_us;
	__u64 rttvar_us;
	__u64 loss_permille;
	__u64 probes_sent;
	__u64 probes_answered;
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct path_row, session, OUTPUT_TEXT),
	OUTPUT_FIELD(struct path_row, slot, OUTPUT_COUNT),
	OUTPUT_FIELD(struct path_row, device, OUTPUT_TEXT),
	OUTPUT_FIELD(struct path_row, local, OUTPUT_TEXT),
	OUTPUT_FIELD(struct path_row, remote, OUTPUT_TEXT),
	OUTPUT_FIELD(struct path_row, mtu, OUTPUT_COUNT),
	OUTPUT_FIELD(struct path_row, priority, OUTPUT_COUNT),
	OUTPUT_FIELD(struct path_row, state, OUTPUT_TEXT),
	OUTPUT_FIELD(struct path_row, role, OUTPUT_TEXT),
	OUTPUT_FIELD(struct path_row, check, OUTPUT_TEXT),
	{ .name = "checked", .kind = OUTPUT_AGE, .offset = offsetof(struct path_row, checked_ns) },
	{ .name = "since", .kind = OUTPUT_AGE, .offset = offsetof(struct path_row, since_ns) },
	OUTPUT_FIELD(struct path_row, session_id, OUTPUT_NUMBER, .json_only = true),
	OUTPUT_FIELD(struct path_row, ifindex, OUTPUT_NUMBER, .json_only = true),
	OUTPUT_FIELD(struct path_row, local_port, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct path_row, remote_port, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct path_row, active, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct path_row, copy, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct path_row, egress, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct path_row, verified, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct path_row, metered, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct path_row, link_up, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct path_row, held, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct path_row, held_ms, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct path_row, probe, OUTPUT_TEXT, .json_only = true),
	OUTPUT_FIELD(struct path_row, probe_index, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct path_row, rtt_us, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct path_row, rttvar_us, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct path_row, loss_permille, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct path_row, probes_sent, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct path_row, probes_answered, OUTPUT_COUNT, .json_only = true),
	{},
};

struct gather {
	struct segue *segue;
	struct rtnl *rtnl;
	__u64 links_up;
	struct output_rows rows;
};

static const char *const states[] = {
	[SEGUE_PATH_UNKNOWN] = "unknown",
	[SEGUE_PATH_ALIVE] = "alive",
	[SEGUE_PATH_SUSPECT] = "suspect",
	[SEGUE_PATH_DEAD] = "dead",
};

static void probe_fill(struct gather *gather, const struct segue_path *path, struct path_row *row)
{
	struct segue_probe p;

	if (!path->probe || path->state > SEGUE_PATH_DEAD ||
	    segue_probe_get(gather->segue, path->probe, &p))
		return;
	strcpy(row->probe, states[path->state]);
	row->probe_index = path->probe;
	row->rtt_us = p.srtt_ns / 1000;
	row->rttvar_us = p.rttvar_ns / 1000;
	row->loss_permille = p.loss * 1000ULL / 65536;
	row->probes_sent = p.sent;
	row->probes_answered = p.answered;
}

/* The one word that matters first. */
static const char *path_state(const struct path_row *row)
{
	if (row->link_up && !strcmp(row->probe, "dead"))
		return row->active ? "active, dead" : "dead";
	if (row->link_up && !strcmp(row->probe, "suspect"))
		return row->active ? "active, suspect" : "suspect";
	if (row->active)
		return row->link_up ? "active" : "active, link down";
	if (row->copy)
		return row->link_up ? "copy" : "copy, link down";
	if (!row->link_up)
		return "link down";
	if (!row->verified)
		return "not verified";
	if (!row->egress)
		return "receive only";
	return row->held ? "held down" : "ready";
}

/* What the agent wrote may be over by now. */
static void held_fill(__u64 until_ns, struct path_row *row)
{
	__u64 now = clock_now_ns();

	row->held = until_ns > now;
	if (row->held && ~until_ns)
		row->held_ms = (until_ns - now) / 1000000;
}

/* What the kernel learned is for the canonical pair, of whatever path was in use. */
static void mtu_learned(struct gather *gather, const struct segue_session *session,
			struct path_row *row)
{
	unsigned int mtu;

	if (row->active && !rtnl_route_mtu(gather->rtnl, &session->remote, &session->local, &mtu) &&
	    mtu && (!row->mtu || mtu < row->mtu))
		row->mtu = mtu;
}

static int path_fill(struct gather *gather, __u32 id, const struct segue_session *session,
		     const struct segue_peer *peer, unsigned int slot)
{
	const struct segue_path *path = &session->path[slot];
	const struct segue_peer_addr *remote = peer_address(peer, SEGUE_SIDE_PEER, &path->remote);
	struct path_row *row;
	char device[NAMES_SIZE];

	row = output_rows_add(&gather->rows, sizeof(*row));
	if (!row)
		return -ENOMEM;
	names_session(id, session, row->session);
	snprintf(row->device, sizeof(row->device), "%.15s",
		 names_device(gather->segue, path->ifindex, device));
	segue_addr_text(&path->local, row->local);
	segue_addr_text(&path->remote, row->remote);
	row->slot = slot;
	row->priority = path->priority;
	row->session_id = id;
	row->ifindex = path->ifindex;
	row->local_port = ntohs(path->local_port);
	row->remote_port = ntohs(path->remote_port);
	row->active = slot == session->active;
	row->copy = slot == show_copy_slot(session);
	row->egress = path->flags & SEGUE_PATH_EGRESS;
	row->verified = path->flags & SEGUE_PATH_VERIFIED;
	row->link_up = path->link < SEGUE_MAX_LINKS && (gather->links_up >> path->link & 1);
	row->metered = path->flags & SEGUE_PATH_METERED;
	held_fill(peer->path[slot].held_ns, row);
	probe_fill(gather, path, row);
	mtu_learned(gather, session, row);
	strcpy(row->state, path_state(row));
	if (!strcmp(row->state, "held down") && row->held_ms)
		snprintf(row->state, sizeof(row->state), "held down %.1f s", row->held_ms / 1e3);
	peer_path_role(session, peer, slot, row->role);
	if (remote) {
		strcpy(row->check, segue_check_name(remote->check));
		row->checked_ns = remote->checked_ns;
	}
	row->since_ns = peer->path[slot].live_ns;
	return 0;
}

static int mtu_fill(void *context, const struct rtnl_link *device)
{
	struct gather *gather = context;
	struct path_row *row = (struct path_row *)gather->rows.data;
	size_t i;

	for (i = 0; i < gather->rows.count; i++) {
		if (row[i].ifindex == device->ifindex && (!row[i].mtu || device->mtu < row[i].mtu))
			row[i].mtu = device->mtu;
	}
	return 0;
}

static int paths_fill(void *context, __u32 id, const struct segue_session *session)
{
	struct gather *gather = context;
	struct segue_peer peer;
	unsigned int slot;
	int err;

	err = peer_known(gather->segue, id, &peer);
	for (slot = 0; !err && slot < SEGUE_MAX_PATHS; slot++) {
		if (session->path[slot].flags & SEGUE_PATH_USED)
			err = path_fill(gather, id, session, &peer, slot);
	}
	return err;
}

static int by_session_and_slot(const void *a, const void *b)
{
	const struct path_row *x = a, *y = b;

	if (x->session_id != y->session_id)
		return x->session_id > y->session_id ? 1 : -1;
	return (x->slot > y->slot) - (x->slot < y->slot);
}

int path_command(struct cli *cli, int argc, char **argv)
{
	struct gather gather = {};
	struct segue_state state;
	const char *name;
	int ret, err;

	ret = cli_show_argument(cli, argc, argv, &name);
	if (!ret)
		ret = cli_open(&gather.segue);
	if (ret)
		return ret;
	err = rtnl_open(&gather.rtnl);
	if (!err)
		err = segue_state_get(gather.segue, &state);
	if (err) {
		ret = cli_read_error("state", err);
		goto out;
	}
	gather.links_up = state.links_up;
	ret = show_each_session(gather.segue, name, paths_fill, &gather);
	if (ret)
		goto out;
	rtnl_links(gather.rtnl, mtu_fill, &gather);	/* else it stays unknown */
	if (gather.rows.count)
		qsort(gather.rows.data, gather.rows.count, sizeof(struct path_row),
		      by_session_and_slot);
	output_table(cli->output, NULL, fields, gather.rows.data, gather.rows.count,
		     sizeof(struct path_row));
out:
	rtnl_close(gather.rtnl);
	free(gather.rows.data);
	segue_close(gather.segue);
	return ret;
}
