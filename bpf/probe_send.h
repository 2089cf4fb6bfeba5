/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes sent.  BPF cannot make a packet, only copy one: a probe begins as a clone of
 * a packet that passes segue0, or of one that user space hands to probe_send, goes to
 * segue0 under a mark (skb->tc_index, as copies do: egress.bpf.c) and is written anew
 * there from the first octet to the last.
 */
#ifndef SEGUE_BPF_PROBE_SEND_H
#define SEGUE_BPF_PROBE_SEND_H

#include "probe_judge.h"

#define PROBE_MARK 0x8000
#define PROBE_MARK_MASK 0xfc00		/* the rest is the index: SEGUE_MAX_PROBES */
#define PROBE_AT_ONCE 4			/* so many clones of one packet */

static __always_inline bool probe_marked(__u16 tc_index)
{
	return (tc_index & PROBE_MARK_MASK) == PROBE_MARK;
}

/* What stands between Ethernet and the probe, by family. */
struct probe_head4 {
	struct iphdr ip;
	struct udphdr udp;
	struct segue_probe_packet probe;
};

struct probe_head6 {
	struct ipv6hdr ip;
	struct udphdr udp;
	struct segue_probe_packet probe;
};

/* The ports that ESP in UDP has on this path, or would have. */
static __always_inline void probe_udp(struct udphdr *udp, const struct segue_path *path)
{
	udp->source = path->local_port ?: bpf_htons(SEGUE_NATT_PORT);
	udp->dest = path->remote_port ?: bpf_htons(SEGUE_NATT_PORT);
	udp->len = bpf_htons(sizeof(*udp) + sizeof(struct segue_probe_packet));
	udp->check = 0;
}

/* RFC 768 and RFC 8200 8.1: pseudo header, header and data, all of even length. */
static __always_inline __be16
probe_checksum(const struct segue_path *path, const struct udphdr *udp,
	       const struct segue_probe_packet *q)
{
	const segue_addr_word *s = segue_addr_words(&path->local);
	const segue_addr_word *d = segue_addr_words(&path->remote);
	const segue_addr_word *w = (const segue_addr_word *)q;
	__u64 sum = bpf_htons(IPPROTO_UDP) + (__u64)udp->len * 2 + udp->source + udp->dest;
	int i;

	if (!segue_addr_is_v4(&path->local))
		sum += (__u64)s[0] + s[1] + s[2] + d[0] + d[1] + d[2];
	sum += (__u64)s[3] + d[3];
	for (i = 0; i < (int)sizeof(*q) / 4; i++)
		sum += w[i];
	return (__be16)~csum_fold64(sum) ?: 0xffff;
}

static __always_inline void probe_ip4(struct iphdr *ip, const struct segue_path *path)
{
	const __u16 size = sizeof(struct probe_head4);
	__be32 s = segue_addr_words(&path->local)[3], d = segue_addr_words(&path->remote)[3];
	__u64 sum;

	*ip = (struct iphdr){
		.version = 4, .ihl = 5, .tot_len = bpf_htons(size),
		.frag_off = bpf_htons(0x4000),	/* DF, RFC 791 3.1 */
		.ttl = PROBE_TTL, .protocol = IPPROTO_UDP, .saddr = s, .daddr = d,
	};
	sum = (__u64)bpf_htons(0x4500) + bpf_htons(size) + bpf_htons(0x4000) +
	      bpf_htons(PROBE_TTL << 8 | IPPROTO_UDP) + s + d;
	ip->check = ~csum_fold64(sum);
}

static __always_inline void probe_ip6(struct ipv6hdr *ip, const struct segue_path *path)
{
	*ip = (struct ipv6hdr){
		.version = 6, .nexthdr = IPPROTO_UDP, .hop_limit = PROBE_TTL,
		.payload_len = bpf_htons(sizeof(struct udphdr) +
					 sizeof(struct segue_probe_packet)),
	};
	__builtin_memcpy(&ip->saddr, &path->local, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &path->remote, sizeof(ip->daddr));
}

/* The next probe of p, and a note of it. */
static __always_inline int
probe_make(struct segue_probe *p, struct segue_probe_packet *q)
{
	struct segue_probe_key *key;
	__u64 id = p->key, sequence, sent, now = bpf_ktime_get_ns();
	__u32 cell;

	key = bpf_map_lookup_elem(&probe_key, &id);
	if (!key || key->session != p->session)
		return -ENOENT;
	sequence = __sync_fetch_and_add(&p->sequence, 1);
	cell = sequence & (SEGUE_PROBE_RING - 1);
	WRITE_ONCE(p->sent_ns[cell], now);
	sent = __sync_fetch_and_add(&p->sent, 1);
	asm volatile("" : : "r"(sent));	/* else it does not fetch, and orders nothing */
	*q = (struct segue_probe_packet){
		.marker = bpf_htonl(SEGUE_PROBE_MARKER),
		.version = SEGUE_PROBE_VERSION,
		.kind = SEGUE_PROBE_ASK,
		.slot = p->slot,
		.id = id,
		.sequence = bpf_cpu_to_be64(sequence),
	};
	q->mac = probe_mac(&key->send, q);
	return 0;
}

static __always_inline int
probe_fill(struct __sk_buff *skb, const struct segue_path *path, const struct segue_probe_packet *q)
{
	void *head = (void *)(long)skb->data + sizeof(struct ethhdr);
	void *end = (void *)(long)skb->data_end;
	struct probe_head4 *h4 = head;
	struct probe_head6 *h6 = head;
	struct udphdr udp;

	probe_udp(&udp, path);
	udp.check = probe_checksum(path, &udp, q);
	if (segue_addr_is_v4(&path->local)) {
		if (!PARSE_FITS(h4, end))
			return -EINVAL;
		probe_ip4(&h4->ip, path);
		h4->udp = udp;
		h4->probe = *q;
	} else {
		if (!PARSE_FITS(h6, end))
			return -EINVAL;
		probe_ip6(&h6->ip, path);
		h6->udp = udp;
		h6->probe = *q;
	}
	return 0;
}

/* The clone, on segue0: becomes the probe, and leaves by the path that it asks for. */
SUBPROGRAM int probe_become(struct __sk_buff *skb)
{
	__u32 index = skb->tc_index & ~PROBE_MARK_MASK, session_id;
	struct segue_probe *p = probe_at(index);
	const struct segue_path *path;
	struct segue_probe_packet q;
	struct segue_session *s;
	bool v4;

	if (!p || !p->session)
		return TC_ACT_UNSPEC;	/* somebody else's mark */
	session_id = p->session;
	s = bpf_map_lookup_elem(&session, &session_id);
	if (!s)
		return TC_ACT_SHOT;
	path = session_path(s, p->slot);
	v4 = segue_addr_is_v4(&path->local);
	if (path->probe != index ||
	    skb->protocol != (v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6)))
		return TC_ACT_SHOT;
	if (!path_usable(path, READ_ONCE(state.links_up))) {
		if (READ_ONCE(p->owed))
			probe_arm(index, PROBE_TICK_NS);	/* a look: nothing is owed now */
		return TC_ACT_SHOT;
	}
	if (bpf_skb_change_tail(skb, sizeof(struct ethhdr) + (v4 ? sizeof(struct probe_head4) :
					sizeof(struct probe_head6)), 0))
		return TC_ACT_SHOT;
	if (probe_make(p, &q) || probe_fill(skb, path, &q))
		return TC_ACT_SHOT;
	COUNT(probe_sent);
	skb->tc_index = 0;
	probe_arm(index, segue_probe_timeout(p));
	return bpf_redirect_neigh(path->ifindex, NULL, 0, 0);
}

static __always_inline int probe_clone(struct __sk_buff *skb, __u32 index)
{
	__u16 tc_index = skb->tc_index;
	int err;

	/* Should the probe be gone when the clone comes, it is no probe's mark any more
	 * and the clone is sent as it is: the same danger as with copies (copy_safe()). */
	if (skb->gso_size)
		return -EINVAL;
	skb->tc_index = PROBE_MARK | (index & (SEGUE_MAX_PROBES - 1));
	err = bpf_clone_redirect(skb, skb->ifindex, 0);
	skb->tc_index = tc_index;
	return err;
}

/* A subprogram of its own, so that it is verified once and not for each slot. */
SUBPROGRAM int probe_other(struct __sk_buff *skb, __u32 id, __u32 slot)
{
	struct segue_session *s = bpf_map_lookup_elem(&session, &id);
	const struct segue_path *path;

	if (!s)
		return 0;
	path = session_path(s, slot);
	if (!path->probe || !path_usable(path, READ_ONCE(state.links_up)))
		return 0;
	return probe_clone(skb, path->probe);
}

/* One along each other path: which of them works now?  What becomes of them. */
SUBPROGRAM int probe_others(struct __sk_buff *skb, __u32 index)
{
	struct segue_probe *p = probe_at(index);
	__u32 slot, id, own;
	int err = 0;

	if (!p)
		return 0;
	id = p->session;
	own = p->slot;
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		if (slot != own)
			err = probe_other(skb, id, slot) ?: err;
	return err;
}

/*
 * What the path owes, by this packet.  All pointers into it are void afterwards.
 *
 * A debt is paid by a probe that left.  Under offloaded ESP none does: xfrm_output()
 * has set skb->encapsulation, and bpf_skb_change_tail() gives -ENOTSUPP.  The agent
 * pays then, by packets of its own.  To clear the mark would be fatal: the clone
 * shares the secpath of the packet, whose encryption is still to come, and would be
 * encrypted under that one's sequence number, which is GCM's nonce.
 */
SUBPROGRAM int probe_pay(struct __sk_buff *skb, __u32 index)
{
	struct segue_probe *p = probe_at(index);
	__u32 i, owed;

	if (!p)
		return 0;
	probe_arm(index, PROBE_TICK_NS);
	if (READ_ONCE(p->others)) {
		WRITE_ONCE(p->others, 0);
		if (probe_others(skb, index))
			WRITE_ONCE(p->others, 1);
	}
	for (i = 0; i < PROBE_AT_ONCE; i++) {
		owed = READ_ONCE(p->owed);
		if (!owed || __sync_val_compare_and_swap(&p->owed, owed, owed - 1) != owed)
			break;
		if (probe_clone(skb, index)) {
			__sync_fetch_and_add(&p->owed, 1);
			break;
		}
	}
	return 0;
}

/* Data leaves by a path that is probed.  Is anything to be done?  One note is enough
 * between two looks of the timer, so that processors do not fight for the line. */
static __always_inline bool probe_data(__u32 index)
{
	struct segue_probe *p = probe_at(index);
	__u32 seen;

	if (!p)
		return false;
	seen = READ_ONCE(p->data_seen);
	if (READ_ONCE(p->data) == seen)
		WRITE_ONCE(p->data, seen + 1);
	return READ_ONCE(p->owed) || READ_ONCE(p->others) || !READ_ONCE(p->armed);
}

#endif
