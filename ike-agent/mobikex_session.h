/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Session: an IKE_SA and what follows it by rekeying, under segue.
 *
 *   NEW -----> PINNED      its first SA goes into the kernel: the maps get the
 *    |                     session; from here the kernel has the canonical pair
 *    |                     for ever, and charon's addresses are only its view
 *    '-------> STOCK       pinning would not do (see mobikex_session_pin());
 *                          charon handles it as if we were not there
 *
 * The canonical pair is what charon uses at its first call into the kernel for
 * this IKE_SA.  All of it with the agent's lock held.
 */
#ifndef MOBIKEX_SESSION_H_
#define MOBIKEX_SESSION_H_

#include "mobikex_agent.h"
#include "mobikex_hold.h"

typedef struct mobikex_session_t mobikex_session_t;
typedef struct mobikex_moved_t mobikex_moved_t;

typedef enum {
	MOBIKEX_NEW,
	MOBIKEX_PINNED,
	MOBIKEX_STOCK,
} mobikex_session_state_t;

/**
 * A CHILD_SA that goes a way of its own (mobikex_child.h); its number is its index.
 */
typedef struct {
	/** 0: none */
	uint32_t reqid;
	/** Whether it is sent by a second path as well, mobikex_copy_t */
	u_int copy;
	/** Device that it prefers, or NULL */
	char *device;
	/** When that will have been usable for long enough */
	uint64_t due;
	/** It goes for itself: the settings say so, a person or the peer */
	bool apart;
	/** Not by the settings here: it may go with the session again */
	bool by_hand;
	/** That is what it shall do */
	bool joining;
	/** Path that a person chose for it, until its link dies, or SEGUE_NO_PATH */
	uint8_t wish;
	/** That is to be done softly: window, ms; and when the first one is over */
	uint32_t window;
	uint64_t switch_at;
	/** The peer was told by name (mobikex_named.h): where it goes, and the path
	 * that it is to be told of before the first packet */
	bool told;
	struct segue_addr told_addr;
	uint8_t target;
	/** Times that it refused, and when to tell it again */
	u_int refusals;
	uint64_t again_at;
	/** Where it may not go apart, as the peer refused that for good; 0: none */
	struct segue_addr refused_addr;
} mobikex_child_t;

struct mobikex_session_t {

	mobikex_session_state_t state;

	/** Key in the map */
	uint32_t id;

	/** Unique id of the IKE_SA now */
	uint32_t ike;

	/** Connection name */
	char *name;

	/** Who the peer is, once known */
	identification_t *peer_id;

	/** As in segue_session.peer: who has authenticated, by EAP if so; 0: no SHA-256 */
	uint64_t peer_hash;

	/** Canonical pair, what the kernel has */
	host_t *local;
	host_t *remote;

	/** What IKE uses now */
	host_t *my;
	host_t *other;

	/** Every address IKE has used, host_t */
	linked_list_t *locals;
	linked_list_t *remotes;

	/** Addresses of the peer, mobikex_peer_t (mobikex_peer.h) */
	linked_list_t *peers;

	/** We are the original initiator, who decides (RFC 4555 3.5) */
	bool leader;

	/** The peer restores canonical addresses, and is authenticated */
	bool restores;

	/** It wants copies: its replay windows are wide enough (MOBIKEX_COPIES) */
	bool copies;

	/** UDP encapsulation (RFC 3948) */
	bool encap;

	/** Whether it sends by a second path as well, mobikex_copy_t */
	u_int copy;

	/** Devices by role, as the settings name them, or NULL (mobikex_role.h) */
	char *primary;
	char *backup;
	char *metered;

	/** How long what was lost is not gone back to */
	mobikex_hysteresis_t hysteresis;

	/** In the maps */
	bool published;

	/** It has, or had, an SA in transport mode: the pair is a selector, too */
	bool transport;

	/** Its ESP is let through by policy (mobikex_xfrm_bypass_add()) */
	bool bypassed;

	/** charon is destroying the IKE_SA */
	bool closing;

	/** We are just moving the IKE_SA to where the data path is */
	bool following;

	/** A person chose the active path: no failback until its link dies */
	bool manual;

	/** When a failback is looked for, 0: not queued */
	uint64_t failback;

	/** The path to go back to is being checked */
	bool trying;

	/** How often that failed in a row, and when to try again */
	u_int tries;
	uint64_t try_at;

	/** A look at paths and IKE_SA is queued */
	bool queued;

	/** The IKE_SA has to move once the request under way is answered */
	bool pending;

	/** There was no live path, and what was sent since is lost */
	bool stalled;

	/** A check is scheduled, for when, and the number of that timer */
	bool checking;
	uint64_t check_at;
	uint32_t check_timer;

	/** The peer sends COOKIE2 back only beside NAT detection (libreswan) */
	bool natd;

	/** The latest request of ours as it was sent, and its message id */
	chunk_t request;
	uint32_t request_mid;

	/** Where to, the last time; NULL: there on purpose, whatever path is in use */
	host_t *request_to;

	/** It was sent again, so that it may have arrived by another path */
	bool request_pushed;

	/** We want transport mode moved, and said so */
	bool moves;

	/** Transport mode is moved, not pinned (mobikex_moved.h); NULL: pinned */
	mobikex_moved_t *moved;

	/** SAs, those with only an SPI included */
	u_int sas;

	/** CHILD_SAs apart, by their number; 0 is not used */
	mobikex_child_t child[SEGUE_MAX_CHILDREN];

	/** The paths as the map has them, but for what the data path changes */
	struct segue_path path[SEGUE_MAX_PATHS];

	/** Since when a path can carry packets, mobikex_now(); 0: it cannot */
	uint64_t since[SEGUE_MAX_PATHS];

	/** Its probe found it dead, and no sign of life since (mobikex_probe.h) */
	bool dead[SEGUE_MAX_PATHS];

	/** Its probes tell of more loss or delay than is wanted (mobikex_probe.h) */
	bool degraded[SEGUE_MAX_PATHS];

	/** Why it is better left while it still works, enum segue_reason, and since when
	 * (mobikex_leave.h); 0: it is not */
	uint8_t weak[SEGUE_MAX_PATHS];
	uint64_t weak_since[SEGUE_MAX_PATHS];

	/** The one that is copied to meanwhile, and when it becomes the active one; 0: none */
	uint8_t leave_to;
	uint64_t leave_at;

	/** Times that it was found dead; its link has its own */
	mobikex_hold_t hold[SEGUE_MAX_PATHS];

	/** When the end of a hold-down is looked for, 0: not queued */
	uint64_t holding;

	/** When a path goes that is only received by any more; 0: it stays */
	uint64_t drained[SEGUE_MAX_PATHS];

	/** Until when the peer's refusal of a path counts (RFC 4555 3.5); 0: accepted */
	uint64_t unwanted[SEGUE_MAX_PATHS];

	/** Requests in a row that were refused for a NAT (mobikex_nonat.h) */
	u_int natted;

	/** When it was made, mobikex_now() */
	uint64_t made;

	/** What is in map "peer" (mobikex_view.h) */
	struct segue_peer view;
};

/** The number of the CHILD_SA with this reqid, 0: none.  Of reqid 0: a free number. */
static inline uint8_t mobikex_child_of(mobikex_session_t *this, uint32_t reqid)
{
	uint8_t number;

	for (number = 1; number < SEGUE_MAX_CHILDREN; number++)
	{
		if (this->child[number].reqid == reqid)
		{
			return number;
		}
	}
	return 0;
}

/** Session of an IKE_SA by its unique id; NULL if none. */
mobikex_session_t *mobikex_session_by_ike(uint32_t ike);
mobikex_session_t *mobikex_session_by_id(uint32_t id);

/** Session of the IKE_SA this thread has checked out; NULL if none or STOCK. */
mobikex_session_t *mobikex_session_current(void);

/**
 * A new session for this IKE_SA, if it is one for segue: IKEv2, on the address
 * of an attached device, without CHILD_SAs from before.
 */
mobikex_session_t *mobikex_session_create(ike_sa_t *ike_sa);

/**
 * The first SA is about to go into the kernel: decide, and publish.
 *
 * @return			TRUE if PINNED now
 */
bool mobikex_session_pin(mobikex_session_t *this, ike_sa_t *ike_sa,
						 ipsec_mode_t mode, uint8_t proto, bool encap);

/** One of its SAs has (or has no) UDP encapsulation. */
void mobikex_session_encap(mobikex_session_t *this, bool encap);

/** It has an SA in transport mode: see to its policies. */
void mobikex_session_transport(mobikex_session_t *this);

/** It cannot be pinned: take it out of the maps. */
void mobikex_session_stock(mobikex_session_t *this, char *why);

/** charon's view of the addresses changed. */
void mobikex_session_view(mobikex_session_t *this, host_t *my, host_t *other);

/** The kernel's address for one of charon's; host itself if it is none. */
host_t *mobikex_session_canonical(mobikex_session_t *this, host_t *host);

/** A rekeyed IKE_SA takes over. */
void mobikex_session_rekey(mobikex_session_t *this, ike_sa_t *ike_sa);

/** The IKE_SA goes away; the session does with its last SA. */
void mobikex_session_close(mobikex_session_t *this);
void mobikex_session_release(mobikex_session_t *this);

/** All of them, into the maps and out of them. */
void mobikex_sessions_publish(void);
void mobikex_sessions_unpublish(void);
void mobikex_sessions_flush(void);

/** Packets to this address of the peer enter segue0, from when it is asked for
 * the first time; or no more, unless the kernel's SAs have it. */
void mobikex_session_route(mobikex_session_t *this, host_t *remote);
void mobikex_session_unroute(mobikex_session_t *this, host_t *remote);

#endif	/* MOBIKEX_SESSION_H_ */
