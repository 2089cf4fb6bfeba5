/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Push: an IKE request that waits for its answer is sent again, over the path in
 * use.  charon itself would wait for 4 seconds, then 7, and so on; and the window
 * is one, so nothing else can be told meanwhile.
 */
#ifndef MOBIKEX_PUSH_H_
#define MOBIKEX_PUSH_H_

#include "mobikex_session.h"

/** Is a request of ours under way? */
bool mobikex_push_waiting(ike_sa_t *ike_sa);

/** Keep the request, which goes out now. */
void mobikex_push_sent(mobikex_session_t *session, message_t *request);

/** It goes where it goes on purpose: a check asks another address than that in use. */
void mobikex_push_on_purpose(mobikex_session_t *session);

/** Did the latest request go elsewhere, and not on purpose? */
bool mobikex_push_astray(mobikex_session_t *session, host_t *other);

/** charon sends the request under way again, by the pair that the IKE_SA has. */
void mobikex_push_repeated(ike_sa_t *ike_sa);

/** Was the latest request sent more than once, by whatever path? */
bool mobikex_push_happened(ike_sa_t *ike_sa);

/** Send it again, now, between these hosts. */
status_t mobikex_push(ike_sa_t *ike_sa, host_t *my, host_t *other);

/**
 * Send the request with this message id again after push_delay, and a few times
 * more, unless it was answered.
 */
void mobikex_push_later(ike_sa_t *ike_sa, uint32_t mid);

/** Likewise, but first after push_delay doubled so many times: the way may be long.
 * Not as long as charon takes to send it again. */
void mobikex_push_after(ike_sa_t *ike_sa, uint32_t mid, u_int doublings);

#endif	/* MOBIKEX_PUSH_H_ */
