/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of the network namespace.
 *
 * rp_filter (net.ipv4.conf.*): packets of a session come in by any uplink, while
 * the route back to the peer leads to segue0.  Strict (1) drops them all, loose
 * (2) asks only that there be a route.  The larger of "all" and the device's
 * counts (IN_DEV_RPFILTER).
 */
#ifndef SEGUE_SYSCTL_H
#define SEGUE_SYSCTL_H

/* 0, 1 or 2; a negative errno. */
int rp_filter_get(const char *device);
int rp_filter_set(const char *device, int value);

/* What counts for this device. */
int rp_filter_effective(const char *device);

/*
 * net.ipv4.tcp_mtu_probing, likewise (IPv6 goes by it, too): 0: TCP relies on routers
 * to say that a packet is too big; 1: it tries smaller ones when none arrives.
 */
int tcp_mtu_probing_get(void);

#endif
