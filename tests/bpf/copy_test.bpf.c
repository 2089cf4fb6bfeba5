// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends a packet through a device with a mark that egress steering did not set. */
#include "kernel.h"

/* set by the test */
__u32 device, tc_index;

SEC("tc")
int send_marked(struct __sk_buff *skb)
{
	skb->tc_index = tc_index;
	return bpf_clone_redirect(skb, device, 0);
}
