/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables that more than one command shows, and the walk over all sessions.
 */
#ifndef SEGUE_SHOW_H
#define SEGUE_SHOW_H

#include "control.h"

struct output;

/* key as in output_table(); device NULL: all.  CLI_OK or CLI_FAILED. */
int show_links(struct output *output, struct segue *segue, const char *key, const char *device);

/* The last switch of every session that has made one, and why; likewise. */
int show_switches(struct output *output, struct segue *segue, const char *key);

/*
 * fn for every session, or for the one called name (NULL: all).  fn returns 0 or
 * a negative errno, which ends the walk.  CLI_OK, or CLI_FAILED after complaining.
 */
typedef int (*show_session_fn)(void *context, __u32 id, const struct segue_session *session);
int show_each_session(struct segue *segue, const char *name, show_session_fn fn, void *context);

/* The slot that packets are copied to right now, or SEGUE_NO_PATH. */
__u8 show_copy_slot(const struct segue_session *session);

#endif
