// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue attach: programs and maps, segue0, then each uplink.  What was there
 * before stays; what this call added goes again if a part of it fails.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <segue/host.h>
#include "cli.h"
#include "control.h"
#include "host.h"
#include "load.h"
#include "output.h"
#include "rtnl.h"
#include "stable.h"
#include "uplink.h"

enum { WHY_SIZE = 256 };

struct attach_row {
	char device[SEGUE_IFNAME_SIZE];
	char result[24];
	char ingress[8];
	char note[WHY_SIZE];
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct attach_row, device, OUTPUT_TEXT, .before = "", .width = 10),
	OUTPUT_FIELD(struct attach_row, result, OUTPUT_TEXT, .before = " ", .width = 16),
	OUTPUT_FIELD(struct attach_row, ingress, OUTPUT_TEXT, .before = " ", .width = 4),
	OUTPUT_FIELD(struct attach_row, note, OUTPUT_TEXT, .before = "  "),
	{},
};

struct attach {
	struct rtnl *rtnl;
	struct segue *segue;
	char (*name)[IF_NAMESIZE];	/* of the devices wanted */
	enum uplink_ingress ingress;
	bool loaded;		/* by this call */
	bool stable;		/* likewise */
	struct output_rows rows;
};

static int parse_ingress(struct cli *cli, enum uplink_ingress *out)
{
	const char *text = cli->ingress;

	if (!text || !strcmp(text, "auto"))
		*out = UPLINK_AUTO;
	else if (!strcmp(text, "xdp"))
		*out = UPLINK_XDP;
	else if (!strcmp(text, "tc"))
		*out = UPLINK_TC;
	else
		return cli_usage(cli, "--ingress is auto, xdp or tc, not %s", text);
	return CLI_OK;
}

struct wanted {
	int count;
	char (*name)[IF_NAMESIZE];
	unsigned int mtu;	/* the smallest */
	unsigned int found;
};

static int look_at_device(void *context, const struct rtnl_link *device)
{
	struct wanted *wanted = context;
	int i;

	for (i = 0; i < wanted->count; i++) {
		if (strcmp(wanted->name[i], device->name))
			continue;
		wanted->found++;
		if (!wanted->mtu || device->mtu < wanted->mtu)
			wanted->mtu = device->mtu;
	}
	return 0;
}

/* All of them must be there before anything is touched.  An alternative name stands for
 * the device's own. */
static int look_at_devices(struct attach *attach, struct wanted *wanted, char **argv)
{
	const char *name;
	int i, err;

	for (i = 0; i < wanted->count; i++) {
		name = if_indextoname(if_nametoindex(argv[i]), wanted->name[i]);
		if (!strcmp(name ? name : argv[i], SEGUE_DEVICE) || (name && !strcmp(name, "lo")))
			return cli_error("%s is no uplink", argv[i]);
		if (!name)
			return cli_error("no device %s; see: ip link", argv[i]);
	}
	err = rtnl_links(attach->rtnl, look_at_device, wanted);
	if (err)
		return cli_error("cannot list devices: %s", strerror(-err));
	if (wanted->found < (unsigned int)wanted->count)
		return cli_error("a device went away meanwhile; see: ip link");
	return CLI_OK;
}

static struct attach_row *row_add(struct attach *attach, const char *device)
{
	struct attach_row *row = output_rows_add(&attach->rows, sizeof(*row));

	if (row)
		snprintf(row->device, sizeof(row->device), "%s", device);
	return row;
}

/* What the programs cannot do on this kernel, in one remark. */
static void note_features(unsigned int features, char *note)
{
	size_t len = 0;

	if (!(features & SEGUE_FEATURE_RETURN))
		len += snprintf(note + len, WHY_SIZE - len,
				"no return switch (the peer's moves are followed by IKE only)");
	if ((features & SEGUE_FEATURE_LINK_WATCH) != SEGUE_FEATURE_LINK_WATCH)
		len += snprintf(note + len, WHY_SIZE - len,
				"%sno link watch in the kernel (the agent watches by rtnetlink)",
				len ? "; " : "");
	if (len)
		snprintf(note + len, WHY_SIZE - len, segue_ftrace_enabled() ?
			 ": the kernel refuses fentry" : ": kernel.ftrace_enabled is 0");
}

static int load(struct attach *attach)
{
	unsigned int features = 0;
	struct attach_row *row;
	int err;

	err = segue_load(NULL, &features);
	if (err == -EPERM || err == -EACCES)
		return cli_error("the kernel refuses BPF programs: %s (lockdown, or inside a "
				 "container?)", strerror(-err));
	if (err)
		return cli_error("cannot load the BPF programs: %s; more with: segue -v attach ...",
				 strerror(-err));
	attach->loaded = true;
	err = segue_open(NULL, &attach->segue);
	if (err)
		return cli_error("cannot open what was loaded: %s", strerror(-err));
	row = row_add(attach, "bpf");
	if (!row)
		return cli_error("%s", strerror(ENOMEM));
	strcpy(row->result, "loaded");
	note_features(features, row->note);
	return CLI_OK;
}

static int make_stable(struct attach *attach, unsigned int mtu)
{
	struct attach_row *row = row_add(attach, SEGUE_DEVICE);
	int err;

	if (!row)
		return cli_error("%s", strerror(ENOMEM));
	err = stable_create(attach->rtnl, mtu, row->note, sizeof(row->note));
	if (err)
		return cli_error("%s: %s", SEGUE_DEVICE, row->note);
	attach->stable = true;
	strcpy(row->result, "created");
	return CLI_OK;
}

static int attach_uplink(struct attach *attach, const char *name)
{
	struct attach_row *row;
	struct segue_link link;
	bool was_there;
	int err;

	was_there = !segue_link_get(attach->segue, if_nametoindex(name), &link);
	row = row_add(attach, name);
	if (!row)
		return cli_error("%s", strerror(ENOMEM));
	err = uplink_attach(attach->segue, attach->rtnl, name, attach->ingress, row->note,
			    sizeof(row->note));
	if (err)
		return cli_error("%s: cannot attach: %s", name,
				 row->note[0] ? row->note : strerror(-err));
	strcpy(row->result, was_there ? "was attached" : "attached");
	if (!segue_link_get(attach->segue, if_nametoindex(name), &link))
		strcpy(row->ingress, link.flags & SEGUE_LINK_XDP ? "xdp" : "tc");
	return CLI_OK;
}

/* err: of taking it out; is any of it left? */
static bool is_left(const char *what, int err)
{
	if (err)
		cli_error("%s could not be taken out again: %s", what, strerror(-err));
	return err;
}

static void roll_back(struct attach *attach)
{
	const struct attach_row *row = (const struct attach_row *)attach->rows.data;
	bool left = false;
	size_t i;

	for (i = attach->rows.count; i-- > 0;) {
		if (!strcmp(row[i].result, "attached"))
			left |= is_left(row[i].device, uplink_detach(attach->segue, attach->rtnl,
								     row[i].device));
	}
	if (attach->stable)
		left |= is_left(SEGUE_DEVICE, stable_remove(attach->rtnl));
	if (attach->loaded)
		left |= is_left("bpf", segue_unload(NULL));
	if (!left)
		fputs("segue: nothing was changed\n", stderr);
	else if (attach->loaded)
		fputs("segue: what is left goes with: segue detach\n", stderr);
}

static int attach_all(struct attach *attach, int argc, char **argv)
{
	struct wanted wanted = { .count = argc, .name = attach->name };
	int i, ret;

	ret = look_at_devices(attach, &wanted, argv);
	if (ret)
		return ret;
	ret = host_open(&attach->segue);
	if (ret == HOST_FRESH) {
		ret = load(attach);
		if (!ret)
			ret = make_stable(attach, wanted.mtu);
	} else if (!ret && !if_nametoindex(SEGUE_DEVICE)) {
		stable_remove(attach->rtnl);	/* somebody deleted it: its rule is left */
		ret = make_stable(attach, wanted.mtu);
	}
	for (i = 0; !ret && i < argc; i++)
		ret = attach_uplink(attach, wanted.name[i]);
	if (ret) {
		if (attach->loaded || attach->rows.count)
			roll_back(attach);
		return ret;
	}
	i = stable_fit_mtu(attach->segue, attach->rtnl);
	if (i)
		cli_error("cannot set the MTU of %s: %s", SEGUE_DEVICE, strerror(-i));
	return CLI_OK;
}

int attach_command(struct cli *cli, int argc, char **argv)
{
	struct attach attach = {};
	int ret, lock;

	if (!argc)
		return cli_usage(cli, "which devices?");
	ret = parse_ingress(cli, &attach.ingress);
	if (!ret)
		ret = host_begin("attach", &attach.rtnl, &lock);
	if (ret)
		return ret;
	attach.name = calloc(argc, sizeof(*attach.name));
	ret = attach.name ? attach_all(&attach, argc, argv) : cli_error("%s", strerror(ENOMEM));
	if (!ret)
		output_lines(cli->output, NULL, fields, attach.rows.data, attach.rows.count,
			     sizeof(struct attach_row));
	free(attach.rows.data);
	free(attach.name);
	if (attach.segue)
		segue_close(attach.segue);
	host_end(attach.rtnl, lock);
	return ret;
}
