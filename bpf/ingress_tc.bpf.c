// SPDX-License-Identifier: GPL-2.0-or-later
/* Ingress restore at tc, for devices that have no XDP: with an Ethernet header,
 * and without (raw IP, as cellular modems have it). */
#include <linux/pkt_cls.h>
#include "too_big.h"

static __always_inline enum parsed
ingress_look(struct __sk_buff *skb, struct packet *p, bool ethernet)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	*p = (struct packet){};
	return ethernet ? parse_ethernet(p, data, end, RECEIVED) :
			  parse_raw_ip(p, data, end, RECEIVED);
}

/* Headers may stand in a fragment of the skb. */
static __always_inline enum parsed
ingress_pull(struct __sk_buff *skb, struct packet *p, bool ethernet)
{
	if (!bpf_skb_pull_data(skb, skb->len < PARSE_PULL ? skb->len : PARSE_PULL))
		return ingress_look(skb, p, ethernet);
	return PARSED_MALFORMED;
}

static __always_inline enum parsed
ingress_parse(struct __sk_buff *skb, struct packet *p, bool ethernet)
{
	enum parsed what = ingress_look(skb, p, ethernet);

	return what == PARSED_SHORT ? ingress_pull(skb, p, ethernet) : what;
}

static __always_inline int ingress_tc_any(struct __sk_buff *skb, bool ethernet)
{
	enum parsed what;
	struct packet p;
	__u64 change;

	what = ingress_parse(skb, &p, ethernet);
	packet_family(&p);
	if (probe_is(&p, what)) {
		switch (probe_receive(&p, (void *)(long)skb->data, (void *)(long)skb->data_end,
				      ethernet)) {
		case PROBE_BACK:
			return bpf_redirect(skb->ifindex, 0);
		case PROBE_DROP:
			return TC_ACT_SHOT;
		default:
			return TC_ACT_UNSPEC;
		}
	}
	if (too_big_maybe(&p, what)) {
		if (too_big_receive(&p, (void *)(long)skb->data_end) == PARSED_SHORT &&
		    too_big_maybe(&p, ingress_pull(skb, &p, ethernet)))
			too_big_receive(&p, (void *)(long)skb->data_end);
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
