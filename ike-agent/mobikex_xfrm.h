/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel has of XFRM, independent of what this charon put there.
 */
#ifndef MOBIKEX_XFRM_H_
#define MOBIKEX_XFRM_H_

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include <linux/xfrm.h>
#include <collections/linked_list.h>
#include <segue/addr.h>

typedef struct {
	struct segue_addr src;
	struct segue_addr dst;
	uint32_t spi;
	uint8_t proto;
	uint8_t mode;
	uint16_t family;
} mobikex_xfrm_sa_t;

/** All ESP SAs, mobikex_xfrm_sa_t to be freed; NULL on failure. */
linked_list_t *mobikex_xfrm_sas(void);

/** 0 or a negative errno. */
int mobikex_xfrm_sa_del(const mobikex_xfrm_sa_t *sa);

/** Before every policy of charon, whose priorities are in the thousands */
#define MOBIKEX_XFRM_FIRST 1

/** Otherwise exactly that one */
#define MOBIKEX_XFRM_ANY_PORT -1

/**
 * A policy without SAs between any address of ours and one of the peer.  Compared
 * octet by octet: to be zeroed first.
 */
typedef struct {
	struct segue_addr peer;
	bool out;
	bool allow;
	uint32_t priority;
	/** 0: any */
	uint8_t protocol;
	int local_port;
	int remote_port;
} mobikex_xfrm_rule_t;

/** 0 or a negative errno; adding what is there is no error. */
int mobikex_xfrm_rule_add(const mobikex_xfrm_rule_t *rule);
int mobikex_xfrm_rule_del(const mobikex_xfrm_rule_t *rule);

/**
 * Let through what is ESP already, between these addresses (IPv6).
 *
 * In transport mode they are also the selector, and bpf_redirect_neigh() asks for
 * a route with XFRM in it: for IPv6 what comes back is the transformation's,
 * which has lost the gateway (xfrm6_fill_dst() drops RTF_GATEWAY), and the packet
 * waits for a neighbour that is none.  An allow policy gets it a plain route: for
 * ESP, and for UDP between ports 0, which is how that look-up asks for any UDP
 * and no datagram ever has.
 */
int mobikex_xfrm_bypass_add(const struct segue_addr *src,
							const struct segue_addr *dst);
void mobikex_xfrm_bypass_del(const struct segue_addr *src,
							 const struct segue_addr *dst);

#endif	/* MOBIKEX_XFRM_H_ */
