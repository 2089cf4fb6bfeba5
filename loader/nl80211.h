/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nl80211: how well a WLAN's access point is heard, by generic netlink.
 *
 * There are two ways to learn of a falling signal.  Asking (GET_STATION) needs no
 * right and works with every card that knows its signal in dBm.  Being told (SET_CQM
 * and its event) wakes nobody while nothing happens, but a device has one threshold:
 * who sets it takes it away from whoever else did, and it cannot be asked for.  The
 * events of that and that the access point went silent come to everybody who listens.
 *
 * Functions return 0 or a negative errno and leave their out-parameters untouched on
 * failure.
 */
#ifndef SEGUE_NL80211_H
#define SEGUE_NL80211_H

#include <stdbool.h>
#include <linux/types.h>

struct nl80211;

/* -ENOENT: this kernel has no WLAN at all. */
int nl80211_open(struct nl80211 **out);
void nl80211_close(struct nl80211 *nl80211);

/* Is the device the client of an access point?  -ENODEV: no WLAN device.
 * -EOPNOTSUPP: a WLAN device of another kind. */
int nl80211_is_client(struct nl80211 *nl80211, __u32 ifindex);

struct nl80211_signal {
	int dbm;			/* average over the last frames */
	__u32 received;			/* frames so far, 0: the card does not say */
};

/* -ENOLINK: not associated.  -ENODATA: this card knows no signal in dBm. */
int nl80211_signal(struct nl80211 *nl80211, __u32 ifindex, struct nl80211_signal *out);

/* Have an event sent when the signal crosses dbm.  -EPERM without CAP_NET_ADMIN;
 * -EOPNOTSUPP: the card cannot. */
int nl80211_threshold(struct nl80211 *nl80211, __u32 ifindex, int dbm, __u32 hysteresis);

enum nl80211_event {
	NL80211_EVENT_CROSSED,		/* some threshold, whosever it is */
	NL80211_EVENT_SILENT,		/* no beacons, or nothing is acknowledged any more */
};

/* Events of all devices of this network namespace.  fd can be polled. */
typedef void (*nl80211_event_fn)(void *context, __u32 ifindex, enum nl80211_event event);
int nl80211_watch_open(struct nl80211 **out);
int nl80211_watch_fd(const struct nl80211 *watch);
void nl80211_watch_read(struct nl80211 *watch, nl80211_event_fn fn, void *context);

#endif
