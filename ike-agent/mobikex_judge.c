/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_judge.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_peer.h"

#include <arpa/inet.h>
#include <encoding/payloads/notify_payload.h>

CALLBACK(is_addr, int,
	const struct segue_addr *addr, const struct rtnl_addr *own)
{
	return segue_addr_equal(addr, &own->addr);
}

/**
 * Is there a route to it by this device, of that length at least?
 */
static bool leads_to(uint32_t device, const struct segue_addr *addr, u_int length)
{
	u_int ifindex = device, prefixlen;

	return device &&
		   !rtnl_route_match(mobikex->rtnl, addr, &ifindex, &prefixlen) &&
		   ifindex == device && prefixlen >= length;
}

/**
 * Does this host know it in a network behind a device that is not attached?  A route to
 * it by segue0 would take our own traffic away from whoever has it there.  The default
 * route, or halves of it, says nothing: the other way may be by policy.
 */
static bool elsewhere(const struct segue_addr *addr)
{
	enumerator_t *enumerator;
	mobikex_link_t *link;
	u_int ifindex = 0, prefixlen;
	bool found;

	if (!mobikex->device ||
		rtnl_route_match(mobikex->rtnl, addr, &ifindex, &prefixlen) ||
		prefixlen <= 1 || ifindex == mobikex->device)
	{
		return FALSE;
	}
	found = TRUE;
	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (found && enumerator->enumerate(enumerator, &link))
	{
		found = !leads_to(link->ifindex, addr, prefixlen);
	}
	enumerator->destroy(enumerator);
	return found;
}

enum mobikex_refusal mobikex_judge_address(mobikex_session_t *session,
											   const struct segue_addr *addr)
{
	struct segue_addr remote = mobikex_addr(session->remote);
	host_t *host;
	bool own;

	if (segue_addr_is_v4(addr) != segue_addr_is_v4(&remote))
	{
		return MOBIKEX_OTHER_FAMILY;
	}
	if (!mobikex_addr_plausible(addr))
	{
		return MOBIKEX_IMPOSSIBLE_ADDRESS;
	}
	host = mobikex_host(addr, 0);
	own = mobikex_host_known(session->locals, host) ||
		  rtnl_addrs(mobikex->rtnl, (void*)is_addr, (void*)addr) > 0;
	host->destroy(host);
	return own || elsewhere(addr) ? MOBIKEX_NOT_YOURS : MOBIKEX_NOT_REFUSED;
}

/**
 * By the SPI that the peer receives by; NULL: none of this IKE_SA
 */
static child_sa_t *child_by_spi(ike_sa_t *ike_sa, uint32_t spi)
{
	child_sa_t *child_sa, *found = NULL;
	enumerator_t *enumerator;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!found && enumerator->enumerate(enumerator, &child_sa))
	{
		found = child_sa->get_spi(child_sa, FALSE) == spi ? child_sa : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

uint8_t mobikex_judge_child(ike_sa_t *ike_sa, mobikex_session_t *session,
							uint32_t spi)
{
	child_sa_t *child_sa = child_by_spi(ike_sa, spi);
	uint32_t reqid = child_sa ? child_sa->get_reqid(child_sa) : 0;

	return reqid ? mobikex_child_of(session, reqid) : 0;
}

enum mobikex_refusal mobikex_judge_spis(ike_sa_t *ike_sa,
									   const mobikex_parameter_t *parameter)
{
	u_int i;

	for (i = 0; i < parameter->spis; i++)
	{
		if (!child_by_spi(ike_sa, parameter->spi[i]))
		{
			return MOBIKEX_UNKNOWN_SPI;
		}
	}
	return parameter->spis ? MOBIKEX_NOT_SUPPORTED : MOBIKEX_NOT_REFUSED;
}

/**
 * Only some CHILD_SAs move: to an address that was checked, and those that have a
 * way of their own to go.
 */
static enum mobikex_refusal judge_named(ike_sa_t *ike_sa,
										mobikex_session_t *session,
										const mobikex_parameter_t *parameter)
{
	mobikex_peer_t *peer;
	host_t *host;
	u_int i;

	if (mobikex_judge_spis(ike_sa, parameter) == MOBIKEX_UNKNOWN_SPI)
	{
		return MOBIKEX_UNKNOWN_SPI;
	}
	for (i = 0; i < parameter->spis; i++)
	{
		if (!mobikex_judge_child(ike_sa, session, parameter->spi[i]))
		{
			return MOBIKEX_NOT_SUPPORTED;
		}
	}
	if (!parameter->named)
	{	/* where the IKE_SA is: nothing new */
		return MOBIKEX_NOT_REFUSED;
	}
	host = mobikex_host(&parameter->addr, 0);
	peer = mobikex_peer_find(session, host);
	host->destroy(host);
	return peer && peer->verified ? MOBIKEX_NOT_REFUSED : MOBIKEX_UNKNOWN_ADDRESS;
}

/**
 * NAT detection by the hash of RFC 7296 2.23: is the source what the sender sent?
 */
static bool translated(ike_sa_t *ike_sa, message_t *message)
{
	notify_payload_t *notify = message->get_notify(message, NAT_DETECTION_SOURCE_IP);

	return notify && !mobikex_host_hashed(message->get_source(message),
								ike_sa->get_id(ike_sa),
								notify->get_notification_data(notify));
}

/**
 * Of the parameters of UPDATE_SA_ADDRESSES
 */
static enum mobikex_refusal judge_new(ike_sa_t *ike_sa, message_t *message,
									  mobikex_session_t *session,
									  const mobikex_parameter_t *parameter)
{
	struct segue_addr source = mobikex_addr(message->get_source(message));
	enum mobikex_refusal reason;

	if (parameter->role == MOBIKEX_ROLE_NEW && parameter->spis)
	{
		return judge_named(ike_sa, session, parameter);
	}
	reason = mobikex_judge_spis(ike_sa, parameter);
	if (!reason && parameter->role == MOBIKEX_ROLE_NEW && parameter->named &&
		!segue_addr_equal(&parameter->addr, &source) &&
		!translated(ike_sa, message))
	{
		reason = MOBIKEX_NOT_THE_SOURCE;
	}
	return reason;
}

/**
 * RFC 4555 3.5: the responder may find the new addresses unacceptable, and its SAs
 * stay then.  charon moves them to wherever the packet came from.
 */
bool mobikex_judge_update(ike_sa_t *ike_sa, mobikex_session_t *session,
						 message_t *message, mobikex_request_t *request)
{
	mobikex_parameter_t source = { .role = MOBIKEX_ROLE_NEW };
	enum mobikex_refusal reason;
	bool acceptable = TRUE;
	u_int i;

	source.addr = mobikex_addr(message->get_source(message));
	reason = ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) ?
				MOBIKEX_NOT_SUPPORTED :
				mobikex_judge_address(session, &source.addr);
	if (reason)
	{
		mobikex_request_refuse(request, reason, &source);
		acceptable = FALSE;
	}
	for (i = 0; i < request->count; i++)
	{
		if (request->parameter[i].role == MOBIKEX_ROLE_OLD ||
			request->parameter[i].role == MOBIKEX_ROLE_NEW)
		{
			reason = judge_new(ike_sa, message, session, &request->parameter[i]);
			if (reason)
			{
				mobikex_request_refuse(request, reason, &request->parameter[i]);
				acceptable = FALSE;
			}
		}
	}
	return acceptable;
}

/**
 * NO_NATS_ALLOWED: both addresses, then both ports (RFC 4555 4.2.6)
 */
bool mobikex_judge_nat(message_t *message)
{
	host_t *source = message->get_source(message);
	host_t *destination = message->get_destination(message);
	uint16_t from = htons(source->get_port(source));
	uint16_t to = htons(destination->get_port(destination));
	notify_payload_t *notify = message->get_notify(message, NO_NATS_ALLOWED);
	chunk_t seen;

	if (!notify)
	{
		return FALSE;
	}
	seen = chunk_cata("cccc", source->get_address(source),
					  destination->get_address(destination),
					  chunk_from_thing(from), chunk_from_thing(to));
	return !chunk_equals(seen, notify->get_notification_data(notify));
}
