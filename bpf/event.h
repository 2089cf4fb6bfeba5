/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells every reader what happened. */
#ifndef SEGUE_BPF_EVENT_H
#define SEGUE_BPF_EVENT_H

#include "globals.h"

SUBPROGRAM int event_emit(const struct segue_event *event)
{
	__u32 slot;
	void *ring;

	if (!event)
		return -EINVAL;
	for (slot = 0; slot < SEGUE_MAX_READERS; slot++) {
		__u32 key = slot;

		ring = bpf_map_lookup_elem(&readers, &key);
		if (ring && bpf_ringbuf_output(ring, (void *)event, sizeof(*event), 0))
			COUNT(events_lost);
	}
	return 0;
}

#endif
