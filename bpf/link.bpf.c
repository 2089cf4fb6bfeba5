// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Link watch: a device of ours dies or comes back, and egress steering knows it
 * before the function that says so has done anything else.  These run for every
 * network namespace; ours is told apart by its inode number.
 *
 * Each program can do without the others: the loader leaves out what the kernel
 * refuses, and rtnetlink in the agent makes up for it.
 */
#include "link.h"

#define CLOSE_MANY 64			/* devices closed in one call, at most */

static __always_inline bool device_is_ours(struct net_device *dev)
{
	return dev->nd_net.net->ns.inum == netns;
}

/* The two run before the device's bit changes, so the call itself is the news;
 * link_change() knows whether it is any. */
SEC("fentry/netif_carrier_off")
int BPF_PROG(link_carrier_off, struct net_device *dev)
{
	if (device_is_ours(dev))
		link_change(dev->ifindex, 0, SEGUE_LINK_CARRIER, SEGUE_REASON_CARRIER_LOST);
	return 0;
}

SEC("fentry/netif_carrier_on")
int BPF_PROG(link_carrier_on, struct net_device *dev)
{
	if (device_is_ours(dev))
		link_change(dev->ifindex, SEGUE_LINK_CARRIER, 0, SEGUE_REASON_CARRIER_BACK);
	return 0;
}

/* Runs after flags have changed.  Coming up is told here; going down as well,
 * should link_close be missing. */
SEC("fentry/__dev_notify_flags")
int BPF_PROG(link_admin, struct net_device *dev, unsigned int old_flags)
{
	__u32 set = SEGUE_LINK_ADMIN_UP;
	unsigned int flags = dev->flags;

	if (!((flags ^ old_flags) & IFF_UP) || !device_is_ours(dev))
		return 0;
	if (!(flags & IFF_UP)) {
		link_change(dev->ifindex, 0, SEGUE_LINK_ADMIN_UP, SEGUE_REASON_ADMIN_DOWN);
		return 0;
	}
	/* what was missed while the device was down */
	if (!(dev->state >> bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_NOCARRIER) & 1))
		set |= SEGUE_LINK_CARRIER;
	link_change(dev->ifindex, set, 0, SEGUE_REASON_ADMIN_UP);
	return 0;
}

/*
 * Every way down leads through here, dev_close() by a driver and the move to
 * another namespace as well, and before the queues are stopped: no packet is
 * lost between.  The devices hang in a list by net_device.close_list.
 */
SEC("fentry/__dev_close_many")
int BPF_PROG(link_close, struct list_head *head)
{
	/* read as a number: the verifier allows no arithmetic on a kernel pointer */
	struct list_head *entry = BPF_CORE_READ(head, next);
	__u64 offset = bpf_core_field_offset(struct net_device, close_list);
	struct net_device *dev;
	struct net *net;
	int i;

	for (i = 0; i < CLOSE_MANY && entry && entry != head; i++) {
		dev = (void *)entry - offset;
		net = BPF_CORE_READ(dev, nd_net.net);
		if (BPF_CORE_READ(net, ns.inum) == netns)
			link_change(BPF_CORE_READ(dev, ifindex), 0, SEGUE_LINK_ADMIN_UP,
				    SEGUE_REASON_ADMIN_DOWN);
		entry = BPF_CORE_READ(entry, next);
	}
	return 0;
}

SEC("fentry/unregister_netdevice_queue")
int BPF_PROG(link_removed, struct net_device *dev)
{
	if (device_is_ours(dev))
		link_change(dev->ifindex, 0, SEGUE_LINK_PRESENT, SEGUE_REASON_UNPLUGGED);
	return 0;
}

/* The transmit watchdog barks (dev_watchdog()): the link may live or not, and
 * only the news is passed on. */
SEC("tp_btf/net_dev_xmit_timeout")
int BPF_PROG(link_tx_timeout, struct net_device *dev)
{
	__u32 ifindex = dev->ifindex;
	struct segue_link *l;

	if (!device_is_ours(dev))
		return 0;
	l = bpf_map_lookup_elem(&link, &ifindex);
	if (l)
		link_tell(ifindex, SEGUE_REASON_TX_TIMEOUT, segue_link_is_up(l->flags),
			  bpf_ktime_get_ns());
	return 0;
}
