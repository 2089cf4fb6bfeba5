/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copy: does a session send each packet by a second path as well?  The setting
 * duplicate, for all connections or for one, says when:
 *
 *   never      not unless a person asks for it (segue switch --soft)
 *   handover   for copy_window around a failback, whose old path still works
 *   suspect    then, and while the path's probes suspect it but do not know yet
 *   always     by the best other path, whenever there is a verified one that is
 *              live: the loss of a link then costs nothing at all
 *
 * What the peer gets twice its replay window drops; a peer that does not say that
 * it wants copies (MOBIKEX_COPIES) gets nothing twice.
 */
#ifndef MOBIKEX_COPY_H_
#define MOBIKEX_COPY_H_

#include "mobikex_session.h"

typedef enum {
	MOBIKEX_COPY_NEVER,
	MOBIKEX_COPY_HANDOVER,
	MOBIKEX_COPY_SUSPECT,
	MOBIKEX_COPY_ALWAYS,
} mobikex_copy_t;

/** What the settings say for this connection; NEVER, and a word in the log, for
 * what they cannot say. */
mobikex_copy_t mobikex_copy_setting(const char *connection);

/** The same for one of its CHILD_SAs: that of the connection, if it says nothing. */
mobikex_copy_t mobikex_copy_setting_child(const char *connection,
										  const char *child);

/** Paths have changed: with always, choose the second one.  With the agent's lock
 * held, as what follows. */
void mobikex_copy_update(mobikex_session_t *session);

/** The same for a CHILD_SA that goes a way of its own; 0: the session's way. */
void mobikex_copy_child(mobikex_session_t *session, uint8_t child,
						mobikex_copy_t copy);

/** Does its data path copy while a path is suspect (SEGUE_SESSION_COPY_SUSPECT)?  What
 * goes a way of its own is not copied so. */
bool mobikex_copy_suspect(mobikex_session_t *session);

/** Back to this slot: softly, if the setting says so. */
bool mobikex_copy_failback(mobikex_session_t *session, uint8_t slot);

#endif	/* MOBIKEX_COPY_H_ */
