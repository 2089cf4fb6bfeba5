/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judge: may a peer ask for this?  Looks, and changes nothing but the list of
 * refusals.  With the agent's lock held.
 */
#ifndef MOBIKEX_JUDGE_H_
#define MOBIKEX_JUDGE_H_

#include "mobikex_notify.h"
#include "mobikex_session.h"

/**
 * May this be an address of the peer?  It is nobody's if it is impossible, ours if
 * any device of this host has it.
 */
enum mobikex_refusal mobikex_judge_address(mobikex_session_t *session,
										   const struct segue_addr *addr);

/** The number of the CHILD_SA that the peer receives by this SPI; 0: none of this
 * IKE_SA, or one that goes with the session whatever happens. */
uint8_t mobikex_judge_child(ike_sa_t *ike_sa, mobikex_session_t *session,
							uint32_t spi);

/** May what is no move be for these CHILD_SAs only?  No; and are they this IKE_SA's
 * at all? */
enum mobikex_refusal mobikex_judge_spis(ike_sa_t *ike_sa,
										const mobikex_parameter_t *parameter);

/**
 * May the IKE_SA move to where this UPDATE_SA_ADDRESSES came from?  RFC 4555 3.5
 * lets the responder find that unacceptable; charon accepts whatever comes.
 */
bool mobikex_judge_update(ike_sa_t *ike_sa, mobikex_session_t *session,
						  message_t *message, mobikex_request_t *request);

/**
 * Does the peer allow no NAT, and there is one?  RFC 4555 3.9: its request changes
 * nothing then.
 */
bool mobikex_judge_nat(message_t *message);

#endif	/* MOBIKEX_JUDGE_H_ */
