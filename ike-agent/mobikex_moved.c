/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_moved.h"
#include "mobikex_guard.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_pairs.h"
#include "mobikex_peer.h"
#include "mobikex_taken.h"

#include <errno.h>
#include <string.h>
#include <segue/mobikex.h>
#include <encoding/payloads/notify_payload.h>
#include <sa/ikev2/tasks/child_create.h>

bool mobikex_moved_setting(const char *connection)
{
	char *general, *value;

	general = lib->settings->get_str(lib->settings,
						"%s.plugins.mobikex.transport", "pinned", lib->ns);
	value = lib->settings->get_str(lib->settings,
						"%s.plugins.mobikex.connections.%s.transport", general,
						lib->ns, connection);
	if (streq(value, "moved"))
	{
		return TRUE;
	}
	if (!streq(value, "pinned"))
	{
		DBG1(DBG_CFG, "segue: transport = %s for %s is not pinned or moved: pinned",
			 value, connection);
	}
	return FALSE;
}

void mobikex_moved_begin(mobikex_session_t *session)
{
	mobikex_moved_t *this;

	INIT(this,
		.pairs = linked_list_create(),
		.guards = linked_list_create(),
		.services = linked_list_create(),
		.guarded = linked_list_create(),
		.shown = linked_list_create(),
	);
	session->moved = this;
}

static void exchange_over(mobikex_moved_t *this)
{
	DESTROY_IF(this->local);
	DESTROY_IF(this->remote);
	this->local = this->remote = NULL;
	this->refused = FALSE;
}

void mobikex_moved_end(mobikex_session_t *session)
{
	mobikex_moved_t *this = session->moved;
	mobikex_pair_t *pair;

	if (!this)
	{
		return;
	}
	exchange_over(this);
	while (this->pairs->remove_first(this->pairs, (void**)&pair) == SUCCESS)
	{
		mobikex_pairs_forget(pair);
	}
	this->pairs->destroy(this->pairs);
	mobikex_guard_release(this->guards, NULL);
	this->guards->destroy(this->guards);
	this->services->destroy_function(this->services, free);
	this->guarded->destroy_offset(this->guarded, offsetof(host_t, destroy));
	this->shown->destroy_offset(this->shown, offsetof(host_t, destroy));
	DESTROY_IF(this->routed);
	free(this);
	session->moved = NULL;
}

void mobikex_moved_hosts(mobikex_session_t *session, uint32_t reqid,
						 host_t **local, host_t **remote)
{
	mobikex_moved_t *this = session->moved;
	mobikex_pair_t *pair = reqid ? mobikex_pair_find(this->pairs, reqid) : NULL;

	if (pair)
	{
		*local = pair->local;
		*remote = pair->remote;
	}
	else
	{
		*local = this->local ?: session->my;
		*remote = this->remote ?: session->other;
	}
}

void mobikex_moved_numbered(mobikex_session_t *session, uint32_t reqid,
							host_t *local, host_t *remote)
{
	mobikex_moved_t *this = session->moved;
	mobikex_pair_t *pair = mobikex_pair_find(this->pairs, reqid);

	if (pair && (pair->sas || pair->task || pair->ours))
	{
		return;
	}
	/* the arguments may be the old one's */
	mobikex_pair_add(this->pairs, reqid, local, remote);
	if (pair)
	{	/* nothing came of it, and charon gives its number to the next one */
		this->pairs->remove(this->pairs, pair, NULL);
		mobikex_pairs_forget(pair);
	}
}

bool mobikex_moved_verified(mobikex_session_t *session, uint32_t reqid)
{
	mobikex_moved_t *this = session->moved;
	mobikex_pair_t *pair = reqid ? mobikex_pair_find(this->pairs, reqid) : NULL;
	mobikex_peer_t *peer;
	host_t *local, *remote;

	if (pair && pair->sas)
	{	/* was, when it was made: one that is rekeyed stays where it is */
		return TRUE;
	}
	mobikex_moved_hosts(session, reqid, &local, &remote);
	peer = mobikex_peer_find(session, remote);
	return peer && peer->verified;
}

mobikex_pair_t *mobikex_moved_pair(mobikex_session_t *session, ipsec_mode_t mode,
								   bool encap, uint32_t reqid)
{
	host_t *local, *remote;

	if (!session->moved || mode != MODE_TRANSPORT || encap)
	{
		return NULL;
	}
	mobikex_moved_hosts(session, reqid, &local, &remote);
	mobikex_moved_numbered(session, reqid, local, remote);
	return mobikex_pair_find(session->moved->pairs, reqid);
}

void mobikex_moved_hold(mobikex_pair_t *pair)
{
	if (pair)
	{
		pair->sas++;
	}
}

void mobikex_moved_drop(mobikex_session_t *session, mobikex_pair_t *pair)
{
	if (!pair)
	{
		return;
	}
	/* is there more of it, or is it wanted again by now? */
	pair->leaving = 0;
	mobikex_pairs_queue(session);
	if (--pair->sas)
	{
		return;
	}
	DBG1(DBG_KNL, "segue: session %s[%u]: nothing between %H and %H any more",
		 session->name, session->id, pair->local, pair->remote);
	if (!pair->task)
	{
		session->moved->pairs->remove(session->moved->pairs, pair, NULL);
		mobikex_pairs_forget(pair);
	}
}

/**
 * XFRM's selectors have one port or all of them; of several, all are guarded.  So
 * are all types of ICMP: in ports RFC 7296 3.13.1 has type and code together.
 */
static uint16_t port_of(traffic_selector_t *ts, uint8_t protocol)
{
	uint16_t from = ts->get_from_port(ts);

	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
	{
		return 0;
	}
	return from == ts->get_to_port(ts) ? from : 0;
}

/**
 * Is all of it in another one already?
 */
static bool contains(const mobikex_service_t *wide, const mobikex_service_t *service)
{
	return (!wide->protocol || wide->protocol == service->protocol) &&
		   (!wide->local_port || wide->local_port == service->local_port) &&
		   (!wide->remote_port || wide->remote_port == service->remote_port);
}

static bool service_add(mobikex_moved_t *this, traffic_selector_t *local,
						traffic_selector_t *remote)
{
	mobikex_service_t *service, *current;
	enumerator_t *enumerator;
	uint8_t protocol = local->get_protocol(local) ?: remote->get_protocol(remote);
	bool known = FALSE;

	INIT(service,
		.protocol = protocol,
		.local_port = port_of(local, protocol),
		.remote_port = port_of(remote, protocol),
	);
	enumerator = this->services->create_enumerator(this->services);
	while (!known && enumerator->enumerate(enumerator, &current))
	{
		known = contains(current, service);
	}
	enumerator->destroy(enumerator);
	if (known)
	{
		free(service);
		return TRUE;
	}
	if (this->services->get_count(this->services) >= MOBIKEX_MAX_SERVICES)
	{
		free(service);
		return FALSE;
	}
	this->services->insert_last(this->services, service);
	return TRUE;
}

static bool services_add(mobikex_moved_t *this, linked_list_t *local_ts,
						 linked_list_t *remote_ts)
{
	enumerator_t *locals, *remotes;
	traffic_selector_t *local, *remote;
	bool added = TRUE;

	locals = local_ts->create_enumerator(local_ts);
	while (added && locals->enumerate(locals, &local))
	{
		remotes = remote_ts->create_enumerator(remote_ts);
		while (added && remotes->enumerate(remotes, &remote))
		{
			added = service_add(this, local, remote);
		}
		remotes->destroy(remotes);
	}
	locals->destroy(locals);
	return added;
}

/**
 * The latest one is last.
 */
static void remember(linked_list_t *guarded, host_t *host)
{
	enumerator_t *enumerator;
	host_t *current, *found = NULL;

	enumerator = guarded->create_enumerator(guarded);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		if (current->ip_equals(current, host))
		{
			guarded->remove_at(guarded, enumerator);
			found = current;
		}
	}
	enumerator->destroy(enumerator);
	guarded->insert_last(guarded, found ?: host->clone(host));
}

static bool guard(mobikex_session_t *session, host_t *host)
{
	mobikex_moved_t *this = session->moved;
	struct segue_addr addr = mobikex_addr(host);
	enumerator_t *enumerator;
	mobikex_service_t *service;
	bool guarded = TRUE;
	int err;

	enumerator = this->services->create_enumerator(this->services);
	while (enumerator->enumerate(enumerator, &service))
	{
		err = mobikex_guard_add(this->guards, &addr, service);
		if (err)
		{
			DBG1(DBG_KNL, "segue: session %s[%u]: no policy to block what is not "
				 "protected to %H: %s", session->name, session->id, host,
				 strerror(-err));
			guarded = FALSE;
		}
	}
	enumerator->destroy(enumerator);
	remember(this->guarded, host);
	return guarded;
}

static void unguard_oldest(mobikex_session_t *session)
{
	mobikex_moved_t *this = session->moved;
	enumerator_t *enumerator;
	struct segue_addr addr;
	mobikex_peer_t *peer;
	host_t *host;
	bool done = FALSE;

	enumerator = this->guarded->create_enumerator(this->guarded);
	while (!done && enumerator->enumerate(enumerator, &host))
	{
		peer = mobikex_peer_find(session, host);
		if ((!peer || !peer->verified) && !mobikex_pairs_to(this->pairs, host))
		{
			addr = mobikex_addr(host);
			mobikex_guard_release(this->guards, &addr);
			this->guarded->remove_at(this->guarded, enumerator);
			host->destroy(host);
			done = TRUE;
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * Only what has proven to be the peer's: others' traffic is not the peer's to stop.
 * An address that it has left stays guarded, for applications that have not noticed;
 * up to so many as it can have at a time.
 *
 * @return				FALSE if one could not be guarded, until the next time
 */
static bool guards_sync(mobikex_session_t *session)
{
	mobikex_moved_t *this = session->moved;
	enumerator_t *enumerator;
	mobikex_peer_t *peer;
	bool guarded = TRUE;

	enumerator = session->peers->create_enumerator(session->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		if (peer->verified)
		{
			guarded &= guard(session, peer->host);
		}
	}
	enumerator->destroy(enumerator);
	if (this->guarded->get_count(this->guarded) > MOBIKEX_MAX_ADDRESSES)
	{
		unguard_oldest(session);
	}
	return guarded;
}

/**
 * Who does not choose a source address gets the one that is in use.  The kernel
 * removes a route whose source is gone.
 */
static void routes_sync(mobikex_session_t *session)
{
	mobikex_moved_t *this = session->moved;
	enumerator_t *enumerator;
	mobikex_peer_t *peer;

	if (this->routed && this->routed->ip_equals(this->routed, session->my))
	{
		return;
	}
	DESTROY_IF(this->routed);
	this->routed = session->my->clone(session->my);
	enumerator = session->peers->create_enumerator(session->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		if (peer->verified)
		{
			mobikex_session_route(session, peer->host);
		}
	}
	enumerator->destroy(enumerator);
}

bool mobikex_moved_service(mobikex_session_t *session, linked_list_t *local_ts,
						   linked_list_t *remote_ts)
{
	bool guarded;

	guarded = services_add(session->moved, local_ts, remote_ts) &&
			  guards_sync(session);
	routes_sync(session);
	mobikex_pairs_queue(session);
	return guarded;
}

void mobikex_moved_sync(mobikex_session_t *session)
{
	if (session->moved)
	{
		guards_sync(session);
		routes_sync(session);
		mobikex_pairs_queue(session);
	}
}

void mobikex_moved_rekeyed(mobikex_session_t *session)
{
	if (session->moved)
	{
		session->moved->queued = FALSE;
		session->moved->timer = 0;
		mobikex_pairs_queue(session);
	}
}

/**
 * The peer wants a CHILD_SA for a pair: both addresses must be where they are said
 * to be, and its own has to be checked (RFC 4555 3.7).
 */
static void asked(mobikex_session_t *session, notify_payload_t *notify)
{
	mobikex_moved_t *this = session->moved;
	chunk_t data = notify->get_notification_data(notify);
	struct segue_addr addr;
	mobikex_peer_t *peer;

	this->refused = TRUE;
	if (!mobikex_pair_parse(data, &this->remote, &this->local))
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: CHILD_SA_PAIR of %zu octets refused: "
			 "malformed", session->name, session->id, data.len);
		return;
	}
	addr = mobikex_addr(this->local);
	peer = mobikex_peer_find(session, this->remote);
	if (mobikex_link_of(&addr) && peer && peer->verified)
	{
		this->refused = mobikex_taken_refuse(session->name, session->ike,
								session->peer_id, this->local, this->remote);
		return;
	}
	DBG1(DBG_IKE, "segue: session %s[%u]: CHILD_SA for %H..%H refused: %s",
		 session->name, session->id, this->local, this->remote,
		 mobikex_link_of(&addr) ? "the peer's address is not verified" :
								  "no address of ours");
	mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_NOT_OWNED);
}

/**
 * It wants one where IKE is, and IKE goes where an UPDATE_SA_ADDRESSES came from
 * before that is checked.
 */
static void asked_here(mobikex_session_t *session, message_t *message)
{
	if (!message->get_notify(message, USE_TRANSPORT_MODE) || session->encap ||
		mobikex_moved_verified(session, 0))
	{
		return;
	}
	session->moved->refused = TRUE;
	DBG1(DBG_IKE, "segue: session %s[%u]: CHILD_SA for %H..%H refused: the peer's "
		 "address is not verified", session->name, session->id, session->my,
		 session->other);
	mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_NOT_OWNED);
}

static void informed(mobikex_session_t *session, message_t *message)
{
	linked_list_t *shown = session->moved->shown;
	host_t *my = message->get_destination(message);

	/* the answer to its check is what it waits for */
	if (message->get_notify(message, COOKIE2) && !mobikex_host_known(shown, my))
	{
		shown->insert_last(shown, my->clone(my));
	}
	mobikex_pairs_queue(session);
}

void mobikex_moved_incoming(mobikex_session_t *session, message_t *message)
{
	notify_payload_t *notify;

	if (!session->moved)
	{
		return;
	}
	exchange_over(session->moved);
	switch (message->get_exchange_type(message))
	{
		case CREATE_CHILD_SA:
			notify = message->get_notify(message, CHILD_SA_PAIR);
			if (!message->get_request(message))
			{
				mobikex_pairs_queue(session);
			}
			else if (message->get_notify(message, REKEY_SA))
			{	/* keeps the pair it has */
			}
			else if (notify)
			{
				asked(session, notify);
			}
			else
			{
				asked_here(session, message);
			}
			break;
		case INFORMATIONAL:
			if (message->get_request(message))
			{
				informed(session, message);
			}
			break;
		default:
			break;
	}
}

void mobikex_moved_outgoing(mobikex_session_t *session, ike_sa_t *ike_sa,
							message_t *message)
{
	uint8_t buffer[MOBIKEX_PAIR_SIZE];
	mobikex_pair_t *pair;

	if (!session->moved || message->get_exchange_type(message) != CREATE_CHILD_SA)
	{
		return;
	}
	if (!message->get_request(message))
	{
		exchange_over(session->moved);
		mobikex_pairs_queue(session);
		return;
	}
	pair = mobikex_pairs_active(session, ike_sa);
	if (pair)
	{
		message->add_notify(message, FALSE, CHILD_SA_PAIR,
							mobikex_pair_encode(pair->local, pair->remote, buffer));
	}
}
