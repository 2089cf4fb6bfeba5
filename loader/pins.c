// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <segue/counter.h>
#include <segue/flow.h>
#include <segue/host.h>
#include <segue/link.h>
#include <segue/peer.h>
#include <segue/probe.h>
#include <segue/session.h>
#include "pins.h"

const struct pin_shape pin_shapes[PIN_MAPS] = {
	[PIN_STATE] = { "state", ".data.state", BPF_MAP_TYPE_ARRAY, 4,
			sizeof(struct segue_state) },
	[PIN_COUNTERS] = { "counters", ".data.counters", BPF_MAP_TYPE_ARRAY, 4,
			   sizeof(struct segue_counters) * SEGUE_MAX_CPUS },
	[PIN_LINK] = { "link", "link", BPF_MAP_TYPE_HASH, 4, sizeof(struct segue_link) },
	[PIN_ADDR] = { "addr", "addr", BPF_MAP_TYPE_HASH, sizeof(struct segue_addr), 4 },
	[PIN_SESSION] = { "session", "session", BPF_MAP_TYPE_HASH, 4,
			  sizeof(struct segue_session) },
	[PIN_SA] = { "sa", "sa", BPF_MAP_TYPE_HASH, sizeof(struct segue_sa_key),
		     sizeof(struct segue_sa) },
	[PIN_REFUSED] = { "refused", "refused", BPF_MAP_TYPE_HASH, 4,
			  sizeof(struct segue_refused) },
	[PIN_PEER] = { "peer", "peer", BPF_MAP_TYPE_HASH, 4, sizeof(struct segue_peer) },
	[PIN_READERS] = { "readers", "readers", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4 },
	[PIN_FLOWS] = { "flows", "flows", BPF_MAP_TYPE_PERCPU_ARRAY, 4,
			sizeof(struct segue_flow) },
	[PIN_SEEN] = { "seen", "seen", BPF_MAP_TYPE_ARRAY, 4, sizeof(__u64) },
	[PIN_PROBE] = { "probe", "probe", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct segue_probe) },
	[PIN_PROBE_TIMER] = { "probe_timer", "probe_timer", BPF_MAP_TYPE_ARRAY, 4,
			      sizeof(struct bpf_timer) },
	[PIN_PROBE_KEY] = { "probe_key", "probe_key", BPF_MAP_TYPE_HASH, 8,
			    sizeof(struct segue_probe_key) },
};

const char *pin_dir_or_default(const char *dir)
{
	const char *environment = getenv("SEGUE_PIN_DIR");

	if (dir)
		return dir;
	return environment && *environment ? environment : SEGUE_PIN_DIR;
}

int pin_path(char *buf, size_t size, const char *dir, const char *a, const char *b)
{
	int n = snprintf(buf, size, "%s/%s%s%s", dir, a, b ? "/" : "", b ? b : "");

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int pin_netns(__u32 *out)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st))
		return -errno;
	*out = st.st_ino;
	return 0;
}

int pin_open_map(const char *dir, enum pin_map map, int *out)
{
	const struct pin_shape *shape = &pin_shapes[map];
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char path[512];
	int fd, err;

	err = pin_path(path, sizeof(path), dir, shape->name, NULL);
	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size)) {
		err = -errno;
		goto fail;
	}
	if (info.type != shape->type || info.key_size != shape->key_size ||
	    info.value_size != shape->value_size) {
		err = -ESTALE;
		goto fail;
	}
	*out = fd;
	return 0;
fail:
	close(fd);
	return err;
}
