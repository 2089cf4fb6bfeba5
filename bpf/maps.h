/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every map, once.  Weak: each object of bpf/ brings the definition and the
 * linker (bpftool gen object) keeps one.  Global variables stand in
 * globals.bpf.c; their sections become maps too and are pinned without the
 * ".data." of their names.
 *
 * Hash maps are preallocated: an insertion never fails for want of memory while
 * there is room, and sleepable programs may use them.
 */
#ifndef SEGUE_BPF_MAPS_H
#define SEGUE_BPF_MAPS_H

#include "kernel.h"
#include <segue/addr.h>
#include <segue/counter.h>
#include <segue/event.h>
#include <segue/flow.h>
#include <segue/link.h>
#include <segue/peer.h>
#include <segue/probe.h>
#include <segue/session.h>

/* The devices under segue and their state; the loader creates entries, the link
 * watch and control_link change flags; read by control_path and by people. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEGUE_MAX_LINKS);
	__type(key, __u32);
	__type(value, struct segue_link);
} link __weak SEC(".maps");

/* Which device owns a local address; written by the loader and the agent, read
 * by egress steering for packets of no SA. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEGUE_MAX_ADDRS);
	__type(key, struct segue_addr);
	__type(value, __u32);
} addr __weak SEC(".maps");

/* The IKE_SAs with their paths; the agent creates them, the data path moves
 * "active", control programs change the rest; read for every ESP packet. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEGUE_MAX_SESSIONS);
	__type(key, __u32);
	__type(value, struct segue_session);
} session __weak SEC(".maps");

/* Which session an SPI belongs to; the agent creates entries before XFRM has
 * the SA, the return switch keeps "highest"; read for every ESP packet. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEGUE_MAX_SAS);
	__type(key, struct segue_sa_key);
	__type(value, struct segue_sa);
} sa __weak SEC(".maps");

/* What was refused, by session and in all; user space makes the entries, control_event
 * counts, control_delete removes; read by `segue`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEGUE_MAX_SESSIONS + 1);
	__type(key, __u32);
	__type(value, struct segue_refused);
} refused __weak SEC(".maps");

/* What the agent knows of each session's peer, written by it and read by `segue`; no
 * program touches it, so that it need not take memory in advance. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SEGUE_MAX_SESSIONS);
	__type(key, __u32);
	__type(value, struct segue_peer);
} peer __weak SEC(".maps");

/* A ring buffer for each reader of events; readers put their own in, every
 * program that has something to tell writes to all of them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SEGUE_MAX_READERS);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, SEGUE_RING_SIZE);
	});
} readers __weak SEC(".maps");

/* The last decisions of each CPU, and behind them one that is being made; written
 * and read by the CPU itself, in softirq or with softirqs off, so that nobody sees
 * half of one. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEGUE_FLOWS * SEGUE_FLOW_DIRECTIONS + 1);
	__type(key, __u32);
	__type(value, struct segue_flow);
} flows __weak SEC(".maps");

/* By which path did the packet with this SPI and sequence number come?  Written
 * by ingress restore before XFRM, read by the return switch after XFRM has
 * authenticated it.  See seen.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEGUE_SEEN);
	__type(key, __u32);
	__type(value, __u64);
} seen __weak SEC(".maps");

/* The paths that are probed; user space fills entries and gives them to paths,
 * the data path keeps them; read where a path with a probe sends or receives. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEGUE_MAX_PROBES);
	__type(key, __u32);
	__type(value, struct segue_probe);
} probe __weak SEC(".maps");

/* When to look at a path again; set and run by egress steering's object alone. */
struct probe_timer {
	struct bpf_timer timer;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEGUE_MAX_PROBES);
	__type(key, __u32);
	__type(value, struct probe_timer);
} probe_timer __weak SEC(".maps");

/* Keys of probes, by the id in them; the agent creates and removes entries, the
 * data path keeps windows and limit; read for every probe. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEGUE_MAX_PROBE_KEYS);
	__type(key, __u64);
	__type(value, struct segue_probe_key);
} probe_key __weak SEC(".maps");

#endif
