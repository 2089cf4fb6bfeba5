// SPDX-License-Identifier: GPL-2.0-or-later
#include "globals.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 netns = 0;

struct segue_state state SEC(".data.state") = { .epoch = 1 };
struct segue_counters counters[SEGUE_MAX_CPUS] SEC(".data.counters") = {};
