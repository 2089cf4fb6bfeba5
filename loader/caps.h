/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of this process: what segue needs, and what is missing. */
#ifndef SEGUE_CAPS_H
#define SEGUE_CAPS_H

#include <stdbool.h>
#include <stddef.h>

/* The names of those that are missing, separated by blanks; how many that are. */
int caps_missing(char *names, size_t size);

/* CAP_SYS_ADMIN: what it takes to get at other people's programs by their numbers
 * (bpf_prog_get_fd_by_id()), as libxdp does. */
bool caps_sys_admin(void);

#endif
