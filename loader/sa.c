// SPDX-License-Identifier: GPL-2.0-or-later
/* segue sa: the SAs that are steered. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "names.h"
#include "output.h"
#include "show.h"

struct sa_row {
	__u64 spi;
	char direction[4];
	char session[NAMES_SIZE];
	char mode[16];
	char peer[INET6_ADDRSTRLEN];
	__u64 reqid;
	bool udp;
	__u64 highest;
	/* for scripts */
	__u64 session_id;
	__u64 child;
	__u64 slot;
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct sa_row, spi, OUTPUT_SPI),
	OUTPUT_FIELD(struct sa_row, direction, OUTPUT_TEXT),
	OUTPUT_FIELD(struct sa_row, session, OUTPUT_TEXT),
	OUTPUT_FIELD(struct sa_row, mode, OUTPUT_TEXT),
	OUTPUT_FIELD(struct sa_row, peer, OUTPUT_TEXT),
	OUTPUT_FIELD(struct sa_row, reqid, OUTPUT_COUNT),
	OUTPUT_FIELD(struct sa_row, udp, OUTPUT_FLAG),
	OUTPUT_FIELD(struct sa_row, highest, OUTPUT_COUNT),
	OUTPUT_FIELD(struct sa_row, session_id, OUTPUT_NUMBER, .json_only = true),
	OUTPUT_FIELD(struct sa_row, child, OUTPUT_COUNT, .json_only = true),
	OUTPUT_FIELD(struct sa_row, slot, OUTPUT_COUNT, .json_only = true),
	{},
};

static const char *mode_name(__u8 mode)
{
	switch (mode) {
	case SEGUE_SA_TRANSPORT:
		return "transport";
	case SEGUE_SA_TUNNEL:
		return "tunnel";
	case SEGUE_SA_BEET:
		return "beet";
	default:
		return "unknown";
	}
}

static void sa_fill(struct sa_row *row, struct segue *segue, const struct segue_sa_key *key,
		    const struct segue_sa *sa)
{
	struct segue_session session;

	row->spi = ntohl(key->spi);
	strcpy(row->direction, sa->flags & SEGUE_SA_INBOUND ? "in" : "out");
	strcpy(row->mode, mode_name(sa->mode));
	row->reqid = sa->reqid;
	row->udp = sa->flags & SEGUE_SA_ENCAP;
	row->highest = sa->highest;
	row->session_id = sa->session;
	row->child = sa->child;
	row->slot = SEGUE_NO_PATH;
	if (segue_session_get(segue, sa->session, &session)) {
		/* `segue check` says what is to be done about that */
		snprintf(row->session, sizeof(row->session), "#%u (gone)", sa->session);
	} else {
		names_session(sa->session, &session, row->session);
		segue_addr_text(&session.remote, row->peer);
		row->slot = segue_way_of(&session, sa->child)->active;
	}
}

static int by_session_and_spi(const void *a, const void *b)
{
	const struct sa_row *x = a, *y = b;
	int direction = strcmp(x->direction, y->direction);

	if (x->session_id != y->session_id)
		return x->session_id > y->session_id ? 1 : -1;
	return direction ? direction : (x->spi > y->spi) - (x->spi < y->spi);
}

static int show_sas(struct output *output, struct segue *segue, __u32 session)
{
	struct segue_sa_key key = {};
	struct output_rows rows = {};
	int err, ret = CLI_FAILED;
	struct segue_sa sa;
	struct sa_row *row;

	while (!(err = segue_sa_next(segue, &key))) {
		err = segue_sa_get(segue, &key, &sa);
		if (err == -ENOENT)
			continue;	/* deleted meanwhile */
		if (err)
			break;
		if (session && sa.session != session)
			continue;
		row = output_rows_add(&rows, sizeof(*row));
		if (!row) {
			err = -ENOMEM;
			break;
		}
		sa_fill(row, segue, &key, &sa);
	}
	if (err != -ENOENT) {
		cli_read_error("sa", err);
	} else {
		if (rows.count)
			qsort(rows.data, rows.count, sizeof(*row), by_session_and_spi);
		output_table(output, NULL, fields, rows.data, rows.count, sizeof(*row));
		ret = CLI_OK;
	}
	free(rows.data);
	return ret;
}

int sa_command(struct cli *cli, int argc, char **argv)
{
	struct segue_session session;
	struct segue *segue;
	const char *name;
	__u32 id = 0;
	int ret;

	ret = cli_show_argument(cli, argc, argv, &name);
	if (!ret)
		ret = cli_open(&segue);
	if (ret)
		return ret;
	if (name)
		ret = names_find_session(segue, name, &id, &session);
	if (!ret)
		ret = show_sas(cli->output, segue, id);
	segue_close(segue);
	return ret;
}
