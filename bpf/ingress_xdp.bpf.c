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

SEC("xdp")
int segue_ingress(struct xdp_md *ctx)
{
	struct packet p = {};
	enum parsed what;

	what = parse_ethernet(&p, (void *)(long)ctx->data, (void *)(long)ctx->data_end,
			      RECEIVED);
	packet_family(&p);
	if (probe_is(&p, what)) {
		switch (probe_receive(&p, (void *)(long)ctx->data, (void *)(long)ctx->data_end,
				      true)) {
		case PROBE_BACK:
			return XDP_TX;
		case PROBE_DROP:
			return XDP_DROP;
		default:
			return XDP_PASS;
		}
	}
	if (too_big_maybe(&p, what))
		too_big_receive(&p, (void *)(long)ctx->data_end);
	else
		ingress_restore(&p, what);
	return XDP_PASS;
}
