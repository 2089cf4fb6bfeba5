// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * refuse FILE: the policy in FILE (refuse.bpf.o) holds until this process ends.
 * Says "ready" when it does; the kernel must have the LSM "bpf" switched on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* What the policy is about: a tracing program, the smallest there is. */
static int trace_something(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int id = libbpf_find_vmlinux_btf_id("netif_carrier_off", BPF_TRACE_FENTRY);
	int program;

	if (id < 0)
		return id;
	opts.attach_btf_id = id;
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "refuse", "GPL", code,
				sizeof(code) / sizeof(code[0]), &opts);
	if (program < 0)
		return -errno;
	close(program);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *policy = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program;
	struct bpf_link *link;
	int err;

	if (!policy || bpf_object__load(policy))
		return 1;
	program = bpf_object__find_program_by_name(policy, "no_tracing");
	link = program ? bpf_program__attach_lsm(program) : NULL;
	if (!link)
		return 1;
	err = trace_something();
	if (err != -EPERM) {
		printf("not refused: %s\n", err ? strerror(-err) : "the LSM bpf is off");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
