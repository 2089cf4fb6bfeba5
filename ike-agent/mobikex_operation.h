/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operation: what a peer's request asks for, and what becomes of it
 * (docs/mobike-x.md, "Responder").
 *
 *   request in   is UPDATE_SA_ADDRESSES acceptable?  If not, charon never sees it
 *   (charon)     moves the IKE_SA, if it was
 *   response out ADD and REMOVE take effect, in that order; refusals go with it
 *
 * Nothing here costs the SA.  An added address is announced, no more: it carries
 * traffic after its check (mobikex_check.h).
 */
#ifndef MOBIKEX_OPERATION_H_
#define MOBIKEX_OPERATION_H_

#include "mobikex_notify.h"
#include "mobikex_session.h"

/** New addresses that a peer may have checked in a minute */
#define MOBIKEX_ADDS_PER_MINUTE 32

/** Requests and responses of INFORMATIONAL; with the agent's lock held. */
void mobikex_operation_request(ike_sa_t *ike_sa, message_t *message);
void mobikex_operation_response(ike_sa_t *ike_sa, message_t *message);

void mobikex_operation_rekeyed(uint32_t old, uint32_t ike);
void mobikex_operation_forget(uint32_t ike);

#endif	/* MOBIKEX_OPERATION_H_ */
