// SPDX-License-Identifier: GPL-2.0-or-later
/* Readers of events: a ring buffer each, in a slot of map "readers". */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <segue/host.h>
#include "control_private.h"

struct segue_reader {
	struct ring_buffer *buffer;
	segue_event_fn fn;		/* while reading */
	void *context;
	int readers;			/* map "readers", our own descriptor */
	int ring;			/* our ring buffer map */
	int lock;			/* -1: none (the agent) */
	__u32 slot;
	__u32 ring_id;
};

/* A ring is hostile, too, as all that is pinned. */
static bool event_valid(const struct segue_event *e, size_t size)
{
	if (size < sizeof(*e) || e->type < SEGUE_EVENT_LINK || e->type > SEGUE_EVENT_WISH)
		return false;
	return (e->from < SEGUE_MAX_PATHS || e->from == SEGUE_NO_PATH) &&
	       (e->to < SEGUE_MAX_PATHS || e->to == SEGUE_NO_PATH);
}

static int on_event(void *context, void *data, size_t size)
{
	struct segue_reader *reader = context;

	if (reader->fn && event_valid(data, size))
		reader->fn(reader->context, data);
	return 0;
}

/* One slot, one monitor: the lock goes with its process. */
static int lock_slot(__u32 slot, int *out)
{
	char path[128];
	int fd, err;

	if (mkdir(SEGUE_RUN_DIR, 0755) && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), SEGUE_RUN_DIR "/monitor.%u", slot);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

/* slot >= 0: that one.  Else any that no other monitor holds. */
static int take_slot(struct segue_reader *reader, int slot)
{
	int err = -EBUSY;
	__u32 i;

	if (slot == SEGUE_READER_AGENT)
		return 0;
	if (slot > 0) {
		reader->slot = slot;
		return lock_slot(slot, &reader->lock);
	}
	for (i = SEGUE_READER_AGENT + 1; i < SEGUE_MAX_READERS && err == -EBUSY; i++) {
		reader->slot = i;
		err = lock_slot(i, &reader->lock);
	}
	return err;
}

static int map_id(int fd, __u32 *id)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	*id = info.id;
	return 0;
}

static int open_ring(struct segue_reader *reader)
{
	int err;

	reader->ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "segue_events", 0, 0,
				      SEGUE_RING_SIZE, NULL);
	if (reader->ring < 0)
		return -errno;
	err = map_id(reader->ring, &reader->ring_id);
	if (err)
		return err;
	reader->buffer = ring_buffer__new(reader->ring, on_event, reader, NULL);
	if (!reader->buffer)
		return -errno;
	if (bpf_map_update_elem(reader->readers, &reader->slot, &reader->ring, BPF_ANY))
		return -errno;
	return 0;
}

int segue_reader_open(struct segue *segue, int slot, struct segue_reader **out)
{
	struct segue_reader *reader;
	int err;

	if (slot >= SEGUE_MAX_READERS || slot < -1)
		return -EINVAL;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->ring = reader->lock = -1;
	reader->readers = fcntl(segue->map[PIN_READERS], F_DUPFD_CLOEXEC, 0);
	err = reader->readers < 0 ? -errno : 0;
	if (!err)
		err = take_slot(reader, slot);
	if (!err)
		err = open_ring(reader);
	if (err) {
		segue_reader_close(reader);
		return err;
	}
	*out = reader;
	return 0;
}

void segue_reader_close(struct segue_reader *reader)
{
	__u32 id;

	if (!reader)
		return;
	/* unless a successor (charon restarted) has put its own ring there */
	if (reader->ring_id && !bpf_map_lookup_elem(reader->readers, &reader->slot, &id) &&
	    id == reader->ring_id)
		bpf_map_delete_elem(reader->readers, &reader->slot);
	ring_buffer__free(reader->buffer);
	if (reader->ring >= 0)
		close(reader->ring);
	if (reader->lock >= 0)
		close(reader->lock);
	if (reader->readers >= 0)
		close(reader->readers);
	free(reader);
}

int segue_reader_fd(const struct segue_reader *reader)
{
	return ring_buffer__epoll_fd(reader->buffer);
}

int segue_reader_read(struct segue_reader *reader, segue_event_fn fn, void *context)
{
	int n;

	reader->fn = fn;
	reader->context = context;
	n = ring_buffer__consume(reader->buffer);
	reader->fn = NULL;
	return n;
}
