// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_charon.h"

static void discard(bus_t *this, debug_t group, level_t level, char *format, ...)
{
}

bus_t fake_bus = { .log = discard };
daemon_t fake_daemon = { .bus = &fake_bus };

static bool allocate_bytes(rng_t *this, size_t bytes, chunk_t *chunk)
{
	*chunk = chunk_alloc(bytes);
	memset(chunk->ptr, 0x5a, bytes);
	return TRUE;
}

static void keep(rng_t *this)
{
}

static rng_t rng = { .allocate_bytes = allocate_bytes, .destroy = keep };

rng_t *fake_rng(rng_quality_t quality)
{
	return &rng;
}

void fake_peers_destroy(linked_list_t *peers)
{
	mobikex_peer_t *peer;

	while (peers->remove_first(peers, (void **)&peer) == SUCCESS) {
		peer->host->destroy(peer->host);
		free(peer);
	}
	peers->destroy(peers);
}

void fake_addrs_clear(linked_list_t *addrs)
{
	void *addr;

	while (addrs->remove_first(addrs, &addr) == SUCCESS)
		free(addr);
}
