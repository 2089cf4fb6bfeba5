// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and addresses as people write them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <segue/mobikex.h>
#include "control.h"

static const char *refusal_name(unsigned int refusal)
{
	switch (refusal) {
#define REFUSAL_NAME(name, value, text) case value: return text;
	MOBIKEX_REFUSALS(REFUSAL_NAME)
#undef REFUSAL_NAME
	}
	return "unknown";
}

const char *segue_reason_name(enum segue_reason reason)
{
	if (reason > SEGUE_REASON_OPERATION && reason < SEGUE_REASON_TOLD_ADD)
		return refusal_name(reason - SEGUE_REASON_OPERATION);
	switch (reason) {
	case SEGUE_REASON_NONE:			return "none";
	case SEGUE_REASON_CARRIER_LOST:		return "carrier lost";
	case SEGUE_REASON_CARRIER_BACK:		return "carrier back";
	case SEGUE_REASON_ADMIN_DOWN:		return "admin down";
	case SEGUE_REASON_ADMIN_UP:		return "admin up";
	case SEGUE_REASON_UNPLUGGED:		return "unplugged";
	case SEGUE_REASON_PLUGGED:		return "plugged";
	case SEGUE_REASON_DETACHED:		return "detached";
	case SEGUE_REASON_TX_TIMEOUT:		return "transmit timeout";
	case SEGUE_REASON_DRAINED:		return "drained";
	case SEGUE_REASON_RESUMED:		return "resumed";
	case SEGUE_REASON_SIGNAL_LOW:		return "signal low";
	case SEGUE_REASON_SIGNAL_LOST:		return "signal lost";
	case SEGUE_REASON_SIGNAL_GOOD:		return "signal good";
	case SEGUE_REASON_LINK_DOWN:		return "link down";
	case SEGUE_REASON_PEER_MOVED:		return "peer moved";
	case SEGUE_REASON_MANUAL:		return "manual";
	case SEGUE_REASON_FAILBACK:		return "failback";
	case SEGUE_REASON_IKE_UPDATE:		return "IKE update";
	case SEGUE_REASON_PREFERRED:		return "preferred";
	case SEGUE_REASON_UNACCEPTABLE:		return "not acceptable to the peer";
	case SEGUE_REASON_ADDRESS_GONE:		return "address gone";
	case SEGUE_REASON_PATH_DIED:		return "path died";
	case SEGUE_REASON_PATH_ADDED:		return "path added";
	case SEGUE_REASON_PATH_VERIFIED:	return "path verified";
	case SEGUE_REASON_PATH_REMOVED:		return "path removed";
	case SEGUE_REASON_PATH_SUSPECT:		return "path suspect";
	case SEGUE_REASON_PATH_SILENT:		return "path silent";
	case SEGUE_REASON_PATH_DEAD:		return "path dead";
	case SEGUE_REASON_PATH_BACK:		return "path back";
	case SEGUE_REASON_PATH_DEGRADED:	return "path degraded";
	case SEGUE_REASON_PATH_WELL:		return "path well";
	case SEGUE_REASON_PATH_HELD:		return "path held down";
	case SEGUE_REASON_PATH_RELEASED:	return "hold-down over";
	case SEGUE_REASON_NO_LIVE_PATH:		return "no live path";
	case SEGUE_REASON_UNVERIFIED_PATH:	return "unverified path";
	case SEGUE_REASON_CHECK_FAILED:		return "check failed";
	case SEGUE_REASON_MAP_FULL:		return "map full";
	case SEGUE_REASON_NAT:			return "unexpected NAT";
	case SEGUE_REASON_NOT_OWNED:		return "not owned";
	case SEGUE_REASON_OPERATION:		return "operation refused";
	case SEGUE_REASON_TOLD_ADD:		return "told: address added";
	case SEGUE_REASON_TOLD_REMOVE:		return "told: address removed";
	case SEGUE_REASON_TOLD_UPDATE:		return "told: moved";
	case SEGUE_REASON_ASKED_CHECK:		return "asked: are you there";
	case SEGUE_REASON_PEER_ADD:		return "peer added an address";
	case SEGUE_REASON_PEER_REMOVE:		return "peer removed an address";
	case SEGUE_REASON_PEER_UPDATE:		return "peer says it moved";
	case SEGUE_REASON_PEER_FOLLOWED:	return "peer follows";
	case SEGUE_REASON_PEER_REFUSED:		return "peer refused";
	}
	return "unknown";
}

const char *segue_event_name(enum segue_event_type type)
{
	switch (type) {
	case SEGUE_EVENT_LINK:		return "link";
	case SEGUE_EVENT_PATH:		return "path";
	case SEGUE_EVENT_SWITCH:	return "switch";
	case SEGUE_EVENT_REFUSAL:	return "refusal";
	case SEGUE_EVENT_EXCHANGE:	return "exchange";
	case SEGUE_EVENT_WISH:		return "wish";
	}
	return "unknown";
}

const char *segue_check_name(enum segue_check check)
{
	switch (check) {
	case SEGUE_CHECK_NEVER:		return "never";
	case SEGUE_CHECK_PENDING:	return "pending";
	case SEGUE_CHECK_VERIFIED:	return "verified";
	case SEGUE_CHECK_FAILED:	return "failed";
	case SEGUE_CHECKS:		break;
	}
	return "unknown";
}

const char *segue_capabilities_text(__u16 capabilities, char *buf)
{
	static const struct {
		__u16 bit;
		const char *name;
	} known[] = {
		{ MOBIKEX_RESTORES, "restores" }, { MOBIKEX_INTERFACES, "interfaces" },
		{ MOBIKEX_COPIES, "copies" }, { MOBIKEX_MOVES, "moves" },
		{ MOBIKEX_CHILDREN, "children" }, { MOBIKEX_PROBES, "probes" },
	};
	size_t len = 0, i;

	buf[0] = '\0';
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (capabilities & known[i].bit)
			len += snprintf(buf + len, SEGUE_CAPABILITIES_SIZE - len, "%s%s",
					len ? ", " : "", known[i].name);
		capabilities &= ~known[i].bit;
	}
	if (capabilities)	/* of a later version */
		snprintf(buf + len, SEGUE_CAPABILITIES_SIZE - len, "%s0x%x", len ? ", " : "",
			 capabilities);
	return buf;
}

const char *segue_addr_text(const struct segue_addr *addr, char *buf)
{
	if (segue_addr_is_v4(addr))
		inet_ntop(AF_INET, &addr->octet[SEGUE_ADDR_V4_OFFSET], buf, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, addr->octet, buf, INET6_ADDRSTRLEN);
	return buf;
}

int segue_addr_parse(const char *text, struct segue_addr *out)
{
	struct segue_addr addr = {};

	if (inet_pton(AF_INET, text, &addr.octet[SEGUE_ADDR_V4_OFFSET]) == 1)
		addr.octet[10] = addr.octet[11] = 0xff;
	else if (inet_pton(AF_INET6, text, addr.octet) != 1)
		return -EINVAL;
	*out = addr;
	return 0;
}
