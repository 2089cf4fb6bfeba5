// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue switch: a handover by hand.
 *
 * Softly: for a window the session also sends by the new path, then by the new one
 * and also by the old one, for another window.  The kernel ends each of them by its
 * own clock; whatever becomes of this process, nothing is copied for ever.
 * A CHILD_SA is for the agent to move (switch_child.c): the peer has to know first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "clock.h"
#include "names.h"
#include "output.h"
#include "switch.h"

struct switch_row {
	char session[NAMES_SIZE];
	char from[NAMES_SIZE];
	char to[NAMES_SIZE];
	bool switched;
	char note[64];
	/* for scripts */
	__u64 session_id;
	__u64 slot;
	__u64 window_ms;
	__u64 child;
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct switch_row, session, OUTPUT_TEXT, .before = ""),
	OUTPUT_FIELD(struct switch_row, from, OUTPUT_TEXT, .before = ": "),
	OUTPUT_FIELD(struct switch_row, to, OUTPUT_TEXT, .before = "  =>  "),
	OUTPUT_FIELD(struct switch_row, switched, OUTPUT_FLAG),
	OUTPUT_FIELD(struct switch_row, note, OUTPUT_TEXT, .before = "  "),
	OUTPUT_FIELD(struct switch_row, session_id, OUTPUT_NUMBER),
	OUTPUT_FIELD(struct switch_row, slot, OUTPUT_COUNT),
	OUTPUT_FIELD(struct switch_row, window_ms, OUTPUT_COUNT),
	OUTPUT_FIELD(struct switch_row, child, OUTPUT_NUMBER),
	{},
};

/* 0: a hard switch */
static int parse_window(struct cli *cli, __u64 *out)
{
	if (cli->window && !cli->soft)
		return cli_usage(cli, "--window goes with --soft");
	return cli_window(cli, cli->soft ? CLI_WINDOW_MS : 0, out);
}

static int switch_softly(struct segue *segue, __u32 id, __u8 slot, __u64 window_ms)
{
	__u64 window = window_ms * 1000000, begin = clock_now_ns(), until;
	int err;

	/* until then at the latest, should this process be held up or end */
	err = segue_copy(segue, id, slot, begin + 2 * window);
	if (err == -EINVAL)	/* it is the active one by now */
		return 0;
	if (err)
		return err;
	clock_wait_until(begin + window);
	until = clock_now_ns() + window;
	err = segue_switch_soft(segue, id, slot, until, SEGUE_REASON_MANUAL);
	if (!err)
		clock_wait_until(until);
	return err;
}

static int switch_now(struct segue *segue, __u32 id, __u8 child, __u8 slot, __u64 window_ms)
{
	if (child)
		return switch_child(segue, id, child, slot, window_ms);
	return window_ms ? switch_softly(segue, id, slot, window_ms) :
			   segue_switch(segue, id, slot, SEGUE_REASON_MANUAL);
}

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

/* What the agent, or the peer that it has asked, says against it */
static int child_error(const char *session, const char *text, int err)
{
	if (err == -ETIMEDOUT)
		return cli_error("%s: the agent has not done it; is charon running, and does its "
				 "peer answer?", session);
	if (err > 0)
		return cli_error("%s: CHILD_SA %s stays where it is: %s", session, text,
				 segue_reason_name(err));
	return CLI_OK;
}

static int switch_session(struct segue *segue, struct output *output, struct cli *cli,
			  const char *session_text, const char *path_text, __u64 window_ms)
{
	const struct segue_path *path;
	struct switch_row row = {};
	struct segue_session session;
	__u8 slot, from, child = 0;
	__u32 id;
	int err;

	if (names_find_session(segue, session_text, &id, &session) ||
	    names_find_path(segue, &session, path_text, &slot) ||
	    (cli->child && names_find_child(segue, id, cli->child, &child)))
		return CLI_FAILED;
	from = segue_way_of(&session, child)->active;
	names_session(id, &session, row.session);
	path = &session.path[slot];
	if (path_usable(path, row.session, path_text))
		return CLI_FAILED;

	err = switch_now(segue, id, child, slot, window_ms);
	if (child_error(row.session, cli->child, err))
		return CLI_FAILED;
	if (err == -ENETDOWN)
		return cli_error("%s: the link of path %s is down; see: segue link",
				 row.session, path_text);
	if (err == -ENOENT)
		return cli_error("%s: session or path went away meanwhile", row.session);
	if (err)
		return cli_error("%s: cannot switch: %s", row.session, strerror(-err));

	row.session_id = id;
	row.slot = slot;
	row.child = child;
	row.switched = slot != from;
	row.window_ms = window_ms;
	if (window_ms)
		snprintf(row.note, sizeof(row.note), "by both for %llu ms before and after",
			 window_ms);
	names_path(segue, path, row.to);
	if (!row.switched)
		strcpy(row.note, "(was there already)");
	else if (from < SEGUE_MAX_PATHS)
		names_path(segue, &session.path[from], row.from);
	output_line(output, NULL, fields, &row);
	return CLI_OK;
}

int switch_command(struct cli *cli, int argc, char **argv)
{
	struct segue *segue;
	__u64 window_ms = 0;
	int ret;

	if (argc != 2)
		return cli_usage(cli, "a session and a path are needed");
	ret = parse_window(cli, &window_ms);
	if (!ret)
		ret = cli_open(&segue);
	if (ret)
		return ret;
	ret = switch_session(segue, cli->output, cli, argv[0], argv[1], window_ms);
	segue_close(segue);
	return ret;
}
