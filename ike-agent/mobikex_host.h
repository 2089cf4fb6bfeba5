/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: charon's host_t and traffic selectors, the maps' segue_addr, and
 * the way between them.
 */
#ifndef MOBIKEX_HOST_H_
#define MOBIKEX_HOST_H_

#include <stdbool.h>
#include <networking/host.h>
#include <selectors/traffic_selector.h>
#include <sa/ike_sa_id.h>
#include <collections/linked_list.h>
#include <segue/addr.h>

/**
 * The address of a host, without its port.
 */
struct segue_addr mobikex_addr(host_t *host);

/**
 * A host of address and port (host order), to be destroyed.
 */
host_t *mobikex_host(const struct segue_addr *addr, uint16_t port);

/**
 * Can this be the address of one peer out on the network at all?  Not so for
 * unspecified, loopback, multicast, reserved and link-local addresses.
 */
bool mobikex_addr_plausible(const struct segue_addr *addr);

/**
 * Is there a host with this address (whatever its port) in the list?
 */
bool mobikex_host_known(linked_list_t *hosts, host_t *host);

/**
 * A copy of a traffic selector, in which a single host that is one of hosts was
 * replaced by to.
 */
traffic_selector_t *mobikex_ts_translate(traffic_selector_t *ts,
										 linked_list_t *hosts, host_t *to);

/**
 * The same for a list of them; destroy it with mobikex_ts_destroy().
 */
linked_list_t *mobikex_ts_translate_list(linked_list_t *list,
										 linked_list_t *hosts, host_t *to);

void mobikex_ts_destroy(linked_list_t *list);

/** Is this what NAT detection makes of a host (RFC 7296 2.23)? */
bool mobikex_host_hashed(host_t *host, ike_sa_id_t *id, chunk_t hash);

#endif	/* MOBIKEX_HOST_H_ */
