// SPDX-License-Identifier: GPL-2.0-or-later
/* segue check: rights, and what the kernel can do. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include "caps.h"
#include "check.h"
#include "cli.h"
#include "load.h"

static bool check_rights(struct check *check)
{
	char names[128];

	if (!caps_missing(names, sizeof(names))) {
		check_tell(check, CHECK_OK, "rights", "", "CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON");
		return true;
	}
	check_tell(check, CHECK_FAIL, "rights", "sudo segue check",
		   "this process lacks %s: what the kernel can do is not tried", names);
	return false;
}

static void check_bpffs(struct check *check)
{
	char path[PATH_MAX], *parent;
	struct statfs fs;

	snprintf(path, sizeof(path), "%s", cli_pin_dir());
	parent = dirname(path);
	if (statfs(parent, &fs))
		check_tell(check, CHECK_FAIL, "bpffs", CHECK_MEND("mkdir -p %s && mount -t bpf bpf %s",
			   parent, parent), "%s: %s", parent, strerror(errno));
	else if (fs.f_type != BPF_FS_MAGIC)
		check_tell(check, CHECK_FAIL, "bpffs", CHECK_MEND("mount -t bpf bpf %s", parent),
			   "%s is no bpffs", parent);
	else
		check_tell(check, CHECK_OK, "bpffs", "", "%s", parent);
}

static void check_btf(struct check *check)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		check_tell(check, CHECK_FAIL, "BTF", "",
			   "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF): programs cannot be fitted "
			   "to it; boot one that has");
	else
		check_tell(check, CHECK_OK, "BTF", "", "/sys/kernel/btf/vmlinux");
}

/* Each with what is lost without it. */
static void check_fentry(struct check *check)
{
	static const struct { const char *function, *loss; } needed[] = {
		{ "xfrm_replay_advance",
		  "no return switch: the peer's moves are followed by IKE only" },
		{ "netif_carrier_off", "no link watch in the kernel: rtnetlink in the agent is slower" },
		{ "__dev_notify_flags", "no admin watch in the kernel: rtnetlink is slower" },
	};
	unsigned int i;
	int err;

	if (!segue_ftrace_enabled()) {
		check_tell(check, CHECK_WARN, "fentry", "sysctl kernel.ftrace_enabled=1, "
			   "before segue attach", "kernel.ftrace_enabled is 0: no return "
			   "switch, and no link watch in the kernel");
		return;
	}
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		err = probe_fentry(needed[i].function);
		if (err)
			check_tell(check, CHECK_WARN, "fentry", err == -EPERM ?
				   "boot with lockdown=none, or without Secure Boot" : "",
				   "%s: %s; %s", needed[i].function, strerror(-err),
				   needed[i].loss);
		else
			check_tell(check, CHECK_OK, "fentry", "", "%s", needed[i].function);
	}
}

static void check_tc(struct check *check)
{
	int err = probe_tcx();

	if (!err)
		check_tell(check, CHECK_OK, "tcx", "", "tc programs attach by links");
	else if (err == -EPERM)
		check_tell(check, CHECK_FAIL, "tcx", "", "the kernel refuses tc programs");
	else
		check_tell(check, CHECK_OK, "tcx", "", "not in this kernel; clsact does as well");
}

static void check_xdp(struct check *check)
{
	int err = probe_dispatcher();

	if (err)
		check_tell(check, CHECK_WARN, "XDP", "",
			   "the kernel refuses libxdp's dispatcher (%s): tc is used, which costs "
			   "a little more for each packet", strerror(-err));
	else
		check_tell(check, CHECK_OK, "XDP", "", "libxdp's dispatcher can run; whether a driver "
			   "has native XDP shows at attach");
}

static void check_ipsec(struct check *check)
{
	int err4 = probe_esp(AF_INET), err6 = probe_esp(AF_INET6);

	if (err4)
		check_tell(check, CHECK_FAIL, "IPsec", "modprobe esp4",
			   "no ESP over IPv4: %s", strerror(-err4));
	else
		check_tell(check, CHECK_OK, "IPsec", "", "ESP over IPv4");
	if (err6)
		check_tell(check, CHECK_WARN, "IPsec", "modprobe esp6",
			   "no ESP over IPv6: %s", strerror(-err6));
	else
		check_tell(check, CHECK_OK, "IPsec", "", "ESP over IPv6");
}

void check_host(struct check *check)
{
	bool rights = check_rights(check);

	check_bpffs(check);
	check_btf(check);
	if (!rights)		/* every probe would blame the kernel */
		return;
	check_fentry(check);
	check_tc(check);
	check_xdp(check);
	check_ipsec(check);
}
