/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever an authenticated peer asks for, in whatever order: the SA stays where it
 * was, no address becomes usable by being announced, none in use goes, the set of
 * addresses stays within its size, and a CHILD_SA that is named goes to a verified one.
 *
 * Input: notifies as in fuzz_notify.c, but 5 NO_NATS_ALLOWED; a kind of 7 (modulo 8)
 * ends a request, and its length octet says how many seconds pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <library.h>
#include <encoding/payloads/notify_payload.h>
#include "fake_peer.h"
#include "mobikex_host.h"
#include "mobikex_notify.h"
#include "mobikex_operation.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
		abort(); \
	} \
} while (0)

static const uint16_t types[] = {
	ADD_SA_ADDRESS, REMOVE_SA_ADDRESS, UPDATE_SA_ADDRESSES, IP_PARAMETER,
	MOBIKEX_SUPPORTED, NO_NATS_ALLOWED, COOKIE2, 0,
};

static host_t *idle;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	library_init(NULL, "segue-fuzz");
	idle = host_create_from_string(FAKE_IDLE, 0);
	return 0;
}

static void peers_fit(void)
{
	linked_list_t *peers = fake_peer.session.peers;
	enumerator_t *enumerator = peers->create_enumerator(peers);
	struct segue_addr addr;
	mobikex_peer_t *peer;

	must(peers->get_count(peers) <= MOBIKEX_MAX_ADDRESSES);
	must(fake_peer.listed->get_count(fake_peer.listed) == peers->get_count(peers));
	must(fake_address(FAKE_IN_USE) && fake_address(FAKE_IN_USE)->verified);
	must(!fake_address(FAKE_US));
	while (enumerator->enumerate(enumerator, &peer)) {
		addr = mobikex_addr(peer->host);
		must(segue_addr_is_v4(&addr) && mobikex_addr_plausible(&addr));
		must(!peer->verified || peer == fake_address(FAKE_IN_USE) ||
		     peer == fake_address(FAKE_IDLE));
	}
	enumerator->destroy(enumerator);
}

/* Told as often as counted, and not so often that it would not fit. */
static void answered(message_t *response, unsigned int refusals)
{
	enumerator_t *enumerator = response->create_payload_enumerator(response);
	mobikex_refused_t refused;
	notify_payload_t *notify;
	payload_t *payload;

	while (enumerator->enumerate(enumerator, &payload)) {
		notify = (notify_payload_t *)payload;
		if (notify->get_notify_type(notify) == UNACCEPTABLE_ADDRESSES)
			continue;
		if (notify->get_notify_type(notify) == UNEXPECTED_NAT_DETECTED) {
			must(refusals-- == 1);
			continue;
		}
		must((int)notify->get_notify_type(notify) == OPERATION_REFUSED);
		must(refusals-- > 0);
		/* what cannot be read is not repeated, nor is a source that cannot be */
		must(!mobikex_refused_parse(notify->get_notification_data(notify), &refused));
		must(refused.reason);
	}
	enumerator->destroy(enumerator);
	must(!refusals);
	response->destroy(response);
}

/* The move of one is not seen as one of all. */
static void named_goes(void)
{
	host_t *host;
	mobikex_peer_t *peer;

	if (!fake_peer.named)
		return;
	must(!fake_peer.updated && !fake_peer.leader && fake_peer.child == FAKE_CHILD);
	fake_peer.named = 0;
	if (!fake_peer.child_apart)
		return;
	host = mobikex_host(&fake_peer.child_addr, 0);
	peer = mobikex_peer_find(&fake_peer.session, host);
	/* an idle one may be removed by the same request, afterwards */
	must((peer && peer->verified) || host->equals(host, idle));
	host->destroy(host);
}

static void ask(message_t *request)
{
	unsigned int before = fake_peer.refusals;
	message_t *response = fake_respond(request);

	must(fake_peer.refusals - before <= MOBIKEX_MAX_PARAMETERS + 1);
	named_goes();
	answered(response, fake_peer.refusals - before);
	peers_fit();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	message_t *request;
	uint16_t type;
	chunk_t one;

	fake_peer_begin();
	request = fake_request(FAKE_IN_USE);
	while (size >= 2) {
		type = types[(data[0] & 0x7f) % countof(types)];
		one.len = min(data[1] + (data[0] & 0x80 ? 256 : 0), size - 2);
		if (!type) {
			ask(request);
			fake_peer.ms += data[1] * 1000;
			request = fake_request(data[0] & 0x80 ? "10.5.0.2" : FAKE_IN_USE);
			one.len = 0;
		} else {
			one.ptr = (u_char *)data + 2;
			request->add_notify(request, FALSE, type, one);
		}
		data += 2 + one.len;
		size -= 2 + one.len;
	}
	ask(request);
	fake_peer_end();
	return 0;
}
