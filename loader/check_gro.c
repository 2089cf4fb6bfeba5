// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GRO comes before tc, and with esp4_offload loaded it gives ESP to XFRM
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
	if (access("/sys/module/esp4_offload", F_OK) && access("/sys/module/esp6_offload", F_OK))
		return;
	if (gro_on(device))
		check_tell(check, CHECK_FAIL, device, CHECK_MEND("ethtool -K %s gro off", device),
			   "GRO and ESP's offload decrypt before ingress restore by tc sees the packet");
}
