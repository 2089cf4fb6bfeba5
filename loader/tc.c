// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "pins.h"
#include "rtnl.h"
#include "tc.h"

enum {
	/*
	 * Where our filter stands at clsact.  Below 49152, from which the kernel
	 * counts down for filters that name no priority (tcf_auto_prio()).
	 */
	FILTER_PRIORITY = 219,
	FILTER_HANDLE = 4555,
	LINK_TYPE_TCX = 11,	/* BPF_LINK_TYPE_TCX, which Debian 12 has not either */
	PATH_SIZE = 512,
};

/* Interfaces have numbers in pins: bpffs allows no dot, and "wlan0.7" has one. */
static int hook_pin(char *buf, const char *what, unsigned int ifindex, enum tc_hook hook)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s_%u", what,
		 hook == TC_HOOK_INGRESS ? "ingress" : "egress", ifindex);
	return pin_path(buf, PATH_SIZE, pin_dir_or_default(NULL), "links", name);
}

static int tcx_attach(int program, unsigned int ifindex, enum tc_hook hook, const char *pin)
{
	int type = hook == TC_HOOK_INGRESS ? TC_ATTACH_TCX_INGRESS : TC_ATTACH_TCX_EGRESS;
	int link, err = 0;

	link = bpf_link_create(program, ifindex, type, NULL);
	if (link < 0)
		return -errno;
	if (bpf_obj_pin(link, pin))
		err = -errno;
	close(link);
	return err;
}

/*
 * A pin outlives what it holds: detached by hand or gone with its device, the link is
 * of device 0 (tcx_link_fill_info()).  1: it is there, 0: it is not, or an error.
 */
static int tcx_attached(const char *pin, unsigned int ifindex)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int link, ret;

	link = bpf_obj_get(pin);
	if (link < 0)
		return errno == ENOENT ? 0 : -errno;
	/* info.tcx begins as info.xdp does */
	ret = bpf_obj_get_info_by_fd(link, &info, &size) ? -errno :
	      info.type == LINK_TYPE_TCX && info.xdp.ifindex == ifindex;
	close(link);
	return ret;
}

/* At once, not when the kernel's work queue comes to freeing the link. */
static int tcx_detach(const char *pin)
{
	int link = bpf_obj_get(pin);

	if (link < 0)
		return errno == ENOENT ? 0 : -errno;
	bpf_link_detach(link);	/* ENOLINK: its device is gone */
	close(link);
	return unlink(pin) ? -errno : 0;
}

static void hook_init(struct bpf_tc_hook *out, unsigned int ifindex, int point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point);

	*out = hook;
}

static int hook_point(enum tc_hook hook)
{
	return hook == TC_HOOK_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

/* The id of a loaded program, 0 if that cannot be told. */
static __u32 program_id(int program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &size) ? 0 : info.id;
}

/* Which program stands at our place?  0: none. */
static __u32 filter_program(unsigned int ifindex, enum tc_hook hook)
{
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE,
		    .priority = FILTER_PRIORITY);
	struct bpf_tc_hook where;

	hook_init(&where, ifindex, hook_point(hook));
	return bpf_tc_query(&where, &filter) ? 0 : filter.prog_id;
}

static int filter_attach(int program, unsigned int ifindex, enum tc_hook hook, const char *mark)
{
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE,
		    .priority = FILTER_PRIORITY, .prog_fd = program);
	struct bpf_tc_hook qdisc, where;
	bool made;
	int err;

	if (program_id(program) == filter_program(ifindex, hook))
		return 0;
	hook_init(&qdisc, ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	hook_init(&where, ifindex, hook_point(hook));
	err = bpf_tc_hook_create(&qdisc);
	if (err && err != -EEXIST)
		return err;
	made = !err;
	/* a directory of bpffs stands for a note: this qdisc is ours */
	if (made && mkdir(mark, 0700)) {
		err = -errno;
		goto remove;
	}
	err = bpf_tc_attach(&where, &filter);
	if (!err)
		return 0;
	if (made)
		rmdir(mark);
remove:
	if (made)
		bpf_tc_hook_destroy(&qdisc);
	return err;
}

/* Others may have put filters on a qdisc of ours meanwhile: then it stays. */
static void qdisc_remove(unsigned int ifindex)
{
	struct bpf_tc_hook qdisc;
	struct rtnl *rtnl;

	if (rtnl_open(&rtnl))
		return;
	if (rtnl_clsact_empty(rtnl, ifindex) > 0) {
		hook_init(&qdisc, ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
		bpf_tc_hook_destroy(&qdisc);
	}
	rtnl_close(rtnl);
}

/* The agent may not ask for a program by its id (CAP_SYS_ADMIN), only for pins. */
static bool is_pinned(__u32 id, const char *name)
{
	char path[PATH_SIZE];
	bool is_it;
	int program;

	if (pin_path(path, sizeof(path), pin_dir_or_default(NULL), "prog", name))
		return false;
	program = bpf_obj_get(path);
	if (program < 0)
		return false;
	is_it = program_id(program) == id;
	close(program);
	return is_it;
}

/* At our place, but is it ours?  Without its pin the name has to tell. */
static bool is_ours(__u32 id)
{
	static const char *const names[] = { "egress", "ingress_tc", "ingress_tc_l3" };
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	bool ours = false;
	unsigned int i;
	int program;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is_pinned(id, names[i]))
			return true;
	}
	program = bpf_prog_get_fd_by_id(id);
	if (program < 0)
		return false;
	if (!bpf_obj_get_info_by_fd(program, &info, &size)) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			ours |= !strcmp(info.name, names[i]);
	}
	close(program);
	return ours;
}

static int filter_detach(unsigned int ifindex, enum tc_hook hook, const char *mark)
{
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE,
		    .priority = FILTER_PRIORITY);
	__u32 id = filter_program(ifindex, hook);
	struct bpf_tc_hook where;
	int err = 0;

	if (id && is_ours(id)) {
		hook_init(&where, ifindex, hook_point(hook));
		err = bpf_tc_detach(&where, &filter);
	}
	if (!err && !rmdir(mark))
		qdisc_remove(ifindex);
	return err;
}

int tc_attach(unsigned int ifindex, enum tc_hook hook, const char *program)
{
	char pin[PATH_SIZE], mark[PATH_SIZE], path[PATH_SIZE];
	int fd, err;

	err = hook_pin(pin, "tcx", ifindex, hook);
	if (!err)
		err = hook_pin(mark, "clsact", ifindex, hook);
	if (!err)
		err = pin_path(path, sizeof(path), pin_dir_or_default(NULL), "prog", program);
	if (err)
		return err;
	err = tcx_attached(pin, ifindex);
	if (err)
		return err < 0 ? err : 0;
	unlink(pin);			/* of one that was detached */
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	err = tcx_attach(fd, ifindex, hook, pin);
	if (err == -EINVAL)		/* the kernel does not know this attach type */
		err = filter_attach(fd, ifindex, hook, mark);
	close(fd);
	return err;
}

int tc_detach(unsigned int ifindex, enum tc_hook hook)
{
	char pin[PATH_SIZE], mark[PATH_SIZE];
	int err, err_filter;

	err = hook_pin(pin, "tcx", ifindex, hook);
	if (!err)
		err = hook_pin(mark, "clsact", ifindex, hook);
	if (err)
		return err;
	err = tcx_detach(pin);
	err_filter = filter_detach(ifindex, hook, mark);
	return err ? err : err_filter;
}

bool tc_attached(unsigned int ifindex, enum tc_hook hook)
{
	char pin[PATH_SIZE];
	__u32 id;

	if (!hook_pin(pin, "tcx", ifindex, hook) && tcx_attached(pin, ifindex) > 0)
		return true;
	id = filter_program(ifindex, hook);
	return id && is_ours(id);
}
