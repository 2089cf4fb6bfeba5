/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_session.h"
#include "mobikex_child.h"
#include "mobikex_copy.h"
#include "mobikex_hello.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_moved.h"
#include "mobikex_path.h"
#include "mobikex_peer.h"
#include "mobikex_roam.h"
#include "mobikex_role.h"
#include "mobikex_route.h"
#include "mobikex_sa.h"
#include "mobikex_xfrm.h"

#include <errno.h>
#include <string.h>
#include <segue/mobikex.h>

/** Addresses of the peer that are remembered, those that it has included */
#define REMOTES (2 * MOBIKEX_MAX_ADDRESSES)

static mobikex_session_t *find(uint32_t ike, uint32_t id)
{
	enumerator_t *enumerator;
	mobikex_session_t *session, *found = NULL;

	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (!found && enumerator->enumerate(enumerator, &session))
	{
		if ((ike && session->ike == ike && !session->closing) ||
			(id && session->published && session->id == id))
		{
			found = session;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return find(ike, 0);
}

mobikex_session_t *mobikex_session_by_id(uint32_t id)
{
	return find(0, id);
}

/**
 * Also finds sessions whose IKE_SA is just being destroyed, with its SAs.
 */
mobikex_session_t *mobikex_session_current(void)
{
	enumerator_t *enumerator;
	mobikex_session_t *session, *found = NULL;
	ike_sa_t *ike_sa = charon->bus->get_sa(charon->bus);
	uint32_t ike;

	if (!ike_sa)
	{
		return NULL;
	}
	ike = ike_sa->get_unique_id(ike_sa);
	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (!found && enumerator->enumerate(enumerator, &session))
	{
		found = session->ike == ike ? session : NULL;
	}
	enumerator->destroy(enumerator);
	return found && found->state != MOBIKEX_STOCK ? found : NULL;
}

/**
 * Of where the peer was charon asks about the last place only.
 */
static void forget_remote(mobikex_session_t *this)
{
	enumerator_t *enumerator;
	host_t *host;
	bool found = this->remotes->get_count(this->remotes) < REMOTES;

	enumerator = this->remotes->create_enumerator(this->remotes);
	while (!found && enumerator->enumerate(enumerator, &host))
	{
		if (!host->ip_equals(host, this->remote) &&
			!host->ip_equals(host, this->other) && !mobikex_peer_find(this, host))
		{
			this->remotes->remove_at(this->remotes, enumerator);
			host->destroy(host);
			found = TRUE;
		}
	}
	enumerator->destroy(enumerator);
}

void mobikex_session_view(mobikex_session_t *this, host_t *my, host_t *other)
{
	if (!mobikex_host_known(this->locals, my))
	{
		this->locals->insert_last(this->locals, my->clone(my));
	}
	if (!mobikex_host_known(this->remotes, other))
	{
		forget_remote(this);
		this->remotes->insert_last(this->remotes, other->clone(other));
	}
	my = my->clone(my);
	other = other->clone(other);
	this->my->destroy(this->my);
	this->other->destroy(this->other);
	this->my = my;
	this->other = other;
}

host_t *mobikex_session_canonical(mobikex_session_t *this, host_t *host)
{
	if (mobikex_host_known(this->locals, host))
	{
		return this->local;
	}
	return mobikex_host_known(this->remotes, host) ? this->remote : host;
}

void mobikex_session_route(mobikex_session_t *this, host_t *remote)
{
	struct segue_addr local = mobikex_addr(this->moved ? this->my : this->local);
	struct segue_addr addr = mobikex_addr(remote);
	u_int length = segue_addr_is_v4(&addr) ? 32 : 128;

	mobikex_route_set(this, &addr, length, &local);
}

void mobikex_session_unroute(mobikex_session_t *this, host_t *remote)
{
	struct segue_addr addr = mobikex_addr(remote);

	if (!remote->ip_equals(remote, this->remote))
	{
		mobikex_route_del(this, &addr, segue_addr_is_v4(&addr) ? 32 : 128);
	}
}

void mobikex_session_transport(mobikex_session_t *this)
{
	struct segue_addr local = mobikex_addr(this->local);
	struct segue_addr remote = mobikex_addr(this->remote);
	int err;

	this->transport = TRUE;
	if (this->bypassed || segue_addr_is_v4(&local))
	{
		return;
	}
	err = mobikex_xfrm_bypass_add(&local, &remote);
	if (err)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: no policy to let its ESP through: "
			 "%s", this->name, this->id, strerror(-err));
	}
	this->bypassed = !err;
}

/**
 * The policies are shared by all sessions between the same addresses.
 */
static void bypass_end(mobikex_session_t *this)
{
	struct segue_addr local = mobikex_addr(this->local);
	struct segue_addr remote = mobikex_addr(this->remote);
	enumerator_t *enumerator;
	mobikex_session_t *other;
	bool used = !this->bypassed;

	this->bypassed = FALSE;
	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (!used && enumerator->enumerate(enumerator, &other))
	{
		used = other->bypassed &&
			   other->local->ip_equals(other->local, this->local) &&
			   other->remote->ip_equals(other->remote, this->remote);
	}
	enumerator->destroy(enumerator);
	if (!used)
	{
		mobikex_xfrm_bypass_del(&local, &remote);
	}
}

static void destroy(mobikex_session_t *this)
{
	bypass_end(this);
	mobikex_moved_end(this);
	mobikex->sessions->remove(mobikex->sessions, this, NULL);
	if (this->published && mobikex->segue)
	{
		segue_session_del(mobikex->segue, this->id);
		DBG2(DBG_KNL, "segue: session %s[%u] removed", this->name, this->id);
	}
	mobikex_routes_release(this);
	mobikex_routes_release(this->locals);
	mobikex_children_clean(this);
	mobikex_roles_clean(this);
	chunk_free(&this->request);
	DESTROY_IF(this->request_to);
	this->locals->destroy_offset(this->locals, offsetof(host_t, destroy));
	this->remotes->destroy_offset(this->remotes, offsetof(host_t, destroy));
	mobikex_peers_destroy(this);
	this->local->destroy(this->local);
	this->remote->destroy(this->remote);
	this->my->destroy(this->my);
	this->other->destroy(this->other);
	DESTROY_IF(this->peer_id);
	free(this->name);
	free(this);
}

mobikex_session_t *mobikex_session_create(ike_sa_t *ike_sa)
{
	host_t *my = ike_sa->get_my_host(ike_sa);
	host_t *other = ike_sa->get_other_host(ike_sa);
	struct segue_addr addr = mobikex_addr(my);
	uint32_t ike = ike_sa->get_unique_id(ike_sa);
	mobikex_session_t *this = mobikex_session_by_ike(ike);

	if (this && (this->state != MOBIKEX_NEW || this->sas))
	{
		return this->state == MOBIKEX_STOCK ? NULL : this;
	}
	if (this)
	{	/* tried before, maybe from another address */
		destroy(this);
	}
	if (!mobikex_agent_attach() || ike_sa->get_version(ike_sa) != IKEV2 ||
		ike_sa->get_child_count(ike_sa))
	{
		return NULL;
	}
	if (!mobikex_link_of(&addr))
	{
		DBG1(DBG_KNL, "segue: IKE_SA %s[%u] uses %H, on no attached device: "
			 "left alone", ike_sa->get_name(ike_sa), ike, my);
		return NULL;
	}
	INIT(this,
		.id = ike,
		.ike = ike,
		.name = strdup(ike_sa->get_name(ike_sa)),
		.local = my->clone(my),
		.remote = other->clone(other),
		.my = my->clone(my),
		.other = other->clone(other),
		.locals = linked_list_create(),
		.remotes = linked_list_create(),
		.peers = linked_list_create(),
		.made = mobikex_now(),
	);
	mobikex_session_view(this, my, other);
	mobikex->sessions->insert_last(mobikex->sessions, this);
	return this;
}

/**
 * charon's ids begin anew when it is restarted, and an id may still be that of a
 * session from before.
 */
static int put(mobikex_session_t *this, struct segue_session *session)
{
	uint32_t id = 0, highest = 0;
	int err;

	err = segue_session_put(mobikex->segue, this->id, session);
	if (err == -EEXIST)
	{
		while (!segue_session_next(mobikex->segue, &id))
		{
			highest = max(highest, id);
		}
		this->id = highest + 1;
		err = segue_session_put(mobikex->segue, this->id, session);
	}
	return err;
}

static uint64_t hash_of(identification_t *id)
{
	uint8_t type = id->get_type(id), hash[HASH_SIZE_SHA256];
	chunk_t data = chunk_cata("cc", chunk_from_thing(type), id->get_encoding(id));
	hasher_t *hasher = lib->crypto->create_hasher(lib->crypto, HASH_SHA256);
	uint64_t peer = 0;

	if (hasher && hasher->get_hash(hasher, data, hash))
	{
		memcpy(&peer, hash, sizeof(peer));
	}
	DESTROY_IF(hasher);
	return peer;
}

static int publish(mobikex_session_t *this)
{
	struct segue_session session = {
		.local = mobikex_addr(this->local),
		.remote = mobikex_addr(this->remote),
		.flags = (this->leader ? 0 : SEGUE_SESSION_FOLLOW) |
				 (this->restores ? SEGUE_SESSION_PEER : 0) |
				 (this->moved ? SEGUE_SESSION_MOVED : 0) |
				 (mobikex_copy_suspect(this) ? SEGUE_SESSION_COPY_SUSPECT : 0),
		.ike = this->ike,
		.peer = this->peer_hash,
	};
	uint8_t slot;
	int err;

	strncpy(session.name, this->name, sizeof(session.name) - 1);
	if (this->encap)
	{
		session.local_port = htons(this->local->get_port(this->local));
		session.remote_port = htons(this->remote->get_port(this->remote));
	}
	err = put(this, &session);
	if (err)
	{
		return err;
	}
	this->published = TRUE;
	memset(this->path, 0, sizeof(this->path));
	memset(this->since, 0, sizeof(this->since));
	memset(this->drained, 0, sizeof(this->drained));
	memset(this->hold, 0, sizeof(this->hold));
	memset(&this->view, 0, sizeof(this->view));
	mobikex_paths_update(this);
	slot = mobikex_path_find(this, this->my, this->other);
	if (slot != SEGUE_NO_PATH && slot != mobikex_path_active(this))
	{
		mobikex_path_switch(this, slot, SEGUE_REASON_IKE_UPDATE);
	}
	return 0;
}

void mobikex_session_stock(mobikex_session_t *this, char *why)
{
	DBG1(DBG_KNL, "segue: IKE_SA %s[%u] is left to charon: %s", this->name,
		 this->ike, why);
	this->state = MOBIKEX_STOCK;
	if (this->published && mobikex->segue)
	{
		segue_session_del(mobikex->segue, this->id);
	}
	this->published = FALSE;
	bypass_end(this);
	mobikex_moved_end(this);
	mobikex_routes_release(this);
}

/**
 * Behind a NAT the selectors' addresses are nobody's: pinned, at both ends.
 */
static void choose_transport(mobikex_session_t *this, mobikex_hello_t *hello)
{
	bool peer = hello && (hello->capabilities & MOBIKEX_MOVES);

	this->moves = mobikex_moved_setting(this->name);
	if (!this->moves)
	{
		return;
	}
	if (!peer || this->encap)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: transport mode pinned, not moved: %s",
			 this->name, this->id, this->encap ? "there is a NAT" :
			 "the peer does not want it");
		return;
	}
	mobikex_moved_begin(this);
}

bool mobikex_session_pin(mobikex_session_t *this, ike_sa_t *ike_sa,
						 ipsec_mode_t mode, uint8_t proto, bool encap)
{
	struct segue_addr local = mobikex_addr(this->local);
	identification_t *id = ike_sa->get_other_id(ike_sa);
	mobikex_hello_t *hello = mobikex_hello_find(this->ike);
	char why[128];
	int err;

	if (this->state != MOBIKEX_NEW)
	{
		return this->state == MOBIKEX_PINNED;
	}
	this->leader = ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR);
	this->restores = hello && (hello->capabilities & MOBIKEX_RESTORES);
	this->copies = hello && (hello->capabilities & MOBIKEX_COPIES);
	this->peer_id = id->clone(id);
	this->peer_hash = hash_of(ike_sa->get_other_eap_id(ike_sa));
	mobikex_roam_take(ike_sa);
	this->encap = encap;
	this->copy = mobikex_copy_setting(this->name);
	mobikex_roles_load(this);
	if (proto != IPPROTO_ESP)
	{	/* RFC 4302 3.3.3.1: AH covers the outer addresses */
		mobikex_session_stock(this, "not ESP");
		return FALSE;
	}
	if (!ike_sa->supports_extension(ike_sa, EXT_MOBIKE))
	{	/* it could not follow; charon reauthenticates instead, if it must */
		mobikex_session_stock(this, "the peer has no MOBIKE");
		return FALSE;
	}
	if (mobikex_hello_moved(this->ike, this->remote))
	{
		mobikex_session_stock(this, "the peer's address changed before it had an SA");
		return FALSE;
	}
	if (mode == MODE_TRANSPORT && !this->restores)
	{	/* it would take the moved address for the selector, and move on its own */
		mobikex_session_stock(this, "transport mode, and the peer has no segue");
		return FALSE;
	}
	if (!mobikex->segue)
	{
		mobikex_session_stock(this, "segue was detached meanwhile");
		return FALSE;
	}
	choose_transport(this, hello);
	if (!this->moved)
	{
		mobikex_local_add(this, &local);
	}
	mobikex_peer_add(this, this->remote, TRUE);
	err = publish(this);
	if (err)
	{
		if (err == -E2BIG)
		{
			mobikex_event(0, SEGUE_EVENT_REFUSAL, SEGUE_REASON_MAP_FULL);
		}
		snprintf(why, sizeof(why), "no entry in the session map (%s)",
				 strerror(-err));
		mobikex_session_stock(this, why);
		return FALSE;
	}
	this->state = MOBIKEX_PINNED;
	DBG1(DBG_KNL, "segue: session %s[%u] %s %H..%H, %s, peer %s",
		 this->name, this->id, this->moved ? "begins at" : "pinned to",
		 this->local, this->remote,
		 this->leader ? "we lead" : "the peer leads",
		 this->restores ? "has segue" : "has MOBIKE only: its half moves by IKE");
	if (this->copy != MOBIKEX_COPY_NEVER && !this->copies)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: the peer wants nothing twice "
			 "(its charon.replay_window is below %d?)", this->name, this->id,
			 MOBIKEX_COPIES_WINDOW);
	}
	return TRUE;
}

void mobikex_session_encap(mobikex_session_t *this, bool encap)
{
	if (encap && !this->encap)
	{	/* a NAT has come: paths have ports from now on */
		this->encap = TRUE;
		mobikex_paths_update(this);
	}
}

void mobikex_session_rekey(mobikex_session_t *this, ike_sa_t *ike_sa)
{
	DBG2(DBG_KNL, "segue: session %s[%u] goes on under IKE_SA %u", this->name,
		 this->id, ike_sa->get_unique_id(ike_sa));
	this->ike = ike_sa->get_unique_id(ike_sa);
	mobikex_roam_take(ike_sa);
	if (this->published && mobikex->segue)
	{
		segue_session_rename(mobikex->segue, this->id, this->ike, this->name);
	}
}

void mobikex_session_close(mobikex_session_t *this)
{
	this->closing = TRUE;
	mobikex_session_release(this);
}

void mobikex_session_release(mobikex_session_t *this)
{
	if (this->closing && !this->sas)
	{
		destroy(this);
	}
}

void mobikex_sessions_publish(void)
{
	enumerator_t *enumerator;
	mobikex_session_t *session;
	int err;

	mobikex_routes_restore();
	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (enumerator->enumerate(enumerator, &session))
	{
		if (session->state == MOBIKEX_PINNED)
		{
			err = publish(session);
			if (err)
			{
				DBG1(DBG_KNL, "segue: session %s[%u] not taken up again: %s",
					 session->name, session->id, strerror(-err));
			}
		}
	}
	enumerator->destroy(enumerator);
	mobikex_sas_publish();
}

void mobikex_sessions_unpublish(void)
{
	enumerator_t *enumerator;
	mobikex_session_t *session;

	mobikex_sas_unpublish();
	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (enumerator->enumerate(enumerator, &session))
	{
		if (session->published)
		{
			segue_session_del(mobikex->segue, session->id);
		}
		session->published = FALSE;
	}
	enumerator->destroy(enumerator);
}

void mobikex_sessions_flush(void)
{
	mobikex_session_t *session;

	while (mobikex->sessions->get_first(mobikex->sessions,
										(void**)&session) == SUCCESS)
	{
		destroy(session);
	}
}
