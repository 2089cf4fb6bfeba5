/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only for loader/control*.c */
#ifndef SEGUE_CONTROL_PRIVATE_H
#define SEGUE_CONTROL_PRIVATE_H

#include <segue/call.h>
#include "control.h"
#include "pins.h"

enum control_program {
	CONTROL_SWITCH, CONTROL_COPY, CONTROL_PATH, CONTROL_SESSION, CONTROL_LINK, CONTROL_DELETE, CONTROL_EVENT,
	CONTROL_PROBE, CONTROL_PROBE_SEND,
	CONTROL_PROGRAMS,
};

struct segue {
	int map[PIN_MAPS];
	int program[CONTROL_PROGRAMS];
	struct segue_state *state;	/* mapped, shared with the programs */
};

/* Runs a program on call; what it returns, or why it did not run. */
int control_run(struct segue *segue, enum control_program program, void *call, __u32 size);

#endif
