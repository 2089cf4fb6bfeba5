/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_orphan.h"
#include "mobikex_host.h"
#include "mobikex_session.h"
#include "mobikex_xfrm.h"

#include <string.h>

typedef struct {
	uint32_t id;
	struct segue_session session;
	/** There was another one of the same connection with the same identity */
	bool shared;
} mobikex_orphan_t;

/** An entry of map "sa" */
typedef struct {
	struct segue_sa_key key;
	struct segue_sa sa;
} entry_t;

static linked_list_t *entries(void)
{
	linked_list_t *list = linked_list_create();
	entry_t *entry, current = { .key = {} };

	while (!segue_sa_next(mobikex->segue, &current.key))
	{
		if (!segue_sa_get(mobikex->segue, &current.key, &current.sa))
		{
			entry = malloc_thing(entry_t);
			*entry = current;
			list->insert_last(list, entry);
		}
	}
	return list;
}

/**
 * The kernel's SA for an entry of this session; taken out of the list.
 */
static mobikex_xfrm_sa_t *take(linked_list_t *sas, entry_t *entry,
							   const struct segue_session *session)
{
	const struct segue_addr *dst = entry->sa.flags & SEGUE_SA_INBOUND ?
									&session->local : &session->remote;
	enumerator_t *enumerator;
	mobikex_xfrm_sa_t *sa, *found = NULL;

	enumerator = sas->create_enumerator(sas);
	while (!found && enumerator->enumerate(enumerator, &sa))
	{
		if (sa->spi == entry->key.spi && segue_addr_equal(&sa->dst, dst))
		{
			sas->remove_at(sas, enumerator);
			found = sa;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Drop entries whose SA expired or was deleted while no charon was there.
 */
static void drop_stale(linked_list_t *list, linked_list_t *sas)
{
	struct segue_session session;
	enumerator_t *enumerator;
	mobikex_xfrm_sa_t *sa;
	entry_t *entry;

	enumerator = list->create_enumerator(list);
	while (enumerator->enumerate(enumerator, &entry))
	{
		sa = segue_session_get(mobikex->segue, entry->sa.session, &session) ?
				NULL : take(sas, entry, &session);
		if (!sa)
		{
			segue_sa_del(mobikex->segue, &entry->key);
			list->remove_at(list, enumerator);
			free(entry);
		}
		free(sa);
	}
	enumerator->destroy(enumerator);
}

static bool has_entry(linked_list_t *list, uint32_t id)
{
	enumerator_t *enumerator;
	entry_t *entry;
	bool found = FALSE;

	enumerator = list->create_enumerator(list);
	while (!found && enumerator->enumerate(enumerator, &entry))
	{
		found = entry->sa.session == id;
	}
	enumerator->destroy(enumerator);
	return found;
}

static void note_shared(void)
{
	enumerator_t *enumerator, *others;
	mobikex_orphan_t *orphan, *other;

	enumerator = mobikex->orphans->create_enumerator(mobikex->orphans);
	while (enumerator->enumerate(enumerator, &orphan))
	{
		others = mobikex->orphans->create_enumerator(mobikex->orphans);
		while (others->enumerate(others, &other))
		{
			orphan->shared |= other != orphan &&
							  other->session.peer == orphan->session.peer &&
							  streq(other->session.name, orphan->session.name);
		}
		others->destroy(others);
	}
	enumerator->destroy(enumerator);
}

void mobikex_orphans_load(void)
{
	linked_list_t *list = entries(), *sas = mobikex_xfrm_sas();
	mobikex_orphan_t *orphan;
	struct segue_session session;
	uint32_t id = 0, next = 0;
	int more;

	if (sas)
	{
		drop_stale(list, sas);
		sas->destroy_function(sas, free);
	}
	more = !segue_session_next(mobikex->segue, &next);
	while (more)
	{
		id = next;
		more = !segue_session_next(mobikex->segue, &next);
		if (!has_entry(list, id))
		{
			segue_session_del(mobikex->segue, id);
		}
		else if (!segue_session_get(mobikex->segue, id, &session))
		{
			INIT(orphan,
				.id = id,
				.session = session,
			);
			mobikex->orphans->insert_last(mobikex->orphans, orphan);
			DBG1(DBG_KNL, "segue: session %s[%u] was left by an earlier charon, "
				 "forwarding until its peer is back", session.name, id);
		}
	}
	note_shared();
	list->destroy_function(list, free);
}

/**
 * The session has this SA: by its canonical destination.
 */
static bool has_sa(mobikex_orphan_t *orphan, const struct segue_sa_key *key,
				   const struct segue_addr *dst)
{
	struct segue_sa sa;

	return !segue_sa_get(mobikex->segue, key, &sa) && sa.session == orphan->id &&
		   segue_addr_equal(key->peer ? &orphan->session.remote :
										&orphan->session.local, dst);
}

static void drop_if_empty(mobikex_orphan_t *orphan)
{
	linked_list_t *list = entries();

	if (!has_entry(list, orphan->id))
	{
		DBG1(DBG_KNL, "segue: session %s[%u] of an earlier charon has expired",
			 orphan->session.name, orphan->id);
		segue_session_del(mobikex->segue, orphan->id);
		mobikex->orphans->remove(mobikex->orphans, orphan, NULL);
		free(orphan);
	}
	list->destroy_function(list, free);
}

void mobikex_orphans_expired(uint32_t spi, host_t *dst)
{
	struct segue_addr addr = mobikex_addr(dst);
	struct segue_sa_key key[] = {
		{ .spi = spi },
		{ .spi = spi, .peer = segue_addr_fold(&addr) },
	};
	enumerator_t *enumerator;
	mobikex_orphan_t *orphan, *found = NULL;
	int i;

	for (i = 0; i < countof(key) && !found && mobikex->segue; i++)
	{
		enumerator = mobikex->orphans->create_enumerator(mobikex->orphans);
		while (!found && enumerator->enumerate(enumerator, &orphan))
		{
			found = has_sa(orphan, &key[i], &addr) ? orphan : NULL;
		}
		enumerator->destroy(enumerator);
		if (found)
		{
			segue_sa_del(mobikex->segue, &key[i]);
			drop_if_empty(found);
		}
	}
}

void mobikex_orphans_flush(void)
{
	void *orphan;

	while (mobikex->orphans->remove_first(mobikex->orphans, &orphan) == SUCCESS)
	{
		free(orphan);
	}
}

/**
 * The same connection with the same peer, wherever it is now.  An address alone
 * says nothing: it may be somebody else's by now.
 */
static bool is_same_peer(mobikex_orphan_t *orphan, mobikex_session_t *session)
{
	char name[SEGUE_NAME_SIZE] = "";

	strncpy(name, session->name, sizeof(name) - 1);
	return orphan->session.peer && streq(orphan->session.name, name) &&
		   orphan->session.peer == session->peer_hash;
}

static bool is_same_place(mobikex_orphan_t *orphan, mobikex_session_t *session)
{
	struct segue_addr remote = mobikex_addr(session->remote);
	uint16_t port = session->remote->get_port(session->remote);

	return segue_addr_equal(&orphan->session.remote, &remote) &&
		   (!orphan->session.remote_port ||
			orphan->session.remote_port == htons(port));
}

/**
 * Policies stay.  Those of the same selectors the new IKE_SA has taken over, since the
 * kernel has each only once; what another one protected is not to go in clear now.
 */
static void remove_sas(mobikex_orphan_t *orphan)
{
	linked_list_t *list = entries(), *sas = mobikex_xfrm_sas();
	mobikex_xfrm_sa_t *sa;
	entry_t *entry;

	while (list->remove_first(list, (void**)&entry) == SUCCESS)
	{
		if (entry->sa.session == orphan->id)
		{
			sa = sas ? take(sas, entry, &orphan->session) : NULL;
			if (sa)
			{
				mobikex_xfrm_sa_del(sa);
				free(sa);
			}
			segue_sa_del(mobikex->segue, &entry->key);
		}
		free(entry);
	}
	list->destroy(list);
	if (sas)
	{
		sas->destroy_function(sas, free);
	}
}

status_t mobikex_orphans_adopt(ike_sa_t *ike_sa, uint32_t data)
{
	enumerator_t *enumerator;
	mobikex_session_t *session;
	mobikex_orphan_t *orphan;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->published)
	{
		enumerator = mobikex->orphans->create_enumerator(mobikex->orphans);
		while (enumerator->enumerate(enumerator, &orphan))
		{
			if (!is_same_peer(orphan, session) ||
				(orphan->shared && !is_same_place(orphan, session)))
			{	/* several that share an identity: only where this one was */
				continue;
			}
			DBG1(DBG_KNL, "segue: session %s[%u] replaces %s[%u] of an earlier "
				 "charon", session->name, session->id, orphan->session.name,
				 orphan->id);
			mobikex->orphans->remove_at(mobikex->orphans, enumerator);
			remove_sas(orphan);
			segue_session_del(mobikex->segue, orphan->id);
			free(orphan);
		}
		enumerator->destroy(enumerator);
	}
	mobikex->lock->unlock(mobikex->lock);
	return SUCCESS;
}
