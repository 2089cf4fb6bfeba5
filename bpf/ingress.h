/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ingress restore, on every uplink, before XFRM: ESP of an SA of ours that came
 * by a verified path gets the canonical addresses back.  Everything else passes
 * as if segue were not there; nothing is ever dropped here.
 *
 * The XDP program and its tc fallbacks are thin shells around this.
 */
#ifndef SEGUE_BPF_INGRESS_H
#define SEGUE_BPF_INGRESS_H

#include "path.h"
#include "rewrite.h"

/*
 * Tells the return switch by which path the packet came.  Two packets with the
 * same SPI and sequence number: one of them is a copy, and XFRM will not say
 * which of the two it authenticated.  The exchange is atomic so that of two at
 * once on two CPUs at least one sees the other.
 */
static __always_inline void ingress_record(const struct esp_header *esp, __u32 slot)
{
	__u32 seq = bpf_ntohl(esp->seq);
	__u64 *cell = &seen[seen_index(esp->spi, seq)];
	__u64 now = seen_entry(esp->spi, seq, slot + 1), was;

	was = __sync_lock_test_and_set(cell, now);
	if (was != now && !((was ^ now) >> 8))
		*(volatile __u64 *)cell = seen_entry(esp->spi, seq, SEEN_AMBIGUOUS);
}

static __always_inline bool
ingress_by(const struct packet *p, const struct segue_path *path)
{
	if (!(path->flags & SEGUE_PATH_VERIFIED))
		return false;
	if (!packet_is(p, &path->remote, &path->local))
		return false;
	return !p->udp || !path->remote_port || path->remote_port == p->udp->source;
}

/* The active path first: almost always it is that one. */
static __always_inline __u32
ingress_path(const struct packet *p, const struct segue_session *s)
{
	__u32 slot = s->active;

	if (slot < SEGUE_MAX_PATHS && ingress_by(p, session_path(s, slot)))
		return slot;
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		if (ingress_by(p, session_path(s, slot)))
			return slot;
	return SEGUE_NO_PATH;
}

static __always_inline bool
ingress_rewrites(const struct packet *p, const struct segue_session *s)
{
	if (!packet_is(p, &s->remote, &s->local))
		return true;
	return p->udp && ((s->remote_port && s->remote_port != p->udp->source) ||
			  (s->local_port && s->local_port != p->udp->dest));
}

static __always_inline void ingress_esp(struct packet *p, __u64 *change)
{
	struct segue_sa_key key = { .spi = p->esp->spi };
	struct segue_session *s = NULL;
	struct segue_sa *a;
	__u32 slot, id;

	a = bpf_map_lookup_elem(&sa, &key);
	if (a) {
		id = a->session;
		s = bpf_map_lookup_elem(&session, &id);
	}
	if (!s) {
		COUNT(ingress_unknown_spi);
		return;
	}
	if (!packet_family_is(p, &s->remote))
		goto unverified;
	slot = ingress_path(p, s);
	if (slot >= SEGUE_MAX_PATHS) {
		/* Not by a path, but where XFRM expects it: not our affair. */
		if (!packet_is(p, &s->remote, &s->local))
			goto unverified;
		COUNT(ingress_canonical);
		return;
	}
	ingress_record(p->esp, slot);
	if (ingress_rewrites(p, s)) {
		struct rewrite to = {
			.source = &s->remote,
			.dest = &s->local,
			.source_port = s->remote_port,
			.dest_port = s->local_port,
		};

		rewrite_packet(p, &to, change);
		COUNT(ingress_restored);
	} else {
		COUNT(ingress_canonical);
	}
	return;
unverified:
	COUNT(ingress_unverified);
	session_refuse(id, &s->refused_ingress, SEGUE_REASON_UNVERIFIED_PATH, key.spi);
}

static __always_inline void
ingress_restore(struct packet *p, enum parsed what, __u64 *change)
{
	if (what == PARSED_ESP)
		ingress_esp(p, change);
	else if (what == PARSED_SHORT || what == PARSED_MALFORMED)
		COUNT(ingress_malformed);
	else if (what == PARSED_FRAGMENT && p->proto == IPPROTO_ESP)
		COUNT(ingress_fragment);
}

#endif
