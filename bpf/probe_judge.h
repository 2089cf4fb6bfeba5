/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a path alive?  A timer for each probed path looks, in softirq; nobody in user
 * space is asked.
 *
 *   ALIVE ----> SUSPECT   a probe was not answered within segue_probe_timeout(), or
 *     ^            |      data goes out and nothing has come back for longer than
 *     |            |      the pauses between packets have ever been.  A burst of
 *     '-- answer --+      probes is owed from now on.
 *     |            v
 *     '--------- DEAD     enough probes were sent since the last one that was answered,
 *      answers            each had its time, and enough time has passed; and another
 *      in a row           path answered one that was sent after the first of these.
 *
 * Enough probes: a path may lose packets and still be alive.  So many in a row are
 * asked for that chance alone will not lose them all at the loss that this path
 * showed until its last answer (probe_needed()).
 *
 * Enough time: "multiplier" intervals since the last answer; while data goes out and
 * nothing comes back, a round trip and one interval since anything authenticated came,
 * which was sent up to one round trip after the last good packet of ours.  Of either the
 * last quarter of an interval is for the timer to look and for the next packet to leave.
 * A delay that grows by more than that within one round trip looks like death, since
 * nothing comes for as long.
 *
 * What was not sent is no evidence: whoever should send probes and does not, kills
 * nothing.  Nor is what was under way when the link went down: then the path is no
 * suspect any more, nothing is owed, and the timer rests until the next probe.  And if
 * no other path answers, it is the peer who is silent, or what all
 * paths share: then to move is of no use.
 *
 * A look that comes late, because the host stood still, is none: what came meanwhile
 * may wait to be received, or was dropped where nobody took it.  Everything begins
 * anew, once until the next answer: a host that is always late would find nothing dead.
 */
#ifndef SEGUE_BPF_PROBE_JUDGE_H
#define SEGUE_BPF_PROBE_JUDGE_H

#include "probe.h"

#define PROBE_TICK_NS 1000000ULL	/* looks are no closer than this */
#define PROBE_SILENCE_NS 1000000ULL	/* pauses shorter than this are none */

struct probe_look {
	__u32 overdue;			/* probes since the last good one whose time is over */
	__u32 pending;			/* and those that still have time */
	__u64 next;			/* when the first of these will be overdue */
	__u64 first;			/* when the first of the overdue ones was sent */
};

SUBPROGRAM int probe_scan(const struct segue_probe *p, struct probe_look *look, __u64 now)
{
	__u64 timeout, sent;
	__u32 i;

	if (!p || !look)
		return -EINVAL;
	timeout = segue_probe_timeout(p);
#pragma clang loop unroll(disable)
	for (i = 0; i < SEGUE_PROBE_RING; i++) {
		sent = READ_ONCE(p->sent_ns[i]);
		if (!sent || sent <= p->answered_sent_ns || sent <= p->void_ns)
			continue;
		if (sent + timeout <= now) {
			look->overdue++;
			if (!look->first || sent < look->first)
				look->first = sent;
		} else {
			look->pending++;
			if (!look->next || sent + timeout < look->next)
				look->next = sent + timeout;
		}
	}
	return 0;
}

/*
 * At a loss of p there and back, n probes are lost by chance with p^n: 1/8 and 16
 * make 4e-15, 1/2 and 32 make 2e-10, 3/4 and 64 make 1e-8.
 */
static __always_inline __u32 probe_needed(const struct segue_probe *p)
{
	if (p->loss < LOSS_ONE / 8)
		return 16;
	return p->loss < LOSS_ONE / 2 ? 32 : 64;
}

/* Longer than that it is not silent while data goes out: by what the last packets were like,
 * or, where that was wrong of late since they come in bursts, by its probes. */
static __always_inline __u64 probe_patience(const struct segue_probe *p, __u64 now)
{
	__u64 interval = segue_probe_interval(p), floor = interval / 16;
	__u64 usual = p->gap_ns + 4 * p->gapvar_ns;

	if (p->wrong_ns && now - p->wrong_ns < SEGUE_PROBE_WARY_NS && usual < interval)
		usual = interval;
	return usual + (floor > PROBE_SILENCE_NS ? floor : PROBE_SILENCE_NS);
}

/* Data goes out if it did since the last look.  It began after a pause, or else is
 * still the same. */
static __always_inline bool probe_moving(struct segue_probe *p, __u64 now)
{
	__u32 data = READ_ONCE(p->data);

	if (data == p->data_seen)
		return false;
	p->data_seen = data;
	if (now - p->data_ns > segue_probe_interval(p) + probe_patience(p, now))
		p->data_since = now;
	p->data_ns = now;
	return true;
}

/* When did anything last come, be it what came before by another path? */
static __always_inline __u64 probe_last(const struct segue_probe *p)
{
	return p->copied_ns > p->heard_ns ? p->copied_ns : p->heard_ns;
}

/* Since when has an answer been missing?  A first packet cannot be answered before
 * a round trip. */
static __always_inline __u64 probe_silent_since(const struct segue_probe *p)
{
	__u64 since = p->data_since + segue_probe_timeout(p), last = probe_last(p);

	return last > since ? last : since;
}

/* The lower the better; ~0: of no use, or not known to have answered a probe that was
 * sent after time.  Verified once and not for each slot. */
SUBPROGRAM __u32 probe_score(const struct segue_session *s, __u32 slot, __u64 time)
{
	const struct segue_path *path;
	struct segue_probe *p;

	if (!s)
		return ~0u;
	path = session_path(s, slot);
	p = probe_at(path->probe);
	if (!p || !path->probe || !path_usable(path, READ_ONCE(state.links_up)) ||
	    !(path->flags & SEGUE_PATH_VERIFIED) || READ_ONCE(p->answered_sent_ns) <= time)
		return ~0u;
	/* the highest state; a comparison would be a branch for the verifier */
	return (__u32)(READ_ONCE(path->state) / SEGUE_PATH_DEAD) << 24 |
	       path->priority << 8 | (slot & 0xff);
}

/* The best of the other paths of which is known that it works: it answered a probe
 * that was sent after time.  One that was dead may have answered too few to be back,
 * but more than the one that is left: the last resort. */
SUBPROGRAM __u32 probe_best(const struct segue_session *s, __u32 but, __u64 time)
{
	__u32 slot, score, best = ~0u;

	if (!s)
		return SEGUE_NO_PATH;
#pragma clang loop unroll(disable)
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++) {
		score = probe_score(s, slot, time);
		if (slot != but && score < best)
			best = score;
	}
	return best & 0xff;		/* ~0: SEGUE_NO_PATH */
}

/* Somebody has to carry the session: dead before, and back by what little is known. */
SUBPROGRAM int probe_revive(const struct segue_session *s, __u32 slot, __u64 now)
{
	struct segue_path *path;
	struct segue_probe *p;

	if (!s)
		return -EINVAL;
	path = (struct segue_path *)session_path(s, slot);
	p = probe_at(path->probe);
	if (!p || !probe_becomes(p, path, SEGUE_PATH_DEAD, SEGUE_PATH_ALIVE, now))
		return -EAGAIN;
	probe_tell(p, SEGUE_REASON_PATH_BACK, now, 0);
	return 0;
}

/* Dead: whatever goes by it goes by the other now. */
SUBPROGRAM int probe_die(struct segue_probe *p, struct segue_session *s, __u32 to, __u64 now)
{
	struct handover h = { .reason = SEGUE_REASON_PATH_DIED };
	union active_word word;
	struct segue_way *w;
	__u32 child;

	if (!p || !s)
		return -EINVAL;
	if (!probe_becomes(p, (struct segue_path *)session_path(s, p->slot),
			   SEGUE_PATH_SUSPECT, SEGUE_PATH_DEAD, now))
		return -EAGAIN;
	WRITE_ONCE(p->owed, 0);
	WRITE_ONCE(p->others, 0);
	p->in_row = 0;
	h.session = p->session;
	h.to = to;
	h.cause_ns = p->answered_ns;
	probe_tell(p, SEGUE_REASON_PATH_DEAD, now, p->answered_ns);
	probe_revive(s, to, now);
#pragma clang loop unroll(disable)
	for (child = 0; child < SEGUE_MAX_CHILDREN; child++) {
		w = session_child(s, child);
		word.word = READ_ONCE(*way_word(w));
		if (word.active != p->slot)
			continue;
		h.child = child;
		session_switch(s, w, &h, word.word);
	}
	return 0;
}

/* Until when a suspect may still turn out well.  first: when the first probe that is
 * missed was sent; who sent none for long begins to count an interval before that. */
static __always_inline __u64 probe_deadline(const struct segue_probe *p, __u64 first)
{
	__u64 idle = p->answered_ns, silent, leave = segue_probe_interval(p) / 4;

	if (first > idle + segue_probe_interval(p))
		idle = first - segue_probe_interval(p);
	idle += p->multiplier * segue_probe_interval(p) - leave;
	silent = probe_last(p);
	if (p->data_ns <= silent)		/* nothing that could be answered */
		return idle;
	if (silent < p->data_since)
		silent = p->data_since;
	silent += p->srtt_ns + segue_probe_interval(p) - leave;
	return silent < idle ? silent : idle;
}

/*
 * By which path does a suspect's traffic go as well?  By another link, and to the same address
 * of the peer: a leader would take another one for the peer's move (return.h).
 */
SUBPROGRAM __u32 probe_second(const struct segue_session *s, __u32 but)
{
	const struct segue_path *suspect, *path;
	__u32 slot, score, best = ~0u;

	if (!s)
		return SEGUE_NO_PATH;
	suspect = session_path(s, but);
#pragma clang loop unroll(disable)
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++) {
		path = session_path(s, slot);
		score = probe_score(s, slot, 0);
		if (score < best && path->link != suspect->link &&
		    !(path->flags & SEGUE_PATH_METERED) &&
		    READ_ONCE(path->state) != SEGUE_PATH_DEAD &&
		    segue_addr_equal(&path->remote, &suspect->remote))
			best = score;
	}
	return best & 0xff;		/* ~0: SEGUE_NO_PATH */
}

/*
 * To know takes a round trip.  Until then what goes by a suspect goes by a second path as
 * well, if the session wants that: for so long as the verdict takes, and no longer, since
 * where no other path answers none comes.  A copy that somebody else asked for stays as it
 * is, be its link down.
 */
SUBPROGRAM int probe_copy(struct segue_probe *p, struct segue_session *s, __u64 now)
{
	__u64 was, until, window;
	union active_word old, new;

	if (!p || !s)
		return -EINVAL;
	was = READ_ONCE(s->way.copy_until);
	old.word = READ_ONCE(*way_word(&s->way));
	if (!(old.flags & SEGUE_SESSION_COPY_SUSPECT) || old.active != p->slot)
		return 0;
	new = old;
	new.copy = probe_second(s, p->slot);
	if (new.copy >= SEGUE_MAX_PATHS)
		return -ENOENT;
	window = p->multiplier * segue_probe_interval(p) + segue_probe_timeout(p);
	until = now + window;
	if (way_has_copy(&s->way, old) && (old.copy != new.copy || until <= was))
		return 0;
	/* one that is suspected time and again is copied for part of the time only */
	if (!probe_affordable(&p->copied_until, SEGUE_PROBE_COPY_SHARE * window,
			      SEGUE_PROBE_COPY_AT_ONCE_NS, now))
		return -ENOSPC;
	if (__sync_val_compare_and_swap(way_word(&s->way), old.word, new.word) != old.word)
		return -EAGAIN;
	/* whoever wrote another time meanwhile is about to copy for himself */
	__sync_val_compare_and_swap(&s->way.copy_until, was, until);
	decisions_void();
	return 0;
}

/* It is asked in a burst. */
static __always_inline void
probe_try(struct segue_probe *p, struct segue_session *s, enum segue_reason reason, __u64 now)
{
	WRITE_ONCE(p->others, 1);
	WRITE_ONCE(p->owed, probe_needed(p));
	probe_copy(p, s, now);
	probe_tell(p, reason, now, 0);
}

static __always_inline void
probe_suspect(struct segue_probe *p, struct segue_session *s, enum segue_reason reason, __u64 now)
{
	struct segue_path *path = (struct segue_path *)session_path(s, p->slot);

	if (!probe_becomes(p, path, SEGUE_PATH_ALIVE, SEGUE_PATH_SUSPECT, now))
		return;
	p->silent = reason == SEGUE_REASON_PATH_SILENT;
	probe_try(p, s, reason, now);
}

static __always_inline __u64 probe_wait(__u64 until, __u64 now)
{
	return until > now + PROBE_TICK_NS ? until - now : PROBE_TICK_NS;
}

/* Of a suspect: the next look in so many ns, 0: when there is something new. */
SUBPROGRAM __u64
probe_trial(struct segue_probe *p, struct segue_session *s, const struct probe_look *look,
	    __u64 now)
{
	__u64 deadline;
	__u32 to;

	if (!p || !s || !look)
		return 0;
	deadline = probe_deadline(p, look->first);
	if (look->overdue >= probe_needed(p)) {
		if (now < deadline)
			return deadline - now;
		to = probe_best(s, p->slot, look->first);
		if (to < SEGUE_MAX_PATHS) {
			probe_die(p, s, to, now);
			return 0;
		}
		/* the one that was asked for may be lost: the next data asks again */
		WRITE_ONCE(p->others, 1);
		return probe_wait(now + segue_probe_interval(p) / 4, now);
	}
	if (look->pending)
		return look->next > now + PROBE_TICK_NS / 4 ? look->next - now : PROBE_TICK_NS / 4;
	return 0;			/* every probe that is sent arms the timer */
}

/* Its link is down: what is under way is no evidence, and nobody shall send more. */
static __always_inline void probe_excuse(struct segue_probe *p, struct segue_path *path, __u64 now)
{
	WRITE_ONCE(p->void_ns, now);
	WRITE_ONCE(p->owed, 0);
	WRITE_ONCE(p->others, 0);
	p->data_ns = 0;			/* silence begins anew with the next data */
	probe_becomes(p, path, SEGUE_PATH_SUSPECT, SEGUE_PATH_ALIVE, now);
}

/* Has the host slept through the time of this look?  Then nothing that was sent before
 * it counts, and a suspect is asked again as in the beginning. */
static __always_inline bool probe_late(struct segue_probe *p, struct segue_session *s, __u64 now)
{
	if (now <= p->look_ns + segue_probe_interval(p) / 2 || READ_ONCE(p->late))
		return false;
	WRITE_ONCE(p->late, 1);
	WRITE_ONCE(p->void_ns, now);
	p->data_ns = 0;			/* silence begins anew with the next data */
	if (READ_ONCE(p->state) == SEGUE_PATH_SUSPECT)
		probe_try(p, s, SEGUE_REASON_PATH_SUSPECT, now);
	return true;
}

/* The look.  Returns in how many ns to look again, 0: when there is something new. */
SUBPROGRAM __u64 probe_judge(__u32 index)
{
	struct segue_probe *p = probe_at(index);
	struct probe_look look = {};
	struct segue_session *s;
	struct segue_path *path;
	__u32 session_id;
	__u64 now, next, silent;
	bool moving;

	if (!p || !p->session)
		return 0;
	session_id = p->session;
	s = bpf_map_lookup_elem(&session, &session_id);
	if (!s)
		return 0;
	path = (struct segue_path *)session_path(s, p->slot);
	now = bpf_ktime_get_ns();
	moving = probe_moving(p, now);
	if (path->probe != index)
		return 0;
	if (!path_usable(path, READ_ONCE(state.links_up))) {
		probe_excuse(p, path, now);
		return 0;
	}
	if (!p->answered_ns)			/* nothing to judge by yet */
		return moving ? segue_probe_interval(p) : 0;
	if (probe_late(p, s, now))
		return PROBE_TICK_NS;
	probe_scan(p, &look, now);
	silent = probe_silent_since(p) + probe_patience(p, now);
	if (READ_ONCE(p->state) == SEGUE_PATH_ALIVE) {
		if (look.overdue)
			probe_suspect(p, s, SEGUE_REASON_PATH_SUSPECT, now);
		else if (moving && now > silent)
			probe_suspect(p, s, SEGUE_REASON_PATH_SILENT, now);
	}
	if (READ_ONCE(p->state) == SEGUE_PATH_SUSPECT)
		return probe_trial(p, s, &look, now);
	next = look.pending ? look.next : ~0ULL;
	if (moving && silent < next && READ_ONCE(p->state) == SEGUE_PATH_ALIVE)
		next = silent;
	return next == ~0ULL ? 0 : probe_wait(next, now);
}

/* In an interval at the latest: what answers may take, as it is known now, may be far
 * more than what will be known by then. */
static __always_inline long probe_look_in(struct segue_probe *p, struct probe_timer *t, __u64 delay)
{
	if (delay > segue_probe_interval(p))
		delay = segue_probe_interval(p);
	p->look_ns = bpf_ktime_get_ns() + delay;
	return bpf_timer_start(&t->timer, delay, 0);
}

static int probe_tick(void *map, __u32 *key, struct probe_timer *t)
{
	__u32 index = *key;
	struct segue_probe *p = probe_at(index);
	__u64 next, sent;

	if (!p)
		return 0;
	sent = READ_ONCE(p->sent);
	next = probe_judge(index);
	if (next && !probe_look_in(p, t, next))
		return 0;
	/* An exchange and not a store: it is ordered before the load of "sent", as the
	 * fetching add to that is before whoever sends looks at "armed". */
	__sync_val_compare_and_swap(&p->armed, 1, 0);
	/* sent after the look, by somebody who found the timer running */
	if (READ_ONCE(p->sent) != sent && !__sync_val_compare_and_swap(&p->armed, 0, 1) &&
	    probe_look_in(p, t, PROBE_TICK_NS))
		WRITE_ONCE(p->armed, 0);
	return 0;
}

/* CLOCK_MONOTONIC of linux/time.h */
#define PROBE_CLOCK 1

/* There is something to look at, in delay ns at the latest. */
SUBPROGRAM int probe_arm(__u32 index, __u64 delay)
{
	struct segue_probe *p = probe_at(index);
	struct probe_timer *t;

	index &= SEGUE_MAX_PROBES - 1;
	t = bpf_map_lookup_elem(&probe_timer, &index);
	if (!p || !t || __sync_val_compare_and_swap(&p->armed, 0, 1))
		return 0;
	bpf_timer_init(&t->timer, &probe_timer, PROBE_CLOCK);	/* -EBUSY: it was before */
	if (!bpf_timer_set_callback(&t->timer, probe_tick) &&
	    !probe_look_in(p, t, delay))
		return 0;
	WRITE_ONCE(p->armed, 0);
	return -EINVAL;
}

#endif
