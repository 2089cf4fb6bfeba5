// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes: keys, which paths have one, and sending them. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <segue/host.h>
#include "clock.h"
#include "control_private.h"

void segue_probe_keys_prune(struct segue *segue)
{
	struct segue_probe_key key;
	struct segue_session session;
	__u64 id, next;
	int err;

	err = bpf_map_get_next_key(segue->map[PIN_PROBE_KEY], NULL, &next);
	while (!err) {
		id = next;
		err = bpf_map_get_next_key(segue->map[PIN_PROBE_KEY], &id, &next);
		if (!bpf_map_lookup_elem(segue->map[PIN_PROBE_KEY], &id, &key) &&
		    segue_session_get(segue, key.session, &session) == -ENOENT)
			bpf_map_delete_elem(segue->map[PIN_PROBE_KEY], &id);
	}
}

int segue_probe_key_put(struct segue *segue, __u64 id, const struct segue_probe_key *key)
{
	int map = segue->map[PIN_PROBE_KEY];
	struct segue_probe_key found;

	if (!bpf_map_update_elem(map, &id, key, BPF_NOEXIST))
		return 0;
	if (errno == EEXIST) {
		if (bpf_map_lookup_elem(map, &id, &found) || found.session == key->session)
			return -EEXIST;
		/* the IKE_SA's session is another one now */
		return bpf_map_update_elem(map, &id, key, BPF_EXIST) ? -errno : 0;
	}
	if (errno != E2BIG)
		return -errno;
	segue_probe_keys_prune(segue);
	return bpf_map_update_elem(map, &id, key, BPF_NOEXIST) ? -errno : 0;
}

int segue_probe_key_del(struct segue *segue, __u64 id)
{
	return bpf_map_delete_elem(segue->map[PIN_PROBE_KEY], &id) ? -errno : 0;
}

static bool probe_valid(const struct segue_probe *p)
{
	return p->slot < SEGUE_MAX_PATHS && p->state <= SEGUE_PATH_DEAD;
}

int segue_probe_get(struct segue *segue, __u32 index, struct segue_probe *out)
{
	struct segue_probe found;

	if (bpf_map_lookup_elem(segue->map[PIN_PROBE], &index, &found))
		return -errno;
	if (!probe_valid(&found))
		return -EBADMSG;
	*out = found;
	return 0;
}

static int probe_call(struct segue *segue, __u32 session, __u8 slot, __u32 index, __u64 key,
		      __u64 interval_ns, __u8 multiplier)
{
	struct segue_call_probe call = {
		.session = session,
		.slot = slot,
		.index = index,
		.key = key,
		.interval_ns = interval_ns,
		.multiplier = multiplier,
	};

	return control_run(segue, CONTROL_PROBE, &call, sizeof(call));
}

/* An entry whose path has gone, or belongs to another one, is free. */
static bool entry_free(struct segue *segue, __u32 index)
{
	struct segue_session session;
	struct segue_probe p;

	if (segue_probe_get(segue, index, &p))
		return true;
	return !p.session || segue_session_get(segue, p.session, &session) ||
	       session.path[p.slot].probe != index;
}

/* One for a new path: nothing is known of it. */
static int entry_make(struct segue *segue, __u32 session, __u8 slot, __u64 key, __u32 *out)
{
	struct segue_probe p = { .session = session, .slot = slot, .key = key };
	__u32 index;

	p.sequence = clock_now_ns();
	for (index = 1; index < SEGUE_MAX_PROBES; index++) {
		if (!entry_free(segue, index))
			continue;
		if (bpf_map_update_elem(segue->map[PIN_PROBE], &index, &p, BPF_ANY))
			return -errno;
		*out = index;
		return 0;
	}
	return -ENOSPC;
}

int segue_probe_path(struct segue *segue, __u32 session, __u8 slot, __u64 key,
		     __u64 interval_ns, __u8 multiplier)
{
	struct segue_session found;
	__u32 index;
	int err;

	if (slot >= SEGUE_MAX_PATHS || !interval_ns || !multiplier)
		return -EINVAL;
	err = segue_session_get(segue, session, &found);
	if (err)
		return err;
	if (!(found.path[slot].flags & SEGUE_PATH_USED))
		return -ENOENT;
	index = found.path[slot].probe;
	if (!index) {
		err = entry_make(segue, session, slot, key, &index);
		if (err)
			return err;
	}
	return probe_call(segue, session, slot, index, key, interval_ns, multiplier);
}

int segue_probe_none(struct segue *segue, __u32 session, __u8 slot)
{
	return probe_call(segue, session, slot, 0, 0, 0, 0);
}

/* A frame of either family to make clones of; what stands in it does not matter. */
int segue_probe_send(struct segue *segue, __u32 index, unsigned int count)
{
	unsigned char frame[ETH_HLEN + 80] = {};
	struct __sk_buff ctx = { .cb = { index, count } };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1);
	struct segue_session session;
	struct segue_probe p;
	int err;

	if (!index || index >= SEGUE_MAX_PROBES)
		return -EINVAL;
	err = segue_probe_get(segue, index, &p);
	if (!err)
		err = segue_session_get(segue, p.session, &session);
	if (err)
		return err;
	ctx.ifindex = if_nametoindex(SEGUE_DEVICE);
	if (!ctx.ifindex)
		return -ENODEV;
	/* the FIB look-up takes the packet's family from here */
	frame[12] = (segue_addr_is_v4(&session.local) ? ETH_P_IP : ETH_P_IPV6) >> 8;
	frame[13] = (segue_addr_is_v4(&session.local) ? ETH_P_IP : ETH_P_IPV6) & 0xff;
	if (bpf_prog_test_run_opts(segue->program[CONTROL_PROBE_SEND], &opts))
		return -errno;
	return 0;
}
