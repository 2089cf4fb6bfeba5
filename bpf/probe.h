/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes received: those of a peer go back to where they came from, with another
 * MAC and not an octet longer; an answer to one of ours is noted.
 *
 * Nothing is believed before the MAC.  Then a probe has to come by a verified path
 * of its session and never to have come before, and an answer from where the probe
 * went and to one that is still awaited: so what was forged, replayed, reflected
 * or carried off to another path changes nothing.
 */
#ifndef SEGUE_BPF_PROBE_H
#define SEGUE_BPF_PROBE_H

#include "ingress.h"
#include "siphash.h"

enum probe_verdict { PROBE_PASS, PROBE_DROP, PROBE_BACK };

#define PROBE_TTL 64			/* RFC 1700: as a host sends */

static __always_inline bool probe_is(const struct packet *p, enum parsed what)
{
	return what == PARSED_ESP && p->udp && p->esp &&
	       p->esp->spi == bpf_htonl(SEGUE_PROBE_MARKER);
}

static __always_inline __u64
probe_mac(const struct segue_siphash_key *key, const struct segue_probe_packet *q)
{
	const segue_probe_word *k = (const void *)key->octet, *w = (const void *)q;

	return siphash_3(k[0], k[1], w[0], w[1], w[2]);
}

/* RFC 6298 2.2 and 2.3, with the same gains */
static __always_inline void smooth(__u64 *mean, __u64 *variance, __u64 sample)
{
	__u64 m = *mean, off;

	if (!m) {
		WRITE_ONCE(*mean, sample);
		WRITE_ONCE(*variance, sample / 2);
		return;
	}
	off = sample > m ? sample - m : m - sample;
	WRITE_ONCE(*variance, *variance - *variance / 4 + off / 4);
	WRITE_ONCE(*mean, m - m / 8 + sample / 8);
}

/* Something authenticated came by this path.  A pause says little: it counts as one
 * interval at most. */
static __always_inline void probe_heard(struct segue_probe *p, __u64 now)
{
	__u64 last = p->heard_ns, gap = now - last, longest = segue_probe_interval(p);

	if (now <= last)		/* another processor was faster */
		return;
	WRITE_ONCE(p->heard_ns, now);
	if (last)
		smooth(&p->gap_ns, &p->gapvar_ns, gap < longest ? gap : longest);
}

static __always_inline void
probe_tell(const struct segue_probe *p, enum segue_reason reason, __u64 now, __u64 cause)
{
	struct segue_event event = {
		.ns = now,
		.type = SEGUE_EVENT_PATH,
		.reason = reason,
		.from = SEGUE_NO_PATH,
		.to = p->slot,
		.session = p->session,
		.cause_ns = cause,
	};

	event_emit(&event);
}

/* To be true for one caller only.  The path bears the state, too. */
static __always_inline bool
probe_becomes(struct segue_probe *p, struct segue_path *path, __u32 from, __u32 to, __u64 now)
{
	if (__sync_val_compare_and_swap(&p->state, from, to) != from)
		return false;
	WRITE_ONCE(path->state, to);
	p->changed_ns = now;
	if (from == SEGUE_PATH_DEAD || to == SEGUE_PATH_DEAD)
		decisions_void();
	return true;
}

#define LOSS_ONE 65536u
#define LOSS_GAIN 16u

/*
 * Loss is what is missing between two answers.  What is missing since the last one
 * may be loss or death, and is left out, so that a path that dies does not look like
 * one that always lost much; nor does one that has been dead.  Returns how many were
 * lost.
 */
static __always_inline __u32 probe_loss(struct segue_probe *p, __u64 sequence, bool dead)
{
	__u64 last = p->answered_sequence, lost;
	__u32 loss = p->loss, i;

	if (sequence <= last)		/* overtaken: was counted as lost */
		return 0;
	lost = last ? sequence - last - 1 : 0;
	if (lost > SEGUE_PROBE_RING)
		lost = SEGUE_PROBE_RING;
	WRITE_ONCE(p->answered_sequence, sequence);
	if (dead)
		return lost;
#pragma clang loop unroll(disable)
	for (i = 0; i < SEGUE_PROBE_RING; i++) {
		if (i >= lost)
			break;
		loss += (LOSS_ONE - loss) / LOSS_GAIN;
	}
	p->loss = loss - loss / LOSS_GAIN;
	return lost;
}

/* The answer that was awaited: the path carries packets there and back. */
static __always_inline void
probe_good(struct segue_probe *p, struct segue_path *path, __u64 sequence, __u64 sent, __u64 now)
{
	__u32 state = READ_ONCE(p->state), lost;

	/* Somebody may have kept it until the way was free: of a path that has been dead
	 * the last of its first answers says how long they take. */
	if (state == SEGUE_PATH_DEAD)
		WRITE_ONCE(p->srtt_ns, 0);
	smooth(&p->srtt_ns, &p->rttvar_ns, now - sent);
	probe_heard(p, now);
	lost = probe_loss(p, sequence, state == SEGUE_PATH_DEAD);
	__sync_fetch_and_add(&p->answered, 1);
	if (sent > p->answered_sent_ns)
		WRITE_ONCE(p->answered_sent_ns, sent);
	WRITE_ONCE(p->answered_ns, now);
	WRITE_ONCE(p->owed, 0);
	WRITE_ONCE(p->others, 0);
	WRITE_ONCE(p->late, 0);
	if (state == SEGUE_PATH_ALIVE)
		return;
	if (state == SEGUE_PATH_SUSPECT && p->silent)
		WRITE_ONCE(p->wrong_ns, now);
	/* back, but not by one lucky packet */
	if (state == SEGUE_PATH_DEAD) {
		p->in_row = lost ? 1 : p->in_row + 1;
		if (p->in_row < p->multiplier)
			return;
	}
	if (probe_becomes(p, path, state, SEGUE_PATH_ALIVE, now) && state == SEGUE_PATH_DEAD)
		probe_tell(p, SEGUE_REASON_PATH_BACK, now, 0);
}

static __always_inline int
probe_answered(const struct segue_flow *f, const struct segue_probe_packet *q,
	       struct segue_session *s)
{
	struct segue_path *path = (struct segue_path *)session_path(s, q->slot);
	__u64 sequence = bpf_be64_to_cpu(q->sequence), sent, *cell, now;
	struct segue_probe *p;
	__u32 index;

	if (!segue_addr_equal(&f->source, &path->remote) ||
	    !segue_addr_equal(&f->dest, &path->local)) {
		COUNT(probe_astray);
		return PROBE_DROP;
	}
	p = probe_at(path->probe);
	if (!path->probe || !p || p->slot != q->slot || p->key != q->id ||
	    p->sequence - sequence - 1 >= SEGUE_PROBE_RING)
		goto replayed;
	index = sequence & (SEGUE_PROBE_RING - 1);
	cell = &p->sent_ns[index];
	sent = READ_ONCE(*cell);
	now = bpf_ktime_get_ns();
	if (!sent || sent > now || __sync_val_compare_and_swap(cell, sent, 0) != sent)
		goto replayed;
	COUNT(probe_answer);
	probe_good(p, path, sequence, sent, now);
	return PROBE_DROP;
replayed:
	COUNT(probe_replayed);
	return PROBE_DROP;
}

/* RFC 4303 3.4.3's window, for the slot that the peer names: another path's numbers
 * must not move it on.  Two processors at once may both take one number, which gets
 * an attacker an answer that nobody awaits. */
static __always_inline bool probe_fresh(struct segue_probe_window *w, __u64 sequence)
{
	__u64 highest = w->highest, ahead = sequence - highest, bit;

	if (sequence > highest) {
		w->seen = (ahead < 64 ? w->seen << (ahead & 63) : 0) | 1;
		WRITE_ONCE(w->highest, sequence);
		return true;
	}
	ahead = highest - sequence;
	if (ahead >= 64)
		return false;
	bit = 1ULL << (ahead & 63);
	if (w->seen & bit)
		return false;
	w->seen |= bit;
	return true;
}

/* A leaky bucket in one word, until when all is paid for: so much at once, and then as
 * time goes by. */
static __always_inline bool
probe_affordable(__u64 *paid_until, __u64 cost, __u64 at_once, __u64 now)
{
	__u64 busy = READ_ONCE(*paid_until);

	if (busy < now)
		busy = now;
	if (busy - now > at_once)
		return false;
	WRITE_ONCE(*paid_until, busy + cost);
	return true;
}

static __always_inline int
probe_asked(const struct segue_flow *f, struct segue_probe_packet *q,
	    struct segue_probe_key *key, const struct segue_session *s)
{
	const __u64 cost = 1000000000ULL / SEGUE_PROBE_RATE;	/* of an answer, ns */
	__u64 slot = q->slot;

	if (ingress_path(f, s) >= SEGUE_MAX_PATHS) {
		COUNT(probe_astray);
		return PROBE_DROP;
	}
	asm volatile("%0 &= %1" : "+r"(slot) : "i"(SEGUE_MAX_PATHS - 1));
	if (!probe_fresh(&key->window[slot], bpf_be64_to_cpu(q->sequence))) {
		COUNT(probe_replayed);
		return PROBE_DROP;
	}
	if (!probe_affordable(&key->busy_until, cost, cost * SEGUE_PROBE_AT_ONCE, bpf_ktime_get_ns())) {
		COUNT(probe_limited);
		return PROBE_DROP;
	}
	COUNT(probe_asked);
	q->kind = SEGUE_PROBE_ANSWER;
	q->mac = probe_mac(&key->send, q);
	return PROBE_BACK;
}

/* f: between which addresses it came.  PROBE_BACK: q is the answer now. */
SUBPROGRAM int probe_take(const struct segue_flow *f, struct segue_probe_packet *q)
{
	struct segue_probe_key *key;
	struct segue_session *s;
	__u64 id;
	__u32 session_id;

	if (!f || !q)
		return PROBE_PASS;
	id = q->id;
	key = bpf_map_lookup_elem(&probe_key, &id);
	if (!key || q->version != SEGUE_PROBE_VERSION) {
		COUNT(probe_malformed);
		return PROBE_PASS;
	}
	if (probe_mac(&key->receive, q) != q->mac || q->slot >= SEGUE_MAX_PATHS) {
		COUNT(probe_forged);
		return PROBE_DROP;
	}
	session_id = key->session;
	s = bpf_map_lookup_elem(&session, &session_id);
	if (!s)
		return PROBE_DROP;
	if (q->kind == SEGUE_PROBE_ASK)
		return probe_asked(f, q, key, s);
	if (q->kind == SEGUE_PROBE_ANSWER)
		return probe_answered(f, q, s);
	return PROBE_DROP;
}

/* Of the packet's checksum only what changed in it: kind and MAC.  Addresses and
 * ports that change places leave it as it is. */
static __always_inline void
probe_write(struct segue_probe_packet *wire, const struct segue_probe_packet *q, struct udphdr *udp)
{
	segue_addr_word *to = (segue_addr_word *)wire;
	const segue_addr_word *from = (const segue_addr_word *)q;
	__u64 change = csum_change(to[1], from[1]) + csum_change(to[6], from[6]) +
		       csum_change(to[7], from[7]);
	__be16 port = udp->source;

	to[1] = from[1];
	to[6] = from[6];
	to[7] = from[7];
	udp->source = udp->dest;
	udp->dest = port;
	if (udp->check)
		udp->check = csum_apply(udp->check, change) ?: 0xffff;
}

static __always_inline void probe_turn_ip4(struct iphdr *ip)
{
	__be32 addr = ip->saddr;
	__be16 was, is;

	ip->saddr = ip->daddr;
	ip->daddr = addr;
	was = bpf_htons(ip->ttl << 8 | ip->protocol);
	ip->ttl = PROBE_TTL;
	is = bpf_htons(PROBE_TTL << 8 | ip->protocol);
	ip->check = csum_apply(ip->check, csum_change16(was, is));
}

static __always_inline void probe_turn_ip6(struct ipv6hdr *ip)
{
	struct in6_addr addr = ip->saddr;

	ip->saddr = ip->daddr;
	ip->daddr = addr;
	ip->hop_limit = PROBE_TTL;
}

static __always_inline void probe_turn_ethernet(struct ethhdr *eth)
{
	unsigned char addr[ETH_ALEN];

	__builtin_memcpy(addr, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, addr, ETH_ALEN);
}

/* A packet for which probe_is() holds. */
static __always_inline int
probe_receive(struct packet *p, void *begin, void *end, bool ethernet)
{
	struct segue_probe_packet *wire = (void *)p->esp, q;
	struct segue_flow *f = flow_room();
	struct ethhdr *eth = begin;
	int verdict;

	asm volatile("" : "+r"(eth));	/* as above: it was looked at before */
	if (!f || !p->udp || !wire || !PARSE_FITS(wire, end) || (ethernet && !PARSE_FITS(eth, end)) ||
	    p->udp->len != bpf_htons(sizeof(*p->udp) + sizeof(*wire))) {
		COUNT(probe_malformed);
		return PROBE_PASS;
	}
	q = *wire;
	flow_begin(f, p);
	verdict = probe_take(f, &q);
	if (verdict != PROBE_BACK)
		return verdict;
	probe_write(wire, &q, p->udp);
	if (p->ip4)
		probe_turn_ip4(p->ip4);
	else if (p->ip6)
		probe_turn_ip6(p->ip6);
	if (ethernet)
		probe_turn_ethernet(eth);
	return PROBE_BACK;
}

#endif
