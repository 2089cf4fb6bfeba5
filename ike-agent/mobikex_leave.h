/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leave: off a path that still works and may not for long (session->weak): because
 * the signal of its link is low, or because its probes tell of loss or delay.
 *
 *   copied to the best other path --- copy_window ---> only by that one
 *
 * With a peer that wants no copies it is switched at once.  If every other path is
 * weak, too, nothing is gained: the session stays.  So it does where a person has put
 * it since, who may know better.  It counts as a loss for the hold-down: a signal that
 * comes and goes is not followed each time.
 */
#ifndef MOBIKEX_LEAVE_H_
#define MOBIKEX_LEAVE_H_

#include "mobikex_session.h"

/** Look whether the active path is to be left, and go on with it.  With the agent's
 * lock held, and paths up to date. */
void mobikex_leave(mobikex_session_t *session);

#endif	/* MOBIKEX_LEAVE_H_ */
