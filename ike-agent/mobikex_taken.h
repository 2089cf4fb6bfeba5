/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In transport mode the pair of addresses is also the selector.  Who got an address
 * that another peer of ours had before cannot be told from that one, with segue or
 * without: traffic for the one would go into the SA of the other.
 *
 * With the agent's lock held.
 */
#ifndef MOBIKEX_TAKEN_H_
#define MOBIKEX_TAKEN_H_

#include "mobikex_session.h"

/**
 * Whose CHILD_SA in transport mode is between these addresses, of another identity
 * than this one?  A moved session's for as long as it has it there; a pinned one's
 * once it has moved away.  NULL: nobody's.
 */
mobikex_session_t *mobikex_taken(identification_t *peer, host_t *local,
								 host_t *remote);

/** Likewise; TRUE if there is one, and it is logged and reported as a refusal. */
bool mobikex_taken_refuse(const char *name, uint32_t ike, identification_t *peer,
						  host_t *local, host_t *remote);

#endif	/* MOBIKEX_TAKEN_H_ */
