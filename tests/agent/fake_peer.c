/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <library.h>
#include <encoding/message.h>
#include "fake_charon.h"
#include "fake_peer.h"
#include "mobikex_check.h"
#include "mobikex_child.h"
#include "mobikex_copy.h"
#include "mobikex_hello.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_operation.h"
#include "mobikex_path.h"

#define IKE 7

struct fake_peer fake_peer;
mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_link_t uplink = { .ifindex = 2 };
static uint32_t mid;

/* ------------------------------------------------ what stands for the agent */

uint64_t mobikex_now(void)
{
	return fake_peer.ms * 1000000;
}

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return ike == IKE ? &fake_peer.session : NULL;
}

mobikex_hello_t *mobikex_hello_find(uint32_t ike)
{
	static mobikex_hello_t hello;

	hello.supported = fake_peer.supports;
	return &hello;
}

void mobikex_session_route(mobikex_session_t *this, host_t *remote) {}
void mobikex_session_unroute(mobikex_session_t *this, host_t *remote) {}

void mobikex_paths_update(mobikex_session_t *session)
{
}

void mobikex_child_named(mobikex_session_t *session, uint8_t number,
			 const struct segue_addr *addr)
{
	fake_peer.named++;
	fake_peer.child = number;
	fake_peer.child_apart = addr != NULL;
	if (addr)
		fake_peer.child_addr = *addr;
}

void mobikex_copy_update(mobikex_session_t *session)
{
}

status_t mobikex_check_next(ike_sa_t *ike_sa, uint32_t data)
{
	return SUCCESS;
}

void mobikex_job_queue(uint32_t ike, mobikex_job_t job, uint32_t data, uint32_t delay)
{
	fake_peer.checks += job == mobikex_check_next;
}

void mobikex_event(uint32_t session, enum segue_event_type type, enum segue_reason reason)
{
	if (type == SEGUE_EVENT_REFUSAL) {
		fake_peer.refusals++;
		fake_peer.reason = reason;
	}
}

int rtnl_addrs(struct rtnl *rtnl, int (*fn)(void *, const struct rtnl_addr *), void *context)
{
	static const char *texts[] = { "127.0.0.1", FAKE_US, "fd09::2" };
	struct rtnl_addr addr = {};
	host_t *host;
	int i, ret = 0;

	for (i = 0; !ret && i < countof(texts); i++) {
		host = host_create_from_string((char *)texts[i], 0);
		addr.addr = mobikex_addr(host);
		host->destroy(host);
		ret = fn(context, &addr);
	}
	return ret;
}

/* Attached: 2, with 10.1 and 10.2.  10.77 and 10.79 are behind device 9, by which the
 * default route goes, too; to 10.79 there is another one by 2. */
int rtnl_route_match(struct rtnl *rtnl, const struct segue_addr *addr, unsigned int *ifindex,
		     unsigned int *prefixlen)
{
	unsigned int net = addr->octet[13], asked = *ifindex;

	*ifindex = net == 1 || net == 2 || (net == 79 && asked == 2) ? 2 : 9;
	*prefixlen = net == 77 || net == 79 ? 16 : *ifindex == 2 ? 24 : 0;
	return asked && asked != *ifindex ? -EHOSTUNREACH : 0;
}

/* ------------------------------------------------ what stands for charon */

static uint32_t get_unique_id(ike_sa_t *this)
{
	return IKE;
}

static ike_sa_state_t get_state(ike_sa_t *this)
{
	return IKE_ESTABLISHED;
}

static bool has_condition(ike_sa_t *this, ike_condition_t condition)
{
	return condition == COND_ORIGINAL_INITIATOR && fake_peer.leader;
}

static host_t *get_other_host(ike_sa_t *this)
{
	return fake_peer.session.other;
}

static ike_sa_id_t *ike_id;

static ike_sa_id_t *get_id(ike_sa_t *this)
{
	return ike_id;
}

static uint32_t get_spi(child_sa_t *this, bool inbound)
{
	return htonl(inbound ? 0xc329c256 : FAKE_SPI);
}

static uint32_t get_reqid(child_sa_t *this)
{
	return 1;
}

static uint32_t get_plain_spi(child_sa_t *this, bool inbound)
{
	return htonl(inbound ? 0xc8888888 : FAKE_SPI_PLAIN);
}

static uint32_t get_plain_reqid(child_sa_t *this)
{
	return 2;
}

static child_sa_t child_sa = { .get_spi = get_spi, .get_reqid = get_reqid };
static child_sa_t plain_sa = { .get_spi = get_plain_spi, .get_reqid = get_plain_reqid };

static enumerator_t *create_child_sa_enumerator(ike_sa_t *this)
{
	linked_list_t *list = linked_list_create_with_items(&child_sa, &plain_sa, NULL);

	return enumerator_create_cleaner(list->create_enumerator(list),
					 (void *)list->destroy, list);
}

static enumerator_t *create_peer_address_enumerator(ike_sa_t *this)
{
	return fake_peer.listed->create_enumerator(fake_peer.listed);
}

static void clear_peer_addresses(ike_sa_t *this)
{
	host_t *host;

	while (fake_peer.listed->remove_first(fake_peer.listed, (void **)&host) == SUCCESS)
		host->destroy(host);
}

static void add_peer_address(ike_sa_t *this, host_t *host)
{
	fake_peer.listed->insert_last(fake_peer.listed, host);
}

static ike_sa_t ike_sa = {
	.get_unique_id = get_unique_id,
	.get_state = get_state,
	.has_condition = has_condition,
	.get_other_host = get_other_host,
	.get_id = get_id,
	.create_child_sa_enumerator = create_child_sa_enumerator,
	.create_peer_address_enumerator = create_peer_address_enumerator,
	.clear_peer_addresses = clear_peer_addresses,
	.add_peer_address = add_peer_address,
};

/* ------------------------------------------------ */

static host_t *host_of(const char *text)
{
	return host_create_from_string((char *)text, 4500);
}

mobikex_peer_t *fake_address(const char *text)
{
	host_t *host = host_of(text);
	mobikex_peer_t *peer = mobikex_peer_find(&fake_peer.session, host);

	host->destroy(host);
	return peer;
}

static void known(const char *text)
{
	host_t *host = host_of(text);

	mobikex_peer_add(&fake_peer.session, host, TRUE);
	fake_peer.listed->insert_last(fake_peer.listed, host);
}

void fake_peer_begin(void)
{
	mobikex_session_t *session = &fake_peer.session;

	memset(&fake_peer, 0, sizeof(fake_peer));
	charon = &fake_daemon;
	mobikex = &agent;
	agent.check_tries = 5;
	agent.device = 3;
	agent.links = linked_list_create();
	agent.links->insert_last(agent.links, &uplink);
	ike_id = ike_sa_id_create(IKEV2_MAJOR_VERSION, FAKE_SPI_I, FAKE_SPI_R, FALSE);
	fake_peer.supports = TRUE;
	fake_peer.ms = 1000000;
	fake_peer.listed = linked_list_create();
	session->state = MOBIKEX_PINNED;
	session->published = TRUE;
	session->ike = IKE;
	session->name = "fake";
	session->my = host_of(FAKE_US);
	session->other = host_of(FAKE_IN_USE);
	session->remote = host_of(FAKE_IN_USE);
	session->locals = linked_list_create_with_items(host_of(FAKE_US), NULL);
	session->peers = linked_list_create();
	session->child[FAKE_CHILD].reqid = 1;
	known(FAKE_IN_USE);
	known(FAKE_IDLE);
}

void fake_peer_end(void)
{
	mobikex_session_t *session = &fake_peer.session;

	mobikex_operation_forget(IKE);
	fake_peers_destroy(session->peers);
	session->locals->destroy_offset(session->locals, offsetof(host_t, destroy));
	session->my->destroy(session->my);
	session->other->destroy(session->other);
	session->remote->destroy(session->remote);
	clear_peer_addresses(&ike_sa);
	fake_peer.listed->destroy(fake_peer.listed);
	agent.links->destroy(agent.links);
	ike_id->destroy(ike_id);
}

static message_t *message_of(bool request)
{
	message_t *message = message_create(IKEV2_MAJOR_VERSION, 0);

	message->set_exchange_type(message, INFORMATIONAL);
	message->set_request(message, request);
	message->set_message_id(message, mid);
	return message;
}

message_t *fake_request(const char *source)
{
	message_t *message;

	mid++;
	message = message_of(TRUE);
	message->set_source(message, host_of(source));
	message->set_destination(message, host_of(FAKE_US));
	return message;
}

message_t *fake_respond(message_t *request)
{
	message_t *response = message_of(FALSE);

	mobikex_operation_request(&ike_sa, request);
	fake_peer.updated = request->get_notify(request, UPDATE_SA_ADDRESSES) != NULL;
	fake_peer.natd = request->get_notify(request, NAT_DETECTION_SOURCE_IP) != NULL;
	mobikex_operation_response(&ike_sa, response);
	request->destroy(request);
	return response;
}
