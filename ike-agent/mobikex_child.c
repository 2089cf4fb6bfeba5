/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_child.h"
#include "mobikex_copy.h"
#include "mobikex_exchange.h"
#include "mobikex_failback.h"
#include "mobikex_handover.h"
#include "mobikex_link.h"
#include "mobikex_named.h"
#include "mobikex_path.h"
#include "mobikex_sa.h"

#include <errno.h>
#include <string.h>
#include <arpa/inet.h>

#define MS 1000000ULL	/* ns */

/**
 * charon tells the kernel no name, but the task that creates the CHILD_SA has it.
 */
typedef struct {
	uint32_t reqid;
	char *name;
} naming_t;

static bool names(task_t *task, void *context)
{
	naming_t *naming = context;
	child_sa_t *child_sa = mobikex_exchange_creates(task, naming->reqid);

	naming->name = child_sa ? child_sa->get_name(child_sa) : NULL;
	return naming->name != NULL;
}

static char *name_of(ike_sa_t *ike_sa, uint32_t reqid)
{
	naming_t naming = { .reqid = reqid };

	mobikex_exchange_find(ike_sa, MOBIKEX_ACTIVE | MOBIKEX_PASSIVE, names, &naming);
	return naming.name;
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

/**
 * Numbers that are kept for those that the settings name and that are not there yet
 */
static u_int reserved(mobikex_session_t *session)
{
	enumerator_t *enumerator;
	u_int named = 0, number;
	char *section;

	enumerator = lib->settings->create_section_enumerator(lib->settings,
				"%s.plugins.mobikex.connections.%s.children", lib->ns, session->name);
	while (enumerator->enumerate(enumerator, &section))
	{
		named++;
	}
	enumerator->destroy(enumerator);
	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		if (session->child[number].apart && !session->child[number].by_hand && named)
		{
			named--;
		}
	}
	return named;
}

static u_int free_numbers(mobikex_session_t *session)
{
	u_int number, count = 0;

	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		count += !session->child[number].reqid;
	}
	return count;
}

uint8_t mobikex_child_number(mobikex_session_t *session, ike_sa_t *ike_sa,
							 uint32_t reqid)
{
	mobikex_child_t child = {
		.reqid = reqid,
		.wish = SEGUE_NO_PATH,
		.target = SEGUE_NO_PATH,
	};
	uint8_t number = mobikex_child_of(session, reqid), empty;
	char *name;

	if (number)
	{
		return number;
	}
	empty = mobikex_child_of(session, 0);
	name = name_of(ike_sa, reqid);
	child.apart = name && is_apart(session, &child, name);
	if (child.apart && !empty)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: %s goes with the session, which has "
			 "%d CHILD_SAs already", session->name, session->id, name,
			 SEGUE_MAX_CHILDREN - 1);
	}
	else if (child.apart)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: CHILD_SA %s goes a way of its own%s%s",
			 session->name, session->id, name, child.device ? ", by " : "",
			 child.device ?: "");
	}
	if (!empty || (!child.apart && free_numbers(session) <= reserved(session)))
	{
		free(child.device);
		return 0;
	}
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

/**
 * Its packets have said where the peer has it, and later than its IKE message: if they
 * do not come twice.
 */
static bool told_by_data(mobikex_session_t *session,
						 const struct segue_session *entry, uint8_t number)
{
	const struct segue_way *way = &entry->child[number];

	return way->active != SEGUE_NO_PATH && way->reason == SEGUE_REASON_PEER_MOVED &&
		   segue_recent(way->switched_ms, mobikex_now()) &&
		   !mobikex_sa_comes_twice(session, entry, number);
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
		if (mobikex_path_live(session, slot) && !session->weak[slot] &&
			is_by(&path[slot], child->device) &&
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
	return mobikex_named(ike_sa, 0);
}

/**
 * Has this path been usable for long enough?  If not yet, look again when it has.
 */
static bool is_due(mobikex_session_t *session, mobikex_child_t *child, uint8_t slot)
{
	uint64_t now = mobikex_now(), due = mobikex_failback_due(session, slot);

	if (due > now && due != ~0ULL && child->due != due)
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

static void joined(mobikex_session_t *session, uint8_t number)
{
	mobikex_child_t *child = &session->child[number];

	segue_child_switch(mobikex->segue, session->id, number, SEGUE_NO_PATH,
					   SEGUE_REASON_MANUAL);
	DBG1(DBG_KNL, "segue: session %s[%u]: CHILD_SA %u goes with the session",
		 session->name, session->id, number);
	child->joining = child->by_hand = child->apart = child->told = FALSE;
	child->target = SEGUE_NO_PATH;
}

/**
 * With the session again: first by its path, then, when the peer knows, for good.
 */
static void join(mobikex_session_t *session, uint8_t number,
				 const struct segue_session *entry)
{
	uint8_t active = entry->child[number].active;

	if (active != SEGUE_NO_PATH && active != entry->active)
	{
		go(session, number, entry->active, SEGUE_REASON_MANUAL);
	}
	session->child[number].target = entry->active;
	if (!session->child[number].told)
	{	/* the peer need not be */
		joined(session, number);
	}
}

/**
 * Softly, as loader/switch.c does it for a session: by both, then by the new one and
 * the old one, too.
 */
static void go_softly(mobikex_session_t *session, uint8_t number,
					  const struct segue_session *entry)
{
	mobikex_child_t *child = &session->child[number];
	uint64_t now = mobikex_now(), window = child->window * MS;
	int err;

	if (!child->switch_at)
	{
		if (entry->child[number].active == SEGUE_NO_PATH)
		{	/* copies need a way of its own */
			go(session, number, entry->active, SEGUE_REASON_MANUAL);
		}
		err = segue_child_copy(mobikex->segue, session->id, number, child->wish,
							   now + 2 * window);
		if (err)
		{
			DBG1(DBG_KNL, "segue: session %s[%u]: CHILD_SA %u cannot be sent by "
				 "path %u as well: %s", session->name, session->id, number,
				 child->wish, strerror(-err));
		}
		child->switch_at = now + window;
		mobikex_job_queue(session->ike, look, 0, child->window + 1);
	}
	else if (now >= child->switch_at)
	{
		child->window = child->switch_at = 0;
		segue_child_switch_soft(mobikex->segue, session->id, number, child->wish,
								now + window, SEGUE_REASON_MANUAL);
	}
}

static void wish_go(mobikex_session_t *session, uint8_t number,
					const struct segue_session *entry)
{
	mobikex_child_t *child = &session->child[number];

	if (!mobikex_named_ready(session, number, child->wish))
	{
		return;
	}
	child->apart = TRUE;
	if (entry->child[number].active == child->wish)
	{
		child->window = child->switch_at = 0;
		if (child->joining)
		{
			child->wish = SEGUE_NO_PATH;
			join(session, number, entry);
		}
	}
	else if (child->window)
	{
		go_softly(session, number, entry);
	}
	else
	{
		go(session, number, child->wish, SEGUE_REASON_MANUAL);
	}
}

/**
 * The link of the path that was chosen by hand is gone: as if nobody had.
 */
static void wish_forget(mobikex_child_t *child)
{
	child->wish = SEGUE_NO_PATH;
	child->window = child->switch_at = 0;
	child->joining = child->by_hand;
}

/**
 * By which path should it go?
 */
static void steer(mobikex_session_t *session, uint8_t number,
				  const struct segue_session *entry)
{
	mobikex_child_t *child = &session->child[number];
	uint8_t active = entry->child[number].active, best;

	if (child->wish != SEGUE_NO_PATH && !mobikex_path_live(session, child->wish))
	{
		wish_forget(child);
	}
	if (child->wish != SEGUE_NO_PATH)
	{
		wish_go(session, number, entry);
		return;
	}
	if (child->joining)
	{
		join(session, number, entry);
		return;
	}
	if (!child->apart)
	{
		return;
	}
	best = session->leader ? preferred(session, child, entry->active) :
							 SEGUE_NO_PATH;
	if (active == SEGUE_NO_PATH)
	{	/* it has just come */
		best = best == SEGUE_NO_PATH ? entry->active : best;
		if (mobikex_named_ready(session, number, best))
		{
			go(session, number, best, SEGUE_REASON_PREFERRED);
		}
	}
	else if (!mobikex_path_live(session, active))
	{	/* the data path does it with the next packet; this is for an idle one */
		best = best == SEGUE_NO_PATH ? entry->active : best;
		if (mobikex_path_live(session, best))
		{
			go(session, number, best, SEGUE_REASON_LINK_DOWN);
		}
	}
	else if (session->leader && session->weak[active] && best == SEGUE_NO_PATH &&
			 active != entry->active && !session->weak[entry->active])
	{
		go(session, number, entry->active, session->weak[active]);
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
			if (session->child[number].apart)
			{
				mobikex_copy_child(session, number, session->child[number].copy);
			}
		}
	}
}

/**
 * What is due by now follow sees to.
 */
static void look_at(mobikex_session_t *session, uint64_t time)
{
	uint64_t now = mobikex_now();

	if (time > now)
	{
		mobikex_job_queue(session->ike, look, 0, (time - now) / MS + 1);
	}
}

void mobikex_children_rekeyed(mobikex_session_t *session)
{
	uint8_t number;

	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		session->child[number].due = 0;
		look_at(session, session->child[number].switch_at);
		look_at(session, session->child[number].again_at);
	}
}

/**
 * To whoever waits for what he wanted
 */
static void refuse(mobikex_session_t *session, uint8_t number,
				   enum segue_reason reason)
{
	struct segue_event event = {
		.type = SEGUE_EVENT_WISH,
		.reason = reason,
		.from = SEGUE_NO_PATH,
		.to = SEGUE_NO_PATH,
		.session = session->id,
		.child = number,
	};

	DBG1(DBG_KNL, "segue: session %s[%u]: CHILD_SA %u stays where it is: %s",
		 session->name, session->id, number, segue_reason_name(reason));
	if (mobikex->segue)
	{
		segue_event_emit(mobikex->segue, &event);
	}
}

void mobikex_child_wish(mobikex_session_t *session, uint8_t number, uint8_t slot,
						uint32_t window)
{
	const u_int wanted = SEGUE_PATH_USED | SEGUE_PATH_VERIFIED;
	mobikex_child_t *child = &session->child[number];

	if (!number || number >= SEGUE_MAX_CHILDREN || !child->reqid)
	{
		refuse(session, number, SEGUE_REASON_OPERATION + MOBIKEX_UNKNOWN_SPI);
	}
	else if (!session->leader ||
			 (!child->apart && !mobikex_named_understood(session)))
	{	/* it is the initiator's to say, to one that understands */
		refuse(session, number, SEGUE_REASON_OPERATION + MOBIKEX_NOT_SUPPORTED);
	}
	else if (!mobikex_path_live(session, slot) ||
			 (session->path[slot].flags & wanted) != wanted)
	{
		refuse(session, number, SEGUE_REASON_NO_LIVE_PATH);
	}
	else if (child->apart || slot != mobikex_path_active(session))
	{
		child->by_hand |= !child->apart;
		child->joining = child->by_hand && slot == mobikex_path_active(session);
		child->wish = slot;
		child->window = window;
		child->switch_at = child->again_at = 0;
		child->refusals = 0;
		child->refused_addr = (struct segue_addr){};
		mobikex_follow_queue(session);
	}
}

void mobikex_child_told(mobikex_session_t *session, uint8_t number,
						const struct segue_addr *addr, uint8_t reason)
{
	mobikex_child_t *child = &session->child[number];

	if (reason)
	{
		refuse(session, number, SEGUE_REASON_OPERATION +
			   (reason <= MOBIKEX_NOT_THE_SOURCE ? reason : 0));
	}
	if (!child->told && reason)
	{	/* not before somebody asks for it again: the settings always do */
		child->refused_addr = *addr;
		child->wish = child->target = SEGUE_NO_PATH;
		child->window = 0;
	}
	else if (child->joining && child->wish == SEGUE_NO_PATH && !reason)
	{
		joined(session, number);
	}
	else
	{	/* what was refused is not told again unchanged */
		child->told = TRUE;
		child->told_addr = *addr;
		child->joining = child->joining && !reason;
		mobikex_follow_queue(session);
	}
}

/**
 * To an address of the peer's: from where the session sends, if that can be
 */
static uint8_t path_to(mobikex_session_t *session, const struct segue_addr *remote)
{
	uint8_t slot, best = SEGUE_NO_PATH, active = mobikex_path_active(session);
	struct segue_path *path = session->path;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (mobikex_path_live(session, slot) &&
			segue_addr_equal(&path[slot].remote, remote) &&
			(best == SEGUE_NO_PATH || path[slot].priority < path[best].priority ||
			 (active < SEGUE_MAX_PATHS && path[slot].link == path[active].link)))
		{
			best = slot;
		}
	}
	return best;
}

void mobikex_child_named(mobikex_session_t *session, uint8_t number,
						 const struct segue_addr *addr)
{
	mobikex_child_t *child = &session->child[number];
	struct segue_session entry;
	char text[INET6_ADDRSTRLEN];
	uint8_t slot;

	if (!mobikex->segue || segue_session_get(mobikex->segue, session->id, &entry))
	{
		return;
	}
	if (!addr && child->by_hand)
	{
		joined(session, number);
		return;
	}
	if (!addr)
	{	/* the settings here say otherwise, or it never was apart */
		if (child->apart)
		{
			go(session, number, entry.active, SEGUE_REASON_IKE_UPDATE);
		}
		return;
	}
	slot = path_to(session, addr);
	DBG1(DBG_KNL, "segue: session %s[%u]: the peer has CHILD_SA %u go by %s",
		 session->name, session->id, number, segue_addr_text(addr, text));
	child->by_hand |= !child->apart;
	child->apart = TRUE;
	if (slot != SEGUE_NO_PATH && slot != entry.child[number].active &&
		!told_by_data(session, &entry, number))
	{
		go(session, number, slot, SEGUE_REASON_IKE_UPDATE);
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
			(!segue_recent(way->switched_ms, mobikex_now()) ||
			 mobikex_sa_comes_twice(session, &entry, number)))
		{
			go(session, number, entry.active, SEGUE_REASON_IKE_UPDATE);
		}
	}
}
