// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a packet costs, from the sender's system call to the receiver's: bursts of the
 * first flow as fast as they go, each timed until all of it has arrived.  Nothing waits
 * on the way, so that the processor is busy throughout; with the deterministic clock a
 * nanosecond is an instruction.  The wires are not watched: that would cost, too.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "meter.h"

enum { BURST = 50, TIMEOUT_MS = 1000 };

static double burst(struct flow *flow)
{
	uint32_t before = flow->received;
	uint64_t began = clock_now();

	for (int i = 0; i < BURST; i++)
		flow_send(flow, 0);
	for (flow_receive(flow); flow->received < before + BURST; flow_receive(flow)) {
		struct pollfd p = { flow->rx, POLLIN, 0 };

		if (poll(&p, 1, TIMEOUT_MS) != 1)
			fail("cost: %u of %d packets arrived: %s", flow->received - before, BURST,
			     flow->errors ? strerror(flow->last_errno) : "lost");
	}
	return (double)(clock_now() - began) / BURST;
}

/* The first burst, which fills caches and asks for neighbours, does not count. */
void cost_print(unsigned int rounds)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	if (flow_count != 1 || flows[0].echo)
		fail("cost: of one flow, one way");
	flow_prepare(&flows[0], (rounds + 1) * BURST);
	burst(&flows[0]);
	for (unsigned int i = 0; i < rounds; i++)
		json_object_array_add(list, json_object_new_double(burst(&flows[0])));
	json_object_object_add(o, "burst", json_object_new_int(BURST));
	json_object_object_add(o, "ns_per_packet", list);
	puts(json_object_to_json_string(o));
	json_object_put(o);
}
