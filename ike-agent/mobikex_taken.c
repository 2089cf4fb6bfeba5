/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_taken.h"
#include "mobikex_host.h"
#include "mobikex_moved.h"
#include "mobikex_path.h"

static bool is_between(mobikex_moved_t *moved, host_t *local, host_t *remote)
{
	enumerator_t *enumerator;
	mobikex_pair_t *pair;
	bool found = FALSE;

	enumerator = moved->pairs->create_enumerator(moved->pairs);
	while (!found && enumerator->enumerate(enumerator, &pair))
	{
		found = pair->sas && pair->local->ip_equals(pair->local, local) &&
				pair->remote->ip_equals(pair->remote, remote);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Has this session left this pair, but is still pinned to it in transport mode?
 */
static bool has_left(mobikex_session_t *session, host_t *local, host_t *remote)
{
	uint8_t active = mobikex_path_active(session);
	struct segue_addr canonical = mobikex_addr(session->remote);

	if (!session->transport || session->state != MOBIKEX_PINNED ||
		!session->local->ip_equals(session->local, local) ||
		!session->remote->ip_equals(session->remote, remote))
	{
		return FALSE;
	}
	return !session->other->ip_equals(session->other, session->remote) ||
		   (active < SEGUE_MAX_PATHS &&
			!segue_addr_equal(&session->path[active].remote, &canonical));
}

mobikex_session_t *mobikex_taken(identification_t *peer, host_t *local,
								 host_t *remote)
{
	mobikex_session_t *session, *found = NULL;
	enumerator_t *enumerator;

	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (!found && enumerator->enumerate(enumerator, &session))
	{
		if (session->peer_id &&
			!session->peer_id->equals(session->peer_id, peer) &&
			((session->moved && is_between(session->moved, local, remote)) ||
			 has_left(session, local, remote)))
		{
			found = session;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

bool mobikex_taken_refuse(const char *name, uint32_t ike, identification_t *peer,
						  host_t *local, host_t *remote)
{
	mobikex_session_t *session = mobikex_taken(peer, local, remote);

	if (!session)
	{
		return FALSE;
	}
	DBG1(DBG_KNL, "segue: SA of IKE_SA %s[%u] refused: %H was given to %Y, but %Y "
		 "in session %s[%u] still has it as selector; use BEET or tunnel mode where "
		 "addresses are leased anew", name, ike, remote, peer, session->peer_id,
		 session->name, session->id);
	mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_NOT_OWNED);
	return TRUE;
}
