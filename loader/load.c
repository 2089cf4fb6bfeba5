// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <segue/host.h>
#include "control.h"
#include "load.h"
#include "pins.h"
#include "segue.skel.h"

/* Programs that a kernel may refuse, each with what it gives. */
static const struct {
	const char *program;
	enum segue_feature feature;
} optional[] = {
	{ "link_carrier_off", SEGUE_FEATURE_CARRIER },
	{ "link_carrier_on", SEGUE_FEATURE_CARRIER },
	{ "link_admin", SEGUE_FEATURE_ADMIN },
	{ "link_close", SEGUE_FEATURE_CLOSE },
	{ "link_removed", SEGUE_FEATURE_REMOVAL },
	{ "link_tx_timeout", SEGUE_FEATURE_TX_TIMEOUT },
	{ "return_switch", SEGUE_FEATURE_RETURN },
};

enum { OPTIONAL = sizeof(optional) / sizeof(optional[0]) };

/* Programs that others attach or run. */
static const char *const pinned[] = {
	"egress", "ingress_tc", "ingress_tc_l3", "control_switch", "control_copy", "control_path",
	"control_session", "control_link", "control_delete", "control_event", "control_probe",
	"probe_send",
};

enum { PINNED = sizeof(pinned) / sizeof(pinned[0]) };

struct loaded {
	struct segue_bpf *skel;
	struct bpf_link *links[OPTIONAL];	/* NULL: not attached */
};

const char *segue_feature_name(enum segue_feature feature)
{
	switch (feature) {
	case SEGUE_FEATURE_CARRIER:	return "carrier watch";
	case SEGUE_FEATURE_ADMIN:	return "admin watch";
	case SEGUE_FEATURE_CLOSE:	return "early admin watch";
	case SEGUE_FEATURE_REMOVAL:	return "removal watch";
	case SEGUE_FEATURE_TX_TIMEOUT:	return "transmit timeout";
	case SEGUE_FEATURE_RETURN:	return "return switch";
	default:			return "unknown feature";
	}
}

static void loaded_close(struct loaded *l)
{
	int i;

	for (i = 0; i < OPTIONAL; i++)
		bpf_link__destroy(l->links[i]);
	segue_bpf__destroy(l->skel);
	memset(l, 0, sizeof(*l));
}

static struct bpf_program *program(struct segue_bpf *skel, const char *name)
{
	return bpf_object__find_program_by_name(skel->obj, name);
}

/* Loads with the optional programs of these features, and attaches them.
 * only: without all others, to see what the kernel takes. */
static int load_with(unsigned int features, bool only, struct loaded *out)
{
	struct bpf_program *prog;
	struct loaded l = {};
	int i, err;

	l.skel = segue_bpf__open();
	if (!l.skel)
		return -errno;
	err = pin_netns((__u32 *)&l.skel->rodata->netns);
	if (err)
		goto fail;
	if (only)
		bpf_object__for_each_program(prog, l.skel->obj)
			bpf_program__set_autoload(prog, false);
	for (i = 0; i < OPTIONAL; i++)
		bpf_program__set_autoload(program(l.skel, optional[i].program),
					  features & optional[i].feature);
	err = segue_bpf__load(l.skel);
	if (err)
		goto fail;
	for (i = 0; i < OPTIONAL; i++) {
		if (!(features & optional[i].feature))
			continue;
		l.links[i] = bpf_program__attach(program(l.skel, optional[i].program));
		if (!l.links[i]) {
			err = -errno;
			goto fail;
		}
	}
	*out = l;
	return 0;
fail:
	loaded_close(&l);
	return err;
}

bool segue_ftrace_enabled(void)
{
	FILE *file = fopen("/proc/sys/kernel/ftrace_enabled", "re");
	int value = 1;

	if (!file)	/* a kernel without ftrace refuses by itself */
		return true;
	if (fscanf(file, "%d", &value) != 1)
		value = 1;
	fclose(file);
	return value;
}

/*
 * Everything at once, as almost every kernel takes it; else each feature on its
 * own, and then those that worked.  What libbpf says of refusals that we can do
 * without is for the printer that the caller has set.
 */
static int load_what_works(struct loaded *out, unsigned int *features)
{
	struct loaded alone = {};
	unsigned int bit, wanted, works = SEGUE_FEATURE_ALL;
	int err;

	if (!segue_ftrace_enabled())
		works = SEGUE_FEATURE_TX_TIMEOUT;	/* a tracepoint, the only one */
	err = load_with(works, false, out);
	if (!err)
		goto done;
	wanted = works;
	works = 0;
	for (bit = 1; bit & SEGUE_FEATURE_ALL; bit <<= 1) {
		if (!(bit & wanted) || load_with(bit, true, &alone))
			continue;
		loaded_close(&alone);
		works |= bit;
	}
	err = load_with(works, false, out);
	if (err)
		return err;
done:
	*features = works;
	return 0;
}

static int pin_maps(const struct loaded *l, const char *dir)
{
	struct bpf_map *map;
	char path[512];
	int i, err;

	for (i = 0; i < PIN_MAPS; i++) {
		map = bpf_object__find_map_by_name(l->skel->obj, pin_shapes[i].object_name);
		if (!map)
			return -ENOENT;
		err = pin_path(path, sizeof(path), dir, pin_shapes[i].name, NULL);
		if (!err)
			err = bpf_map__pin(map, path);
		if (err)
			return err;
	}
	return 0;
}

static int make_dir(const char *dir, const char *name)
{
	char path[512];
	int err = pin_path(path, sizeof(path), dir, name, NULL);

	if (err)
		return err;
	return mkdir(path, 0700) ? -errno : 0;
}

static int pin_all(const struct loaded *l, const char *dir)
{
	char path[512];
	int i, err;

	err = pin_maps(l, dir);
	if (!err)
		err = make_dir(dir, "prog");
	if (!err)
		err = make_dir(dir, "links");
	for (i = 0; !err && i < PINNED; i++) {
		err = pin_path(path, sizeof(path), dir, "prog", pinned[i]);
		if (!err)
			err = bpf_program__pin(program(l->skel, pinned[i]), path);
	}
	for (i = 0; !err && i < OPTIONAL; i++) {
		if (!l->links[i])
			continue;
		err = pin_path(path, sizeof(path), dir, "links", optional[i].program);
		if (!err)
			err = bpf_link__pin(l->links[i], path);
	}
	return err;
}

static bool on_bpffs(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* The directory is there: ours, or left over from something else? */
static int what_is_there(const char *dir)
{
	struct segue *segue;
	int err = segue_open(dir, &segue);

	if (err == -ENOENT || err == -ESTALE)
		return segue_is_ours(dir) ? -ESTALE : -ENOTEMPTY;
	if (err)
		return err;
	segue_close(segue);
	return -EEXIST;
}

/* The host's own entry; those of sessions come with them. */
static int refused_begin(struct loaded *l)
{
	struct segue_refused none = {};
	__u32 host = 0;

	return bpf_map_update_elem(bpf_map__fd(l->skel->maps.refused), &host, &none, BPF_ANY) ?
		       -errno : 0;
}

int segue_load(const char *pin_dir, unsigned int *features)
{
	const char *dir = pin_dir_or_default(pin_dir);
	unsigned int got;
	struct loaded l;
	int err;

	/* making it is the lock: of two loaders one gets through */
	if (mkdir(dir, 0700))
		return errno == EEXIST ? what_is_there(dir) : -errno;
	if (!on_bpffs(dir)) {		/* nothing can be pinned here */
		rmdir(dir);
		return -EINVAL;
	}
	err = load_what_works(&l, &got);
	if (err)
		goto remove;
	err = pin_all(&l, dir);
	if (err)
		goto close;
	err = refused_begin(&l);
	if (err)
		goto close;
	l.skel->data_state->state.netns = l.skel->rodata->netns;
	/* last: without it the pins are not complete */
	__atomic_store_n(&l.skel->data_state->state.version, SEGUE_MAP_VERSION,
			 __ATOMIC_RELEASE);
	loaded_close(&l);
	if (features)
		*features = got;
	return 0;
close:
	loaded_close(&l);
remove:
	segue_unload(dir);
	return err;
}

/* Map state as libbpf names it; no other has that name by chance. */
static bool has_mark(const char *dir)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char path[512];
	bool mark;
	int fd;

	if (pin_path(path, sizeof(path), dir, pin_shapes[PIN_STATE].name, NULL))
		return false;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return false;
	mark = !bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == BPF_MAP_TYPE_ARRAY &&
	       !strcmp(info.name, pin_shapes[PIN_STATE].object_name);
	close(fd);
	return mark;
}

static bool known_map(const char *dir, const char *name)
{
	int i, fd;

	for (i = 0; i < PIN_MAPS; i++) {
		if (strcmp(name, pin_shapes[i].name) || pin_open_map(dir, i, &fd))
			continue;
		close(fd);
		return true;
	}
	return false;
}

/* below prog or links */
static bool known_below(const char *name)
{
	static const char *const per_device[] = { "tcx_", "clsact_", "libxdp_dir" };
	unsigned int i;

	for (i = 0; i < PINNED; i++)
		if (!strcmp(name, pinned[i]))
			return true;
	for (i = 0; i < OPTIONAL; i++)
		if (!strcmp(name, optional[i].program))
			return true;
	for (i = 0; i < sizeof(per_device) / sizeof(per_device[0]); i++)
		if (!strncmp(name, per_device[i], strlen(per_device[i])))
			return true;
	return false;
}

static bool all_known(const char *path, bool top)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool known = dir;
	char below[512];

	while (known && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!top)
			known = known_below(entry->d_name);
		else if (!strcmp(entry->d_name, "prog") || !strcmp(entry->d_name, "links"))
			known = !pin_path(below, sizeof(below), path, entry->d_name, NULL) &&
				all_known(below, false);
		else
			known = known_map(path, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return known;
}

bool segue_is_ours(const char *pin_dir)
{
	const char *dir = pin_dir_or_default(pin_dir);

	return has_mark(dir) || all_known(dir, true);
}

/* Depth first; directories of bpffs only. */
static int remove_below(int parent, const char *name)
{
	struct dirent *entry;
	int fd, err = 0;
	DIR *dir;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	while (!err && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (entry->d_type == DT_DIR)
			err = remove_below(fd, entry->d_name);
		else if (unlinkat(fd, entry->d_name, 0))
			err = -errno;
	}
	closedir(dir);
	if (!err && unlinkat(parent, name, AT_REMOVEDIR))
		err = -errno;
	return err;
}

int segue_unload(const char *pin_dir)
{
	const char *dir = pin_dir_or_default(pin_dir);

	if (access(dir, F_OK))
		return errno == ENOENT ? 0 : -errno;
	if (!on_bpffs(dir))		/* not a place to remove files from */
		return -EINVAL;
	return segue_is_ours(dir) ? remove_below(AT_FDCWD, dir) : -ENOTEMPTY;
}

int segue_loaded_features(const char *pin_dir, unsigned int *features)
{
	const char *dir = pin_dir_or_default(pin_dir);
	unsigned int got = SEGUE_FEATURE_ALL;
	char path[512];
	int i, err;

	if (access(dir, F_OK))
		return -errno;
	for (i = 0; i < OPTIONAL; i++) {
		err = pin_path(path, sizeof(path), dir, "links", optional[i].program);
		if (err)
			return err;
		if (access(path, F_OK))
			got &= ~optional[i].feature;
	}
	*features = got;
	return 0;
}
