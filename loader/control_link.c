// SPDX-License-Identifier: GPL-2.0-or-later
/* Links and the addresses that they own. */
#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include "control_private.h"

static bool link_valid(const struct segue_link *link)
{
	return link->bit < SEGUE_MAX_LINKS && memchr(link->name, 0, sizeof(link->name));
}

/* The lowest free bit of links_up: attach order. */
static int bit_take(struct segue *segue, __u8 *out)
{
	__u64 *used = &segue->state->links_used;
	__u64 old = __atomic_load_n(used, __ATOMIC_ACQUIRE);

	do {
		if (!~old)
			return -ENOSPC;
		*out = __builtin_ctzll(~old);
	} while (!__atomic_compare_exchange_n(used, &old, old | 1ULL << *out, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return 0;
}

static void bit_give_back(struct segue *segue, __u8 bit)
{
	__u64 mask = 1ULL << bit;

	__atomic_fetch_and(&segue->state->links_up, ~mask, __ATOMIC_ACQ_REL);
	__atomic_fetch_and(&segue->state->links_used, ~mask, __ATOMIC_ACQ_REL);
}

/* No packet takes it any more, and the watch has nothing to set it by. */
static int link_delete(struct segue *segue, __u32 ifindex)
{
	struct segue_call_delete call = { .what = SEGUE_CALL_LINK, .number = ifindex };

	return control_run(segue, CONTROL_DELETE, &call, sizeof(call));
}

/* Down at first: the control program then brings it up and says so. */
int segue_link_put(struct segue *segue, __u32 ifindex, struct segue_link *link)
{
	struct segue_link new = *link;
	int err;

	if (!ifindex || !memchr(link->name, 0, sizeof(link->name)))
		return -EINVAL;
	err = bit_take(segue, &new.bit);
	if (err)
		return err;
	new.flags &= ~(SEGUE_LINK_UP | SEGUE_LINK_DRAINED | SEGUE_LINK_WEAK);
	new.downs = 0;
	if (bpf_map_update_elem(segue->map[PIN_LINK], &ifindex, &new, BPF_NOEXIST)) {
		err = -errno;
		goto give_back;
	}
	err = segue_link_set(segue, ifindex, link->flags,
			     link->reason ? link->reason : SEGUE_REASON_PLUGGED);
	if (err)
		goto delete;
	link->bit = new.bit;
	return 0;
delete:
	link_delete(segue, ifindex);
give_back:
	bit_give_back(segue, new.bit);
	return err;
}

/* Paths that leave by this device go with it: its bit may become another's. */
static void remove_paths(struct segue *segue, __u32 ifindex)
{
	struct segue_session session;
	__u32 id = 0;
	__u8 slot;

	while (!segue_session_next(segue, &id)) {
		if (segue_session_get(segue, id, &session))
			continue;
		for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
			if (session.path[slot].flags & SEGUE_PATH_USED &&
			    session.path[slot].ifindex == ifindex)
				segue_path_del(segue, id, slot, SEGUE_REASON_PATH_REMOVED);
	}
}

int segue_link_del(struct segue *segue, __u32 ifindex)
{
	struct segue_link link;
	int err;

	err = segue_link_get(segue, ifindex, &link);
	if (err)
		return err;
	err = link_delete(segue, ifindex);
	if (err)
		return err;
	remove_paths(segue, ifindex);
	bit_give_back(segue, link.bit);
	return 0;
}

int segue_link_get(struct segue *segue, __u32 ifindex, struct segue_link *out)
{
	struct segue_link found;

	if (bpf_map_lookup_elem(segue->map[PIN_LINK], &ifindex, &found))
		return -errno;
	if (!link_valid(&found))
		return -EBADMSG;
	*out = found;
	return 0;
}

int segue_link_next(struct segue *segue, __u32 *ifindex)
{
	__u32 next;

	if (bpf_map_get_next_key(segue->map[PIN_LINK], *ifindex ? ifindex : NULL, &next))
		return -errno;
	if (!next)
		return -EBADMSG;
	*ifindex = next;
	return 0;
}

int segue_link_set(struct segue *segue, __u32 ifindex, __u8 flags, enum segue_reason reason)
{
	struct segue_call_link call = {
		.ifindex = ifindex,
		.flags = flags & SEGUE_LINK_UP,
		.reason = reason,
	};

	return control_run(segue, CONTROL_LINK, &call, sizeof(call));
}

int segue_link_drain(struct segue *segue, __u32 ifindex, bool drain)
{
	struct segue_call_link call = {
		.ifindex = ifindex,
		.drain = drain ? SEGUE_CALL_DRAIN : SEGUE_CALL_RESUME,
	};

	return control_run(segue, CONTROL_LINK, &call, sizeof(call));
}

int segue_link_weak(struct segue *segue, __u32 ifindex, enum segue_reason reason)
{
	struct segue_call_link call = {
		.ifindex = ifindex,
		.drain = reason ? SEGUE_CALL_WEAK : SEGUE_CALL_STRONG,
		.reason = reason,
	};

	return control_run(segue, CONTROL_LINK, &call, sizeof(call));
}

int segue_addr_put(struct segue *segue, const struct segue_addr *addr, __u32 ifindex)
{
	return bpf_map_update_elem(segue->map[PIN_ADDR], addr, &ifindex, BPF_ANY) ? -errno : 0;
}

int segue_addr_del(struct segue *segue, const struct segue_addr *addr)
{
	return bpf_map_delete_elem(segue->map[PIN_ADDR], addr) ? -errno : 0;
}

int segue_addr_next(struct segue *segue, struct segue_addr *addr, __u32 *ifindex)
{
	static const struct segue_addr begin;
	struct segue_addr next;
	__u32 found;

	if (bpf_map_get_next_key(segue->map[PIN_ADDR],
				 segue_addr_equal(addr, &begin) ? NULL : addr, &next))
		return -errno;
	if (bpf_map_lookup_elem(segue->map[PIN_ADDR], &next, &found))
		return -errno;
	*addr = next;
	*ifindex = found;
	return 0;
}
