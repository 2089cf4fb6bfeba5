/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path table of a session, with a map, links and routes of this test's own.
 *
 *   wlan0 (bit 0) 10.1.0.2 ----.
 *                               +---- 10.9.0.2  the peer
 *   lte0  (bit 1) 10.2.0.2 ----'      10.8.0.2  its other address
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <segue/mobikex.h>
#include <string.h>
#include <library.h>
#include "fake_charon.h"
#include "mobikex_failback.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_path.h"
#include "mobikex_view.h"
#include "mobikex_probe.h"
#include "mobikex_signal.h"

#define WLAN "10.1.0.2"
#define LTE "10.2.0.2"
#define PEER "10.9.0.2"
#define OTHER "10.8.0.2"
#define THIRD "10.7.0.2"

#define DRAIN_MS 1000
#define MS 1000000ULL	/* ns */

/* ------------------------------------------------ what stands for the rest */

mobikex_agent_t *mobikex;
static mobikex_agent_t agent = { .drain_delay = DRAIN_MS };
static mobikex_link_t wlan = { .name = "wlan0", .ifindex = 2, .bit = 0 };
static mobikex_link_t lte = { .name = "lte0", .ifindex = 3, .bit = 1 };
static bool wlan_up, lte_up, wlan_routed, lte_routed;
static struct segue_session map;
static enum segue_reason put_reason;
static int written, removed, forgotten, jobs;
static uint64_t clock_ns, held[SEGUE_MAX_PATHS];

uint64_t mobikex_now(void)
{
	return ++clock_ns;
}

static struct segue_addr addr_of(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 0);
	struct segue_addr addr = mobikex_addr(host);

	host->destroy(host);
	return addr;
}

static bool has(mobikex_link_t *link, const struct segue_addr *addr)
{
	enumerator_t *enumerator = link->addrs->create_enumerator(link->addrs);
	mobikex_link_addr_t *current;
	bool found = FALSE;

	while (enumerator->enumerate(enumerator, &current))
		found |= segue_addr_equal(&current->addr, addr);
	enumerator->destroy(enumerator);
	return found;
}

uint64_t mobikex_failback_held(mobikex_session_t *this, uint8_t slot)
{
	return held[slot];
}

void mobikex_failback_release(mobikex_session_t *this)
{
}

void mobikex_probe_paths(mobikex_session_t *session)
{
}

mobikex_link_t *mobikex_link_of(const struct segue_addr *addr)
{
	return has(&wlan, addr) ? &wlan : has(&lte, addr) ? &lte : NULL;
}

bool mobikex_link_up(mobikex_link_t *link, uint64_t *since)
{
	return link == &wlan ? wlan_up : lte_up;
}

static enum segue_reason wlan_weak;

enum segue_reason mobikex_link_weak(mobikex_link_t *link)
{
	return link == &wlan ? wlan_weak : SEGUE_REASON_NONE;
}

void mobikex_signal_watch(void) {}

mobikex_peer_t *mobikex_peer_find(mobikex_session_t *this, host_t *host)
{
	enumerator_t *enumerator = this->peers->create_enumerator(this->peers);
	mobikex_peer_t *peer, *found = NULL;

	while (enumerator->enumerate(enumerator, &peer))
		found = peer->host->ip_equals(peer->host, host) ? peer : found;
	enumerator->destroy(enumerator);
	return found;
}

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return NULL;
}

void mobikex_view_update(mobikex_session_t *this) {}

void mobikex_job_queue(uint32_t ike, mobikex_job_t job, uint32_t data, uint32_t delay_ms)
{
	assert_int_equal(delay_ms, DRAIN_MS + 1);
	jobs++;
}

int rtnl_route_check(struct rtnl *rtnl, const struct segue_addr *addr,
		     unsigned int ifindex, const struct segue_addr *source)
{
	bool routed = ifindex == wlan.ifindex ? wlan_routed : lte_routed;

	return routed ? 0 : -ENETUNREACH;
}

/* The active path is left: nothing sent by it may go on waiting for an answer. */
int rtnl_neighbour_del(struct rtnl *rtnl, unsigned int ifindex, const struct segue_addr *addr)
{
	forgotten++;
	return 0;
}

int segue_session_get(struct segue *segue, __u32 id, struct segue_session *out)
{
	*out = map;
	return 0;
}

int segue_path_put(struct segue *segue, __u32 id, __u8 slot,
		   const struct segue_path *path, enum segue_reason reason)
{
	assert_in_range(slot, 0, SEGUE_MAX_PATHS - 1);
	map.path[slot] = *path;
	put_reason = reason;
	written++;
	return 0;
}

int segue_path_del(struct segue *segue, __u32 id, __u8 slot, enum segue_reason reason)
{
	assert_true(map.path[slot].flags & SEGUE_PATH_USED);
	memset(&map.path[slot], 0, sizeof(map.path[slot]));
	removed++;
	return 0;
}

int segue_switch(struct segue *segue, __u32 id, __u8 slot, enum segue_reason reason)
{
	map.active = slot;
	return 0;
}

/* ------------------------------------------------ */

static mobikex_session_t session;

static void link_addr(mobikex_link_t *link, const char *text)
{
	mobikex_link_addr_t *addr;

	INIT(addr,
		.addr = addr_of(text),
	);
	link->addrs->insert_last(link->addrs, addr);
}

static void peer_add(const char *text, bool verified)
{
	mobikex_peer_t *peer;

	INIT(peer,
		.host = host_create_from_string((char *)text, 4500),
		.verified = verified,
		.listed = TRUE,
	);
	session.peers->insert_last(session.peers, peer);
}

static void move_to(const char *my, const char *other)
{
	DESTROY_IF(session.my);
	DESTROY_IF(session.other);
	session.my = host_create_from_string((char *)my, 4500);
	session.other = host_create_from_string((char *)other, 4500);
}

static int begin(void **state)
{
	memset(&map, 0, sizeof(map));
	memset(&session, 0, sizeof(session));
	memset(held, 0, sizeof(held));
	written = removed = forgotten = jobs = 0;
	wlan_up = lte_up = wlan_routed = lte_routed = TRUE;
	wlan.addrs = linked_list_create();
	lte.addrs = linked_list_create();
	link_addr(&wlan, WLAN);
	link_addr(&lte, LTE);
	mobikex = &agent;
	agent.segue = (struct segue *)&map;
	agent.links = linked_list_create_with_items(&wlan, &lte, NULL);
	session.published = TRUE;
	session.state = MOBIKEX_PINNED;
	session.id = 1;
	session.name = "test";
	session.peers = linked_list_create();
	session.local = host_create_from_string(WLAN, 4500);
	session.remote = host_create_from_string(PEER, 4500);
	move_to(WLAN, PEER);
	peer_add(PEER, TRUE);
	return 0;
}

static int end(void **state)
{
	fake_peers_destroy(session.peers);
	session.local->destroy(session.local);
	session.remote->destroy(session.remote);
	session.my->destroy(session.my);
	session.other->destroy(session.other);
	agent.links->destroy(agent.links);
	fake_addrs_clear(wlan.addrs);
	fake_addrs_clear(lte.addrs);
	wlan.addrs->destroy(wlan.addrs);
	lte.addrs->destroy(lte.addrs);
	return 0;
}

static int used(void)
{
	int slot, count = 0;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		count += !!(map.path[slot].flags & SEGUE_PATH_USED);
	return count;
}

static uint8_t slot_of(const char *local, const char *remote)
{
	host_t *l = host_create_from_string((char *)local, 0);
	host_t *r = host_create_from_string((char *)remote, 0);
	uint8_t slot = mobikex_path_find(&session, l, r);

	l->destroy(l);
	r->destroy(r);
	return slot;
}

/* The canonical pair is slot 0; every own address makes a path. */
static void first_table(void **state)
{
	mobikex_paths_update(&session);
	assert_int_equal(slot_of(WLAN, PEER), 0);
	assert_int_equal(slot_of(LTE, PEER), 1);
	assert_int_equal(map.path[0].flags,
			 SEGUE_PATH_USED | SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED);
	assert_int_equal(map.path[0].ifindex, 2);
	assert_int_equal(map.path[1].link, 1);
	assert_true(map.path[0].priority < map.path[1].priority);
	assert_int_equal(map.path[0].remote_port, 0);
	assert_int_equal(written, 2);
}

/* Connected over the second uplink: that pair is canonical, and slot 0. */
static void canonical_first(void **state)
{
	move_to(LTE, PEER);
	mobikex_paths_update(&session);
	assert_int_equal(slot_of(LTE, PEER), 0);
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, PEER));
}

static void nothing_changed(void **state)
{
	mobikex_paths_update(&session);
	mobikex_paths_update(&session);
	assert_int_equal(written, 2);
	assert_int_equal(removed, 0);
}

/* Not a packet to or from an address that was not checked. */
static void unverified_is_no_path(void **state)
{
	peer_add(OTHER, FALSE);
	mobikex_paths_update(&session);
	assert_int_equal(slot_of(WLAN, OTHER), SEGUE_NO_PATH);
	assert_int_equal(slot_of(LTE, OTHER), SEGUE_NO_PATH);
	assert_int_equal(written, 2);
}

/* Own uplinks come before where the peer is, and where it is before elsewhere. */
static void order(void **state)
{
	peer_add(OTHER, TRUE);
	mobikex_paths_update(&session);
	assert_true(map.path[slot_of(WLAN, PEER)].priority <
		    map.path[slot_of(WLAN, OTHER)].priority);
	assert_true(map.path[slot_of(WLAN, OTHER)].priority <
		    map.path[slot_of(LTE, PEER)].priority);
	move_to(WLAN, OTHER);
	mobikex_paths_update(&session);
	assert_true(map.path[slot_of(LTE, OTHER)].priority <
		    map.path[slot_of(LTE, PEER)].priority);
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, OTHER));
}

/* The settings put lte0 before wlan0, and the path in use follows. */
static void by_role(void **state)
{
	session.primary = "eth0 lte0";
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), slot_of(LTE, PEER));
	session.backup = session.primary;
	session.primary = NULL;
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, PEER));
	assert_false(map.path[1].flags & SEGUE_PATH_METERED);
}

/* After everything else, even where the peer wants nothing unless it must. */
static void metered(void **state)
{
	session.metered = "wlan0";
	peer_add(OTHER, TRUE);
	mobikex_paths_update(&session);
	assert_true(map.path[slot_of(WLAN, PEER)].flags & SEGUE_PATH_METERED);
	assert_false(map.path[slot_of(LTE, PEER)].flags & SEGUE_PATH_METERED);
	assert_int_equal(mobikex_path_best(&session), slot_of(LTE, PEER));
	lte_routed = FALSE;
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, PEER));
	lte_routed = TRUE;
	mobikex_peer_find(&session, session.other)->preference = MOBIKEX_PREFERENCE_LAST;
	mobikex_paths_update(&session);
	assert_true(map.path[slot_of(LTE, PEER)].flags & SEGUE_PATH_METERED);
}

/* Held down: the last of all, metered ones included, but better than none. */
static void held_down(void **state)
{
	session.metered = "lte0";
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), 0);
	held[0] = ~0ULL;
	mobikex_paths_update(&session);
	assert_int_equal(put_reason, SEGUE_REASON_PATH_HELD);
	assert_int_equal(mobikex_path_best(&session), 1);
	assert_int_equal(written, 3);
	mobikex_paths_update(&session);		/* told once */
	assert_int_equal(written, 3);
	lte_up = FALSE;
	assert_int_equal(mobikex_path_best(&session), 0);
	lte_up = TRUE;
	held[0] = 0;
	mobikex_paths_update(&session);
	assert_int_equal(put_reason, SEGUE_REASON_PATH_RELEASED);
	assert_int_equal(mobikex_path_best(&session), 0);
}

static mobikex_peer_t *peer_of(const char *text)
{
	host_t *host = host_create_from_string((char *)text, 0);
	mobikex_peer_t *peer = mobikex_peer_find(&session, host);

	host->destroy(host);
	return peer;
}

static uint16_t priority_of(const char *local, const char *remote)
{
	return map.path[slot_of(local, remote)].priority;
}

/* The peer says which of its addresses it likes best; of equal ones the first. */
static void preferred(void **state)
{
	peer_add(OTHER, TRUE);
	peer_add(THIRD, TRUE);
	mobikex_paths_update(&session);
	assert_true(priority_of(WLAN, OTHER) < priority_of(WLAN, THIRD));
	peer_of(OTHER)->preference = 2;
	peer_of(THIRD)->preference = 1;
	mobikex_paths_update(&session);
	assert_true(priority_of(WLAN, THIRD) < priority_of(WLAN, OTHER));
	/* but not than the one in use, nor than a better uplink */
	assert_true(priority_of(WLAN, PEER) < priority_of(WLAN, THIRD));
	assert_true(priority_of(WLAN, OTHER) < priority_of(LTE, PEER));
	/* "only if nothing else is left" */
	peer_of(OTHER)->preference = MOBIKEX_PREFERENCE_LAST;
	mobikex_paths_update(&session);
	assert_true(priority_of(LTE, THIRD) < priority_of(WLAN, OTHER));
	assert_true(priority_of(WLAN, OTHER) < priority_of(LTE, OTHER));
	move_to(WLAN, OTHER);		/* it decides by going there */
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, OTHER));
}

static bool is_refused(const char *local, const char *remote)
{
	host_t *l = host_create_from_string((char *)local, 0);
	host_t *r = host_create_from_string((char *)remote, 0);
	bool other = mobikex_path_refused(&session, l, r);

	l->destroy(l);
	r->destroy(r);
	return other;
}

/* RFC 4555 3.5: what the peer does not accept is left, if there is anything else. */
static void unacceptable(void **state)
{
	mobikex_paths_update(&session);
	assert_true(is_refused(WLAN, PEER));
	assert_int_equal(map.active, slot_of(LTE, PEER));
	assert_false(map.path[0].flags & SEGUE_PATH_EGRESS);
	assert_true(map.path[0].flags & SEGUE_PATH_VERIFIED);
	assert_int_equal(mobikex_path_best(&session), slot_of(LTE, PEER));
	assert_false(is_refused(LTE, PEER));	/* nothing else is left */
	assert_int_equal(mobikex_path_best(&session), slot_of(LTE, PEER));
	assert_false(is_refused(WLAN, OTHER));	/* no such path */
	/* worth another try when its link was away ... */
	wlan_up = FALSE;
	mobikex_paths_update(&session);
	wlan_up = TRUE;
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, PEER));
	/* ... when there is nothing else any more ... */
	assert_false(mobikex_paths_forgive(&session));
	assert_true(is_refused(WLAN, PEER));
	lte_up = FALSE;
	assert_int_equal(mobikex_path_best(&session), SEGUE_NO_PATH);
	assert_true(mobikex_paths_forgive(&session));
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, PEER));
	/* ... and after some time */
	lte_up = TRUE;
	assert_true(is_refused(WLAN, PEER));
	clock_ns += 300000 * MS;
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, PEER));
}

static void best_is_alive(void **state)
{
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), 0);
	wlan_up = FALSE;
	assert_int_equal(mobikex_path_best(&session), 1);
	lte_up = FALSE;
	assert_int_equal(mobikex_path_best(&session), SEGUE_NO_PATH);
}

/* Without a route a path keeps its slot and may receive, but carries nothing. */
static void route_gone(void **state)
{
	mobikex_paths_update(&session);
	wlan_routed = FALSE;
	mobikex_paths_update(&session);
	assert_int_equal(map.path[0].flags, SEGUE_PATH_USED | SEGUE_PATH_VERIFIED);
	assert_int_equal(mobikex_path_best(&session), 1);
	wlan_routed = TRUE;
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), 0);
}

/* The active path stays, unable to send, until something else is active. */
static void address_gone(void **state)
{
	mobikex_paths_update(&session);
	fake_addrs_clear(wlan.addrs);
	mobikex_paths_update(&session);
	assert_int_equal(removed, 0);
	assert_int_equal(forgotten, 1);
	assert_false(map.path[0].flags & SEGUE_PATH_EGRESS);
	assert_true(mobikex_path_switch(&session, mobikex_path_best(&session),
					SEGUE_REASON_ADDRESS_GONE));
	mobikex_paths_update(&session);
	assert_int_equal(map.active, 1);
	link_addr(&wlan, WLAN);
	mobikex_paths_update(&session);
	assert_int_equal(mobikex_path_best(&session), slot_of(WLAN, PEER));
}

static void leave_wlan(void)
{
	mobikex_paths_update(&session);
	fake_addrs_clear(wlan.addrs);
	mobikex_paths_update(&session);
	mobikex_path_switch(&session, mobikex_path_best(&session),
			    SEGUE_REASON_ADDRESS_GONE);
	mobikex_paths_update(&session);
}

/* What the peer sent to the old address is still taken, for a while. */
static void left_path_drains(void **state)
{
	leave_wlan();
	assert_int_equal(map.path[0].flags, SEGUE_PATH_USED | SEGUE_PATH_VERIFIED);
	assert_int_equal(jobs, 1);
	clock_ns += (DRAIN_MS - 1) * MS;
	mobikex_paths_update(&session);
	assert_int_equal(removed, 0);
	clock_ns += MS;
	mobikex_paths_update(&session);
	assert_int_equal(removed, 1);
	assert_int_equal(slot_of(WLAN, PEER), SEGUE_NO_PATH);
	assert_int_equal(jobs, 1);
}

/* Back before it has drained: it stays. */
static void drained_comes_back(void **state)
{
	leave_wlan();
	link_addr(&wlan, WLAN);
	mobikex_paths_update(&session);
	clock_ns += 2 * DRAIN_MS * MS;
	mobikex_paths_update(&session);
	assert_int_equal(removed, 0);
	assert_int_equal(mobikex_path_best(&session), 0);
	/* and drains as long as ever when it leaves again */
	leave_wlan();
	assert_int_equal(removed, 0);
	assert_true(session.drained[0] > clock_ns);
}

/* A path that drains does not keep a new one out. */
static void drained_makes_room(void **state)
{
	char text[32];
	int i;

	for (i = 0; i < 7; i++) {
		snprintf(text, sizeof(text), "10.8.0.%d", i + 1);
		peer_add(text, TRUE);
	}
	leave_wlan();			/* 8 that drain, 8 by lte0 */
	assert_int_equal(removed, 0);
	peer_add("10.7.0.1", TRUE);
	mobikex_paths_update(&session);
	assert_int_equal(removed, 1);
	assert_int_not_equal(slot_of(LTE, "10.7.0.1"), SEGUE_NO_PATH);
}

/* Failback counts from when a path became usable, not from when it appeared. */
static void usable_since(void **state)
{
	uint64_t first;

	mobikex_paths_update(&session);
	first = session.since[0];
	assert_true(first > 0);
	mobikex_paths_update(&session);
	assert_int_equal(session.since[0], first);
	wlan_routed = FALSE;
	mobikex_paths_update(&session);
	assert_int_equal(session.since[0], 0);
	wlan_routed = TRUE;
	mobikex_paths_update(&session);
	assert_true(session.since[0] > first);
}

/* Whatever else works comes before a path that is better left; it counts as usable
 * from when it is well again. */
static void weak(void **state)
{
	uint64_t first;
	uint8_t slot;

	mobikex_paths_update(&session);
	slot = slot_of(WLAN, PEER);
	first = session.since[slot];
	wlan_weak = SEGUE_REASON_SIGNAL_LOW;
	mobikex_paths_update(&session);
	assert_int_equal(session.weak[slot], SEGUE_REASON_SIGNAL_LOW);
	assert_int_equal(put_reason, SEGUE_REASON_SIGNAL_LOW);
	assert_true(mobikex_path_live(&session, slot));
	assert_int_equal(mobikex_path_best(&session), slot_of(LTE, PEER));
	assert_int_equal(session.weak[slot_of(LTE, PEER)], 0);
	lte_up = FALSE;
	assert_int_equal(mobikex_path_best(&session), slot);
	lte_up = TRUE;
	assert_int_equal(session.since[slot], first);

	written = 0;
	mobikex_paths_update(&session);
	assert_int_equal(written, 0);		/* nothing new */
	wlan_weak = SEGUE_REASON_NONE;
	mobikex_paths_update(&session);
	assert_int_equal(put_reason, SEGUE_REASON_SIGNAL_GOOD);
	assert_true(session.since[slot] > first);
	assert_int_equal(mobikex_path_best(&session), slot);

	session.degraded[slot] = TRUE;
	mobikex_paths_update(&session);
	assert_int_equal(put_reason, SEGUE_REASON_PATH_DEGRADED);
	assert_int_equal(mobikex_path_best(&session), slot_of(LTE, PEER));
	session.degraded[slot] = FALSE;
	mobikex_paths_update(&session);
	assert_int_equal(put_reason, SEGUE_REASON_PATH_WELL);
}

/* A NAT's port belongs to the address it was seen with. */
static void encapsulated(void **state)
{
	mobikex_peer_t *peer;

	session.encap = TRUE;
	peer_add(OTHER, TRUE);
	assert_int_equal(session.peers->get_last(session.peers, (void **)&peer), SUCCESS);
	peer->host->set_port(peer->host, 1024);
	mobikex_paths_update(&session);
	assert_int_equal(ntohs(map.path[slot_of(WLAN, PEER)].remote_port), 4500);
	assert_int_equal(ntohs(map.path[slot_of(WLAN, OTHER)].remote_port), 1024);
	assert_int_equal(ntohs(map.path[0].local_port), 4500);
}

/* What is sent goes on to an address that the peer removed, IKE does not go back there. */
static void ike_is_where_the_peer_is(void **state)
{
	host_t *my = NULL, *other = NULL;

	mobikex_paths_update(&session);
	assert_true(mobikex_path_active_hosts(&session, &my, &other));
	assert_true(other->ip_equals(other, session.remote));
	my->destroy(my);
	other->destroy(other);
	peer_add(OTHER, FALSE);
	move_to(WLAN, OTHER);
	peer_of(PEER)->listed = FALSE;
	mobikex_paths_update(&session);
	assert_true(mobikex_path_live(&session, map.active));
	assert_false(mobikex_path_active_hosts(&session, &my, &other));
	assert_null(my);
	assert_null(other);
	/* moved back: where it is, listed or not */
	move_to(WLAN, PEER);
	assert_true(mobikex_path_active_hosts(&session, &my, &other));
	my->destroy(my);
	other->destroy(other);
}

/* More addresses than slots: what is in use stays in. */
static void table_full(void **state)
{
	char text[32];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "10.8.0.%d", i + 1);
		peer_add(text, TRUE);
	}
	mobikex_paths_update(&session);
	assert_int_equal(used(), SEGUE_MAX_PATHS);
	assert_int_equal(slot_of(WLAN, PEER), 0);
	assert_int_not_equal(slot_of(LTE, PEER), SEGUE_NO_PATH);
}

/* More uplinks than slots: the one in use and the best stay in. */
static void many_links(void **state)
{
	static mobikex_link_t more[SEGUE_MAX_PATHS + 2];
	char text[32];
	int i;

	for (i = 0; i < countof(more); i++) {
		snprintf(more[i].name, sizeof(more[i].name), "up%d", i);
		more[i].ifindex = 10 + i;
		more[i].bit = 2 + i;
		more[i].addrs = linked_list_create();
		snprintf(text, sizeof(text), "10.100.%d.2", i);
		link_addr(&more[i], text);
		agent.links->insert_first(agent.links, &more[i]);
	}
	session.primary = "up17 up16";
	session.metered = "up0";
	mobikex_paths_update(&session);
	assert_int_equal(used(), SEGUE_MAX_PATHS);
	assert_int_equal(slot_of(WLAN, PEER), 0);
	assert_int_not_equal(slot_of(LTE, PEER), SEGUE_NO_PATH);
	assert_int_not_equal(slot_of("10.100.16.2", PEER), SEGUE_NO_PATH);
	assert_int_not_equal(slot_of("10.100.17.2", PEER), SEGUE_NO_PATH);
	assert_int_not_equal(slot_of("10.100.1.2", PEER), SEGUE_NO_PATH);
	assert_int_equal(slot_of("10.100.0.2", PEER), SEGUE_NO_PATH);
	assert_int_equal(slot_of("10.100.15.2", PEER), SEGUE_NO_PATH);
	for (i = 0; i < countof(more); i++) {
		fake_addrs_clear(more[i].addrs);
		more[i].addrs->destroy(more[i].addrs);
	}
}

/* Rewriting stays within a family. */
static void other_family(void **state)
{
	link_addr(&lte, "2001:db8::2");
	peer_add("2001:db8::9", TRUE);
	mobikex_paths_update(&session);
	assert_int_equal(written, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(first_table),
		TEST(canonical_first),
		TEST(nothing_changed),
		TEST(unverified_is_no_path),
		TEST(order),
		TEST(preferred),
		TEST(by_role),
		TEST(metered),
		TEST(held_down),
		TEST(unacceptable),
		TEST(best_is_alive),
		TEST(route_gone),
		TEST(address_gone),
		TEST(left_path_drains),
		TEST(drained_comes_back),
		TEST(drained_makes_room),
		TEST(usable_since),
		TEST(weak),
		TEST(encapsulated),
		TEST(ike_is_where_the_peer_is),
		TEST(table_full),
		TEST(many_links),
		TEST(other_family),
	};
	int failed;

	charon = &fake_daemon;
	library_init(NULL, "segue-test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
