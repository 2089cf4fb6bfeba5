/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ends of a session told each other, for `segue session` and `segue path`.
 */
#ifndef SEGUE_LOADER_PEER_H
#define SEGUE_LOADER_PEER_H

#include <arpa/inet.h>
#include "control.h"
#include "output.h"

/* An address of either end */
struct address_row {
	char side[8];
	char address[INET6_ADDRSTRLEN];
	char role[32];
	char check[16];
	__u64 checked_ns;
	__u64 preference;
	__u64 since_ns;
};

/* Something that was refused */
struct refused_row {
	char reason[32];
	__u64 count;
};

extern const struct output_field address_fields[], refused_fields[];

/* All zero if nothing is known; 0 or a negative errno. */
int peer_known(struct segue *segue, __u32 id, struct segue_peer *out);

/* Rows of the session's addresses; and of what was refused (id 0: to anybody). */
int peer_addresses(const struct segue_session *session, const struct segue_peer *peer,
		   struct output_rows *rows);
int peer_refused(struct segue *segue, __u32 id, struct output_rows *rows);

/* The check of the peer's address, NULL if that is not known. */
const struct segue_peer_addr *peer_address(const struct segue_peer *peer, enum segue_side side,
					   const struct segue_addr *addr);

/* "active, canonical": buf has 32 octets. */
char *peer_path_role(const struct segue_session *session, const struct segue_peer *peer,
		     unsigned int slot, char *buf);

#endif
