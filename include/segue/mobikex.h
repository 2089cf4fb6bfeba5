/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MOBIKE-X on the wire: what segue adds to MOBIKE (RFC 4555).
 *
 * All of it rides in status notifies of the private-use range (RFC 7296 3.10.1:
 * 40960 to 65535; strongSwan itself uses 40960 to 40969).  A peer that does not
 * know them ignores them, so plain MOBIKE stays what is spoken with it.
 */
#ifndef SEGUE_MOBIKEX_H
#define SEGUE_MOBIKEX_H

#include <linux/types.h>

/*
 * Beside MOBIKE_SUPPORTED in IKE_AUTH, both ways: the sender runs segue's data
 * path.  Counts only once the peer's AUTH was verified.
 * Data: struct mobikex_supported; what follows it is ignored.
 */
#define MOBIKEX_SUPPORTED 41216

#define MOBIKEX_VERSION 1

enum mobikex_capability {
	/*
	 * Restores the canonical pair: this end takes its ESP from any verified
	 * path of the IKE_SA without being told first.  Transport mode is pinned
	 * only between two ends that both say so.
	 */
	MOBIKEX_RESTORES = 1 << 0,
};

struct mobikex_supported {
	__u8 version;		/* MOBIKEX_VERSION; of two, the lower one is spoken */
	__u8 reserved;		/* 0 when sent, ignored when received */
	__be16 capabilities;	/* enum mobikex_capability */
};

#endif
