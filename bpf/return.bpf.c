// SPDX-License-Identifier: GPL-2.0-or-later
/* Authenticated return switch: where it hooks in; see return.h. */
#include <linux/in.h>
#include "return.h"

SEC("fentry/xfrm_replay_advance")
int BPF_PROG(return_switch, struct xfrm_state *x, __be32 net_seq)
{
	if (x->xs_net.net->ns.inum != netns || x->id.proto != IPPROTO_ESP)
		return 0;
	return return_packet(x->id.spi, bpf_ntohl(net_seq));
}
