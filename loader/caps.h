/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of this process: what segue needs, and what is missing. */
#ifndef SEGUE_CAPS_H
#define SEGUE_CAPS_H

#include <stddef.h>

/* The names of those that are missing, separated by blanks; how many that are. */
int caps_missing(char *names, size_t size);

#endif
