/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_check.h"
#include "mobikex_copy.h"
#include "mobikex_failback.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_path.h"
#include "mobikex_task.h"

#define MS 1000000ULL	/* ns */

/** Data of the job that was queued to wait */
#define TIMER 1

/**
 * Ours, or nobody's?
 */
static bool refused(mobikex_session_t *session, host_t *host, bool ours)
{
	struct segue_addr addr = mobikex_addr(host);

	if (!ours && mobikex_addr_plausible(&addr) && !mobikex_link_of(&addr) &&
		!mobikex_host_known(session->locals, host))
	{
		return FALSE;
	}
	DBG1(DBG_IKE, "segue: session %s[%u]: the peer announces %H, which cannot "
		 "be its own: ignored", session->name, session->id, host);
	mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_NOT_OWNED);
	return TRUE;
}

static void note(mobikex_session_t *session, host_t *host, bool ours)
{
	mobikex_peer_t *peer = mobikex_session_peer(session, host);

	if (peer)
	{
		peer->listed = TRUE;
		if (!peer->verified && peer->tries >= mobikex->check_tries)
		{	/* told again: worth another try */
			peer->tries = 0;
			peer->due = 0;
		}
		return;
	}
	if (host->get_family(host) != session->remote->get_family(session->remote))
	{
		DBG2(DBG_IKE, "segue: session %s[%u]: %H is of the other address family",
			 session->name, session->id, host);
		return;
	}
	if (!refused(session, host, ours))
	{
		mobikex_session_peer_add(session, host, FALSE);
	}
}

/**
 * The peer's addresses, each with the port it will be asked at; owned: a device
 * of this host has it.
 */
static linked_list_t *peer_hosts(ike_sa_t *ike_sa, linked_list_t *owned)
{
	enumerator_t *enumerator;
	linked_list_t *hosts = linked_list_create();
	host_t *host, *other = ike_sa->get_other_host(ike_sa);
	uint16_t port = other->get_port(other);

	enumerator = ike_sa->create_peer_address_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &host))
	{
		host = host->clone(host);
		/* the port a NAT gave belongs to one address only */
		host->set_port(host, host->ip_equals(host, other) ||
					   port == IKEV2_UDP_PORT ? port : IKEV2_NATT_PORT);
		hosts->insert_last(hosts, host);
	}
	enumerator->destroy(enumerator);
	enumerator = hosts->create_enumerator(hosts);
	while (enumerator->enumerate(enumerator, &host))
	{
		if (charon->kernel->get_interface(charon->kernel, host, NULL))
		{
			owned->insert_last(owned, host);
		}
	}
	enumerator->destroy(enumerator);
	return hosts;
}

status_t mobikex_check_refresh(ike_sa_t *ike_sa, uint32_t data)
{
	enumerator_t *enumerator;
	linked_list_t *hosts, *owned = linked_list_create();
	mobikex_session_t *session;
	mobikex_peer_t *peer;
	host_t *host;
	void *found;

	hosts = peer_hosts(ike_sa, owned);
	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->state == MOBIKEX_PINNED)
	{
		enumerator = session->peers->create_enumerator(session->peers);
		while (enumerator->enumerate(enumerator, &peer))
		{
			peer->listed = FALSE;
		}
		enumerator->destroy(enumerator);
		enumerator = hosts->create_enumerator(hosts);
		while (enumerator->enumerate(enumerator, &host))
		{
			found = host;
			note(session, host, owned->find_first(owned, NULL, &found));
		}
		enumerator->destroy(enumerator);
		mobikex_session_peers_prune(session);
		mobikex_paths_update(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	owned->destroy(owned);
	hosts->destroy_offset(hosts, offsetof(host_t, destroy));
	return mobikex_check_next(ike_sa, 0);
}

/**
 * The unverified address that is due first
 */
static mobikex_peer_t *next(mobikex_session_t *session)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer, *found = NULL;

	enumerator = session->peers->create_enumerator(session->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		if (!peer->verified && peer->tries < mobikex->check_tries &&
			(!found || peer->due < found->due))
		{
			found = peer;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

bool mobikex_check_waiting(mobikex_session_t *session)
{
	return session->state == MOBIKEX_PINNED && next(session) != NULL;
}

bool mobikex_check_busy(ike_sa_t *ike_sa)
{
	task_queue_t queues[] = { TASK_QUEUE_ACTIVE, TASK_QUEUE_QUEUED };
	enumerator_t *enumerator;
	task_t *task;
	bool busy = ike_sa->get_state(ike_sa) != IKE_ESTABLISHED;
	int i;

	for (i = 0; i < countof(queues); i++)
	{
		enumerator = ike_sa->create_task_enumerator(ike_sa, queues[i]);
		busy |= enumerator->enumerate(enumerator, &task);
		enumerator->destroy(enumerator);
	}
	return busy;
}

/**
 * charon's task manager sends with the addresses the IKE_SA has just then, the
 * first time as every time.
 */
status_t mobikex_check_ask(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	host_t *old_my = ike_sa->get_my_host(ike_sa);
	host_t *old_other = ike_sa->get_other_host(ike_sa);
	status_t status;

	DBG2(DBG_IKE, "segue: checking %#H..%#H", my, other);
	ike_sa->queue_task(ike_sa, mobikex_check_create(ike_sa, my, other));
	old_my = old_my->clone(old_my);
	old_other = old_other->clone(old_other);
	ike_sa->set_my_host(ike_sa, my->clone(my));
	ike_sa->set_other_host(ike_sa, other->clone(other));
	status = ike_sa->initiate(ike_sa, NULL, NULL);
	ike_sa->set_my_host(ike_sa, old_my);
	ike_sa->set_other_host(ike_sa, old_other);
	return status;
}

status_t mobikex_check_next(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;
	mobikex_peer_t *peer = NULL;
	uint64_t now = mobikex_now();
	status_t status = SUCCESS;
	host_t *my, *other = NULL;
	uint32_t wait = 0;
	bool busy = mobikex_check_busy(ike_sa);

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->state == MOBIKEX_PINNED && session->published)
	{
		session->checking &= data != TIMER;
		peer = next(session);
	}
	if (peer && (peer->due > now || busy))
	{	/* if busy, the next response calls us too; this is for delayed tasks */
		wait = session->checking ? 0 : peer->due <= now ? mobikex->check_delay :
									   (peer->due - now) / MS + 1;
		session->checking = TRUE;
	}
	else if (peer)
	{
		peer->due = now + ((uint64_t)mobikex->check_delay << peer->tries) * MS;
		other = peer->host->clone(peer->host);
		mobikex_session_route(session, other);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (wait)
	{
		mobikex_job_queue(ike_sa->get_unique_id(ike_sa), mobikex_check_next,
						  TIMER, wait);
	}
	if (other)
	{
		my = ike_sa->get_my_host(ike_sa);
		my = my->clone(my);
		status = mobikex_check_ask(ike_sa, my, other);
		my->destroy(my);
		other->destroy(other);
	}
	return status;
}

/**
 * The data path waited for this if IKE is there already.
 */
static void moved(mobikex_session_t *session, mobikex_peer_t *peer)
{
	mobikex_paths_update(session);
	if (session->other->ip_equals(session->other, peer->host))
	{
		mobikex_path_switch(session,
				mobikex_path_find(session, session->my, session->other),
				SEGUE_REASON_IKE_UPDATE);
	}
	mobikex_copy_update(session);
}

void mobikex_check_result(ike_sa_t *ike_sa, host_t *my, host_t *other,
						  bool reached)
{
	mobikex_session_t *session;
	mobikex_peer_t *peer = NULL;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		peer = mobikex_session_peer(session, other);
	}
	if (peer && peer->verified)
	{	/* not the address was asked, but the way there */
		mobikex_failback_tried(session, my, other, reached);
	}
	else if (peer && reached)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: address %H of the peer verified",
			 session->name, session->id, other);
		peer->verified = TRUE;
		moved(session, peer);
	}
	else if (peer && ++peer->tries >= mobikex->check_tries)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: no answer from %H, given up",
			 session->name, session->id, other);
		mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_CHECK_FAILED);
		if (!other->ip_equals(other, session->other))
		{
			mobikex_session_unroute(session, other);
		}
	}
	else if (peer)
	{
		DBG2(DBG_IKE, "segue: session %s[%u]: no answer from %H yet",
			 session->name, session->id, other);
	}
	mobikex->lock->unlock(mobikex->lock);
}
