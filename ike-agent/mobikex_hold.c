/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_hold.h"

#define MS 1000000ULL	/* ns */

void mobikex_hold_lost(mobikex_hold_t *this, uint64_t now)
{
	this->lost[this->next++ % MOBIKEX_HOLD_LOSSES] = now;
}

/**
 * Of so many losses in a row, ms
 */
static uint64_t time_of(const mobikex_hysteresis_t *set, u_int losses)
{
	uint64_t ms = set->delay;

	while (--losses && ms < set->max)
	{
		ms *= 2;
	}
	return min(ms, max(set->max, set->delay));
}

/**
 * What is left of them so much later
 */
static u_int decayed(const mobikex_hysteresis_t *set, u_int losses, uint64_t from,
					 uint64_t to)
{
	uint64_t gone = to > from ? (to - from) / (set->decay * MS) : 0;

	return gone < losses ? losses - gone : 0;
}

u_int mobikex_hold_losses(const mobikex_hold_t *this,
						  const mobikex_hysteresis_t *set, uint64_t now)
{
	u_int i, losses = 0;
	uint64_t last = 0;

	if (!set->decay)
	{
		return 0;
	}
	i = this->next > MOBIKEX_HOLD_LOSSES ? this->next - MOBIKEX_HOLD_LOSSES : 0;
	for (; i < this->next; i++)
	{
		losses = decayed(set, losses, last, this->lost[i % MOBIKEX_HOLD_LOSSES]);
		last = this->lost[i % MOBIKEX_HOLD_LOSSES];
		/* those that make it no longer would only make it last longer */
		if (!losses || time_of(set, losses) < time_of(set, losses + 1))
		{
			losses++;
		}
	}
	return decayed(set, losses, last, now);
}

uint64_t mobikex_hold_time(const mobikex_hold_t *this,
						   const mobikex_hysteresis_t *set, uint64_t since)
{
	u_int losses = mobikex_hold_losses(this, set, since);

	return losses ? time_of(set, losses) * MS : 0;
}
