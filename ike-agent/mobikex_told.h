/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Told: which of our addresses the peer of an IKE_SA knows, and so what we owe it.
 *
 * charon tells its first list in IKE_AUTH, before there is a session; that is
 * noted as it is sent.  From then on the addresses of the attached devices decide:
 *
 *   usable, not told             ADD_SA_ADDRESS
 *   told, its link back again    ADD_SA_ADDRESS: the peer may have withdrawn it
 *   told, ours no more           REMOVE_SA_ADDRESS
 *
 * Told addresses that never were on an attached device are charon's business.
 * All of it with the agent's lock held.
 */
#ifndef MOBIKEX_TOLD_H_
#define MOBIKEX_TOLD_H_

#include "mobikex_notify.h"
#include "mobikex_session.h"

/** A link that was down for less cannot have cost its address anything; ms */
#define MOBIKEX_TOLD_AGAIN 2000

/**
 * What one request tells.
 */
typedef struct {
	u_int count;
	mobikex_parameter_t parameter[MOBIKEX_MAX_PARAMETERS];
} mobikex_owed_t;

/** A list of ours is on its way (RFC 4555 3.4, 3.6): it replaces what was told. */
void mobikex_told_list(uint32_t ike, host_t *in_use, linked_list_t *addrs);

/**
 * What we owe the peer; as much as fits into a request.
 *
 * @param again			also what it knows, but may have withdrawn
 */
void mobikex_told_owed(mobikex_session_t *session, bool again, mobikex_owed_t *owed);

/**
 * A peer of RFC 4555 gets charon's list for what is owed, and charon may not have
 * heard yet what we have: then the same is owed again.  A few times, ever later.
 *
 * @param waited		it is later now
 * @return				0: send it now; else ms to wait; -1: no more, or one waits
 */
int mobikex_told_list_due(mobikex_session_t *session, const mobikex_owed_t *owed,
						  bool waited);

/** It was told, whether the peer liked it or not. */
void mobikex_told_done(mobikex_session_t *session, const mobikex_owed_t *owed);

/**
 * Which address of ours does the peer use?
 *
 * @return			FALSE if that is not known
 */
bool mobikex_told_in_use(mobikex_session_t *session, struct segue_addr *addr);
void mobikex_told_uses(mobikex_session_t *session, host_t *in_use);

/** The peer asked for COOKIE2 at this address, and gets it. */
void mobikex_told_asked(uint32_t ike, host_t *host);

/**
 * For mobikex_view.h: what was told, as many as there is room for.
 *
 * @return			how many
 */
u_int mobikex_told_view(uint32_t ike, struct segue_peer_addr *out, u_int room);

void mobikex_told_rekeyed(uint32_t old, uint32_t ike);
void mobikex_told_forget(uint32_t ike);

#endif	/* MOBIKEX_TOLD_H_ */
