// SPDX-License-Identifier: GPL-2.0-or-later
/* Ingress restore at tc, for devices that have no XDP: with an Ethernet header,
 * and without (raw IP, as cellular modems have it). */
#include <linux/pkt_cls.h>
#include "too_big.h"

static __always_inline int
ingress_look(struct __sk_buff *skb, struct places *at, bool ethernet)
{
	if (!at)
		return PARSED_MALFORMED;
	return places_look(at, (void *)(long)skb->data, (void *)(long)skb->data_end, ethernet,
			   RECEIVED);
}

SUBPROGRAM int ingress_look_l2(struct __sk_buff *skb, struct places *at)
{
	return ingress_look(skb, at, true);
}

SUBPROGRAM int ingress_look_l3(struct __sk_buff *skb, struct places *at)
{
	return ingress_look(skb, at, false);
}

static __always_inline enum parsed
ingress_too_big_at(struct __sk_buff *skb, const struct places *at)
{
	void *end = (void *)(long)skb->data_end;
	struct packet p;

	if (!packet_at(&p, at, (void *)(long)skb->data, end))
		return PARSED_MALFORMED;
	return too_big_receive(&p, end);
}

SUBPROGRAM int ingress_too_big(struct __sk_buff *skb, const struct places *at)
{
	if (at && ingress_too_big_at(skb, at) == PARSED_SHORT && places_pull(skb))
		ingress_too_big_at(skb, at);
	return 0;
}

static __always_inline int
ingress_probe(struct __sk_buff *skb, const struct places *at, bool ethernet)
{
	void *begin = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct packet p;

	if (!packet_at(&p, at, begin, end))
		return TC_ACT_UNSPEC;
	switch (probe_receive(&p, begin, end, ethernet)) {
	case PROBE_BACK:
		return bpf_redirect(skb->ifindex, 0);
	case PROBE_DROP:
		return TC_ACT_SHOT;
	default:
		return TC_ACT_UNSPEC;
	}
}

SUBPROGRAM int ingress_probe_l2(struct __sk_buff *skb, const struct places *at)
{
	return at ? ingress_probe(skb, at, true) : TC_ACT_UNSPEC;
}

SUBPROGRAM int ingress_probe_l3(struct __sk_buff *skb, const struct places *at)
{
	return at ? ingress_probe(skb, at, false) : TC_ACT_UNSPEC;
}

static __always_inline int ingress_tc_any(struct __sk_buff *skb, bool ethernet)
{
	struct places at = {};
	enum parsed what;
	struct packet p;
	__u64 change;

	what = ethernet ? ingress_look_l2(skb, &at) : ingress_look_l3(skb, &at);
	if (what == PARSED_SHORT && !places_pull(skb))
		what = PARSED_MALFORMED;
	else if (what == PARSED_SHORT)
		what = ethernet ? ingress_look_l2(skb, &at) : ingress_look_l3(skb, &at);
	if (!packet_at(&p, &at, (void *)(long)skb->data, (void *)(long)skb->data_end))
		return TC_ACT_UNSPEC;
	if (probe_is(&p, what))
		return ethernet ? ingress_probe_l2(skb, &at) : ingress_probe_l3(skb, &at);
	if (too_big_maybe(&p, what)) {
		ingress_too_big(skb, &at);
		return TC_ACT_UNSPEC;
	}
	change = ingress_restore(&p, what);
	/* A device that summed the whole packet up (CHECKSUM_COMPLETE) saw other
	 * octets.  Refused where there is no such sum: nothing to do then. */
	if (change)
		bpf_csum_update(skb, csum_fold64(change));
	/* Not TC_ACT_OK: other programs of this hook run, too. */
	return TC_ACT_UNSPEC;
}

SEC("tc")
int ingress_tc(struct __sk_buff *skb)
{
	return ingress_tc_any(skb, true);
}

SEC("tc")
int ingress_tc_l3(struct __sk_buff *skb)
{
	return ingress_tc_any(skb, false);
}
