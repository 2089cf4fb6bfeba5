// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <xdp/libxdp.h>
#include <segue/link.h>
#include "caps.h"
#include "ingress.h"
#include "load.h"
#include "pins.h"
#include "tc.h"

/* libxdp keeps its pins there (get_bpffs_dir()) and leaves the directory behind. */
#define LIBXDP_DIR "/sys/fs/bpf/xdp"

/* A directory of bpffs stands for a note: LIBXDP_DIR was not there before us. */
static void note_libxdp_dir(bool was_there)
{
	char note[512];

	if (!was_there && !access(LIBXDP_DIR, F_OK) &&
	    !pin_path(note, sizeof(note), pin_dir_or_default(NULL), "links", "libxdp_dir"))
		mkdir(note, 0700);
}

/* Only when it is empty; others may use it by now. */
static void remove_libxdp_dir(void)
{
	char note[512];

	if (!pin_path(note, sizeof(note), pin_dir_or_default(NULL), "links", "libxdp_dir") &&
	    !access(note, F_OK) && !rmdir(LIBXDP_DIR))
		rmdir(note);
}

void why_add(char *why, unsigned int size, const char *format, ...)
{
	va_list args;
	size_t len;

	if (!why || !size)
		return;
	len = strlen(why);
	if (len && len + 2 < size) {
		strcpy(why + len, "; ");
		len += 2;
	}
	va_start(args, format);
	vsnprintf(why + len, size - len, format, args);
	va_end(args);
}

/*
 * Our program among those that the dispatcher runs on a device.  -ENOENT: not
 * there.  *out is what it belongs to, to be closed; *program belongs to it.
 */
static int xdp_find(unsigned int ifindex, struct xdp_multiprog **out, struct xdp_program **program)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *found;
	bool alone;
	int err;

	err = libxdp_get_error(all);
	if (err)
		return err;
	alone = xdp_multiprog__is_legacy(all);
	found = alone ? xdp_multiprog__main_prog(all) : xdp_multiprog__next_prog(NULL, all);
	while (found && strcmp(xdp_program__name(found), SEGUE_XDP_PROGRAM))
		found = alone ? NULL : xdp_multiprog__next_prog(found, all);
	if (!found) {
		xdp_multiprog__close(all);
		return -ENOENT;
	}
	*out = all;
	*program = found;
	return 0;
}

static int xdp_detach(unsigned int ifindex)
{
	struct xdp_multiprog *all;
	struct xdp_program *program;
	int err = xdp_find(ifindex, &all, &program);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = xdp_program__detach(program, ifindex, xdp_multiprog__attach_mode(all), 0);
	xdp_multiprog__close(all);
	return err;
}

/* Without a dispatcher nobody else could run XDP beside us any more. */
static bool xdp_alone(unsigned int ifindex)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(ifindex);
	bool alone;

	if (libxdp_get_error(all))
		return false;
	alone = xdp_multiprog__is_legacy(all);
	xdp_multiprog__close(all);
	return alone;
}

static int xdp_attach(unsigned int ifindex, enum xdp_attach_mode mode)
{
	struct xdp_multiprog *all;
	struct xdp_program *program;
	int err;

	if (!xdp_find(ifindex, &all, &program)) {
		xdp_multiprog__close(all);
		return 0;
	}
	err = segue_xdp_open(NULL, &program);
	if (err)
		return err;
	err = xdp_program__attach(program, ifindex, mode, 0);
	segue_xdp_close(program);
	return err;
}

/* What a person can make of libxdp's error. */
static const char *xdp_refusal(int err)
{
	switch (err) {
	case -EBUSY:
	case -EEXIST:
		return "another XDP program holds the device without libxdp's dispatcher";
	case -EOPNOTSUPP:
		return "the driver has no native XDP";
	case -EINVAL:
	case -ERANGE:
	case -EMSGSIZE:
		return "the driver refuses native XDP here (MTU, offloads?)";
	case -ENOENT:
		return "libxdp's dispatcher is not installed";
	case -ELOOP:
	case -E2BIG:
		return "libxdp's dispatcher is full";
	default:
		return strerror(-err);
	}
}

static int ingress_xdp(unsigned int ifindex, enum uplink_ingress wish, char *why, unsigned int size)
{
	int err;

	/* without it libxdp takes the kernel for one without dispatcher */
	if (!caps_sys_admin()) {
		why_add(why, size, "no XDP: libxdp needs CAP_SYS_ADMIN");
		return -EPERM;
	}
	err = xdp_attach(ifindex, XDP_MODE_NATIVE);
	if (err && wish == UPLINK_XDP)
		err = xdp_attach(ifindex, XDP_MODE_SKB);
	if (err) {
		why_add(why, size, "no XDP: %s", xdp_refusal(err));
		return err;
	}
	if (!xdp_alone(ifindex))
		return 0;
	if (wish == UPLINK_XDP) {
		why_add(why, size, "XDP without dispatcher, which this kernel refuses: "
			"no other XDP program can run here");
		return 0;
	}
	why_add(why, size, "no XDP: this kernel refuses libxdp's dispatcher");
	err = xdp_detach(ifindex);
	return err ? err : -EOPNOTSUPP;
}

/* Raw IP, point-to-point: no Ethernet header for a program to find. */
static bool has_ethernet(const struct rtnl_link *device)
{
	return device->type == ARPHRD_ETHER;
}

static int ingress_tc(const struct rtnl_link *device, char *why, unsigned int size)
{
	int err = tc_attach(device->ifindex, TC_HOOK_INGRESS,
			    has_ethernet(device) ? "ingress_tc" : "ingress_tc_l3");

	if (err)
		why_add(why, size, "no tc: %s", strerror(-err));
	return err;
}

int ingress_attach(const struct rtnl_link *device, enum uplink_ingress wish,
		   unsigned char *flag, char *why, unsigned int size)
{
	bool ethernet = has_ethernet(device);
	bool libxdp_dir = !access(LIBXDP_DIR, F_OK);
	int err = -EOPNOTSUPP;

	if (ethernet && wish != UPLINK_TC)
		err = ingress_xdp(device->ifindex, wish, why, size);
	else if (!ethernet && wish != UPLINK_TC)
		why_add(why, size, "no XDP: the device has no Ethernet header");
	note_libxdp_dir(libxdp_dir);
	if (!err) {
		*flag = SEGUE_LINK_XDP;
		return 0;
	}
	remove_libxdp_dir();
	if (wish == UPLINK_XDP)
		return err;
	err = ingress_tc(device, why, size);
	if (!err)
		*flag = SEGUE_LINK_TC;
	return err;
}

int ingress_detach(unsigned int ifindex)
{
	bool libxdp_dir = !access(LIBXDP_DIR, F_OK);
	char name[IF_NAMESIZE];
	int err = 0, err_tc;

	if (if_indextoname(ifindex, name))
		err = xdp_detach(ifindex);
	else
		libxdp_clean_references(ifindex);
	note_libxdp_dir(libxdp_dir);
	remove_libxdp_dir();
	err_tc = tc_detach(ifindex, TC_HOOK_INGRESS);
	return err ? err : err_tc;
}

bool ingress_attached(unsigned int ifindex)
{
	struct xdp_multiprog *all;
	struct xdp_program *program;
	bool attached = !xdp_find(ifindex, &all, &program);

	if (attached)
		xdp_multiprog__close(all);
	return attached || tc_attached(ifindex, TC_HOOK_INGRESS);
}

/* libxdp takes such a dispatcher for a program of somebody who does without one. */
bool ingress_dispatcher_lost(unsigned int ifindex)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *program;
	bool lost;

	if (libxdp_get_error(all))
		return libxdp_get_error(all) != -ENOENT;
	program = xdp_multiprog__main_prog(all);
	lost = program && !strcmp(xdp_program__name(program), "xdp_dispatcher") &&
	       (xdp_multiprog__is_legacy(all) || !xdp_multiprog__next_prog(NULL, all));
	xdp_multiprog__close(all);
	return lost;
}
