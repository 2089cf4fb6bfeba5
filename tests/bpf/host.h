/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host under segue for one test program: namespaces and a bpffs of its own,
 * programs loaded and pinned, maps filled through loader/control.h only.
 */
#ifndef SEGUE_TESTS_HOST_H
#define SEGUE_TESTS_HOST_H

/* cmocka wants these before itself */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "control.h"
#include "wire.h"

extern struct segue *host;
extern unsigned int host_features;	/* of segue_load() */

/* Group setup and teardown for cmocka; reset empties the maps. */
int host_up(void **state);
int host_down(void **state);
int host_reset(void **state);

/* An own bpffs, mounted where nobody else sees it; returns where. */
const char *host_bpffs(void);
const char *host_pins(void);

/* Makes an object of a test use the pinned maps. */
struct bpf_object;
int host_reuse_pins(struct bpf_object *obj);

struct segue_addr address(const char *text);

/* Links lead nowhere: BPF_PROG_TEST_RUN does not send. */
void link_up(__u32 ifindex, const char *name);
void link_down(__u32 ifindex);

/* A session with canonical pair, both SAs: outbound spi, inbound spi + 1. */
void session_up(__u32 id, const char *local, const char *remote, __u32 spi);
void session_ports(__u32 id, const char *local, const char *remote, __u32 spi,
		   __u16 local_port, __u16 remote_port);
void path_up(__u32 id, __u8 slot, const char *local, const char *remote, __u32 ifindex,
	     __u8 flags);

enum { BOTH = SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED };

/*
 * One session of each kind, session N with outbound SPI N * 0x100; paths 0 to
 * unverified - 1 verified, and that one for egress only.  Path 0 leaves by link
 * 10, the others by 11.
 */
enum { V4 = 1, V6, V4_UDP, V6_UDP, SESSIONS = V6_UDP, PATHS = 4 };
struct ends { const char *local, *remote; };
extern const struct ends canonical[SESSIONS + 1], paths[SESSIONS + 1][PATHS];
void sessions_up(__u32 unverified);

/* Programs, by name below prog/; "xdp" is loaded from its own object. */
int program(const char *name);
/* Runs one, and returns its verdict; in and out may be the same. */
unsigned int program_run(int fd, const unsigned char *in, size_t size, unsigned char *out,
			 size_t *out_size);

/* Counters since the last call. */
struct segue_counters counted(void);

/* What XFRM sends on such a session, and how it looks when it left by a path. */
struct wire sent_by(__u32 id);
struct wire by_path(struct wire wire, __u32 id, __u32 slot);
/* Egress steering has to give this verdict, these octets and counters; all other
 * counters stay. */
void expect_sent(const char *what, const struct wire *in, unsigned int verdict,
		 const struct wire *out, struct segue_counters counters);

/* Events since the last call, at most max of them. */
struct events {
	struct segue_event event[64];
	unsigned int count;
};
void events_begin(void);
struct events events_take(void);
void events_end(void);

#endif
