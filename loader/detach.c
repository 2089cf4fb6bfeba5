// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue detach: the host as it was.  Goes on past an error, and tells of each;
 * what can be undone is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <segue/host.h>
#include "caps.h"
#include "cli.h"
#include "control.h"
#include "host.h"
#include "ingress.h"
#include "load.h"
#include "output.h"
#include "rtnl.h"
#include "stable.h"
#include "uplink.h"

struct detach_row {
	char device[SEGUE_IFNAME_SIZE];
	char result[16];
	char note[128];
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct detach_row, device, OUTPUT_TEXT, .before = "", .width = 10),
	OUTPUT_FIELD(struct detach_row, result, OUTPUT_TEXT, .before = " ", .width = 16),
	OUTPUT_FIELD(struct detach_row, note, OUTPUT_TEXT, .before = "  "),
	{},
};

struct detach {
	struct rtnl *rtnl;
	struct segue *segue;	/* NULL: pins that cannot be read */
	struct output_rows rows;
	int ret;
};

static void tell(struct detach *detach, const char *device, const char *result, int err)
{
	struct detach_row *row = output_rows_add(&detach->rows, sizeof(*row));

	if (!row) {
		detach->ret = cli_error("%s", strerror(ENOMEM));
		return;
	}
	snprintf(row->device, sizeof(row->device), "%s", device);
	snprintf(row->result, sizeof(row->result), "%s", err ? "failed" : result);
	if (err) {
		snprintf(row->note, sizeof(row->note), "%s", err == -EBADMSG ?
			 "its entry in map link is broken: rp_filter stays as it is" :
			 strerror(-err));
		detach->ret = CLI_FAILED;
	}
}

static int detach_uplink(struct detach *detach, const char *name)
{
	char own[IF_NAMESIZE];
	int err = uplink_detach(detach->segue, detach->rtnl, name);

	if (err == -ENOENT)
		return cli_error("%s is not attached; see: segue link", name);
	tell(detach, if_indextoname(if_nametoindex(name), own) ? own : name, "detached", err);
	return err ? CLI_FAILED : CLI_OK;
}

/* What it is called now, else what it was called. */
static void name_of(struct detach *detach, __u32 ifindex, char *name)
{
	struct segue_link link;

	if (if_indextoname(ifindex, name))
		return;
	if (segue_link_get(detach->segue, ifindex, &link))
		snprintf(name, IF_NAMESIZE, "#%u", ifindex);
	else
		snprintf(name, IF_NAMESIZE, "%s", link.name);
}

/* Each once, whether it goes or not; first all of them, since a deleted key has no
 * successor. */
static void detach_uplinks(struct detach *detach)
{
	__u32 ifindex = 0, all[SEGUE_MAX_LINKS];
	unsigned int i, count = 0;
	char name[IF_NAMESIZE];
	int err = 0;

	while (count < SEGUE_MAX_LINKS && !(err = segue_link_next(detach->segue, &ifindex)))
		all[count++] = ifindex;
	for (i = 0; i < count; i++) {
		name_of(detach, all[i], name);
		tell(detach, name, "detached",
		     uplink_detach_index(detach->segue, detach->rtnl, all[i]));
	}
	if (err && err != -ENOENT)
		detach->ret = cli_read_error("link", err);
}

/* What another version left cannot be read, but it can be recognised. */
static int detach_unknown(void *context, const struct rtnl_link *device)
{
	struct detach *detach = context;
	rtnl_mirror_remove(detach->rtnl, device->ifindex, SEGUE_TABLE_UPLINK + device->ifindex);
	if (ingress_attached(device->ifindex))
		tell(detach, device->name, "detached", ingress_detach(device->ifindex));
	return 0;
}

/* Lock files of monitors that have ended; see event.h. */
static void remove_locks(void)
{
	DIR *dir = opendir(SEGUE_RUN_DIR);
	struct dirent *entry;
	int fd;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "monitor.", strlen("monitor.")))
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!flock(fd, LOCK_EX | LOCK_NB))
			unlinkat(dirfd(dir), entry->d_name, 0);
		close(fd);
	}
	closedir(dir);
	rmdir(SEGUE_RUN_DIR);	/* if nothing else is in it */
}

static void detach_everything(struct detach *detach)
{
	int err;

	if (detach->segue) {
		detach_uplinks(detach);
	} else {
		cli_error("the pins are not of this version: rp_filter of the uplinks stays as "
			  "it is; see: sysctl -ar 'ipv4.conf.*rp_filter'");
		rtnl_links(detach->rtnl, detach_unknown, detach);
		err = rtnl_rules_flush(detach->rtnl);
		if (err < 0)
			detach->ret = cli_error("cannot remove its rules: %s", strerror(-err));
	}
	err = stable_remove(detach->rtnl);
	tell(detach, SEGUE_DEVICE, "removed", err);
	err = segue_unload(NULL);
	tell(detach, "bpf", "unloaded", err);
	remove_locks();
}

/* Not for us to take away: it might be somebody else's. */
static int tell_lost_dispatcher(void *context, const struct rtnl_link *device)
{
	struct detach *detach = context;
	struct detach_row *row;

	if (!ingress_dispatcher_lost(device->ifindex))
		return 0;
	row = output_rows_add(&detach->rows, sizeof(*row));
	if (!row)
		return -ENOMEM;
	strcpy(row->device, device->name);
	strcpy(row->result, "left");
	snprintf(row->note, sizeof(row->note), "libxdp's dispatcher lost its pins, too; remove it "
		 "with: ip link set dev %s xdp off", device->name);
	return 0;
}

/*
 * No pins: not attached, or somebody unmounted the bpffs and lost them.  Rules
 * bear our mark, and where there are some, segue0 is ours, too.
 */
static void detach_lost(struct detach *detach)
{
	int rules = rtnl_rules_flush(detach->rtnl);

	rtnl_links(detach->rtnl, detach_unknown, detach);
	if (rules > 0) {
		rtnl_links(detach->rtnl, tell_lost_dispatcher, detach);
		tell(detach, SEGUE_DEVICE, "removed", stable_remove(detach->rtnl));
	}
	if (detach->rows.count)
		cli_error("the pins were lost: rp_filter of the uplinks stays as it is");
	else
		fputs("segue: not attached\n", stderr);	/* harmless */
}

/* Half detached, the pins gone, nobody would find the rest. */
static int check_xdp_rights(struct detach *detach)
{
	struct segue_link link;
	__u32 ifindex = 0;

	while (!caps_sys_admin() && !segue_link_next(detach->segue, &ifindex)) {
		if (!segue_link_get(detach->segue, ifindex, &link) && link.flags & SEGUE_LINK_XDP)
			return cli_error("%s is attached by XDP: libxdp needs CAP_SYS_ADMIN, too, to "
					 "detach it", link.name);
	}
	return CLI_OK;
}

static bool any_link(struct segue *segue)
{
	__u32 ifindex = 0;

	return !segue_link_next(segue, &ifindex);
}

static int detach_some(struct detach *detach, int argc, char **argv)
{
	int i, err;

	if (!detach->segue)
		return cli_error("the pins in %s are not of this version; only all can go: "
				 "segue detach", cli_pin_dir());
	for (i = 0; i < argc; i++) {
		if (detach_uplink(detach, argv[i]))
			detach->ret = CLI_FAILED;
	}
	if (!any_link(detach->segue)) {
		detach_everything(detach);
		return detach->ret;
	}
	err = stable_fit_mtu(detach->segue, detach->rtnl);
	if (err)
		cli_error("cannot set the MTU of %s: %s", SEGUE_DEVICE, strerror(-err));
	return detach->ret;
}

int detach_command(struct cli *cli, int argc, char **argv)
{
	struct detach detach = {};
	int err, ret, lock;

	ret = host_begin("detach", &detach.rtnl, &lock);
	if (ret)
		return ret;
	err = segue_open(NULL, &detach.segue);
	if (!err)
		ret = check_xdp_rights(&detach);
	else if (err == -EXDEV)	/* not for us to take away */
		ret = cli_other_netns();
	else if (err == -ESTALE && !segue_is_ours(NULL))
		ret = cli_not_ours();
	else if (err != -ESTALE && err != -ENOENT)	/* what they hold is needed */
		ret = cli_error("cannot open %s: %s; nothing was changed", cli_pin_dir(),
				strerror(-err));
	if (ret)
		goto out;
	if (err == -ENOENT && access(cli_pin_dir(), F_OK))
		detach_lost(&detach);
	else if (argc)
		ret = detach_some(&detach, argc, argv);
	else
		detach_everything(&detach);
	if (!ret)
		ret = detach.ret;
	output_lines(cli->output, NULL, fields, detach.rows.data, detach.rows.count,
		     sizeof(struct detach_row));
out:
	free(detach.rows.data);
	if (detach.segue)
		segue_close(detach.segue);
	host_end(detach.rtnl, lock);
	return ret;
}
