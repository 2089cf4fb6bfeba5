/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MOBIKE-X on the wire, against the diagrams and the table of docs/mobike-x.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <library.h>
#include <networking/host.h>
#include <encoding/payloads/notify_payload.h>
#include "mobikex_host.h"
#include "mobikex_notify.h"

static uint8_t wire[1024];

/* Octets from hex digits, blanks between them ignored. */
static chunk_t octets(const char *hex)
{
	chunk_t out = { .ptr = wire };
	unsigned int octet;
	int used;

	while (sscanf(hex, " %2x%n", &octet, &used) == 1) {
		wire[out.len++] = octet;
		hex += used;
	}
	return out;
}

static struct segue_addr addr_of(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 0);
	struct segue_addr addr = mobikex_addr(host);

	host->destroy(host);
	return addr;
}

#define SPIS_64 \
	"00000101 00000102 00000103 00000104 00000105 00000106 00000107 00000108" \
	"00000101 00000102 00000103 00000104 00000105 00000106 00000107 00000108" \
	"00000101 00000102 00000103 00000104 00000105 00000106 00000107 00000108" \
	"00000101 00000102 00000103 00000104 00000105 00000106 00000107 00000108" \
	"00000101 00000102 00000103 00000104 00000105 00000106 00000107 00000108" \
	"00000101 00000102 00000103 00000104 00000105 00000106 00000107 00000108" \
	"00000101 00000102 00000103 00000104 00000105 00000106 00000107 00000108" \
	"00000101 00000102 00000103 00000104 00000105 00000106 00000107 00000108"

/* What is good comes in as it was meant, and goes out as it came. */
static void parameters_taken(void **state)
{
	static const struct {
		const char *hex;
		enum mobikex_role role;
		uint16_t preference;
		const char *addr;
		u_int spis;
	} cases[] = {
		{ "01 00 0000", MOBIKEX_ROLE_OLD, 0, NULL, 0 },
		{ "02 04 0000 0a020002", MOBIKEX_ROLE_NEW, 0, "10.2.0.2", 0 },
		{ "03 04 0010 0a020002", MOBIKEX_ROLE_ADDED, 16, "10.2.0.2", 0 },
		{ "03 00 ffff", MOBIKEX_ROLE_ADDED, MOBIKEX_PREFERENCE_LAST, NULL, 0 },
		{ "04 06 0000 fd020000 00000000 00000000 00000002",
		  MOBIKEX_ROLE_REMOVED, 0, "fd02::2", 0 },
		{ "02 04 0000 0a020002 c4ad9473", MOBIKEX_ROLE_NEW, 0, "10.2.0.2", 1 },
		{ "02 00 0000 c4ad9473 c329c256", MOBIKEX_ROLE_NEW, 0, NULL, 2 },
		{ "03 04 0000 0a020002" SPIS_64, MOBIKEX_ROLE_ADDED, 0, "10.2.0.2", 64 },
	};
	uint8_t buffer[MOBIKEX_PARAMETER_SIZE];
	mobikex_parameter_t got;
	struct segue_addr addr;
	chunk_t data;
	int i;

	for (i = 0; i < countof(cases); i++) {
		data = octets(cases[i].hex);
		assert_int_equal(mobikex_parameter_parse(data, &got), MOBIKEX_NOT_REFUSED);
		assert_int_equal(got.role, cases[i].role);
		assert_int_equal(got.preference, cases[i].preference);
		assert_int_equal(got.named, cases[i].addr != NULL);
		if (cases[i].addr) {
			addr = addr_of(cases[i].addr);
			assert_true(segue_addr_equal(&got.addr, &addr));
		}
		assert_int_equal(got.spis, cases[i].spis);
		assert_true(chunk_equals(mobikex_parameter_encode(&got, buffer), data));
	}
	assert_int_equal(mobikex_parameter_parse(octets(cases[5].hex), &got), 0);
	assert_int_equal(ntohl(got.spi[0]), 0xc4ad9473);
}

static void parameters_refused(void **state)
{
	static const struct {
		const char *hex;
		enum mobikex_refusal reason;
	} cases[] = {
		{ "", MOBIKEX_MALFORMED },
		{ "03 04 00", MOBIKEX_MALFORMED },
		{ "03 04 0000", MOBIKEX_MALFORMED },
		{ "03 04 0000 0a0200", MOBIKEX_MALFORMED },
		{ "03 04 0000 0a020002 00", MOBIKEX_MALFORMED },
		{ "03 04 0000 0a020002 c4ad94", MOBIKEX_MALFORMED },
		{ "03 06 0000 fd020000 00000000 00000000 000000", MOBIKEX_MALFORMED },
		{ "03 00 0000 0a", MOBIKEX_MALFORMED },
		{ "00 04 0000 0a020002", MOBIKEX_UNKNOWN_ROLE },
		{ "05 04 0000 0a020002", MOBIKEX_UNKNOWN_ROLE },
		{ "ff ff ffff", MOBIKEX_UNKNOWN_ROLE },
		{ "03 01 0000 0a020002", MOBIKEX_UNKNOWN_FAMILY },
		{ "03 02 0000 0a020002", MOBIKEX_UNKNOWN_FAMILY },	/* AF_INET */
		{ "03 0a 0000 fd020000 00000000 00000000 00000002", MOBIKEX_UNKNOWN_FAMILY },
		{ "03 04 0000 0a020002" SPIS_64 "00000109", MOBIKEX_TOO_MANY_SPIS },
		{ "03 04 0000 00000000", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 04 0000 7f000001", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 04 0000 e0000001", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 04 0000 a9fe0101", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 04 0000 f0000001", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 04 0000 ffffffff", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 06 0000 00000000 00000000 00000000 00000000", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 06 0000 00000000 00000000 00000000 00000001", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 06 0000 ff020000 00000000 00000000 00000001", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "03 06 0000 fe800000 00000000 00000000 00000001", MOBIKEX_IMPOSSIBLE_ADDRESS },
		/* IPv4 in disguise */
		{ "03 06 0000 00000000 00000000 0000ffff 0a020002", MOBIKEX_IMPOSSIBLE_ADDRESS },
		{ "04 04 0000 7f000001", MOBIKEX_IMPOSSIBLE_ADDRESS },
	};
	mobikex_parameter_t got, untouched;
	int i;

	memset(&untouched, 0x5a, sizeof(untouched));
	for (i = 0; i < countof(cases); i++) {
		got = untouched;
		if (mobikex_parameter_parse(octets(cases[i].hex), &got) != cases[i].reason)
			fail_msg("%s", cases[i].hex);
		assert_memory_equal(&got, &untouched, sizeof(got));
	}
}

static void supported(void **state)
{
	static const struct {
		const char *hex;
		enum mobikex_refusal reason;
		uint16_t capabilities;
	} cases[] = {
		{ "01 00 0001", MOBIKEX_NOT_REFUSED, MOBIKEX_RESTORES },
		{ "01 00 0003", MOBIKEX_NOT_REFUSED, MOBIKEX_RESTORES | MOBIKEX_INTERFACES },
		{ "01 ff 8001", MOBIKEX_NOT_REFUSED, 0x8001 },	/* reserved, unknown bit */
		{ "07 00 0001 2a", MOBIKEX_NOT_REFUSED, MOBIKEX_RESTORES },
		{ "", MOBIKEX_MALFORMED, 0xabcd },
		{ "01 00 00", MOBIKEX_MALFORMED, 0xabcd },
		{ "00 00 0001", MOBIKEX_NOT_SUPPORTED, 0xabcd },
	};
	struct mobikex_supported made = mobikex_supported_make(MOBIKEX_INTERFACES);
	uint16_t capabilities;
	int i;

	for (i = 0; i < countof(cases); i++) {
		capabilities = 0xabcd;
		assert_int_equal(mobikex_supported_parse(octets(cases[i].hex), &capabilities),
				 cases[i].reason);
		assert_int_equal(capabilities, cases[i].capabilities);
	}
	assert_true(chunk_equals(chunk_from_thing(made), octets("01 00 0002")));
}

static void refusals(void **state)
{
	static const struct {
		const char *hex;
		enum mobikex_refusal result;
		const char *name;
	} cases[] = {
		{ "0d 04 04 00 0a020002", MOBIKEX_NOT_REFUSED, "in use" },
		{ "01 00 00 00", MOBIKEX_NOT_REFUSED, "malformed" },
		{ "08 03 06 00 fd020000 00000000 00000000 00000002", MOBIKEX_NOT_REFUSED,
		  "not the peer's address" },
		{ "c8 03 00 00", MOBIKEX_NOT_REFUSED, "refused" },	/* of a later version */
		{ "0d 04 04", MOBIKEX_MALFORMED, NULL },
		{ "0d 04 04 00 0a0200", MOBIKEX_MALFORMED, NULL },
		{ "0d 04 04 00 0a020002 00", MOBIKEX_MALFORMED, NULL },
		{ "0d 05 04 00 0a020002", MOBIKEX_UNKNOWN_ROLE, NULL },
		{ "0d 04 05 00 0a020002", MOBIKEX_UNKNOWN_FAMILY, NULL },
		{ "0d 04 04 00 7f000001", MOBIKEX_IMPOSSIBLE_ADDRESS, NULL },
	};
	uint8_t buffer[MOBIKEX_REFUSED_SIZE];
	mobikex_refused_t got;
	chunk_t data;
	int i;

	for (i = 0; i < countof(cases); i++) {
		data = octets(cases[i].hex);
		assert_int_equal(mobikex_refused_parse(data, &got), cases[i].result);
		if (cases[i].name) {
			assert_string_equal(mobikex_refusal_name(got.reason), cases[i].name);
			assert_true(chunk_equals(mobikex_refused_encode(&got, buffer), data));
		}
	}
}

static void cookie2(void **state)
{
	assert_false(mobikex_cookie2_valid(chunk_create(wire, 7)));
	assert_true(mobikex_cookie2_valid(chunk_create(wire, 8)));
	assert_true(mobikex_cookie2_valid(chunk_create(wire, 64)));
	assert_false(mobikex_cookie2_valid(chunk_create(wire, 65)));
	assert_false(mobikex_cookie2_valid(chunk_empty));
}

/* ------------------------------------------------ a message */

#define ADDED "03 04 0000 0a0200"
#define REMOVED "04 04 0000 0a010002"

static mobikex_request_t request;

static int fresh(void **state)
{
	memset(&request, 0, sizeof(request));
	return 0;
}

static void notify(uint16_t type, const char *hex)
{
	mobikex_request_notify(&request, type, octets(hex));
}

/* Order means nothing, other people's notifies are not ours. */
static void together(void **state)
{
	notify(IP_PARAMETER, ADDED "02");
	notify(IP_PARAMETER, REMOVED);
	notify(COOKIE2, "0102030405060708");
	notify(ADD_SA_ADDRESS, "");
	notify(NAT_DETECTION_SOURCE_IP, "00");
	notify(REMOVE_SA_ADDRESS, "beef");	/* no data, and none minded */
	mobikex_request_close(&request);
	assert_true(request.add && request.remove && !request.update);
	assert_int_equal(request.count, 2);
	assert_int_equal(request.refusals, 0);
	assert_true(mobikex_request_extended(&request));
}

/* A bare UPDATE_SA_ADDRESSES is RFC 4555's. */
static void bare_update(void **state)
{
	notify(UPDATE_SA_ADDRESSES, "");
	mobikex_request_close(&request);
	assert_true(request.update);
	assert_false(mobikex_request_extended(&request));
}

static void without_operation(void **state)
{
	notify(ADD_SA_ADDRESS, "");
	notify(IP_PARAMETER, REMOVED);
	notify(IP_PARAMETER, ADDED "02");
	notify(IP_PARAMETER, "02 00 0000");
	mobikex_request_close(&request);
	assert_int_equal(request.count, 1);
	assert_int_equal(request.parameter[0].role, MOBIKEX_ROLE_ADDED);
	assert_int_equal(request.refusals, 2);
	assert_int_equal(request.refused[0].reason, MOBIKEX_NO_OPERATION);
	assert_int_equal(request.refused[0].role, MOBIKEX_ROLE_REMOVED);
	assert_true(request.refused[0].named);
	assert_int_equal(request.refused[1].role, MOBIKEX_ROLE_NEW);
}

/* One that cannot be read leaves the others alone. */
static void one_bad(void **state)
{
	notify(ADD_SA_ADDRESS, "");
	notify(IP_PARAMETER, ADDED);
	notify(IP_PARAMETER, ADDED "02");
	mobikex_request_close(&request);
	assert_int_equal(request.count, 1);
	assert_int_equal(request.refusals, 1);
	assert_int_equal(request.refused[0].reason, MOBIKEX_MALFORMED);
	assert_int_equal(request.refused[0].role, 0);
}

static void old_and_new_once(void **state)
{
	notify(UPDATE_SA_ADDRESSES, "");
	notify(IP_PARAMETER, "01 04 0000 0a010002");
	notify(IP_PARAMETER, "02 04 0000 0a020002");
	notify(IP_PARAMETER, "02 04 0000 0a030002");
	mobikex_request_close(&request);
	assert_int_equal(request.count, 2);
	assert_int_equal(request.refusals, 1);
	assert_int_equal(request.refused[0].reason, MOBIKEX_TOO_MANY_PARAMETERS);
	assert_int_equal(request.refused[0].role, MOBIKEX_ROLE_NEW);
}

/* However many there are: twelve count, and what is too much is told. */
static void flood(void **state)
{
	static const char *hex[] = { ADDED "02", "", "03 09 0000" };
	int i, kind;

	for (kind = 0; kind < countof(hex); kind++) {
		fresh(state);
		notify(ADD_SA_ADDRESS, "");
		for (i = 0; i < 100; i++)
			notify(IP_PARAMETER, hex[kind]);
		mobikex_request_close(&request);
		assert_true(request.count + request.refusals <= MOBIKEX_MAX_PARAMETERS + 1);
		assert_int_equal(request.count, kind ? 0 : MOBIKEX_MAX_PARAMETERS);
		assert_int_equal(request.refused[request.refusals - 1].reason,
				 MOBIKEX_TOO_MANY_PARAMETERS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_taken),
		cmocka_unit_test(parameters_refused),
		cmocka_unit_test(supported),
		cmocka_unit_test(refusals),
		cmocka_unit_test(cookie2),
		cmocka_unit_test_setup(together, fresh),
		cmocka_unit_test_setup(bare_update, fresh),
		cmocka_unit_test_setup(without_operation, fresh),
		cmocka_unit_test_setup(one_bad, fresh),
		cmocka_unit_test_setup(old_and_new_once, fresh),
		cmocka_unit_test_setup(flood, fresh),
	};
	int failed;

	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
