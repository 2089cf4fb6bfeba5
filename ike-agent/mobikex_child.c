/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_child.h"
#include "mobikex_copy.h"
#include "mobikex_link.h"
#include "mobikex_path.h"

#include <errno.h>
#include <string.h>
#include <sa/ikev2/tasks/child_create.h>

#define MS 1000000ULL	/* ns */

/**
 * charon tells the kernel no name, but the task that creates the CHILD_SA has it.
 */
static char *name_of(ike_sa_t *ike_sa, uint32_t reqid)
{
	task_queue_t queues[] = { TASK_QUEUE_ACTIVE, TASK_QUEUE_PASSIVE };
	enumerator_t *enumerator;
	child_create_t *create;
	child_sa_t *child_sa;
	char *name = NULL;
	task_t *task;
	int i;

	for (i = 0; i < countof(queues) && !name; i++)
	{
		enumerator = ike_sa->create_task_enumerator(ike_sa, queues[i]);
		while (!name && enumerator->enumerate(enumerator, &task))
		{
			if (task->get_type(task) == TASK_CHILD_CREATE)
			{
				create = (child_create_t*)task;
				child_sa = create->get_child(create);
				if (child_sa && child_sa->get_reqid(child_sa) == reqid)
				{
					name = child_sa->get_name(child_sa);
				}
			}
		}
		enumerator->destroy(enumerator);
	}
	return name;
}

static bool is_apart(mobikex_session_t *session, mobikex_child_t *child, char *name)
{
	char *device;

	device = lib->settings->get_str(lib->settings,
				"%s.plugins.mobikex.connections.%s.children.%s.prefer", NULL,
				lib->ns, session->name, name);
	child->device = device ? strdup(device) : NULL;
	child->copy = mobikex_copy_setting_child(session->name, name);
	return device || child->copy != session->copy ||
		   lib->settings->get_bool(lib->settings,
				"%s.plugins.mobikex.connections.%s.children.%s.apart", FALSE,
				lib->ns, session->name, name);
}

uint8_t mobikex_child_number(mobikex_session_t *session, ike_sa_t *ike_sa,
							 uint32_t reqid)
{
	mobikex_child_t child = { .reqid = reqid };
	uint8_t number, empty = 0;
	char *name;

	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		if (session->child[number].reqid == reqid)
		{
			return number;
		}
		empty = empty ?: session->child[number].reqid ? 0 : number;
	}
	name = name_of(ike_sa, reqid);
	if (!name || !is_apart(session, &child, name))
	{
		return 0;
	}
	if (!empty)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: %s goes with the session, %d go "
			 "apart already", session->name, session->id, name,
			 SEGUE_MAX_CHILDREN - 1);
		free(child.device);
		return 0;
	}
	DBG1(DBG_KNL, "segue: session %s[%u]: CHILD_SA %s goes a way of its own%s%s",
		 session->name, session->id, name, child.device ? ", by " : "",
		 child.device ?: "");
	session->child[empty] = child;
	return empty;
}

static void forget(mobikex_child_t *child)
{
	free(child->device);
	memset(child, 0, sizeof(*child));
}

void mobikex_child_release(mobikex_session_t *session, uint8_t number)
{
	if (session->published && mobikex->segue)
	{
		segue_child_switch(mobikex->segue, session->id, number, SEGUE_NO_PATH,
						   SEGUE_REASON_NONE);
	}
	forget(&session->child[number]);
}

void mobikex_children_clean(mobikex_session_t *session)
{
	uint8_t number;

	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		forget(&session->child[number]);
	}
}

static bool is_by(struct segue_path *path, const char *device)
{
	mobikex_link_t *link = mobikex_link_of(&path->local);

	return link && streq(link->name, device);
}

/**
 * The best live path by the device that is preferred, to where the peer is
 */
static uint8_t preferred(mobikex_session_t *session, mobikex_child_t *child,
						 uint8_t active)
{
	struct segue_path *path = session->path;
	uint8_t slot, best = SEGUE_NO_PATH;

	for (slot = 0; child->device && slot < SEGUE_MAX_PATHS; slot++)
	{
		if (mobikex_path_live(session, slot) && is_by(&path[slot], child->device) &&
			segue_addr_equal(&path[slot].remote, &path[active].remote) &&
			(best == SEGUE_NO_PATH || path[slot].priority < path[best].priority))
		{
			best = slot;
		}
	}
	return best;
}

/**
 * Job: a preferred path has been usable for long enough, maybe.
 */
static status_t look(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		mobikex_children_update(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	return SUCCESS;
}

/**
 * Has this path been usable for failback_delay?  If not yet, look again when it has.
 */
static bool is_due(mobikex_session_t *session, mobikex_child_t *child, uint8_t slot)
{
	uint64_t now = mobikex_now(), since = 0, due;

	mobikex_link_up(mobikex_link_of(&session->path[slot].local), &since);
	due = max(since, session->since[slot]) + mobikex->failback_delay * MS;
	if (due > now && child->due != due)
	{
		child->due = due;
		mobikex_job_queue(session->ike, look, 0, (due - now) / MS + 1);
	}
	return due <= now;
}

static void go(mobikex_session_t *session, uint8_t number, uint8_t slot,
			   enum segue_reason reason)
{
	int err;

	err = segue_child_switch(mobikex->segue, session->id, number, slot, reason);
	if (err)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: CHILD_SA %u cannot go by path %u: %s",
			 session->name, session->id, number, slot, strerror(-err));
	}
}

/**
 * By which path should it go?
 */
static void steer(mobikex_session_t *session, uint8_t number,
				  const struct segue_session *entry)
{
	mobikex_child_t *child = &session->child[number];
	uint8_t active = entry->child[number].active, best;

	best = session->leader ? preferred(session, child, entry->active) :
							 SEGUE_NO_PATH;
	if (active == SEGUE_NO_PATH)
	{	/* it has just come */
		go(session, number, best == SEGUE_NO_PATH ? entry->active : best,
		   SEGUE_REASON_PREFERRED);
	}
	else if (!mobikex_path_live(session, active))
	{	/* the data path does it with the next packet; this is for an idle one */
		best = best == SEGUE_NO_PATH ? entry->active : best;
		if (mobikex_path_live(session, best))
		{
			go(session, number, best, SEGUE_REASON_LINK_DOWN);
		}
	}
	else if (session->leader && !child->device && active != entry->active)
	{	/* nothing preferred: together with the session */
		go(session, number, entry->active, SEGUE_REASON_PREFERRED);
	}
	else if (best != SEGUE_NO_PATH && best != active && is_due(session, child, best))
	{
		go(session, number, best, SEGUE_REASON_PREFERRED);
	}
}

void mobikex_children_update(mobikex_session_t *session)
{
	struct segue_session entry;
	uint8_t number;

	if (!session->published || !mobikex->segue ||
		segue_session_get(mobikex->segue, session->id, &entry) ||
		!mobikex_path_live(session, entry.active))
	{
		return;
	}
	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		if (session->child[number].reqid)
		{
			steer(session, number, &entry);
			mobikex_copy_child(session, number, session->child[number].copy);
		}
	}
}

void mobikex_children_follow(mobikex_session_t *session,
							 const struct segue_addr *left)
{
	struct segue_session entry;
	struct segue_way *way;
	uint8_t number;

	if (!mobikex->segue || segue_session_get(mobikex->segue, session->id, &entry))
	{
		return;
	}
	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		way = &entry.child[number];
		if (way->active < SEGUE_MAX_PATHS && way->active != entry.active &&
			segue_addr_equal(&session->path[way->active].remote, left) &&
			!segue_recent(way->switched_ms, mobikex_now()))
		{
			go(session, number, entry.active, SEGUE_REASON_IKE_UPDATE);
		}
	}
}
