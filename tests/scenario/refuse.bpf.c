// SPDX-License-Identifier: GPL-2.0-or-later
/* A host's security policy: nobody traces the kernel. */
#include <linux/errno.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/* security_bpf() asks before each bpf(2) what may be done, attr copied in already */
SEC("lsm/bpf")
int BPF_PROG(no_tracing, int cmd, union bpf_attr *attr, unsigned int size)
{
	__u32 type = BPF_PROG_TYPE_UNSPEC;

	if (cmd != BPF_PROG_LOAD)
		return 0;
	bpf_probe_read_kernel(&type, sizeof(type), &attr->prog_type);
	return type == BPF_PROG_TYPE_TRACING ? -EPERM : 0;
}
