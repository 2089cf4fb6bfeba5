/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Orphan: a session in the maps whose charon died.  Its SAs are still in the
 * kernel and its data path goes on forwarding; it is left alone until the same
 * peer has a new IKE_SA, and then removed with its SAs and policies.
 */
#ifndef MOBIKEX_ORPHAN_H_
#define MOBIKEX_ORPHAN_H_

#include "mobikex_agent.h"

/** After opening the maps: drop what is not in the kernel any more, note the
 * rest.  With the agent's lock held. */
void mobikex_orphans_load(void);

/** The kernel says that this SA expired: if it is one of theirs, drop its entry,
 * and the session with the last one.  With the lock held. */
void mobikex_orphans_expired(uint32_t spi, host_t *dst);

/** Forget them, without a change to maps or kernel.  With the lock held. */
void mobikex_orphans_flush(void);

/** Job: a new IKE_SA is up, remove what it replaces. */
status_t mobikex_orphans_adopt(ike_sa_t *ike_sa, uint32_t data);

#endif	/* MOBIKEX_ORPHAN_H_ */
