/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named: UPDATE_SA_ADDRESSES for one CHILD_SA, named by its SPIs in IP_PARAMETER
 * (docs/mobike-x.md, "A CHILD_SA goes apart").  The IKE_SA and whatever else goes
 * with it stay where they are.
 *
 *   goes apart     told before its first packet: that one would move the session
 *   moves          told afterwards, for the packets have said so; an idle one has none
 *   goes with the  told when it is on the session's path again
 *   session again
 *
 * What the peer cannot know yet (an address that it is still checking, an SPI of a
 * rekeying under way) is told again after check_delay, check_tries times in all.
 * What it refuses for good is not told again before a person asks for it; another
 * address is.
 * Only the leader tells, and only a peer with the capability CHILDREN.
 */
#ifndef MOBIKEX_NAMED_H_
#define MOBIKEX_NAMED_H_

#include "mobikex_session.h"

/** Does the peer understand that?  With the agent's lock held. */
bool mobikex_named_understood(mobikex_session_t *session);

/** May it be sent by this path, apart from the session?  If not, the peer is told
 * first, and the children are looked at again.  With the agent's lock held. */
bool mobikex_named_ready(mobikex_session_t *session, uint8_t number, uint8_t slot);

/** Is anything to be told?  With the agent's lock held. */
bool mobikex_named_owed(mobikex_session_t *session);

/** Job: tell it. */
status_t mobikex_named(ike_sa_t *ike_sa, uint32_t data);

#endif	/* MOBIKEX_NAMED_H_ */
