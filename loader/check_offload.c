// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP's offload in software, esp4_offload and esp6_offload, changes what tc sees.
 *
 * Sent: a local TCP's segments come to segue0 before they are cut, and of these no copies
 * are made (bpf/egress.bpf.c).
 *
 * Received: GRO comes before tc, and with esp4_offload loaded it gives ESP to XFRM
 * (esp4_gro_receive()): packets for the canonical address never reach ingress
 * restore.  In transport mode those by another path are then refused
 * (XfrmInStateMismatch), in every mode the return switch does not see them.  XDP
 * comes before GRO.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include "check.h"

static bool is_loaded(void)
{
	return !access("/sys/module/esp4_offload", F_OK) ||
	       !access("/sys/module/esp6_offload", F_OK);
}

void check_offload(struct check *check)
{
	if (is_loaded())
		check_tell(check, CHECK_WARN, "offload", "modprobe -r esp4_offload esp6_offload",
			   "TCP's large segments are encrypted behind segue0: they go by one path "
			   "alone, in a soft handover, too");
}

static bool gro_on(const char *device)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GGRO };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd, err;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	strncpy(request.ifr_name, device, sizeof(request.ifr_name) - 1);
	err = ioctl(fd, SIOCETHTOOL, &request);
	close(fd);
	return !err && value.data;
}

void check_gro(struct check *check, const char *device)
{
	if (is_loaded() && gro_on(device))
		check_tell(check, CHECK_FAIL, device, CHECK_MEND("ethtool -K %s gro off", device),
			   "GRO and ESP's offload decrypt before ingress restore by tc sees the packet");
}
