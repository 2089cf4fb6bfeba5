/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MOBIKE-X on the wire: what segue adds to MOBIKE (RFC 4555).  docs/mobike-x.md
 * specifies it; the layouts here are those of its diagrams, in network order.
 *
 * All of it rides in notifies of the private-use range for status (RFC 7296
 * 3.10.1: 40960 to 65535; strongSwan itself uses 40960 to 40969).  A peer that
 * does not know them ignores them, so plain MOBIKE stays what is spoken with it.
 */
#ifndef SEGUE_MOBIKEX_H
#define SEGUE_MOBIKEX_H

#include <linux/types.h>

/*
 * Beside MOBIKE_SUPPORTED in IKE_AUTH, both ways: struct mobikex_supported, what
 * follows it is ignored.  Counts only once the peer's AUTH was verified.
 */
#define MOBIKEX_SUPPORTED 41216

/* Operations, in INFORMATIONAL requests; no data */
#define ADD_SA_ADDRESS 41217
#define REMOVE_SA_ADDRESS 41218

/* Beside these two and UPDATE_SA_ADDRESSES: struct mobikex_ip_parameter */
#define IP_PARAMETER 41219

/* In the response: struct mobikex_operation_refused */
#define OPERATION_REFUSED 41220

/* In a CREATE_CHILD_SA request: struct mobikex_child_sa_pair */
#define CHILD_SA_PAIR 41221

#define MOBIKEX_VERSION 1

/* What the sender of MOBIKEX_SUPPORTED can do when it receives */
enum mobikex_capability {
	/*
	 * Restores the canonical pair: this end takes its ESP from any verified
	 * path of the IKE_SA without being told first, and from any other address
	 * as well, if it is neither in UDP nor in fragments; that moves nothing.
	 * Transport mode is pinned only between two ends that both say so.
	 */
	MOBIKEX_RESTORES = 1 << 0,
	/* Understands ADD_SA_ADDRESS, REMOVE_SA_ADDRESS and IP_PARAMETER */
	MOBIKEX_INTERFACES = 1 << 1,
	/* Wants copies: anti-replay windows of MOBIKEX_COPIES_WINDOW packets */
	MOBIKEX_COPIES = 1 << 2,
	/*
	 * Wants transport mode moved: a CHILD_SA for each pair of addresses, made
	 * with CHILD_SA_PAIR.  Only if both ends say so.
	 */
	MOBIKEX_MOVES = 1 << 3,
	/* Understands SPIs in IP_PARAMETER */
	MOBIKEX_CHILDREN = 1 << 4,
	/* Answers probes of paths (segue/probe.h) */
	MOBIKEX_PROBES = 1 << 5,
};

enum {
	MOBIKEX_COPIES_WINDOW = 1024,	/* packets */
	MOBIKEX_MAX_PARAMETERS = 12,	/* in a message */
	MOBIKEX_MAX_SPIS = 64,		/* in a parameter */
	MOBIKEX_MAX_ADDRESSES = 16,	/* in the address set of a peer */
};

struct mobikex_supported {
	__u8 version;		/* MOBIKEX_VERSION; of two, the lower one is spoken */
	__u8 reserved;		/* 0 when sent, ignored when received */
	__be16 capabilities;	/* enum mobikex_capability */
};

enum mobikex_role {
	MOBIKEX_ROLE_OLD = 1,	/* with UPDATE_SA_ADDRESSES */
	MOBIKEX_ROLE_NEW = 2,	/* likewise */
	MOBIKEX_ROLE_ADDED = 3,	/* with ADD_SA_ADDRESS */
	MOBIKEX_ROLE_REMOVED = 4,	/* with REMOVE_SA_ADDRESS */
};

/* That of the IP header's version field, and of the address's length */
enum mobikex_family {
	MOBIKEX_FAMILY_NONE = 0,	/* no address: that of the IP header */
	MOBIKEX_FAMILY_IPV4 = 4,
	MOBIKEX_FAMILY_IPV6 = 6,
};

/* Lower is better */
#define MOBIKEX_PREFERENCE_LAST 65535

struct mobikex_ip_parameter {
	__u8 role;		/* enum mobikex_role */
	__u8 family;		/* enum mobikex_family */
	__be16 preference;
	/* the address, 0, 4 or 16 octets; then SPIs of CHILD_SAs, none: all of them */
};

struct mobikex_child_sa_pair {
	__u8 family;		/* MOBIKEX_FAMILY_IPV4 or MOBIKEX_FAMILY_IPV6 */
	__u8 reserved[3];	/* 0 when sent, ignored when received */
	/* the sender's address, then the receiver's, each 4 or 16 octets */
};

struct mobikex_operation_refused {
	__u8 reason;		/* enum mobikex_refusal */
	__u8 role;		/* of the parameter; 0 if it could not be read */
	__u8 family;
	__u8 reserved;
	/* the address, 0, 4 or 16 octets */
};

/* X(name, value, text for people) */
#define MOBIKEX_REFUSALS(X) \
	X(MALFORMED,		1,  "malformed") \
	X(UNKNOWN_ROLE,		2,  "unknown role") \
	X(UNKNOWN_FAMILY,	3,  "unknown family") \
	X(NO_OPERATION,		4,  "no operation of this role") \
	X(TOO_MANY_PARAMETERS,	5,  "too many parameters") \
	X(TOO_MANY_SPIS,	6,  "too many SPIs") \
	X(IMPOSSIBLE_ADDRESS,	7,  "impossible address") \
	X(NOT_YOURS,		8,  "not the peer's address") \
	X(OTHER_FAMILY,		9,  "of the other address family") \
	X(TOO_MANY_ADDRESSES,	10, "too many addresses") \
	X(TOO_OFTEN,		11, "too often") \
	X(UNKNOWN_ADDRESS,	12, "unknown address") \
	X(IN_USE,		13, "in use") \
	X(UNKNOWN_SPI,		14, "unknown SPI") \
	X(NOT_SUPPORTED,	15, "not supported") \
	X(NOT_THE_SOURCE,	16, "not the source of the packet")

enum mobikex_refusal {
	MOBIKEX_NOT_REFUSED = 0,
#define MOBIKEX_REFUSAL_VALUE(name, value, text) MOBIKEX_##name = value,
	MOBIKEX_REFUSALS(MOBIKEX_REFUSAL_VALUE)
#undef MOBIKEX_REFUSAL_VALUE
};

#endif
