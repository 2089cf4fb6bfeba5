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
 */
#ifndef MOBIKEX_HANDOVER_H_
#define MOBIKEX_HANDOVER_H_

#include "mobikex_session.h"

/** Queue follow for a session, or for all.  With the agent's lock held. */
void mobikex_follow_queue(mobikex_session_t *session);
void mobikex_follow_queue_all(void);

/**
 * A request goes out now: if the peer's ESP has moved and charon has not heard of
 * it by IKE yet, it goes to where the peer was, and has to be sent again.
 */
void mobikex_follow_astray(mobikex_session_t *session);

/**
 * Move the IKE_SA to where the data path is although a request is under way, as
 * that was not answered: charon then repeats it there.
 */
status_t mobikex_follow_at_once(ike_sa_t *ike_sa);

/** charon is about to move the IKE_SA to these hosts. */
void mobikex_handover_by_ike(ike_sa_t *ike_sa, host_t *my, host_t *other);

#endif	/* MOBIKEX_HANDOVER_H_ */
