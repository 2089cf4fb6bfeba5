/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route: what the agent puts on segue0, so that everything for a peer enters
 * there whatever becomes of the uplinks: the canonical local addresses, and
 * routes to peers and to what is behind them.  Several holders may want the same
 * one; the latest of them decides the source, the last of them removes it.
 * All of it with the agent's lock held.
 */
#ifndef MOBIKEX_ROUTE_H_
#define MOBIKEX_ROUTE_H_

#include "mobikex_agent.h"

/**
 * holder: whatever identifies who wants it.
 */
void mobikex_local_add(void *holder, const struct segue_addr *addr);
void mobikex_local_del(void *holder, const struct segue_addr *addr);
void mobikex_route_add(void *holder, const struct segue_addr *prefix,
					   u_int prefixlen, const struct segue_addr *source);
/** The same, but instead of the one that holder has, and never without either. */
void mobikex_route_set(void *holder, const struct segue_addr *prefix,
					   u_int prefixlen, const struct segue_addr *source);
/** One of them; nothing happens if holder has none such. */
void mobikex_route_del(void *holder, const struct segue_addr *prefix,
					   u_int prefixlen);
/** Everything of a holder. */
void mobikex_routes_release(void *holder);
/** Put everything (back) on segue0, after attach. */
void mobikex_routes_restore(void);

#endif	/* MOBIKEX_ROUTE_H_ */
