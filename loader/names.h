/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names: how people call sessions, paths and devices, and back.
 */
#ifndef SEGUE_NAMES_H
#define SEGUE_NAMES_H

#include <segue/event.h>
#include "control.h"

enum { NAMES_SIZE = 128 };	/* any name made here */

/*
 * A session by `home`, `home[3]` or `3`: the connection's name and strongSwan's
 * unique id of its IKE_SA, the one it has now or the one it began with.
 * CLI_OK, or CLI_FAILED after having said why: no such one, or several.
 */
int names_find_session(struct segue *segue, const char *text, __u32 *id,
		       struct segue_session *session);

/*
 * A path by slot, device or local address.  Where several fit, the best: one
 * that is verified before one that is not, then by priority, then by slot.
 */
int names_find_path(struct segue *segue, const struct segue_session *session,
		    const char *text, __u8 *slot);

/*
 * A CHILD_SA of this session by an SPI of its ESP SAs, of either direction, as `segue
 * sa` and swanctl have it; its number is one of 1 to SEGUE_MAX_CHILDREN - 1.
 */
int names_find_child(struct segue *segue, __u32 session, const char *text, __u8 *child);

/* buf has NAMES_SIZE octets; all return buf. */
char *names_session(__u32 id, const struct segue_session *session, char *buf);
char *names_device(struct segue *segue, __u32 ifindex, char *buf);
/* "lte0 10.1.0.2 -> 192.0.2.9" */
char *names_path(struct segue *segue, const struct segue_path *path, char *buf);

#endif
