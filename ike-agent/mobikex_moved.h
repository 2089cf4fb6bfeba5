/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moved: transport mode whose SAs and selectors follow the addresses, because the
 * connection is set so at both ends:
 *
 *   transport = moved                               for all connections
 *   connections { NAME { transport = moved } }      for this one
 *
 * Nothing is rewritten and nothing is copied from SA to SA.  For each pair of
 * addresses that the two ends have, and have checked, there is a CHILD_SA, made by
 * the leader (CREATE_CHILD_SA with CHILD_SA_PAIR) as soon as there is the pair, and
 * deleted when one of the addresses is gone.  Each has keys of its own: a sequence
 * number of one says nothing in another.  So the policies and states of where a
 * flow goes are in long before those of where it was go out, and the application,
 * or its transport protocol, moves when it likes.  What no CHILD_SA protects, the
 * guard stops (mobikex_guard.h).
 *
 * The session itself, its paths, checks and UPDATE_SA_ADDRESSES are those of any
 * other session; the data path has none of its SAs.
 *
 * All of it with the agent's lock held, unless said otherwise.
 */
#ifndef MOBIKEX_MOVED_H_
#define MOBIKEX_MOVED_H_

#include "mobikex_pair.h"

struct mobikex_moved_t {

	/** mobikex_pair_t */
	linked_list_t *pairs;

	/** What is guarded, for mobikex_guard_release(); mobikex_service_t that the
	 * CHILD_SAs have; and host_t, the addresses of the peer that it is done for */
	linked_list_t *guards;
	linked_list_t *services;
	linked_list_t *guarded;

	/** host_t of ours where the peer's checks have come */
	linked_list_t *shown;

	/** Source that the routes to the peer have, NULL: none yet */
	host_t *routed;

	/** Of the CHILD_SA that this thread is just making, NULL: where IKE is */
	host_t *local;
	host_t *remote;

	/** It cannot be made */
	bool refused;

	/** The canonical address is on segue0, for SAs that are pinned */
	bool mixed;

	/** A job is queued; one is scheduled for then, 0: none; and the number of that */
	bool queued;
	uint64_t timer;
	uint32_t number;
};

/** What is said of this connection. */
bool mobikex_moved_setting(const char *connection);

/** Both ends want it so. */
void mobikex_moved_begin(mobikex_session_t *session);
void mobikex_moved_end(mobikex_session_t *session);

/**
 * Is the address of the peer checked that an SA with this reqid would have; 0: that
 * of a new one?  Or was it, when a CHILD_SA was made that is there still.
 */
bool mobikex_moved_verified(mobikex_session_t *session, uint32_t reqid);

/**
 * For which pair is an SA that goes into the kernel?  NULL: it is pinned.
 */
mobikex_pair_t *mobikex_moved_pair(mobikex_session_t *session, ipsec_mode_t mode,
								   bool encap, uint32_t reqid);

/** An SA is in the kernel, or is not any more.  pair may be NULL. */
void mobikex_moved_hold(mobikex_pair_t *pair);
void mobikex_moved_drop(mobikex_session_t *session, mobikex_pair_t *pair);

/**
 * The addresses that selectors get when a reqid is looked for; 0: a new one.
 */
void mobikex_moved_hosts(mobikex_session_t *session, uint32_t reqid,
						 host_t **local, host_t **remote);

/** A reqid was given to these selectors. */
void mobikex_moved_numbered(mobikex_session_t *session, uint32_t reqid,
							host_t *local, host_t *remote);

/** So many services a peer can have guarded, at each of its addresses */
#define MOBIKEX_MAX_SERVICES 16

/**
 * The selectors of an SA that goes in: guard them.
 *
 * @return				FALSE if that cannot be: the SA must not go in
 */
bool mobikex_moved_service(mobikex_session_t *session, linked_list_t *local_ts,
						   linked_list_t *remote_ts);

/** Addresses or checks have changed: guards and routes follow at once, CHILD_SAs
 * when the IKE_SA is free. */
void mobikex_moved_sync(mobikex_session_t *session);

/** The IKE_SA was rekeyed: jobs were for the old one. */
void mobikex_moved_rekeyed(mobikex_session_t *session);

/** Messages in plain. */
void mobikex_moved_incoming(mobikex_session_t *session, message_t *message);
void mobikex_moved_outgoing(mobikex_session_t *session, ike_sa_t *ike_sa,
							message_t *message);

#endif	/* MOBIKEX_MOVED_H_ */
