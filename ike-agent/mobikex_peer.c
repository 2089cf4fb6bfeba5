/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_peer.h"
#include "mobikex_host.h"

#include <segue/mobikex.h>

mobikex_peer_t *mobikex_peer_find(mobikex_session_t *this, host_t *host)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer, *found = NULL;

	enumerator = this->peers->create_enumerator(this->peers);
	while (!found && enumerator->enumerate(enumerator, &peer))
	{
		found = peer->host->ip_equals(peer->host, host) ? peer : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

mobikex_peer_t *mobikex_peer_add(mobikex_session_t *this, host_t *host, bool verified)
{
	mobikex_peer_t *peer;

	INIT(peer,
		.host = host->clone(host),
		.verified = verified,
		.listed = TRUE,
		.since = mobikex_now(),
	);
	peer->checked = verified ? peer->since : 0;
	this->peers->insert_last(this->peers, peer);
	if (verified)
	{
		mobikex_session_route(this, host);
	}
	return peer;
}

static void peer_destroy(mobikex_peer_t *peer)
{
	peer->host->destroy(peer->host);
	free(peer);
}

/**
 * Nobody sends to where the peer moved to before that is checked.  Until then, or until
 * the checks are given up, what is sent goes on to where it was last: it may arrive.
 */
static bool is_last(mobikex_session_t *this, mobikex_peer_t *peer)
{
	mobikex_peer_t *next = mobikex_peer_find(this, this->other), *current;
	enumerator_t *enumerator;
	bool last = peer->verified && next && !next->verified &&
				next->tries < mobikex->check_tries;

	enumerator = this->peers->create_enumerator(this->peers);
	while (last && enumerator->enumerate(enumerator, &current))
	{
		last = !current->listed || !current->verified;
	}
	enumerator->destroy(enumerator);
	return last;
}

void mobikex_peers_prune(mobikex_session_t *this)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer;

	enumerator = this->peers->create_enumerator(this->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		if (!peer->listed && !peer->host->ip_equals(peer->host, this->other) &&
			!is_last(this, peer))
		{
			DBG1(DBG_KNL, "segue: session %s[%u]: the peer has %H no more",
				 this->name, this->id, peer->host);
			this->peers->remove_at(this->peers, enumerator);
			mobikex_session_unroute(this, peer->host);
			peer_destroy(peer);
		}
	}
	enumerator->destroy(enumerator);
}

bool mobikex_peers_room(mobikex_session_t *this, const struct segue_addr *used)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer, *oldest = NULL;
	struct segue_addr addr;

	if (this->peers->get_count(this->peers) < MOBIKEX_MAX_ADDRESSES)
	{
		return FALSE;
	}
	enumerator = this->peers->create_enumerator(this->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		addr = mobikex_addr(peer->host);
		if (!segue_addr_equal(&addr, used) &&
			(!oldest || peer->verified < oldest->verified ||
			 (peer->verified == oldest->verified && peer->since < oldest->since)))
		{
			oldest = peer;
		}
	}
	enumerator->destroy(enumerator);
	if (oldest)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: %H makes room for %H", this->name,
			 this->id, oldest->host, this->other);
		this->peers->remove(this->peers, oldest, NULL);
		mobikex_session_unroute(this, oldest->host);
		peer_destroy(oldest);
	}
	return oldest != NULL;
}

void mobikex_peers_destroy(mobikex_session_t *this)
{
	this->peers->destroy_function(this->peers, (void*)peer_destroy);
}
