/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_push.h"
#include "mobikex_exchange.h"
#include "mobikex_handover.h"
#include "mobikex_path.h"

/** Times a request is pushed; push_delay doubles after each */
#define PUSHES 4

/** s; charon.retransmit_timeout if it is not set (task_manager.h) */
#define RETRANSMIT_TIMEOUT 4.0

/** Push jobs carry the message id below and how often it was pushed above. */
#define PUSH_SHIFT 24
#define PUSH_MID ((1 << PUSH_SHIFT) - 1)

bool mobikex_push_waiting(ike_sa_t *ike_sa)
{
	return mobikex_exchange_any(ike_sa, MOBIKEX_ACTIVE);
}

void mobikex_push_sent(mobikex_session_t *session, message_t *request)
{
	host_t *to = request->get_destination(request);

	chunk_free(&session->request);
	session->request = chunk_clone(request->get_packet_data(request));
	session->request_mid = request->get_message_id(request);
	session->request_pushed = FALSE;
	DESTROY_IF(session->request_to);
	session->request_to = to->clone(to);
}

void mobikex_push_on_purpose(mobikex_session_t *session)
{
	DESTROY_IF(session->request_to);
	session->request_to = NULL;
}

bool mobikex_push_astray(mobikex_session_t *session, host_t *other)
{
	return session->request_to && !other->ip_equals(other, session->request_to);
}

void mobikex_push_repeated(ike_sa_t *ike_sa)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		session->request_pushed = TRUE;
	}
	mobikex->lock->unlock(mobikex->lock);
}

bool mobikex_push_happened(ike_sa_t *ike_sa)
{
	mobikex_session_t *session;
	bool happened;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	happened = !session || session->request_pushed;
	mobikex->lock->unlock(mobikex->lock);
	return happened;
}

/**
 * Not by ike_sa->retransmit(): each call of that counts as one of the few tries
 * and starts a timer of its own.
 */
status_t mobikex_push(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	uint32_t mid = ike_sa->get_message_id(ike_sa, TRUE);
	mobikex_session_t *session;
	chunk_t request = chunk_empty;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && session->request_mid == mid)
	{
		request = chunk_clone(session->request);
	}
	if (session)
	{
		session->request_pushed = TRUE;
		DESTROY_IF(session->request_to);
		session->request_to = other->clone(other);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (!request.len)
	{	/* fragmented, then only the task manager has it */
		return ike_sa->retransmit(ike_sa, mid);
	}
	DBG1(DBG_IKE, "segue: request %u sent again by %#H..%#H", mid, my, other);
	charon->sender->send(charon->sender,
			packet_create_from_data(my->clone(my), other->clone(other), request));
	return SUCCESS;
}

/**
 * Over the path in use.  If that does not help either, the IKE_SA moves there
 * with the request still under way, so that charon repeats it there as well.
 */
static status_t push_job(ike_sa_t *ike_sa, uint32_t data)
{
	uint32_t mid = data & PUSH_MID, times = data >> PUSH_SHIFT;
	mobikex_session_t *session;
	host_t *my = NULL, *other = NULL;
	status_t status = SUCCESS;

	if ((ike_sa->get_message_id(ike_sa, TRUE) & PUSH_MID) != mid ||
		!mobikex_push_waiting(ike_sa))
	{
		return SUCCESS;
	}
	if (times == PUSHES)
	{
		return mobikex_follow_at_once(ike_sa);
	}
	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		mobikex_path_active_hosts(session, &my, &other);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (my)
	{
		status = mobikex_push(ike_sa, my, other);
		my->destroy(my);
		other->destroy(other);
	}
	if (status == DESTROY_ME)
	{
		return status;
	}
	times++;
	mobikex_job_queue(ike_sa->get_unique_id(ike_sa), push_job,
					  times << PUSH_SHIFT | mid, mobikex->push_delay << times);
	return SUCCESS;
}

/**
 * charon itself sends it again after retransmit_timeout, by the pair in use, which may be
 * dead: well before that we have to have done so.
 */
static uint32_t patience(u_int doublings)
{
	double timeout = lib->settings->get_double(lib->settings,
							"%s.retransmit_timeout", RETRANSMIT_TIMEOUT, lib->ns);
	uint32_t most = timeout * 1000 / 2;

	return max(min(mobikex->push_delay << min(doublings, PUSHES), most),
			   mobikex->push_delay);
}

void mobikex_push_after(ike_sa_t *ike_sa, uint32_t mid, u_int doublings)
{
	mobikex_job_queue(ike_sa->get_unique_id(ike_sa), push_job, mid & PUSH_MID,
					  patience(doublings));
}

void mobikex_push_later(ike_sa_t *ike_sa, uint32_t mid)
{
	mobikex_push_after(ike_sa, mid, 0);
}
