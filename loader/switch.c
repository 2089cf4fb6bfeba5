// SPDX-License-Identifier: GPL-2.0-or-later
/* segue switch: a handover by hand. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "names.h"
#include "output.h"

struct switch_row {
	char session[NAMES_SIZE];
	char from[NAMES_SIZE];
	char to[NAMES_SIZE];
	bool switched;
	char note[32];
	/* for scripts */
	__u64 session_id;
	__u64 slot;
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct switch_row, session, OUTPUT_TEXT, .before = ""),
	OUTPUT_FIELD(struct switch_row, from, OUTPUT_TEXT, .before = ": "),
	OUTPUT_FIELD(struct switch_row, to, OUTPUT_TEXT, .before = "  =>  "),
	OUTPUT_FIELD(struct switch_row, switched, OUTPUT_FLAG),
	OUTPUT_FIELD(struct switch_row, note, OUTPUT_TEXT, .before = "  "),
	OUTPUT_FIELD(struct switch_row, session_id, OUTPUT_NUMBER),
	OUTPUT_FIELD(struct switch_row, slot, OUTPUT_COUNT),
	{},
};

/* The data path would never choose such a path by itself; nor does a person. */
static int path_usable(const struct segue_path *path, const char *name, const char *text)
{
	if (!(path->flags & SEGUE_PATH_EGRESS))
		return cli_error("%s: path %s is for receiving only (no address or no route of ours)",
				 name, text);
	if (!(path->flags & SEGUE_PATH_VERIFIED))
		return cli_error("%s: the peer has not answered a routability check on path %s yet",
				 name, text);
	return CLI_OK;
}

static int switch_session(struct segue *segue, struct output *output, const char *session_text,
			  const char *path_text)
{
	const struct segue_path *path;
	struct switch_row row = {};
	struct segue_session session;
	__u32 id;
	__u8 slot;
	int err;

	if (names_find_session(segue, session_text, &id, &session) ||
	    names_find_path(segue, &session, path_text, &slot))
		return CLI_FAILED;
	names_session(id, &session, row.session);
	path = &session.path[slot];
	if (path_usable(path, row.session, path_text))
		return CLI_FAILED;

	err = segue_switch(segue, id, slot, SEGUE_REASON_MANUAL);
	if (err == -ENETDOWN)
		return cli_error("%s: the link of path %s is down; see: segue link",
				 row.session, path_text);
	if (err == -ENOENT)
		return cli_error("%s: session or path went away meanwhile", row.session);
	if (err)
		return cli_error("%s: cannot switch: %s", row.session, strerror(-err));

	row.session_id = id;
	row.slot = slot;
	row.switched = slot != session.active;
	names_path(segue, path, row.to);
	if (!row.switched)
		strcpy(row.note, "(was there already)");
	else if (session.active < SEGUE_MAX_PATHS)
		names_path(segue, &session.path[session.active], row.from);
	output_line(output, NULL, fields, &row);
	return CLI_OK;
}

int switch_command(struct cli *cli, int argc, char **argv)
{
	struct segue *segue;
	int ret;

	if (argc != 2)
		return cli_usage(cli, "a session and a path are needed");
	ret = cli_open(&segue);
	if (ret)
		return ret;
	ret = switch_session(segue, cli->output, argv[0], argv[1]);
	segue_close(segue);
	return ret;
}
