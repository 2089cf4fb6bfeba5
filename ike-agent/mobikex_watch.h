/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watch: segue's events and rtnetlink, on charon's watcher.  It brings the
 * agent's view up to date and queues the jobs that act on it; also finds out when
 * segue is attached and detached, by segue0 coming and going.
 */
#ifndef MOBIKEX_WATCH_H_
#define MOBIKEX_WATCH_H_

#include <stdbool.h>

/** Start watching rtnetlink, and segue if it is attached. */
bool mobikex_watch_start(void);

void mobikex_watch_stop(void);

/** segue was attached: watch its events.  With the agent's lock held. */
void mobikex_watch_events(void);

#endif	/* MOBIKEX_WATCH_H_ */
