/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rtnl*.c files share: the socket, one request, parsed messages.
 */
#ifndef SEGUE_RTNL_SOCKET_H
#define SEGUE_RTNL_SOCKET_H

#include <libmnl/libmnl.h>
#include "rtnl.h"

struct rtnl {
	struct mnl_socket *socket;
	unsigned int sequence;
};

/*
 * One request of at most RTNL_REQUEST_SIZE octets.  rtnl_request() begins it
 * with a header of the given size (zeroed) after the netlink header.
 */
enum {
	RTNL_REQUEST_SIZE = 1024,
	RTNL_ANSWER_SIZE = 32768,	/* the most that a dump puts into one message */
};

struct nlmsghdr *rtnl_request(char *buf, int type, int flags, size_t header);

/* Sends and waits for the acknowledgement; answers go to fn (NULL: none expected). */
int rtnl_talk(struct rtnl *rtnl, struct nlmsghdr *request, mnl_cb_t fn, void *context);

/*
 * A dump (flags of the request: NLM_F_DUMP).  Taken whole before fn is called
 * for each message, so that fn may use the same socket and sees nothing twice
 * when the kernel calls the dump inconsistent and it is taken again.  What fn
 * returns other than 0 ends it and is returned.
 */
typedef int (*rtnl_message_fn)(void *context, const struct nlmsghdr *message);
int rtnl_dump(struct rtnl *rtnl, struct nlmsghdr *request, rtnl_message_fn fn, void *context);

/* rtnl_open() is of NETLINK_ROUTE; NETLINK_XFRM speaks the same way. */
int rtnl_open_family(int family, struct rtnl **out);

/* Attribute of an address in the family's own length; family of an address. */
void rtnl_put_addr(struct nlmsghdr *request, int type, const struct segue_addr *addr);
unsigned char rtnl_family(const struct segue_addr *addr);

/* 0, or -EPROTO for a message that is not what we take it for. */
int rtnl_parse_link(const struct nlmsghdr *message, struct rtnl_link *out);
int rtnl_parse_addr(const struct nlmsghdr *message, struct rtnl_addr *out);

#endif
