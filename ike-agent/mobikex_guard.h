/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guard: between two hosts whose addresses may change, what no CHILD_SA protects
 * goes nowhere.
 *
 * In transport mode a policy has the addresses in its selector: a packet from a
 * new address, or to one that has been left, meets no policy and would leave in
 * clear.  Behind all policies of charon's therefore stand two that block: to that
 * address of the peer, from any of ours, and back.  They have the CHILD_SA's
 * protocol and ports.  Before all of them stand those that let IKE and ESP through.
 *
 * Several sessions may ask for the same: they are counted.  All of it with the
 * agent's lock held.
 */
#ifndef MOBIKEX_GUARD_H_
#define MOBIKEX_GUARD_H_

#include <stdint.h>
#include <collections/linked_list.h>
#include <segue/addr.h>

/**
 * What a CHILD_SA is for, beside the addresses; 0: any
 */
typedef struct {
	uint8_t protocol;
	uint16_t local_port;
	uint16_t remote_port;
} mobikex_service_t;

/**
 * Guard an address of the peer.
 *
 * @param guards		gets what was installed, for mobikex_guard_release()
 * @return				0 or a negative errno, and nothing installed
 */
int mobikex_guard_add(linked_list_t *guards, const struct segue_addr *peer,
					  const mobikex_service_t *service);

/** Is this one in the list? */
bool mobikex_guard_has(linked_list_t *guards, const struct segue_addr *peer,
					   const mobikex_service_t *service);

/** Of this address, or all of them if it is NULL. */
void mobikex_guard_release(linked_list_t *guards, const struct segue_addr *peer);

#endif	/* MOBIKEX_GUARD_H_ */
