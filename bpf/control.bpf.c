// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What user space changes: it runs these by BPF_PROG_RUN, so that single fields
 * are written in place and no switch of the data path is undone.  Arguments are
 * those of include/segue/call.h; 0 or a negative errno comes back.
 */
#include "link.h"
#include "path.h"
#include <segue/call.h>

/* A word may change between look and exchange; not that often. */
#define TRIES 8

static __always_inline bool path_used(const struct segue_session *s, __u32 slot)
{
	return slot < SEGUE_MAX_PATHS && session_path(s, slot)->flags & SEGUE_PATH_USED;
}

SEC("syscall")
int control_switch(struct segue_call_switch *call)
{
	struct handover h = { .session = call->session, .reason = call->reason };
	struct segue_session *s = bpf_map_lookup_elem(&session, &h.session);
	__u32 slot = call->slot;
	union active_word word;
	int i;

	if (!s || !path_used(s, slot))
		return -ENOENT;
	if (!path_live(session_path(s, slot), READ_ONCE(state.links_up)))
		return -ENETDOWN;
	h.to = slot;
	for (i = 0; i < TRIES; i++) {
		word.word = READ_ONCE(*session_word(s));
		if (word.active == slot)
			return 0;
		if (!session_switch(s, &h, word.word))
			return 0;
	}
	return -EAGAIN;
}

static __always_inline void
path_tell(__u32 id, const struct segue_path *path, __u32 slot, __u8 reason)
{
	struct segue_event event = {
		.ns = bpf_ktime_get_ns(),
		.type = SEGUE_EVENT_PATH,
		.reason = reason,
		.from = SEGUE_NO_PATH,
		.to = slot,
		.session = id,
		.ifindex = path->ifindex,
	};

	event_emit(&event);
}

/* The active path is taken away: better to move now than with the next packet. */
SUBPROGRAM int path_leave(struct segue_session *s, __u32 id, __u32 slot, __u8 reason)
{
	struct handover h = { .session = id, .reason = reason };
	union active_word word;

	if (!s)
		return -ENOENT;
	word.word = READ_ONCE(*session_word(s));
	if (word.active != slot)
		return 0;
	h.to = path_best(s);
	return h.to == SEGUE_NO_PATH ? 0 : session_switch(s, &h, word.word);
}

static __always_inline bool
path_same_wire(const struct segue_path *a, const struct segue_path *b)
{
	return segue_addr_equal(&a->local, &b->local) &&
	       segue_addr_equal(&a->remote, &b->remote) && a->ifindex == b->ifindex &&
	       a->local_port == b->local_port && a->remote_port == b->remote_port;
}

/*
 * The data path reads without locks: flags come last, and go first where the
 * addresses change, so that nobody sends or restores by half a path.  Not so
 * for the active one, which would be left for an instant for no reason.
 */
static __always_inline void
path_store(struct segue_path *to, const struct segue_path *from, bool active, __u8 link_bit)
{
	if (!path_same_wire(to, from)) {
		if (!active)
			WRITE_ONCE(to->flags, 0);
		barrier();
		to->local = from->local;
		to->remote = from->remote;
		to->local_port = from->local_port;
		to->remote_port = from->remote_port;
		to->ifindex = from->ifindex;
		to->link = link_bit;
	}
	to->priority = from->priority;
	barrier();
	WRITE_ONCE(to->flags, from->flags);
}

SEC("syscall")
int control_path(struct segue_call_path *call)
{
	struct segue_path new = call->path, old;
	__u32 id = call->session, slot = call->slot;
	struct segue_session *s = bpf_map_lookup_elem(&session, &id);
	struct segue_path *path;
	struct segue_link *l;

	if (!s)
		return -ENOENT;
	if (slot >= SEGUE_MAX_PATHS)
		return -EINVAL;
	path = &s->path[slot];
	if (!(new.flags & SEGUE_PATH_USED)) {
		if (!(path->flags & SEGUE_PATH_USED))
			return -ENOENT;
		old = *path;
		WRITE_ONCE(path->flags, 0);
		decisions_void();
		path_leave(s, id, slot, call->reason);
		path_tell(id, &old, slot, call->reason);
		*path = (struct segue_path){};
		return 0;
	}
	/* One family a session: rewriting does not translate. */
	if (segue_addr_is_v4(&new.local) != segue_addr_is_v4(&s->local) ||
	    segue_addr_is_v4(&new.remote) != segue_addr_is_v4(&s->local))
		return -EAFNOSUPPORT;
	l = bpf_map_lookup_elem(&link, &new.ifindex);
	if (!l)
		return -ENODEV;
	path_store(path, &new, s->active == slot, l->bit);
	decisions_void();
	path_tell(id, &new, slot, call->reason);
	return 0;
}

static __always_inline int session_set_flags(struct segue_session *s, __u8 flags)
{
	union active_word old, new;
	int i;

	for (i = 0; i < TRIES; i++) {
		old.word = READ_ONCE(*session_word(s));
		new = old;
		new.flags = flags;
		if (__sync_val_compare_and_swap(session_word(s), old.word, new.word) ==
		    old.word)
			return 0;
	}
	return -EAGAIN;
}

SEC("syscall")
int control_session(struct segue_call_session *arg)
{
	struct segue_call_session call = *arg;	/* ctx allows fixed offsets only */
	struct segue_session *s = bpf_map_lookup_elem(&session, &call.session);

	if (!s)
		return -ENOENT;
	if (call.change & SEGUE_CALL_RENAME) {
		call.name[SEGUE_NAME_SIZE - 1] = 0;
		s->ike = call.ike;
		__builtin_memcpy(s->name, call.name, SEGUE_NAME_SIZE);
	}
	if (call.change & SEGUE_CALL_FLAGS)
		return session_set_flags(s, call.flags);
	return 0;
}

/* What the link watch does by itself where the kernel lets it. */
SEC("syscall")
int control_link(struct segue_call_link *call)
{
	__u32 flags = call->flags & SEGUE_LINK_UP;

	return link_change(call->ifindex, flags, flags ^ SEGUE_LINK_UP, call->reason);
}

SEC("syscall")
int control_event(struct segue_event *call)
{
	struct segue_event event = *call;

	event.ns = bpf_ktime_get_ns();
	event_emit(&event);
	return 0;
}
