/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SA: the IPsec SAs of the sessions, and the entries of map "sa" that go with
 * them.  An SA is known from the moment its SPI is allocated, or from its
 * installation if the SPI is the peer's, until charon deletes it.
 *
 * All of it with the agent's lock held.
 */
#ifndef MOBIKEX_SA_H_
#define MOBIKEX_SA_H_

#include "mobikex_moved.h"

typedef struct {
	mobikex_session_t *session;
	uint32_t spi;
	uint8_t proto;
	bool inbound;
	/** In the kernel, and in the map while there is one */
	bool installed;
	/** Moved: the addresses it is for, and not in the map; NULL: pinned */
	mobikex_pair_t *pair;
	struct segue_sa entry;
} mobikex_sa_t;

/** The addresses that the kernel has, of ours and of the peer. */
host_t *mobikex_sa_local(mobikex_sa_t *this);
host_t *mobikex_sa_remote(mobikex_sa_t *this);

/**
 * The SA that charon means in this thread: of the IKE_SA that it has checked
 * out, at whatever address that has or had.
 */
mobikex_sa_t *mobikex_sa_find(uint32_t spi, uint8_t proto, host_t *dst);

/** The SA that the kernel means: by the canonical destination. */
mobikex_sa_t *mobikex_sa_by_kernel(uint32_t spi, uint8_t proto, host_t *dst);

/** Does any session, or what an earlier charon left, use this inbound SPI? */
bool mobikex_sa_spi_used(uint32_t spi, uint8_t proto);

mobikex_sa_t *mobikex_sa_add(mobikex_session_t *session, uint32_t spi,
							 uint8_t proto, bool inbound);

/** Out of the map as well.  May destroy its session with the last one. */
void mobikex_sa_remove(mobikex_sa_t *this);

/** Is any SA of this session in the kernel? */
bool mobikex_sa_any(mobikex_session_t *session);

/**
 * Did a packet of the peer's come twice lately, by two paths (segue_sa.copied_ms)?
 * Of the SAs that go by the way of this CHILD_SA, or by the session's (0), as entry has it.
 */
bool mobikex_sa_comes_twice(mobikex_session_t *session,
							const struct segue_session *entry, uint8_t child);

/** Into the map, if there is one now (0 if not: attach publishes it). */
int mobikex_sa_put(mobikex_sa_t *this);

/** It is not in the kernel any more, or did not get there. */
void mobikex_sa_uninstalled(mobikex_sa_t *this);

/** All of them into the map, after attach. */
void mobikex_sas_publish(void);

/** All out of the map: their sessions go. */
void mobikex_sas_unpublish(void);

#endif	/* MOBIKEX_SA_H_ */
