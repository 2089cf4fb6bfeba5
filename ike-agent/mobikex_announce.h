/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announce: tell the peer which addresses we gained and lost.
 *
 * With ADD_SA_ADDRESS and REMOVE_SA_ADDRESS to one that understands INTERFACES
 * (docs/mobike-x.md), in an exchange of their own or beside UPDATE_SA_ADDRESSES;
 * to others charon's address list of RFC 4555 3.6.
 */
#ifndef MOBIKEX_ANNOUNCE_H_
#define MOBIKEX_ANNOUNCE_H_

#include "mobikex_told.h"

/** Job: tell what is owed, if anything is. */
status_t mobikex_announce(ike_sa_t *ike_sa, uint32_t data);

/** Is anything owed?  With the agent's lock held. */
bool mobikex_announce_owed(mobikex_session_t *session);

/** An outgoing message, not encoded yet.  With the agent's lock held. */
void mobikex_announce_sent(ike_sa_t *ike_sa, message_t *message);

/**
 * For the task that sends UPDATE_SA_ADDRESSES: which address was left for which,
 * and with them whatever else is owed.
 */
void mobikex_announce_update(ike_sa_t *ike_sa, message_t *message,
							 mobikex_owed_t *owed);

/** It was answered; moved: the peer uses the new address. */
void mobikex_announce_answered(ike_sa_t *ike_sa, message_t *message,
							   const mobikex_owed_t *owed, bool moved);

#endif	/* MOBIKEX_ANNOUNCE_H_ */
