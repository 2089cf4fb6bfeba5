// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends a packet through a device with a mark that egress steering did not set, and
 * looks for marks on what leaves. */
#include <linux/pkt_cls.h>
#include "kernel.h"

/* set by the test */
__u32 device, tc_index;
/* read by it */
__u32 leaves, leaves_marked;

SEC("tc")
int send_marked(struct __sk_buff *skb)
{
	skb->tc_index = tc_index;
	return bpf_clone_redirect(skb, device, 0);
}

SEC("tc")
int leave(struct __sk_buff *skb)
{
	leaves++;
	leaves_marked += skb->tc_index != 0;
	return TC_ACT_OK;
}
