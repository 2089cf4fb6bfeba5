// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of the library that only ever go into the log. */
#include "segue/addr.h"
#include "segue/event.h"
#include "control.h"

const char *segue_reason_name(enum segue_reason reason)
{
	(void)reason;
	return "";
}

const char *segue_addr_text(const struct segue_addr *addr, char *buf)
{
	(void)addr;
	buf[0] = '\0';
	return buf;
}
