// SPDX-License-Identifier: GPL-2.0-or-later
/* segue check: segue0, the rule that leads to its routes, and who else is there. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <segue/host.h>
#include "check.h"
#include "rtnl_socket.h"
#include "tc.h"

struct entry {
	unsigned int table;
	unsigned int priority;	/* of rules */
	unsigned int device;	/* of routes */
	unsigned int protocol;
};

struct census {
	int family;
	unsigned int rules_ours;
	unsigned int rules_others;	/* at our priority, or to our table */
	unsigned int routes_others;
};

static int rule_attr(const struct nlattr *attr, void *context)
{
	struct entry *entry = context;

	switch (mnl_attr_get_type(attr)) {
	case FRA_TABLE:
		if (!mnl_attr_validate(attr, MNL_TYPE_U32))
			entry->table = mnl_attr_get_u32(attr);
		break;
	case FRA_PRIORITY:
		if (!mnl_attr_validate(attr, MNL_TYPE_U32))
			entry->priority = mnl_attr_get_u32(attr);
		break;
	case FRA_PROTOCOL:
		if (!mnl_attr_validate(attr, MNL_TYPE_U8))
			entry->protocol = mnl_attr_get_u8(attr);
		break;
	}
	return MNL_CB_OK;
}

static int count_rule(void *context, const struct nlmsghdr *message)
{
	const struct fib_rule_hdr *rule = mnl_nlmsg_get_payload(message);
	struct census *census = context;
	struct entry entry = {};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*rule) || rule->family != census->family)
		return 0;
	entry.table = rule->table;
	mnl_attr_parse(message, sizeof(*rule), rule_attr, &entry);
	if (entry.table != SEGUE_TABLE && entry.priority != SEGUE_RULE_PRIORITY)
		return 0;
	if (entry.protocol == RTNL_PROTOCOL)
		census->rules_ours++;
	else
		census->rules_others++;
	return 0;
}

static int route_attr(const struct nlattr *attr, void *context)
{
	struct entry *entry = context;

	switch (mnl_attr_get_type(attr)) {
	case RTA_TABLE:
		if (!mnl_attr_validate(attr, MNL_TYPE_U32))
			entry->table = mnl_attr_get_u32(attr);
		break;
	case RTA_OIF:
		if (!mnl_attr_validate(attr, MNL_TYPE_U32))
			entry->device = mnl_attr_get_u32(attr);
		break;
	}
	return MNL_CB_OK;
}

static int count_route(void *context, const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct census *census = context;
	struct entry entry = {};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*route) ||
	    route->rtm_family != census->family)
		return 0;
	entry.table = route->rtm_table;
	mnl_attr_parse(message, sizeof(*route), route_attr, &entry);
	census->routes_others += entry.table == SEGUE_TABLE && route->rtm_protocol != RTNL_PROTOCOL;
	return 0;
}

static int take_census(struct rtnl *rtnl, struct census *census)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct fib_rule_hdr *rule;
	struct rtmsg *route;
	int err;

	request = rtnl_request(buf, RTM_GETRULE, NLM_F_DUMP, sizeof(*rule));
	rule = mnl_nlmsg_get_payload(request);
	rule->family = census->family;
	err = rtnl_dump(rtnl, request, count_rule, census);
	if (err)
		return err;
	request = rtnl_request(buf, RTM_GETROUTE, NLM_F_DUMP, sizeof(*route));
	route = mnl_nlmsg_get_payload(request);
	route->rtm_family = census->family;
	return rtnl_dump(rtnl, request, count_route, census);
}

static void check_family(struct check *check, int family)
{
	struct census census = { .family = family };
	const char *ip = family == AF_INET ? "ip" : "ip -6";
	int err = take_census(check->rtnl, &census);

	if (err == -EAFNOSUPPORT || err == -EOPNOTSUPP)
		return;		/* no IPv6 here */
	if (err) {
		check_tell(check, CHECK_FAIL, "rules", "", "cannot read them: %s", strerror(-err));
		return;
	}
	if (census.rules_others)
		check_tell(check, CHECK_WARN, "rules", CHECK_MEND("%s rule", ip),
			   "somebody else has a rule at priority %d or to table %d; one of you has "
			   "to give way", SEGUE_RULE_PRIORITY, SEGUE_TABLE);
	if (census.routes_others)
		check_tell(check, CHECK_WARN, "rules",
			   CHECK_MEND("%s route show table %d", ip, SEGUE_TABLE),
			   "somebody else has routes in table %d, which is segue's", SEGUE_TABLE);
	if (!check->segue)
		return;
	if (!census.rules_ours)
		check_tell(check, CHECK_FAIL, "rules",
			   CHECK_MEND("%s rule add iif lo pref %d lookup %d protocol %d", ip,
				      SEGUE_RULE_PRIORITY, SEGUE_TABLE, RTNL_PROTOCOL),
			   "segue's rule is gone: packets to the peers do not go to %s",
			   SEGUE_DEVICE);
	else if (!census.rules_others)
		check_tell(check, CHECK_OK, "rules", "", "%s rule %d: lookup %d", ip,
			   SEGUE_RULE_PRIORITY, SEGUE_TABLE);
}

static int stable_seen(void *context, const struct rtnl_link *device)
{
	if (strcmp(device->name, SEGUE_DEVICE))
		return 0;
	*(struct rtnl_link *)context = *device;
	return 1;
}

static void check_stable(struct check *check)
{
	static const char again[] = "segue detach; segue attach DEV...";
	struct rtnl_link device = {};
	int ret = rtnl_links(check->rtnl, stable_seen, &device);

	if (ret < 0)
		check_tell(check, CHECK_FAIL, SEGUE_DEVICE, "", "cannot list devices: %s",
			   strerror(-ret));
	else if (!check->segue && ret)
		check_tell(check, CHECK_FAIL, SEGUE_DEVICE, "ip link del " SEGUE_DEVICE,
			   "is there, but segue is not attached: attach will refuse");
	else if (!check->segue)
		return;
	else if (!ret)
		check_tell(check, CHECK_FAIL, SEGUE_DEVICE, again, "is gone");
	else if (!device.admin_up)
		check_tell(check, CHECK_FAIL, SEGUE_DEVICE, "ip link set " SEGUE_DEVICE " up",
			   "is down");
	else if (!tc_attached(device.ifindex, TC_HOOK_EGRESS))
		check_tell(check, CHECK_FAIL, SEGUE_DEVICE, again,
			   "somebody took egress steering away from it");
	else
		check_tell(check, CHECK_OK, SEGUE_DEVICE, "", "up, MTU %u", device.mtu);
}

void check_rules(struct check *check)
{
	check_stable(check);
	check_family(check, AF_INET);
	check_family(check, AF_INET6);
}
