/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_path.h"
#include "mobikex_failback.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_peer.h"
#include "mobikex_view.h"
#include "mobikex_probe.h"
#include "mobikex_signal.h"

#include <errno.h>
#include <segue/mobikex.h>
#include <string.h>

/** How long what the peer refused is left alone, ms: it may have become possible */
#define UNWANTED 300000

#define MS 1000000ULL	/* ns */

static bool same_pair(const struct segue_path *a, const struct segue_path *b)
{
	return segue_addr_equal(&a->local, &b->local) &&
		   segue_addr_equal(&a->remote, &b->remote);
}

static uint8_t slot_of(mobikex_session_t *session, const struct segue_path *path)
{
	uint8_t slot;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if ((session->path[slot].flags & SEGUE_PATH_USED) &&
			same_pair(&session->path[slot], path))
		{
			return slot;
		}
	}
	return SEGUE_NO_PATH;
}

uint8_t mobikex_path_find(mobikex_session_t *session, host_t *local,
						  host_t *remote)
{
	struct segue_path path = {
		.local = mobikex_addr(local),
		.remote = mobikex_addr(remote),
	};

	return slot_of(session, &path);
}

uint8_t mobikex_path_active(mobikex_session_t *session)
{
	struct segue_session entry;

	if (!session->published || !mobikex->segue ||
		segue_session_get(mobikex->segue, session->id, &entry))
	{
		return SEGUE_NO_PATH;
	}
	return entry.active;
}

bool mobikex_path_switch(mobikex_session_t *session, uint8_t slot,
						 enum segue_reason reason)
{
	int err = -ENOENT;

	if (slot != SEGUE_NO_PATH && mobikex->segue)
	{
		err = segue_switch(mobikex->segue, session->id, slot, reason);
	}
	if (err)
	{
		DBG1(DBG_KNL, "segue: session %s[%u] cannot switch to path %u (%s): %s",
			 session->name, session->id, slot, segue_reason_name(reason),
			 strerror(-err));
	}
	return !err;
}

bool mobikex_path_live(mobikex_session_t *session, uint8_t slot)
{
	struct segue_path *path;
	mobikex_link_t *link;

	if (slot >= SEGUE_MAX_PATHS)
	{
		return FALSE;
	}
	path = &session->path[slot];
	if (!(path->flags & SEGUE_PATH_USED) || !(path->flags & SEGUE_PATH_EGRESS) ||
		session->dead[slot])
	{
		return FALSE;
	}
	link = mobikex_link_of(&path->local);
	return link && mobikex_link_up(link, NULL);
}

static uint8_t best_but(mobikex_session_t *session, uint8_t not)
{
	uint8_t slot, best = SEGUE_NO_PATH;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (slot != not && mobikex_path_live(session, slot) &&
			(best == SEGUE_NO_PATH ||
			 session->path[slot].priority < session->path[best].priority))
		{
			best = slot;
		}
	}
	return best;
}

uint8_t mobikex_path_best(mobikex_session_t *session)
{
	return best_but(session, SEGUE_NO_PATH);
}

u_int mobikex_path_rank(mobikex_session_t *session,
						const struct segue_addr *remote)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer;
	struct segue_addr addr = mobikex_addr(session->other);
	mobikex_peer_t *wanted;
	host_t *host;
	bool found = FALSE;
	u_int rank = 1;

	if (segue_addr_equal(&addr, remote))
	{
		return 0;
	}
	host = mobikex_host(remote, 0);
	wanted = mobikex_peer_find(session, host);
	host->destroy(host);
	if (!wanted)
	{
		return MOBIKEX_PATH_RANKS - 1;
	}
	enumerator = session->peers->create_enumerator(session->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		found |= peer == wanted;
		rank += peer->preference < wanted->preference ||
				(!found && peer->preference == wanted->preference);
	}
	enumerator->destroy(enumerator);
	return min(rank, MOBIKEX_PATH_RANKS - 1);
}

/**
 * The path from an address of a link to one of the peer
 */
static struct segue_path make_path(mobikex_session_t *session,
				mobikex_link_t *link, const struct segue_addr *local,
				mobikex_peer_t *peer)
{
	host_t *remote = peer->host;
	struct segue_path path = {
		.local = *local,
		.remote = mobikex_addr(remote),
		.ifindex = link->ifindex,
		.link = link->bit,
		.flags = SEGUE_PATH_USED | SEGUE_PATH_VERIFIED,
	};

	path.priority = mobikex_role_order(session, link) * MOBIKEX_PATH_RANKS +
					mobikex_path_rank(session, &path.remote);
	if (peer->preference == MOBIKEX_PREFERENCE_LAST)
	{
		path.flags |= SEGUE_PATH_METERED;
		if (!remote->ip_equals(remote, session->other))
		{
			path.priority |= MOBIKEX_PATH_LAST;
		}
	}
	if (mobikex_role_metered(session, link))
	{
		path.flags |= SEGUE_PATH_METERED;
		path.priority |= MOBIKEX_PATH_METERED;
	}
	if (session->encap)
	{
		path.local_port = htons(session->my->get_port(session->my));
		path.remote_port = htons(remote->get_port(remote));
	}
	if (!rtnl_route_check(mobikex->rtnl, &path.remote, link->ifindex, local))
	{
		path.flags |= SEGUE_PATH_EGRESS;
	}
	return path;
}

/**
 * The data path rewrites within a family.
 */
static bool is_path(mobikex_session_t *session, const struct segue_addr *local,
					host_t *remote)
{
	int family = session->remote->get_family(session->remote);

	return remote->get_family(remote) == family &&
		   segue_addr_is_v4(local) == (family == AF_INET);
}

/**
 * Every path there should be, to one address of the peer
 */
static u_int paths_to(mobikex_session_t *session, mobikex_peer_t *peer,
					  linked_list_t *links, struct segue_path *want, u_int count)
{
	enumerator_t *enumerator, *addrs;
	mobikex_link_addr_t *local;
	mobikex_link_t *link;

	enumerator = links->create_enumerator(links);
	while (enumerator->enumerate(enumerator, &link))
	{
		addrs = link->addrs->create_enumerator(link->addrs);
		while (count < SEGUE_MAX_PATHS && addrs->enumerate(addrs, &local))
		{
			if (is_path(session, &local->addr, peer->host))
			{
				want[count++] = make_path(session, link, &local->addr, peer);
			}
		}
		addrs->destroy(addrs);
	}
	enumerator->destroy(enumerator);
	return count;
}

/**
 * Current addresses first: they must not fall out of a full table, and the very
 * first path is the canonical one.
 */
static u_int wanted(mobikex_session_t *session, struct segue_path *want)
{
	struct segue_path current = {
		.local = mobikex_addr(session->my),
		.remote = mobikex_addr(session->other),
	}, swap;
	enumerator_t *enumerator;
	mobikex_peer_t *peer;
	u_int i, count = 0;
	linked_list_t *links;

	links = mobikex_role_links(session, mobikex_link_of(&current.local));
	peer = mobikex_peer_find(session, session->other);
	if (peer && peer->verified)
	{
		count = paths_to(session, peer, links, want, count);
	}
	enumerator = session->peers->create_enumerator(session->peers);
	while (enumerator->enumerate(enumerator, &peer))
	{
		if (peer->verified && !peer->host->ip_equals(peer->host, session->other))
		{
			count = paths_to(session, peer, links, want, count);
		}
	}
	enumerator->destroy(enumerator);
	links->destroy(links);
	for (i = 1; i < count; i++)
	{
		if (same_pair(&want[i], &current))
		{
			swap = want[0];
			want[0] = want[i];
			want[i] = swap;
		}
	}
	return count;
}

static void put(mobikex_session_t *session, uint8_t slot,
				const struct segue_path *path, enum segue_reason reason)
{
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];
	int err;

	if (memeq(&session->path[slot], path, sizeof(*path)))
	{
		return;
	}
	err = segue_path_put(mobikex->segue, session->id, slot, path, reason);
	if (err)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: path %u not accepted: %s",
			 session->name, session->id, slot, strerror(-err));
		return;
	}
	DBG2(DBG_KNL, "segue: session %s[%u]: path %u %s..%s priority %u%s",
		 session->name, session->id, slot,
		 segue_addr_text(&path->local, local),
		 segue_addr_text(&path->remote, remote), path->priority,
		 path->flags & SEGUE_PATH_EGRESS ? "" : ", no address or route");
	session->path[slot] = *path;
}

/**
 * What the peer does not accept, and what has become of that
 */
static bool is_unwanted(mobikex_session_t *session, uint8_t slot)
{
	return session->unwanted[slot] > mobikex_now();
}

/**
 * Is it better left?
 *
 * @return			what has changed about that, NONE if nothing has
 */
static enum segue_reason note_weak(mobikex_session_t *session, uint8_t slot,
								   struct segue_path *path)
{
	mobikex_link_t *link = mobikex_link_of(&path->local);
	enum segue_reason was = session->weak[slot], now = SEGUE_REASON_NONE;

	if (link)
	{
		now = mobikex_link_weak(link);
	}
	if (!now && session->degraded[slot])
	{
		now = SEGUE_REASON_PATH_DEGRADED;
	}
	path->priority |= now ? MOBIKEX_PATH_WEAK : 0;
	session->weak[slot] = now;
	if (!was != !now)
	{
		session->weak_since[slot] = now ? mobikex_now() : 0;
	}
	if (was && !now && session->since[slot])
	{	/* failback counts from here, from a metered path, too */
		session->since[slot] = mobikex_now();
		session->try_at = max(session->try_at, session->since[slot] +
											   session->hysteresis.delay * MS);
		return was == SEGUE_REASON_PATH_DEGRADED ? SEGUE_REASON_PATH_WELL :
												   SEGUE_REASON_SIGNAL_GOOD;
	}
	return was ? SEGUE_REASON_NONE : now;
}

/**
 * What is there already: weak, or held down, or no more.
 */
static void put_again(mobikex_session_t *session, uint8_t slot,
					  struct segue_path *path)
{
	enum segue_reason reason = note_weak(session, slot, path);

	if (mobikex_failback_held(session, slot))
	{
		path->priority |= MOBIKEX_PATH_HELD;
	}
	if (!reason &&
		(path->priority ^ session->path[slot].priority) & MOBIKEX_PATH_HELD)
	{
		reason = path->priority & MOBIKEX_PATH_HELD ? SEGUE_REASON_PATH_HELD :
													  SEGUE_REASON_PATH_RELEASED;
		DBG1(DBG_KNL, "segue: session %s[%u]: path %u: %s", session->name,
			 session->id, slot, segue_reason_name(reason));
	}
	if (is_unwanted(session, slot))
	{
		path->flags &= ~SEGUE_PATH_EGRESS;
	}
	put(session, slot, path, reason);
}

/**
 * The next path in this slot is another one.
 */
static void clear(mobikex_session_t *session, uint8_t slot)
{
	memset(&session->path[slot], 0, sizeof(session->path[slot]));
	memset(&session->hold[slot], 0, sizeof(session->hold[slot]));
	session->drained[slot] = 0;
	session->weak[slot] = session->degraded[slot] = 0;
}

static void remove_path(mobikex_session_t *session, uint8_t slot)
{
	DBG2(DBG_KNL, "segue: session %s[%u]: path %u removed", session->name,
		 session->id, slot);
	segue_path_del(mobikex->segue, session->id, slot, SEGUE_REASON_PATH_REMOVED);
	clear(session, slot);
	session->since[slot] = session->unwanted[slot] = 0;
}

/**
 * Job: what has drained by now goes.
 */
static status_t drained(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		mobikex_paths_update(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	return SUCCESS;
}

/**
 * Nothing is sent by it any more, but what the peer sent to it before it knew is
 * under way: that is restored for a while yet.
 */
static void drain(mobikex_session_t *session, uint8_t slot)
{
	struct segue_path path = session->path[slot];

	path.flags &= ~SEGUE_PATH_EGRESS;
	put(session, slot, &path, SEGUE_REASON_ADDRESS_GONE);
	session->drained[slot] = mobikex_now() + mobikex->drain_delay * MS;
	mobikex_job_queue(session->ike, drained, 0, mobikex->drain_delay + 1);
}

static void drop(mobikex_session_t *session, uint8_t slot, uint8_t active)
{
	struct segue_path path = session->path[slot];

	if (slot == active)
	{	/* whatever sends by it must find another first */
		path.flags &= ~SEGUE_PATH_EGRESS;
		put(session, slot, &path, SEGUE_REASON_ADDRESS_GONE);
		/* what was sent in between waits for an answer that never comes */
		rtnl_neighbour_del(mobikex->rtnl, path.ifindex, &path.remote);
	}
	else if (!session->drained[slot])
	{
		drain(session, slot);
	}
	else if (mobikex_now() >= session->drained[slot])
	{
		remove_path(session, slot);
	}
}

/**
 * A new path has precedence over one that drains.
 */
static uint8_t free_slot(mobikex_session_t *session, uint8_t active)
{
	uint8_t slot;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (!(session->path[slot].flags & SEGUE_PATH_USED))
		{
			return slot;
		}
	}
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (session->drained[slot] && slot != active)
		{
			remove_path(session, slot);
			return slot;
		}
	}
	return SEGUE_NO_PATH;
}

bool mobikex_path_refused(mobikex_session_t *session, host_t *local, host_t *remote)
{
	uint8_t slot = mobikex_path_find(session, local, remote);
	uint8_t other = slot == SEGUE_NO_PATH ? slot : best_but(session, slot);

	if (other == SEGUE_NO_PATH)
	{
		return FALSE;
	}
	if (mobikex_path_active(session) == slot)
	{	/* before the data path finds that it may not be used */
		mobikex_path_switch(session, other, SEGUE_REASON_UNACCEPTABLE);
	}
	session->unwanted[slot] = mobikex_now() + UNWANTED * MS;
	mobikex_paths_update(session);
	return TRUE;
}

bool mobikex_paths_forgive(mobikex_session_t *session)
{
	bool any = FALSE;
	uint8_t slot;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		any |= is_unwanted(session, slot);
		session->unwanted[slot] = 0;
	}
	if (any)
	{
		mobikex_paths_update(session);
	}
	return any;
}

/**
 * Since when a path has been able to carry packets, for failback
 */
static void note_live(mobikex_session_t *session, uint8_t slot)
{
	mobikex_link_t *link = mobikex_link_of(&session->path[slot].local);

	if (!link || !mobikex_link_up(link, NULL))
	{	/* it may come back as another one */
		session->unwanted[slot] = 0;
	}
	if (!mobikex_path_live(session, slot))
	{
		session->since[slot] = 0;
	}
	else if (!session->since[slot])
	{
		session->since[slot] = mobikex_now();
	}
}

/**
 * Who detaches a device also removes its paths.
 */
static void forget_removed(mobikex_session_t *session,
						   const struct segue_session *entry)
{
	uint8_t slot;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (!(entry->path[slot].flags & SEGUE_PATH_USED))
		{
			clear(session, slot);
		}
	}
}

void mobikex_paths_update(mobikex_session_t *session)
{
	struct segue_path want[SEGUE_MAX_PATHS];
	struct segue_addr canonical = mobikex_addr(session->remote);
	struct segue_session entry;
	bool keep[SEGUE_MAX_PATHS] = {};
	uint8_t slot;
	u_int i, count;

	if (!session->published || !mobikex->segue ||
		segue_session_get(mobikex->segue, session->id, &entry))
	{
		return;
	}
	forget_removed(session, &entry);
	count = wanted(session, want);
	/* twice: slots of paths that are gone serve those that are new */
	for (i = 0; i < count; i++)
	{
		slot = slot_of(session, &want[i]);
		if (slot != SEGUE_NO_PATH)
		{
			keep[slot] = TRUE;
			session->drained[slot] = 0;
			put_again(session, slot, &want[i]);
		}
	}
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (!keep[slot] && (session->path[slot].flags & SEGUE_PATH_USED))
		{
			drop(session, slot, entry.active);
		}
	}
	for (i = 0; i < count; i++)
	{
		slot = slot_of(session, &want[i]) == SEGUE_NO_PATH ?
								free_slot(session, entry.active) : SEGUE_NO_PATH;
		if (slot != SEGUE_NO_PATH)
		{
			note_weak(session, slot, &want[i]);
			put(session, slot, &want[i],
				segue_addr_equal(&want[i].remote, &canonical) ?
					SEGUE_REASON_PATH_ADDED : SEGUE_REASON_PATH_VERIFIED);
		}
	}
	mobikex_probe_paths(session);
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		note_live(session, slot);
	}
	mobikex_failback_release(session);
	mobikex_view_update(session);
	mobikex_signal_watch();
}

void mobikex_path_hosts(mobikex_session_t *session, uint8_t slot, host_t **my,
						host_t **other)
{
	struct segue_path *path = &session->path[slot];
	uint16_t port = session->other->get_port(session->other);
	mobikex_peer_t *peer;

	*my = mobikex_host(&path->local, session->my->get_port(session->my));
	*other = mobikex_host(&path->remote, port);
	if (!(*other)->ip_equals(*other, session->other))
	{
		peer = mobikex_peer_find(session, *other);
		(*other)->set_port(*other, peer ? peer->host->get_port(peer->host) :
										  IKEV2_NATT_PORT);
	}
}

bool mobikex_path_active_hosts(mobikex_session_t *session, host_t **my,
							   host_t **other)
{
	uint8_t active = mobikex_path_active(session);
	mobikex_peer_t *peer;

	if (!mobikex_path_live(session, active))
	{
		return FALSE;
	}
	mobikex_path_hosts(session, active, my, other);
	peer = mobikex_peer_find(session, *other);
	if (peer && !peer->listed && !peer->host->ip_equals(peer->host, session->other))
	{	/* kept for what is sent; IKE is where the peer is */
		(*my)->destroy(*my);
		(*other)->destroy(*other);
		*my = *other = NULL;
		return FALSE;
	}
	return TRUE;
}
