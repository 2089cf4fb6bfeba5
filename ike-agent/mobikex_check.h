/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check: which of the peer's addresses really are its own (RFC 4555 3.7).
 *
 * The address IKE_AUTH came from is proven by IKE_SA_INIT's answer having
 * reached it.  Every other one, from the peer's ADDITIONAL_*_ADDRESS list or from
 * an UPDATE_SA_ADDRESSES, has to answer a COOKIE2 sent to it before a packet is
 * sent there or taken from there.
 *
 *   listed, added, or moved to -> due -> asked -> verified -> idle: asked again
 *                                  ^       |                           |
 *                                  '-------+ no answer from there: later again
 *                                          '-> given up after check_tries
 *
 * A check is an ordinary request, and the window is one: it goes once over the
 * path to check and, if nothing comes back, is repeated over the path in use.
 * There it is answered, which frees the window and fails the check, so that a
 * dead address never costs the IKE_SA.
 */
#ifndef MOBIKEX_CHECK_H_
#define MOBIKEX_CHECK_H_

#include "mobikex_session.h"

/** Job: read the peer's address list, then check what is new. */
status_t mobikex_check_refresh(ike_sa_t *ike_sa, uint32_t data);

/** Job: ask the next address that is due. */
status_t mobikex_check_next(ike_sa_t *ike_sa, uint32_t data);

/**
 * Send a check along a path, which may be any.  The window has to be free.
 */
status_t mobikex_check_ask(ike_sa_t *ike_sa, host_t *my, host_t *other);

/** Is a request of another task under way, or would one go first? */
bool mobikex_check_busy(ike_sa_t *ike_sa);

/** A check was answered, by the path asked or by another one. */
void mobikex_check_result(ike_sa_t *ike_sa, host_t *my, host_t *other,
						  bool reached);

/** The IKE_SA leaves the peer's address: it was proven until now. */
void mobikex_check_left(mobikex_session_t *session);

/** What was under way in the IKE_SA before is not any more. */
void mobikex_check_rekeyed(mobikex_session_t *session);

/** Does the peer send COOKIE2 back only beside NAT detection? */
bool mobikex_check_natd(ike_sa_t *ike_sa);

/**
 * How often did a check along this way fail?  It may be that the answer comes late:
 * each one is waited for longer than the one before.
 */
u_int mobikex_check_tries(ike_sa_t *ike_sa, host_t *other);

/**
 * The peer answered a check without COOKIE2, and it may be for want of NAT
 * detection: ask that path once more.
 */
void mobikex_check_left_out(ike_sa_t *ike_sa, host_t *my, host_t *other);

/** Is there an address that waits for a check?  With the agent's lock held. */
bool mobikex_check_waiting(mobikex_session_t *session);

#endif	/* MOBIKEX_CHECK_H_ */
