/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What attach and detach have in common: rights, one at a time, not to be
 * interrupted halfway, and in which state the host is found.
 */
#ifndef SEGUE_HOST_STATE_H
#define SEGUE_HOST_STATE_H

struct rtnl;
struct segue;

/* CLI_OK, or CLI_FAILED after saying what is missing.  verb: "attach". */
int host_begin(const char *verb, struct rtnl **rtnl, int *lock);
void host_end(struct rtnl *rtnl, int lock);

/*
 * CLI_OK: attached already, *out is open.  HOST_FRESH: nothing there.
 * CLI_FAILED after saying why neither: stale pins, another network namespace, a
 * device that has our name.
 */
enum { HOST_FRESH = 16 };
int host_open(struct segue **out);

#endif
