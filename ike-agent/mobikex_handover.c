/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_handover.h"
#include "mobikex_check.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_path.h"
#include "mobikex_task.h"

#include <string.h>

#define MS 1000000ULL	/* ns */

/** Data of a follow job that was queued for failback */
#define FAILBACK 1

/** failback_delay doubles no more often than this */
#define MAX_BACKOFF 5

/** Times a request is pushed; push_delay doubles after each */
#define PUSHES 4

/** Push jobs carry the message id below and how often it was pushed above. */
#define PUSH_SHIFT 24
#define PUSH_MID ((1 << PUSH_SHIFT) - 1)

static status_t follow(ike_sa_t *ike_sa, uint32_t data);
static status_t push_job(ike_sa_t *ike_sa, uint32_t data);
static void fail_back(mobikex_session_t *session);

static bool is_waiting(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	task_t *task;
	bool waiting;

	enumerator = ike_sa->create_task_enumerator(ike_sa, TASK_QUEUE_ACTIVE);
	waiting = enumerator->enumerate(enumerator, &task);
	enumerator->destroy(enumerator);
	return waiting;
}

/**
 * Send the request that waits for an answer again, between these hosts.  Not by
 * ike_sa->retransmit(): each call of that counts as one of the few tries and
 * starts a timer of its own.
 */
static void push(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	uint32_t mid = ike_sa->get_message_id(ike_sa, TRUE);
	mobikex_session_t *session;
	chunk_t request = chunk_empty;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->request_mid == mid)
	{
		request = chunk_clone(session->request);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (!request.len)
	{	/* fragmented, then only the task manager has it */
		ike_sa->retransmit(ike_sa, mid);
		return;
	}
	DBG1(DBG_IKE, "segue: request %u sent again by %#H..%#H", mid, my, other);
	charon->sender->send(charon->sender,
			packet_create_from_data(my->clone(my), other->clone(other), request));
}

void mobikex_push_later(ike_sa_t *ike_sa, uint32_t mid)
{
	mobikex_job_queue(ike_sa->get_unique_id(ike_sa), push_job, mid & PUSH_MID,
					  mobikex->push_delay);
}

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
		if (mobikex_path_live(session, slot) &&
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
 * The hosts at both ends of a path, with IKE's ports
 */
static void path_hosts(mobikex_session_t *session, uint8_t slot, host_t **my,
					   host_t **other)
{
	struct segue_path *path = &session->path[slot];
	uint16_t port = session->other->get_port(session->other);
	mobikex_peer_t *peer;

	*my = mobikex_host(&path->local, session->my->get_port(session->my));
	*other = mobikex_host(&path->remote, port);
	if (!(*other)->ip_equals(*other, session->other))
	{
		peer = mobikex_session_peer(session, *other);
		(*other)->set_port(*other, peer ? peer->host->get_port(peer->host) :
										  IKEV2_NATT_PORT);
	}
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
		path_hosts(session, slot, &my, &other);
	}
	else if (session)
	{	/* not now */
		session->trying = FALSE;
		session->try_at = mobikex_now() + mobikex->check_delay * MS;
		fail_back(session);
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

void mobikex_handover_tried(mobikex_session_t *session, host_t *my, host_t *other,
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
		fail_back(session);
		return;
	}
	session->tries = 0;
	if (slot != SEGUE_NO_PATH && mobikex_path_live(session, active) &&
		slot == better_path(session, active) && !session->manual)
	{
		mobikex_path_switch(session, slot, SEGUE_REASON_FAILBACK);
	}
}

static void fail_back(mobikex_session_t *session)
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
		mobikex_job_queue(session->ike, follow, FAILBACK, (due - now) / MS + 1);
	}
}

/**
 * Where IKE should be: on the active path, if that can carry anything.
 */
static bool active_hosts(mobikex_session_t *session, host_t **my, host_t **other)
{
	uint8_t active = mobikex_path_active(session);

	if (!mobikex_path_live(session, active))
	{
		return FALSE;
	}
	path_hosts(session, active, my, other);
	return TRUE;
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
		return local_changed ? ike_sa->roam(ike_sa, TRUE) : SUCCESS;
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
static status_t go(ike_sa_t *ike_sa, host_t *my, host_t *other, bool stalled,
				   bool at_once)
{
	mobikex_session_t *session;
	bool waiting = is_waiting(ike_sa), moving = must_move(ike_sa, my, other);
	bool elsewhere = moving ||
				!other->ip_equals(other, ike_sa->get_other_host(ike_sa));

	if (waiting && (elsewhere || stalled))
	{
		push(ike_sa, my, other);
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
	bool stalled = FALSE;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->published)
	{
		mobikex_paths_update(session);
		leave_dead_path(session);
		fail_back(session);
		if (active_hosts(session, &my, &other))
		{
			stalled = session->stalled;
			session->stalled = session->pending = FALSE;
		}
	}
	mobikex->lock->unlock(mobikex->lock);
	if (my)
	{
		status = go(ike_sa, my, other, stalled, at_once);
		my->destroy(my);
		other->destroy(other);
	}
	return status;
}

static status_t follow(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		session->queued = FALSE;
		session->failback &= data != FAILBACK;
	}
	mobikex->lock->unlock(mobikex->lock);
	return follow_to(ike_sa, FALSE);
}

/**
 * Over the path in use.  If that does not help either, the IKE_SA moves there
 * with the request still under way, so that charon repeats it there as well.
 */
static status_t push_job(ike_sa_t *ike_sa, uint32_t data)
{
	uint32_t mid = data & PUSH_MID, times = data >> PUSH_SHIFT;
	mobikex_session_t *session;
	host_t *my = NULL, *other = NULL;

	if ((ike_sa->get_message_id(ike_sa, TRUE) & PUSH_MID) != mid ||
		!is_waiting(ike_sa))
	{
		return SUCCESS;
	}
	if (times == PUSHES)
	{
		return follow_to(ike_sa, TRUE);
	}
	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->published)
	{
		active_hosts(session, &my, &other);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (my)
	{
		push(ike_sa, my, other);
		my->destroy(my);
		other->destroy(other);
	}
	times++;
	mobikex_job_queue(ike_sa->get_unique_id(ike_sa), push_job,
					  times << PUSH_SHIFT | mid, mobikex->push_delay << times);
	return SUCCESS;
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
 * not go back.
 */
static bool told_by_data(mobikex_session_t *session)
{
	struct segue_session entry;

	return !segue_session_get(mobikex->segue, session->id, &entry) &&
		   entry.reason == SEGUE_REASON_PEER_MOVED &&
		   mobikex_now() - entry.switched_ns < SEGUE_FOLLOW_HOLD_NS;
}

static void switch_to_ike(mobikex_session_t *session)
{
	mobikex_peer_t *peer = mobikex_session_peer(session, session->other);
	uint8_t slot;

	if (!peer)
	{	/* moved without having announced it */
		peer = mobikex_session_peer_add(session, session->other, FALSE);
	}
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
}

void mobikex_handover_by_ike(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->state == MOBIKEX_PINNED)
	{
		mobikex_session_view(session, my, other);
		if (!session->following && session->published)
		{
			switch_to_ike(session);
		}
	}
	mobikex->lock->unlock(mobikex->lock);
}
