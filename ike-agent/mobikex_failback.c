/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_failback.h"
#include "mobikex_check.h"
#include "mobikex_copy.h"
#include "mobikex_handover.h"
#include "mobikex_link.h"
#include "mobikex_path.h"

#define MS 1000000ULL	/* ns */

/** failback_delay doubles no more often than this */
#define MAX_BACKOFF 5

static bool is_metered(const struct segue_path *path)
{
	return path->priority & MOBIKEX_PATH_METERED;
}

/**
 * By a device that comes before the active path's?  To where the peer is now, unless
 * that costs.
 */
static bool is_better(const struct segue_path *path, const struct segue_path *active)
{
	return mobikex_path_device(path) < mobikex_path_device(active) &&
		   (segue_addr_equal(&path->remote, &active->remote) ||
			(is_metered(active) && !is_metered(path)));
}

/**
 * The best live path that is better than the active one
 */
static uint8_t better_path(mobikex_session_t *session, uint8_t active)
{
	struct segue_path *path = session->path;
	uint8_t slot, best = SEGUE_NO_PATH;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (mobikex_path_live(session, slot) && !session->weak[slot] &&
			is_better(&path[slot], &path[active]) &&
			(best == SEGUE_NO_PATH || path[slot].priority < path[best].priority))
		{
			best = slot;
		}
	}
	return best;
}

/**
 * Job: check the path in this slot, to go back to it.
 */
static status_t try_path(ike_sa_t *ike_sa, uint32_t slot)
{
	mobikex_session_t *session;
	host_t *my = NULL, *other = NULL;
	status_t status = SUCCESS;
	bool busy = mobikex_check_busy(ike_sa);

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && !busy && mobikex_path_live(session, slot))
	{
		mobikex_path_hosts(session, slot, &my, &other);
	}
	else if (session)
	{	/* not now */
		session->trying = FALSE;
		session->try_at = mobikex_now() + mobikex->check_delay * MS;
		mobikex_failback(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (my)
	{
		status = mobikex_check_ask(ike_sa, my, other);
		my->destroy(my);
		other->destroy(other);
	}
	return status;
}

void mobikex_failback_tried(mobikex_session_t *session, host_t *my, host_t *other,
							bool reached)
{
	uint8_t slot = mobikex_path_find(session, my, other);
	uint8_t active = mobikex_path_active(session);

	session->trying = FALSE;
	if (!reached)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: no way back by %H yet",
			 session->name, session->id, my);
		session->tries = min(session->tries + 1, MAX_BACKOFF);
		session->try_at = mobikex_now() +
						((uint64_t)session->hysteresis.delay << session->tries) * MS;
		mobikex_failback(session);
		return;
	}
	session->tries = 0;
	if (slot != SEGUE_NO_PATH && mobikex_path_live(session, active) &&
		slot == better_path(session, active) && !session->manual)
	{
		mobikex_copy_failback(session, slot);
	}
}

/**
 * Job: the time has come.
 */
static status_t look(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		if (mobikex_now() >= session->failback)
		{	/* else a later one is queued, too */
			session->failback = 0;
		}
		mobikex_failback(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	return SUCCESS;
}

void mobikex_failback_again(mobikex_session_t *session)
{
	session->trying = FALSE;
	session->try_at = 0;
	mobikex_failback(session);
}

uint64_t mobikex_failback_held(mobikex_session_t *session, uint8_t slot)
{
	mobikex_link_t *link = mobikex_link_of(&session->path[slot].local);
	uint64_t since = session->since[slot], up = 0, now = mobikex_now(), time;
	bool live = since && link && mobikex_link_up(link, &up);

	since = live ? max(since, up) : now;
	time = mobikex_hold_time(&session->hold[slot], &session->hysteresis, since);
	if (link)
	{
		time = max(time, mobikex_hold_time(&link->hold, &session->hysteresis, since));
	}
	if (!time || (live && since + time <= now))
	{
		return 0;
	}
	return live ? since + time : ~0ULL;
}

uint64_t mobikex_failback_due(mobikex_session_t *session, uint8_t slot)
{
	uint8_t active = mobikex_path_active(session);
	uint64_t held = mobikex_failback_held(session, slot), since = 0;

	if (active < SEGUE_MAX_PATHS && is_metered(&session->path[active]))
	{
		return held;
	}
	mobikex_link_up(mobikex_link_of(&session->path[slot].local), &since);
	return max(held, max(since, session->since[slot]) +
					 session->hysteresis.delay * MS);
}

/**
 * Job: a hold-down may be over.
 */
static status_t release(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		if (mobikex_now() >= session->holding)
		{
			session->holding = 0;
		}
		mobikex_paths_update(session);
		/* one that is weak may have waited for it */
		mobikex_follow_queue(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	return SUCCESS;
}

void mobikex_failback_release(mobikex_session_t *session)
{
	uint64_t now = mobikex_now(), first = ~0ULL, held;
	uint8_t slot;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		/* whose address is gone has nothing to wait for */
		if (session->path[slot].flags & SEGUE_PATH_EGRESS &&
			session->path[slot].priority & MOBIKEX_PATH_HELD)
		{
			held = mobikex_failback_held(session, slot);
			first = min(first, max(held, now));
		}
	}
	if (first != ~0ULL && (!session->holding || first < session->holding))
	{
		session->holding = first;
		mobikex_job_queue(session->ike, release, 0, (first - now) / MS + 1);
	}
}

void mobikex_failback(mobikex_session_t *session)
{
	uint8_t active = mobikex_path_active(session), best;
	uint64_t now = mobikex_now(), due;

	if (!session->leader || session->manual || session->trying ||
		!mobikex_path_live(session, active))
	{
		return;
	}
	best = better_path(session, active);
	if (best == SEGUE_NO_PATH)
	{
		return;
	}
	due = max(mobikex_failback_due(session, best), session->try_at);
	if (due == ~0ULL)
	{	/* it was just lost again */
		return;
	}
	if (due <= now)
	{
		session->trying = TRUE;
		mobikex_job_queue(session->ike, try_path, best, 0);
	}
	else if (!session->failback || due < session->failback)
	{
		session->failback = due;
		mobikex_job_queue(session->ike, look, 0, (due - now) / MS + 1);
	}
}
