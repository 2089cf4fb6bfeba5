// SPDX-License-Identifier: GPL-2.0-or-later
/* segue session: IKE_SAs and where they send. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cli.h"
#include "names.h"
#include "output.h"
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
	/* for scripts */
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
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return segue_copy_slot(session, now.tv_sec * 1000000000ULL + now.tv_nsec);
}

struct gather {
	struct segue *segue;
	struct output_rows rows;
};

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
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct session_row *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
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
	}
	free(gather.rows.data);
	segue_close(gather.segue);
	return ret;
}
