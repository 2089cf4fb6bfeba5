/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control: how user space changes and reads the pinned maps.  Used by the CLI
 * and by the agent; both see only this.
 *
 * Every function returns 0 or a negative errno and leaves its out-parameters
 * untouched on failure.  Pinned state is hostile until checked: what comes back
 * from a read has its indices in range and its strings terminated, or the call
 * fails with -EBADMSG.
 *
 * Changes go through BPF programs (bpf/control.bpf.c, run by BPF_PROG_RUN) which
 * write single fields in place, so that none of them undoes a switch made by the
 * data path meanwhile.  They are safe from several processes and threads.
 */
#ifndef SEGUE_CONTROL_H
#define SEGUE_CONTROL_H

#include <stdbool.h>
#include <segue/addr.h>
#include <segue/counter.h>
#include <segue/event.h>
#include <segue/link.h>
#include <segue/peer.h>
#include <segue/probe.h>
#include <segue/session.h>

struct segue;				/* open pins of one segue instance */

/*
 * Opens the pins below dir (NULL: $SEGUE_PIN_DIR, else SEGUE_PIN_DIR).
 * -ENOENT: not attached.  -ESTALE: pins of another version.  -EXDEV: they serve
 * another network namespace, whose devices bear other numbers.  -EPERM: rights.
 */
int segue_open(const char *dir, struct segue **out);
void segue_close(struct segue *segue);

/* Session.  put creates (-EEXIST if there) without paths; del removes it with
 * its paths, not with its SAs. -E2BIG: map full. */
int segue_session_put(struct segue *segue, __u32 id, const struct segue_session *session);
int segue_session_del(struct segue *segue, __u32 id);
int segue_session_get(struct segue *segue, __u32 id, struct segue_session *out);
/* Iterate: *id = 0 to begin; ids are never 0.  -ENOENT at the end. */
int segue_session_next(struct segue *segue, __u32 *id);
/* A rekeyed IKE_SA takes the session over: ike and name only. */
int segue_session_rename(struct segue *segue, __u32 id, __u32 ike, const char *name);
int segue_session_set_flags(struct segue *segue, __u32 id, __u8 flags);

/* What its peer told us: for people.  put replaces the entry; it goes with its session. */
int segue_peer_put(struct segue *segue, __u32 id, const struct segue_peer *peer);
int segue_peer_get(struct segue *segue, __u32 id, struct segue_peer *out);

/* Path.  put writes one slot (new or changed), del empties it.  Each emits a
 * PATH event with the reason given.  The active path may get other addresses: the
 * session goes on by a free slot for that instant, -ENOSPC if there is none. */
int segue_path_put(struct segue *segue, __u32 id, __u8 slot,
		   const struct segue_path *path, enum segue_reason reason);
int segue_path_del(struct segue *segue, __u32 id, __u8 slot, enum segue_reason reason);

/* The handover.  Emits a SWITCH event; 0 and no event if already there.
 * -ENOENT: no session or empty slot.  -ENETDOWN: its link is down. */
int segue_switch(struct segue *segue, __u32 id, __u8 slot, enum segue_reason reason);

/*
 * Soft handover: each packet is sent by a second path as well, until until_ns
 * (CLOCK_MONOTONIC), after which it ends whatever became of the caller; 0: until it
 * is changed.  The peer's replay window drops what comes second, and has to hold
 * what is sent while the slower path is behind the faster one.
 *
 * copy begins, changes or (SEGUE_NO_PATH) ends it; the session stays where it is.
 * -ENOENT: no session or empty slot.  -EINVAL: it is the active one.  -EACCES: not
 * verified, or for receiving only.  -ENETDOWN: its link is down.
 * switch_soft is segue_switch() and, in the same store, makes the path that is left
 * the one copied to.  Any switch to that one makes the two change places.
 * So: copy, wait a window, switch_soft; nothing is lost where both paths work.
 */
int segue_copy(struct segue *segue, __u32 id, __u8 slot, __u64 until_ns);
int segue_switch_soft(struct segue *segue, __u32 id, __u8 slot, __u64 until_ns,
		      enum segue_reason reason);

/*
 * CHILD_SAs apart: one whose SAs bear a number (segue_sa.child, 1 to
 * SEGUE_MAX_CHILDREN - 1, chosen by the caller) goes the session's way until it is
 * switched for itself, and again after a switch to SEGUE_NO_PATH.  Errors as above;
 * copies need a way of its own (-EINVAL).  The peer has to know before it is sent by
 * another way, or its return switch moves the whole session.
 */
int segue_child_switch(struct segue *segue, __u32 id, __u8 child, __u8 slot,
		       enum segue_reason reason);
int segue_child_switch_soft(struct segue *segue, __u32 id, __u8 child, __u8 slot,
			    __u64 until_ns, enum segue_reason reason);
int segue_child_copy(struct segue *segue, __u32 id, __u8 child, __u8 slot, __u64 until_ns);

/* SA.  put with a key that is there: -EEXIST. */
int segue_sa_put(struct segue *segue, const struct segue_sa_key *key, const struct segue_sa *sa);
int segue_sa_del(struct segue *segue, const struct segue_sa_key *key);
int segue_sa_get(struct segue *segue, const struct segue_sa_key *key, struct segue_sa *out);
/* Iterate: *key all zero to begin.  -ENOENT at the end. */
int segue_sa_next(struct segue *segue, struct segue_sa_key *key);

/* Link.  put adds the device to the map (flags: its state now), choosing bit. */
int segue_link_put(struct segue *segue, __u32 ifindex, struct segue_link *link);
int segue_link_del(struct segue *segue, __u32 ifindex);
int segue_link_get(struct segue *segue, __u32 ifindex, struct segue_link *out);
int segue_link_next(struct segue *segue, __u32 *ifindex);	/* *ifindex = 0 to begin */
/* What fentry does by itself; for rtnetlink where fentry is refused. */
int segue_link_set(struct segue *segue, __u32 ifindex, __u8 flags, enum segue_reason reason);

/* It is about to be taken away: as if it were down, but for what is received by it; ends
 * by itself when it goes down.  Or it is not, after all. */
int segue_link_drain(struct segue *segue, __u32 ifindex, bool drain);

/* Its radio signal is low, or lost (reason), or good again (NONE); what this means for the
 * paths is the agent's affair. */
int segue_link_weak(struct segue *segue, __u32 ifindex, enum segue_reason reason);

/* Addresses that a link owns. */
int segue_addr_put(struct segue *segue, const struct segue_addr *addr, __u32 ifindex);
int segue_addr_del(struct segue *segue, const struct segue_addr *addr);
int segue_addr_next(struct segue *segue, struct segue_addr *addr, __u32 *ifindex); /* all zero to begin */

/*
 * Probes (segue/probe.h).  put adds the keys that an id stands for, del takes them
 * away; -EEXIST: this session has them.  Those of another one are replaced.
 * probe_path gives a path its probe under the keys of that id, or changes keys and
 * times of the one that it has; probe_none takes it away.  -ENOENT: no session or
 * empty slot.  -ENOSPC: too many paths are probed.
 * probe_send sends count of them, at most SEGUE_PROBES_AT_ONCE.
 */
enum { SEGUE_PROBES_AT_ONCE = 4 };
int segue_probe_key_put(struct segue *segue, __u64 id, const struct segue_probe_key *key);
int segue_probe_key_del(struct segue *segue, __u64 id);
/* Keys of sessions that are there no more: who made them was killed. */
void segue_probe_keys_prune(struct segue *segue);
int segue_probe_path(struct segue *segue, __u32 session, __u8 slot, __u64 key,
		     __u64 interval_ns, __u8 multiplier);
int segue_probe_none(struct segue *segue, __u32 session, __u8 slot);
int segue_probe_send(struct segue *segue, __u32 index, unsigned int count);
int segue_probe_get(struct segue *segue, __u32 index, struct segue_probe *out);

/* An event that user space has to tell (a refused address, a failed check). */
int segue_event_emit(struct segue *segue, const struct segue_event *event);

int segue_state_get(struct segue *segue, struct segue_state *out);
int segue_counters_get(struct segue *segue, struct segue_counters *sum);
/* What was refused; id 0: to all, since attach. */
int segue_refused_get(struct segue *segue, __u32 id, struct segue_refused *out);

/*
 * Events.  A reader owns one ring in slot (SEGUE_READER_AGENT, or -1 for any
 * free monitor slot; -EBUSY when all are taken).  fd can be polled; read calls
 * back for each waiting event and returns how many.
 */
struct segue_reader;
typedef void (*segue_event_fn)(void *context, const struct segue_event *event);
int segue_reader_open(struct segue *segue, int slot, struct segue_reader **out);
void segue_reader_close(struct segue_reader *reader);
int segue_reader_fd(const struct segue_reader *reader);
int segue_reader_read(struct segue_reader *reader, segue_event_fn fn, void *context);

/* Names that people and scripts read. */
const char *segue_reason_name(enum segue_reason reason);	/* "carrier lost" */
const char *segue_event_name(enum segue_event_type type);	/* "link" */
const char *segue_check_name(enum segue_check check);		/* "verified" */
/* "restores, interfaces", of enum mobikex_capability; buf of SEGUE_CAPABILITIES_SIZE. */
#define SEGUE_CAPABILITIES_SIZE 96
const char *segue_capabilities_text(__u16 capabilities, char *buf);

/* Text of an address; buf holds at least INET6_ADDRSTRLEN octets. */
const char *segue_addr_text(const struct segue_addr *addr, char *buf);
/* -EINVAL: no address of either family. */
int segue_addr_parse(const char *text, struct segue_addr *out);

#endif
