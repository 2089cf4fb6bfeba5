// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Egress steering, on segue0: everything to a peer comes here.
 *
 * ESP of an SA of ours leaves by its session's active path, or by the best live
 * one if that path's link is dead: the handover, made by the very packet that
 * would have been lost.  All else (IKE, first of all) leaves unchanged by the
 * device that owns its source address; what nobody owns is dropped, because an
 * inner address must not get out in clear.
 *
 * Nothing is modified before everything is known.
 *
 * A session, or a CHILD_SA that goes a way of its own, may send by a second path as
 * well, for a window: the packet is cloned onto segue0, so that the clone comes
 * here again, marked, and finds its path and its neighbour like any other.
 */
#include <linux/pkt_cls.h>
#include "flow.h"
#include "path.h"
#include "probe_send.h"

enum egress_decision { EGRESS_STEER, EGRESS_NOT_OURS, EGRESS_NO_PATH };

static __always_inline enum parsed egress_places(struct __sk_buff *skb, struct places *at)
{
	return places_look(at, (void *)(long)skb->data, (void *)(long)skb->data_end, true, SENT);
}

SUBPROGRAM int egress_look(struct __sk_buff *skb, struct places *at)
{
	return at ? egress_places(skb, at) : PARSED_MALFORMED;
}

/* After a look, of which what came. */
static __always_inline enum parsed
egress_at(struct __sk_buff *skb, struct packet *p, struct places *at, enum parsed what)
{
	if (what == PARSED_SHORT)
		what = places_pull(skb) ? egress_look(skb, at) : PARSED_MALFORMED;
	if (packet_at(p, at, (void *)(long)skb->data, (void *)(long)skb->data_end))
		return what;
	*p = (struct packet){};
	return PARSED_MALFORMED;
}

/* For nearly every packet: no subprogram, which costs some ns (tests/bpf/bench.c). */
static __always_inline enum parsed
egress_parse(struct __sk_buff *skb, struct packet *p, struct places *at)
{
	return egress_at(skb, p, at, egress_places(skb, at));
}

/* After a clone, which makes all pointers void: still ESP? */
static __always_inline bool egress_parse_again(struct __sk_buff *skb, struct packet *p)
{
	struct places at = {};
	enum parsed what = egress_at(skb, p, &at, egress_look(skb, &at));

	return what == PARSED_ESP && p->esp;	/* the latter for the verifier */
}

/*
 * The mark: in skb->tc_index, which nobody looks at on a device without a queue,
 * and not in skb->mark, which the FIB look-up of bpf_redirect_neigh() uses.
 */
#define COPY_MARK 0x4550
#define COPY_SLOT 0x000f

static __always_inline bool copy_marked(__u16 tc_index)
{
	return (tc_index & ~COPY_SLOT) == COPY_MARK;
}

static __always_inline int egress_by_source(struct packet *p, enum parsed what)
{
	struct segue_addr source, dest;
	__u32 *ifindex;

	if (!p->ip4 && !p->ip6)
		goto drop;
	packet_addrs(p, &source, &dest);
	ifindex = bpf_map_lookup_elem(&addr, &source);
	if (!ifindex)
		goto drop;
	if (what == PARSED_FRAGMENT)
		COUNT(egress_fragment);
	else
		COUNT(egress_by_source);
	return bpf_redirect_neigh(*ifindex, NULL, 0, 0);
drop:
	COUNT(egress_not_owned);
	return TC_ACT_SHOT;
}

/* The active path cannot carry the packet: take the best one that can. */
static __always_inline __u32
egress_switch(struct segue_session *s, struct segue_way *w, struct handover *h, __be32 spi,
	      union active_word was)
{
	__u32 best = path_best(s);

	if (best >= SEGUE_MAX_PATHS) {
		session_refuse(h->session, &s->refused_egress, SEGUE_REASON_NO_LIVE_PATH, spi);
		return SEGUE_NO_PATH;
	}
	if (best == was.active)		/* dead, but there is no other */
		return best;
	h->to = best;
	if (was.active >= SEGUE_MAX_PATHS)
		h->reason = SEGUE_REASON_PATH_ADDED;
	else if (!(session_path(s, was.active)->flags & SEGUE_PATH_EGRESS))
		h->reason = SEGUE_REASON_ADDRESS_GONE;
	else if (path_usable(session_path(s, was.active), READ_ONCE(state.links_up)))
		h->reason = SEGUE_REASON_PATH_DIED;
	/* Lost the race: this packet leaves by the path that is live, and the
	 * next one sees what the winner chose. */
	if (!session_switch(s, w, h, was.word))
		COUNT(egress_switched);
	return best;
}

/* The session that a packet belongs to, NULL: to none of ours; with the number of
 * its CHILD_SA. */
static __always_inline struct segue_session *
egress_session(const struct segue_flow *f, __u32 *id, __u8 *child)
{
	struct segue_sa_key key = { .spi = f->spi, .peer = segue_addr_fold(&f->dest) };
	struct segue_session *s;
	struct segue_sa *a;

	a = bpf_map_lookup_elem(&sa, &key);
	if (!a)
		return NULL;
	*id = a->session;
	*child = a->child;
	s = bpf_map_lookup_elem(&session, id);
	if (!s || !segue_addr_equal(&f->source, &s->local) ||
	    !segue_addr_equal(&f->dest, &s->remote))
		return NULL;
	return s;
}

static __always_inline void
egress_take(struct segue_flow *f, const struct segue_session *s, __u32 slot)
{
	const struct segue_path *path = session_path(s, slot);

	f->slot = slot;
	f->ifindex = path->ifindex;
	f->probe = path->probe;
	flow_rewrite(f, &path->local, &path->remote, path->local_port, path->remote_port);
}

SUBPROGRAM int egress_look_up(struct segue_flow *f)
{
	struct handover h = { .reason = SEGUE_REASON_LINK_DOWN };
	struct segue_session *s;
	union active_word word;
	struct segue_way *w;
	__u32 slot;

	if (!f)
		return EGRESS_NOT_OURS;
	s = egress_session(f, &h.session, &h.child);
	if (!s)
		return EGRESS_NOT_OURS;
	w = session_way(s, h.child, &word);
	if (w == &s->way)
		h.child = 0;
	slot = word.active;
	if (slot >= SEGUE_MAX_PATHS ||
	    !path_live(session_path(s, slot), READ_ONCE(state.links_up)))
		slot = egress_switch(s, w, &h, f->spi, word);
	if (slot >= SEGUE_MAX_PATHS)
		return EGRESS_NO_PATH;
	egress_take(f, s, slot);
	f->copy = session_copy(s, w, word);
	f->copy_until = READ_ONCE(w->copy_until);
	return EGRESS_STEER;
}

/* A marked packet: does its session copy to that slot, now? */
SUBPROGRAM int egress_look_up_copy(struct segue_flow *f)
{
	struct segue_session *s;
	union active_word word;
	struct segue_way *w;
	__u8 child;
	__u32 id;

	if (!f)
		return EGRESS_NOT_OURS;
	s = egress_session(f, &id, &child);
	if (!s)
		return EGRESS_NOT_OURS;
	w = session_way(s, child, &word);
	if (f->copy >= SEGUE_MAX_PATHS || session_copy(s, w, word) != f->copy)
		return EGRESS_NO_PATH;
	egress_take(f, s, f->copy);
	return EGRESS_STEER;
}

/* A switch of our own moves the epoch, too: the second try finds it done. */
SUBPROGRAM int egress_decide(struct segue_flow *f)
{
	int i, what;

	if (!f)
		return EGRESS_NOT_OURS;
#pragma clang loop unroll(disable)
	for (i = 0; i < FLOW_TRIES; i++) {
		f->epoch = epoch_now();
		what = egress_look_up(f);
		if (epoch_now() == f->epoch)
			return what;
	}
	return EGRESS_NO_PATH;
}

static __always_inline int egress_send(struct packet *p, const struct segue_flow *f)
{
	if (f->rewrite) {
		rewrite_packet(p, f);
		COUNT(egress_rewritten);
	}
	COUNT(egress_steered);
	/* Resolves the neighbour on the right link with the right source. */
	return bpf_redirect_neigh(f->ifindex, NULL, 0, 0);
}

/* The clone: it leaves by the copy's path or not at all, and is not remembered. */
SUBPROGRAM int egress_marked(struct __sk_buff *skb, const struct places *at)
{
	struct segue_flow *copy = flow_room();
	struct packet p;
	int i;

	if (!copy || !at ||
	    !packet_at(&p, at, (void *)(long)skb->data, (void *)(long)skb->data_end) || !p.esp)
		return TC_ACT_SHOT;
	flow_begin(copy, &p);
#pragma clang loop unroll(disable)
	for (i = 0; i < FLOW_TRIES; i++) {
		copy->epoch = epoch_now();
		copy->copy = skb->tc_index & COPY_SLOT;
		if (egress_look_up_copy(copy) != EGRESS_STEER)
			return TC_ACT_SHOT;
		if (epoch_now() == copy->epoch)
			break;
	}
	if (i == FLOW_TRIES)
		return TC_ACT_SHOT;
	if (copy->rewrite)
		rewrite_packet(&p, copy);
	skb->tc_index = 0;		/* the uplink's qdiscs may look at it */
	return bpf_redirect_neigh(copy->ifindex, NULL, 0, 0);
}

/*
 * By both paths.  bpf_clone_redirect() sends the clone through segue0's hook, and
 * with it through this program, before it returns; that ends after one turn,
 * because what is marked is never cloned.  Afterwards the packet has a head of its
 * own again, elsewhere: all pointers into it are void.
 */
SUBPROGRAM int egress_twice(struct __sk_buff *skb, const struct segue_flow *f)
{
	__u16 tc_index = skb->tc_index;
	struct packet p;

	if (!f)
		return TC_ACT_SHOT;
	skb->tc_index = COPY_MARK | (f->copy & COPY_SLOT);
	if (bpf_clone_redirect(skb, skb->ifindex, 0))
		COUNT(egress_copy_failed);
	else
		COUNT(egress_copied);
	skb->tc_index = tc_index;
	if (!egress_parse_again(skb, &p))
		return TC_ACT_SHOT;
	return egress_send(&p, f);
}

/* A fragment without an SPI */
static __always_inline int egress_later(struct packet *p, enum parsed what)
{
	struct segue_flow *f;

	f = flow_find_fragment(p, what, SEGUE_FLOW_SENT);
	return f ? egress_send(p, f) : egress_by_source(p, PARSED_FRAGMENT);
}

static __always_inline bool copy_over(const struct segue_flow *f)
{
	return f->copy != SEGUE_NO_PATH && bpf_ktime_get_ns() > f->copy_until;
}

/*
 * Under ESP's offload a packet that is yet to be cut is yet to be encrypted, too, and
 * its clone shares the secpath, where esp_xmit() counts xo->seq.low on for each segment:
 * the two would use up twice the sequence numbers that XFRM set aside, and the packet
 * behind them be encrypted under one of theirs, which is GCM's nonce.  What is whole
 * does not count on: its copy is the same ciphertext.
 */
static __always_inline bool copy_safe(const struct __sk_buff *skb)
{
	return !skb->gso_size;
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	struct segue_flow *f, *new;
	struct places at = {};
	enum parsed what;
	struct packet p;
	int verdict;

	if (probe_marked(skb->tc_index)) {
		verdict = probe_become(skb);
		if (verdict != TC_ACT_UNSPEC)
			return verdict;
	}
	what = egress_parse(skb, &p, &at);
	/* of all else it is somebody else's mark */
	if (copy_marked(skb->tc_index) && what == PARSED_ESP)
		return egress_marked(skb, &at);
	if (!p.esp && (what == PARSED_FRAGMENT || what == PARSED_FIRST))
		return egress_later(&p, what);
	if (!p.esp)
		return egress_by_source(&p, what);
	f = flow_find(&p, SEGUE_FLOW_SENT);
	if (!f)
		return TC_ACT_SHOT;
	if (!flow_holds(f, &p) || copy_over(f)) {
		new = flow_room();
		if (!new)
			return TC_ACT_SHOT;
		flow_begin(new, &p);
		switch (egress_decide(new)) {
		case EGRESS_STEER:
			*f = *new;
			break;
		case EGRESS_NO_PATH:
			COUNT(egress_no_path);
			return TC_ACT_SHOT;
		default:
			return egress_by_source(&p, what);
		}
	}
	if (what == PARSED_FRAGMENT) {		/* neither probes nor copies by these */
		flow_note_fragment(f, &p, SEGUE_FLOW_SENT);
		return egress_send(&p, f);
	}
	if (f->probe && probe_data(f->probe)) {
		probe_pay(skb, f->probe);
		if (!egress_parse_again(skb, &p))
			return TC_ACT_SHOT;
	}
	if (f->copy != SEGUE_NO_PATH) {
		if (copy_safe(skb))
			return egress_twice(skb, f);
		COUNT(egress_copy_failed);
	}
	return egress_send(&p, f);
}

/*
 * User space runs this on a packet of its own (BPF_PROG_TEST_RUN, with segue0 as the
 * device): the probes leave, the packet does not.  cb[0]: index in map "probe";
 * cb[1]: so many, and those that are owed count as sent.
 */
SEC("tc")
int probe_send(struct __sk_buff *skb)
{
	__u32 index = skb->cb[0], count = skb->cb[1], i, owed;
	struct segue_probe *p = probe_at(index);

	if (!p)
		return TC_ACT_SHOT;
	for (i = 0; i < PROBE_AT_ONCE; i++) {
		if (i >= count || probe_clone(skb, index))
			break;
		owed = READ_ONCE(p->owed);
		if (owed)
			__sync_val_compare_and_swap(&p->owed, owed, owed - 1);
	}
	return TC_ACT_OK;
}
