/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_nonat.h"

#include <arpa/inet.h>
#include <encoding/payloads/notify_payload.h>
#include <segue/mobikex.h>

static bool is_wanted(const char *connection)
{
	bool nat = lib->settings->get_bool(lib->settings, "%s.plugins.mobikex.nat",
									   TRUE, lib->ns);

	return !lib->settings->get_bool(lib->settings,
									"%s.plugins.mobikex.connections.%s.nat", nat,
									lib->ns, connection);
}

/**
 * RFC 4555 3.9: the first request of IKE_AUTH, and whatever can change addresses
 */
static bool is_concerned(message_t *message)
{
	static const int types[] = {
		UPDATE_SA_ADDRESSES, ADDITIONAL_IP4_ADDRESS, ADDITIONAL_IP6_ADDRESS,
		NO_ADDITIONAL_ADDRESSES, ADD_SA_ADDRESS, REMOVE_SA_ADDRESS,
	};
	int i;

	if (!message->get_request(message))
	{
		return FALSE;
	}
	if (message->get_exchange_type(message) == IKE_AUTH)
	{
		return message->get_notify(message, MOBIKE_SUPPORTED) != NULL;
	}
	for (i = 0; i < countof(types); i++)
	{
		if (message->get_notify(message, types[i]))
		{
			return message->get_exchange_type(message) == INFORMATIONAL;
		}
	}
	return FALSE;
}

void mobikex_nonat_add(ike_sa_t *ike_sa, message_t *message)
{
	host_t *source = message->get_source(message);
	host_t *destination = message->get_destination(message);
	uint16_t from, to;

	if (!is_concerned(message) || message->get_notify(message, NO_NATS_ALLOWED) ||
		!is_wanted(ike_sa->get_name(ike_sa)))
	{
		return;
	}
	/* RFC 4555 4.2.6: both addresses, then both ports */
	from = htons(source->get_port(source));
	to = htons(destination->get_port(destination));
	message->add_notify(message, FALSE, NO_NATS_ALLOWED,
						chunk_cata("cccc", source->get_address(source),
								   destination->get_address(destination),
								   chunk_from_thing(from), chunk_from_thing(to)));
}

bool mobikex_nonat_again(mobikex_session_t *session)
{
	DBG1(DBG_IKE, "segue: session %s[%u]: the peer sees a NAT, where there is to be "
		 "none", session->name, session->id);
	mobikex_event(session->id, SEGUE_EVENT_EXCHANGE, SEGUE_REASON_PEER_REFUSED);
	if (session->natted >= MOBIKEX_NONAT_TRIES)
	{
		session->natted = 0;
		return FALSE;
	}
	session->natted++;
	return TRUE;
}
