// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading, loading twice, stale pins, and that a failure leaves nothing behind. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/capability.h>
#include <segue/host.h>
#include "host.h"
#include "load.h"
#include "pins.h"

static char pin[160];

static const char *pin_of(const char *name)
{
	snprintf(pin, sizeof(pin), "%s/%s", host_pins(), name);
	return pin;
}

static int setup(void **state)
{
	(void)state;
	return segue_load(NULL, NULL);
}

static int teardown(void **state)
{
	(void)state;
	return segue_unload(NULL);
}

static bool nothing_there(void)
{
	return access(host_pins(), F_OK) && errno == ENOENT;
}

static void test_twice(void **state)
{
	unsigned int features = 4711, loaded;
	struct segue_state now;
	struct segue *segue;
	struct stat st;

	(void)state;
	assert_int_equal(segue_load(NULL, &features), -EEXIST);
	assert_int_equal(features, 4711);
	assert_int_equal(segue_unload(NULL), 0);
	assert_true(nothing_there());
	assert_int_equal(segue_unload(NULL), 0);
	assert_int_equal(segue_open(NULL, &segue), -ENOENT);
	assert_int_equal(segue_loaded_features(NULL, &loaded), -ENOENT);
	assert_int_equal(segue_load(NULL, &features), 0);
	assert_int_equal(segue_loaded_features(NULL, &loaded), 0);
	assert_int_equal(loaded, features);

	assert_int_equal(segue_open(NULL, &segue), 0);
	assert_int_equal(segue_state_get(segue, &now), 0);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(now.netns, st.st_ino);
	assert_int_equal(now.version, SEGUE_MAP_VERSION);
	assert_int_equal(now.links_up, 0);
	segue_close(segue);
}

/* Every map carries BTF, so that bpftool prints names and not octets. */
static void test_btf(void **state)
{
	struct bpf_map_info info;
	__u32 size, i;
	int fd;

	(void)state;
	for (i = 0; i < PIN_MAPS; i++) {
		if (i == PIN_READERS)		/* a map of maps has no BTF */
			continue;
		size = sizeof(info);
		memset(&info, 0, size);
		assert_int_equal(pin_open_map(host_pins(), i, &fd), 0);
		assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
		assert_int_not_equal(info.btf_value_type_id, 0);
		close(fd);
	}
}

static void expect_stale(void)
{
	struct segue *segue = (void *)&pin;

	assert_int_equal(segue_open(NULL, &segue), -ESTALE);
	assert_ptr_equal(segue, &pin);
	assert_int_equal(segue_load(NULL, NULL), -ESTALE);
	assert_int_equal(segue_unload(NULL), 0);
	assert_int_equal(segue_load(NULL, NULL), 0);
}

static void test_other_version(void **state)
{
	struct segue_state *mapped;
	int fd;

	(void)state;
	assert_int_equal(pin_open_map(host_pins(), PIN_STATE, &fd), 0);
	mapped = mmap(NULL, sizeof(*mapped), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(mapped, MAP_FAILED);
	mapped->version++;
	munmap(mapped, sizeof(*mapped));
	close(fd);
	expect_stale();
}

/* Each pin in turn is missing. */
static void test_half_a_set(void **state)
{
	static const char *const names[] = { "prog/control_switch", "prog/control_event" };
	size_t i;

	(void)state;
	for (i = 0; i < PIN_MAPS; i++) {
		assert_int_equal(unlink(pin_of(pin_shapes[i].name)), 0);
		expect_stale();
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(unlink(pin_of(names[i])), 0);
		expect_stale();
	}
}

/* A map of an older version, whose entries were shorter. */
static void test_other_shape(void **state)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "sa", 8, 12, 16, NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(pin_of("sa")), 0);
	assert_int_equal(bpf_obj_pin(fd, pin_of("sa")), 0);
	close(fd);
	expect_stale();
}

/* What others pinned below goes, too. */
static void test_unload_all(void **state)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "other", 4, 4, 1, NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_pin(fd, pin_of("links/other")), 0);
	assert_int_equal(mkdir(pin_of("dev"), 0700), 0);
	assert_int_equal(bpf_obj_pin(fd, pin_of("dev/lte0")), 0);
	close(fd);
	assert_int_equal(segue_unload(NULL), 0);
	assert_true(nothing_there());
	assert_int_equal(segue_load(NULL, NULL), 0);
}

/* Seen from another network namespace, where our numbers mean other devices. */
static void test_other_netns(void **state)
{
	struct segue *segue;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(2);
		_exit(segue_open(NULL, &segue) == -EXDEV && segue_load(NULL, NULL) == -EXDEV ?
		      0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(segue_open(NULL, &segue), 0);
	segue_close(segue);
}

/* Root, but without the capabilities: a clear error, and nothing left. */
static void test_without_rights(void **state)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(segue_unload(NULL), 0);
	pid = fork();
	if (!pid) {
		syscall(SYS_capget, &header, data);
		data[0].effective &= ~(1u << CAP_SYS_ADMIN);
		data[1].effective &= ~(1u << (CAP_BPF - 32) | 1u << (CAP_PERFMON - 32));
		syscall(SYS_capset, &header, data);
		_exit(segue_load(NULL, NULL) == -EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(nothing_there());
	assert_int_equal(segue_load(NULL, NULL), 0);
}

/* Not a bpffs: nothing is made there, and nothing is ever removed. */
static void test_no_bpffs(void **state)
{
	char dir[] = P_tmpdir "/segue-test-XXXXXX", below[64];

	(void)state;
	assert_ptr_equal(mkdtemp(dir), dir);
	snprintf(below, sizeof(below), "%s/segue", dir);
	assert_int_equal(segue_load(below, NULL), -EINVAL);
	assert_int_equal(access(below, F_OK), -1);
	assert_int_equal(segue_unload(dir), -EINVAL);
	assert_int_equal(rmdir(dir), 0);
}

/* The ingress program finds the pinned maps, and only with pins of ours. */
static void test_xdp(void **state)
{
	struct xdp_program *xdp = NULL;

	(void)state;
	assert_int_equal(segue_xdp_open(NULL, &xdp), 0);
	segue_xdp_close(xdp);
	xdp = NULL;
	assert_int_equal(unlink(pin_of("sa")), 0);
	assert_int_equal(segue_xdp_open(NULL, &xdp), -ENOENT);
	assert_null(xdp);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_twice), TEST(test_btf), TEST(test_other_version),
		TEST(test_half_a_set), TEST(test_other_shape), TEST(test_unload_all),
		TEST(test_other_netns), TEST(test_without_rights), TEST(test_no_bpffs), TEST(test_xdp),
	};
	const char *bpffs = host_bpffs();
	int failed = cmocka_run_group_tests_name("load", tests, NULL, NULL);

	umount(bpffs);
	rmdir(bpffs);
	return failed;
}
