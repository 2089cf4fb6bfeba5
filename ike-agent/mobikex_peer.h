/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peer: the other end's addresses, of one session.
 *
 *   UNVERIFIED ----> VERIFIED      when it has answered a check (mobikex_check.h)
 *       |                |
 *       '----------------+---> forgotten, when the peer lists it no more
 *
 * The last verified one is kept beyond that while the address that the peer moved to
 * is being checked: nothing is sent there yet, and what is sent to the old one may
 * still arrive.  IKE does not use it any more (mobikex_path_active_hosts()).
 *
 * With the agent's lock held.
 */
#ifndef MOBIKEX_PEER_H_
#define MOBIKEX_PEER_H_

#include "mobikex_session.h"

typedef struct {
	/** Address and port */
	host_t *host;
	/** Authenticated, and a message reached it and came back */
	bool verified;
	/** In the peer's latest address list (RFC 4555 3.6), or in use */
	bool listed;
	/** Checks done without success; given up at mobikex->check_tries */
	u_int tries;
	/** Not before this time, mobikex_now(); of a verified one: the next recheck */
	uint64_t due;
	/** A check of it is under way */
	bool asked;
	/** Since when we know it, and when a check of it ended last, mobikex_now() */
	uint64_t since;
	uint64_t checked;
	/** Lower is better (IP_PARAMETER) */
	uint16_t preference;
} mobikex_peer_t;

/** The peer's address entry for this host (whatever its port); NULL if none. */
mobikex_peer_t *mobikex_peer_find(mobikex_session_t *this, host_t *host);
mobikex_peer_t *mobikex_peer_add(mobikex_session_t *this, host_t *host, bool verified);

/** One more will come, where the peer is now: if there are as many as there may be, the
 * oldest goes, rather one that was not checked, and not the one that is sent to.
 * TRUE: one went. */
bool mobikex_peers_room(mobikex_session_t *this, const struct segue_addr *used);

/** Forget those that the peer no longer lists, but the one that is kept. */
void mobikex_peers_prune(mobikex_session_t *this);

/** All of them, with their list. */
void mobikex_peers_destroy(mobikex_session_t *this);

#endif	/* MOBIKEX_PEER_H_ */
