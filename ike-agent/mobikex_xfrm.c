/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_xfrm.h"

#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <libmnl/libmnl.h>

static struct segue_addr to_addr(uint16_t family, const xfrm_address_t *xfrm)
{
	struct segue_addr addr = { .octet = {} };

	if (family == AF_INET)
	{
		addr.octet[10] = addr.octet[11] = 0xff;
		memcpy(addr.octet + SEGUE_ADDR_V4_OFFSET, &xfrm->a4, sizeof(xfrm->a4));
	}
	else
	{
		memcpy(addr.octet, xfrm->a6, sizeof(addr.octet));
	}
	return addr;
}

static void from_addr(uint16_t family, const struct segue_addr *addr,
					  xfrm_address_t *xfrm)
{
	memset(xfrm, 0, sizeof(*xfrm));
	if (family == AF_INET)
	{
		memcpy(&xfrm->a4, addr->octet + SEGUE_ADDR_V4_OFFSET, sizeof(xfrm->a4));
	}
	else
	{
		memcpy(xfrm->a6, addr->octet, sizeof(addr->octet));
	}
}

static int each_sa(const struct nlmsghdr *header, void *data)
{
	const struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(header);
	linked_list_t *list = data;
	mobikex_xfrm_sa_t *sa;

	if (header->nlmsg_type == XFRM_MSG_NEWSA &&
		mnl_nlmsg_get_payload_len(header) >= sizeof(*info) &&
		info->id.proto == IPPROTO_ESP)
	{
		INIT(sa,
			.src = to_addr(info->family, &info->saddr),
			.dst = to_addr(info->family, &info->id.daddr),
			.spi = info->id.spi,
			.proto = info->id.proto,
			.mode = info->mode,
			.family = info->family,
		);
		list->insert_last(list, sa);
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	return request;
}

/**
 * Send one request and take what comes back.
 */
static int talk(struct nlmsghdr *request, mnl_cb_t cb, void *data)
{
	char buffer[32768];	/* NLMSG_GOODSIZE of a dump, at most */
	struct mnl_socket *socket;
	ssize_t length;
	int result = -1, error;

	socket = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	if (!socket)
	{
		return -errno;
	}
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
		mnl_socket_sendto(socket, request, request->nlmsg_len) > 0)
	{
		do
		{
			length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
			result = length < 0 ? -1 : mnl_cb_run(buffer, length, 0,
										mnl_socket_get_portid(socket), cb, data);
		}
		while (result > MNL_CB_STOP);
	}
	error = result < 0 ? -errno : 0;
	mnl_socket_close(socket);
	return error;
}

static linked_list_t *dump(uint16_t type, mnl_cb_t cb)
{
	char buffer[MNL_NLMSG_HDRLEN] = {};
	struct nlmsghdr *request = begin(buffer, type, NLM_F_DUMP);
	linked_list_t *list = linked_list_create();

	if (talk(request, cb, list))
	{
		list->destroy_function(list, free);
		return NULL;
	}
	return list;
}

linked_list_t *mobikex_xfrm_sas(void)
{
	return dump(XFRM_MSG_GETSA, each_sa);
}

int mobikex_xfrm_sa_del(const mobikex_xfrm_sa_t *sa)
{
	char buffer[512] = {};
	struct nlmsghdr *request = begin(buffer, XFRM_MSG_DELSA, NLM_F_ACK);
	struct xfrm_usersa_id *id;
	xfrm_address_t src;

	id = mnl_nlmsg_put_extra_header(request, sizeof(*id));
	from_addr(sa->family, &sa->dst, &id->daddr);
	id->spi = sa->spi;
	id->family = sa->family;
	id->proto = sa->proto;
	from_addr(sa->family, &sa->src, &src);
	mnl_attr_put(request, XFRMA_SRCADDR, sizeof(src), &src);
	return talk(request, NULL, NULL);
}

static int rule_put(const struct xfrm_selector *selector, uint8_t dir,
					uint8_t action, uint32_t priority)
{
	char buffer[512] = {};
	struct nlmsghdr *request = begin(buffer, XFRM_MSG_UPDPOLICY, NLM_F_ACK);
	struct xfrm_userpolicy_info *info;

	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->sel = *selector;
	info->dir = dir;
	info->action = action;
	info->priority = priority;
	info->lft.soft_byte_limit = info->lft.hard_byte_limit = XFRM_INF;
	info->lft.soft_packet_limit = info->lft.hard_packet_limit = XFRM_INF;
	return talk(request, NULL, NULL);
}

static int policy_del(const struct xfrm_selector *selector, uint8_t dir)
{
	char buffer[512] = {};
	struct nlmsghdr *request = begin(buffer, XFRM_MSG_DELPOLICY, NLM_F_ACK);
	struct xfrm_userpolicy_id *id;

	id = mnl_nlmsg_put_extra_header(request, sizeof(*id));
	id->sel = *selector;
	id->dir = dir;
	return talk(request, NULL, NULL);
}

static void set_port(__be16 *port, __be16 *mask, int value)
{
	if (value != MOBIKEX_XFRM_ANY_PORT)
	{
		*port = htons(value);
		*mask = 0xffff;
	}
}

static struct xfrm_selector rule_selector(const mobikex_xfrm_rule_t *rule)
{
	uint16_t family = segue_addr_is_v4(&rule->peer) ? AF_INET : AF_INET6;
	uint8_t length = family == AF_INET ? 32 : 128;
	struct xfrm_selector selector = {
		.family = family,
		.proto = rule->protocol,
	};

	if (rule->out)
	{
		from_addr(family, &rule->peer, &selector.daddr);
		selector.prefixlen_d = length;
		set_port(&selector.sport, &selector.sport_mask, rule->local_port);
		set_port(&selector.dport, &selector.dport_mask, rule->remote_port);
	}
	else
	{
		from_addr(family, &rule->peer, &selector.saddr);
		selector.prefixlen_s = length;
		set_port(&selector.sport, &selector.sport_mask, rule->remote_port);
		set_port(&selector.dport, &selector.dport_mask, rule->local_port);
	}
	return selector;
}

int mobikex_xfrm_rule_add(const mobikex_xfrm_rule_t *rule)
{
	struct xfrm_selector selector = rule_selector(rule);

	return rule_put(&selector, rule->out ? XFRM_POLICY_OUT : XFRM_POLICY_IN,
					rule->allow ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK,
					rule->priority);
}

int mobikex_xfrm_rule_del(const mobikex_xfrm_rule_t *rule)
{
	struct xfrm_selector selector = rule_selector(rule);

	return policy_del(&selector, rule->out ? XFRM_POLICY_OUT : XFRM_POLICY_IN);
}

static struct xfrm_selector bypass_selector(const struct segue_addr *src,
								const struct segue_addr *dst, uint8_t proto)
{
	struct xfrm_selector selector = {
		.family = AF_INET6,
		.prefixlen_s = 128,
		.prefixlen_d = 128,
		.proto = proto,
	};

	from_addr(AF_INET6, src, &selector.saddr);
	from_addr(AF_INET6, dst, &selector.daddr);
	if (proto == IPPROTO_UDP)
	{	/* exactly port 0 */
		selector.sport_mask = selector.dport_mask = 0xffff;
	}
	return selector;
}

static const uint8_t bypassed[] = { IPPROTO_ESP, IPPROTO_UDP };

int mobikex_xfrm_bypass_add(const struct segue_addr *src,
							const struct segue_addr *dst)
{
	struct xfrm_selector selector;
	int i, err;

	for (i = 0; i < countof(bypassed); i++)
	{
		selector = bypass_selector(src, dst, bypassed[i]);
		err = rule_put(&selector, XFRM_POLICY_OUT, XFRM_POLICY_ALLOW,
					   MOBIKEX_XFRM_FIRST);
		if (err)
		{
			return err;
		}
	}
	return 0;
}

void mobikex_xfrm_bypass_del(const struct segue_addr *src,
							 const struct segue_addr *dst)
{
	struct xfrm_selector selector;
	int i;

	for (i = 0; i < countof(bypassed); i++)
	{
		selector = bypass_selector(src, dst, bypassed[i]);
		policy_del(&selector, XFRM_POLICY_OUT);
	}
}
