/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which path does a session send by?
 *
 * segue_session.active is shared by egress steering, the return switch and the
 * control programs, on every CPU.  It stands in one 64-bit word with the copy, the
 * flags, the reason and the time, and changes only by compare-and-exchange of that
 * word: of several switches at once exactly one happens and is told about, and no
 * packet is judged by the time of the switch before.
 */
#ifndef SEGUE_BPF_PATH_H
#define SEGUE_BPF_PATH_H

#include "event.h"

/* The word at segue_session.active, as it lies in memory. */
union active_word {
	struct {
		__u8 active;
		__u8 copy;
		__u8 flags;
		__u8 reason;
		__u32 switched_ms;
	};
	__u64 word;
};

/* The word at segue_session.switched_by, likewise. */
union switched_word {
	struct {
		__be32 switched_by;
		__u32 switched_by_ms;
	};
	__u64 word;
};

static __always_inline __u64 *way_word(struct segue_way *w)
{
	return (__u64 *)&w->active;
}

static __always_inline __u64 *way_cause(struct segue_way *w)
{
	return (__u64 *)&w->switched_by;
}

/* The way that was made for a CHILD_SA, whether it goes it or not. */
static __always_inline struct segue_way *session_child(struct segue_session *s, __u8 child)
{
	__u64 index = child;

	asm volatile("%0 &= %1" : "+r"(index) : "i"(SEGUE_MAX_CHILDREN - 1));
	return index ? &s->child[index] : &s->way;
}

/* The way that it goes, with its word: read once, so that no decision about a way
 * that was given up meanwhile makes it one again. */
static __always_inline struct segue_way *
session_way(struct segue_session *s, __u8 child, union active_word *word)
{
	struct segue_way *w = session_child(s, child);

	word->word = READ_ONCE(*way_word(w));
	if (w == &s->way || word->active != SEGUE_NO_PATH)
		return w;
	word->word = READ_ONCE(*way_word(&s->way));
	return &s->way;
}

/* One switch to be made; spi 0 unless an authenticated packet asks for it. */
struct handover {
	__u32 session;			/* id */
	__u8 to;
	__u8 reason;
	__u8 soft;			/* from now on, what we leave is the copy */
	__u8 child;			/* whose way it is, for the news */
	__be32 spi;
	__u64 cause_ns;			/* as in struct segue_event; LINK_DOWN finds its own */
};

static __always_inline const struct segue_path *
session_path(const struct segue_session *s, __u32 slot)
{
	__u64 index = slot;

	/* By hand: the compiler leaves it out where it knows the range, and the
	 * verifier does not always know it. */
	asm volatile("%0 &= %1" : "+r"(index) : "i"(SEGUE_MAX_PATHS - 1));
	return &s->path[index];
}

/* Of a path that is probed; index is the path's. */
static __always_inline struct segue_probe *probe_at(__u32 index)
{
	index &= SEGUE_MAX_PROBES - 1;
	return bpf_map_lookup_elem(&probe, &index);
}

/* Could it carry a packet, dead or not? */
static __always_inline bool path_usable(const struct segue_path *p, __u64 links_up)
{
	return (p->flags & SEGUE_PATH_EGRESS) && (links_up >> (p->link & 63) & 1);
}

static __always_inline bool path_live(const struct segue_path *p, __u64 links_up)
{
	return path_usable(p, links_up) && READ_ONCE(p->state) != SEGUE_PATH_DEAD;
}

/* Is there a copy that somebody asked for, though its link be down? */
static __always_inline bool way_has_copy(const struct segue_way *w, union active_word word)
{
	return word.copy < SEGUE_MAX_PATHS && word.copy != word.active &&
	       bpf_ktime_get_ns() <= READ_ONCE(w->copy_until);
}

/* The slot to send copies by now, or SEGUE_NO_PATH: as segue_copy_slot(), and its
 * link is up. */
static __always_inline __u32
session_copy(const struct segue_session *s, const struct segue_way *w, union active_word word)
{
	const __u8 wanted = SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;
	const struct segue_path *path = session_path(s, word.copy);

	if (!way_has_copy(w, word) || (path->flags & wanted) != wanted ||
	    !path_live(path, READ_ONCE(state.links_up)))
		return SEGUE_NO_PATH;
	return word.copy;
}

/*
 * Those that are not dead first, of these the verified ones, then the lowest
 * priority, then the lowest slot.  All four stand in one number, so that the
 * verifier has nothing to distinguish.  A dead one is better than none: what found
 * it dead may be wrong.
 */
SUBPROGRAM __u32 path_best(const struct segue_session *s)
{
	__u32 slot, score, best = ~0u;
	__u64 links_up = READ_ONCE(state.links_up);

	if (!s)
		return SEGUE_NO_PATH;
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++) {
		const struct segue_path *p = &s->path[slot];

		if (!path_usable(p, links_up))
			continue;
		score = (READ_ONCE(p->state) == SEGUE_PATH_DEAD) << 25 |
			!(p->flags & SEGUE_PATH_VERIFIED) << 24 | p->priority << 8 | slot;
		if (score < best)
			best = score;
	}
	return best & 0xff;		/* ~0: SEGUE_NO_PATH */
}

/* When did the link of the path that died go down?  Only asked at a switch. */
static __always_inline __u64 link_changed_ns(__u32 ifindex)
{
	struct segue_link *l = bpf_map_lookup_elem(&link, &ifindex);

	return l ? l->changed_ns : 0;
}

/* Never the time of the switch before: switched_by would be taken for its cause.  That
 * one may bear a time a little ahead; what is farther ahead is weeks old (it wraps). */
static __always_inline __u32 switch_ms(__u64 ns, __u32 last)
{
	__u32 ms = segue_coarse_ms(ns);

	if (last && last - ms < SEGUE_AHEAD_MS)
		ms = last + 1;
	return ms ? ms : 1;
}

/*
 * The handover: one store, and then the news of it.  word: what the
 * decision was made on.  -EAGAIN: somebody else switched in between.
 *
 * Whoever switches to the copy's path makes the two change places: copying goes on
 * for as long as it was asked for, and after a loss begins again by itself when
 * the lost link is back.  Not by a metered path: whoever leaves it has left it.
 */
SUBPROGRAM int session_switch(struct segue_session *s, struct segue_way *w,
			      const struct handover *h, __u64 word)
{
	union active_word old = { .word = word }, new = old;
	union switched_word cause;
	struct segue_event event = {};

	if (!s || !w || !h)
		return -EINVAL;
	event.ns = bpf_ktime_get_ns();
	new.active = h->to;
	if (h->soft || new.active == old.copy)
		new.copy = session_path(s, old.active)->flags & SEGUE_PATH_METERED ?
			   SEGUE_NO_PATH : old.active;
	new.reason = h->reason;
	new.switched_ms = switch_ms(event.ns, old.switched_ms);
	if (__sync_val_compare_and_swap(way_word(w), old.word, new.word) != old.word)
		return -EAGAIN;
	decisions_void();
	cause.switched_by = h->spi;
	cause.switched_by_ms = new.switched_ms;
	WRITE_ONCE(*way_cause(w), cause.word);
	w->switched_ns = event.ns;
	__sync_fetch_and_add(&w->generation, 1);

	event.type = SEGUE_EVENT_SWITCH;
	event.reason = h->reason;
	event.from = old.active;
	event.to = h->to;
	event.session = h->session;
	event.child = h->child;
	event.ifindex = session_path(s, h->to)->ifindex;
	event.spi = h->spi;
	event.cause_ns = h->cause_ns;
	if (h->reason == SEGUE_REASON_LINK_DOWN)
		event.cause_ns = link_changed_ns(session_path(s, old.active)->ifindex);
	event_emit(&event);
	return 0;
}

/*
 * A refusal, at most about once a second for each session and kind: told is the
 * second of the last one.
 */
SUBPROGRAM int
session_refuse(__u32 id, __u16 *told, enum segue_reason reason, __be32 spi)
{
	struct segue_event event = {};
	__u16 second;

	if (!told)
		return 0;
	event.ns = bpf_ktime_get_ns();
	second = (event.ns >> 30) | 1;	/* 0: never */
	if (*told == second)
		return 0;
	*told = second;
	event.type = SEGUE_EVENT_REFUSAL;
	event.reason = reason;
	event.from = SEGUE_NO_PATH;
	event.to = SEGUE_NO_PATH;
	event.session = id;
	event.spi = spi;
	event_emit(&event);
	return 0;
}

#endif
