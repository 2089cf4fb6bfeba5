/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ingress: how ingress restore gets onto one device.  XDP in native mode through
 * libxdp's dispatcher, so that other XDP programs run beside it; else tc.
 *
 * Generic XDP is no step between: it copies every packet that has too little
 * headroom or is shared (netif_receive_generic_xdp()), which tc does not.
 */
#ifndef SEGUE_INGRESS_H
#define SEGUE_INGRESS_H

#include "rtnl.h"
#include "uplink.h"

/*
 * *flag: SEGUE_LINK_XDP or SEGUE_LINK_TC, whichever it is now; also where it was
 * attached before.  why as in uplink_attach(), added to.
 */
int ingress_attach(const struct rtnl_link *device, enum uplink_ingress wish,
		   unsigned char *flag, char *why, unsigned int size);

/* Also where the device is gone.  0 if there was nothing. */
int ingress_detach(unsigned int ifindex);

/* Is a program of ours there, whatever version of segue put it there? */
bool ingress_attached(unsigned int ifindex);

/*
 * Is there a dispatcher that libxdp cannot read, since its own pins were lost?
 * What it ran was lost with them.
 */
bool ingress_dispatcher_lost(unsigned int ifindex);

/* Adds a remark to why, after what is there. */
void why_add(char *why, unsigned int size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
