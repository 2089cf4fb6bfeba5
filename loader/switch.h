/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEGUE_SWITCH_H
#define SEGUE_SWITCH_H

#include "control.h"

/*
 * One CHILD_SA by a path of its own; by its session's path: with the session again.
 * window_ms: softly; 0: now.  Returns when that is over.  > 0: the reason why it was
 * refused (enum segue_reason).  -ETIMEDOUT: no agent has done it.
 */
int switch_child(struct segue *segue, __u32 id, __u8 child, __u8 slot, __u64 window_ms);

#endif
