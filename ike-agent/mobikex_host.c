/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_host.h"

#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

struct segue_addr mobikex_addr(host_t *host)
{
	struct segue_addr addr = { .octet = {} };
	chunk_t chunk = host->get_address(host);

	if (chunk.len == sizeof(addr.octet))
	{
		memcpy(addr.octet, chunk.ptr, sizeof(addr.octet));
	}
	else if (chunk.len == 4)
	{	/* IPv4-mapped, RFC 4291 2.5.5.2 */
		addr.octet[10] = addr.octet[11] = 0xff;
		memcpy(addr.octet + SEGUE_ADDR_V4_OFFSET, chunk.ptr, chunk.len);
	}
	return addr;
}

host_t *mobikex_host(const struct segue_addr *addr, uint16_t port)
{
	chunk_t chunk = chunk_create((u_char*)addr->octet, sizeof(addr->octet));

	if (segue_addr_is_v4(addr))
	{
		chunk = chunk_skip(chunk, SEGUE_ADDR_V4_OFFSET);
		return host_create_from_chunk(AF_INET, chunk, port);
	}
	return host_create_from_chunk(AF_INET6, chunk, port);
}

/**
 * RFC 6890 and the multicast and reserved blocks of RFC 1112
 */
static bool plausible_v4(const uint8_t *o)
{
	return o[0] != 0 && o[0] != 127 && o[0] < 224 &&
		   !(o[0] == 169 && o[1] == 254);
}

static bool plausible_v6(const uint8_t *o)
{
	static const uint8_t zero[15];

	if (o[0] == 0xff || (o[0] == 0xfe && (o[1] & 0xc0) == 0x80))
	{	/* multicast, link-local (RFC 4291 2.7 and 2.5.6) */
		return FALSE;
	}
	/* unspecified and loopback, RFC 4291 2.5.2 and 2.5.3 */
	return !(memeq(o, zero, sizeof(zero)) && o[15] <= 1);
}

bool mobikex_addr_plausible(const struct segue_addr *addr)
{
	return segue_addr_is_v4(addr) ?
				plausible_v4(addr->octet + SEGUE_ADDR_V4_OFFSET) :
				plausible_v6(addr->octet);
}

bool mobikex_host_known(linked_list_t *hosts, host_t *host)
{
	enumerator_t *enumerator;
	host_t *current;
	bool found = FALSE;

	enumerator = hosts->create_enumerator(hosts);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = current->ip_equals(current, host);
	}
	enumerator->destroy(enumerator);
	return found;
}

traffic_selector_t *mobikex_ts_translate(traffic_selector_t *ts,
										 linked_list_t *hosts, host_t *to)
{
	enumerator_t *enumerator;
	host_t *host;

	ts = ts->clone(ts);
	enumerator = hosts->create_enumerator(hosts);
	while (enumerator->enumerate(enumerator, &host))
	{
		if (ts->is_host(ts, host))
		{
			ts->set_address(ts, to);
			break;
		}
	}
	enumerator->destroy(enumerator);
	return ts;
}

linked_list_t *mobikex_ts_translate_list(linked_list_t *list,
										 linked_list_t *hosts, host_t *to)
{
	enumerator_t *enumerator;
	linked_list_t *translated;
	traffic_selector_t *ts;

	translated = linked_list_create();
	enumerator = list->create_enumerator(list);
	while (enumerator->enumerate(enumerator, &ts))
	{
		translated->insert_last(translated,
								mobikex_ts_translate(ts, hosts, to));
	}
	enumerator->destroy(enumerator);
	return translated;
}

void mobikex_ts_destroy(linked_list_t *list)
{
	list->destroy_offset(list, offsetof(traffic_selector_t, destroy));
}

bool mobikex_host_hashed(host_t *host, ike_sa_id_t *id, chunk_t hash)
{
	uint64_t spi_i = id->get_initiator_spi(id), spi_r = id->get_responder_spi(id);
	uint16_t port = htons(host->get_port(host));
	hasher_t *hasher = lib->crypto->create_hasher(lib->crypto, HASH_SHA1);
	uint8_t own[HASH_SIZE_SHA1];
	chunk_t data;
	bool same;

	data = chunk_cata("cccc", chunk_from_thing(spi_i), chunk_from_thing(spi_r),
					  host->get_address(host), chunk_from_thing(port));
	same = hasher && hasher->get_hash(hasher, data, own) &&
		   chunk_equals(hash, chunk_from_thing(own));
	DESTROY_IF(hasher);
	return same;
}
