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

#include "mobikex_agent.h"

/** Before kernel-netlink is created: hide segue0 from charon. */
void mobikex_mirror_hide_device(void);

/** Wrap charon->kernel, and give it back. */
void mobikex_mirror_install(void);
void mobikex_mirror_uninstall(void);

#endif	/* MOBIKEX_MIRROR_H_ */
