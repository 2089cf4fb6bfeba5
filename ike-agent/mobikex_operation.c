/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_operation.h"
#include "mobikex_check.h"
#include "mobikex_child.h"
#include "mobikex_copy.h"
#include "mobikex_hello.h"
#include "mobikex_host.h"
#include "mobikex_judge.h"
#include "mobikex_path.h"
#include "mobikex_peer.h"

#include <string.h>
#include <arpa/inet.h>
#include <encoding/payloads/notify_payload.h>

#define MINUTE 60000000000ULL	/* ns */

typedef struct {
	uint32_t ike;
	/** There is a request to respond to */
	bool waiting;
	uint32_t mid;
	/** Where it came from */
	host_t *source;
	mobikex_request_t request;
	/** UNACCEPTABLE_ADDRESSES or UNEXPECTED_NAT_DETECTED, if it changes nothing */
	notify_type_t error;
	/** New addresses, and since when they are counted */
	u_int adds;
	uint64_t since;
} record_t;

/** record_t, one for each IKE_SA that ever was asked for something */
static linked_list_t *records;

static record_t *record_find(uint32_t ike)
{
	return mobikex_by_ike(records, ike);
}

static record_t *record_get(uint32_t ike)
{
	record_t *record = record_find(ike);

	if (!record)
	{
		INIT(record,
			.ike = ike,
		);
		if (!records)
		{
			records = linked_list_create();
		}
		records->insert_last(records, record);
	}
	return record;
}

void mobikex_operation_rekeyed(uint32_t old, uint32_t ike)
{
	record_t *record = record_find(old);

	if (record)
	{
		mobikex_operation_forget(ike);
		record->ike = ike;
		record->waiting = FALSE;
	}
}

void mobikex_operation_forget(uint32_t ike)
{
	record_t *record = record_find(ike);

	if (!record)
	{
		return;
	}
	records->remove(records, record, NULL);
	DESTROY_IF(record->source);
	free(record);
	if (!records->get_count(records))
	{
		records->destroy(records);
		records = NULL;
	}
}

static mobikex_session_t *session_of(ike_sa_t *ike_sa)
{
	mobikex_session_t *session;

	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	return session && session->state == MOBIKEX_PINNED ? session : NULL;
}

/**
 * A parameter for what is left out: the source of the packet
 */
static mobikex_parameter_t from_header(enum mobikex_role role, host_t *source)
{
	return (mobikex_parameter_t){
		.role = role,
		.addr = mobikex_addr(source),
	};
}

/**
 * charon's ike_mobike then answers COOKIE2, and moves nothing.  Nor does it learn of
 * a NAT: that would be one on the way to where the SAs do not go.
 */
static void hide(message_t *message, bool lists)
{
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		notify = (notify_payload_t*)payload;
		if (payload->get_type(payload) != PLV2_NOTIFY)
		{
			continue;
		}
		switch (notify->get_notify_type(notify))
		{
			case ADDITIONAL_IP4_ADDRESS:
			case ADDITIONAL_IP6_ADDRESS:
			case NO_ADDITIONAL_ADDRESSES:
				if (!lists)
				{
					break;
				}
				/* fall through */
			case UPDATE_SA_ADDRESSES:
			case NAT_DETECTION_SOURCE_IP:
			case NAT_DETECTION_DESTINATION_IP:
				notify->set_notify_type(notify, MOBIKEX_SUPPORTED);
				break;
			default:
				break;
		}
	}
	enumerator->destroy(enumerator);
}

static void read_request(message_t *message, bool extended,
						 mobikex_request_t *request)
{
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;
	uint16_t type;

	memset(request, 0, sizeof(*request));
	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		if (payload->get_type(payload) == PLV2_NOTIFY)
		{
			notify = (notify_payload_t*)payload;
			type = notify->get_notify_type(notify);
			if (extended || type == UPDATE_SA_ADDRESSES)
			{
				mobikex_request_notify(request, type,
									   notify->get_notification_data(notify));
			}
		}
	}
	enumerator->destroy(enumerator);
	mobikex_request_close(request);
}

/**
 * The update that is for some CHILD_SAs only, NULL: it is for all
 */
static const mobikex_parameter_t *named(const mobikex_request_t *request)
{
	u_int i;

	for (i = 0; request->update && i < request->count; i++)
	{
		if (request->parameter[i].role == MOBIKEX_ROLE_NEW &&
			request->parameter[i].spis)
		{
			return &request->parameter[i];
		}
	}
	return NULL;
}

static void expect_response(record_t *record, message_t *message,
							notify_type_t error, const mobikex_request_t *request)
{
	host_t *source = message->get_source(message);

	DESTROY_IF(record->source);
	record->source = source->clone(source);
	record->request = *request;
	record->error = error;
	record->mid = message->get_message_id(message);
	record->waiting = TRUE;
}

/**
 * Each new address costs checks: there is a measure.
 */
static bool too_often(record_t *record)
{
	uint64_t now = mobikex_now();

	if (now - record->since > MINUTE)
	{
		record->since = now;
		record->adds = 0;
	}
	return record->adds++ >= MOBIKEX_ADDS_PER_MINUTE;
}

/**
 * An update of everything, from where the peer has not been: as if it were added.
 */
static bool moves_too_often(mobikex_session_t *session, message_t *message,
							record_t *record, mobikex_request_t *request)
{
	mobikex_parameter_t source = from_header(MOBIKEX_ROLE_NEW,
											 message->get_source(message));

	if (!request->update || named(request) ||
		mobikex_peer_find(session, message->get_source(message)) ||
		!too_often(record))
	{
		return FALSE;
	}
	mobikex_request_refuse(request, MOBIKEX_TOO_OFTEN, &source);
	return TRUE;
}

void mobikex_operation_request(ike_sa_t *ike_sa, message_t *message)
{
	uint32_t ike = ike_sa->get_unique_id(ike_sa);
	mobikex_hello_t *hello = mobikex_hello_find(ike);
	mobikex_session_t *session = session_of(ike_sa);
	mobikex_request_t request = {};
	notify_type_t error = 0;

	if (!session || ike_sa->get_state(ike_sa) == IKE_REKEYED)
	{
		return;
	}
	if (mobikex_judge_nat(message))
	{
		hide(message, TRUE);
		expect_response(record_get(ike), message, UNEXPECTED_NAT_DETECTED, &request);
		return;
	}
	read_request(message, hello && hello->supported, &request);
	if (!request.update && !mobikex_request_extended(&request))
	{
		return;
	}
	if (request.update &&
		(!mobikex_judge_update(ike_sa, session, message, &request) ||
		 moves_too_often(session, message, record_get(ike), &request)))
	{
		error = UNACCEPTABLE_ADDRESSES;
		hide(message, FALSE);
	}
	else if (named(&request))
	{	/* charon knows of no move but that of everything */
		hide(message, FALSE);
	}
	expect_response(record_get(ike), message, error, &request);
}

/* --------------------------------------------------------- the response */

/**
 * In charon's own list, too: a list of RFC 4555 or a look at it must not undo this.
 */
static void list_change(ike_sa_t *ike_sa, host_t *host, bool add)
{
	linked_list_t *hosts = linked_list_create();
	enumerator_t *enumerator;
	host_t *current;

	enumerator = ike_sa->create_peer_address_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (!current->ip_equals(current, host))
		{
			hosts->insert_last(hosts, current->clone(current));
		}
	}
	enumerator->destroy(enumerator);
	ike_sa->clear_peer_addresses(ike_sa);
	while (hosts->remove_first(hosts, (void**)&current) == SUCCESS)
	{
		ike_sa->add_peer_address(ike_sa, current);
	}
	hosts->destroy(hosts);
	if (add)
	{
		ike_sa->add_peer_address(ike_sa, host->clone(host));
	}
}

/**
 * The port a NAT gave belongs to the address it was seen with.
 */
static host_t *host_of(ike_sa_t *ike_sa, record_t *record,
					   const mobikex_parameter_t *parameter)
{
	host_t *other = ike_sa->get_other_host(ike_sa);
	uint16_t port = other->get_port(other);

	if (!parameter->named)
	{
		port = record->source->get_port(record->source);
	}
	else if (port != IKEV2_UDP_PORT)
	{
		port = IKEV2_NATT_PORT;
	}
	return mobikex_host(&parameter->addr, port);
}

static enum mobikex_refusal add(ike_sa_t *ike_sa, mobikex_session_t *session,
					record_t *record, const mobikex_parameter_t *parameter)
{
	enum mobikex_refusal reason;
	mobikex_peer_t *peer;
	host_t *host;

	reason = mobikex_judge_address(session, &parameter->addr);
	if (reason)
	{
		return reason;
	}
	host = host_of(ike_sa, record, parameter);
	peer = mobikex_peer_find(session, host);
	if (!peer && session->peers->get_count(session->peers) >= MOBIKEX_MAX_ADDRESSES)
	{
		reason = MOBIKEX_TOO_MANY_ADDRESSES;
	}
	else if ((!peer || !peer->verified) && too_often(record))
	{
		reason = MOBIKEX_TOO_OFTEN;
	}
	else if (!peer)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: the peer added %H", session->name,
			 session->id, host);
		peer = mobikex_peer_add(session, host, FALSE);
		list_change(ike_sa, host, TRUE);
	}
	else if (!peer->listed)
	{	/* removed, but still kept */
		peer->listed = TRUE;
		list_change(ike_sa, host, TRUE);
	}
	else if (!peer->verified && peer->tries >= mobikex->check_tries)
	{	/* told again: worth another try */
		peer->tries = 0;
		peer->due = 0;
	}
	if (!reason)
	{
		peer->preference = parameter->preference;
	}
	host->destroy(host);
	return reason;
}

static enum mobikex_refusal take(ike_sa_t *ike_sa, mobikex_session_t *session,
								 const mobikex_parameter_t *parameter)
{
	enum mobikex_refusal reason = MOBIKEX_NOT_REFUSED;
	mobikex_peer_t *peer;
	host_t *host;

	host = mobikex_host(&parameter->addr, 0);
	peer = mobikex_peer_find(session, host);
	if (!peer)
	{
		reason = MOBIKEX_UNKNOWN_ADDRESS;
	}
	else if (host->ip_equals(host, session->other))
	{	/* so the last one never goes */
		reason = MOBIKEX_IN_USE;
	}
	else
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: the peer removed %H", session->name,
			 session->id, host);
		list_change(ike_sa, host, FALSE);
		peer->listed = FALSE;
	}
	host->destroy(host);
	return reason;
}

static void perform(ike_sa_t *ike_sa, mobikex_session_t *session, record_t *record,
					const mobikex_parameter_t *parameter)
{
	mobikex_parameter_t whole = *parameter;
	enum mobikex_refusal reason;

	if (!whole.named)
	{
		whole.addr = mobikex_addr(record->source);
	}
	reason = mobikex_judge_spis(ike_sa, &whole);
	if (!reason)
	{
		reason = whole.role == MOBIKEX_ROLE_ADDED ?
						add(ike_sa, session, record, &whole) :
						take(ike_sa, session, &whole);
	}
	if (reason)
	{
		mobikex_request_refuse(&record->request, reason, parameter);
	}
}

/**
 * The SPIs may have gone since they were judged: so may have the CHILD_SAs.
 */
static void move_named(ike_sa_t *ike_sa, mobikex_session_t *session,
					   record_t *record)
{
	const mobikex_parameter_t *parameter = named(&record->request);
	uint8_t number;
	u_int i;

	if (record->error || !parameter)
	{
		return;
	}
	for (i = 0; i < parameter->spis; i++)
	{
		number = mobikex_judge_child(ike_sa, session, parameter->spi[i]);
		if (number)
		{
			mobikex_child_named(session, number,
								parameter->named ? &parameter->addr : NULL);
		}
	}
}

/**
 * An operation without a parameter means the source of the packet, if there really
 * was none.
 */
static void perform_all(ike_sa_t *ike_sa, mobikex_session_t *session,
						record_t *record, bool operation, enum mobikex_role role,
						bool complete)
{
	mobikex_request_t *request = &record->request;
	mobikex_parameter_t source = from_header(role, record->source);
	bool found = FALSE;
	u_int i;

	for (i = 0; i < request->count; i++)
	{
		if (request->parameter[i].role == role)
		{
			perform(ike_sa, session, record, &request->parameter[i]);
			found = TRUE;
		}
	}
	if (operation && complete && !found)
	{
		perform(ike_sa, session, record, &source);
	}
}

static void tell_request(mobikex_session_t *session, const mobikex_request_t *request)
{
	if (request->update)
	{
		mobikex_event(session->id, SEGUE_EVENT_EXCHANGE, SEGUE_REASON_PEER_UPDATE);
	}
	if (request->add)
	{
		mobikex_event(session->id, SEGUE_EVENT_EXCHANGE, SEGUE_REASON_PEER_ADD);
	}
	if (request->remove)
	{
		mobikex_event(session->id, SEGUE_EVENT_EXCHANGE, SEGUE_REASON_PEER_REMOVE);
	}
}

static void tell_refused(mobikex_session_t *session, message_t *message,
						 const mobikex_refused_t *refused)
{
	uint8_t buffer[MOBIKEX_REFUSED_SIZE];
	char text[INET6_ADDRSTRLEN] = "an operation";

	if (refused->named)
	{
		segue_addr_text(&refused->addr, text);
	}
	DBG1(DBG_IKE, "segue: session %s[%u]: refused to the peer: %s: %s",
		 session->name, session->id, text, mobikex_refusal_name(refused->reason));
	mobikex_event(session->id, SEGUE_EVENT_REFUSAL,
				  SEGUE_REASON_OPERATION + refused->reason);
	message->add_notify(message, FALSE, OPERATION_REFUSED,
						mobikex_refused_encode(refused, buffer));
}

/**
 * How much the peer likes to be where it has gone
 */
static void note_preference(mobikex_session_t *session, record_t *record)
{
	mobikex_request_t *request = &record->request;
	mobikex_peer_t *peer = mobikex_peer_find(session, record->source);
	u_int i;

	for (i = 0; peer && i < request->count; i++)
	{
		/* with SPIs it tells of some CHILD_SAs, not of the peer */
		if (request->parameter[i].role == MOBIKEX_ROLE_NEW &&
			!request->parameter[i].spis)
		{
			peer->preference = request->parameter[i].preference;
		}
	}
}

void mobikex_operation_response(ike_sa_t *ike_sa, message_t *message)
{
	record_t *record = record_find(ike_sa->get_unique_id(ike_sa));
	mobikex_session_t *session = session_of(ike_sa);
	mobikex_request_t *request;
	bool complete;
	u_int i;

	if (!record || !session || !record->waiting ||
		record->mid != message->get_message_id(message))
	{
		return;
	}
	record->waiting = FALSE;
	request = &record->request;
	tell_request(session, request);
	complete = !request->refusals;
	move_named(ike_sa, session, record);
	perform_all(ike_sa, session, record, request->add, MOBIKEX_ROLE_ADDED, complete);
	perform_all(ike_sa, session, record, request->remove, MOBIKEX_ROLE_REMOVED,
				complete);
	if (record->error)
	{
		message->add_notify(message, FALSE, record->error, chunk_empty);
	}
	else if (request->update)
	{
		note_preference(session, record);
	}
	if (record->error == UNEXPECTED_NAT_DETECTED)
	{
		DBG1(DBG_IKE, "segue: session %s[%u]: there is a NAT before %#H, where the "
			 "peer wants none", session->name, session->id, record->source);
		mobikex_event(session->id, SEGUE_EVENT_REFUSAL, SEGUE_REASON_NAT);
	}
	for (i = 0; i < request->refusals; i++)
	{
		tell_refused(session, message, &request->refused[i]);
	}
	if (request->add || request->remove)
	{
		mobikex_peers_prune(session);
		mobikex_paths_update(session);
		mobikex_copy_update(session);
		mobikex_job_queue(session->ike, mobikex_check_next, 0, 0);
	}
}
