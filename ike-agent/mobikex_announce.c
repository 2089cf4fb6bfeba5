/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_announce.h"
#include "mobikex_exchange.h"
#include "mobikex_hello.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_handover.h"
#include "mobikex_nonat.h"
#include "mobikex_path.h"
#include "mobikex_push.h"
#include "mobikex_roam.h"
#include "mobikex_role.h"
#include "mobikex_view.h"

#include <arpa/inet.h>
#include <encoding/payloads/notify_payload.h>

/** Data of the job that was queued to wait */
#define WAITED 1

typedef struct private_task_t private_task_t;

struct private_task_t {

	/**
	 * A task of ours; first.
	 */
	mobikex_exchange_t public;

	/**
	 * What the request under way tells
	 */
	mobikex_owed_t owed;
};

static char *role_name(uint8_t role)
{
	switch (role)
	{
		case MOBIKEX_ROLE_OLD:
			return "old";
		case MOBIKEX_ROLE_NEW:
			return "new";
		case MOBIKEX_ROLE_ADDED:
			return "added";
		case MOBIKEX_ROLE_REMOVED:
			return "removed";
		default:
			return "some";
	}
}

static bool understands(uint32_t ike)
{
	mobikex_hello_t *hello = mobikex_hello_find(ike);

	return hello && hello->supported &&
		   hello->capabilities & MOBIKEX_INTERFACES;
}

/**
 * The session that may tell something; with the agent's lock held
 */
static mobikex_session_t *session_of(ike_sa_t *ike_sa)
{
	mobikex_session_t *session;

	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	return session && session->state == MOBIKEX_PINNED && session->published ?
				session : NULL;
}

/**
 * To whoever watches
 */
static void tell(ike_sa_t *ike_sa, enum segue_reason reason)
{
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = session_of(ike_sa);
	if (session)
	{
		mobikex_event(session->id, SEGUE_EVENT_EXCHANGE, reason);
	}
	mobikex->lock->unlock(mobikex->lock);
}

static void add_parameter(message_t *message, const mobikex_parameter_t *parameter)
{
	uint8_t buffer[MOBIKEX_PARAMETER_SIZE];
	char text[INET6_ADDRSTRLEN];

	DBG1(DBG_IKE, "segue: telling the peer: %s address %s",
		 role_name(parameter->role), segue_addr_text(&parameter->addr, text));
	message->add_notify(message, FALSE, IP_PARAMETER,
						mobikex_parameter_encode(parameter, buffer));
}

static bool has_role(const mobikex_owed_t *owed, enum mobikex_role role)
{
	u_int i;

	for (i = 0; i < owed->count; i++)
	{
		if (owed->parameter[i].role == role)
		{
			return TRUE;
		}
	}
	return FALSE;
}

static void add_operations(ike_sa_t *ike_sa, message_t *message,
						   const mobikex_owed_t *owed)
{
	u_int i;

	if (has_role(owed, MOBIKEX_ROLE_ADDED))
	{
		message->add_notify(message, FALSE, ADD_SA_ADDRESS, chunk_empty);
		tell(ike_sa, SEGUE_REASON_TOLD_ADD);
	}
	if (has_role(owed, MOBIKEX_ROLE_REMOVED))
	{
		message->add_notify(message, FALSE, REMOVE_SA_ADDRESS, chunk_empty);
		tell(ike_sa, SEGUE_REASON_TOLD_REMOVE);
	}
	for (i = 0; i < owed->count; i++)
	{
		add_parameter(message, &owed->parameter[i]);
	}
}

static void owed_by(ike_sa_t *ike_sa, mobikex_owed_t *owed)
{
	mobikex_session_t *session;

	owed->count = 0;
	mobikex->lock->lock(mobikex->lock);
	session = session_of(ike_sa);
	if (session && understands(session->ike))
	{
		mobikex_told_owed(session, TRUE, owed);
	}
	mobikex->lock->unlock(mobikex->lock);
}

METHOD(task_t, build, status_t,
	private_task_t *this, message_t *message)
{
	owed_by(this->public.ike_sa, &this->owed);
	if (!this->owed.count)
	{	/* an update took it along, or it is as it was before */
		message->set_exchange_type(message, EXCHANGE_TYPE_UNDEFINED);
		return SUCCESS;
	}
	add_operations(this->public.ike_sa, message, &this->owed);
	mobikex_push_later(this->public.ike_sa, message->get_message_id(message));
	return NEED_MORE;
}

METHOD(task_t, process, status_t,
	private_task_t *this, message_t *message)
{
	mobikex_announce_answered(this->public.ike_sa, message, &this->owed, FALSE);
	return SUCCESS;
}

static task_t *announce_create(ike_sa_t *ike_sa)
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

bool mobikex_announce_owed(mobikex_session_t *session)
{
	mobikex_owed_t owed = {};

	if (session->state == MOBIKEX_PINNED && session->published)
	{
		mobikex_told_owed(session, understands(session->ike), &owed);
	}
	return owed.count != 0;
}

/**
 * Only when the path in use can carry it: else a handover comes first.
 */
static bool ready(ike_sa_t *ike_sa, bool waited, mobikex_owed_t *owed,
				  bool *understood, int *wait)
{
	mobikex_session_t *session;
	bool live = FALSE;

	*wait = 0;

	owed->count = 0;
	mobikex->lock->lock(mobikex->lock);
	session = session_of(ike_sa);
	if (session)
	{
		*understood = understands(session->ike);
		mobikex_told_owed(session, *understood, owed);
		live = mobikex_path_live(session, mobikex_path_active(session));
		if (live && !*understood)
		{
			*wait = mobikex_told_list_due(session, owed, waited);
		}
	}
	mobikex->lock->unlock(mobikex->lock);
	return live && owed->count && *wait >= 0;
}

status_t mobikex_announce(ike_sa_t *ike_sa, uint32_t data)
{
	mobikex_owed_t owed;
	bool understood = FALSE;
	int wait;

	if (ike_sa->get_state(ike_sa) != IKE_ESTABLISHED || queued(ike_sa))
	{
		if (data == WAITED)
		{
			mobikex_job_queue(ike_sa->get_unique_id(ike_sa), mobikex_announce,
							  WAITED, mobikex->check_delay);
		}
		return SUCCESS;
	}
	if (!ready(ike_sa, data == WAITED, &owed, &understood, &wait))
	{
		return SUCCESS;
	}
	if (wait)
	{
		mobikex_job_queue(ike_sa->get_unique_id(ike_sa), mobikex_announce, WAITED,
						  wait);
		return SUCCESS;
	}
	if (!understood)
	{
		return mobikex_roam(ike_sa);
	}
	ike_sa->queue_task(ike_sa, announce_create(ike_sa));
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

/**
 * The addresses of a list of RFC 4555 in this message
 *
 * @return			FALSE if it has none
 */
static bool read_list(message_t *message, linked_list_t *addrs)
{
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;
	struct segue_addr *addr;
	chunk_t data;
	host_t *host;
	bool list = FALSE;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		notify = (notify_payload_t*)payload;
		if (payload->get_type(payload) != PLV2_NOTIFY)
		{
			continue;
		}
		data = notify->get_notification_data(notify);
		switch (notify->get_notify_type(notify))
		{
			case ADDITIONAL_IP4_ADDRESS:
			case ADDITIONAL_IP6_ADDRESS:
				host = host_create_from_chunk(AF_UNSPEC, data, 0);
				if (host)
				{
					addr = malloc_thing(struct segue_addr);
					*addr = mobikex_addr(host);
					addrs->insert_last(addrs, addr);
					host->destroy(host);
				}
				list = TRUE;
				break;
			case NO_ADDITIONAL_ADDRESSES:
				list = TRUE;
				break;
			default:
				break;
		}
	}
	enumerator->destroy(enumerator);
	return list;
}

void mobikex_announce_sent(ike_sa_t *ike_sa, message_t *message)
{
	linked_list_t *addrs = linked_list_create();

	if (read_list(message, addrs))
	{
		mobikex_told_list(ike_sa->get_unique_id(ike_sa),
						  message->get_source(message), addrs);
	}
	addrs->destroy_function(addrs, free);
}

/**
 * As with ADD_SA_ADDRESS: in the order of the devices
 */
static uint16_t preference_of(ike_sa_t *ike_sa, const struct segue_addr *addr)
{
	mobikex_session_t *session;
	mobikex_link_t *link;
	uint16_t preference = 0;

	mobikex->lock->lock(mobikex->lock);
	session = session_of(ike_sa);
	link = mobikex_link_of(addr);
	if (session && link)
	{
		preference = mobikex_role_preference(session, link);
	}
	mobikex->lock->unlock(mobikex->lock);
	return preference;
}

void mobikex_announce_update(ike_sa_t *ike_sa, message_t *message,
							 mobikex_owed_t *owed)
{
	mobikex_parameter_t old = { .role = MOBIKEX_ROLE_OLD, .named = TRUE };
	mobikex_parameter_t new = { .role = MOBIKEX_ROLE_NEW, .named = TRUE };
	mobikex_session_t *session;
	bool understood = FALSE;

	owed->count = 0;
	mobikex->lock->lock(mobikex->lock);
	session = session_of(ike_sa);
	if (session && understands(session->ike))
	{
		understood = TRUE;
		old.named = mobikex_told_in_use(session, &old.addr);
		mobikex_told_owed(session, TRUE, owed);
		/* room for the other two */
		owed->count = min(owed->count, MOBIKEX_MAX_PARAMETERS - 2);
	}
	mobikex->lock->unlock(mobikex->lock);
	tell(ike_sa, SEGUE_REASON_TOLD_UPDATE);
	if (understood)
	{
		new.addr = mobikex_addr(message->get_source(message));
		new.preference = preference_of(ike_sa, &new.addr);
		if (old.named)
		{
			add_parameter(message, &old);
		}
		add_parameter(message, &new);
		add_operations(ike_sa, message, owed);
	}
}

static void tell_refused(chunk_t data)
{
	enum mobikex_refusal reason;
	mobikex_refused_t refused;
	char text[INET6_ADDRSTRLEN] = "address";

	reason = mobikex_refused_parse(data, &refused);
	if (reason)
	{
		DBG1(DBG_IKE, "segue: OPERATION_REFUSED of %zu octets ignored: %s",
			 data.len, mobikex_refusal_name(reason));
		return;
	}
	if (refused.named)
	{
		segue_addr_text(&refused.addr, text);
	}
	DBG1(DBG_IKE, "segue: the peer refuses: %s %s: %s", role_name(refused.role),
		 text, mobikex_refusal_name(refused.reason));
}

/**
 * It is still owed, and told again when the window is free: now.
 */
static bool told_again(ike_sa_t *ike_sa)
{
	mobikex_session_t *session;
	bool again;

	mobikex->lock->lock(mobikex->lock);
	session = session_of(ike_sa);
	again = session && mobikex_nonat_again(session);
	if (again)
	{
		mobikex_follow_queue(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	return again;
}

void mobikex_announce_answered(ike_sa_t *ike_sa, message_t *message,
							   const mobikex_owed_t *owed, bool moved)
{
	mobikex_session_t *session;
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;
	bool refused = message->get_notify(message, UNACCEPTABLE_ADDRESSES) != NULL;

	if (message->get_notify(message, UNEXPECTED_NAT_DETECTED) &&
		told_again(ike_sa))
	{
		return;
	}
	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		notify = (notify_payload_t*)payload;
		if (payload->get_type(payload) == PLV2_NOTIFY &&
			(int)notify->get_notify_type(notify) == OPERATION_REFUSED)
		{
			tell_refused(notify->get_notification_data(notify));
			refused = TRUE;
		}
	}
	enumerator->destroy(enumerator);
	if (refused)
	{
		tell(ike_sa, SEGUE_REASON_PEER_REFUSED);
	}
	mobikex->lock->lock(mobikex->lock);
	session = session_of(ike_sa);
	if (session)
	{
		mobikex_told_done(session, owed);
		if (moved)
		{
			session->natted = 0;
			mobikex_told_uses(session, ike_sa->get_my_host(ike_sa));
		}
		mobikex_view_update(session);
		if (moved)
		{	/* last: who waits for it looks at the view then */
			mobikex_event(session->id, SEGUE_EVENT_EXCHANGE,
						  SEGUE_REASON_PEER_FOLLOWED);
		}
	}
	mobikex->lock->unlock(mobikex->lock);
}
