/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signal: of a WLAN that fades something is seen before it is lost.
 *
 *            <= signal_low, or the access point is silent
 *   strong ------------------------------------------------> weak
 *          <------------------------------------------------
 *            >= signal_low + signal_hysteresis, in frames that came since
 *
 * Here it is only noted in map "link"; what is by a weak link leaves it softly
 * (mobikex_leave.h), and comes back as after any other loss.
 *
 * The card is asked every signal_interval, which needs no right and disturbs nobody.
 * It could tell by itself (CQM), but has one threshold: wpa_supplicant's bgscan, which
 * NetworkManager switches on, uses it to look for a better access point.  So we set it
 * only where signal_cqm says that it is ours, and then ask rarely.  Whosever threshold
 * is crossed, we hear of it and ask at once; and that nothing is acknowledged any more,
 * or that beacons stay out, we hear before the carrier is given up.  Deauthentication
 * is no news: its carrier is lost first, and the kernel's own watch sees that.
 *
 * Asked is while there is a session and a second link.  A device that is no client of
 * an access point, or a card that knows no dBm, is left alone.
 */
#ifndef MOBIKEX_SIGNAL_H_
#define MOBIKEX_SIGNAL_H_

#include <stdbool.h>
#include <stdint.h>

/** Sessions or links may have changed: ask if there is something to ask.  With the
 * agent's lock held. */
void mobikex_signal_watch(void);

/**
 * Ask each of them once, and note what has changed.  Without the agent's lock: a card
 * may take its time.
 *
 * @return			ms until it should be done again, 0: there is nothing to ask
 */
uint32_t mobikex_signal_ask(void);

/** No job runs any more. */
void mobikex_signal_stop(void);

#endif	/* MOBIKEX_SIGNAL_H_ */
