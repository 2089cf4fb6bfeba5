/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_leave.h"
#include "mobikex_copy.h"
#include "mobikex_path.h"

#include <errno.h>
#include <string.h>

#define MS 1000000ULL	/* ns */

/**
 * The best one that is verified, not to be left itself and not held down
 */
static uint8_t other_path(mobikex_session_t *session)
{
	struct segue_path *path = session->path;
	uint8_t slot, best = SEGUE_NO_PATH;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (mobikex_path_live(session, slot) && !session->weak[slot] &&
			(path[slot].flags & SEGUE_PATH_VERIFIED) &&
			!(path[slot].priority & MOBIKEX_PATH_HELD) &&
			(best == SEGUE_NO_PATH || path[slot].priority < path[best].priority))
		{
			best = slot;
		}
	}
	return best;
}

/**
 * A person has switched to it, and that since it is weak.
 */
static bool is_wanted(mobikex_session_t *session, const struct segue_session *entry)
{
	return session->manual &&
		   entry->switched_ns > session->weak_since[entry->active];
}

/**
 * Job: the window is over.
 */
static status_t look(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		mobikex_leave(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	return SUCCESS;
}

static void say(mobikex_session_t *session, uint8_t active, int err)
{
	DBG1(DBG_KNL, "segue: session %s[%u] leaves path %u for path %u: %s%s%s",
		 session->name, session->id, active, session->leave_to,
		 segue_reason_name(session->weak[active]), err ? ": " : "",
		 err ? strerror(-err) : "");
}

/**
 * Where all is copied already, the two paths just change places.
 */
static void begin(mobikex_session_t *session, uint8_t active)
{
	uint64_t now = mobikex_now(), window = mobikex->copy_window * MS;
	int err = 0;

	if (session->copies && !session->moved && session->copy != MOBIKEX_COPY_ALWAYS)
	{
		err = segue_copy(mobikex->segue, session->id, session->leave_to,
						 now + 2 * window);
	}
	else
	{
		window = 0;
	}
	say(session, active, err);
	if (err)
	{
		return;
	}
	session->leave_at = now + window;
	if (window)
	{
		mobikex_job_queue(session->ike, look, 0, mobikex->copy_window + 1);
	}
}

/**
 * Without copies by the path that is left: as long as the peer gets any, and first, it
 * sends by that, too.
 */
static void go(mobikex_session_t *session, uint8_t active)
{
	session->leave_at = 0;
	if (!mobikex_path_switch(session, session->leave_to, session->weak[active]))
	{
		return;
	}
	mobikex_hold_lost(&session->hold[active], mobikex_now());
	if (session->copy != MOBIKEX_COPY_ALWAYS)
	{
		segue_copy(mobikex->segue, session->id, SEGUE_NO_PATH, 0);
	}
}

void mobikex_leave(mobikex_session_t *session)
{
	struct segue_session entry;
	uint8_t to = SEGUE_NO_PATH;

	if (!session->published || !mobikex->segue ||
		segue_session_get(mobikex->segue, session->id, &entry))
	{
		return;
	}
	if (mobikex_path_live(session, entry.active) && session->weak[entry.active] &&
		!is_wanted(session, &entry))
	{
		to = other_path(session);
	}
	if (to == SEGUE_NO_PATH)
	{
		session->leave_at = 0;
		return;
	}
	if (!session->leave_at || session->leave_to != to)
	{
		session->leave_to = to;
		session->leave_at = 0;
		begin(session, entry.active);
	}
	if (session->leave_at && mobikex_now() >= session->leave_at)
	{
		go(session, entry.active);
	}
}
