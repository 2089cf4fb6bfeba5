// SPDX-License-Identifier: GPL-2.0-or-later
/* A network that drops what it cannot carry, and says nothing: 1400 octets and Ethernet. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int swallow(struct __sk_buff *skb)
{
	return skb->len > 1400 + ETH_HLEN ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
