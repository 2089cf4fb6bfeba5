/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tc: one BPF program on one hook of one device, by tcx where the kernel has it
 * (6.6), else by a filter at a clsact qdisc.  Only what was made here is ever
 * removed: a clsact that was there before stays.
 */
#ifndef SEGUE_TC_H
#define SEGUE_TC_H

#include <stdbool.h>

enum {
	/* enum bpf_attach_type since Linux 6.6; Debian 12's linux/bpf.h is older.
	 * bpf_link_create() of libbpf 1.1 passes the type on as it is. */
	TC_ATTACH_TCX_INGRESS = 46,
	TC_ATTACH_TCX_EGRESS = 47,
};

enum tc_hook { TC_HOOK_INGRESS, TC_HOOK_EGRESS };

/*
 * program: name below prog/ in the pin directory.  0 also if it is there already.
 * -EEXIST: another filter stands at our priority and handle.
 */
int tc_attach(unsigned int ifindex, enum tc_hook hook, const char *program);

/* Also where the device is gone.  0 if there was nothing. */
int tc_detach(unsigned int ifindex, enum tc_hook hook);

/* Is a program of ours there? */
bool tc_attached(unsigned int ifindex, enum tc_hook hook);

#endif
