/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_notify.h"
#include "mobikex_host.h"

#include <string.h>
#include <arpa/inet.h>
#include <encoding/payloads/notify_payload.h>

#define SPI_SIZE sizeof(uint32_t)

const char *mobikex_refusal_name(uint8_t reason)
{
	switch (reason)
	{
#define REFUSAL_NAME(name, value, text) case value: return text;
		MOBIKEX_REFUSALS(REFUSAL_NAME)
#undef REFUSAL_NAME
		case MOBIKEX_NOT_REFUSED:
			return "not refused";
		default:
			return "refused";
	}
}

bool mobikex_cookie2_valid(chunk_t data)
{
	return data.len >= COOKIE2_MIN && data.len <= COOKIE2_MAX;
}

enum mobikex_refusal mobikex_supported_parse(chunk_t data, uint16_t *capabilities)
{
	struct mobikex_supported supported;

	if (data.len < sizeof(supported))
	{
		return MOBIKEX_MALFORMED;
	}
	memcpy(&supported, data.ptr, sizeof(supported));
	if (supported.version < MOBIKEX_VERSION)
	{
		return MOBIKEX_NOT_SUPPORTED;
	}
	*capabilities = ntohs(supported.capabilities);
	return MOBIKEX_NOT_REFUSED;
}

struct mobikex_supported mobikex_supported_make(uint16_t capabilities)
{
	return (struct mobikex_supported){
		.version = MOBIKEX_VERSION,
		.capabilities = htons(capabilities),
	};
}

/**
 * Octets of an address of this family, -1 if there is no such family
 */
static int family_size(uint8_t family)
{
	switch (family)
	{
		case MOBIKEX_FAMILY_NONE:
			return 0;
		case MOBIKEX_FAMILY_IPV4:
			return 4;
		case MOBIKEX_FAMILY_IPV6:
			return 16;
		default:
			return -1;
	}
}

static uint8_t family_of(bool named, const struct segue_addr *addr)
{
	if (!named)
	{
		return MOBIKEX_FAMILY_NONE;
	}
	return segue_addr_is_v4(addr) ? MOBIKEX_FAMILY_IPV4 : MOBIKEX_FAMILY_IPV6;
}

/**
 * An IPv4-mapped address may not come as IPv6: the maps would take it for IPv4,
 * and it belongs on no wire (RFC 6890).
 */
static bool addr_parse(uint8_t family, const uint8_t *octets,
					   struct segue_addr *addr)
{
	struct segue_addr got = { .octet = {} };

	switch (family)
	{
		case MOBIKEX_FAMILY_IPV4:
			got.octet[10] = got.octet[11] = 0xff;
			memcpy(got.octet + SEGUE_ADDR_V4_OFFSET, octets, 4);
			break;
		case MOBIKEX_FAMILY_IPV6:
			memcpy(got.octet, octets, sizeof(got.octet));
			if (segue_addr_is_v4(&got))
			{
				return FALSE;
			}
			break;
		default:
			*addr = got;
			return TRUE;
	}
	*addr = got;
	return mobikex_addr_plausible(addr);
}

/**
 * @return			octets written
 */
static size_t addr_encode(bool named, const struct segue_addr *addr, uint8_t *to)
{
	size_t size = family_size(family_of(named, addr));

	memcpy(to, addr->octet + sizeof(addr->octet) - size, size);
	return size;
}

static bool is_role(uint8_t role)
{
	return role >= MOBIKEX_ROLE_OLD && role <= MOBIKEX_ROLE_REMOVED;
}

enum mobikex_refusal mobikex_parameter_parse(chunk_t data,
											 mobikex_parameter_t *parameter)
{
	struct mobikex_ip_parameter header;
	struct segue_addr addr;
	int size;

	if (data.len < sizeof(header))
	{
		return MOBIKEX_MALFORMED;
	}
	memcpy(&header, data.ptr, sizeof(header));
	data = chunk_skip(data, sizeof(header));
	size = family_size(header.family);
	if (!is_role(header.role))
	{
		return MOBIKEX_UNKNOWN_ROLE;
	}
	if (size < 0)
	{
		return MOBIKEX_UNKNOWN_FAMILY;
	}
	if (data.len < size || (data.len - size) % SPI_SIZE)
	{
		return MOBIKEX_MALFORMED;
	}
	if ((data.len - size) / SPI_SIZE > MOBIKEX_MAX_SPIS)
	{
		return MOBIKEX_TOO_MANY_SPIS;
	}
	if (!addr_parse(header.family, data.ptr, &addr))
	{
		return MOBIKEX_IMPOSSIBLE_ADDRESS;
	}
	data = chunk_skip(data, size);
	*parameter = (mobikex_parameter_t){
		.role = header.role,
		.preference = ntohs(header.preference),
		.named = size != 0,
		.addr = addr,
		.spis = data.len / SPI_SIZE,
	};
	memcpy(parameter->spi, data.ptr, data.len);
	return MOBIKEX_NOT_REFUSED;
}

chunk_t mobikex_parameter_encode(const mobikex_parameter_t *parameter,
								 uint8_t *buffer)
{
	struct mobikex_ip_parameter header = {
		.role = parameter->role,
		.family = family_of(parameter->named, &parameter->addr),
		.preference = htons(parameter->preference),
	};
	size_t size = sizeof(header);

	memcpy(buffer, &header, size);
	size += addr_encode(parameter->named, &parameter->addr, buffer + size);
	memcpy(buffer + size, parameter->spi, parameter->spis * SPI_SIZE);
	return chunk_create(buffer, size + parameter->spis * SPI_SIZE);
}

enum mobikex_refusal mobikex_refused_parse(chunk_t data, mobikex_refused_t *refused)
{
	struct mobikex_operation_refused header;
	struct segue_addr addr;
	int size;

	if (data.len < sizeof(header))
	{
		return MOBIKEX_MALFORMED;
	}
	memcpy(&header, data.ptr, sizeof(header));
	data = chunk_skip(data, sizeof(header));
	size = family_size(header.family);
	if (header.role && !is_role(header.role))
	{
		return MOBIKEX_UNKNOWN_ROLE;
	}
	if (size < 0)
	{
		return MOBIKEX_UNKNOWN_FAMILY;
	}
	if (data.len != size)
	{
		return MOBIKEX_MALFORMED;
	}
	if (!addr_parse(header.family, data.ptr, &addr))
	{
		return MOBIKEX_IMPOSSIBLE_ADDRESS;
	}
	*refused = (mobikex_refused_t){
		.reason = header.reason,
		.role = header.role,
		.named = size != 0,
		.addr = addr,
	};
	return MOBIKEX_NOT_REFUSED;
}

chunk_t mobikex_refused_encode(const mobikex_refused_t *refused, uint8_t *buffer)
{
	struct mobikex_operation_refused header = {
		.reason = refused->reason,
		.role = refused->role,
		.family = family_of(refused->named, &refused->addr),
	};
	size_t size = sizeof(header);

	memcpy(buffer, &header, size);
	size += addr_encode(refused->named, &refused->addr, buffer + size);
	return chunk_create(buffer, size);
}

void mobikex_request_refuse(mobikex_request_t *request, enum mobikex_refusal reason,
							const mobikex_parameter_t *parameter)
{
	if (request->refusals < countof(request->refused))
	{
		request->refused[request->refusals++] = (mobikex_refused_t){
			.reason = reason,
			.role = parameter ? parameter->role : 0,
			.named = parameter && parameter->named,
			.addr = parameter ? parameter->addr : (struct segue_addr){},
		};
	}
}

static bool has_role(const mobikex_request_t *request, enum mobikex_role role)
{
	u_int i;

	for (i = 0; i < request->count; i++)
	{
		if (request->parameter[i].role == role)
		{
			return TRUE;
		}
	}
	return FALSE;
}

static void read_parameter(mobikex_request_t *request, chunk_t data)
{
	mobikex_parameter_t parameter = {};
	enum mobikex_refusal reason;
	u_int seen = request->count + request->refusals;

	if (seen >= MOBIKEX_MAX_PARAMETERS)
	{	/* told once, whatever their number */
		if (seen == MOBIKEX_MAX_PARAMETERS)
		{
			mobikex_request_refuse(request, MOBIKEX_TOO_MANY_PARAMETERS, NULL);
		}
		return;
	}
	reason = mobikex_parameter_parse(data, &parameter);
	if (reason)
	{
		mobikex_request_refuse(request, reason, NULL);
		return;
	}
	if ((parameter.role == MOBIKEX_ROLE_OLD || parameter.role == MOBIKEX_ROLE_NEW) &&
		has_role(request, parameter.role))
	{
		mobikex_request_refuse(request, MOBIKEX_TOO_MANY_PARAMETERS, &parameter);
		return;
	}
	request->parameter[request->count++] = parameter;
}

void mobikex_request_notify(mobikex_request_t *request, uint16_t type, chunk_t data)
{
	switch (type)
	{
		case ADD_SA_ADDRESS:
			request->add = TRUE;
			break;
		case REMOVE_SA_ADDRESS:
			request->remove = TRUE;
			break;
		case UPDATE_SA_ADDRESSES:
			request->update = TRUE;
			break;
		case IP_PARAMETER:
			read_parameter(request, data);
			break;
		default:
			break;
	}
}

static bool has_operation(const mobikex_request_t *request, enum mobikex_role role)
{
	switch (role)
	{
		case MOBIKEX_ROLE_ADDED:
			return request->add;
		case MOBIKEX_ROLE_REMOVED:
			return request->remove;
		default:
			return request->update;
	}
}

void mobikex_request_close(mobikex_request_t *request)
{
	u_int i, count = 0;

	for (i = 0; i < request->count; i++)
	{
		if (has_operation(request, request->parameter[i].role))
		{
			request->parameter[count++] = request->parameter[i];
		}
		else
		{
			mobikex_request_refuse(request, MOBIKEX_NO_OPERATION,
								   &request->parameter[i]);
		}
	}
	request->count = count;
}

bool mobikex_request_extended(const mobikex_request_t *request)
{
	return request->add || request->remove || request->count || request->refusals;
}
