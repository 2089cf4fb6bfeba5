/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pair: the addresses that a CHILD_SA of a moved session is for (mobikex_moved.h).
 *
 * charon believes that all its CHILD_SAs are where the IKE_SA is.  The kernel has
 * each where it was made for; what tells them apart is the reqid, which a rekeyed
 * one keeps.  All of it with the agent's lock held.
 */
#ifndef MOBIKEX_PAIR_H_
#define MOBIKEX_PAIR_H_

#include "mobikex_session.h"

typedef struct mobikex_pair_t mobikex_pair_t;

struct mobikex_pair_t {

	/** Never 0 */
	uint32_t reqid;

	/** What the kernel has, in SAs and selectors */
	host_t *local;
	host_t *remote;

	/** Of the child in the configuration, NULL while not known */
	char *name;

	/** SAs in the kernel, both directions */
	u_int sas;

	/** We asked for it, and hold the reqid; with these marks and interface ids,
	 * inbound first */
	bool ours;
	mark_t mark[2];
	uint32_t if_id[2];

	/** Who asks, as long as that task exists; only compared */
	void *task;

	/** How often that failed in a row, and not again before */
	u_int tries;
	uint64_t due;

	/** Since when there is no such pair of addresses any more, 0: there is */
	uint64_t gone;

	/** Its CHILD_SAs are being deleted, since this look at them; 0: they are not */
	uint64_t leaving;
};

/** CHILD_SA_PAIR, network order: family, three octets 0, sender's and receiver's
 * address. */
#define MOBIKEX_PAIR_SIZE (4 + 2 * 16)

/** By reqid; NULL if there is none. */
mobikex_pair_t *mobikex_pair_find(linked_list_t *pairs, uint32_t reqid);

/** Of a child by name (any if NULL) between two addresses; NULL if there is none. */
mobikex_pair_t *mobikex_pair_between(linked_list_t *pairs, const char *name,
									 host_t *local, host_t *remote);

mobikex_pair_t *mobikex_pair_add(linked_list_t *pairs, uint32_t reqid,
								 host_t *local, host_t *remote);

void mobikex_pair_destroy(mobikex_pair_t *this);

/**
 * Content of CHILD_SA_PAIR.
 *
 * @param buffer		MOBIKEX_PAIR_SIZE octets
 * @return				the part of it that was used
 */
chunk_t mobikex_pair_encode(host_t *sender, host_t *receiver, uint8_t *buffer);

/**
 * @param sender		gets a host, likewise receiver, unless FALSE is returned
 * @return				FALSE if this is none
 */
bool mobikex_pair_parse(chunk_t data, host_t **sender, host_t **receiver);

#endif	/* MOBIKEX_PAIR_H_ */
