// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts the timer of a path, as a packet that leaves by it does, and passes data. */
#include "kernel.h"
#include <linux/pkt_cls.h>
#include "probe_send.h"

/* set by the test */
__u32 path_index;
/* read by it: when to look again, ns */
__u64 look_in;

SEC("tc")
int start_timer(struct __sk_buff *skb)
{
	return probe_arm(path_index, PROBE_TICK_NS);
}

/* The look itself, when it comes */
SEC("tc")
int look_now(struct __sk_buff *skb)
{
	look_in = probe_judge(path_index);
	return 0;
}

/* On a device that is down (loopback of this namespace) no clone leaves. */
SEC("tc")
int pay_in_vain(struct __sk_buff *skb)
{
	return probe_pay(skb, path_index);
}
