/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An established IKE_SA whose peer asks for things, without network, kernel and
 * task manager: the session, and what charon would be asked, are fakes.
 *
 *   us 10.9.0.2, fd09::2 ---- 10.1.0.2 the peer, in use and verified
 *                             10.2.0.2 verified too
 */
#ifndef TESTS_AGENT_FAKE_PEER_H
#define TESTS_AGENT_FAKE_PEER_H

#include <daemon.h>
#include "mobikex_peer.h"

#define FAKE_US "10.9.0.2"
#define FAKE_IN_USE "10.1.0.2"
#define FAKE_IDLE "10.2.0.2"

/* The SPI of the CHILD_SA that the peer receives by */
#define FAKE_SPI 0xc4ad9473

/* Its number; and the SPI of another one, which goes with the session always */
#define FAKE_CHILD 3
#define FAKE_SPI_PLAIN 0xc7777777

/* Of the IKE_SA */
#define FAKE_SPI_I 0x1234
#define FAKE_SPI_R 0x5678

/* A minute and more passes. */
#define FAKE_MINUTE_MS 60001

struct fake_peer {
	mobikex_session_t session;
	bool supports;			/* MOBIKEX_SUPPORTED came */
	bool leader;			/* we are */
	linked_list_t *listed;		/* host_t, what charon knows of the peer */
	unsigned int refusals;		/* events */
	enum segue_reason reason;	/* of the last one */
	bool updated;			/* charon got an UPDATE_SA_ADDRESSES to see */
	bool natd;			/* and NAT_DETECTION_SOURCE_IP */
	unsigned int named;		/* CHILD_SAs that an update named, and the last one */
	uint8_t child;
	bool child_apart;		/* where that goes, FALSE: with the session */
	struct segue_addr child_addr;
	unsigned int checks;		/* jobs that look for what to check */
	uint64_t ms;
};

extern struct fake_peer fake_peer;

void fake_peer_begin(void);
void fake_peer_end(void);

/* A request of the peer's, to be filled; from this address */
message_t *fake_request(const char *source);

/* Through both hooks; the response, to be destroyed.  The request is destroyed. */
message_t *fake_respond(message_t *request);

mobikex_peer_t *fake_address(const char *text);

#endif
