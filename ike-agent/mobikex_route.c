/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_route.h"

#include <string.h>

typedef struct {
	void *holder;
	/** An address of segue0, not a route */
	bool local;
	struct segue_addr prefix;
	u_int prefixlen;
	bool has_source;
	struct segue_addr source;
} route_t;

static void install(route_t *this)
{
	char text[INET6_ADDRSTRLEN];
	int err;

	if (!mobikex->device)
	{
		return;
	}
	if (this->local)
	{
		err = rtnl_addr_add(mobikex->rtnl, mobikex->device, &this->prefix);
	}
	else
	{
		err = rtnl_route_add(mobikex->rtnl, SEGUE_TABLE, &this->prefix,
							 this->prefixlen, mobikex->device,
							 this->has_source ? &this->source : NULL);
	}
	if (err)
	{
		DBG1(DBG_KNL, "segue: %s %s/%u on " SEGUE_DEVICE " failed: %s",
			 this->local ? "address" : "route to",
			 segue_addr_text(&this->prefix, text), this->prefixlen,
			 strerror(-err));
	}
}

static void uninstall(route_t *this)
{
	if (!mobikex->device)
	{
		return;
	}
	if (this->local)
	{
		rtnl_addr_del(mobikex->rtnl, mobikex->device, &this->prefix);
	}
	else
	{
		rtnl_route_del(mobikex->rtnl, SEGUE_TABLE, &this->prefix,
					   this->prefixlen);
	}
}

static bool same(route_t *a, route_t *b)
{
	return a->local == b->local && a->prefixlen == b->prefixlen &&
		   segue_addr_equal(&a->prefix, &b->prefix);
}

/**
 * The newest of those that are the same as this one.
 */
static route_t *newest(route_t *this)
{
	enumerator_t *enumerator;
	route_t *route, *found = NULL;

	enumerator = mobikex->routes->create_enumerator(mobikex->routes);
	while (enumerator->enumerate(enumerator, &route))
	{
		found = same(route, this) ? route : found;
	}
	enumerator->destroy(enumerator);
	return found;
}

static void add(route_t this)
{
	route_t *route = malloc_thing(route_t);

	*route = this;
	mobikex->routes->insert_last(mobikex->routes, route);
	install(route);
}

/**
 * Gone from the list already.
 */
static void remove_route(route_t *this)
{
	route_t *heir = newest(this);

	if (heir)
	{
		install(heir);
	}
	else
	{
		uninstall(this);
	}
	free(this);
}

static u_int host_length(const struct segue_addr *addr)
{
	return segue_addr_is_v4(addr) ? 32 : 128;
}

void mobikex_local_add(void *holder, const struct segue_addr *addr)
{
	add((route_t){
		.holder = holder,
		.local = TRUE,
		.prefix = *addr,
		.prefixlen = host_length(addr),
	});
}

void mobikex_route_add(void *holder, const struct segue_addr *prefix,
					   u_int prefixlen, const struct segue_addr *source)
{
	add((route_t){
		.holder = holder,
		.prefix = *prefix,
		.prefixlen = prefixlen,
		.has_source = source != NULL,
		.source = source ? *source : (struct segue_addr){ .octet = {} },
	});
}

/**
 * Out of the list only: what the kernel has stays.
 */
static route_t *take(route_t key)
{
	enumerator_t *enumerator;
	route_t *route, *found = NULL;

	enumerator = mobikex->routes->create_enumerator(mobikex->routes);
	while (!found && enumerator->enumerate(enumerator, &route))
	{
		if (route->holder == key.holder && same(route, &key))
		{
			mobikex->routes->remove_at(mobikex->routes, enumerator);
			found = route;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

static void take_away(route_t key)
{
	route_t *found = take(key);

	if (found)
	{
		remove_route(found);
	}
}

void mobikex_local_del(void *holder, const struct segue_addr *addr)
{
	take_away((route_t){
		.holder = holder,
		.local = TRUE,
		.prefix = *addr,
		.prefixlen = host_length(addr),
	});
}

void mobikex_route_set(void *holder, const struct segue_addr *prefix,
					   u_int prefixlen, const struct segue_addr *source)
{
	free(take((route_t){
		.holder = holder,
		.prefix = *prefix,
		.prefixlen = prefixlen,
	}));
	mobikex_route_add(holder, prefix, prefixlen, source);
}

void mobikex_route_del(void *holder, const struct segue_addr *prefix,
					   u_int prefixlen)
{
	take_away((route_t){
		.holder = holder,
		.prefix = *prefix,
		.prefixlen = prefixlen,
	});
}

void mobikex_routes_release(void *holder)
{
	enumerator_t *enumerator;
	linked_list_t *gone = linked_list_create();
	route_t *route;

	enumerator = mobikex->routes->create_enumerator(mobikex->routes);
	while (enumerator->enumerate(enumerator, &route))
	{
		if (route->holder == holder)
		{
			mobikex->routes->remove_at(mobikex->routes, enumerator);
			gone->insert_last(gone, route);
		}
	}
	enumerator->destroy(enumerator);
	/* routes before the address that is their source */
	while (gone->remove_last(gone, (void**)&route) == SUCCESS)
	{
		remove_route(route);
	}
	gone->destroy(gone);
}

void mobikex_routes_restore(void)
{
	enumerator_t *enumerator;
	route_t *route;

	enumerator = mobikex->routes->create_enumerator(mobikex->routes);
	while (enumerator->enumerate(enumerator, &route))
	{
		install(route);
	}
	enumerator->destroy(enumerator);
}
