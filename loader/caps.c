// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>
#include "caps.h"

static const struct {
	int number;
	const char *name;
} needed[] = {
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },	/* devices, routes, rules, XDP and tc */
	{ CAP_BPF, "CAP_BPF" },			/* maps and programs */
	{ CAP_PERFMON, "CAP_PERFMON" },		/* fentry; pointers compared in programs */
};

static int is_effective(const struct __user_cap_data_struct *data, int number)
{
	return data[number / 32].effective >> number % 32 & 1;
}

static void caps_read(struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	syscall(SYS_capget, &header, data);
}

bool caps_sys_admin(void)
{
	struct __user_cap_data_struct data[2] = {};

	caps_read(data);
	return is_effective(data, CAP_SYS_ADMIN);
}

int caps_missing(char *names, size_t size)
{
	struct __user_cap_data_struct data[2] = {};
	int missing = 0;
	unsigned int i;
	size_t len = 0;

	names[0] = '\0';
	caps_read(data);
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		/* CAP_SYS_ADMIN includes the two that were split off it in 5.8 */
		if (is_effective(data, needed[i].number) ||
		    (needed[i].number != CAP_NET_ADMIN && is_effective(data, CAP_SYS_ADMIN)))
			continue;
		if (len < size)
			len += snprintf(names + len, size - len, "%s%s", missing ? " " : "",
					needed[i].name);
		missing++;
	}
	return missing;
}
