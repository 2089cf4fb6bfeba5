/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_guard.h"
#include "mobikex_xfrm.h"

#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <library.h>

/** Behind every policy of charon's, whose priorities are below a million */
#define BLOCK_PRIORITY UINT32_MAX

/** RFC 4861 4.3, 4.4: of a neighbour that is the peer itself */
#define SOLICITATION 135
#define ADVERTISEMENT 136

/**
 * A policy that is in the kernel as long as a guard needs it
 */
typedef struct {
	mobikex_xfrm_rule_t rule;
	u_int users;
} rule_t;

/**
 * A peer's address and a service between us
 */
typedef struct {
	struct segue_addr peer;
	mobikex_service_t service;
} guard_t;

enum { RULES = 10 };

static linked_list_t *rules;

static rule_t *rule_find(const mobikex_xfrm_rule_t *rule)
{
	enumerator_t *enumerator;
	rule_t *current, *found = NULL;

	enumerator = rules->create_enumerator(rules);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = memeq(&current->rule, rule, sizeof(*rule)) ? current : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

static int rule_hold(const mobikex_xfrm_rule_t *rule)
{
	rule_t *this;
	int err;

	rules = rules ?: linked_list_create();
	this = rule_find(rule);
	if (!this)
	{
		err = mobikex_xfrm_rule_add(rule);
		if (err)
		{
			return err;
		}
		INIT(this,
			.rule = *rule,
		);
		rules->insert_last(rules, this);
	}
	this->users++;
	return 0;
}

static void rule_drop(const mobikex_xfrm_rule_t *rule)
{
	rule_t *this = rule_find(rule);

	if (this && !--this->users)
	{
		mobikex_xfrm_rule_del(rule);
		rules->remove(rules, this, NULL);
		free(this);
	}
	if (!rules->get_count(rules))
	{
		rules->destroy(rules);
		rules = NULL;
	}
}

static mobikex_xfrm_rule_t rule_of(const struct segue_addr *peer, bool out,
						uint8_t protocol, int local_port, int remote_port,
						bool allow)
{
	mobikex_xfrm_rule_t rule;

	/* compared with memeq() */
	memset(&rule, 0, sizeof(rule));
	rule.peer = *peer;
	rule.out = out;
	rule.allow = allow;
	rule.priority = allow ? MOBIKEX_XFRM_FIRST : BLOCK_PRIORITY;
	rule.protocol = protocol;
	rule.local_port = local_port;
	rule.remote_port = remote_port;
	return rule;
}

/**
 * All of a guard; what lets through comes before what blocks.
 *
 * bpf_redirect_neigh(), by which all of this leaves segue0, asks for a route with
 * XFRM in it: a flow of UDP between ports 0, which no datagram has, and ESP.  With
 * IPv6 the peer may also be a neighbour, and its solicitations have ICMP types where
 * others have ports (xfrm_flowi_sport()).
 */
static u_int rules_of(const guard_t *guard, mobikex_xfrm_rule_t rule[RULES])
{
	const struct segue_addr *peer = &guard->peer;
	const mobikex_service_t *service = &guard->service;
	int local = service->local_port ?: MOBIKEX_XFRM_ANY_PORT;
	int remote = service->remote_port ?: MOBIKEX_XFRM_ANY_PORT;
	int any = MOBIKEX_XFRM_ANY_PORT, out;
	u_int count = 0;

	rule[count++] = rule_of(peer, TRUE, IPPROTO_ESP, any, any, TRUE);
	rule[count++] = rule_of(peer, TRUE, IPPROTO_UDP, 0, 0, TRUE);
	for (out = 0; out <= 1 && !segue_addr_is_v4(peer); out++)
	{	/* the type is the sender's port */
		rule[count++] = rule_of(peer, out, IPPROTO_ICMPV6,
								out ? SOLICITATION : any,
								out ? any : SOLICITATION, TRUE);
		rule[count++] = rule_of(peer, out, IPPROTO_ICMPV6,
								out ? ADVERTISEMENT : any,
								out ? any : ADVERTISEMENT, TRUE);
	}
	for (out = 0; out <= 1; out++)
	{
		rule[count++] = rule_of(peer, out, service->protocol, local, remote, FALSE);
	}
	return count;
}

static void undo(const mobikex_xfrm_rule_t *rule, u_int count)
{
	while (count--)
	{
		rule_drop(&rule[count]);
	}
}

static bool same(const guard_t *guard, const struct segue_addr *peer,
				 const mobikex_service_t *service)
{
	return segue_addr_equal(&guard->peer, peer) &&
		   guard->service.protocol == service->protocol &&
		   guard->service.local_port == service->local_port &&
		   guard->service.remote_port == service->remote_port;
}

bool mobikex_guard_has(linked_list_t *guards, const struct segue_addr *peer,
					   const mobikex_service_t *service)
{
	enumerator_t *enumerator;
	guard_t *guard;
	bool found = FALSE;

	enumerator = guards->create_enumerator(guards);
	while (!found && enumerator->enumerate(enumerator, &guard))
	{
		found = same(guard, peer, service);
	}
	enumerator->destroy(enumerator);
	return found;
}

int mobikex_guard_add(linked_list_t *guards, const struct segue_addr *peer,
					  const mobikex_service_t *service)
{
	mobikex_xfrm_rule_t rule[RULES];
	guard_t *guard;
	u_int i, count;
	int err;

	if (mobikex_guard_has(guards, peer, service))
	{
		return 0;
	}
	INIT(guard,
		.peer = *peer,
		.service = *service,
	);
	count = rules_of(guard, rule);
	for (i = 0; i < count; i++)
	{
		err = rule_hold(&rule[i]);
		if (err)
		{
			undo(rule, i);
			free(guard);
			return err;
		}
	}
	guards->insert_last(guards, guard);
	return 0;
}

void mobikex_guard_release(linked_list_t *guards, const struct segue_addr *peer)
{
	mobikex_xfrm_rule_t rule[RULES];
	enumerator_t *enumerator;
	guard_t *guard;

	enumerator = guards->create_enumerator(guards);
	while (enumerator->enumerate(enumerator, &guard))
	{
		if (!peer || segue_addr_equal(&guard->peer, peer))
		{
			guards->remove_at(guards, enumerator);
			undo(rule, rules_of(guard, rule));
			free(guard);
		}
	}
	enumerator->destroy(enumerator);
}
