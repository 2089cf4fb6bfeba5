/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_pairs.h"
#include "mobikex_exchange.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_path.h"
#include "mobikex_peer.h"

#include <sa/ikev2/tasks/child_create.h>

#define MS 1000000ULL	/* ns */

/** Retries are at most check_delay times two to this power apart */
#define MAX_DOUBLINGS 5

/** The leader deletes after drain_delay, the other end if it did not by then */
#define FOLLOWER_WAITS 4

/**
 * What the job does when it has let go of the lock
 */
typedef struct {
	/** A CHILD_SA to delete, or one like which another is to be made */
	protocol_id_t protocol;
	uint32_t spi;
	host_t *local;
	host_t *remote;
} step_t;

void mobikex_pairs_forget(mobikex_pair_t *pair)
{
	if (pair->ours)
	{	/* takes no lock but its own */
		charon->kernel->release_reqid(charon->kernel, pair->reqid, pair->mark[0],
									  pair->mark[1], pair->if_id[0],
									  pair->if_id[1], NULL);
	}
	mobikex_pair_destroy(pair);
}

bool mobikex_pairs_to(linked_list_t *pairs, host_t *remote)
{
	enumerator_t *enumerator;
	mobikex_pair_t *pair;
	bool found = FALSE;

	enumerator = pairs->create_enumerator(pairs);
	while (!found && enumerator->enumerate(enumerator, &pair))
	{
		found = pair->sas && pair->remote->ip_equals(pair->remote, remote);
	}
	enumerator->destroy(enumerator);
	return found;
}

static bool is_task(task_t *task, void *wanted)
{
	return task == wanted;
}

static bool has_task(ike_sa_t *ike_sa, u_int queues, void *wanted)
{
	return mobikex_exchange_find(ike_sa, queues, is_task, wanted);
}

mobikex_pair_t *mobikex_pairs_active(mobikex_session_t *session, ike_sa_t *ike_sa)
{
	linked_list_t *pairs = session->moved->pairs;
	enumerator_t *enumerator;
	mobikex_pair_t *pair, *found = NULL;

	enumerator = pairs->create_enumerator(pairs);
	while (!found && enumerator->enumerate(enumerator, &pair))
	{
		found = pair->task && has_task(ike_sa, MOBIKEX_ACTIVE, pair->task) ?
					pair : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Are both addresses still where they are said to be?
 */
static bool is_there(mobikex_session_t *session, mobikex_pair_t *pair)
{
	struct segue_addr local = mobikex_addr(pair->local);
	mobikex_peer_t *peer = mobikex_peer_find(session, pair->remote);

	return mobikex_link_of(&local) && peer && peer->verified;
}

/**
 * Is the same child also somewhere that is there?
 */
static bool has_other(mobikex_session_t *session, mobikex_pair_t *pair)
{
	linked_list_t *pairs = session->moved->pairs;
	enumerator_t *enumerator;
	mobikex_pair_t *other;
	bool found = FALSE;

	enumerator = pairs->create_enumerator(pairs);
	while (!found && enumerator->enumerate(enumerator, &other))
	{
		found = other != pair && other->sas && !other->gone && !other->leaving &&
				streq(other->name, pair->name);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * What has become of what we asked for?
 */
static void note_task(mobikex_pair_t *pair, ike_sa_t *ike_sa, uint64_t now)
{
	if (!pair->task || has_task(ike_sa, MOBIKEX_ACTIVE | MOBIKEX_QUEUED, pair->task))
	{
		return;
	}
	pair->task = NULL;
	if (pair->sas)
	{
		pair->tries = 0;
		return;
	}
	pair->due = now + ((uint64_t)mobikex->check_delay <<
					   min(pair->tries, MAX_DOUBLINGS)) * MS;
	pair->tries++;
}

/**
 * Bring the list in step with tasks and addresses.
 */
static void note(mobikex_session_t *session, ike_sa_t *ike_sa, uint64_t now)
{
	linked_list_t *pairs = session->moved->pairs;
	enumerator_t *enumerator;
	mobikex_pair_t *pair;
	bool there;

	enumerator = pairs->create_enumerator(pairs);
	while (enumerator->enumerate(enumerator, &pair))
	{
		there = is_there(session, pair);
		note_task(pair, ike_sa, now);
		pair->gone = there ? 0 : pair->gone ?: now;
		if (!pair->sas && !pair->task && (!there || !pair->ours))
		{
			pairs->remove_at(pairs, enumerator);
			mobikex_pairs_forget(pair);
		}
	}
	enumerator->destroy(enumerator);
}

static void act(linked_list_t *actions, child_sa_t *child_sa, host_t *local,
				host_t *remote)
{
	step_t *action;

	INIT(action,
		.protocol = child_sa->get_protocol(child_sa),
		.spi = child_sa->get_spi(child_sa, TRUE),
		.local = local ? local->clone(local) : NULL,
		.remote = remote ? remote->clone(remote) : NULL,
	);
	actions->insert_last(actions, action);
}

static void step_destroy(step_t *this)
{
	DESTROY_IF(this->local);
	DESTROY_IF(this->remote);
	free(this);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

/**
 * When may a CHILD_SA for a path be asked for?  0: not at all, or there is one.
 */
static uint64_t due(mobikex_session_t *session, const char *name, uint8_t slot,
					host_t *local, host_t *remote)
{
	mobikex_pair_t *pair;

	if (!(session->path[slot].flags & SEGUE_PATH_EGRESS))
	{
		return 0;
	}
	pair = mobikex_pair_between(session->moved->pairs, name, local, remote);
	if (pair)
	{
		return pair->sas || pair->task ? 0 : pair->due;
	}
	if (mobikex_host_known(session->moved->shown, local) ||
		local->ip_equals(local, session->local))
	{
		return 1;
	}
	/* should have been checked by then */
	return session->since[slot] ? session->since[slot] +
								  mobikex->check_delay * MS : 0;
}

/**
 * What is missing of this child.
 *
 * @return				when to look again, 0: need not
 */
static uint64_t missing(mobikex_session_t *session, child_sa_t *child_sa,
						linked_list_t *actions, uint64_t now)
{
	char *name = child_sa->get_name(child_sa);
	host_t *local, *remote;
	uint64_t when, next = 0;
	uint8_t slot;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (!(session->path[slot].flags & SEGUE_PATH_USED))
		{
			continue;
		}
		mobikex_path_hosts(session, slot, &local, &remote);
		when = due(session, name, slot, local, remote);
		if (when && when <= now)
		{
			act(actions, child_sa, local, remote);
		}
		else
		{
			next = sooner(when, next);
		}
		local->destroy(local);
		remote->destroy(remote);
	}
	return next;
}

/**
 * Is it too much?
 *
 * @return				when to look again, 0: need not
 */
static uint64_t surplus(mobikex_session_t *session, child_sa_t *child_sa,
						mobikex_pair_t *pair, linked_list_t *actions, uint64_t now)
{
	uint64_t due = pair->gone + mobikex->drain_delay * MS *
				   (session->leader ? 1 : FOLLOWER_WAITS);

	if (!pair->gone || (pair->leaving && pair->leaving != now) ||
		!has_other(session, pair))
	{
		return 0;
	}
	if (due > now)
	{
		return due;
	}
	DBG1(DBG_IKE, "segue: session %s[%u]: deleting CHILD_SA %s for %H..%H",
		 session->name, session->id, pair->name, pair->local, pair->remote);
	pair->leaving = now;
	act(actions, child_sa, NULL, NULL);
	return 0;
}

static bool is_installed(child_sa_t *child_sa)
{
	return child_sa->get_mode(child_sa) == MODE_TRANSPORT &&
		   child_sa->get_state(child_sa) == CHILD_INSTALLED;
}

/**
 * Addresses that are said are meant: others are not to stand in their place.
 */
static bool is_dynamic(child_cfg_t *config, bool local)
{
	linked_list_t *list = config->get_traffic_selectors(config, local, NULL, NULL,
														FALSE);
	enumerator_t *enumerator;
	traffic_selector_t *ts;
	bool dynamic = TRUE;

	enumerator = list->create_enumerator(list);
	while (dynamic && enumerator->enumerate(enumerator, &ts))
	{
		dynamic = ts->is_dynamic(ts);
	}
	enumerator->destroy(enumerator);
	mobikex_ts_destroy(list);
	return dynamic;
}

/**
 * A configured reqid can be that of one pair only, and proxies have addresses of
 * their own in the selectors.
 */
static bool is_movable(child_sa_t *child_sa)
{
	child_cfg_t *config = child_sa->get_config(child_sa);

	return !config->get_reqid(config) &&
		   !config->has_option(config, OPT_PROXY_MODE) &&
		   is_dynamic(config, TRUE) && is_dynamic(config, FALSE);
}

static bool stays(task_t *task, void *reqid)
{
	child_sa_t *child_sa = mobikex_exchange_creates(task, *(uint32_t*)reqid);

	return child_sa && !is_movable(child_sa);
}

bool mobikex_pairs_movable(ike_sa_t *ike_sa, uint32_t reqid)
{
	return !mobikex_exchange_find(ike_sa, MOBIKEX_ACTIVE | MOBIKEX_PASSIVE, stays, &reqid);
}

static void name_pairs(mobikex_session_t *session, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	mobikex_pair_t *pair;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		pair = mobikex_pair_find(session->moved->pairs,
								 child_sa->get_reqid(child_sa));
		if (pair && !pair->name)
		{
			pair->name = strdup(child_sa->get_name(child_sa));
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * One CHILD_SA of each child speaks for it.
 */
static uint64_t look(mobikex_session_t *session, ike_sa_t *ike_sa,
					 linked_list_t *actions)
{
	enumerator_t *enumerator;
	linked_list_t *seen = linked_list_create();
	child_sa_t *child_sa;
	mobikex_pair_t *pair;
	uint64_t now = mobikex_now(), next = 0;

	note(session, ike_sa, now);
	name_pairs(session, ike_sa);
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		pair = mobikex_pair_find(session->moved->pairs,
								 child_sa->get_reqid(child_sa));
		if (!pair || !is_installed(child_sa) || !is_movable(child_sa))
		{
			continue;
		}
		next = sooner(surplus(session, child_sa, pair, actions, now), next);
		if (session->leader && !seen->find_first(seen,
				linked_list_match_str, NULL, child_sa->get_name(child_sa)))
		{
			seen->insert_last(seen, child_sa->get_name(child_sa));
			next = sooner(missing(session, child_sa, actions, now), next);
		}
	}
	enumerator->destroy(enumerator);
	seen->destroy(seen);
	return next;
}

/**
 * A number for the new CHILD_SA: charon takes a second one of the same child for a
 * duplicate if it has none (child_create's check_for_duplicate()).
 */
static mobikex_pair_t *number(ike_sa_t *ike_sa, child_sa_t *child_sa,
							  step_t *action)
{
	kernel_interface_t *kernel = charon->kernel;
	mobikex_session_t *session;
	mobikex_pair_t *pair = NULL;
	linked_list_t *mine, *others;
	uint32_t reqid = 0, in = child_sa->get_if_id(child_sa, TRUE);
	uint32_t out = child_sa->get_if_id(child_sa, FALSE);
	mark_t mark_in = child_sa->get_mark(child_sa, TRUE);
	mark_t mark_out = child_sa->get_mark(child_sa, FALSE);
	status_t status;

	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (!session || !session->moved)
	{
		return NULL;
	}
	session->moved->local = action->local->clone(action->local);
	session->moved->remote = action->remote->clone(action->remote);
	mine = linked_list_create_from_enumerator(
						child_sa->create_ts_enumerator(child_sa, TRUE));
	others = linked_list_create_from_enumerator(
						child_sa->create_ts_enumerator(child_sa, FALSE));
	status = kernel->alloc_reqid(kernel, mine, others, mark_in, mark_out, in, out,
								 NULL, &reqid);
	mine->destroy(mine);
	others->destroy(others);
	DESTROY_IF(session->moved->local);
	DESTROY_IF(session->moved->remote);
	session->moved->local = session->moved->remote = NULL;
	if (status == SUCCESS)
	{
		pair = mobikex_pair_find(session->moved->pairs, reqid);
	}
	if (pair && pair->ours)
	{	/* tried before */
		kernel->release_reqid(kernel, reqid, mark_in, mark_out, in, out, NULL);
	}
	else if (pair)
	{
		pair->ours = TRUE;
		pair->mark[0] = mark_in;
		pair->mark[1] = mark_out;
		pair->if_id[0] = in;
		pair->if_id[1] = out;
		pair->name = pair->name ?: strdup(child_sa->get_name(child_sa));
	}
	return pair;
}

static void create(ike_sa_t *ike_sa, step_t *action)
{
	child_sa_t *child_sa;
	child_create_t *task;
	child_cfg_t *config;
	mobikex_pair_t *pair;

	child_sa = ike_sa->get_child_sa(ike_sa, action->protocol, action->spi, TRUE);
	if (!child_sa)
	{
		return;
	}
	mobikex->lock->lock(mobikex->lock);
	pair = number(ike_sa, child_sa, action);
	if (pair && !pair->sas)
	{
		DBG1(DBG_IKE, "segue: asking for CHILD_SA %s for %H..%H", pair->name,
			 pair->local, pair->remote);
		config = child_sa->get_config(child_sa);
		task = child_create_create(ike_sa, config->get_ref(config), FALSE, NULL,
								   NULL);
		task->use_reqid(task, pair->reqid);
		pair->task = &task->task;
		ike_sa->queue_task(ike_sa, &task->task);
	}
	mobikex->lock->unlock(mobikex->lock);
}

static status_t perform(ike_sa_t *ike_sa, linked_list_t *actions)
{
	enumerator_t *enumerator;
	step_t *action;
	status_t status = SUCCESS;

	enumerator = actions->create_enumerator(actions);
	while (status != DESTROY_ME && enumerator->enumerate(enumerator, &action))
	{
		if (action->local)
		{
			create(ike_sa, action);
		}
		else
		{
			status = ike_sa->delete_child_sa(ike_sa, action->protocol, action->spi,
											 FALSE);
		}
	}
	enumerator->destroy(enumerator);
	return status == DESTROY_ME ? status : ike_sa->initiate(ike_sa, NULL, NULL);
}

static status_t update(ike_sa_t *ike_sa, uint32_t timer);

static void schedule(mobikex_session_t *session, uint64_t when)
{
	mobikex_moved_t *moved = session->moved;
	uint64_t now = mobikex_now();

	if (when && (!moved->timer || when < moved->timer))
	{
		moved->timer = when;
		moved->number = max(moved->number + 1, 1);
		mobikex_job_queue(session->ike, update, moved->number,
						  when > now ? (when - now) / MS + 1 : 1);
	}
}

/**
 * Another timer was set in place of this one, or there is nothing to look at.
 */
static bool is_outdated(mobikex_session_t *session, uint32_t timer)
{
	return !session || !session->moved ||
		   (timer && (!session->moved->timer || timer != session->moved->number));
}

/**
 * Job.
 *
 * @param timer			number of the timer, 0: it was queued
 */
static status_t update(ike_sa_t *ike_sa, uint32_t timer)
{
	linked_list_t *actions = linked_list_create();
	mobikex_session_t *session;
	status_t status = SUCCESS;
	bool free = ike_sa->get_state(ike_sa) == IKE_ESTABLISHED;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (is_outdated(session, timer))
	{
		session = NULL;
	}
	else if (timer)
	{
		session->moved->timer = 0;
	}
	else
	{
		session->moved->queued = FALSE;
	}
	if (session && session->published)
	{
		schedule(session, free ? look(session, ike_sa, actions) :
						mobikex_now() + mobikex->check_delay * MS);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (actions->get_count(actions))
	{
		status = perform(ike_sa, actions);
	}
	actions->destroy_function(actions, (void*)step_destroy);
	return status;
}

void mobikex_pairs_queue(mobikex_session_t *session)
{
	if (session->published && !session->moved->queued && !session->closing)
	{
		session->moved->queued = TRUE;
		mobikex_job_queue(session->ike, update, FALSE, 0);
	}
}
