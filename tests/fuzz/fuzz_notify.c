/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever a peer puts into its notifies: the codec ends in a struct or in a named
 * refusal, reads no octet beyond the data, and what it took goes out as it came.
 *
 * Input: notifies one after the other, each a kind (0 ADD_SA_ADDRESS,
 * 1 REMOVE_SA_ADDRESS, 2 UPDATE_SA_ADDRESSES, 3 IP_PARAMETER, 4 MOBIKEX_SUPPORTED,
 * 5 OPERATION_REFUSED, 6 COOKIE2; modulo 7; with 0x80: 256 octets longer), a length
 * and that many octets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <library.h>
#include <encoding/payloads/notify_payload.h>
#include "mobikex_host.h"
#include "mobikex_notify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
		abort(); \
	} \
} while (0)

static const uint16_t types[] = {
	ADD_SA_ADDRESS, REMOVE_SA_ADDRESS, UPDATE_SA_ADDRESSES, IP_PARAMETER,
	MOBIKEX_SUPPORTED, OPERATION_REFUSED, COOKIE2,
};

static void is_known(enum mobikex_refusal reason)
{
	must(!streq(mobikex_refusal_name(reason), "refused"));
}

static void parameter(chunk_t data)
{
	uint8_t buffer[MOBIKEX_PARAMETER_SIZE];
	mobikex_parameter_t got;
	enum mobikex_refusal reason = mobikex_parameter_parse(data, &got);

	is_known(reason);
	if (reason)
		return;
	must(got.spis <= MOBIKEX_MAX_SPIS);
	must(!got.named || mobikex_addr_plausible(&got.addr));
	must(chunk_equals(mobikex_parameter_encode(&got, buffer), data));
}

static void refused(chunk_t data)
{
	uint8_t buffer[MOBIKEX_REFUSED_SIZE];
	mobikex_refused_t got;
	enum mobikex_refusal reason = mobikex_refused_parse(data, &got);

	is_known(reason);
	if (reason)
		return;
	must(mobikex_refusal_name(got.reason));
	buffer[3] = data.ptr[3];	/* reserved */
	must(mobikex_refused_encode(&got, buffer).len == data.len);
	buffer[3] = data.ptr[3];
	must(!memcmp(buffer, data.ptr, data.len));
}

static void closed(mobikex_request_t *request)
{
	u_int i;

	mobikex_request_close(request);
	must(request->count + request->refusals <= MOBIKEX_MAX_PARAMETERS + 1);
	for (i = 0; i < request->refusals; i++) {
		must(request->refused[i].reason);
		is_known(request->refused[i].reason);
	}
	for (i = 0; i < request->count; i++) {
		switch (request->parameter[i].role) {
		case MOBIKEX_ROLE_ADDED:
			must(request->add);
			break;
		case MOBIKEX_ROLE_REMOVED:
			must(request->remove);
			break;
		default:
			must(request->update);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mobikex_request_t request = {};
	uint16_t type, capabilities;
	chunk_t one;

	while (size >= 2) {
		type = types[(data[0] & 0x7f) % countof(types)];
		one.len = min(data[1] + (data[0] & 0x80 ? 256 : 0), size - 2);
		/* exactly that long: a sanitizer sees every octet beyond it */
		one.ptr = malloc(one.len);
		memcpy(one.ptr, data + 2, one.len);
		mobikex_request_notify(&request, type, one);
		parameter(one);
		refused(one);
		is_known(mobikex_supported_parse(one, &capabilities));
		must(mobikex_cookie2_valid(one) == (one.len >= 8 && one.len <= 64));
		data += 2 + one.len;
		size -= 2 + one.len;
		free(one.ptr);
	}
	closed(&request);
	return 0;
}
