/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_pair.h"
#include "mobikex_host.h"

#include <string.h>
#include <segue/mobikex.h>

mobikex_pair_t *mobikex_pair_find(linked_list_t *pairs, uint32_t reqid)
{
	enumerator_t *enumerator;
	mobikex_pair_t *pair, *found = NULL;

	enumerator = pairs->create_enumerator(pairs);
	while (!found && enumerator->enumerate(enumerator, &pair))
	{
		found = pair->reqid == reqid ? pair : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

mobikex_pair_t *mobikex_pair_between(linked_list_t *pairs, const char *name,
									 host_t *local, host_t *remote)
{
	enumerator_t *enumerator;
	mobikex_pair_t *pair, *found = NULL;

	enumerator = pairs->create_enumerator(pairs);
	while (!found && enumerator->enumerate(enumerator, &pair))
	{
		if (pair->local->ip_equals(pair->local, local) &&
			pair->remote->ip_equals(pair->remote, remote) &&
			(!name || streq(pair->name, name)))
		{
			found = pair;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

mobikex_pair_t *mobikex_pair_add(linked_list_t *pairs, uint32_t reqid,
								 host_t *local, host_t *remote)
{
	mobikex_pair_t *this;

	INIT(this,
		.reqid = reqid,
		.local = local->clone(local),
		.remote = remote->clone(remote),
	);
	pairs->insert_last(pairs, this);
	return this;
}

void mobikex_pair_destroy(mobikex_pair_t *this)
{
	this->local->destroy(this->local);
	this->remote->destroy(this->remote);
	free(this->name);
	free(this);
}

chunk_t mobikex_pair_encode(host_t *sender, host_t *receiver, uint8_t *buffer)
{
	chunk_t from = sender->get_address(sender);
	chunk_t to = receiver->get_address(receiver);
	struct mobikex_child_sa_pair head = {
		.family = sender->get_family(sender) == AF_INET ? MOBIKEX_FAMILY_IPV4 :
														  MOBIKEX_FAMILY_IPV6,
	};

	memcpy(buffer, &head, sizeof(head));
	memcpy(buffer + sizeof(head), from.ptr, from.len);
	memcpy(buffer + sizeof(head) + from.len, to.ptr, to.len);
	return chunk_create(buffer, sizeof(head) + from.len + to.len);
}

bool mobikex_pair_parse(chunk_t data, host_t **sender, host_t **receiver)
{
	struct mobikex_child_sa_pair head;
	struct segue_addr from, to;
	chunk_t addr;
	host_t *a, *b;
	size_t len;
	int family;
	bool ok;

	if (data.len < sizeof(head))
	{
		return FALSE;
	}
	memcpy(&head, data.ptr, sizeof(head));
	family = head.family == MOBIKEX_FAMILY_IPV4 ? AF_INET : AF_INET6;
	len = family == AF_INET ? 4 : 16;
	if ((head.family != MOBIKEX_FAMILY_IPV4 &&
		 head.family != MOBIKEX_FAMILY_IPV6) ||
		data.len != sizeof(head) + 2 * len)
	{
		return FALSE;
	}
	addr = chunk_skip(data, sizeof(head));
	a = host_create_from_chunk(family, chunk_create(addr.ptr, len), 0);
	b = host_create_from_chunk(family, chunk_skip(addr, len), 0);
	from = mobikex_addr(a);
	to = mobikex_addr(b);
	ok = mobikex_addr_plausible(&from) && mobikex_addr_plausible(&to);
	if (!ok)
	{
		a->destroy(a);
		b->destroy(b);
		return FALSE;
	}
	*sender = a;
	*receiver = b;
	return TRUE;
}
