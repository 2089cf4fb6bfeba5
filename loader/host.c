// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <segue/host.h>
#include "caps.h"
#include "cli.h"
#include "control.h"
#include "host.h"
#include "load.h"
#include "rtnl.h"

/*
 * The directory that holds the pin directory is the lock: it is there before and
 * after, so that none remains.  libxdp locks one further below.
 */
static int lock_pins(int *out)
{
	char path[PATH_MAX], *parent;
	struct statfs fs;
	int fd;

	snprintf(path, sizeof(path), "%s", cli_pin_dir());
	parent = dirname(path);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cli_error("%s: %s", parent, strerror(errno));
	if (fstatfs(fd, &fs) || fs.f_type != BPF_FS_MAGIC) {
		cli_error("no bpffs at %s; mount it with: mount -t bpf bpf %s", parent, parent);
		close(fd);
		return CLI_FAILED;
	}
	while (flock(fd, LOCK_EX)) {
		if (errno == EINTR)
			continue;
		cli_error("cannot lock %s: %s", parent, strerror(errno));
		close(fd);
		return CLI_FAILED;
	}
	*out = fd;
	return CLI_OK;
}

/* Half attached is worse than a moment's patience. */
static void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int host_begin(const char *verb, struct rtnl **rtnl, int *lock)
{
	char names[128];
	int err;

	if (caps_missing(names, sizeof(names)))
		return cli_error("%s needs rights that this process has not: %s; try: sudo segue %s",
				 verb, names, verb);
	if (lock_pins(lock))
		return CLI_FAILED;
	hold_signals();
	err = rtnl_open(rtnl);
	if (err) {
		close(*lock);
		return cli_error("no rtnetlink: %s", strerror(-err));
	}
	return CLI_OK;
}

void host_end(struct rtnl *rtnl, int lock)
{
	rtnl_close(rtnl);
	close(lock);
}

int host_open(struct segue **out)
{
	struct segue *segue;
	int err = segue_open(NULL, &segue);

	if (!err) {
		*out = segue;
		return CLI_OK;
	}
	if (err == -EXDEV)
		return cli_other_netns();
	if (err == -ESTALE && !segue_is_ours(NULL))
		return cli_not_ours();
	if (err == -ESTALE || (err == -ENOENT && !access(cli_pin_dir(), F_OK)))
		return cli_error("%s holds pins of another version, or of an attach that broke "
				 "off; clean up with: segue detach", cli_pin_dir());
	if (err != -ENOENT)
		return cli_error("cannot open %s: %s", cli_pin_dir(), strerror(-err));
	if (if_nametoindex(SEGUE_DEVICE))
		return cli_error("a device %s is there, but no pins; if segue made it and its pins "
				 "were lost: segue detach; else: ip link del %s", SEGUE_DEVICE,
				 SEGUE_DEVICE);
	return HOST_FRESH;
}
