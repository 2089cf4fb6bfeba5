/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What most tests of the agent need of charon: a daemon whose log says nothing, a
 * random number generator that is none, and an end for the lists of sessions and links.
 */
#ifndef TESTS_AGENT_FAKE_CHARON_H
#define TESTS_AGENT_FAKE_CHARON_H

#include <daemon.h>
#include "mobikex_peer.h"

extern bus_t fake_bus;
extern daemon_t fake_daemon;

/* For lib->crypto: each octet is 0x5a. */
rng_t *fake_rng(rng_quality_t quality);

/* Of mobikex_peer_t, each with its host */
void fake_peers_destroy(linked_list_t *peers);

/* Frees what is in the list; the list stays. */
void fake_addrs_clear(linked_list_t *addrs);

#endif
