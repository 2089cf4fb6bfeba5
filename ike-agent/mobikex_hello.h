/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hello: what the peer says, and from where, while the IKE_SA is set up.  Noted
 * as it comes, before AUTH was verified; read when the first SA is installed,
 * which is after.  With the agent's lock held.
 */
#ifndef MOBIKEX_HELLO_H_
#define MOBIKEX_HELLO_H_

#include "mobikex_agent.h"

/**
 * What came while the IKE_SA was set up; keyed by its unique id.
 */
typedef struct {
	uint32_t ike;
	/** In IKE_AUTH: MOBIKEX_SUPPORTED, and what it said */
	bool supported;
	uint16_t capabilities;
	/** Where IKE_SA_INIT came from: the answer to it was received there */
	host_t *source;
	/** IKE_AUTH came from elsewhere */
	bool moved;
	/** It came through a NAT, and the peer allows none (RFC 4555 3.9) */
	bool natted;
} mobikex_hello_t;

/** NULL if nothing was noted. */
mobikex_hello_t *mobikex_hello_find(uint32_t ike);

/** MOBIKEX_SUPPORTED came; ignored if it makes no sense. */
void mobikex_hello_supported(uint32_t ike, chunk_t data);

/**
 * A request of IKE_SA_INIT or IKE_AUTH came.  Nobody can send the latter without
 * having got the response to the former; but anybody on the way can give it
 * another source, and so send our ESP there.
 */
void mobikex_hello_source(uint32_t ike, message_t *message);

/** Is the peer elsewhere than it was when it asked for the IKE_SA?  Nothing need have
 * come back from there yet (RFC 4555 3.7). */
bool mobikex_hello_moved(uint32_t ike, host_t *remote);

/** A request of IKE_AUTH came through a NAT that it does not allow. */
void mobikex_hello_natted(uint32_t ike);

void mobikex_hello_forget(uint32_t ike);
void mobikex_hellos_destroy(void);

#endif	/* MOBIKEX_HELLO_H_ */
