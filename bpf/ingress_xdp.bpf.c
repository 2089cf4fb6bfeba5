// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ingress restore at XDP.  An object of its own: libxdp loads it once more for
 * each device, as an extension of its dispatcher, beside other XDP programs.
 */
#include "too_big.h"
#include <xdp/xdp_helpers.h>

/* Before the usual 50: others then see what XFRM will see. */
struct {
	__uint(priority, 20);
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(segue_ingress);

SUBPROGRAM int ingress_look(struct xdp_md *ctx, struct places *at)
{
	if (!at)
		return PARSED_MALFORMED;
	return places_look(at, (void *)(long)ctx->data, (void *)(long)ctx->data_end, true,
			   RECEIVED);
}

SUBPROGRAM int ingress_probe(struct xdp_md *ctx, const struct places *at)
{
	void *begin = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct packet p;

	if (!at || !packet_at(&p, at, begin, end))
		return XDP_PASS;
	switch (probe_receive(&p, begin, end, true)) {
	case PROBE_BACK:
		return XDP_TX;
	case PROBE_DROP:
		return XDP_DROP;
	default:
		return XDP_PASS;
	}
}

SUBPROGRAM int ingress_too_big(struct xdp_md *ctx, const struct places *at)
{
	void *end = (void *)(long)ctx->data_end;
	struct packet p;

	if (at && packet_at(&p, at, (void *)(long)ctx->data, end))
		too_big_receive(&p, end);
	return 0;
}

SEC("xdp")
int segue_ingress(struct xdp_md *ctx)
{
	struct places at = {};
	enum parsed what;
	struct packet p;

	what = ingress_look(ctx, &at);
	if (!packet_at(&p, &at, (void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return XDP_PASS;
	if (probe_is(&p, what))
		return ingress_probe(ctx, &at);
	if (too_big_maybe(&p, what))
		ingress_too_big(ctx, &at);
	else
		ingress_restore(&p, what);
	return XDP_PASS;
}
