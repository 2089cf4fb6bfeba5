/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pinned maps: names and shapes, for the loader and for control. */
#ifndef SEGUE_PINS_H
#define SEGUE_PINS_H

#include <stddef.h>
#include <linux/types.h>

enum pin_map {
	PIN_STATE, PIN_COUNTERS,	/* global variables */
	PIN_LINK, PIN_ADDR, PIN_SESSION, PIN_SA, PIN_REFUSED,
	PIN_PEER, PIN_READERS, PIN_FLOWS, PIN_SEEN,
	PIN_PROBE, PIN_PROBE_TIMER, PIN_PROBE_KEY,
	PIN_MAPS,
};

struct pin_shape {
	const char *name;		/* below the pin directory */
	const char *object_name;	/* in the BPF objects */
	__u32 type;			/* enum bpf_map_type */
	__u32 key_size;
	__u32 value_size;
};

extern const struct pin_shape pin_shapes[PIN_MAPS];

/* dir, or what the environment or the default say */
const char *pin_dir_or_default(const char *dir);

/* "DIR/A" or "DIR/A/B" (b may be NULL).  -ENAMETOOLONG. */
int pin_path(char *buf, size_t size, const char *dir, const char *a, const char *b);

/* Our network namespace: the inode number that fentry programs find in net.ns.inum. */
int pin_netns(__u32 *inum);

/* Opens one map.  -ESTALE if it has not the shape that we know. */
int pin_open_map(const char *dir, enum pin_map map, int *fd);

#endif
