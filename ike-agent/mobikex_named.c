/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_named.h"
#include "mobikex_child.h"
#include "mobikex_exchange.h"
#include "mobikex_handover.h"
#include "mobikex_hello.h"
#include "mobikex_notify.h"
#include "mobikex_path.h"
#include "mobikex_push.h"

#include <string.h>
#include <arpa/inet.h>
#include <encoding/payloads/notify_payload.h>

#define MS 1000000ULL	/* ns */

typedef struct private_task_t private_task_t;

struct private_task_t {

	/**
	 * A task of ours; first.
	 */
	mobikex_exchange_t public;

	/**
	 * Whom the request under way tells about: by number, and by reqid, since the
	 * number may be another one's when the answer comes
	 */
	uint8_t number;
	uint32_t reqid;

	/**
	 * And what: the address
	 */
	struct segue_addr addr;
};

bool mobikex_named_understood(mobikex_session_t *session)
{
	mobikex_hello_t *hello = mobikex_hello_find(session->ike);

	return hello && hello->supported && hello->capabilities & MOBIKEX_CHILDREN;
}

bool mobikex_named_ready(mobikex_session_t *session, uint8_t number, uint8_t slot)
{
	mobikex_child_t *child = &session->child[number];

	if (!session->leader || child->told || !mobikex_named_understood(session))
	{
		return TRUE;
	}
	child->target = slot;
	return FALSE;
}

/**
 * The path that the peer is to be told of; SEGUE_NO_PATH: none
 */
static uint8_t owed(mobikex_session_t *session, const struct segue_session *entry,
					uint8_t number)
{
	mobikex_child_t *child = &session->child[number];
	const struct segue_addr *settled;
	uint8_t slot;

	if (!child->reqid || child->again_at > mobikex_now() ||
		child->refusals >= mobikex->check_tries)
	{
		return SEGUE_NO_PATH;
	}
	if (child->switch_at)
	{	/* by both, until it is where the peer was told, or will be */
		return SEGUE_NO_PATH;
	}
	if (child->told && child->joining && child->wish == SEGUE_NO_PATH)
	{
		return child->target;
	}
	slot = child->told ? entry->child[number].active : child->target;
	settled = child->told ? &child->told_addr : &child->refused_addr;
	if (slot >= SEGUE_MAX_PATHS ||
		segue_addr_equal(&session->path[slot].local, settled))
	{
		return SEGUE_NO_PATH;
	}
	return slot;
}

/**
 * The first CHILD_SA of which there is something to tell, 0: none
 */
static uint8_t first_owed(mobikex_session_t *session, uint8_t *slot)
{
	struct segue_session entry;
	uint8_t number;

	if (!session->leader || !session->published || !mobikex->segue ||
		!mobikex_named_understood(session) ||
		segue_session_get(mobikex->segue, session->id, &entry) ||
		!mobikex_path_live(session, entry.active))
	{
		return 0;
	}
	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		*slot = owed(session, &entry, number);
		if (*slot < SEGUE_MAX_PATHS)
		{
			return number;
		}
	}
	return 0;
}

bool mobikex_named_owed(mobikex_session_t *session)
{
	uint8_t slot;

	return first_owed(session, &slot) != 0;
}

/**
 * Those SPIs by which we receive; a rekeyed CHILD_SA that is only waiting for its
 * end has none any more that the peer need know.
 */
static void add_spis(ike_sa_t *ike_sa, uint32_t reqid,
					 mobikex_parameter_t *parameter)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		if (child_sa->get_reqid(child_sa) != reqid ||
			parameter->spis == MOBIKEX_MAX_SPIS)
		{
			continue;
		}
		switch (child_sa->get_state(child_sa))
		{
			case CHILD_INSTALLED:
			case CHILD_UPDATING:
			case CHILD_REKEYING:
				parameter->spi[parameter->spis++] = child_sa->get_spi(child_sa, TRUE);
				break;
			default:
				break;
		}
	}
	enumerator->destroy(enumerator);
}

static bool choose(private_task_t *this, mobikex_parameter_t *parameter)
{
	mobikex_session_t *session;
	char text[INET6_ADDRSTRLEN];
	uint8_t slot;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(this->public.ike_sa->get_unique_id(this->public.ike_sa));
	this->number = session ? first_owed(session, &slot) : 0;
	if (this->number)
	{
		session->child[this->number].target = slot;
		this->reqid = session->child[this->number].reqid;
		this->addr = parameter->addr = session->path[slot].local;
		parameter->named = !session->child[this->number].joining ||
						   session->child[this->number].wish != SEGUE_NO_PATH;
		add_spis(this->public.ike_sa, this->reqid, parameter);
		if (parameter->spis)
		{
			DBG1(DBG_IKE, "segue: telling the peer: CHILD_SA %u, SPI %.8x, by %s",
				 this->number, ntohl(parameter->spi[0]), parameter->named ?
				 segue_addr_text(&parameter->addr, text) : "the session's path");
			mobikex_event(session->id, SEGUE_EVENT_EXCHANGE,
						  SEGUE_REASON_TOLD_UPDATE);
		}
	}
	mobikex->lock->unlock(mobikex->lock);
	return this->number && parameter->spis;
}

METHOD(task_t, build, status_t,
	private_task_t *this, message_t *message)
{
	mobikex_parameter_t parameter = { .role = MOBIKEX_ROLE_NEW };
	uint8_t buffer[MOBIKEX_PARAMETER_SIZE];

	if (!choose(this, &parameter))
	{
		message->set_exchange_type(message, EXCHANGE_TYPE_UNDEFINED);
		return SUCCESS;
	}
	message->add_notify(message, FALSE, UPDATE_SA_ADDRESSES, chunk_empty);
	message->add_notify(message, FALSE, IP_PARAMETER,
						mobikex_parameter_encode(&parameter, buffer));
	mobikex_push_later(this->public.ike_sa, message->get_message_id(message));
	return NEED_MORE;
}

/**
 * Why the peer did not like it, 0 if it did
 */
static uint8_t reason_of(message_t *message)
{
	notify_payload_t *notify = message->get_notify(message, OPERATION_REFUSED);
	mobikex_refused_t refused;

	if (notify && !mobikex_refused_parse(notify->get_notification_data(notify),
										 &refused) && refused.reason)
	{
		return refused.reason;
	}
	if (message->get_notify(message, UNEXPECTED_NAT_DETECTED))
	{	/* RFC 4555 3.9: one packet may have been changed by anybody */
		return MOBIKEX_NOT_THE_SOURCE;
	}
	return notify || message->get_notify(message, UNACCEPTABLE_ADDRESSES) ?
				MOBIKEX_NOT_SUPPORTED : MOBIKEX_NOT_REFUSED;
}

/**
 * Is that worth another try, later?
 */
static bool again(mobikex_session_t *session, mobikex_child_t *child,
				  uint8_t reason)
{
	if ((reason != MOBIKEX_UNKNOWN_ADDRESS && reason != MOBIKEX_UNKNOWN_SPI &&
		 reason != MOBIKEX_NOT_THE_SOURCE) || ++child->refusals >= mobikex->check_tries)
	{
		return FALSE;
	}
	child->again_at = mobikex_now() + mobikex->check_delay * MS;
	mobikex_job_queue(session->ike, mobikex_named, 0, mobikex->check_delay + 1);
	return TRUE;
}

static void answered(private_task_t *this, mobikex_session_t *session,
					 uint8_t reason)
{
	mobikex_child_t *child = &session->child[this->number];

	if (child->reqid != this->reqid)
	{	/* it is gone */
		return;
	}
	if (reason && again(session, child, reason))
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: the peer does not know that yet: %s",
			 session->name, session->id, mobikex_refusal_name(reason));
		return;
	}
	/* what comes next is another matter */
	child->refusals = 0;
	mobikex_child_told(session, this->number, &this->addr, reason);
}

METHOD(task_t, process, status_t,
	private_task_t *this, message_t *message)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(this->public.ike_sa->get_unique_id(this->public.ike_sa));
	if (session && session->published && mobikex->segue)
	{
		answered(this, session, reason_of(message));
	}
	mobikex->lock->unlock(mobikex->lock);
	return SUCCESS;
}

static task_t *named_create(ike_sa_t *ike_sa)
{
	private_task_t *this;

	INIT(this);
	mobikex_exchange_init(&this->public, ike_sa, _build, _process);
	return &this->public.task;
}

static bool queued(ike_sa_t *ike_sa)
{
	return mobikex_exchange_built_by(ike_sa, MOBIKEX_ACTIVE | MOBIKEX_QUEUED, _build);
}

status_t mobikex_named(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_session_t *session;
	bool due;

	if (ike_sa->get_state(ike_sa) != IKE_ESTABLISHED || queued(ike_sa))
	{
		return SUCCESS;
	}
	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	due = session && mobikex_named_owed(session);
	mobikex->lock->unlock(mobikex->lock);
	if (!due)
	{
		return SUCCESS;
	}
	ike_sa->queue_task(ike_sa, named_create(ike_sa));
	return ike_sa->initiate(ike_sa, NULL, NULL);
}
