// SPDX-License-Identifier: GPL-2.0-or-later
/* The return switch without its hook: BPF_PROG_TEST_RUN does not run fentry
 * programs, and XFRM is not needed to see what is decided. */
#include "return.h"

struct authenticated {
	__be32 spi;
	__u32 seq;
};

SEC("syscall")
int authenticated_packet(struct authenticated *packet)
{
	return return_packet(packet->spi, packet->seq);
}
