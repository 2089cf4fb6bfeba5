// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>
#include <segue/counter.h>
#include <segue/link.h>
#include "load.h"
#include "pins.h"
#include "segue_xdp.skel.h"

/* The object's maps are those that are pinned, not new ones. */
static int reuse_pins(struct bpf_object *obj, const char *dir)
{
	struct bpf_map *map;
	int i, fd, err;

	for (i = 0; i < PIN_MAPS; i++) {
		map = bpf_object__find_map_by_name(obj, pin_shapes[i].object_name);
		if (!map)		/* not one that this program uses */
			continue;
		err = pin_open_map(dir, i, &fd);
		if (err)
			return err;
		err = bpf_map__reuse_fd(map, fd);	/* keeps a duplicate */
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

int segue_xdp_open(const char *pin_dir, struct xdp_program **out)
{
	libbpf_print_fn_t print;
	struct bpf_object *obj;
	struct xdp_program *prog;
	const void *elf;
	size_t size;
	int err;

	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "segue_xdp");

	elf = segue_xdp_bpf__elf_bytes(&size);
	/* libbpf remarks on libxdp's own section at every opening */
	print = libbpf_set_print(NULL);
	obj = bpf_object__open_mem(elf, size, &opts);
	libbpf_set_print(print);
	if (!obj)
		return -errno;
	err = reuse_pins(obj, pin_dir_or_default(pin_dir));
	if (err)
		goto fail;
	prog = xdp_program__from_bpf_obj(obj, "xdp");
	err = libxdp_get_error(prog);
	if (err)
		goto fail;
	*out = prog;
	return 0;
fail:
	bpf_object__close(obj);
	return err;
}

void segue_xdp_close(struct xdp_program *program)
{
	struct bpf_object *obj;

	if (!program)
		return;
	obj = xdp_program__bpf_obj(program);
	xdp_program__close(program);
	bpf_object__close(obj);
}
