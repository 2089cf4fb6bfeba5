/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failback: the leader goes back to a path of a device with a better priority
 * once that has been able to carry packets for failback_delay, or for the time of
 * its hold-down (mobikex_hold.h) if that is longer, and a check (RFC 4555 3.10) went
 * through it: a carrier does not tell what is behind it.
 *
 *   better path live -> failback_delay -> checked -> switch
 *                                ^           |
 *                                '-----------+ no answer: later, up to 32 times so
 *
 * Not after a person chose the path, and never among the peer's addresses: which
 * of those is better, the peer knows.
 *
 * A metered path is left for any other one, to whatever address of the peer, and at
 * once but for a hold-down: each packet there costs.
 */
#ifndef MOBIKEX_FAILBACK_H_
#define MOBIKEX_FAILBACK_H_

#include "mobikex_session.h"

/** Look whether it is time; if not yet, queue a look for when it is.  With the
 * agent's lock held. */
void mobikex_failback(mobikex_session_t *session);

/**
 * Hold-down: until when a path is not gone back to, mobikex_now(); 0: none, ~0: not
 * before it has been back for some time.  With the agent's lock held, as what
 * follows.
 */
uint64_t mobikex_failback_held(mobikex_session_t *session, uint8_t slot);

/** When may this path be gone back to, mobikex_now()?  0: any time; ~0: as above. */
uint64_t mobikex_failback_due(mobikex_session_t *session, uint8_t slot);

/** Queue a look at the paths for when the first hold-down ends, if there is one. */
void mobikex_failback_release(mobikex_session_t *session);

/** The check proved nothing, but the next one may: at once.  With the agent's lock
 * held. */
void mobikex_failback_again(mobikex_session_t *session);

/** The path was checked.  With the agent's lock held. */
void mobikex_failback_tried(mobikex_session_t *session, host_t *my, host_t *other,
							bool reached);

#endif	/* MOBIKEX_FAILBACK_H_ */
