/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handover: the data path moves first, IKE follows.
 *
 * Whatever happens (a switch, a link, an address, a route, a timer) ends in one
 * job, follow: it brings the session's path table up to date, chooses another
 * path where the data path had no packet to do it for, and moves the IKE_SA to
 * the active path.  The initiator then tells the peer (UPDATE_SA_ADDRESSES).  The
 * responder leads nobody (RFC 4555 3.5): where the peer is it learns by IKE, and
 * if its own address changed it sends its address list (3.6).
 *
 * The window is one, so a request under way on the old path comes first: it is
 * sent again on the new path at once, and its response lets follow go on.
 *
 * Failback: the leader goes back to a path of a device with a better priority
 * once that has been able to carry packets for failback_delay and a check (RFC
 * 4555 3.10) went through it: a carrier does not tell what is behind it.
 */
#ifndef MOBIKEX_HANDOVER_H_
#define MOBIKEX_HANDOVER_H_

#include "mobikex_session.h"

/** Queue follow for a session, or for all.  With the agent's lock held. */
void mobikex_follow_queue(mobikex_session_t *session);
void mobikex_follow_queue_all(void);

/** charon is about to move the IKE_SA to these hosts. */
void mobikex_handover_by_ike(ike_sa_t *ike_sa, host_t *my, host_t *other);

/**
 * The path that failback would take was checked.  With the agent's lock held.
 */
void mobikex_handover_tried(mobikex_session_t *session, host_t *my, host_t *other,
							bool reached);

/**
 * Send the request with this message id again after push_delay, and a few times
 * more, unless it was answered: charon itself would wait for 4 seconds.
 */
void mobikex_push_later(ike_sa_t *ike_sa, uint32_t mid);

#endif	/* MOBIKEX_HANDOVER_H_ */
