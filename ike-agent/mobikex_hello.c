/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_hello.h"
#include "mobikex_notify.h"

mobikex_hello_t *mobikex_hello_find(uint32_t ike)
{
	return mobikex_by_ike(mobikex->hellos, ike);
}

static mobikex_hello_t *get(uint32_t ike)
{
	mobikex_hello_t *hello = mobikex_hello_find(ike);

	if (!hello)
	{
		INIT(hello,
			.ike = ike,
		);
		mobikex->hellos->insert_last(mobikex->hellos, hello);
	}
	return hello;
}

void mobikex_hello_supported(uint32_t ike, chunk_t data)
{
	enum mobikex_refusal reason;
	mobikex_hello_t *hello;
	uint16_t capabilities;

	reason = mobikex_supported_parse(data, &capabilities);
	if (reason)
	{
		DBG1(DBG_IKE, "segue: MOBIKEX_SUPPORTED of %zu octets ignored: %s",
			 data.len, mobikex_refusal_name(reason));
		return;
	}
	hello = get(ike);
	hello->supported = TRUE;
	hello->capabilities = capabilities;
}

void mobikex_hello_source(uint32_t ike, message_t *message)
{
	mobikex_hello_t *hello = get(ike);
	host_t *source = message->get_source(message);

	if (message->get_exchange_type(message) == IKE_SA_INIT)
	{
		DESTROY_IF(hello->source);
		hello->source = source->clone(source);
	}
	else if (hello->source && !source->ip_equals(source, hello->source))
	{
		hello->moved = TRUE;
	}
}

bool mobikex_hello_moved(uint32_t ike, host_t *remote)
{
	mobikex_hello_t *hello = mobikex_hello_find(ike);

	return hello && (hello->moved ||
					 (hello->source && !remote->ip_equals(remote, hello->source)));
}

void mobikex_hello_natted(uint32_t ike)
{
	get(ike)->natted = TRUE;
}

static void hello_destroy(mobikex_hello_t *this)
{
	DESTROY_IF(this->source);
	free(this);
}

void mobikex_hello_forget(uint32_t ike)
{
	mobikex_hello_t *hello = mobikex_hello_find(ike);

	if (hello)
	{
		mobikex->hellos->remove(mobikex->hellos, hello, NULL);
		hello_destroy(hello);
	}
}

void mobikex_hellos_destroy(void)
{
	mobikex->hellos->destroy_function(mobikex->hellos, (void*)hello_destroy);
}
