/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Path table of a session: every address of an attached device times every
 * verified address of the peer.
 *
 * A path gets EGRESS while its local address is there and has a route to the
 * peer's; VERIFIED comes from the peer's address.  The priority counts devices in
 * the order they were attached; among the paths of one device the one to where
 * the peer is now comes first, so that the loss of an own uplink never sends
 * packets to an address that the peer has left.  After that the peer's preference
 * counts (IP_PARAMETER), then the order it announced them in; those it wants last
 * come after all others, of whatever device; then metered devices (mobikex_role.h);
 * and then what is held down (mobikex_hold.h).
 * All of it with the agent's lock held.
 */
#ifndef MOBIKEX_PATH_H_
#define MOBIKEX_PATH_H_

#include "mobikex_role.h"
#include "mobikex_session.h"

/**
 * segue_path.priority, from its lowest bits: rank of the peer's address, order of
 * the device, and what comes after everything that has it not
 */
#define MOBIKEX_PATH_RANKS SEGUE_MAX_PATHS
#define MOBIKEX_PATH_LAST (MOBIKEX_ROLE_ORDERS * MOBIKEX_PATH_RANKS)
#define MOBIKEX_PATH_METERED (2 * MOBIKEX_PATH_LAST)
#define MOBIKEX_PATH_HELD (4 * MOBIKEX_PATH_LAST)
#define MOBIKEX_PATH_WEAK (8 * MOBIKEX_PATH_LAST)

/** How good is its device, whatever has become of it lately?  Lower is better. */
static inline u_int mobikex_path_device(const struct segue_path *path)
{
	return path->priority & (MOBIKEX_PATH_METERED | (MOBIKEX_PATH_LAST - 1)) &
		   ~(MOBIKEX_PATH_RANKS - 1);
}

/** Bring the session's table in step with addresses, routes and peer. */
void mobikex_paths_update(mobikex_session_t *session);

/** Slot of the path between these hosts; SEGUE_NO_PATH if none. */
uint8_t mobikex_path_find(mobikex_session_t *session, host_t *local,
						  host_t *remote);

/** Slot that the data path uses; SEGUE_NO_PATH if unknown. */
uint8_t mobikex_path_active(mobikex_session_t *session);

/** Hand over to a path. */
bool mobikex_path_switch(mobikex_session_t *session, uint8_t slot,
						 enum segue_reason reason);

/** Can it carry packets now? */
bool mobikex_path_live(mobikex_session_t *session, uint8_t slot);

/** The live path that comes first; SEGUE_NO_PATH if none is. */
uint8_t mobikex_path_best(mobikex_session_t *session);

/**
 * The peer does not accept these addresses: nothing is sent by that path for a while,
 * or until its link was away, unless there is no other.
 *
 * @return			FALSE if there is no other
 */
bool mobikex_path_refused(mobikex_session_t *session, host_t *local, host_t *remote);

/** No path is left: what the peer refused may be tried again.  FALSE: none was. */
bool mobikex_paths_forgive(mobikex_session_t *session);

/** Where IKE is at both ends of a path; hosts to be destroyed. */
void mobikex_path_hosts(mobikex_session_t *session, uint8_t slot, host_t **my,
						host_t **other);

/** Of the active path; FALSE, and no hosts, if that can carry nothing. */
bool mobikex_path_active_hosts(mobikex_session_t *session, host_t **my,
							   host_t **other);

/** Order of preference within one device: 0 for where the peer is now. */
u_int mobikex_path_rank(mobikex_session_t *session, const struct segue_addr *remote);

#endif	/* MOBIKEX_PATH_H_ */
