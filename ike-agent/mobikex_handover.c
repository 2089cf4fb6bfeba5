/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_handover.h"
#include "mobikex_announce.h"
#include "mobikex_check.h"
#include "mobikex_child.h"
#include "mobikex_copy.h"
#include "mobikex_failback.h"
#include "mobikex_host.h"
#include "mobikex_leave.h"
#include "mobikex_link.h"
#include "mobikex_moved.h"
#include "mobikex_named.h"
#include "mobikex_path.h"
#include "mobikex_peer.h"
#include "mobikex_push.h"
#include "mobikex_roam.h"
#include "mobikex_sa.h"
#include "mobikex_task.h"

#include <string.h>

/**
 * Why does this path carry nothing?
 */
static enum segue_reason reason_of(mobikex_session_t *session, uint8_t slot)
{
	mobikex_link_t *link = NULL;

	if (slot != SEGUE_NO_PATH)
	{
		link = mobikex_link_of(&session->path[slot].local);
	}
	return link && !mobikex_link_up(link, NULL) ? SEGUE_REASON_LINK_DOWN :
												  SEGUE_REASON_ADDRESS_GONE;
}

/**
 * The data path switches when it has a packet to send; an idle session needs us.
 */
static void leave_dead_path(mobikex_session_t *session)
{
	uint8_t active = mobikex_path_active(session), best;

	if (mobikex_path_live(session, active))
	{
		return;
	}
	session->manual = FALSE;
	best = mobikex_path_best(session);
	if (best == SEGUE_NO_PATH && mobikex_paths_forgive(session))
	{
		best = mobikex_path_best(session);
	}
	if (best == SEGUE_NO_PATH)
	{
		if (!session->stalled)
		{
			DBG1(DBG_KNL, "segue: session %s[%u] has no live path",
				 session->name, session->id);
		}
		session->stalled = TRUE;
		return;
	}
	if (mobikex_path_switch(session, best, reason_of(session, active)))
	{	/* the one left behind may go for good now */
		mobikex_paths_update(session);
	}
}

static void set_following(ike_sa_t *ike_sa, bool following)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		session->following = following;
	}
	mobikex->lock->unlock(mobikex->lock);
}

static status_t tell_peer(ike_sa_t *ike_sa, bool local_changed)
{
	status_t status = SUCCESS;

	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{	/* charon finds its path valid (get_source_addr) and sends the list */
		return local_changed ? mobikex_roam(ike_sa) : SUCCESS;
	}
	if (!mobikex_update_queued(ike_sa))
	{
		ike_sa->queue_task(ike_sa, mobikex_update_create(ike_sa));
		status = ike_sa->initiate(ike_sa, NULL, NULL);
	}
	return status;
}

static status_t move(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	host_t *old = ike_sa->get_my_host(ike_sa);
	bool local_changed = !my->ip_equals(my, old);

	switch (ike_sa->get_state(ike_sa))
	{
		case IKE_ESTABLISHED:
		case IKE_REKEYING:
			break;
		default:
			return SUCCESS;
	}
	set_following(ike_sa, TRUE);
	ike_sa->update_hosts(ike_sa, my, other, UPDATE_HOSTS_FORCE_ALL);
	set_following(ike_sa, FALSE);
	ike_sa->set_condition(ike_sa, COND_STALE, FALSE);
	return tell_peer(ike_sa, local_changed);
}

/**
 * Is the IKE_SA somewhere else than the data path, and is it us who move it?
 */
static bool must_move(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	host_t *old_my = ike_sa->get_my_host(ike_sa);
	host_t *old_other = ike_sa->get_other_host(ike_sa);

	if (!my->ip_equals(my, old_my))
	{
		return TRUE;
	}
	/* of its own address the leader tells by UPDATE_SA_ADDRESSES */
	return !other->ip_equals(other, old_other) &&
		   ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR);
}

/**
 * With a request under way nothing can be told yet.  That is sent again over the
 * new path, and the IKE_SA keeps its addresses until the response is there: the
 * traffic selectors of a CREATE_CHILD_SA are those of the old ones.
 */
static status_t go(ike_sa_t *ike_sa, host_t *my, host_t *other, bool lost,
				   bool at_once)
{
	mobikex_session_t *session;
	bool waiting = mobikex_push_waiting(ike_sa), moving = must_move(ike_sa, my, other);
	bool elsewhere = moving ||
				!other->ip_equals(other, ike_sa->get_other_host(ike_sa));

	if (waiting && (elsewhere || lost) &&
		mobikex_push(ike_sa, my, other) == DESTROY_ME)
	{
		return DESTROY_ME;
	}
	if (!moving)
	{
		return SUCCESS;
	}
	if (waiting && !at_once)
	{
		mobikex->lock->lock(mobikex->lock);
		session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
		if (session)
		{
			session->pending = TRUE;
		}
		mobikex->lock->unlock(mobikex->lock);
		mobikex_push_later(ike_sa, ike_sa->get_message_id(ike_sa, TRUE));
		return SUCCESS;
	}
	return move(ike_sa, my, other);
}

static status_t follow_to(ike_sa_t *ike_sa, bool at_once)
{
	mobikex_session_t *session;
	host_t *my = NULL, *other = NULL;
	status_t status = SUCCESS;
	bool lost = FALSE;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->published)
	{
		mobikex_paths_update(session);
		leave_dead_path(session);
		mobikex_leave(session);
		mobikex_failback(session);
		mobikex_copy_update(session);
		mobikex_children_update(session);
		mobikex_moved_sync(session);
		if (mobikex_path_active_hosts(session, &my, &other))
		{
			lost = session->stalled || mobikex_push_astray(session, other);
			session->stalled = session->pending = FALSE;
		}
	}
	mobikex->lock->unlock(mobikex->lock);
	if (my)
	{
		status = go(ike_sa, my, other, lost, at_once);
		my->destroy(my);
		other->destroy(other);
	}
	if (status != DESTROY_ME)
	{
		status = mobikex_announce(ike_sa, 0);
	}
	return status == DESTROY_ME ? status : mobikex_named(ike_sa, 0);
}

static status_t follow(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		session->queued = FALSE;
	}
	mobikex->lock->unlock(mobikex->lock);
	return follow_to(ike_sa, FALSE);
}

status_t mobikex_follow_at_once(ike_sa_t *ike_sa)
{
	return follow_to(ike_sa, TRUE);
}

void mobikex_follow_queue(mobikex_session_t *session)
{
	if (session->published && !session->queued && !session->closing)
	{
		session->queued = TRUE;
		mobikex_job_queue(session->ike, follow, 0, 0);
	}
}

void mobikex_follow_queue_all(void)
{
	enumerator_t *enumerator;
	mobikex_session_t *session;

	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (enumerator->enumerate(enumerator, &session))
	{
		mobikex_follow_queue(session);
	}
	enumerator->destroy(enumerator);
}

/**
 * The peer's ESP already told where it is, and later than its IKE message: do
 * not go back.  ESP that comes twice tells nothing: now the one path is faster, now
 * the other.
 */
static bool told_by_data(mobikex_session_t *session)
{
	struct segue_session entry;

	return !segue_session_get(mobikex->segue, session->id, &entry) &&
		   entry.reason == SEGUE_REASON_PEER_MOVED &&
		   segue_recent(entry.switched_ms, mobikex_now()) &&
		   !mobikex_sa_comes_twice(session, &entry, 0);
}

void mobikex_follow_astray(mobikex_session_t *session)
{
	host_t *my = NULL, *other = NULL;

	if (!session->published || !told_by_data(session) ||
		!mobikex_path_active_hosts(session, &my, &other))
	{
		return;
	}
	if (mobikex_push_astray(session, other))
	{
		mobikex_follow_queue(session);
	}
	my->destroy(my);
	other->destroy(other);
}

static void switch_to_ike(mobikex_session_t *session)
{
	mobikex_peer_t *peer = mobikex_peer_find(session, session->other);
	uint8_t slot = mobikex_path_active(session);
	struct segue_addr used = slot < SEGUE_MAX_PATHS ? session->path[slot].remote :
							 mobikex_addr(session->remote);
	bool gone;

	if (session->other->get_family(session->other) !=
		session->remote->get_family(session->remote))
	{	/* charon has followed already, and IKE may go on there */
		DBG1(DBG_IKE, "segue: session %s[%u]: the peer moved to %#H, of the other "
			 "address family: its ESP stays where it is", session->name,
			 session->id, session->other);
		mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_NOT_OWNED);
		return;
	}
	if (!peer)
	{	/* moved without having announced it */
		gone = mobikex_peers_room(session, &used);
		peer = mobikex_peer_add(session, session->other, FALSE);
		if (gone)
		{
			mobikex_paths_update(session);
		}
	}
	peer->listed = TRUE;
	peer->host->set_port(peer->host, session->other->get_port(session->other));
	if (!peer->verified)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: the peer moved to %#H, which has to "
			 "be checked first", session->name, session->id, session->other);
		peer->tries = 0;
		peer->due = 0;
		mobikex_job_queue(session->ike, mobikex_check_next, 0, 0);
		return;
	}
	mobikex_paths_update(session);
	slot = mobikex_path_find(session, session->my, session->other);
	if (!told_by_data(session))
	{
		mobikex_path_switch(session, slot, SEGUE_REASON_IKE_UPDATE);
	}
	if (mobikex_push_astray(session, session->other))
	{
		mobikex_follow_queue(session);
	}
}

void mobikex_handover_by_ike(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	mobikex_session_t *session;
	struct segue_addr left;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->state == MOBIKEX_PINNED)
	{
		left = mobikex_addr(session->other);
		if (!other->ip_equals(other, session->other))
		{
			mobikex_check_left(session);
		}
		mobikex_session_view(session, my, other);
		if (!session->following && session->published)
		{
			switch_to_ike(session);
			if (!session->leader)
			{
				mobikex_children_follow(session, &left);
			}
		}
		if (session->published)
		{	/* another address is in use */
			mobikex_moved_sync(session);
		}
	}
	else if (session && session->state == MOBIKEX_STOCK)
	{	/* its SAs go by the addresses that they have by then */
		mobikex_session_view(session, my, other);
	}
	mobikex->lock->unlock(mobikex->lock);
}
