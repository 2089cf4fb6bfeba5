// SPDX-License-Identifier: GPL-2.0-or-later
/* segue link: the uplinks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "control.h"
#include "output.h"
#include "show.h"

struct link_row {
	char device[SEGUE_IFNAME_SIZE];
	char state[16];
	char ingress[8];
	__u64 downs;
	char reason[32];
	__u64 changed_ns;
	/* for scripts */
	__u64 ifindex;
	__u64 bit;
	bool admin_up;
	bool carrier;
	bool present;
	bool drained;
	bool weak;
	char rp_filter_before[4];	/* empty: left as it was */
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct link_row, device, OUTPUT_TEXT),
	OUTPUT_FIELD(struct link_row, state, OUTPUT_TEXT),
	OUTPUT_FIELD(struct link_row, ingress, OUTPUT_TEXT),
	OUTPUT_FIELD(struct link_row, downs, OUTPUT_COUNT),
	{ .name = "changed", .kind = OUTPUT_AGE, .offset = offsetof(struct link_row, changed_ns) },
	OUTPUT_FIELD(struct link_row, reason, OUTPUT_TEXT),
	OUTPUT_FIELD(struct link_row, ifindex, OUTPUT_NUMBER, .json_only = true),
	OUTPUT_FIELD(struct link_row, bit, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct link_row, admin_up, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct link_row, carrier, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct link_row, present, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct link_row, drained, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct link_row, weak, OUTPUT_FLAG, .json_only = true),
	OUTPUT_FIELD(struct link_row, rp_filter_before, OUTPUT_TEXT, .json_only = true),
	{},
};

static const char *link_state(const struct segue_link *link)
{
	if (!(link->flags & SEGUE_LINK_PRESENT))
		return "unplugged";
	if (!(link->flags & SEGUE_LINK_ADMIN_UP))
		return "down";
	if (!(link->flags & SEGUE_LINK_CARRIER))
		return "no carrier";
	if (link->flags & SEGUE_LINK_DRAINED)
		return "drained";
	if (link->flags & SEGUE_LINK_WEAK)
		return "weak";
	return "up";
}

static void link_fill(struct link_row *row, __u32 ifindex, const struct segue_link *link)
{
	snprintf(row->device, sizeof(row->device), "%s", link->name);
	snprintf(row->state, sizeof(row->state), "%s", link_state(link));
	snprintf(row->ingress, sizeof(row->ingress), "%s",
		 link->flags & SEGUE_LINK_XDP ? "xdp" : link->flags & SEGUE_LINK_TC ? "tc" : "");
	if (link->reason)
		snprintf(row->reason, sizeof(row->reason), "%s", segue_reason_name(link->reason));
	row->downs = link->downs;
	row->changed_ns = link->changed_ns;
	row->ifindex = ifindex;
	row->bit = link->bit;
	row->admin_up = link->flags & SEGUE_LINK_ADMIN_UP;
	row->carrier = link->flags & SEGUE_LINK_CARRIER;
	row->drained = link->flags & SEGUE_LINK_DRAINED;
	row->weak = link->flags & SEGUE_LINK_WEAK;
	row->present = link->flags & SEGUE_LINK_PRESENT;
	if (link->rp_filter != SEGUE_RP_FILTER_KEPT)
		snprintf(row->rp_filter_before, sizeof(row->rp_filter_before), "%u",
			 link->rp_filter);
}

static int by_bit(const void *a, const void *b)
{
	const struct link_row *x = a, *y = b;

	return (x->bit > y->bit) - (x->bit < y->bit);
}

int show_links(struct output *output, struct segue *segue, const char *key, const char *device)
{
	struct output_rows rows = {};
	struct segue_link link;
	struct link_row *row;
	__u32 ifindex = 0;
	int err, ret = CLI_FAILED;

	while (!(err = segue_link_next(segue, &ifindex))) {
		err = segue_link_get(segue, ifindex, &link);
		if (err == -ENOENT)
			continue;	/* detached meanwhile */
		if (err)
			break;
		if (device && strcmp(device, link.name))
			continue;
		row = output_rows_add(&rows, sizeof(*row));
		if (!row) {
			err = -ENOMEM;
			break;
		}
		link_fill(row, ifindex, &link);
	}
	if (err != -ENOENT) {
		cli_read_error("link", err);
		goto out;
	}
	if (device && !rows.count) {
		cli_error("%s is not attached; see: segue link", device);
		goto out;
	}
	if (rows.count)
		qsort(rows.data, rows.count, sizeof(*row), by_bit);
	output_table(output, key, fields, rows.data, rows.count, sizeof(*row));
	ret = CLI_OK;
out:
	free(rows.data);
	return ret;
}

int link_command(struct cli *cli, int argc, char **argv)
{
	struct segue *segue;
	const char *device;
	int ret;

	if (argc == 2 && (!strcmp(argv[1], "drain") || !strcmp(argv[1], "resume")))
		return drain_command(cli, argv[0], argv[1][0] == 'd');
	if (cli->window)
		return cli_usage(cli, "--window goes with drain");
	ret = cli_show_argument(cli, argc, argv, &device);
	if (!ret)
		ret = cli_open(&segue);
	if (ret)
		return ret;
	ret = show_links(cli->output, segue, NULL, device);
	segue_close(segue);
	return ret;
}
