/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NAT detection and requests that are sent again by another path.
 *
 * UPDATE_SA_ADDRESSES carries hashes of the addresses it was built for (RFC 7296
 * 2.23).  If its path dies, the same octets are sent again by another (RFC 4555
 * 3.5), and the hash of the source no longer fits: as if a NAT had come between,
 * for which charon would rekey every CHILD_SA into UDP, and back a round trip
 * later.  But a NAT does not turn one verified address of the peer into another:
 * such hashes are taken out of the request before charon sees them, and the UPDATE
 * that follows by the new path has its own.
 */
#ifndef MOBIKEX_NATD_H_
#define MOBIKEX_NATD_H_

#include "mobikex_session.h"

/** Look at an incoming request.  With the agent's lock held. */
void mobikex_natd_filter(mobikex_session_t *session, ike_sa_t *ike_sa,
						 message_t *message);

#endif	/* MOBIKEX_NATD_H_ */
