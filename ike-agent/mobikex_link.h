/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link: a device that segue is attached to, with its local addresses.  The
 * agent's copy of the maps "link" and "addr", kept in step with rtnetlink.
 * All of it with the agent's lock held.
 */
#ifndef MOBIKEX_LINK_H_
#define MOBIKEX_LINK_H_

#include "mobikex_agent.h"
#include "mobikex_hold.h"

/**
 * Does it have a radio signal that can be asked for (mobikex_signal.h)?
 */
typedef enum {
	MOBIKEX_RADIO_UNKNOWN,
	MOBIKEX_RADIO_NONE,
	MOBIKEX_RADIO_CLIENT,
} mobikex_radio_t;

typedef struct {
	/** Name that its device has, or had: it is waited for under that */
	char name[SEGUE_IFNAME_SIZE];
	/** 0 while the device is unplugged */
	uint32_t ifindex;
	/** Its bit in links_up */
	uint8_t bit;
	/** Was up, and its queues too, when rtnetlink told last */
	bool running;
	/** Whether it has a signal, and the ifindex of which that is known */
	mobikex_radio_t radio;
	uint32_t radio_index;
	/** dBm, and frames received, when it was asked last; FALSE: not counted since */
	int dbm;
	uint32_t received;
	bool counted;
	/** It was asked to tell by itself when the signal falls, and does */
	bool asked;
	bool told;
	/** What asking failed with when it was last in the log */
	int complained;
	/** Down since it was lost last */
	bool lost;
	/** Times it was lost lately, by whatever number */
	mobikex_hold_t hold;
	/** By rtnetlink; 0: not known */
	u_int mtu;
	/** mobikex_link_addr_t, in the order they came */
	linked_list_t *addrs;
} mobikex_link_t;

/**
 * An address of a link.  One can be there with several prefix lengths, and is there
 * until the last of them goes.
 */
typedef struct {
	struct segue_addr addr;
	/** A bit for each prefix length, 0 to 128 */
	uint64_t prefixlens[3];
} mobikex_link_addr_t;

/**
 * Read the map and dump the addresses: at attach, and when a device was attached
 * or detached since.
 */
void mobikex_links_load(void);

/** Dump links and addresses again (rtnetlink lost messages). */
void mobikex_links_resync(void);

void mobikex_links_flush(void);

/** The link that owns this address, NULL if none does. */
mobikex_link_t *mobikex_link_of(const struct segue_addr *addr);

/**
 * Address to reach dest from: of the first link that is up and has a route.
 *
 * @return			FALSE if there is none
 */
bool mobikex_link_source(const struct segue_addr *dest, struct segue_addr *source);

/** Is the link up, as the data path sees it?  since: when that changed last. */
bool mobikex_link_up(mobikex_link_t *link, uint64_t *since);

/** Is its signal low, or lost, although it is up?  0 if not. */
enum segue_reason mobikex_link_weak(mobikex_link_t *link);

/** Whose device has this number, NULL: none */
mobikex_link_t *mobikex_link_by_index(uint32_t ifindex);

/** The data path saw that the device with this number went down, or came up. */
void mobikex_link_lost(uint32_t ifindex, uint64_t when);
void mobikex_link_back(uint32_t ifindex);

/**
 * rtnetlink told of a change.
 *
 * @return			TRUE if paths may have changed
 */
bool mobikex_link_changed(const struct rtnl_link *link, bool gone);
bool mobikex_link_addr_changed(const struct rtnl_addr *addr, bool gone);

#endif	/* MOBIKEX_LINK_H_ */
