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

/**
 * A live path to where the peer is now, by a device that comes before the active
 * path's
 */
static uint8_t better_path(mobikex_session_t *session, uint8_t active)
{
	struct segue_path *path = session->path;
	uint8_t slot, best = SEGUE_NO_PATH;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (mobikex_path_live(session, slot) && !session->weak[slot] &&
			path[slot].link < path[active].link &&
			segue_addr_equal(&path[slot].remote, &path[active].remote) &&
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
						((uint64_t)mobikex->failback_delay << session->tries) * MS;
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
		session->failback = FALSE;
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

void mobikex_failback(mobikex_session_t *session)
{
	uint8_t active = mobikex_path_active(session), best;
	uint64_t now = mobikex_now(), since = 0, due;

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
	mobikex_link_up(mobikex_link_of(&session->path[best].local), &since);
	due = max(since, session->since[best]) + mobikex->failback_delay * MS;
	due = max(due, session->try_at);
	if (due <= now)
	{
		session->trying = TRUE;
		mobikex_job_queue(session->ike, try_path, best, 0);
	}
	else if (!session->failback)
	{
		session->failback = TRUE;
		mobikex_job_queue(session->ike, look, 0, (due - now) / MS + 1);
	}
}
