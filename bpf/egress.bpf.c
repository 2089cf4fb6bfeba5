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
 */
#include <linux/pkt_cls.h>
#include "path.h"
#include "rewrite.h"

enum { NOT_OURS = -1 };

static __always_inline enum parsed egress_look(struct __sk_buff *skb, struct packet *p)
{
	*p = (struct packet){};
	return parse_ethernet(p, (void *)(long)skb->data, (void *)(long)skb->data_end, SENT);
}

static __always_inline enum parsed egress_parse(struct __sk_buff *skb, struct packet *p)
{
	enum parsed what = egress_look(skb, p);

	if (what != PARSED_SHORT)
		return what;
	/* Headers may stand in a fragment of the skb. */
	if (!bpf_skb_pull_data(skb, skb->len < PARSE_PULL ? skb->len : PARSE_PULL))
		return egress_look(skb, p);
	*p = (struct packet){};		/* its pointers are void */
	return PARSED_MALFORMED;
}

static __always_inline int egress_by_source(struct packet *p, enum parsed what)
{
	struct segue_addr source;
	__u32 *ifindex;

	if (!p->ip4 && !p->ip6)
		goto drop;
	packet_source(p, &source);
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
SUBPROGRAM __u32
egress_switch(struct segue_session *s, __u32 id, __be32 spi, __u32 word)
{
	union active_word was = { .word = word };
	struct handover h = { .session = id, .reason = SEGUE_REASON_LINK_DOWN };
	__u32 best;

	if (!s)
		return SEGUE_NO_PATH;
	best = path_best(s);
	if (best >= SEGUE_MAX_PATHS) {
		session_refuse(id, &s->refused_egress, SEGUE_REASON_NO_LIVE_PATH, spi);
		return SEGUE_NO_PATH;
	}
	h.to = best;
	if (was.active >= SEGUE_MAX_PATHS)
		h.reason = SEGUE_REASON_PATH_ADDED;
	else if (!(session_path(s, was.active)->flags & SEGUE_PATH_EGRESS))
		h.reason = SEGUE_REASON_ADDRESS_GONE;
	/* Lost the race: this packet leaves by the path that is live, and the
	 * next one sees what the winner chose. */
	if (!session_switch(s, &h, word))
		COUNT(egress_switched);
	return best;
}

static __always_inline bool
egress_rewrites(const struct packet *p, const struct segue_path *path)
{
	if (!packet_is(p, &path->local, &path->remote))
		return true;
	return p->udp && ((path->local_port && path->local_port != p->udp->source) ||
			  (path->remote_port && path->remote_port != p->udp->dest));
}

static __always_inline int egress_steer(struct packet *p)
{
	struct segue_sa_key key = { .spi = p->esp->spi, .peer = packet_fold_dest(p) };
	const struct segue_path *path;
	struct segue_session *s;
	union active_word word;
	struct segue_sa *a;
	__u64 change = 0;
	__u32 slot, id;

	a = bpf_map_lookup_elem(&sa, &key);
	if (!a)
		return NOT_OURS;
	id = a->session;
	s = bpf_map_lookup_elem(&session, &id);
	if (!s || !packet_family_is(p, &s->remote) || !packet_is(p, &s->local, &s->remote))
		return NOT_OURS;

	word.word = READ_ONCE(*session_word(s));
	slot = word.active;
	if (slot >= SEGUE_MAX_PATHS ||
	    !path_live(session_path(s, slot), READ_ONCE(state.links_up)))
		slot = egress_switch(s, id, key.spi, word.word);
	if (slot >= SEGUE_MAX_PATHS) {
		COUNT(egress_no_path);
		return TC_ACT_SHOT;
	}
	path = session_path(s, slot);
	if (egress_rewrites(p, path)) {
		struct rewrite to = {
			.source = &path->local,
			.dest = &path->remote,
			.source_port = path->local_port,
			.dest_port = path->remote_port,
		};

		rewrite_packet(p, &to, &change);
		COUNT(egress_rewritten);
	}
	COUNT(egress_steered);
	/* Resolves the neighbour on the right link with the right source. */
	return bpf_redirect_neigh(path->ifindex, NULL, 0, 0);
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	enum parsed what;
	struct packet p;
	int verdict;

	what = egress_parse(skb, &p);
	if (what == PARSED_ESP) {
		verdict = egress_steer(&p);
		if (verdict != NOT_OURS)
			return verdict;
	}
	return egress_by_source(&p, what);
}
