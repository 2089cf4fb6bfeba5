// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sysctl.h"

/* /proc/sys/net shows the network namespace of who opens it. */
static int rp_filter_open(const char *device, int flags)
{
	char path[128];
	int fd;

	if (strchr(device, '/') || !strcmp(device, ".."))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", device);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Closes fd; a value from 0 to 2, or an error. */
static int digit_read(int fd)
{
	char digit;
	int ret;

	if (fd < 0)
		return fd;
	ret = read(fd, &digit, 1) == 1 ? digit - '0' : -EIO;
	close(fd);
	return ret >= 0 && ret <= 2 ? ret : -EIO;
}

int rp_filter_get(const char *device)
{
	return digit_read(rp_filter_open(device, O_RDONLY));
}

int rp_filter_set(const char *device, int value)
{
	int fd = rp_filter_open(device, O_WRONLY);
	char digit = '0' + value;
	int err = 0;

	if (fd < 0)
		return fd;
	if (write(fd, &digit, 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

int rp_filter_effective(const char *device)
{
	int all = rp_filter_get("all"), own = rp_filter_get(device);

	if (all < 0 || own < 0)
		return all < 0 ? all : own;
	return all > own ? all : own;
}

int tcp_mtu_probing_get(void)
{
	int fd = open("/proc/sys/net/ipv4/tcp_mtu_probing", O_RDONLY | O_CLOEXEC);

	return digit_read(fd < 0 ? -errno : fd);
}
