// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions, paths and SAs. */
#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include "control_private.h"

static bool slot_valid(__u8 slot)
{
	return slot < SEGUE_MAX_PATHS || slot == SEGUE_NO_PATH;
}

static bool session_valid(const struct segue_session *s)
{
	int i;

	if (!slot_valid(s->active) || !slot_valid(s->copy) || !memchr(s->name, 0, sizeof(s->name)))
		return false;
	for (i = 1; i < SEGUE_MAX_CHILDREN; i++)
		if (!slot_valid(s->child[i].active) || !slot_valid(s->child[i].copy))
			return false;
	for (i = 0; i < SEGUE_MAX_PATHS; i++)
		if (s->path[i].link >= SEGUE_MAX_LINKS)
			return false;
	return true;
}

static bool sa_valid(const struct segue_sa *sa)
{
	return sa->session && sa->child < SEGUE_MAX_CHILDREN &&
	       (sa->mode == SEGUE_SA_TRANSPORT || sa->mode == SEGUE_SA_TUNNEL ||
		sa->mode == SEGUE_SA_BEET);
}

/* What the caller may choose; the rest begins at nothing. */
int segue_session_put(struct segue *segue, __u32 id, const struct segue_session *session)
{
	struct segue_refused refused = {};
	struct segue_session new = {
		.local = session->local,
		.remote = session->remote,
		.local_port = session->local_port,
		.remote_port = session->remote_port,
		.active = session->active,
		.copy = SEGUE_NO_PATH,
		.flags = session->flags,
		.ike = session->ike,
		.peer = session->peer,
	};
	int i;

	for (i = 0; i < SEGUE_MAX_CHILDREN; i++)
		new.child[i].active = new.child[i].copy = SEGUE_NO_PATH;
	if (!id || !slot_valid(session->active))
		return -EINVAL;
	if (segue_addr_is_v4(&session->local) != segue_addr_is_v4(&session->remote))
		return -EAFNOSUPPORT;
	memcpy(new.name, session->name, sizeof(new.name) - 1);
	if (bpf_map_update_elem(segue->map[PIN_SESSION], &id, &new, BPF_NOEXIST))
		return -errno;
	if (bpf_map_update_elem(segue->map[PIN_REFUSED], &id, &refused, BPF_ANY)) {
		int err = -errno;

		segue_session_del(segue, id);
		return err;
	}
	return 0;
}

int segue_session_del(struct segue *segue, __u32 id)
{
	struct segue_call_delete call = { .what = SEGUE_CALL_SESSION, .number = id };

	bpf_map_delete_elem(segue->map[PIN_PEER], &id);	/* may not be there */
	return control_run(segue, CONTROL_DELETE, &call, sizeof(call));
}

int segue_session_get(struct segue *segue, __u32 id, struct segue_session *out)
{
	struct segue_session found;

	if (bpf_map_lookup_elem(segue->map[PIN_SESSION], &id, &found))
		return -errno;
	if (!session_valid(&found))
		return -EBADMSG;
	*out = found;
	return 0;
}

int segue_session_next(struct segue *segue, __u32 *id)
{
	__u32 next;

	if (bpf_map_get_next_key(segue->map[PIN_SESSION], *id ? id : NULL, &next))
		return -errno;
	if (!next)
		return -EBADMSG;
	*id = next;
	return 0;
}

int segue_session_rename(struct segue *segue, __u32 id, __u32 ike, const char *name)
{
	struct segue_call_session call = {
		.session = id,
		.ike = ike,
		.change = SEGUE_CALL_RENAME,
	};

	strncpy(call.name, name, sizeof(call.name) - 1);
	return control_run(segue, CONTROL_SESSION, &call, sizeof(call));
}

int segue_session_set_flags(struct segue *segue, __u32 id, __u8 flags)
{
	struct segue_call_session call = {
		.session = id,
		.change = SEGUE_CALL_FLAGS,
		.flags = flags,
	};

	return control_run(segue, CONTROL_SESSION, &call, sizeof(call));
}

static bool peer_valid(const struct segue_peer *peer)
{
	int i;

	if (peer->addrs > SEGUE_MAX_PEER_ADDRS)
		return false;
	for (i = 0; i < peer->addrs; i++)
		if (peer->addr[i].side > SEGUE_SIDE_PEER || peer->addr[i].check >= SEGUE_CHECKS)
			return false;
	return true;
}

int segue_peer_put(struct segue *segue, __u32 id, const struct segue_peer *peer)
{
	if (!id || !peer_valid(peer))
		return -EINVAL;
	if (bpf_map_update_elem(segue->map[PIN_PEER], &id, peer, BPF_ANY))
		return -errno;
	return 0;
}

int segue_peer_get(struct segue *segue, __u32 id, struct segue_peer *out)
{
	struct segue_peer found;

	if (bpf_map_lookup_elem(segue->map[PIN_PEER], &id, &found))
		return -errno;
	if (!peer_valid(&found))
		return -EBADMSG;
	*out = found;
	return 0;
}

int segue_refused_get(struct segue *segue, __u32 id, struct segue_refused *out)
{
	struct segue_refused found;

	if (bpf_map_lookup_elem(segue->map[PIN_REFUSED], &id, &found))
		return -errno;
	*out = found;
	return 0;
}

int segue_path_put(struct segue *segue, __u32 id, __u8 slot,
		   const struct segue_path *path, enum segue_reason reason)
{
	struct segue_call_path call = {
		.session = id,
		.slot = slot,
		.reason = reason,
		.path = *path,
	};

	call.path.flags |= SEGUE_PATH_USED;
	return control_run(segue, CONTROL_PATH, &call, sizeof(call));
}

int segue_path_del(struct segue *segue, __u32 id, __u8 slot, enum segue_reason reason)
{
	struct segue_call_path call = { .session = id, .slot = slot, .reason = reason };

	return control_run(segue, CONTROL_PATH, &call, sizeof(call));
}

int segue_switch(struct segue *segue, __u32 id, __u8 slot, enum segue_reason reason)
{
	return segue_child_switch(segue, id, 0, slot, reason);
}

int segue_child_switch(struct segue *segue, __u32 id, __u8 child, __u8 slot,
		       enum segue_reason reason)
{
	struct segue_call_switch call = {
		.session = id,
		.slot = slot,
		.reason = reason,
		.child = child,
	};

	return control_run(segue, CONTROL_SWITCH, &call, sizeof(call));
}

int segue_switch_soft(struct segue *segue, __u32 id, __u8 slot, __u64 until_ns,
		      enum segue_reason reason)
{
	return segue_child_switch_soft(segue, id, 0, slot, until_ns, reason);
}

int segue_child_switch_soft(struct segue *segue, __u32 id, __u8 child, __u8 slot,
			    __u64 until_ns, enum segue_reason reason)
{
	struct segue_call_switch call = {
		.session = id,
		.slot = slot,
		.reason = reason,
		.soft = true,
		.child = child,
		.copy_until = until_ns ? until_ns : SEGUE_COPY_ALWAYS,
	};

	return control_run(segue, CONTROL_SWITCH, &call, sizeof(call));
}

int segue_copy(struct segue *segue, __u32 id, __u8 slot, __u64 until_ns)
{
	return segue_child_copy(segue, id, 0, slot, until_ns);
}

int segue_child_copy(struct segue *segue, __u32 id, __u8 child, __u8 slot, __u64 until_ns)
{
	struct segue_call_copy call = {
		.session = id,
		.slot = slot,
		.child = child,
		.copy_until = until_ns ? until_ns : SEGUE_COPY_ALWAYS,
	};

	return control_run(segue, CONTROL_COPY, &call, sizeof(call));
}

int segue_sa_put(struct segue *segue, const struct segue_sa_key *key, const struct segue_sa *sa)
{
	if (!key->spi || !sa_valid(sa))
		return -EINVAL;
	if (bpf_map_update_elem(segue->map[PIN_SA], key, sa, BPF_NOEXIST))
		return -errno;
	return 0;
}

int segue_sa_del(struct segue *segue, const struct segue_sa_key *key)
{
	struct segue_call_delete call = { .what = SEGUE_CALL_SA, .sa = *key };

	return control_run(segue, CONTROL_DELETE, &call, sizeof(call));
}

int segue_sa_get(struct segue *segue, const struct segue_sa_key *key, struct segue_sa *out)
{
	struct segue_sa found;

	if (bpf_map_lookup_elem(segue->map[PIN_SA], key, &found))
		return -errno;
	if (!sa_valid(&found))
		return -EBADMSG;
	*out = found;
	return 0;
}

int segue_sa_next(struct segue *segue, struct segue_sa_key *key)
{
	struct segue_sa_key next;

	if (bpf_map_get_next_key(segue->map[PIN_SA], key->spi ? key : NULL, &next))
		return -errno;
	if (!next.spi)
		return -EBADMSG;
	*key = next;
	return 0;
}
