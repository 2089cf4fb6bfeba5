// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <segue/host.h>
#include "control.h"
#include "ingress.h"
#include "rtnl.h"
#include "stable.h"
#include "tc.h"

int stable_create(struct rtnl *rtnl, unsigned int mtu, char *why, unsigned int size)
{
	unsigned int ifindex;
	int err;

	err = rtnl_device_add(rtnl, SEGUE_DEVICE, mtu);
	if (err) {
		why_add(why, size, "cannot create it: %s", err == -EOPNOTSUPP ?
			"the kernel has no dummy device (modprobe dummy)" : strerror(-err));
		return err;
	}
	ifindex = if_nametoindex(SEGUE_DEVICE);
	err = ifindex ? tc_attach(ifindex, TC_HOOK_EGRESS, "egress") : -ENODEV;
	if (err) {
		why_add(why, size, "no tc egress on it: %s", strerror(-err));
		goto remove;
	}
	err = rtnl_rule_add(rtnl, SEGUE_TABLE, SEGUE_RULE_PRIORITY);
	if (err) {
		why_add(why, size, "cannot add the rule %d to table %d: %s",
			SEGUE_RULE_PRIORITY, SEGUE_TABLE, strerror(-err));
		goto detach;
	}
	return 0;
detach:
	tc_detach(ifindex, TC_HOOK_EGRESS);
remove:
	rtnl_device_del(rtnl, SEGUE_DEVICE);
	return err;
}

/* The rule first: from then on packets to the peers take the host's own routes. */
int stable_remove(struct rtnl *rtnl)
{
	unsigned int ifindex = if_nametoindex(SEGUE_DEVICE);
	int err, first = 0;

	err = rtnl_rule_del(rtnl, SEGUE_TABLE, SEGUE_RULE_PRIORITY);
	if (err && err != -ENOENT)
		first = err;
	if (!ifindex)
		return first;
	err = tc_detach(ifindex, TC_HOOK_EGRESS);
	if (!first)
		first = err;
	err = rtnl_device_del(rtnl, SEGUE_DEVICE);
	return first ? first : err;
}

struct smallest {
	struct segue *segue;
	unsigned int mtu;
};

static int smallest_mtu(void *context, const struct rtnl_link *device)
{
	struct smallest *smallest = context;
	struct segue_link link;

	if (!segue_link_get(smallest->segue, device->ifindex, &link) &&
	    (!smallest->mtu || device->mtu < smallest->mtu))
		smallest->mtu = device->mtu;
	return 0;
}

int stable_fit_mtu(struct segue *segue, struct rtnl *rtnl)
{
	struct smallest smallest = { .segue = segue };
	int err = rtnl_links(rtnl, smallest_mtu, &smallest);

	if (err || !smallest.mtu)
		return err;
	if (smallest.mtu < SEGUE_LEAST_MTU)
		smallest.mtu = SEGUE_LEAST_MTU;
	return rtnl_device_set_mtu(rtnl, SEGUE_DEVICE, smallest.mtu);
}
