/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Roam: what charon does when addresses or routes have changed.  Of a session the agent
 * chooses the path and tells the peer (mobikex_handover.h, mobikex_announce.h); charon's
 * own list of addresses would leave out that of an interface that is down, and the peer
 * would take it for gone.  IKE_SAs that are none of ours roam as they always did.
 */
#ifndef MOBIKEX_ROAM_H_
#define MOBIKEX_ROAM_H_

#include "mobikex_agent.h"

/** Into table, which stands before charon's original (mobikex_mirror.h) */
void mobikex_roam_install(kernel_interface_t *table, kernel_interface_t *original);

#endif	/* MOBIKEX_ROAM_H_ */
