/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_copy.h"
#include "mobikex_link.h"
#include "mobikex_path.h"

#include <errno.h>
#include <string.h>

#define MS 1000000ULL	/* ns */

static mobikex_copy_t parse(const char *connection, const char *value)
{
	if (streq(value, "always"))
	{
		return MOBIKEX_COPY_ALWAYS;
	}
	if (streq(value, "handover"))
	{
		return MOBIKEX_COPY_HANDOVER;
	}
	if (streq(value, "suspect"))
	{
		return MOBIKEX_COPY_SUSPECT;
	}
	if (!streq(value, "never"))
	{
		DBG1(DBG_CFG, "segue: duplicate = %s for %s is not never, handover, "
			 "suspect or always: never", value, connection);
	}
	return MOBIKEX_COPY_NEVER;
}

mobikex_copy_t mobikex_copy_setting(const char *connection)
{
	char *general, *value;

	general = lib->settings->get_str(lib->settings,
						"%s.plugins.mobikex.duplicate", "never", lib->ns);
	value = lib->settings->get_str(lib->settings,
						"%s.plugins.mobikex.connections.%s.duplicate", general,
						lib->ns, connection);
	return parse(connection, value);
}

mobikex_copy_t mobikex_copy_setting_child(const char *connection,
										  const char *child)
{
	mobikex_copy_t of_all = mobikex_copy_setting(connection), copy;
	char *value;

	value = lib->settings->get_str(lib->settings,
				"%s.plugins.mobikex.connections.%s.children.%s.duplicate", NULL,
				lib->ns, connection, child);
	copy = value ? parse(child, value) : of_all;
	if (copy == MOBIKEX_COPY_SUSPECT && of_all != MOBIKEX_COPY_SUSPECT)
	{
		DBG1(DBG_CFG, "segue: duplicate = suspect is for a connection, not for %s "
			 "alone: never", child);
		copy = MOBIKEX_COPY_NEVER;
	}
	return copy;
}

/**
 * How much do two paths share?  The node's differ by the link, the server's by the
 * node's address; those that have neither in common fail least together.
 */
static u_int shared(const struct segue_path *a, const struct segue_path *b)
{
	return (a->link == b->link) + segue_addr_equal(&a->remote, &b->remote);
}

static bool is_metered(mobikex_session_t *session, uint8_t slot)
{
	return slot < SEGUE_MAX_PATHS &&
		   session->path[slot].flags & SEGUE_PATH_METERED;
}

static uint8_t second_path(mobikex_session_t *session, uint8_t active)
{
	struct segue_path *path = session->path;
	uint8_t slot, best = SEGUE_NO_PATH;
	u_int common, least = 0;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (slot == active || !mobikex_path_live(session, slot) ||
			!(path[slot].flags & SEGUE_PATH_VERIFIED) ||
			is_metered(session, slot))
		{
			continue;
		}
		common = shared(&path[slot], &path[active]);
		if (best == SEGUE_NO_PATH || common < least ||
			(common == least && path[slot].priority < path[best].priority))
		{
			best = slot;
			least = common;
		}
	}
	return best;
}

void mobikex_copy_child(mobikex_session_t *session, uint8_t child,
						mobikex_copy_t copy)
{
	struct segue_session entry;
	const struct segue_way *way;
	uint8_t slot;
	int err;

	if (copy != MOBIKEX_COPY_ALWAYS || !session->copies ||
		!session->published || !mobikex->segue ||
		segue_session_get(mobikex->segue, session->id, &entry))
	{
		return;
	}
	way = child ? &entry.child[child] : &entry.way;
	if (!mobikex_path_live(session, way->active))
	{
		return;
	}
	slot = second_path(session, way->active);
	if (slot == SEGUE_NO_PATH && is_metered(session, way->copy) &&
		way->copy_until == SEGUE_COPY_ALWAYS)
	{	/* it has become so */
		segue_child_copy(mobikex->segue, session->id, child, SEGUE_NO_PATH, 0);
		return;
	}
	if (slot == SEGUE_NO_PATH ||
		(slot == way->copy && way->copy_until == SEGUE_COPY_ALWAYS))
	{	/* a copy whose link is down waits for it */
		return;
	}
	err = segue_child_copy(mobikex->segue, session->id, child, slot, 0);
	DBG1(DBG_KNL, "segue: session %s[%u] sends %s by path %u as well%s%s",
		 session->name, session->id, child ? "a CHILD_SA" : "all", slot,
		 err ? ": " : "", err ? strerror(-err) : "");
}

void mobikex_copy_update(mobikex_session_t *session)
{
	mobikex_copy_child(session, 0, session->copy);
}

bool mobikex_copy_suspect(mobikex_session_t *session)
{
	return session->copy == MOBIKEX_COPY_SUSPECT && session->copies &&
		   !session->moved;
}

bool mobikex_copy_failback(mobikex_session_t *session, uint8_t slot)
{
	uint64_t until = mobikex_now() + mobikex->copy_window * MS;

	if ((session->copy == MOBIKEX_COPY_HANDOVER ||
		 session->copy == MOBIKEX_COPY_SUSPECT) && session->copies &&
		mobikex->segue && !segue_switch_soft(mobikex->segue, session->id, slot,
											 until, SEGUE_REASON_FAILBACK))
	{
		return TRUE;
	}
	return mobikex_path_switch(session, slot, SEGUE_REASON_FAILBACK);
}
