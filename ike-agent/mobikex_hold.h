/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hold-down: who was lost lately is not trusted at once.
 *
 *            loss                       loss within hold_decay
 *   WELL ----------> HELD, for   ------------------------------> HELD, for twice
 *    ^               failback_delay                              as long, up to hold_max
 *    |                    |                                           |
 *    '--------------------+---- well for that time, without a break --'
 *
 * The time begins when it is well again, anew with every loss.  Each hold_decay
 * without a loss takes one loss back; when none is left, it is as if there never
 * was one.
 *
 * Held is the link (it goes down) and the path (its probe finds it dead).  A path
 * that is held comes after all that are not, and is not gone back to; if nothing
 * else is left it is used all the same.
 */
#ifndef MOBIKEX_HOLD_H_
#define MOBIKEX_HOLD_H_

#include "mobikex_agent.h"

/** More make it no longer: 2^15 times failback_delay */
#define MOBIKEX_HOLD_LOSSES 16

/** When it was lost, mobikex_now(); what that means is each connection's to say */
typedef struct {
	uint64_t lost[MOBIKEX_HOLD_LOSSES];
	/** Where the next one goes; 0: none was */
	u_int next;
} mobikex_hold_t;

/** Settings of a connection, ms */
typedef struct {
	uint32_t delay;
	uint32_t max;
	uint32_t decay;
} mobikex_hysteresis_t;

/** It was lost now. */
void mobikex_hold_lost(mobikex_hold_t *this, uint64_t now);

/** Losses that still count at that time */
u_int mobikex_hold_losses(const mobikex_hold_t *this,
						  const mobikex_hysteresis_t *set, uint64_t now);

/** How long it has to be well, ns, that has been well since then; 0: it need not */
uint64_t mobikex_hold_time(const mobikex_hold_t *this,
						   const mobikex_hysteresis_t *set, uint64_t since);

#endif	/* MOBIKEX_HOLD_H_ */
