// SPDX-License-Identifier: GPL-2.0-or-later
// Can this kernel run the tests? Tries SCTP and a BPF program on a kernel function
// (fentry), which the kernel may lack, or lockdown refuse. Says what is missing.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int try_sctp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* the function that tells of a lost carrier, the one segue cannot do without */
static int try_fentry(void)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int function = libbpf_find_vmlinux_btf_id("netif_carrier_off", BPF_TRACE_FENTRY);
	int prog, link;

	if (function < 0)
		return function;
	opts.attach_btf_id = function;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "probe", "GPL", nothing,
			     sizeof(nothing) / sizeof(*nothing), &opts);
	if (prog < 0)
		return prog;
	link = bpf_raw_tracepoint_open(NULL, prog);
	close(prog);
	if (link < 0)
		return link;
	close(link);
	return 0;
}

int main(void)
{
	int err;

	libbpf_set_print(NULL);
	err = try_sctp();
	if (err) {
		fprintf(stderr, "no SCTP (%s)\n", strerror(-err));
		return 1;
	}
	err = try_fentry();
	if (err) {
		fprintf(stderr, "no BPF program on kernel functions (fentry: %s)\n", strerror(-err));
		return 1;
	}
	return 0;
}
