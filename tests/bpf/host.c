// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>
#include <segue/host.h>
#include "host.h"
#include "load.h"
#include "pins.h"

struct segue *host;
unsigned int host_features;

static char bpffs[64], pins[80];
static struct segue_counters last;
static struct segue_reader *reader;
static struct xdp_program *xdp;

const char *host_bpffs(void)
{
	if (*bpffs)
		return bpffs;
	strcpy(bpffs, P_tmpdir "/segue-test-XXXXXX");
	if (!mkdtemp(bpffs) || unshare(CLONE_NEWNS | CLONE_NEWNET) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", bpffs, "bpf", 0, NULL)) {
		perror("a bpffs of our own");
		exit(1);
	}
	snprintf(pins, sizeof(pins), "%s/segue", bpffs);
	setenv("SEGUE_PIN_DIR", pins, 1);
	return bpffs;
}

const char *host_pins(void)
{
	host_bpffs();
	return pins;
}

int host_up(void **state)
{
	int err;

	(void)state;
	host_bpffs();
	err = segue_load(NULL, &host_features);
	if (!err)
		err = segue_open(NULL, &host);
	if (err)
		fprintf(stderr, "load: %s\n", strerror(-err));
	return err;
}

int host_down(void **state)
{
	(void)state;
	events_end();
	segue_xdp_close(xdp);
	segue_close(host);
	if (segue_unload(NULL) || umount(bpffs) || rmdir(bpffs))
		return -1;
	return 0;
}

int host_reset(void **state)
{
	struct segue_sa_key key;
	struct segue_addr addr;
	__u32 id, ifindex;

	(void)state;
	/* always from the beginning: what the iterator stands on is gone */
	for (id = 0; !segue_session_next(host, &id); id = 0)
		assert_int_equal(segue_session_del(host, id), 0);
	for (key = (struct segue_sa_key){}; !segue_sa_next(host, &key);
	     key = (struct segue_sa_key){})
		assert_int_equal(segue_sa_del(host, &key), 0);
	for (id = 0; !segue_link_next(host, &id); id = 0)
		assert_int_equal(segue_link_del(host, id), 0);
	for (addr = (struct segue_addr){}; !segue_addr_next(host, &addr, &ifindex);
	     addr = (struct segue_addr){})
		assert_int_equal(segue_addr_del(host, &addr), 0);
	events_end();
	counted();
	return 0;
}

int host_reuse_pins(struct bpf_object *obj)
{
	struct bpf_map *map;
	int i, fd, err;

	for (i = 0; i < PIN_MAPS; i++) {
		map = bpf_object__find_map_by_name(obj, pin_shapes[i].object_name);
		if (!map)
			continue;
		err = pin_open_map(pins, i, &fd);
		if (!err) {
			err = bpf_map__reuse_fd(map, fd);
			close(fd);
		}
		if (err)
			return err;
	}
	return 0;
}

struct segue_addr address(const char *text)
{
	struct segue_addr addr = {};

	assert_int_equal(segue_addr_parse(text, &addr), 0);
	return addr;
}

void link_up(__u32 ifindex, const char *name)
{
	struct segue_link link = { .flags = SEGUE_LINK_UP };

	strncpy(link.name, name, sizeof(link.name) - 1);
	assert_int_equal(segue_link_put(host, ifindex, &link), 0);
}

void link_down(__u32 ifindex)
{
	assert_int_equal(segue_link_set(host, ifindex,
					SEGUE_LINK_UP & ~SEGUE_LINK_CARRIER,
					SEGUE_REASON_CARRIER_LOST), 0);
}

void session_ports(__u32 id, const char *local, const char *remote, __u32 spi,
		   __u16 local_port, __u16 remote_port)
{
	struct segue_session session = {
		.local = address(local),
		.remote = address(remote),
		.local_port = htons(local_port),
		.remote_port = htons(remote_port),
	};
	struct segue_sa_key key = { .spi = htonl(spi) };
	struct segue_sa sa = { .session = id, .mode = SEGUE_SA_TUNNEL };

	snprintf(session.name, sizeof(session.name), "session-%u", id);
	assert_int_equal(segue_session_put(host, id, &session), 0);
	key.peer = segue_addr_fold(&session.remote);
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
	key.spi = htonl(spi + 1);
	key.peer = 0;
	sa.flags = SEGUE_SA_INBOUND;
	assert_int_equal(segue_sa_put(host, &key, &sa), 0);
}

void session_up(__u32 id, const char *local, const char *remote, __u32 spi)
{
	session_ports(id, local, remote, spi, 0, 0);
}

void path_up(__u32 id, __u8 slot, const char *local, const char *remote, __u32 ifindex,
	     __u8 flags)
{
	struct segue_path path = {
		.local = address(local),
		.remote = address(remote),
		.ifindex = ifindex,
		.priority = slot,
		.flags = flags,
	};

	assert_int_equal(segue_path_put(host, id, slot, &path, SEGUE_REASON_PATH_ADDED), 0);
}

const struct ends canonical[SESSIONS + 1] = {
	[V4] = { "10.0.0.1", "10.9.0.1" },
	[V6] = { "2001:db8::1", "2001:db8:9::1" },
	[V4_UDP] = { "10.0.0.2", "10.9.0.2" },
	[V6_UDP] = { "2001:db8::2", "2001:db8:9::2" },
}, paths[SESSIONS + 1][PATHS] = {
	[V4] = { { "10.0.0.1", "10.9.0.1" }, { "10.1.0.1", "10.9.0.1" },
		 { "10.1.0.1", "10.9.1.1" }, { "10.1.0.1", "10.9.3.1" } },
	[V6] = { { "2001:db8::1", "2001:db8:9::1" }, { "2001:db8:1::1", "2001:db8:9::1" },
		 { "2001:db8:1::1", "2001:db8:91::1" }, { "2001:db8:1::1", "2001:db8:93::1" } },
	[V4_UDP] = { { "10.0.0.2", "10.9.0.2" }, { "10.1.0.2", "10.9.0.2" },
		     { "10.1.0.2", "10.9.1.2" }, { "10.1.0.2", "10.9.3.2" } },
	[V6_UDP] = { { "2001:db8::2", "2001:db8:9::2" }, { "2001:db8:1::2", "2001:db8:9::2" },
		     { "2001:db8:1::2", "2001:db8:91::2" }, { "2001:db8:1::2", "2001:db8:93::2" } },
};

void sessions_up(__u32 unverified)
{
	__u32 id, slot;

	link_up(10, "wlan0");
	link_up(11, "lte0");
	for (id = 1; id <= SESSIONS; id++) {
		session_up(id, canonical[id].local, canonical[id].remote, id * 0x100);
		for (slot = 0; slot <= unverified; slot++)
			path_up(id, slot, paths[id][slot].local, paths[id][slot].remote,
				slot ? 11 : 10, slot == unverified ? SEGUE_PATH_EGRESS : BOTH);
	}
	counted();
}

static int xdp_load(void)
{
	struct bpf_object *obj;

	if (!xdp) {
		assert_int_equal(segue_xdp_open(NULL, &xdp), 0);
		assert_int_equal(bpf_object__load(xdp_program__bpf_obj(xdp)), 0);
	}
	obj = xdp_program__bpf_obj(xdp);
	return bpf_program__fd(bpf_object__find_program_by_name(obj, SEGUE_XDP_PROGRAM));
}

int program(const char *name)
{
	char path[160];
	int fd;

	if (!strcmp(name, "xdp"))
		return xdp_load();
	snprintf(path, sizeof(path), "%s/prog/%s", host_pins(), name);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	return fd;
}

unsigned int program_run(int fd, const unsigned char *in, size_t size, unsigned char *out,
			 size_t *out_size)
{
	unsigned char result[WIRE_SIZE + 256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = size,
		    .data_out = result, .data_size_out = sizeof(result), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	memcpy(out, result, opts.data_size_out);
	*out_size = opts.data_size_out;
	return opts.retval;
}

struct segue_counters counted(void)
{
	struct segue_counters now, since;
	size_t i;

	assert_int_equal(segue_counters_get(host, &now), 0);
	since = now;
	for (i = 0; i < sizeof(now) / sizeof(__u64); i++)
		((__u64 *)&since)[i] -= ((__u64 *)&last)[i];
	last = now;
	return since;
}

struct wire sent_by(__u32 id)
{
	return (struct wire){
		.source = canonical[id].local, .dest = canonical[id].remote,
		.spi = id * 0x100, .seq = 7, .udp = id >= V4_UDP,
	};
}

struct wire by_path(struct wire wire, __u32 id, __u32 slot)
{
	wire.source = paths[id][slot].local;
	wire.dest = paths[id][slot].remote;
	return wire;
}

void expect_sent(const char *what, const struct wire *in, unsigned int verdict,
		   const struct wire *out, struct segue_counters counters)
{
	unsigned char packet[WIRE_SIZE], wanted[WIRE_SIZE], got[WIRE_SIZE + 256];
	size_t size = wire_build(in, packet), wanted_size = wire_build(out, wanted), got_size;
	struct segue_counters now;
	int egress = program("egress");
	unsigned int was;

	counted();
	was = program_run(egress, packet, size, got, &got_size);
	now = counted();
	close(egress);
	if (was != verdict || got_size != wanted_size || memcmp(got, wanted, wanted_size) ||
	    memcmp(&now, &counters, sizeof(now)))
		print_message("fixture: %s\n", what);
	assert_int_equal(was, verdict);
	assert_int_equal(got_size, wanted_size);
	assert_memory_equal(got, wanted, wanted_size);
	assert_memory_equal(&now, &counters, sizeof(now));
}

static void on_event(void *context, const struct segue_event *event)
{
	struct events *events = context;

	assert_in_range(events->count, 0, 63);
	events->event[events->count++] = *event;
}

void events_begin(void)
{
	assert_int_equal(segue_reader_open(host, SEGUE_READER_AGENT, &reader), 0);
}

struct events events_take(void)
{
	struct events events = {};

	assert_true(segue_reader_read(reader, on_event, &events) >= 0);
	return events;
}

void events_end(void)
{
	segue_reader_close(reader);
	reader = NULL;
}
