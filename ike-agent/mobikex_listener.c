/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_listener.h"
#include "mobikex_announce.h"
#include "mobikex_check.h"
#include "mobikex_child.h"
#include "mobikex_handover.h"
#include "mobikex_hello.h"
#include "mobikex_judge.h"
#include "mobikex_moved.h"
#include "mobikex_named.h"
#include "mobikex_natd.h"
#include "mobikex_nonat.h"
#include "mobikex_notify.h"
#include "mobikex_operation.h"
#include "mobikex_orphan.h"
#include "mobikex_push.h"
#include "mobikex_probe.h"
#include "mobikex_session.h"
#include "mobikex_told.h"
#include "mobikex_view.h"

#include <encoding/payloads/notify_payload.h>

/** Packets; what charon.replay_window is if it is not set (child_cfg.c) */
#define REPLAY_WINDOW 32

typedef struct private_mobikex_listener_t private_mobikex_listener_t;

struct private_mobikex_listener_t {

	/**
	 * Public interface
	 */
	mobikex_listener_t public;
};

/**
 * A CHILD_SA's own replay_window is asked for nothing here: its default is this.
 */
static uint16_t capabilities(ike_sa_t *ike_sa)
{
	int window = lib->settings->get_int(lib->settings, "%s.replay_window",
										REPLAY_WINDOW, lib->ns);

	return MOBIKEX_RESTORES | MOBIKEX_INTERFACES | MOBIKEX_CHILDREN | MOBIKEX_PROBES |
		   (window >= MOBIKEX_COPIES_WINDOW ? MOBIKEX_COPIES : 0) |
		   (mobikex_moved_setting(ike_sa->get_name(ike_sa)) ? MOBIKEX_MOVES : 0);
}

/**
 * We say it where charon says MOBIKE_SUPPORTED, as responder only if asked.
 */
static void say_hello(ike_sa_t *ike_sa, message_t *message)
{
	struct mobikex_supported supported = mobikex_supported_make(
														capabilities(ike_sa));
	mobikex_hello_t *hello;

	if (!message->get_notify(message, MOBIKE_SUPPORTED) ||
		!mobikex_agent_attach())
	{
		return;
	}
	hello = mobikex_hello_find(ike_sa->get_unique_id(ike_sa));
	if (message->get_request(message) || (hello && hello->supported))
	{
		mobikex->offered = ntohs(supported.capabilities);
		message->add_notify(message, FALSE, MOBIKEX_SUPPORTED,
							chunk_from_thing(supported));
	}
}

/**
 * Look for what concerns us in a message of the peer.
 *
 * @return			TRUE if it changes the peer's address list
 */
static bool read_notifies(ike_sa_t *ike_sa, message_t *message)
{
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;
	bool auth = message->get_exchange_type(message) == IKE_AUTH, list = FALSE;
	chunk_t data;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		if (payload->get_type(payload) != PLV2_NOTIFY)
		{
			continue;
		}
		notify = (notify_payload_t*)payload;
		data = notify->get_notification_data(notify);
		switch ((int)notify->get_notify_type(notify))
		{
			case MOBIKEX_SUPPORTED:
				if (auth)
				{
					mobikex_hello_supported(ike_sa->get_unique_id(ike_sa), data);
				}
				break;
			case ADDITIONAL_IP4_ADDRESS:
			case ADDITIONAL_IP6_ADDRESS:
			case NO_ADDITIONAL_ADDRESSES:
				list = TRUE;
				break;
			case COOKIE2:
				if (!mobikex_cookie2_valid(data))
				{
					DBG1(DBG_IKE, "segue: the peer sent a COOKIE2 of %zu octets",
						 data.len);
					/* RFC 4555 4.2.5; charon would send it back */
					notify->set_notify_type(notify, MOBIKEX_SUPPORTED);
				}
				else if (message->get_request(message))
				{
					mobikex_told_asked(ike_sa->get_unique_id(ike_sa),
									   message->get_destination(message));
				}
				break;
			default:
				break;
		}
	}
	enumerator->destroy(enumerator);
	return list && !auth;
}

/**
 * RFC 4555 3.9: such an IKE_SA does not come to be.  charon then says that
 * authentication failed (authorize()), and we say why.
 */
static void judge_auth(uint32_t ike, message_t *message)
{
	if (message->get_exchange_type(message) == IKE_AUTH && mobikex_judge_nat(message))
	{
		mobikex_hello_natted(ike);
		mobikex_event(0, SEGUE_EVENT_REFUSAL, SEGUE_REASON_NAT);
	}
}

static bool is_natted(ike_sa_t *ike_sa)
{
	mobikex_hello_t *hello = mobikex_hello_find(ike_sa->get_unique_id(ike_sa));

	return hello && hello->natted;
}

static void tell_natted(ike_sa_t *ike_sa, message_t *message)
{
	if (!message->get_request(message) && is_natted(ike_sa))
	{
		message->add_notify(message, FALSE, UNEXPECTED_NAT_DETECTED, chunk_empty);
	}
}

static void incoming_plain(ike_sa_t *ike_sa, message_t *message)
{
	mobikex_session_t *session;
	uint32_t ike = ike_sa->get_unique_id(ike_sa);

	if (message->get_request(message) &&
		(message->get_exchange_type(message) == IKE_SA_INIT ||
		 message->get_exchange_type(message) == IKE_AUTH))
	{
		mobikex_hello_source(ike, message);
		judge_auth(ike, message);
	}
	if (message->get_request(message) &&
		message->get_exchange_type(message) == INFORMATIONAL)
	{
		mobikex_operation_request(ike_sa, message);
	}
	session = mobikex_session_by_ike(ike);
	if (session)
	{
		mobikex_moved_incoming(session, message);
	}
	if (session && message->get_request(message))
	{
		mobikex_natd_filter(session, ike_sa, message);
	}
	if (read_notifies(ike_sa, message))
	{
		mobikex_job_queue(ike, mobikex_check_refresh, 0, 0);
		return;
	}
	if (!session || message->get_request(message))
	{
		return;
	}
	/* the window is free */
	if (session->pending || mobikex_announce_owed(session) ||
		mobikex_named_owed(session))
	{
		mobikex_follow_queue(session);
	}
	else if (mobikex_check_waiting(session))
	{
		mobikex_job_queue(ike, mobikex_check_next, 0, 0);
	}
}

static void outgoing_plain(ike_sa_t *ike_sa, message_t *message)
{
	mobikex_session_t *session;

	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session)
	{
		mobikex_moved_outgoing(session, ike_sa, message);
	}
	switch (message->get_exchange_type(message))
	{
		case IKE_AUTH:
			say_hello(ike_sa, message);
			mobikex_announce_sent(ike_sa, message);
			mobikex_nonat_add(ike_sa, message);
			tell_natted(ike_sa, message);
			break;
		case INFORMATIONAL:
			mobikex_announce_sent(ike_sa, message);
			mobikex_nonat_add(ike_sa, message);
			if (!message->get_request(message))
			{
				mobikex_operation_response(ike_sa, message);
			}
			break;
		default:
			break;
	}
}

/**
 * Keep the request, to send it again when its path is gone.
 */
static void outgoing_encoded(ike_sa_t *ike_sa, message_t *message)
{
	mobikex_session_t *session;

	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	if (session && message->get_request(message))
	{
		mobikex_push_sent(session, message);
		mobikex_follow_astray(session);
	}
}

METHOD(listener_t, message_hook, bool,
	private_mobikex_listener_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	mobikex_session_t *session;

	if (!ike_sa || ike_sa->get_version(ike_sa) != IKEV2)
	{
		return TRUE;
	}
	mobikex->lock->lock(mobikex->lock);
	if (plain && incoming)
	{
		incoming_plain(ike_sa, message);
	}
	else if (plain)
	{
		outgoing_plain(ike_sa, message);
	}
	else if (!incoming)
	{
		outgoing_encoded(ike_sa, message);
	}
	session = plain ? mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa)) : NULL;
	if (session)
	{
		mobikex_view_update(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	return TRUE;
}

/**
 * charon repeats a request by the pair that the IKE_SA has now, wherever it went at first.
 */
METHOD(listener_t, alert, bool,
	private_mobikex_listener_t *this, ike_sa_t *ike_sa, alert_t alert, va_list args)
{
	if (alert == ALERT_RETRANSMIT_SEND && ike_sa)
	{
		mobikex_push_repeated(ike_sa);
	}
	return TRUE;
}

METHOD(listener_t, authorize, bool,
	private_mobikex_listener_t *this, ike_sa_t *ike_sa, bool final, bool *success)
{
	mobikex->lock->lock(mobikex->lock);
	if (is_natted(ike_sa))
	{
		DBG1(DBG_IKE, "segue: there is a NAT before %#H, where the peer wants none",
			 ike_sa->get_other_host(ike_sa));
		*success = FALSE;
	}
	mobikex->lock->unlock(mobikex->lock);
	return TRUE;
}

METHOD(listener_t, ike_updown, bool,
	private_mobikex_listener_t *this, ike_sa_t *ike_sa, bool up)
{
	if (up && ike_sa->get_version(ike_sa) == IKEV2)
	{
		mobikex->lock->lock(mobikex->lock);
		mobikex_probe_start(ike_sa);
		mobikex->lock->unlock(mobikex->lock);
		mobikex_job_queue(ike_sa->get_unique_id(ike_sa), mobikex_orphans_adopt,
						  0, 0);
		mobikex_job_queue(ike_sa->get_unique_id(ike_sa), mobikex_check_refresh,
						  0, 0);
		/* what did not fit into charon's list */
		mobikex_job_queue(ike_sa->get_unique_id(ike_sa), mobikex_announce, 0, 0);
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_mobikex_listener_t *this, ike_sa_t *old, ike_sa_t *new)
{
	mobikex_session_t *session;
	mobikex_hello_t *hello;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(old->get_unique_id(old));
	if (session)
	{
		mobikex_session_rekey(session, new);
		session->queued = session->checking = session->trying = FALSE;
		session->failback = session->holding = session->leave_at = 0;
		mobikex_children_rekeyed(session);
		mobikex_check_rekeyed(session);
		mobikex_moved_rekeyed(session);
		mobikex_follow_queue(session);
		mobikex_job_queue(session->ike, mobikex_check_next, 0, 0);
	}
	hello = mobikex_hello_find(old->get_unique_id(old));
	if (hello)
	{
		hello->ike = new->get_unique_id(new);
	}
	mobikex_probe_rekeyed(old->get_unique_id(old), new);
	mobikex_told_rekeyed(old->get_unique_id(old), new->get_unique_id(new));
	mobikex_operation_rekeyed(old->get_unique_id(old), new->get_unique_id(new));
	mobikex->lock->unlock(mobikex->lock);
	return TRUE;
}

METHOD(listener_t, ike_update, bool,
	private_mobikex_listener_t *this, ike_sa_t *ike_sa, host_t *local,
	host_t *remote)
{
	mobikex_handover_by_ike(ike_sa, local, remote);
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_mobikex_listener_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	mobikex_session_t *session;

	if (state == IKE_DESTROYING)
	{
		mobikex->lock->lock(mobikex->lock);
		mobikex_hello_forget(ike_sa->get_unique_id(ike_sa));
		mobikex_probe_forget(ike_sa->get_unique_id(ike_sa));
		mobikex_told_forget(ike_sa->get_unique_id(ike_sa));
		mobikex_operation_forget(ike_sa->get_unique_id(ike_sa));
		session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
		if (session)
		{
			mobikex_session_close(session);
		}
		mobikex->lock->unlock(mobikex->lock);
	}
	return TRUE;
}

METHOD(mobikex_listener_t, destroy, void,
	private_mobikex_listener_t *this)
{
	free(this);
}

mobikex_listener_t *mobikex_listener_create(void)
{
	private_mobikex_listener_t *this;

	INIT(this,
		.public = {
			.listener = {
				.alert = _alert,
				.message = _message_hook,
				.authorize = _authorize,
				.ike_updown = _ike_updown,
				.ike_rekey = _ike_rekey,
				.ike_update = _ike_update,
				.ike_state_change = _ike_state_change,
			},
			.destroy = _destroy,
		},
	);
	return &this->public;
}
