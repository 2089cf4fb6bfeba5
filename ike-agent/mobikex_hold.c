/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_hold.h"

#define MS 1000000ULL	/* ns */

/**
 * Of so many losses in a row, ms
 */
static uint64_t time_of(u_int losses)
{
	uint64_t ms = mobikex->failback_delay;

	while (--losses && ms < mobikex->hold_max)
	{
		ms *= 2;
	}
	return min(ms, max(mobikex->hold_max, mobikex->failback_delay));
}

u_int mobikex_hold_losses(const mobikex_hold_t *this, uint64_t now)
{
	uint64_t decay = mobikex->hold_decay * MS, gone;

	if (!decay || now <= this->lost)
	{
		return decay ? this->losses : 0;
	}
	gone = (now - this->lost) / decay;
	return gone < this->losses ? this->losses - gone : 0;
}

void mobikex_hold_lost(mobikex_hold_t *this, uint64_t now)
{
	u_int losses = mobikex_hold_losses(this, now);

	/* those that make it no longer would only make it last longer */
	if (!losses || time_of(losses) < time_of(losses + 1))
	{
		losses++;
	}
	this->losses = losses;
	this->lost = now;
}

uint64_t mobikex_hold_time(const mobikex_hold_t *this, uint64_t since)
{
	u_int losses = mobikex_hold_losses(this, since);

	return losses ? time_of(losses) * MS : 0;
}
