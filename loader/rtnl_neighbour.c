// SPDX-License-Identifier: GPL-2.0-or-later
/* Neighbours: what the kernel knows of link-layer addresses, forgotten. */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include "rtnl_socket.h"

int rtnl_neighbour_del(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct ndmsg *neighbour;

	request = rtnl_request(buf, RTM_DELNEIGH, 0, sizeof(*neighbour));
	neighbour = mnl_nlmsg_get_payload(request);
	neighbour->ndm_family = rtnl_family(addr);
	neighbour->ndm_ifindex = ifindex;
	rtnl_put_addr(request, NDA_DST, addr);
	return rtnl_talk(rtnl, request, NULL, NULL);
}

struct flush {
	struct rtnl *rtnl;
	int ifindex;
};

/* Those that were learned, whatever became of it; not those somebody wrote down. */
static int flush_one(void *context, const struct nlmsghdr *message)
{
	const struct ndmsg *found = mnl_nlmsg_get_payload(message);
	struct flush *flush = context;
	char buf[RTNL_REQUEST_SIZE];
	const struct nlattr *attr;
	struct nlmsghdr *request;
	struct ndmsg *neighbour;

	if (message->nlmsg_type != RTM_NEWNEIGH ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*found) ||
	    found->ndm_ifindex != flush->ifindex || found->ndm_type != RTN_UNICAST ||
	    found->ndm_state & (NUD_PERMANENT | NUD_NOARP))
		return 0;
	mnl_attr_for_each(attr, message, sizeof(*found)) {
		if (mnl_attr_get_type(attr) != NDA_DST ||
		    mnl_attr_get_payload_len(attr) > sizeof(struct segue_addr))
			continue;
		request = rtnl_request(buf, RTM_DELNEIGH, 0, sizeof(*neighbour));
		neighbour = mnl_nlmsg_get_payload(request);
		neighbour->ndm_family = found->ndm_family;
		neighbour->ndm_ifindex = found->ndm_ifindex;
		mnl_attr_put(request, NDA_DST, mnl_attr_get_payload_len(attr),
			     mnl_attr_get_payload(attr));
		rtnl_talk(flush->rtnl, request, NULL, NULL);	/* gone by itself: as well */
		break;
	}
	return 0;
}

int rtnl_neighbours_flush(struct rtnl *rtnl, unsigned int ifindex)
{
	struct flush flush = { .rtnl = rtnl, .ifindex = ifindex };
	char buf[RTNL_REQUEST_SIZE];

	/* AF_UNSPEC: of both families */
	return rtnl_dump(rtnl, rtnl_request(buf, RTM_GETNEIGH, NLM_F_DUMP, sizeof(struct ndmsg)),
			 flush_one, &flush);
}
