/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * View: what the ends of a session told each other, for whoever looks (map "peer",
 * include/segue/peer.h).  Nothing depends on it.
 */
#ifndef MOBIKEX_VIEW_H_
#define MOBIKEX_VIEW_H_

#include "mobikex_session.h"

/** Something may have changed; with the agent's lock held. */
void mobikex_view_update(mobikex_session_t *session);

/** What there is to see.  For tests. */
void mobikex_view_make(mobikex_session_t *session, struct segue_peer *view);

#endif	/* MOBIKEX_VIEW_H_ */
