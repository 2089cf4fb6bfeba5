/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_link.h"
#include "mobikex_host.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <load.h>
#include <stable.h>

mobikex_link_t *mobikex_link_by_index(uint32_t ifindex)
{
	enumerator_t *enumerator;
	mobikex_link_t *link, *found = NULL;

	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (!found && enumerator->enumerate(enumerator, &link))
	{
		found = ifindex && link->ifindex == ifindex ? link : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Whose device is unplugged, and had this name; NULL: none
 */
static mobikex_link_t *unplugged_by_name(const char *name)
{
	enumerator_t *enumerator;
	mobikex_link_t *link, *found = NULL;

	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (!found && enumerator->enumerate(enumerator, &link))
	{
		found = !link->ifindex && streq(link->name, name) ? link : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

static mobikex_link_addr_t *find_addr(mobikex_link_t *link,
									  const struct segue_addr *addr)
{
	enumerator_t *enumerator;
	mobikex_link_addr_t *current, *found = NULL;

	enumerator = link->addrs->create_enumerator(link->addrs);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = segue_addr_equal(&current->addr, addr) ? current : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

static mobikex_link_addr_t *add_addr(mobikex_link_t *link,
									 const struct segue_addr *addr)
{
	mobikex_link_addr_t *this;

	INIT(this,
		.addr = *addr,
	);
	link->addrs->insert_last(link->addrs, this);
	return this;
}

/**
 * FALSE if it is there with another prefix length still
 */
static bool drop_addr(mobikex_link_t *link, mobikex_link_addr_t *this,
					  u_int prefixlen)
{
	this->prefixlens[prefixlen / 64] &= ~(1ULL << prefixlen % 64);
	if (this->prefixlens[0] | this->prefixlens[1] | this->prefixlens[2])
	{
		return FALSE;
	}
	link->addrs->remove(link->addrs, this, NULL);
	free(this);
	return TRUE;
}

mobikex_link_t *mobikex_link_of(const struct segue_addr *addr)
{
	enumerator_t *enumerator;
	mobikex_link_t *link, *found = NULL;

	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (!found && enumerator->enumerate(enumerator, &link))
	{
		found = link->ifindex && find_addr(link, addr) ? link : NULL;
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * An address of this link that dest can be reached from
 */
static struct segue_addr *source_on(mobikex_link_t *link,
									const struct segue_addr *dest)
{
	enumerator_t *enumerator;
	mobikex_link_addr_t *current;
	struct segue_addr *found = NULL;

	enumerator = link->addrs->create_enumerator(link->addrs);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		if (segue_addr_is_v4(&current->addr) == segue_addr_is_v4(dest) &&
			!rtnl_route_check(mobikex->rtnl, dest, link->ifindex,
							  &current->addr))
		{
			found = &current->addr;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

bool mobikex_link_source(const struct segue_addr *dest, struct segue_addr *source)
{
	enumerator_t *enumerator;
	mobikex_link_t *link, *first = NULL;
	struct segue_addr *addr;

	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (enumerator->enumerate(enumerator, &link))
	{
		if (mobikex_link_up(link, NULL) && (!first || link->bit < first->bit))
		{
			addr = source_on(link, dest);
			if (addr)
			{
				first = link;
				*source = *addr;
			}
		}
	}
	enumerator->destroy(enumerator);
	return first != NULL;
}

bool mobikex_link_up(mobikex_link_t *link, uint64_t *since)
{
	struct segue_link entry;

	if (!link->ifindex || !mobikex->segue ||
		segue_link_get(mobikex->segue, link->ifindex, &entry))
	{
		return FALSE;
	}
	if (since)
	{
		*since = entry.changed_ns;
	}
	return segue_link_is_up(entry.flags);
}

enum segue_reason mobikex_link_weak(mobikex_link_t *link)
{
	struct segue_link entry;

	if (!link->ifindex || !mobikex->segue ||
		segue_link_get(mobikex->segue, link->ifindex, &entry) ||
		!(entry.flags & SEGUE_LINK_WEAK))
	{
		return SEGUE_REASON_NONE;
	}
	return entry.reason == SEGUE_REASON_SIGNAL_LOST ? SEGUE_REASON_SIGNAL_LOST :
													  SEGUE_REASON_SIGNAL_LOW;
}

void mobikex_link_lost(uint32_t ifindex, uint64_t when)
{
	mobikex_link_t *link = mobikex_link_by_index(ifindex);

	if (link && !link->lost)
	{	/* one that goes down, and is then unplugged, is lost once */
		link->lost = TRUE;
		mobikex_hold_lost(&link->hold, when);
	}
}

void mobikex_link_back(uint32_t ifindex)
{
	mobikex_link_t *link = mobikex_link_by_index(ifindex);

	if (link)
	{
		link->lost = FALSE;
	}
}

/**
 * A link has this address no more.  The map has another one that does, if any.
 */
static void address_lost(const struct segue_addr *addr)
{
	mobikex_link_t *heir = mobikex_link_of(addr);

	if (heir)
	{
		segue_addr_put(mobikex->segue, addr, heir->ifindex);
	}
	else
	{
		segue_addr_del(mobikex->segue, addr);
	}
}

bool mobikex_link_addr_changed(const struct rtnl_addr *addr, bool gone)
{
	mobikex_link_t *link = mobikex_link_by_index(addr->ifindex);
	mobikex_link_addr_t *found;
	char text[INET6_ADDRSTRLEN];
	bool known;

	if (!link || !mobikex->segue || addr->prefixlen > 128 ||
		!mobikex_addr_plausible(&addr->addr))
	{
		return FALSE;
	}
	found = find_addr(link, &addr->addr);
	known = found != NULL;
	if (gone)
	{
		if (!known || !drop_addr(link, found, addr->prefixlen))
		{
			return FALSE;
		}
		address_lost(&addr->addr);
		DBG1(DBG_KNL, "segue: %s lost its address %s", link->name,
			 segue_addr_text(&addr->addr, text));
		return TRUE;
	}
	if (addr->tentative)
	{
		return FALSE;
	}
	found = found ?: add_addr(link, &addr->addr);
	found->prefixlens[addr->prefixlen / 64] |= 1ULL << addr->prefixlen % 64;
	if (known)
	{
		return FALSE;
	}
	segue_addr_put(mobikex->segue, &addr->addr, link->ifindex);
	DBG2(DBG_KNL, "segue: %s has address %s", link->name,
		 segue_addr_text(&addr->addr, text));
	return TRUE;
}

/**
 * A device came back under the name of one that was unplugged.
 */
static bool replug(mobikex_link_t *link, const struct rtnl_link *device)
{
	struct segue_link entry;
	char why[256] = "";
	int err;

	err = uplink_attach(mobikex->segue, mobikex->rtnl, link->name, UPLINK_AUTO,
						why, sizeof(why));
	if (!err)
	{
		err = segue_link_get(mobikex->segue, device->ifindex, &entry);
	}
	if (err)
	{
		DBG1(DBG_KNL, "segue: %s is back but could not be attached: %s",
			 link->name, why[0] ? why : strerror(-err));
		return FALSE;
	}
	link->ifindex = device->ifindex;
	link->bit = entry.bit;
	DBG1(DBG_KNL, "segue: %s is back, ingress by %s%s%s", link->name,
		 entry.flags & SEGUE_LINK_XDP ? "XDP" : "tc", why[0] ? ": " : "", why);
	return TRUE;
}

static void unplug(mobikex_link_t *link)
{
	mobikex_link_addr_t *addr;

	DBG1(DBG_KNL, "segue: %s is gone", link->name);
	uplink_detach_index(mobikex->segue, mobikex->rtnl, link->ifindex);
	link->ifindex = 0;
	while (link->addrs->remove_first(link->addrs, (void**)&addr) == SUCCESS)
	{
		address_lost(&addr->addr);
		free(addr);
	}
	link->mtu = 0;
	link->running = FALSE;
}

/**
 * What the kernel's own watch tells is never overruled: a message that says
 * "up" may be older than the loss that the watch has seen since.
 */
static uint8_t not_watched(void)
{
	return (mobikex->watched & SEGUE_FEATURE_CARRIER ? 0 : SEGUE_LINK_CARRIER) |
		   (mobikex->watched & SEGUE_FEATURE_ADMIN ? 0 : SEGUE_LINK_ADMIN_UP) |
		   SEGUE_LINK_PRESENT;
}

static bool apply_state(mobikex_link_t *link, const struct rtnl_link *device)
{
	enum segue_reason reason = SEGUE_REASON_NONE;
	struct segue_link entry;
	uint8_t now;

	if (segue_link_get(mobikex->segue, link->ifindex, &entry))
	{
		return FALSE;
	}
	now = SEGUE_LINK_PRESENT | (device->carrier ? SEGUE_LINK_CARRIER : 0) |
		  (device->admin_up ? SEGUE_LINK_ADMIN_UP : 0);
	now = (now & not_watched()) | (entry.flags & SEGUE_LINK_UP & ~not_watched());
	if (now == (entry.flags & SEGUE_LINK_UP))
	{
		return TRUE;
	}
	if ((now ^ entry.flags) & SEGUE_LINK_ADMIN_UP)
	{
		reason = device->admin_up ? SEGUE_REASON_ADMIN_UP :
									SEGUE_REASON_ADMIN_DOWN;
	}
	else
	{
		reason = device->carrier ? SEGUE_REASON_CARRIER_BACK :
								   SEGUE_REASON_CARRIER_LOST;
	}
	segue_link_set(mobikex->segue, link->ifindex, now, reason);
	return TRUE;
}

/**
 * The kernel sends by a device that is back only some time later (linkwatch), and
 * tells rtnetlink then.  A router that asked for our address before that got no
 * answer and waits for a second; but from its question the kernel learned the
 * router's, and has no question of its own, from which the router would learn ours.
 */
static void note_running(mobikex_link_t *link, const struct rtnl_link *device)
{
	bool running = device->carrier && device->admin_up;

	if (running && !link->running)
	{
		rtnl_neighbours_flush(mobikex->rtnl, link->ifindex);
	}
	link->running = running;
}

static void fit_mtu(void)
{
	int err = stable_fit_mtu(mobikex->segue, mobikex->rtnl);

	if (err)
	{
		DBG1(DBG_KNL, "segue: MTU of " SEGUE_DEVICE " cannot be fitted: %s",
			 strerror(-err));
	}
}

/**
 * Settings go by the name that it has.
 */
static void note_name(mobikex_link_t *link, const struct rtnl_link *device)
{
	if (!streq(link->name, device->name))
	{
		DBG1(DBG_KNL, "segue: %s is %s now", link->name, device->name);
		snprintf(link->name, sizeof(link->name), "%s", device->name);
	}
}

/**
 * Not every message has it: those of wireless extensions do not (wext-core.c).
 */
static void note_mtu(mobikex_link_t *link, u_int mtu)
{
	if (mtu && link->mtu != mtu)
	{
		link->mtu = mtu;
		fit_mtu();
	}
}

/**
 * Those whose device is gone while another one has its name, before we are told.
 */
static void drop_replaced(const struct rtnl_link *device)
{
	enumerator_t *enumerator;
	mobikex_link_t *link;
	char name[IF_NAMESIZE];

	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (enumerator->enumerate(enumerator, &link))
	{
		if (link->ifindex && streq(link->name, device->name) &&
			!if_indextoname(link->ifindex, name))
		{
			unplug(link);
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * A device has come, or has another name: does a link wait for that?
 */
static bool came(const struct rtnl_link *device)
{
	mobikex_link_t *link;

	drop_replaced(device);
	link = unplugged_by_name(device->name);
	if (!link || !replug(link, device))
	{
		return FALSE;
	}
	note_mtu(link, device->mtu);
	return TRUE;
}

bool mobikex_link_changed(const struct rtnl_link *device, bool gone)
{
	mobikex_link_t *link = mobikex_link_by_index(device->ifindex);

	if (!mobikex->segue)
	{
		return FALSE;
	}
	if (!link)
	{
		return !gone && came(device);
	}
	if (gone)
	{
		unplug(link);
		fit_mtu();
		return TRUE;
	}
	note_name(link, device);
	note_running(link, device);
	note_mtu(link, device->mtu);
	return apply_state(link, device);
}

CALLBACK(each_addr, int,
	bool *changed, const struct rtnl_addr *addr)
{
	*changed |= mobikex_link_addr_changed(addr, FALSE);
	return 0;
}

CALLBACK(gather_addr, int,
	linked_list_t *addrs, const struct rtnl_addr *addr)
{
	struct rtnl_addr *copy = malloc_thing(struct rtnl_addr);

	*copy = *addr;
	addrs->insert_last(addrs, copy);
	return 0;
}

CALLBACK(each_link, int,
	linked_list_t *seen, const struct rtnl_link *device)
{
	mobikex_link_t *link;

	mobikex_link_changed(device, FALSE);
	link = mobikex_link_by_index(device->ifindex);
	if (link)
	{
		seen->insert_last(seen, link);
	}
	return 0;
}

void mobikex_links_resync(void)
{
	enumerator_t *enumerator;
	linked_list_t *seen = linked_list_create(), *old = linked_list_create();
	linked_list_t *now = linked_list_create();
	mobikex_link_t *link;
	mobikex_link_addr_t *addr;
	struct rtnl_addr *there;
	bool known;
	void *found;

	if (rtnl_addrs(mobikex->rtnl, (void*)gather_addr, now))
	{	/* what cannot be read is not gone */
		DBG1(DBG_KNL, "segue: addresses cannot be read");
		now->destroy_function(now, free);
		seen->destroy(seen);
		old->destroy(old);
		return;
	}
	known = !rtnl_links(mobikex->rtnl, (void*)each_link, seen);
	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (enumerator->enumerate(enumerator, &link))
	{
		found = link;
		if (known && link->ifindex && !seen->find_first(seen, NULL, &found))
		{
			unplug(link);
		}
		while (link->addrs->remove_first(link->addrs, (void**)&addr) == SUCCESS)
		{
			old->insert_last(old, addr);
		}
	}
	enumerator->destroy(enumerator);
	while (now->remove_first(now, (void**)&there) == SUCCESS)
	{
		mobikex_link_addr_changed(there, FALSE);
		free(there);
	}
	now->destroy(now);
	while (old->remove_first(old, (void**)&addr) == SUCCESS)
	{
		address_lost(&addr->addr);
		free(addr);
	}
	old->destroy(old);
	seen->destroy(seen);
}

static void link_destroy(mobikex_link_t *link)
{
	link->addrs->destroy_function(link->addrs, free);
	free(link);
}

/**
 * Those that somebody detached, while their devices go on.
 */
static void drop_detached(void)
{
	enumerator_t *enumerator;
	mobikex_link_t *link;
	struct segue_link entry;

	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (enumerator->enumerate(enumerator, &link))
	{
		if (link->ifindex && segue_link_get(mobikex->segue, link->ifindex,
											&entry) == -ENOENT)
		{
			mobikex->links->remove_at(mobikex->links, enumerator);
			link_destroy(link);
		}
	}
	enumerator->destroy(enumerator);
}

void mobikex_links_load(void)
{
	mobikex_link_t *link;
	struct segue_link entry;
	uint32_t ifindex = 0;
	bool changed = FALSE;

	drop_detached();
	while (!segue_link_next(mobikex->segue, &ifindex))
	{
		if (segue_link_get(mobikex->segue, ifindex, &entry))
		{
			continue;
		}
		link = mobikex_link_by_index(ifindex) ?: unplugged_by_name(entry.name);
		if (!link)
		{
			INIT(link,
				.addrs = linked_list_create(),
				.running = segue_link_is_up(entry.flags),
			);
			/* it may have been renamed since it was attached */
			if (!if_indextoname(ifindex, link->name))
			{
				snprintf(link->name, sizeof(link->name), "%s", entry.name);
			}
			mobikex->links->insert_last(mobikex->links, link);
		}
		link->ifindex = ifindex;
		link->bit = entry.bit;
	}
	rtnl_addrs(mobikex->rtnl, (void*)each_addr, &changed);
	fit_mtu();
}

void mobikex_links_flush(void)
{
	mobikex_link_t *link;

	while (mobikex->links->remove_first(mobikex->links,
										(void**)&link) == SUCCESS)
	{
		link_destroy(link);
	}
}
