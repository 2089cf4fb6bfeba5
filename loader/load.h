/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load: brings the BPF programs and maps into the kernel and pins them, and
 * takes them away again.  Attaches what belongs to no device (link watch, return
 * switch); devices are the affair of uplink.h.
 *
 * Below the pin directory afterwards:
 *	state seen flows counters link addr session sa
 *	refused peer readers
 *	probe probe_timer probe_key				the maps
 *	prog/egress						tc, for segue0
 *	prog/ingress_tc, prog/ingress_tc_l3			tc, for uplinks with an
 *								Ethernet header, and without
 *	prog/control_*						run by loader/control.c
 *	prog/probe_send						likewise, control_probe.c
 *	links/PROGRAM						one for each feature
 * Others may pin more below it: segue_unload() removes everything there.  state is
 * pinned first, and is the mark of a directory that is ours.
 */
#ifndef SEGUE_LOAD_H
#define SEGUE_LOAD_H

#include <stdbool.h>

struct xdp_program;

/* What a kernel may refuse (lockdown, no BTF, no such function). */
enum segue_feature {
	SEGUE_FEATURE_CARRIER = 1 << 0,	/* carrier lost and back, at once */
	SEGUE_FEATURE_ADMIN = 1 << 1,	/* admin down and up */
	SEGUE_FEATURE_CLOSE = 1 << 2,	/* admin down before the queues stop */
	SEGUE_FEATURE_REMOVAL = 1 << 3,	/* device removed */
	SEGUE_FEATURE_TX_TIMEOUT = 1 << 4, /* the transmit watchdog */
	SEGUE_FEATURE_RETURN = 1 << 5,	/* authenticated return switch */
	SEGUE_FEATURE_ALL = (1 << 6) - 1,
	/* without these the agent has to watch links by rtnetlink */
	SEGUE_FEATURE_LINK_WATCH = SEGUE_FEATURE_CARRIER | SEGUE_FEATURE_ADMIN |
				   SEGUE_FEATURE_REMOVAL,
};

/*
 * pin_dir as in segue_open().  Loads what the kernel takes; features (may be
 * NULL) says what that was.  Fails only where the rest would be of no use.
 * -EEXIST: loaded already.  -ESTALE: pins of another version, or half a set
 * (segue_unload() removes them).  -ENOTEMPTY: pins of somebody else.  -EXDEV: pins of
 * another network namespace.  -EPERM: rights.  -EINVAL: no bpffs there.
 * Rolls back on failure.
 */
int segue_load(const char *pin_dir, unsigned int *features);

/* Removes all pins, and with them the programs that nothing else holds.
 * 0 also where there is nothing.  -ENOTEMPTY: they are not ours, and stay. */
int segue_unload(const char *pin_dir);

/* Did segue make this directory, whatever version of it?  Without its mark: is all that
 * is there ours?  An empty one is. */
bool segue_is_ours(const char *pin_dir);

/* Features of what is loaded, read from the pins.  -ENOENT: nothing loaded. */
int segue_loaded_features(const char *pin_dir, unsigned int *features);

/* kernel.ftrace_enabled: without it fentry programs attach and never run. */
bool segue_ftrace_enabled(void);

/* "return switch"; feature: one of the bits */
const char *segue_feature_name(enum segue_feature feature);

/*
 * The ingress program for xdp_program__attach(), on the pinned maps; not loaded
 * yet, because libxdp loads it as an extension of its dispatcher.  Its name is
 * SEGUE_XDP_PROGRAM, by which a detach finds it in xdp_multiprog.  Close with
 * segue_xdp_close(): libxdp does not close an object that it was given.
 */
#define SEGUE_XDP_PROGRAM "segue_ingress"
int segue_xdp_open(const char *pin_dir, struct xdp_program **out);
void segue_xdp_close(struct xdp_program *program);

#endif
