// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes: asks the kernel by doing, not by its version; distributions carry
 * features back and lockdown takes them away.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include "check.h"
#include "rtnl_socket.h"
#include "tc.h"

/* "return VALUE", as much of a program as there need be */
static int load_return(enum bpf_prog_type type, int value, struct bpf_prog_load_opts *opts)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(type, "segue_probe", "GPL", code,
			       sizeof(code) / sizeof(code[0]), opts);

	return fd < 0 ? -errno : fd;
}

int probe_fentry(const char *function)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id, program, link;

	id = libbpf_find_vmlinux_btf_id(function, BPF_TRACE_FENTRY);
	if (id < 0)
		return id;
	opts.attach_btf_id = id;
	program = load_return(BPF_PROG_TYPE_TRACING, 0, &opts);
	if (program < 0)
		return program;
	/* for an instant: lockdown may let it be loaded but not attached */
	link = bpf_raw_tracepoint_open(NULL, program);
	if (link < 0)
		link = -errno;
	else
		close(link);
	close(program);
	return link < 0 ? link : 0;
}

/* No device has the number 0: a kernel that knows tcx says so (ENODEV). */
int probe_tcx(void)
{
	int program = load_return(BPF_PROG_TYPE_SCHED_CLS, -1, NULL);
	int link, err;

	if (program < 0)
		return program;
	link = bpf_link_create(program, 0, (enum bpf_attach_type)TC_ATTACH_TCX_EGRESS, NULL);
	err = -errno;
	if (link >= 0)
		close(link);
	close(program);
	return link >= 0 || err == -ENODEV ? 0 : err;
}

/* libxdp's dispatcher replaces functions of an XDP program (freplace). */
int probe_dispatcher(void)
{
	int xdp = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL);
	int ext = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, NULL);

	if (xdp < 0 || ext < 0)
		return xdp < 0 ? xdp : ext;
	return xdp && ext ? 0 : -EOPNOTSUPP;
}

/*
 * An SA with a key too short: xfrm_init_state() looks for ESP first
 * (EPROTONOSUPPORT) and asks ESP for the key afterwards (EINVAL), so no SA comes
 * of it.  Loads the modules as a real one would.
 */
int probe_esp(int family)
{
	struct { struct xfrm_algo_aead head; char key[8]; } aead = {
		.head = { .alg_name = "rfc4106(gcm(aes))", .alg_key_len = 8, .alg_icv_len = 128 },
	};
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct xfrm_usersa_info *sa;
	struct rtnl *xfrm;
	int err;

	err = rtnl_open_family(NETLINK_XFRM, &xfrm);
	if (err)
		return err;
	request = rtnl_request(buf, XFRM_MSG_NEWSA, 0, sizeof(*sa));
	sa = mnl_nlmsg_get_payload(request);
	sa->family = family;
	sa->sel.family = family;
	sa->id.proto = IPPROTO_ESP;
	sa->id.spi = htonl(0x100);	/* the first that is not reserved, RFC 4303 2.1 */
	sa->mode = XFRM_MODE_TUNNEL;
	sa->lft.soft_byte_limit = sa->lft.hard_byte_limit = XFRM_INF;
	sa->lft.soft_packet_limit = sa->lft.hard_packet_limit = XFRM_INF;
	mnl_attr_put(request, XFRMA_ALG_AEAD, sizeof(aead.head) + 1, &aead);
	err = rtnl_talk(xfrm, request, NULL, NULL);
	rtnl_close(xfrm);
	return err == -EINVAL ? 0 : err ? err : -EIO;
}
