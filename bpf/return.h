/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Authenticated return switch.  xfrm_input() calls xfrm_replay_advance() only
 * after the ICV and the replay check have passed, so whoever sent this packet
 * holds the keys: the way it came is a way to reach him, half a round trip after
 * he moved, and no IKE message is awaited.
 *
 * Only paths that IKE verified are followed, and only by the newest packet of
 * the SA: one that was overtaken, or held back by an attacker, is not.
 *
 * After a switch, packets that were on their way already must not pull the session
 * back.  A follower trusts the order within the SA that it followed; other SAs of
 * the session wait for SEGUE_FOLLOW_HOLD_NS.  A leader decides himself by which of
 * his links he sends, and follows only the peer's own moves; the hold is for all.
 *
 * A CHILD_SA that goes a way of its own follows for itself; whatever goes the
 * session's way moves the session.  A peer that moves one of several CHILD_SAs
 * therefore says so first.
 *
 * A peer may send each packet by two paths.  The first of the two to come is
 * authenticated, the other one falls to the replay window, and now the one path is
 * faster, now the other: order says nothing about where the peer went.  So
 *  - where we send by two paths ourselves, a packet that came by either is no
 *    reason to switch: the peer gets what we send by that path already;
 *  - else the first packet by another path is followed, for it may be a move as
 *    well; but as long as packets come twice, the hold is for all SAs: one switch
 *    in a hold at most.  Both paths carry what we send all the while.  When copies
 *    end, the packets come by one path only, and that one is followed.
 * Packets come twice if a second one with a number that was authenticated came by
 * another path (ingress_copied()), or if both stood in the table before XFRM had
 * the first (ambiguous).  The second one of these may be forged; all that can be
 * had with it is that we stay where we went less than a hold ago.
 */
#ifndef SEGUE_BPF_RETURN_H
#define SEGUE_BPF_RETURN_H

#include "path.h"
#include "probe.h"
#include "seen.h"

/* Did this SA cause the last switch?  Not known for the instant between the
 * switch and its news: then it did not, and waits for its next packet. */
static __always_inline bool
return_caused(struct segue_way *w, union active_word word, __be32 spi)
{
	union switched_word cause = { .word = READ_ONCE(*way_cause(w)) };

	return cause.switched_by == spi && cause.switched_by_ms == word.switched_ms;
}

static __always_inline bool
return_follows(struct segue_session *s, struct segue_way *w, union active_word word,
	       const struct segue_sa *a, __u32 to, __be32 spi)
{
	const struct segue_path *path = session_path(s, to);
	__u64 now = bpf_ktime_get_ns();
	bool recent = segue_recent(word.switched_ms, now);

	if (!(path->flags & SEGUE_PATH_VERIFIED) ||
	    !path_live(path, READ_ONCE(state.links_up)))
		return false;
	if (s->flags & SEGUE_SESSION_FOLLOW)
		return !recent || (return_caused(w, word, spi) &&
				   !segue_recent(READ_ONCE(a->copied_ms), now));
	if (word.active < SEGUE_MAX_PATHS &&
	    segue_addr_equal(&path->remote, &session_path(s, word.active)->remote))
		return false;
	return !recent;
}

/*
 * The first packet by another path may be a copy, sent because the peer suspects the first
 * path, wrongly perhaps.  So whoever wants copies follows softly: for a hold all is sent by
 * both, then where the peer's packets come is followed again.  That for part of the time only,
 * if the peer suspects time and again.  Not where our address becomes another one: a leader
 * would follow what it gets by the copy.  A CHILD_SA's own way has no flags.
 */
#define RETURN_SOFT_SHARE 4

static __always_inline bool
return_softly(const struct segue_session *s, const struct segue_way *w, union active_word word,
	      __u32 to)
{
	const __u8 wants = SEGUE_SESSION_FOLLOW | SEGUE_SESSION_COPY_SUSPECT;

	return (word.flags & wants) == wants && word.active < SEGUE_MAX_PATHS &&
	       !segue_within(word.switched_ms, bpf_ktime_get_ns(),
			     RETURN_SOFT_SHARE * SEGUE_FOLLOW_HOLD_NS) &&
	       !way_has_copy(w, word) &&
	       segue_addr_equal(&session_path(s, word.active)->local, &session_path(s, to)->local);
}

/* The peer is there, if only in one direction. */
static __always_inline void return_heard(const struct segue_session *s, __u32 slot)
{
	__u32 index = session_path(s, slot)->probe;
	struct segue_probe *p;

	if (!index)			/* not probed: it pays nothing */
		return;
	p = probe_at(index);
	if (p)
		probe_heard(p, bpf_ktime_get_ns());
}

static __always_inline int return_packet(__be32 spi, __u32 seq)
{
	struct segue_sa_key key = { .spi = spi };
	struct handover h = { .reason = SEGUE_REASON_PEER_MOVED, .spi = spi };
	union active_word word;
	struct segue_session *s;
	struct segue_way *w;
	struct segue_sa *a;
	bool newest;
	__u32 to;

	a = bpf_map_lookup_elem(&sa, &key);
	if (!a)
		return 0;
	/* XFRM holds x->lock: packets of one SA come one after the other.
	 * Serial arithmetic (RFC 1982), for ESN's low half wraps.  0 means that none
	 * came yet, so that number 0 is noted as the one before. */
	newest = !a->highest || (__s32)(seq - a->highest) > 0;
	if (newest)
		a->highest = seq ?: ~0u;
	h.session = a->session;
	s = bpf_map_lookup_elem(&session, &h.session);
	to = seen_take(spi, seq);
	if (to == SEEN_AMBIGUOUS)
		WRITE_ONCE(a->copied_ms, segue_coarse_ms(bpf_ktime_get_ns()));
	if (!s || to >= SEGUE_MAX_PATHS)
		return 0;
	return_heard(s, to);
	w = session_way(s, a->child, &word);
	h.child = w == &s->way ? 0 : a->child;
	if (word.active == to || session_copy(s, w, word) == to)
		return 0;
	if (!newest || !return_follows(s, w, word, a, to, spi)) {
		COUNT(return_stale);
		return 0;
	}
	h.to = to;
	h.soft = return_softly(s, w, word, to);
	if (session_switch(s, w, &h, word.word))
		return 0;
	COUNT(return_switched);
	if (h.soft) {
		WRITE_ONCE(w->copy_until, bpf_ktime_get_ns() + SEGUE_FOLLOW_HOLD_NS);
		decisions_void();
	}
	return 0;
}

#endif
