/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child: a CHILD_SA that may go another way than its session, because its settings
 * say so:
 *
 *   connections { NAME { children { CHILD {
 *       prefer = DEVICE       go by this device whenever it can carry packets
 *       duplicate = always    send by a second path as well (mobikex_copy.h)
 *       apart = yes           neither, but the peer's settings say one of the two
 *   } } } }
 *
 * or because a person says so (segue switch --child).  A session numbers its
 * CHILD_SAs; a rekeyed one keeps its number, known by the reqid.  The leader sends
 * one that goes apart by the device preferred, or by the session's path while that
 * cannot be; the other end follows its packets, apart from those of the session.
 * It has to know: else the packets of one CHILD_SA would move them all.  A peer
 * that understands is told by name (mobikex_named.h); with others both ends need
 * the setting, and nothing goes apart without.
 */
#ifndef MOBIKEX_CHILD_H_
#define MOBIKEX_CHILD_H_

#include "mobikex_notify.h"
#include "mobikex_session.h"

/** The number for the CHILD_SA that is being installed with this reqid; 0: goes
 * the session's way.  With the agent's lock held, as everything here. */
uint8_t mobikex_child_number(mobikex_session_t *session, ike_sa_t *ike_sa,
							 uint32_t reqid);

/** The last SA with this number is gone. */
void mobikex_child_release(mobikex_session_t *session, uint8_t number);

/** The session is: forget what is kept for them. */
void mobikex_children_clean(mobikex_session_t *session);

/** Paths or links have changed: send each by the path it should go. */
void mobikex_children_update(mobikex_session_t *session);

/** The IKE_SA was rekeyed: what was to be looked at later is lost with the old one. */
void mobikex_children_rekeyed(mobikex_session_t *session);

/** A person wants it to go by this path, softly if there is a window (ms).  By the
 * session's own path: to go with the session again. */
void mobikex_child_wish(mobikex_session_t *session, uint8_t number, uint8_t slot,
						uint32_t window);

/** The peer was told by name that it goes by this address of ours, or with the session
 * again; or has refused that for good. */
void mobikex_child_told(mobikex_session_t *session, uint8_t number,
						const struct segue_addr *addr, uint8_t reason);

/** The peer says by name that it goes to this address of its own; NULL: with the
 * session again. */
void mobikex_child_named(mobikex_session_t *session, uint8_t number,
						 const struct segue_addr *addr);

/** IKE says that the peer left one address for where the session sends now: so did
 * those CHILD_SAs that have not told otherwise by their packets. */
void mobikex_children_follow(mobikex_session_t *session,
							 const struct segue_addr *left);

#endif	/* MOBIKEX_CHILD_H_ */
