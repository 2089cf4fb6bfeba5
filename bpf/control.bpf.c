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

/* A CHILD_SA goes the session's way again. */
static __always_inline int way_join(struct segue_way *w)
{
	union active_word old, new;
	int i;

	for (i = 0; i < TRIES; i++) {
		old.word = READ_ONCE(*way_word(w));
		new = old;
		new.active = new.copy = SEGUE_NO_PATH;
		if (__sync_val_compare_and_swap(way_word(w), old.word, new.word) != old.word)
			continue;
		decisions_void();
		return 0;
	}
	return -EAGAIN;
}

SEC("syscall")
int control_switch(struct segue_call_switch *call)
{
	struct handover h = { .session = call->session, .reason = call->reason,
			      .soft = call->soft, .child = call->child };
	struct segue_session *s = bpf_map_lookup_elem(&session, &h.session);
	__u32 slot = call->slot;
	struct segue_way *w;
	union active_word word;
	int i;

	if (h.child >= SEGUE_MAX_CHILDREN)
		return -EINVAL;
	if (s && h.child && slot == SEGUE_NO_PATH)
		return way_join(session_child(s, h.child));
	if (!s || !path_used(s, slot))
		return -ENOENT;
	if (!path_live(session_path(s, slot), READ_ONCE(state.links_up)))
		return -ENETDOWN;
	h.to = slot;
	w = session_child(s, h.child);
	if (h.soft)			/* first: it says nothing without the word */
		WRITE_ONCE(w->copy_until, call->copy_until);
	for (i = 0; i < TRIES; i++) {
		word.word = READ_ONCE(*way_word(w));
		if (word.active == slot)
			return 0;
		if (!session_switch(s, w, &h, word.word))
			return 0;
	}
	return -EAGAIN;
}

SUBPROGRAM int way_set_copy(struct segue_way *w, __u32 slot)
{
	union active_word old, new;
	int i;

	if (!w)
		return -EINVAL;
	for (i = 0; i < TRIES; i++) {
		old.word = READ_ONCE(*way_word(w));
		new = old;
		new.copy = slot;
		if (__sync_val_compare_and_swap(way_word(w), old.word, new.word) !=
		    old.word)
			continue;
		decisions_void();
		return 0;
	}
	return -EAGAIN;
}

SEC("syscall")
int control_copy(struct segue_call_copy *call)
{
	const __u8 wanted = SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;
	__u32 id = call->session, slot = call->slot;
	struct segue_session *s = bpf_map_lookup_elem(&session, &id);
	const struct segue_path *path;
	struct segue_way *w;

	if (!s)
		return -ENOENT;
	if (call->child >= SEGUE_MAX_CHILDREN)
		return -EINVAL;
	w = session_child(s, call->child);
	if (slot == SEGUE_NO_PATH)
		return way_set_copy(w, slot);
	if (!path_used(s, slot))
		return -ENOENT;
	if (w->active == slot || w->active == SEGUE_NO_PATH)
		return -EINVAL;
	path = session_path(s, slot);
	if ((path->flags & wanted) != wanted)
		return -EACCES;
	if (!path_live(path, READ_ONCE(state.links_up)))
		return -ENETDOWN;
	WRITE_ONCE(w->copy_until, call->copy_until);
	return way_set_copy(w, slot);
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
SUBPROGRAM int way_leave(struct segue_session *s, __u32 child, const struct handover *why,
			 __u32 slot)
{
	union active_word word;
	struct segue_way *w;
	struct handover h;

	if (!s || !why)
		return -ENOENT;
	h = *why;
	h.child = child;
	w = session_child(s, child);
	word.word = READ_ONCE(*way_word(w));
	if (word.active == slot) {
		h.to = path_best(s);
		if (h.to != SEGUE_NO_PATH)
			session_switch(s, w, &h, word.word);
	}
	if (w->copy == slot)	/* also if it was the active one until now */
		way_set_copy(w, SEGUE_NO_PATH);
	return 0;
}

static __always_inline bool
path_same_wire(const struct segue_path *a, const struct segue_path *b)
{
	return segue_addr_equal(&a->local, &b->local) &&
	       segue_addr_equal(&a->remote, &b->remote) && a->ifindex == b->ifindex &&
	       a->local_port == b->local_port && a->remote_port == b->remote_port;
}

/*
 * The data path reads without locks: flags go first and come last where the
 * addresses change, and the epoch moves on between, so that nobody sends or
 * restores by half a path (bpf/flow.h).
 */
static __always_inline void path_store(struct segue_path *to, const struct segue_path *from)
{
	if (!path_same_wire(to, from)) {
		WRITE_ONCE(to->flags, 0);
		decisions_void();
		to->local = from->local;
		to->remote = from->remote;
		to->local_port = from->local_port;
		to->remote_port = from->remote_port;
		to->ifindex = from->ifindex;
		to->link = from->link;
		to->probe = 0;		/* another path: nothing is known of it */
		WRITE_ONCE(to->state, SEGUE_PATH_UNKNOWN);
		decisions_void();
	}
	to->priority = from->priority;
	WRITE_ONCE(to->flags, from->flags);
	decisions_void();
}

/*
 * The session goes on by another slot with the same path in it: no switch, and
 * nobody is told.  The word is never again what it was, so that a switch decided
 * before does not happen after.  -ENOENT: it does not send by that slot.
 */
SUBPROGRAM int way_shift(struct segue_way *w, __u32 from, __u32 to)
{
	union active_word old, new;
	int i;

	if (!w)
		return -EINVAL;
	for (i = 0; i < TRIES; i++) {
		old.word = READ_ONCE(*way_word(w));
		if (old.active != from)
			return -ENOENT;
		new = old;
		new.active = to;
		new.switched_ms = old.switched_ms + 1 ?: 1;
		if (__sync_val_compare_and_swap(way_word(w), old.word, new.word) !=
		    old.word)
			continue;
		decisions_void();
		return 0;
	}
	return -EAGAIN;
}

/* All that go by one slot go by the other. */
static __always_inline void session_shift(struct segue_session *s, __u32 from, __u32 to)
{
	__u32 child;

#pragma clang loop unroll(disable)
	for (child = 0; child < SEGUE_MAX_CHILDREN; child++)
		way_shift(session_child(s, child), from, to);
}

SUBPROGRAM __u32 path_free(const struct segue_session *s)
{
	__u32 slot;

	if (!s)
		return SEGUE_NO_PATH;
	for (slot = SEGUE_MAX_PATHS; slot--;)
		if (!(s->path[slot].flags & SEGUE_PATH_USED))
			return slot;
	return SEGUE_NO_PATH;
}

/*
 * The active path gets other addresses.  Its slot cannot be emptied for it, or
 * what is sent meanwhile would leave by another path, or not at all: the new path
 * is made in a free slot, the session sends by that one while the old one is
 * changed, and then returns.  Should the data path have switched elsewhere in
 * between, it stays there.  -ENOSPC: no slot is free.
 */
SUBPROGRAM int path_replace(struct segue_session *s, __u32 slot, const struct segue_path *new)
{
	struct segue_path *aside;
	__u32 spare;

	if (!s || !new || slot >= SEGUE_MAX_PATHS)
		return -EINVAL;
	spare = path_free(s);
	if (spare >= SEGUE_MAX_PATHS)
		return -ENOSPC;
	aside = (struct segue_path *)session_path(s, spare);
	path_store(aside, new);
	session_shift(s, slot, spare);
	path_store((struct segue_path *)session_path(s, slot), new);
	session_shift(s, spare, slot);
	WRITE_ONCE(aside->flags, 0);
	decisions_void();
	/* the return switch may have gone there since */
	session_shift(s, spare, slot);
	*aside = (struct segue_path){};
	return 0;
}

static __always_inline bool is_active(const struct segue_session *s, __u32 slot)
{
	bool active = s->active == slot;
	__u32 child;

	for (child = 1; child < SEGUE_MAX_CHILDREN; child++)
		active |= s->child[child].active == slot;
	return active;
}

SEC("syscall")
int control_path(struct segue_call_path *call)
{
	struct segue_path new = call->path, old;
	__u32 id = call->session, slot = call->slot;
	struct segue_session *s = bpf_map_lookup_elem(&session, &id);
	struct handover why = {};
	struct segue_path *path;
	struct segue_link *l;
	__u32 child;
	int err = 0;

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
		why.session = id;
		why.reason = call->reason;
#pragma clang loop unroll(disable)
		for (child = 0; child < SEGUE_MAX_CHILDREN; child++)
			way_leave(s, child, &why, slot);
		path_tell(id, &old, slot, call->reason);
		*path = (struct segue_path){};
		decisions_void();
		return 0;
	}
	/* One family a session: rewriting does not translate. */
	if (segue_addr_is_v4(&new.local) != segue_addr_is_v4(&s->local) ||
	    segue_addr_is_v4(&new.remote) != segue_addr_is_v4(&s->local))
		return -EAFNOSUPPORT;
	l = bpf_map_lookup_elem(&link, &new.ifindex);
	if (!l)
		return -ENODEV;
	new.link = l->bit;
	if (path->flags & SEGUE_PATH_USED && !path_same_wire(path, &new) && is_active(s, slot))
		err = path_replace(s, slot, &new);
	else
		path_store(path, &new);
	if (err)
		return err;
	path_tell(id, &new, slot, call->reason);
	return 0;
}

static __always_inline int session_set_flags(struct segue_session *s, __u8 flags)
{
	union active_word old, new;
	int i;

	for (i = 0; i < TRIES; i++) {
		old.word = READ_ONCE(*way_word(&s->way));
		new = old;
		new.flags = flags;
		if (__sync_val_compare_and_swap(way_word(&s->way), old.word, new.word) ==
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

static __always_inline int delete_link(__u32 ifindex)
{
	struct segue_link *l = bpf_map_lookup_elem(&link, &ifindex);
	__u8 bit;

	if (!l)
		return -ENOENT;
	bit = l->bit;
	/* first: the watch then has nothing to set the bit by */
	if (bpf_map_delete_elem(&link, &ifindex))
		return -ENOENT;
	link_set_bit(bit, false);
	link_tell(ifindex, SEGUE_REASON_DETACHED, false, bpf_ktime_get_ns());
	return 0;
}

/* Here and not in user space, so that nothing comes between the end of an entry
 * and the end of what was decided by it. */
SEC("syscall")
int control_delete(struct segue_call_delete *arg)
{
	struct segue_call_delete call = *arg;
	long err = -EINVAL;

	if (call.what == SEGUE_CALL_SESSION) {
		err = bpf_map_delete_elem(&session, &call.number);
		if (call.number)	/* 0: the host's */
			bpf_map_delete_elem(&refused, &call.number);
	} else if (call.what == SEGUE_CALL_SA)
		err = bpf_map_delete_elem(&sa, &call.sa);
	else if (call.what == SEGUE_CALL_LINK)
		err = delete_link(call.number);
	decisions_void();
	return err;
}

/* What the link watch does by itself where the kernel lets it. */
SEC("syscall")
int control_link(struct segue_call_link *call)
{
	__u32 flags = call->flags & SEGUE_LINK_UP;

	if (call->drain == SEGUE_CALL_DRAIN)
		return link_change(call->ifindex, SEGUE_LINK_DRAINED, 0, SEGUE_REASON_DRAINED);
	if (call->drain == SEGUE_CALL_RESUME)
		return link_change(call->ifindex, 0, SEGUE_LINK_DRAINED, SEGUE_REASON_RESUMED);
	if (call->drain == SEGUE_CALL_WEAK)
		return link_change(call->ifindex, SEGUE_LINK_WEAK, 0, call->reason);
	if (call->drain == SEGUE_CALL_STRONG)
		return link_change(call->ifindex, 0, SEGUE_LINK_WEAK, SEGUE_REASON_SIGNAL_GOOD);
	return link_change(call->ifindex, flags, flags ^ SEGUE_LINK_UP, call->reason);
}

static __always_inline void refusal_count(__u32 id, __u32 reason)
{
	struct segue_refused *r = bpf_map_lookup_elem(&refused, &id);

	if (r && reason < SEGUE_REFUSALS)
		__sync_fetch_and_add(&r->count[reason], 1);
}

/*
 * A path gets its probe, or other keys or times for it.  With new keys nothing is
 * known of it until the first answer: the peer may not have them yet.
 */
SEC("syscall")
int control_probe(struct segue_call_probe *call)
{
	__u32 id = call->session, slot = call->slot, index = call->index, was;
	struct segue_session *s = bpf_map_lookup_elem(&session, &id);
	struct segue_path *path;
	struct segue_probe *p;

	if (!s || !path_used(s, slot))
		return -ENOENT;
	if (index >= SEGUE_MAX_PROBES || (index && !(call->interval_ns && call->multiplier)))
		return -EINVAL;
	path = (struct segue_path *)session_path(s, slot);
	p = bpf_map_lookup_elem(&probe, &index);
	if (!p)
		return -ENOENT;
	if (!index || path->probe != index) {
		WRITE_ONCE(path->state, SEGUE_PATH_UNKNOWN);
		path->probe = index;
	}
	if (index && p->key != call->key) {
		WRITE_ONCE(p->answered_ns, 0);
		p->answered_sequence = 0;
		WRITE_ONCE(p->answered_sent_ns, 0);
		WRITE_ONCE(p->void_ns, bpf_ktime_get_ns());	/* what is under way is over */
		p->key = call->key;
		was = READ_ONCE(p->state);
		/* not if the timer finds it dead at this moment */
		if (was != SEGUE_PATH_DEAD &&
		    __sync_val_compare_and_swap(&p->state, was, SEGUE_PATH_UNKNOWN) == was)
			WRITE_ONCE(path->state, SEGUE_PATH_UNKNOWN);
	}
	if (index) {
		p->interval_ns = call->interval_ns;
		p->multiplier = call->multiplier;
	}
	decisions_void();
	return 0;
}

SEC("syscall")
int control_event(struct segue_event *call)
{
	struct segue_event event = *call;
	__u32 reason = event.reason - SEGUE_REFUSALS_FIRST;

	if (event.type == SEGUE_EVENT_REFUSAL) {
		refusal_count(0, reason);
		if (event.session)
			refusal_count(event.session, reason);
	}
	event.ns = bpf_ktime_get_ns();
	event_emit(&event);
	return 0;
}
