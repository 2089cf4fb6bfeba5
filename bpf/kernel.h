/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs see of the kernel: UAPI headers for all that is fixed, and
 * for the rest the few fields we read, by CO-RE.  The loader finds their real
 * offsets in the running kernel's BTF, so that the build needs no vmlinux.h.
 */
#ifndef SEGUE_BPF_KERNEL_H
#define SEGUE_BPF_KERNEL_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct ns_common {
	unsigned int inum;		/* what stat() shows of /proc/PID/ns/net */
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	unsigned long state;		/* bits enum netdev_state_t */
	unsigned int flags;
	int ifindex;
	struct list_head close_list;
	possible_net_t nd_net;
};

struct xfrm_id {
	__be32 spi;
	__u8 proto;
};

struct xfrm_state {
	possible_net_t xs_net;
	struct xfrm_id id;
};

#pragma clang attribute pop

/* include/linux/netdevice.h: bit numbers in net_device.state */
enum netdev_state_t {
	__LINK_STATE_NOCARRIER = 2,
};

#define IFF_UP		0x1		/* linux/if.h */

enum {
	ENOENT = 2, EAGAIN = 11, EACCES = 13, ENODEV = 19, EINVAL = 22, ENOSPC = 28, EAFNOSUPPORT = 97,
	ENETDOWN = 100,
};

/*
 * A slow path, kept out of the fast one.  Global in BPF's sense: the verifier
 * looks at it once, and not again in every state of every caller; in return it
 * knows nothing of the arguments, so pointers are tested.  Weak, for several
 * objects bring it.
 */
#define SUBPROGRAM		__weak __noinline

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

#endif
