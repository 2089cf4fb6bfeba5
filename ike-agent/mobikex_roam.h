/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Roam: what charon does with an IKE_SA when addresses or routes have changed.  Of a
 * session the agent chooses the path and tells the peer (mobikex_handover.h,
 * mobikex_announce.h); charon's own list of addresses would leave out that of an interface
 * that is down, and the peer would take it for gone.  Each IKE_SA has functions of its own,
 * so those that are none of ours roam as they always did.
 */
#ifndef MOBIKEX_ROAM_H_
#define MOBIKEX_ROAM_H_

#include "mobikex_agent.h"

/** While there is a session of this IKE_SA it does not roam by itself. */
void mobikex_roam_take(ike_sa_t *ike_sa);

/** Let it: the peer, who has MOBIKE only, gets charon's list of addresses. */
status_t mobikex_roam(ike_sa_t *ike_sa);

#endif	/* MOBIKEX_ROAM_H_ */
