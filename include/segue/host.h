/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What segue owns on a host: names and numbers that the loader, the agent and
 * the tests must agree on.
 */
#ifndef SEGUE_HOST_H
#define SEGUE_HOST_H

/* Version of the map types in this directory.  Other pins are stale. */
#define SEGUE_MAP_VERSION 7

/* bpffs; overridden by the environment variable SEGUE_PIN_DIR (tests) */
#define SEGUE_PIN_DIR "/sys/fs/bpf/segue"
#define SEGUE_RUN_DIR "/run/segue"

/*
 * The interface that never goes down (type dummy).  It holds every canonical
 * local address and the routes to every peer, so that XFRM's outer route look-up
 * does not depend on an uplink.
 */
#define SEGUE_DEVICE "segue0"

/* Octets, whatever the uplinks have: IPv6 is not on a link that has less (RFC 8200 5). */
#define SEGUE_LEAST_MTU 1280

/*
 * Routes to the peers stand in a table of our own; one rule without a selector
 * leads to it.  4555 is MOBIKE's RFC.  219 comes just before strongSwan's own
 * rule (220, charon.routing_table_prio).
 */
#define SEGUE_TABLE 4555
#define SEGUE_RULE_PRIORITY 219

/*
 * Plus the number of an uplink: table of the IPv6 routes that leave by it, with a
 * rule for each just before ours (why: loader/rtnl_mirror.c).
 */
#define SEGUE_TABLE_UPLINK 4555000

/* UDP encapsulation of ESP (RFC 3948 4) */
#define SEGUE_NATT_PORT 4500

#endif
