/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ingress restore, on every uplink, before XFRM: ESP of an SA of ours that came
 * by a verified path gets the canonical addresses back.  Everything else passes
 * as if segue were not there; nothing is ever dropped here.
 *
 * One thing more: ESP that came from an address that is not verified to one of ours.  The
 * peer may have lost all others and have this one for a moment only.  A unicast SA is found
 * by its SPI, and its source is nobody's affair (RFC 4301 4.1), so XFRM would take it at the
 * canonical address; but in transport mode it would then miss its selector.  It gets the
 * canonical pair back as well, and whether the peer sent it is for the ICV to say.  Nothing
 * else follows from it: no decision is remembered, the return switch does not hear of its
 * path, and nothing is sent there before a check.  Two things are not taken from elsewhere:
 * ESP in UDP, since another source is a NAT's other mapping, which XFRM has to see; and
 * fragments, since they are put together before anybody authenticates them, and none may
 * mix with the peer's.
 *
 * The XDP program and its tc fallbacks are thin shells around this.
 */
#ifndef SEGUE_BPF_INGRESS_H
#define SEGUE_BPF_INGRESS_H

#include "flow.h"
#include "path.h"
#include "seen.h"

enum ingress_decision { INGRESS_PASS, INGRESS_UNKNOWN, INGRESS_UNVERIFIED, INGRESS_CLAIMED };

static __always_inline bool
ingress_by(const struct segue_flow *f, const struct segue_path *path)
{
	return path->flags & SEGUE_PATH_VERIFIED &&
	       segue_addr_equal(&f->source, &path->remote) &&
	       segue_addr_equal(&f->dest, &path->local) &&
	       (!f->dest_port || !path->remote_port || f->source_port == path->remote_port);
}

/* The active path first: should two be alike, it is that one. */
SUBPROGRAM __u32 ingress_path(const struct segue_flow *f, const struct segue_session *s)
{
	__u32 slot;

	if (!f || !s)
		return SEGUE_NO_PATH;
	slot = s->active;
	if (slot < SEGUE_MAX_PATHS && ingress_by(f, session_path(s, slot)))
		return slot;
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		if (ingress_by(f, session_path(s, slot)))
			return slot;
	return SEGUE_NO_PATH;
}

/* To an address that this session has at our end. */
SUBPROGRAM bool ingress_ours(const struct segue_flow *f, const struct segue_session *s)
{
	__u32 slot;

	if (!f || !s)
		return false;
	if (segue_addr_equal(&f->dest, &s->local))
		return true;
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		if (session_path(s, slot)->flags & SEGUE_PATH_USED &&
		    segue_addr_equal(&f->dest, &session_path(s, slot)->local))
			return true;
	return false;
}

static __always_inline bool
ingress_claimed(const struct segue_flow *f, const struct segue_sa *a,
		const struct segue_session *s, bool fragment)
{
	return !fragment && !f->dest_port && !(a->flags & SEGUE_SA_ENCAP) && ingress_ours(f, s);
}

SUBPROGRAM int ingress_look_up(struct segue_flow *f, bool fragment)
{
	struct segue_sa_key key = {};
	struct segue_session *s;
	struct segue_sa *a;
	__u32 id;

	if (!f)
		return INGRESS_UNKNOWN;
	key.spi = f->spi;
	a = bpf_map_lookup_elem(&sa, &key);
	if (!a)
		return INGRESS_UNKNOWN;
	id = a->session;
	s = bpf_map_lookup_elem(&session, &id);
	if (!s)
		return INGRESS_UNKNOWN;
	f->slot = ingress_path(f, s);
	if (f->slot < SEGUE_MAX_PATHS) {
		f->probe = session_path(s, f->slot)->probe;
		flow_rewrite(f, &s->remote, &s->local, s->remote_port, s->local_port);
		return INGRESS_PASS;
	}
	/* Not by a path, but where XFRM expects it: not our affair. */
	if (segue_addr_equal(&f->source, &s->remote) && segue_addr_equal(&f->dest, &s->local))
		return INGRESS_PASS;
	if (ingress_claimed(f, a, s, fragment)) {
		flow_rewrite(f, &s->remote, &s->local, 0, 0);
		return INGRESS_CLAIMED;
	}
	session_refuse(id, &s->refused_ingress, SEGUE_REASON_UNVERIFIED_PATH, key.spi);
	return INGRESS_UNVERIFIED;
}

SUBPROGRAM int ingress_decide(struct segue_flow *f, bool fragment)
{
	int i, what;

	if (!f)
		return INGRESS_UNKNOWN;
#pragma clang loop unroll(disable)
	for (i = 0; i < FLOW_TRIES; i++) {
		f->epoch = epoch_now();
		what = ingress_look_up(f, fragment);
		if (epoch_now() == f->epoch)
			return what;
	}
	return INGRESS_UNKNOWN;
}

/*
 * The peer sends by two paths: the return switch has to know (return.h).  And this path,
 * on which they come second, is not silent, though nothing of it will be authenticated.
 * That may be forged: all that can be had with it is that the path is suspected, and found
 * dead, by its probes alone, as one without data is.
 */
SUBPROGRAM int ingress_copied(const struct segue_flow *f)
{
	struct segue_sa_key key = {};
	__u64 now = bpf_ktime_get_ns();
	struct segue_probe *p;
	struct segue_sa *a;

	if (!f)
		return 0;
	key.spi = f->spi;
	a = bpf_map_lookup_elem(&sa, &key);
	if (a)
		WRITE_ONCE(a->copied_ms, segue_coarse_ms(now));
	p = f->probe ? probe_at(f->probe) : NULL;
	if (p)
		WRITE_ONCE(p->copied_ns, now);
	COUNT(ingress_copy);
	return 0;
}

/* Returns the change of the packet's sum, as rewrite_packet() does. */
static __always_inline __u64 ingress_esp(struct packet *p, enum parsed what)
{
	struct segue_flow *f = flow_find(p, SEGUE_FLOW_RECEIVED), *new;

	if (!f)
		return 0;
	if (!flow_holds(f, p)) {
		new = flow_room();
		if (!new)
			return 0;
		flow_begin(new, p);
		switch (ingress_decide(new, what == PARSED_FRAGMENT)) {
		case INGRESS_PASS:
			*f = *new;
			break;
		case INGRESS_CLAIMED:
			COUNT(ingress_claimed);
			return rewrite_packet(p, new);
		case INGRESS_UNVERIFIED:
			COUNT(ingress_unverified);
			return 0;
		default:
			COUNT(ingress_unknown_spi);
			return 0;
		}
	}
	if (f->slot != SEGUE_NO_PATH &&
	    seen_put(p->esp->spi, bpf_ntohl(p->esp->seq), f->slot))
		ingress_copied(f);
	if (!f->rewrite) {
		COUNT(ingress_canonical);
		return 0;
	}
	COUNT(ingress_restored);
	if (what == PARSED_FRAGMENT)
		flow_note_fragment(f, p, SEGUE_FLOW_RECEIVED);
	return rewrite_packet(p, f);
}

/* A fragment without an SPI; it was the first one whose path had to be verified. */
static __always_inline __u64 ingress_later(struct packet *p, enum parsed what)
{
	struct segue_flow *f = flow_find_fragment(p, what, SEGUE_FLOW_RECEIVED);

	if (f) {
		COUNT(ingress_restored);
		return rewrite_packet(p, f);
	}
	if (p->proto == IPPROTO_ESP)
		COUNT(ingress_fragment);
	return 0;
}

static __always_inline __u64 ingress_restore(struct packet *p, enum parsed what)
{
	if (p->esp)
		return ingress_esp(p, what);
	if (what == PARSED_FRAGMENT || what == PARSED_FIRST)
		return ingress_later(p, what);
	if (what == PARSED_SHORT || what == PARSED_MALFORMED)
		COUNT(ingress_malformed);
	return 0;
}

#endif
