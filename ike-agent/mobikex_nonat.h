/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NO_NATS_ALLOWED (RFC 4555 3.9): who sends it wants no address changed on the way,
 * and has every request that could move the IKE_SA refused otherwise.  The setting
 * nat = no, for all connections or for one, asks for it.
 *
 *   request out   the addresses that it is sent between go with it
 *   request in    are they those of the IP header?  If not, UNEXPECTED_NAT_DETECTED
 *                 (INFORMATIONAL: mobikex_operation.h; IKE_AUTH: mobikex_listener.c)
 *   refused       tried again, since one packet may have been changed by anybody; then
 *                 the next path (mobikex_task.c)
 */
#ifndef MOBIKEX_NONAT_H_
#define MOBIKEX_NONAT_H_

#include "mobikex_session.h"

/** New requests after one that was refused; charon's own number of retransmissions */
#define MOBIKEX_NONAT_TRIES 5

/** An outgoing request, not encoded yet: NO_NATS_ALLOWED, if it has to have it. */
void mobikex_nonat_add(ike_sa_t *ike_sa, message_t *message);

/**
 * A request of ours was refused for a NAT.  With the agent's lock held.
 *
 * @return			TRUE if it is to be tried again
 */
bool mobikex_nonat_again(mobikex_session_t *session);

#endif	/* MOBIKEX_NONAT_H_ */
