/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stable interface (SEGUE_DEVICE): device, egress steering on it, the rule
 * that leads to its routes.
 */
#ifndef SEGUE_STABLE_H
#define SEGUE_STABLE_H

struct segue;
struct rtnl;

/* -EEXIST: a device of this name is there.  Rolls back on failure; why as in
 * uplink_attach(). */
int stable_create(struct rtnl *rtnl, unsigned int mtu, char *why, unsigned int size);

/* Removes what is there of it; with the device go its addresses and routes. */
int stable_remove(struct rtnl *rtnl);

/* The smallest of the attached uplinks, so that what fits it fits every path: a handover
 * then changes no size.  But SEGUE_LEAST_MTU at least: with less the kernel would take
 * IPv6 from it, and all its addresses. */
int stable_fit_mtu(struct segue *segue, struct rtnl *rtnl);

#endif
