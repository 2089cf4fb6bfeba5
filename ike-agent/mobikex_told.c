/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_told.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_role.h"

#define MS 1000000ULL	/* ns */

/** Lists sent for one change, and ms before the second; doubles */
#define LISTS 5
#define LIST_INTERVAL 50

typedef struct {
	struct segue_addr addr;
	/** It was on an attached device since */
	bool ours;
	/** To be told once more */
	bool again;
	/** Since when its link is down, mobikex_now(); 0: it is up */
	uint64_t down;
	/** For people: when it was told first, when the peer checked it last, and which
	 * preference was told */
	uint64_t since;
	uint64_t asked;
	uint16_t preference;
} told_t;

typedef struct {
	uint32_t ike;
	/** What the peer sends to, if known */
	bool used;
	struct segue_addr in_use;
	/** told_t */
	linked_list_t *addrs;
	/** What lists were sent for last, how often, and whether one waits */
	mobikex_owed_t listed;
	u_int lists;
	bool waiting;
} record_t;

/** record_t, one for each IKE_SA that told anything */
static linked_list_t *records;

static record_t *record_find(uint32_t ike)
{
	return mobikex_by_ike(records, ike);
}

static record_t *record_get(uint32_t ike)
{
	record_t *record = record_find(ike);

	if (!record)
	{
		INIT(record,
			.ike = ike,
			.addrs = linked_list_create(),
		);
		if (!records)
		{
			records = linked_list_create();
		}
		records->insert_last(records, record);
	}
	return record;
}

static told_t *told_find(record_t *record, const struct segue_addr *addr)
{
	enumerator_t *enumerator;
	told_t *told, *found = NULL;

	enumerator = record->addrs->create_enumerator(record->addrs);
	while (!found && enumerator->enumerate(enumerator, &told))
	{
		found = segue_addr_equal(&told->addr, addr) ? told : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

static told_t *told_add(record_t *record, const struct segue_addr *addr)
{
	told_t *told = told_find(record, addr);

	if (!told)
	{
		INIT(told,
			.addr = *addr,
			.since = mobikex_now(),
		);
		record->addrs->insert_last(record->addrs, told);
	}
	told->again = FALSE;
	return told;
}

static void told_flush(record_t *record)
{
	void *told;

	while (record->addrs->remove_first(record->addrs, &told) == SUCCESS)
	{
		free(told);
	}
}

/**
 * Which of the list are ours?  Also those that were, and are in it still: charon has
 * not heard yet.
 */
static void note_ours(record_t *record, linked_list_t *before)
{
	enumerator_t *enumerator;
	told_t *old, *told;

	enumerator = before->create_enumerator(before);
	while (enumerator->enumerate(enumerator, &old))
	{
		told = told_find(record, &old->addr);
		if (told)
		{
			told->ours = old->ours;
			told->since = old->since;
			told->asked = old->asked;
			told->preference = old->preference;
		}
	}
	enumerator->destroy(enumerator);
	enumerator = record->addrs->create_enumerator(record->addrs);
	while (enumerator->enumerate(enumerator, &told))
	{
		told->ours |= mobikex_link_of(&told->addr) != NULL;
	}
	enumerator->destroy(enumerator);
}

void mobikex_told_list(uint32_t ike, host_t *in_use, linked_list_t *addrs)
{
	record_t *record = record_get(ike);
	linked_list_t *before = record->addrs;
	enumerator_t *enumerator;
	struct segue_addr *addr;

	record->addrs = linked_list_create();
	record->in_use = mobikex_addr(in_use);
	record->used = TRUE;
	told_add(record, &record->in_use);
	enumerator = addrs->create_enumerator(addrs);
	while (enumerator->enumerate(enumerator, &addr))
	{
		told_add(record, addr);
	}
	enumerator->destroy(enumerator);
	note_ours(record, before);
	before->destroy_function(before, free);
}

static bool is_same(const mobikex_owed_t *a, const mobikex_owed_t *b)
{
	u_int i;

	for (i = 0; i < a->count && a->count == b->count; i++)
	{
		if (a->parameter[i].role != b->parameter[i].role ||
			!segue_addr_equal(&a->parameter[i].addr, &b->parameter[i].addr))
		{
			return FALSE;
		}
	}
	return a->count == b->count;
}

int mobikex_told_list_due(mobikex_session_t *session, const mobikex_owed_t *owed,
						  bool waited)
{
	record_t *record = record_get(session->ike);

	if (!is_same(&record->listed, owed))
	{
		record->listed = *owed;
		record->lists = 0;
		record->waiting = FALSE;
	}
	if (!owed->count || record->lists >= LISTS || (record->waiting && !waited))
	{
		return -1;
	}
	if (record->lists && !waited)
	{
		record->waiting = TRUE;
		return LIST_INTERVAL << record->lists;
	}
	record->waiting = FALSE;
	record->lists++;
	return 0;
}

/**
 * Its link may have come and gone.
 */
static void look(told_t *told, mobikex_link_t *link)
{
	uint64_t now = mobikex_now();
	bool up = mobikex_link_up(link, NULL);

	told->ours = TRUE;
	if (!up && !told->down)
	{
		told->down = now;
	}
	if (up && told->down)
	{
		told->again |= now - told->down >= MOBIKEX_TOLD_AGAIN * MS;
		told->down = 0;
	}
}

static void owe(mobikex_owed_t *owed, enum mobikex_role role,
				const struct segue_addr *addr, uint16_t preference)
{
	if (owed->count < MOBIKEX_MAX_PARAMETERS)
	{
		owed->parameter[owed->count++] = (mobikex_parameter_t){
			.role = role,
			.preference = preference,
			.named = TRUE,
			.addr = *addr,
		};
	}
}

/**
 * What IKE uses is not taken away: UPDATE_SA_ADDRESSES comes first.
 */
static void owe_gone(mobikex_session_t *session, record_t *record,
					 mobikex_owed_t *owed)
{
	struct segue_addr my = mobikex_addr(session->my);
	enumerator_t *enumerator;
	mobikex_link_t *link;
	told_t *told;

	enumerator = record->addrs->create_enumerator(record->addrs);
	while (enumerator->enumerate(enumerator, &told))
	{
		link = mobikex_link_of(&told->addr);
		if (link)
		{
			look(told, link);
		}
		else if (told->ours && !segue_addr_equal(&told->addr, &my))
		{
			owe(owed, MOBIKEX_ROLE_REMOVED, &told->addr, 0);
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * A list has no preferences, and the peer shall send nothing there unless it must.
 */
static bool costs_untold(mobikex_session_t *session, mobikex_link_t *link,
						 told_t *told)
{
	return mobikex_role_metered(session, link) &&
		   told->preference != mobikex_role_preference(session, link);
}

static void owe_link(mobikex_session_t *session, record_t *record,
					 mobikex_link_t *link, bool again, mobikex_owed_t *owed)
{
	struct segue_addr other = mobikex_addr(session->other), *addr;
	mobikex_link_addr_t *current;
	enumerator_t *enumerator;
	told_t *told;

	enumerator = link->addrs->create_enumerator(link->addrs);
	while (enumerator->enumerate(enumerator, &current))
	{
		addr = &current->addr;
		told = told_find(record, addr);
		if ((!told || (again && (told->again ||
								 costs_untold(session, link, told)))) &&
			segue_addr_is_v4(addr) == segue_addr_is_v4(&other) &&
			!rtnl_route_check(mobikex->rtnl, &other, link->ifindex, addr))
		{
			owe(owed, MOBIKEX_ROLE_ADDED, addr,
				mobikex_role_preference(session, link));
		}
	}
	enumerator->destroy(enumerator);
}

void mobikex_told_owed(mobikex_session_t *session, bool again, mobikex_owed_t *owed)
{
	record_t *record = record_get(session->ike);
	enumerator_t *enumerator;
	mobikex_link_t *link;

	owed->count = 0;
	owe_gone(session, record, owed);
	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (enumerator->enumerate(enumerator, &link))
	{
		if (mobikex_link_up(link, NULL))
		{
			owe_link(session, record, link, again, owed);
		}
	}
	enumerator->destroy(enumerator);
}

void mobikex_told_done(mobikex_session_t *session, const mobikex_owed_t *owed)
{
	record_t *record = record_get(session->ike);
	told_t *told;
	u_int i;

	for (i = 0; i < owed->count; i++)
	{
		if (owed->parameter[i].role == MOBIKEX_ROLE_ADDED)
		{
			told = told_add(record, &owed->parameter[i].addr);
			told->preference = owed->parameter[i].preference;
			continue;
		}
		told = told_find(record, &owed->parameter[i].addr);
		if (told)
		{
			record->addrs->remove(record->addrs, told, NULL);
			free(told);
		}
	}
}

bool mobikex_told_in_use(mobikex_session_t *session, struct segue_addr *addr)
{
	record_t *record = record_find(session->ike);

	if (!record || !record->used)
	{
		return FALSE;
	}
	*addr = record->in_use;
	return TRUE;
}

void mobikex_told_uses(mobikex_session_t *session, host_t *in_use)
{
	record_t *record = record_get(session->ike);

	record->in_use = mobikex_addr(in_use);
	record->used = TRUE;
	told_add(record, &record->in_use);
}

void mobikex_told_asked(uint32_t ike, host_t *host)
{
	record_t *record = record_find(ike);
	struct segue_addr addr = mobikex_addr(host);
	told_t *told = record ? told_find(record, &addr) : NULL;

	if (told)
	{
		told->asked = mobikex_now();
	}
}

u_int mobikex_told_view(uint32_t ike, struct segue_peer_addr *out, u_int room)
{
	record_t *record = record_find(ike);
	enumerator_t *enumerator;
	told_t *told;
	u_int count = 0;

	if (!record)
	{
		return 0;
	}
	enumerator = record->addrs->create_enumerator(record->addrs);
	while (count < room && enumerator->enumerate(enumerator, &told))
	{
		out[count++] = (struct segue_peer_addr){
			.addr = told->addr,
			.side = SEGUE_SIDE_OURS,
			.check = told->asked ? SEGUE_CHECK_VERIFIED : SEGUE_CHECK_NEVER,
			.since_ns = told->since,
			.checked_ns = told->asked,
			.preference = told->preference,
		};
	}
	enumerator->destroy(enumerator);
	return count;
}

void mobikex_told_rekeyed(uint32_t old, uint32_t ike)
{
	record_t *record = record_find(old);

	if (record)
	{
		mobikex_told_forget(ike);
		record->ike = ike;
		record->waiting = FALSE;	/* the job was the old one's */
	}
}

void mobikex_told_forget(uint32_t ike)
{
	record_t *record = record_find(ike);

	if (!record)
	{
		return;
	}
	records->remove(records, record, NULL);
	told_flush(record);
	record->addrs->destroy(record->addrs);
	free(record);
	if (!records->get_count(records))
	{
		records->destroy(records);
		records = NULL;
	}
}
