// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "peer.h"

const struct output_field address_fields[] = {
	OUTPUT_FIELD(struct address_row, side, OUTPUT_TEXT),
	OUTPUT_FIELD(struct address_row, address, OUTPUT_TEXT),
	OUTPUT_FIELD(struct address_row, role, OUTPUT_TEXT),
	OUTPUT_FIELD(struct address_row, check, OUTPUT_TEXT),
	{ .name = "checked", .kind = OUTPUT_AGE, .offset = offsetof(struct address_row, checked_ns) },
	OUTPUT_FIELD(struct address_row, preference, OUTPUT_COUNT),
	{ .name = "announced", .kind = OUTPUT_AGE, .offset = offsetof(struct address_row, since_ns) },
	{},
};

const struct output_field refused_fields[] = {
	OUTPUT_FIELD(struct refused_row, reason, OUTPUT_TEXT),
	OUTPUT_FIELD(struct refused_row, count, OUTPUT_COUNT),
	{},
};

int peer_known(struct segue *segue, __u32 id, struct segue_peer *out)
{
	struct segue_peer found = {};
	int err = segue_peer_get(segue, id, &found);

	if (err && err != -ENOENT)
		return err;
	*out = found;
	return 0;
}

const struct segue_peer_addr *peer_address(const struct segue_peer *peer, enum segue_side side,
					   const struct segue_addr *addr)
{
	const struct segue_peer_addr *a;

	for (a = peer->addr; a < peer->addr + peer->addrs; a++)
		if (a->side == side && segue_addr_equal(&a->addr, addr))
			return a;
	return NULL;
}

static char *role(const char *what, bool canonical, char *buf)
{
	snprintf(buf, 32, "%s%s%s", what, *what && canonical ? ", " : "",
		 canonical ? "canonical" : "");
	return buf;
}

static bool is_leaving(const struct segue_session *session, const struct segue_peer *peer,
		       unsigned int slot)
{
	return peer->path[slot].leaving_ns && !(session->path[slot].flags & SEGUE_PATH_EGRESS);
}

char *peer_path_role(const struct segue_session *session, const struct segue_peer *peer,
		     unsigned int slot, char *buf)
{
	const struct segue_path *path = &session->path[slot];
	bool metered = path->flags & SEGUE_PATH_METERED;

	return role(slot == session->active ? (metered ? "active, metered" : "active") :
		    is_leaving(session, peer, slot) ? "leaving" :
		    metered ? "metered" : "backup",
		    segue_addr_equal(&path->local, &session->local) &&
		    segue_addr_equal(&path->remote, &session->remote), buf);
}

/* What the paths make of it: the best of them counts. */
static char *address_role(const struct segue_session *session, const struct segue_peer *peer,
			  const struct segue_peer_addr *a, char *buf)
{
	const struct segue_addr *canonical, *addr;
	bool ours = a->side == SEGUE_SIDE_OURS, leaving = false, backup = false;
	unsigned int slot;

	canonical = ours ? &session->local : &session->remote;
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++) {
		addr = ours ? &session->path[slot].local : &session->path[slot].remote;
		if (!(session->path[slot].flags & SEGUE_PATH_USED) ||
		    !segue_addr_equal(addr, &a->addr))
			continue;
		if (slot == session->active)
			return role("active", segue_addr_equal(canonical, &a->addr), buf);
		leaving |= is_leaving(session, peer, slot);
		backup |= !!(session->path[slot].flags & SEGUE_PATH_EGRESS);
	}
	return role(backup ? "backup" : leaving ? "leaving" : "",
		    segue_addr_equal(canonical, &a->addr), buf);
}

int peer_addresses(const struct segue_session *session, const struct segue_peer *peer,
		   struct output_rows *rows)
{
	const struct segue_peer_addr *a;
	struct address_row *row;

	for (a = peer->addr; a < peer->addr + peer->addrs; a++) {
		row = output_rows_add(rows, sizeof(*row));
		if (!row)
			return -ENOMEM;
		strcpy(row->side, a->side == SEGUE_SIDE_OURS ? "ours" : "peer");
		segue_addr_text(&a->addr, row->address);
		address_role(session, peer, a, row->role);
		strcpy(row->check, segue_check_name(a->check));
		row->checked_ns = a->checked_ns;
		row->preference = a->preference;
		row->since_ns = a->since_ns;
	}
	return 0;
}

int peer_refused(struct segue *segue, __u32 id, struct output_rows *rows)
{
	struct segue_refused refused;
	struct refused_row *row;
	unsigned int i;
	int err;

	err = segue_refused_get(segue, id, &refused);
	if (err)
		return err == -ENOENT ? 0 : err;
	for (i = 0; i < SEGUE_REFUSALS; i++) {
		if (!refused.count[i])
			continue;
		row = output_rows_add(rows, sizeof(*row));
		if (!row)
			return -ENOMEM;
		snprintf(row->reason, sizeof(row->reason), "%s",
			 segue_reason_name(SEGUE_REFUSALS_FIRST + i));
		row->count = refused.count[i];
	}
	return 0;
}
