/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By which device, and by a route of which length, this host reaches an address: asked of
 * the kernel, in a namespace of its own.
 *
 *   0.0.0.0/0, ::/0 ──── out
 *   10.77.0.0/16, 10.79.0.0/16 (metric 100), fd77::/32 ──── lan
 *   10.79.0.0/16 (metric 600) ──── wlan0
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "host.h"
#include "rtnl.h"

static struct rtnl *rtnl;

static void sh(const char *command)
{
	if (system(command)) {
		print_message("failed: %s\n", command);
		fail();
	}
}

static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return -1;
	sh("for d in out lan wlan0; do ip link add $d type veth peer name far-$d && "
	   "ip link set $d up && ip link set far-$d up || exit; done");
	sh("ip address add 10.1.0.2/24 dev wlan0");
	sh("ip address add 10.2.0.2/24 dev out");
	sh("ip route add default via 10.2.0.1 dev out");
	sh("ip route add 10.77.0.0/16 dev lan");
	sh("ip route add 10.79.0.0/16 dev lan metric 100");
	sh("ip route add 10.79.0.0/16 via 10.1.0.1 dev wlan0 metric 600");
	sh("ip -6 route add default dev out");
	sh("ip -6 route add fd77::/32 dev lan");
	return rtnl_open(&rtnl);
}

static int teardown(void **state)
{
	(void)state;
	rtnl_close(rtnl);
	return 0;
}

/* device: asked by this one, NULL: by any */
static void leads(const char *to, const char *device, const char *found, unsigned int length)
{
	unsigned int ifindex = device ? if_nametoindex(device) : 0, prefixlen = ~0u;
	struct segue_addr addr = address(to);
	int err = rtnl_route_match(rtnl, &addr, &ifindex, &prefixlen);

	if (err || ifindex != if_nametoindex(found) || prefixlen != length) {
		print_message("%s by %s: %d, device %u, /%u\n", to, device ?: "any", err, ifindex,
			      prefixlen);
		fail();
	}
}

static void test_match(void **state)
{
	(void)state;
	leads("10.9.0.2", NULL, "out", 0);
	leads("10.1.0.9", NULL, "wlan0", 24);
	leads("10.77.0.2", NULL, "lan", 16);
	leads("10.79.0.2", NULL, "lan", 16);
	leads("10.79.0.2", "wlan0", "wlan0", 16);
	leads("10.77.0.2", "out", "out", 0);
	leads("fd09::2", NULL, "out", 0);
	leads("fd77::2", NULL, "lan", 32);
}

static void test_none(void **state)
{
	struct segue_addr addr = address("10.77.0.2"), own = address("10.1.0.2");
	unsigned int ifindex = if_nametoindex("wlan0"), any = 0, prefixlen;

	(void)state;
	assert_int_not_equal(rtnl_route_match(rtnl, &addr, &ifindex, &prefixlen), 0);
	assert_int_equal(rtnl_route_match(rtnl, &own, &any, &prefixlen), -ENETUNREACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
