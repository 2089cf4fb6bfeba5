/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes: keys for them from the IKE_SA's own, and their sending while no data goes
 * out (segue/probe.h, docs/mobike-x.md).  What they find is judged in the kernel;
 * here it is only told to IKE.  With the agent's lock held.
 */
#ifndef MOBIKEX_PROBE_H_
#define MOBIKEX_PROBE_H_

#include "mobikex_session.h"

/**
 * The peer is authenticated: derive keys, if it answers probes.
 */
void mobikex_probe_start(ike_sa_t *ike_sa);

/**
 * The same for an IKE_SA that takes over.  The peer may not know its keys before it
 * has seen the old one deleted: until that goes its keys are asked with, and those
 * that are answered with stay a while longer.
 */
void mobikex_probe_rekeyed(uint32_t old, ike_sa_t *new);

/**
 * The IKE_SA goes.
 */
void mobikex_probe_forget(uint32_t ike);

/**
 * The session's paths may have changed: probe those that can carry packets.
 */
void mobikex_probe_paths(mobikex_session_t *session);

/**
 * The session sends by this path now.
 */
void mobikex_probe_switched(mobikex_session_t *session, uint8_t slot);

/**
 * An event of type PATH: act if the probe was its cause.
 */
void mobikex_probe_event(const struct segue_event *event);

/**
 * segue was detached, or the plugin goes.
 */
void mobikex_probes_flush(void);

#endif	/* MOBIKEX_PROBE_H_ */
