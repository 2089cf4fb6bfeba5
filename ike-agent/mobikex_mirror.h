/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel mirror: stands between charon and its kernel interface.
 *
 * charon programs the kernel through the public function table charon->kernel.
 * The mirror puts its own functions in there and keeps the originals.  What it
 * adds, for the SAs of a session:
 *  - the kernel only ever sees the canonical pair, in SAs as in policies and in
 *    the traffic selectors of transport mode, whatever charon uses meanwhile;
 *  - map "sa" has an entry before the SA is in the kernel, and loses it after;
 *  - an update of the addresses changes nothing in the kernel;
 *  - what the kernel reports (expire) is turned back into charon's view.
 * Everything else goes straight through.
 */
#ifndef MOBIKEX_MIRROR_H_
#define MOBIKEX_MIRROR_H_

#include "mobikex_session.h"

/** An SA of a session, or an SPI that was allocated for one. */
typedef struct {
	mobikex_session_t *session;
	uint32_t spi;
	uint8_t proto;
	bool inbound;
	/** In the kernel, and in the map while there is one */
	bool installed;
	struct segue_sa entry;
} mobikex_sa_t;

/** Before kernel-netlink is created: hide segue0 from charon. */
void mobikex_mirror_hide_device(void);

/** Wrap charon->kernel, and give it back. */
void mobikex_mirror_install(void);
void mobikex_mirror_uninstall(void);

/** charon's real kernel interface, with the kernel's addresses. */
kernel_interface_t *mobikex_mirror_kernel(void);

/** All SAs into the maps, after attach.  With the agent's lock held. */
void mobikex_mirror_publish(void);

#endif	/* MOBIKEX_MIRROR_H_ */
