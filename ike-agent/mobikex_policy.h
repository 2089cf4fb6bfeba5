/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirror's half for policies, reqids, routes and virtual IPs: the kernel's
 * addresses in policies, and what lies behind the peer routed over segue0.
 */
#ifndef MOBIKEX_POLICY_H_
#define MOBIKEX_POLICY_H_

#include "mobikex_session.h"

/** Put our functions into charon's table; original keeps its own. */
void mobikex_policy_install(kernel_interface_t *table,
							kernel_interface_t *original);

#endif	/* MOBIKEX_POLICY_H_ */
