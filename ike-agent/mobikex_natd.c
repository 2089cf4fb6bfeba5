/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_natd.h"
#include "mobikex_host.h"
#include "mobikex_peer.h"

#include <string.h>
#include <encoding/payloads/notify_payload.h>

/**
 * The request was built to be sent from a verified address, and came from another.
 */
static bool is_elsewhere(mobikex_session_t *session, ike_sa_id_t *id,
						 chunk_t hash, host_t *source)
{
	enumerator_t *enumerator;
	mobikex_peer_t *peer;
	host_t *host;
	bool found = FALSE;

	if (mobikex_host_hashed(source, id, hash))
	{
		return FALSE;
	}
	enumerator = session->peers->create_enumerator(session->peers);
	while (!found && enumerator->enumerate(enumerator, &peer))
	{
		if (peer->verified && !peer->host->ip_equals(peer->host, source))
		{	/* the peer's own port is the same everywhere */
			host = peer->host->clone(peer->host);
			found = mobikex_host_hashed(host, id, hash);
			host->set_port(host, source->get_port(source));
			found = found || mobikex_host_hashed(host, id, hash);
			host->destroy(host);
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

static notify_type_t type_of(payload_t *payload)
{
	notify_payload_t *notify = (notify_payload_t*)payload;

	return payload->get_type(payload) == PLV2_NOTIFY ?
				notify->get_notify_type(notify) : 0;
}

static void remove_hashes(message_t *message)
{
	enumerator_t *enumerator;
	payload_t *payload;
	notify_type_t type;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		type = type_of(payload);
		if (type == NAT_DETECTION_SOURCE_IP ||
			type == NAT_DETECTION_DESTINATION_IP)
		{
			message->remove_payload_at(message, enumerator);
			payload->destroy(payload);
		}
	}
	enumerator->destroy(enumerator);
}

void mobikex_natd_filter(mobikex_session_t *session, ike_sa_t *ike_sa,
						 message_t *message)
{
	host_t *source = message->get_source(message);
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);
	notify_payload_t *notify;
	enumerator_t *enumerator;
	payload_t *payload;
	u_int hashes = 0, elsewhere = 0;

	if (!message->get_notify(message, UPDATE_SA_ADDRESSES))
	{
		return;
	}
	/* a host that does not know its own address sends several */
	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		if (type_of(payload) == NAT_DETECTION_SOURCE_IP)
		{
			notify = (notify_payload_t*)payload;
			hashes++;
			elsewhere += is_elsewhere(session, id,
								notify->get_notification_data(notify), source);
		}
	}
	enumerator->destroy(enumerator);
	if (hashes && hashes == elsewhere)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: request %u was made for another "
			 "path than %#H: no NAT", session->name, session->id,
			 message->get_message_id(message), source);
		remove_hashes(message);
	}
}
