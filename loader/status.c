// SPDX-License-Identifier: GPL-2.0-or-later
/* segue status: what is attached, what switched and why, what the kernel allows, what was
 * counted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <segue/host.h>
#include "cli.h"
#include "control.h"
#include "load.h"
#include "output.h"
#include "peer.h"
#include "show.h"

struct status_row {
	char pins[256];
	char link_watch[96];
	char return_switch[64];
	__u64 links;
	__u64 links_up;
	__u64 sessions;
	__u64 sas;
	/* for scripts */
	__u64 version;
	__u64 netns;
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct status_row, pins, OUTPUT_TEXT),
	OUTPUT_FIELD(struct status_row, link_watch, OUTPUT_TEXT),
	OUTPUT_FIELD(struct status_row, return_switch, OUTPUT_TEXT),
	OUTPUT_FIELD(struct status_row, links, OUTPUT_COUNT),
	OUTPUT_FIELD(struct status_row, links_up, OUTPUT_COUNT),
	OUTPUT_FIELD(struct status_row, sessions, OUTPUT_COUNT),
	OUTPUT_FIELD(struct status_row, sas, OUTPUT_COUNT),
	OUTPUT_FIELD(struct status_row, version, OUTPUT_NUMBER, .json_only = true),
	OUTPUT_FIELD(struct status_row, netns, OUTPUT_NUMBER, .json_only = true),
	{},
};

#define COUNTER_FIELD(field, text) \
	OUTPUT_FIELD(struct segue_counters, field, OUTPUT_COUNT, .help = text),
static const struct output_field counter_fields[] = {
	SEGUE_COUNTERS(COUNTER_FIELD)
	{},
};

static __u64 count_sessions(struct segue *segue)
{
	__u32 id = 0;
	__u64 n = 0;

	while (!segue_session_next(segue, &id))
		n++;
	return n;
}

static __u64 count_sas(struct segue *segue)
{
	struct segue_sa_key key = {};
	__u64 n = 0;

	while (!segue_sa_next(segue, &key))
		n++;
	return n;
}

static __u64 count_links(struct segue *segue)
{
	__u32 ifindex = 0;
	__u64 n = 0;

	while (!segue_link_next(segue, &ifindex))
		n++;
	return n;
}

static int fill(struct status_row *row, struct segue *segue)
{
	unsigned int features = 0;
	struct segue_state state;
	int err;

	err = segue_state_get(segue, &state);
	if (err)
		return cli_read_error("state", err);
	segue_loaded_features(NULL, &features);
	snprintf(row->pins, sizeof(row->pins), "%s", cli_pin_dir());
	strcpy(row->link_watch,
	       (features & SEGUE_FEATURE_LINK_WATCH) == SEGUE_FEATURE_LINK_WATCH ?
	       "in the kernel" : "rtnetlink, by the agent (the kernel refuses fentry)");
	strcpy(row->return_switch, features & SEGUE_FEATURE_RETURN ?
	       "in the kernel" : "by IKE only (the kernel refuses fentry)");
	row->links = count_links(segue);
	row->links_up = __builtin_popcountll(state.links_up);
	row->sessions = count_sessions(segue);
	row->sas = count_sas(segue);
	row->version = state.version;
	row->netns = state.netns;
	return CLI_OK;
}

int status_command(struct cli *cli, int argc, char **argv)
{
	struct segue_counters counters;
	struct output_rows refused = {};
	struct status_row row = {};
	struct segue *segue;
	int ret, err;

	(void)argv;
	if (argc)
		return cli_usage(cli, "too many arguments");
	ret = cli_open(&segue);
	if (ret)
		return ret;
	ret = fill(&row, segue);
	if (ret)
		goto out;
	output_record(cli->output, "status", fields, &row);
	ret = show_links(cli->output, segue, "links", NULL);
	if (!ret)
		ret = show_switches(cli->output, segue, "switches");
	if (ret)
		goto out;
	err = segue_counters_get(segue, &counters);
	if (!err)
		err = peer_refused(segue, 0, &refused);
	if (err) {
		ret = cli_read_error("counters", err);
		goto out;
	}
	output_record(cli->output, "counters", counter_fields, &counters);
	output_table(cli->output, "refused", refused_fields, refused.data, refused.count,
		     sizeof(struct refused_row));
out:
	free(refused.data);
	segue_close(segue);
	return ret;
}
