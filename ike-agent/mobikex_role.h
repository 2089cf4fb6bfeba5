/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Role: which uplink is for what, by the settings of a connection or of all.
 *
 *   primary = wlan0 eth0   before all others, in this order
 *                          (those that are not named: in the order of attachment)
 *   backup  = lte0         after them
 *   metered = lte0         costs money: after everything else, and only while nothing
 *                          else works; no copies, few probes, and the peer is told
 *                          to send nothing there unless it must (IP_PARAMETER)
 *
 * All of it with the agent's lock held.
 */
#ifndef MOBIKEX_ROLE_H_
#define MOBIKEX_ROLE_H_

#include "mobikex_link.h"
#include "mobikex_session.h"

/** Below this; a power of two */
#define MOBIKEX_ROLE_ORDERS 256

/** Read the settings, those of hysteresis as well, once for a session; forget them. */
void mobikex_roles_load(mobikex_session_t *session);
void mobikex_roles_clean(mobikex_session_t *session);

/** Which place a link has among all: lower is better.  Metered is not in it. */
u_int mobikex_role_order(mobikex_session_t *session, mobikex_link_t *link);

bool mobikex_role_metered(mobikex_session_t *session, mobikex_link_t *link);

/**
 * Those with a device: this one first, or NULL; then the best, for a session has not
 * as many paths as there may be links.  To be destroyed.
 */
linked_list_t *mobikex_role_links(mobikex_session_t *session, mobikex_link_t *first);

/** What the peer is told of addresses on it. */
uint16_t mobikex_role_preference(mobikex_session_t *session, mobikex_link_t *link);

#endif	/* MOBIKEX_ROLE_H_ */
