/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_view.h"
#include "mobikex_failback.h"
#include "mobikex_hello.h"
#include "mobikex_host.h"
#include "mobikex_peer.h"
#include "mobikex_told.h"

#include <string.h>

static struct segue_peer_addr *next(struct segue_peer *view)
{
	return view->addrs < SEGUE_MAX_PEER_ADDRS ? &view->addr[view->addrs++] : NULL;
}

static enum segue_check check_of(mobikex_peer_t *peer)
{
	if (peer->verified)
	{
		return SEGUE_CHECK_VERIFIED;
	}
	if (peer->tries >= mobikex->check_tries)
	{
		return SEGUE_CHECK_FAILED;
	}
	return peer->asked || peer->tries ? SEGUE_CHECK_PENDING : SEGUE_CHECK_NEVER;
}

static void add_theirs(mobikex_session_t *session, struct segue_peer *view)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer;
	struct segue_peer_addr *addr;

	enumerator = session->peers->create_enumerator(session->peers);
	while (enumerator->enumerate(enumerator, &peer) && (addr = next(view)))
	{
		addr->addr = mobikex_addr(peer->host);
		addr->side = SEGUE_SIDE_PEER;
		addr->check = check_of(peer);
		addr->since_ns = peer->since;
		addr->checked_ns = peer->checked;
		addr->preference = peer->preference;
	}
	enumerator->destroy(enumerator);
}

/**
 * Half of them at most: the peer's have to fit in as well.
 */
static void add_ours(mobikex_session_t *session, struct segue_peer *view)
{
	view->addrs = mobikex_told_view(session->ike, view->addr,
									SEGUE_MAX_PEER_ADDRS / 2);
}

void mobikex_view_make(mobikex_session_t *session, struct segue_peer *view)
{
	mobikex_hello_t *hello = mobikex_hello_find(session->ike);
	u_int slot;

	memset(view, 0, sizeof(*view));
	view->since_ns = session->made;
	view->offered = (mobikex->offered & ~MOBIKEX_MOVES) |
					(session->moves ? MOBIKEX_MOVES : 0);
	if (hello && hello->supported)
	{
		view->version = MOBIKEX_VERSION;	/* the lower of both: there is no other */
		view->capabilities = hello->capabilities;
	}
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		view->path[slot].live_ns = session->since[slot];
		view->path[slot].leaving_ns = session->drained[slot];
		if (session->path[slot].flags & SEGUE_PATH_USED)
		{
			view->path[slot].held_ns = mobikex_failback_held(session, slot);
		}
	}
	mobikex_told_in_use(session, &view->in_use);
	add_ours(session, view);
	add_theirs(session, view);
}

void mobikex_view_update(mobikex_session_t *session)
{
	struct segue_peer view;

	if (!session->published || !mobikex->segue)
	{
		return;
	}
	mobikex_view_make(session, &view);
	if (!memeq(&view, &session->view, sizeof(view)) &&
		!segue_peer_put(mobikex->segue, session->id, &view))
	{
		session->view = view;
	}
}
