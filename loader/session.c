// SPDX-License-Identifier: GPL-2.0-or-later
/* segue session: IKE_SAs and where they send. */
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
#include "show.h"

struct session_row {
	char session[NAMES_SIZE];
	char role[16];
	char peer[8];
	char local[INET6_ADDRSTRLEN];
	char remote[INET6_ADDRSTRLEN];
	char active[SEGUE_IFNAME_SIZE];
	char copy[SEGUE_IFNAME_SIZE];
	__u64 paths;
	__u64 switches;
	__u64 switched_ns;
	char reason[32];
	char protocol[16];
	__u64 since_ns;
	/* for scripts, and in text below the table if one session is asked for */
	char peer_can[SEGUE_CAPABILITIES_SIZE];
	char we_can[SEGUE_CAPABILITIES_SIZE];
	struct output_rows addresses;
	struct output_rows refused;
	/* for scripts */
	__u64 version;
	__u64 id;
	__u64 ike;
	char name[SEGUE_NAME_SIZE];
	__u64 local_port;
	__u64 remote_port;
	__u64 active_slot;
	__u64 copy_slot;
	__u64 copy_until;
	__u64 switched_by;
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct session_row, session, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, role, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, peer, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, local, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, remote, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, active, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, copy, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, paths, OUTPUT_COUNT),
	OUTPUT_FIELD(struct session_row, switches, OUTPUT_COUNT),
	{ .name = "switched", .kind = OUTPUT_AGE,
	  .offset = offsetof(struct session_row, switched_ns) },
	OUTPUT_FIELD(struct session_row, reason, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, protocol, OUTPUT_TEXT),
	{ .name = "since", .kind = OUTPUT_AGE, .offset = offsetof(struct session_row, since_ns) },
	OUTPUT_FIELD(struct session_row, version, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct session_row, peer_can, OUTPUT_TEXT, .json_only = true),
	OUTPUT_FIELD(struct session_row, we_can, OUTPUT_TEXT, .json_only = true),
	OUTPUT_FIELD(struct session_row, addresses, OUTPUT_ROWS, .json_only = true,
		     .rows = address_fields, .row_size = sizeof(struct address_row)),
	OUTPUT_FIELD(struct session_row, refused, OUTPUT_ROWS, .json_only = true,
		     .rows = refused_fields, .row_size = sizeof(struct refused_row)),
	OUTPUT_FIELD(struct session_row, id, OUTPUT_NUMBER, .json_only = true),
	OUTPUT_FIELD(struct session_row, ike, OUTPUT_NUMBER, .json_only = true),
	OUTPUT_FIELD(struct session_row, name, OUTPUT_TEXT, .json_only = true),
	OUTPUT_FIELD(struct session_row, local_port, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct session_row, remote_port, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct session_row, active_slot, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct session_row, copy_slot, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct session_row, copy_until, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct session_row, switched_by, OUTPUT_SPI, .json_only = true),
	{},
};

static const struct output_field negotiated_fields[] = {
	OUTPUT_FIELD(struct session_row, protocol, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, peer_can, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, we_can, OUTPUT_TEXT),
	{},
};

int show_each_session(struct segue *segue, const char *name, show_session_fn fn, void *context)
{
	struct segue_session session;
	__u32 id = 0;
	int err;

	if (name) {
		if (names_find_session(segue, name, &id, &session))
			return CLI_FAILED;
		err = fn(context, id, &session);
		return err ? cli_read_error("session", err) : CLI_OK;
	}
	while (!(err = segue_session_next(segue, &id))) {
		err = segue_session_get(segue, id, &session);
		if (err == -ENOENT)
			continue;	/* it ended meanwhile */
		if (!err)
			err = fn(context, id, &session);
		if (err)
			break;
	}
	return err == -ENOENT ? CLI_OK : cli_read_error("session", err);
}

__u8 show_copy_slot(const struct segue_session *session)
{
	return segue_copy_slot(session, clock_now_ns());
}

struct gather {
	struct segue *segue;
	struct output_rows rows;
};

static int peer_fill(struct segue *segue, __u32 id, const struct segue_session *session,
		     struct session_row *row)
{
	struct segue_peer peer;
	int err;

	err = peer_known(segue, id, &peer);
	if (!err)
		err = peer_addresses(session, &peer, &row->addresses);
	if (!err)
		err = peer_refused(segue, id, &row->refused);
	if (err)
		return err;
	if (peer.version)
		snprintf(row->protocol, sizeof(row->protocol), "MOBIKE-X %u", peer.version);
	else if (peer.since_ns)
		strcpy(row->protocol, "MOBIKE");
	row->version = peer.version;
	row->since_ns = peer.since_ns;
	segue_capabilities_text(peer.capabilities, row->peer_can);
	segue_capabilities_text(peer.offered, row->we_can);
	return 0;
}

static int session_fill(void *context, __u32 id, const struct segue_session *session)
{
	struct gather *gather = context;
	const struct segue_path *path;
	struct session_row *row;
	char device[NAMES_SIZE];

	row = output_rows_add(&gather->rows, sizeof(*row));
	if (!row)
		return -ENOMEM;
	names_session(id, session, row->session);
	strcpy(row->name, session->name);
	strcpy(row->role, session->flags & SEGUE_SESSION_FOLLOW ? "follows" : "leads");
	strcpy(row->peer, session->flags & SEGUE_SESSION_PEER ? "segue" : "stock");
	segue_addr_text(&session->local, row->local);
	segue_addr_text(&session->remote, row->remote);
	for (path = session->path; path < session->path + SEGUE_MAX_PATHS; path++)
		row->paths += !!(path->flags & SEGUE_PATH_USED);
	if (session->active < SEGUE_MAX_PATHS)
		snprintf(row->active, sizeof(row->active), "%.15s",
			 names_device(gather->segue, session->path[session->active].ifindex,
				      device));
	row->copy_slot = show_copy_slot(session);
	if (row->copy_slot < SEGUE_MAX_PATHS) {
		snprintf(row->copy, sizeof(row->copy), "%.15s",
			 names_device(gather->segue, session->path[row->copy_slot].ifindex,
				      device));
		if (session->copy_until != SEGUE_COPY_ALWAYS)
			row->copy_until = session->copy_until;
	}
	row->switches = session->generation;
	row->switched_ns = session->switched_ns;
	if (session->reason)
		snprintf(row->reason, sizeof(row->reason), "%s", segue_reason_name(session->reason));
	row->id = id;
	row->ike = session->ike;
	row->local_port = ntohs(session->local_port);
	row->remote_port = ntohs(session->remote_port);
	row->active_slot = session->active;
	row->switched_by = ntohl(session->switched_by);
	return peer_fill(gather->segue, id, session, row);
}

static const struct output_field switch_fields[] = {
	OUTPUT_FIELD(struct session_row, session, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, active, OUTPUT_TEXT),
	OUTPUT_FIELD(struct session_row, switches, OUTPUT_COUNT),
	{ .name = "switched", .kind = OUTPUT_AGE,
	  .offset = offsetof(struct session_row, switched_ns) },
	OUTPUT_FIELD(struct session_row, reason, OUTPUT_TEXT),
	{},
};

static int switched_fill(void *context, __u32 id, const struct segue_session *session)
{
	return session->switched_ns ? session_fill(context, id, session) : 0;
}

static int by_id(const void *a, const void *b)
{
	const struct session_row *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Of the one session that was asked for */
static void detail(struct output *output, const struct session_row *row)
{
	output_detail(output, negotiated_fields, row, !!row->protocol[0], sizeof(*row));
	output_detail(output, address_fields, row->addresses.data, row->addresses.count,
		      sizeof(struct address_row));
	output_detail(output, refused_fields, row->refused.data, row->refused.count,
		      sizeof(struct refused_row));
}

static void rows_free(struct output_rows *rows)
{
	struct session_row *row = (struct session_row *)rows->data;

	for (; rows->count--; row++) {
		free(row->addresses.data);
		free(row->refused.data);
	}
	free(rows->data);
}

int show_switches(struct output *output, struct segue *segue, const char *key)
{
	struct gather gather = { .segue = segue };
	int ret = show_each_session(segue, NULL, switched_fill, &gather);

	if (!ret) {
		if (gather.rows.count)
			qsort(gather.rows.data, gather.rows.count, sizeof(struct session_row), by_id);
		output_table(output, key, switch_fields, gather.rows.data, gather.rows.count,
			     sizeof(struct session_row));
	}
	rows_free(&gather.rows);
	return ret;
}

int session_command(struct cli *cli, int argc, char **argv)
{
	struct gather gather = {};
	const char *name;
	int ret;

	ret = cli_show_argument(cli, argc, argv, &name);
	if (!ret)
		ret = cli_open(&gather.segue);
	if (ret)
		return ret;
	ret = show_each_session(gather.segue, name, session_fill, &gather);
	if (!ret) {
		if (gather.rows.count)
			qsort(gather.rows.data, gather.rows.count, sizeof(struct session_row), by_id);
		output_table(cli->output, NULL, fields, gather.rows.data, gather.rows.count,
			     sizeof(struct session_row));
		if (name && gather.rows.count)
			detail(cli->output, (const struct session_row *)gather.rows.data);
	}
	rows_free(&gather.rows);
	segue_close(gather.segue);
	return ret;
}
