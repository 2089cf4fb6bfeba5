/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairs: a CHILD_SA for each pair of addresses there is, and none for others.
 *
 * The leader asks for what is missing.  It does so when the peer has checked its
 * address, or should have by then; who is refused tries again later.  What is for a
 * pair that is gone goes after drain_delay, the leader first; but never the last
 * one of a child.
 *
 * All of it with the agent's lock held.
 */
#ifndef MOBIKEX_PAIRS_H_
#define MOBIKEX_PAIRS_H_

#include "mobikex_moved.h"

/** See what is missing, and what is too much, when the IKE_SA is free. */
void mobikex_pairs_queue(mobikex_session_t *session);

/** That whose CREATE_CHILD_SA is being built; NULL if it is none of ours. */
mobikex_pair_t *mobikex_pairs_active(mobikex_session_t *session, ike_sa_t *ike_sa);

/** May the CHILD_SA that is being made have other addresses than those in use? */
bool mobikex_pairs_movable(ike_sa_t *ike_sa, uint32_t reqid);

/** Is there a CHILD_SA to this address of the peer? */
bool mobikex_pairs_to(linked_list_t *pairs, host_t *remote);

/** It is out of its list: give back what it holds. */
void mobikex_pairs_forget(mobikex_pair_t *pair);

#endif	/* MOBIKEX_PAIRS_H_ */
