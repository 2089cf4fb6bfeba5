/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings of `segue check`: what was looked at, how it is, and the command that
 * mends it.  One file for each part of the host.
 */
#ifndef SEGUE_CHECK_H
#define SEGUE_CHECK_H

#include <stdbool.h>
#include "output.h"

struct rtnl;
struct segue;

enum verdict { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct check {
	struct rtnl *rtnl;
	struct segue *segue;		/* NULL: not attached */
	struct output_rows findings;
	bool failed;
};

/* mend: "" or a command; format: the finding. */
void check_tell(struct check *check, enum verdict verdict, const char *subject,
		const char *mend, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Text made on the spot, for mend; lives as long as the block around it. */
#define CHECK_MEND(format, ...) \
	check_text((char[320]){}, 320, format, ##__VA_ARGS__)
const char *check_text(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The command that starts charon anew: by Debian's package charon-systemd, or by its starter. */
const char *check_restart(void);

void check_host(struct check *check);	/* rights, kernel, bpffs, IPsec */
void check_agent(struct check *check);	/* charon's plugin and its AppArmor profile */
void check_rules(struct check *check);	/* segue0, our rule, our table */
void check_links(struct check *check);	/* uplinks: rp_filter, MTU, routes */
void check_offload(struct check *check);	/* ESP's offload in software: of copies */
void check_gro(struct check *check, const char *device);	/* and of a device that restores by tc */
void check_sas(struct check *check);	/* maps and XFRM in step (invariant I2) */

/* Probes: do it and undo it.  0, or why the kernel refused (negative errno). */
int probe_fentry(const char *function);
int probe_tcx(void);
int probe_dispatcher(void);
int probe_esp(int family);

#endif
