// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening the pins, running the control programs, state and counters. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <segue/host.h>
#include "control_private.h"

static const char *const programs[CONTROL_PROGRAMS] = {
	[CONTROL_SWITCH] = "control_switch",
	[CONTROL_COPY] = "control_copy",
	[CONTROL_PATH] = "control_path",
	[CONTROL_SESSION] = "control_session",
	[CONTROL_LINK] = "control_link",
	[CONTROL_DELETE] = "control_delete",
	[CONTROL_EVENT] = "control_event",
	[CONTROL_PROBE] = "control_probe",
	[CONTROL_PROBE_SEND] = "probe_send",
};

static int open_maps(struct segue *segue, const char *dir)
{
	int i, err;

	for (i = 0; i < PIN_MAPS; i++) {
		err = pin_open_map(dir, i, &segue->map[i]);
		/* the directory is there, this is not: half a set */
		if (err == -ENOENT)
			err = -ESTALE;
		if (err)
			return err;
	}
	return 0;
}

static int open_programs(struct segue *segue, const char *dir)
{
	char path[512];
	int i, err;

	for (i = 0; i < CONTROL_PROGRAMS; i++) {
		err = pin_path(path, sizeof(path), dir, "prog", programs[i]);
		if (err)
			return err;
		segue->program[i] = bpf_obj_get(path);
		if (segue->program[i] < 0)
			return errno == ENOENT ? -ESTALE : -errno;
	}
	return 0;
}

/* The global variables lie in an array that can be mapped (BPF_F_MMAPABLE). */
static int map_state(struct segue *segue)
{
	void *state;
	__u32 netns;
	int err;

	err = pin_netns(&netns);
	if (err)
		return err;
	state = mmap(NULL, sizeof(*segue->state), PROT_READ | PROT_WRITE, MAP_SHARED,
		     segue->map[PIN_STATE], 0);
	if (state == MAP_FAILED)
		return -errno;
	segue->state = state;
	if (__atomic_load_n(&segue->state->version, __ATOMIC_ACQUIRE) != SEGUE_MAP_VERSION)
		return -ESTALE;
	return segue->state->netns == netns ? 0 : -EXDEV;
}

int segue_open(const char *dir, struct segue **out)
{
	struct segue *segue;
	int i, err;

	dir = pin_dir_or_default(dir);
	if (access(dir, F_OK))
		return -errno;
	segue = calloc(1, sizeof(*segue));
	if (!segue)
		return -ENOMEM;
	for (i = 0; i < PIN_MAPS; i++)
		segue->map[i] = -1;
	for (i = 0; i < CONTROL_PROGRAMS; i++)
		segue->program[i] = -1;

	err = open_maps(segue, dir);
	if (!err)
		err = map_state(segue);
	if (!err)
		err = open_programs(segue, dir);
	if (err) {
		segue_close(segue);
		return err;
	}
	*out = segue;
	return 0;
}

void segue_close(struct segue *segue)
{
	int i;

	if (!segue)
		return;
	if (segue->state)
		munmap(segue->state, sizeof(*segue->state));
	for (i = 0; i < PIN_MAPS; i++)
		if (segue->map[i] >= 0)
			close(segue->map[i]);
	for (i = 0; i < CONTROL_PROGRAMS; i++)
		if (segue->program[i] >= 0)
			close(segue->program[i]);
	free(segue);
}

int control_run(struct segue *segue, enum control_program program, void *call, __u32 size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = call, .ctx_size_in = size);
	int retval;

	if (bpf_prog_test_run_opts(segue->program[program], &opts))
		return -errno;
	retval = opts.retval;
	return retval > 0 ? -EBADMSG : retval;
}

int segue_event_emit(struct segue *segue, const struct segue_event *event)
{
	struct segue_event call = *event;

	return control_run(segue, CONTROL_EVENT, &call, sizeof(call));
}

int segue_state_get(struct segue *segue, struct segue_state *out)
{
	*out = *segue->state;
	return 0;
}

int segue_counters_get(struct segue *segue, struct segue_counters *sum)
{
	const size_t fields = sizeof(*sum) / sizeof(__u64);
	struct segue_counters total = {};
	struct segue_counters *rows;
	__u32 key = 0;
	size_t i, f;
	int err = 0;

	rows = aligned_alloc(_Alignof(struct segue_counters), SEGUE_MAX_CPUS * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	if (bpf_map_lookup_elem(segue->map[PIN_COUNTERS], &key, rows)) {
		err = -errno;
		goto out;
	}
	for (i = 0; i < SEGUE_MAX_CPUS; i++)
		for (f = 0; f < fields; f++)
			((__u64 *)&total)[f] += ((__u64 *)&rows[i])[f];
	*sum = total;
out:
	free(rows);
	return err;
}
