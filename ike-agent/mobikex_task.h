/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin's own INFORMATIONAL exchanges.
 *
 *   update: UPDATE_SA_ADDRESSES, COOKIE2, NAT_DETECTION_*    RFC 4555 3.5
 *   check:  COOKIE2, sent along one path                     RFC 4555 3.7
 *
 * charon's own ike_mobike task does more than we can use: it asks the kernel for
 * a route, probes, and only then updates.  A stock peer answers both of these.
 */
#ifndef MOBIKEX_TASK_H_
#define MOBIKEX_TASK_H_

#include <sa/ike_sa.h>
#include <sa/task.h>

/** Tell the peer that we have moved to the IKE_SA's current addresses. */
task_t *mobikex_update_create(ike_sa_t *ike_sa);

/** Does the peer answer at other, from my?  Ends in mobikex_check_result(). */
task_t *mobikex_check_create(ike_sa_t *ike_sa, host_t *my, host_t *other);

/** Is an update waiting for its turn? */
bool mobikex_update_queued(ike_sa_t *ike_sa);

#endif	/* MOBIKEX_TASK_H_ */
