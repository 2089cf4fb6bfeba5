/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_check.h"
#include "mobikex_child.h"
#include "mobikex_copy.h"
#include "mobikex_exchange.h"
#include "mobikex_failback.h"
#include "mobikex_host.h"
#include "mobikex_judge.h"
#include "mobikex_moved.h"
#include "mobikex_link.h"
#include "mobikex_path.h"
#include "mobikex_peer.h"
#include "mobikex_push.h"
#include "mobikex_task.h"
#include "mobikex_view.h"

#define MS 1000000ULL	/* ns */

/**
 * An address in the peer's list (RFC 4555 3.6)
 */
static void note(mobikex_session_t *session, host_t *host)
{
	mobikex_peer_t *peer = mobikex_peer_find(session, host);
	struct segue_addr addr = mobikex_addr(host);
	enum mobikex_refusal reason;

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
	reason = mobikex_judge_address(session, &addr);
	if (reason == MOBIKEX_OTHER_FAMILY)
	{
		DBG2(DBG_IKE, "segue: session %s[%u]: %H is of the other address family",
			 session->name, session->id, host);
	}
	else if (reason)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: the peer announces %H, which cannot "
			 "be its own: ignored", session->name, session->id, host);
		mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_NOT_OWNED);
	}
	else if (session->peers->get_count(session->peers) >= MOBIKEX_MAX_ADDRESSES)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: the peer announces %H, one more than "
			 "%u addresses: ignored", session->name, session->id, host,
			 MOBIKEX_MAX_ADDRESSES);
	}
	else
	{
		mobikex_peer_add(session, host, FALSE);
	}
}

/**
 * The peer's addresses, each with the port it will be asked at
 */
static linked_list_t *peer_hosts(ike_sa_t *ike_sa)
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
	return hosts;
}

status_t mobikex_check_refresh(ike_sa_t *ike_sa, uint32_t data)
{
	enumerator_t *enumerator;
	linked_list_t *hosts = peer_hosts(ike_sa);
	mobikex_session_t *session;
	mobikex_peer_t *peer;
	host_t *host;

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
			note(session, host);
		}
		enumerator->destroy(enumerator);
		mobikex_peers_prune(session);
		mobikex_paths_update(session);
		mobikex_moved_sync(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	hosts->destroy_offset(hosts, offsetof(host_t, destroy));
	return mobikex_check_next(ike_sa, 0);
}

/**
 * An address in use needs no recheck: IKE's liveness check proves it.
 */
static bool wants_check(mobikex_session_t *session, mobikex_peer_t *peer)
{
	if (!peer->verified)
	{
		return peer->tries < mobikex->check_tries;
	}
	return mobikex->recheck_delay &&
		   !peer->host->ip_equals(peer->host, session->other);
}

/**
 * The address that is due first
 */
static mobikex_peer_t *next(mobikex_session_t *session)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer, *found = NULL;

	enumerator = session->peers->create_enumerator(session->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		if (wants_check(session, peer) && (!found || peer->due < found->due))
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
	return ike_sa->get_state(ike_sa) != IKE_ESTABLISHED ||
		   mobikex_exchange_any(ike_sa, MOBIKEX_ACTIVE | MOBIKEX_QUEUED);
}

/**
 * charon's task manager sends with the addresses the IKE_SA has just then, the
 * first time as every time.
 */
status_t mobikex_check_ask(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	host_t *old_my = ike_sa->get_my_host(ike_sa);
	host_t *old_other = ike_sa->get_other_host(ike_sa);
	mobikex_session_t *session;
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
	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		mobikex_push_on_purpose(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	return status;
}

/**
 * Jobs that waited carry the number of the latest timer: an earlier one is void.
 */
static void wait_until(mobikex_session_t *session, uint64_t time)
{
	uint64_t now = mobikex_now();

	if (session->checking && session->check_at <= time)
	{
		return;
	}
	session->checking = TRUE;
	session->check_at = time;
	session->check_timer = max(session->check_timer + 1, 1);
	mobikex_job_queue(session->ike, mobikex_check_next, session->check_timer,
					  time <= now ? 1 : (time - now) / MS + 1);
}

/**
 * @param data			number of the timer, 0: it was none
 * @return				FALSE if it is void
 */
static bool timer_is(mobikex_session_t *session, uint32_t data)
{
	if (data && (!session->checking || data != session->check_timer))
	{
		return FALSE;
	}
	session->checking &= !data;
	return TRUE;
}

status_t mobikex_check_next(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;
	mobikex_peer_t *peer = NULL;
	uint64_t now = mobikex_now();
	status_t status = SUCCESS;
	host_t *my, *other = NULL;
	bool busy = mobikex_check_busy(ike_sa);

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->state == MOBIKEX_PINNED && session->published &&
		timer_is(session, data))
	{
		peer = next(session);
	}
	if (peer && peer->due > now)
	{
		wait_until(session, peer->due);
	}
	else if (peer && busy)
	{	/* the next response calls us too; this is for delayed tasks */
		wait_until(session, now + mobikex->check_delay * MS);
	}
	else if (peer)
	{
		peer->due = now + ((uint64_t)mobikex->check_delay << peer->tries) * MS;
		peer->asked = TRUE;
		other = peer->host->clone(peer->host);
		mobikex_event(session->id, SEGUE_EVENT_EXCHANGE, SEGUE_REASON_ASKED_CHECK);
		mobikex_session_route(session, other);
		mobikex_view_update(session);
	}
	mobikex->lock->unlock(mobikex->lock);
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
	/* what it left is needed no more, once nothing is sent there */
	mobikex_peers_prune(session);
	mobikex_paths_update(session);
	mobikex_copy_update(session);
	mobikex_children_update(session);
	mobikex_moved_sync(session);
}

/**
 * Not before some time it has to be proven again.
 */
static void proven(mobikex_session_t *session, mobikex_peer_t *peer)
{
	peer->due = mobikex_now() + mobikex->recheck_delay * MS;
	if (mobikex->recheck_delay)
	{
		wait_until(session, peer->due);
	}
}

/**
 * It was verified, and not in use when it was asked.
 */
static void rechecked(mobikex_session_t *session, mobikex_peer_t *peer, bool reached)
{
	bool used = peer->host->ip_equals(peer->host, session->other);

	if (reached || used)
	{
		peer->tries = 0;
		proven(session, peer);
	}
	else if (++peer->tries >= mobikex->check_tries)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: no answer from %H any more, withdrawn",
			 session->name, session->id, peer->host);
		peer->verified = FALSE;
		mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_CHECK_FAILED);
		mobikex_session_unroute(session, peer->host);
		mobikex_paths_update(session);
		mobikex_copy_update(session);
		mobikex_moved_sync(session);
	}
}

void mobikex_check_left(mobikex_session_t *session)
{
	mobikex_peer_t *peer = mobikex_peer_find(session, session->other);

	if (peer && peer->verified)
	{
		proven(session, peer);
	}
}

void mobikex_check_rekeyed(mobikex_session_t *session)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer;

	session->checking = FALSE;
	enumerator = session->peers->create_enumerator(session->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		peer->asked = FALSE;
	}
	enumerator->destroy(enumerator);
}

bool mobikex_check_natd(ike_sa_t *ike_sa)
{
	mobikex_session_t *session;
	bool natd;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	natd = session && session->natd;
	mobikex->lock->unlock(mobikex->lock);
	return natd;
}

u_int mobikex_check_tries(ike_sa_t *ike_sa, host_t *other)
{
	mobikex_session_t *session;
	mobikex_peer_t *peer = NULL;
	u_int tries = 0;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		peer = mobikex_peer_find(session, other);
	}
	if (peer)
	{	/* the address was asked, or else the way there */
		tries = peer->asked ? peer->tries : session->tries;
	}
	mobikex->lock->unlock(mobikex->lock);
	return tries;
}

/**
 * Was it a way back to the peer that was asked, whose address is gone meanwhile, or was
 * added anew?
 */
static bool lost_way(mobikex_session_t *session, mobikex_peer_t *peer)
{
	return session && session->trying &&
		   (!peer || (!peer->verified && !peer->asked));
}

void mobikex_check_left_out(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	mobikex_session_t *session;
	mobikex_peer_t *peer = NULL;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: the peer left out COOKIE2, asking "
			 "with NAT detection beside it", session->name, session->id);
		session->natd = TRUE;
		peer = mobikex_peer_find(session, other);
	}
	if (lost_way(session, peer) || (peer && peer->verified && !peer->asked))
	{	/* the way there was asked */
		mobikex_failback_again(session);
	}
	else if (peer)
	{
		peer->asked = FALSE;
		peer->due = 0;
		mobikex_job_queue(session->ike, mobikex_check_next, 0, 0);
	}
	mobikex->lock->unlock(mobikex->lock);
}

void mobikex_check_result(ike_sa_t *ike_sa, host_t *my, host_t *other,
						  bool reached)
{
	mobikex_session_t *session;
	mobikex_peer_t *peer = NULL;
	bool lost;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		peer = mobikex_peer_find(session, other);
	}
	lost = lost_way(session, peer);
	if (peer && peer->verified && !peer->asked)
	{	/* not the address was asked, but the way there */
		mobikex_failback_tried(session, my, other, reached);
	}
	else if (peer && peer->verified)
	{
		rechecked(session, peer, reached);
	}
	else if (peer && reached)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: address %H of the peer verified",
			 session->name, session->id, other);
		peer->verified = TRUE;
		peer->tries = 0;
		proven(session, peer);
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
	if (peer)
	{
		peer->asked = FALSE;
		if (reached || !peer->verified)
		{
			peer->checked = mobikex_now();
		}
		if (!peer->verified && peer->tries >= mobikex->check_tries)
		{	/* given up: so is what it left */
			mobikex_peers_prune(session);
			mobikex_paths_update(session);
		}
		mobikex_view_update(session);
	}
	if (lost)
	{	/* another one is looked for; or it is the peer's again, and proven */
		mobikex_failback_tried(session, my, other, reached && peer);
	}
	mobikex->lock->unlock(mobikex->lock);
}
