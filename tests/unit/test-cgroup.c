// SPDX-License-Identifier: MIT
/* Unit, session and container of a cgroup path. The unit cases are those of systemd's own
 * test-cgroup-util.c where it has them. */
#include "cgroup.h"

#include "pool.h"
#include "unit-name.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "1b2c3d4e-0000-4444-8888-0123456789ab"
#define POD_ "1b2c3d4e_0000_4444_8888_0123456789ab"

static struct pool *pool;

static void setup(void)
{
	pool = pool_new();
}

static void teardown(void)
{
	pool_free(pool);
}

static struct cgroup parse(const char *text)
{
	struct cgroup cgroup;

	cgroup_parse(pool, text, strlen(text), &cgroup);
	return cgroup;
}

static void same(const char *what, const char *path, const char *got, const char *want)
{
	ck_assert_msg((!got && !want) || (got && want && !strcmp(got, want)),
		      "%s of %s: %s, not %s", what, path, got ? got : "none", want ? want : "none");
}

static const struct {
	const char *path, *unit, *slice, *session, *user_unit, *user_slice;
	int owner; /* -1: none */
} unit_cases[] = {
	{ "/system.slice/nginx.service", "nginx.service", "system.slice", 0, 0, 0, -1 },
	{ "/system.slice/nginx.service/sub/group", "nginx.service", "system.slice", 0, 0, 0, -1 },
	{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service",
	  "system-getty.slice", 0, 0, 0, -1 },
	{ "/init.scope", "init.scope", "-.slice", 0, 0, 0, -1 },
	{ "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "user-1000.slice", "3",
	  0, 0, 1000 },
	{ "/user.slice/user-1000.slice/session-c12.scope", "session-c12.scope", "user-1000.slice",
	  "c12", 0, 0, 1000 },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service",
	  "user@1000.service", "user-1000.slice", 0, "pipewire.service", "app.slice", 1000 },
	{ "/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service",
	  "user-1000.slice", 0, "init.scope", "-.slice", 1000 },
	{ "/user.slice/user-0.slice/user@0.service/app.slice/app-dbus.slice/dbus.service",
	  "user@0.service", "user-0.slice", 0, "dbus.service", "app-dbus.slice", 0 },
	{ "/user.slice/user-1000.slice/user@1000.service", "user@1000.service", "user-1000.slice",
	  0, 0, 0, 1000 },
	{ "/user.slice/user-1000.slice", 0, "user-1000.slice", 0, 0, 0, 1000 },
	{ "/system.slice", 0, "system.slice", 0, 0, 0, -1 },
	{ "/_cgroup.foo.service", "cgroup.foo.service", "-.slice", 0, 0, 0, -1 },
	{ "/system.slice/_cpu.service/x", "cpu.service", "system.slice", 0, 0, 0, -1 },
	{ "/system.slice/dev-disk-by\\x2dlabel-a.swap", "dev-disk-by\\x2dlabel-a.swap",
	  "system.slice", 0, 0, 0, -1 },
	{ "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "system.slice", 0, 0, 0, -1 },
	{ "/waldo.slice/foobar@baz.service", "foobar@baz.service", "waldo.slice", 0, 0, 0, -1 },
	{ "/../nginx.service", "nginx.service", "-.slice", 0, 0, 0, -1 },
	{ "/../../system.slice/ssh.service", "ssh.service", "system.slice", 0, 0, 0, -1 },
	{ "/system.slice/foo@.service", 0, "system.slice", 0, 0, 0, -1 }, /* a template runs not */
	{ "/system.slice/foo bar.service", 0, "system.slice", 0, 0, 0, -1 },
	{ "/system.slice/.service", 0, "system.slice", 0, 0, 0, -1 },
	{ "/system.slice/@x.service", 0, "system.slice", 0, 0, 0, -1 },
	{ "/foo", 0, 0, 0, 0, 0, -1 },
	{ "/", 0, 0, 0, 0, 0, -1 },
	{ "/user.slice/user-99999999999.slice/session-1.scope", "session-1.scope",
	  "user-99999999999.slice", "1", 0, 0, -1 },
	{ "/system.slice/session-.scope", "session-.scope", "system.slice", 0, 0, 0, -1 },
	{ "/system.slice/user@bob.service/app.slice/x.service", "user@bob.service", "system.slice",
	  0, 0, 0, -1 },
	{ "/system.slice/system.slice.service/x.service", "system.slice.service", "system.slice", 0,
	  0, 0, -1 },
};

START_TEST(units)
{
	const char *path = unit_cases[_i].path;
	struct cgroup c = parse(pool_printf(pool, "0::%s\n", path));

	same("path", path, c.path, path);
	same("unit", path, c.unit, unit_cases[_i].unit);
	same("slice", path, c.slice, unit_cases[_i].slice);
	same("session", path, c.session, unit_cases[_i].session);
	same("user unit", path, c.user_unit, unit_cases[_i].user_unit);
	same("user slice", path, c.user_slice, unit_cases[_i].user_slice);
	ck_assert_int_eq(c.has_owner ? (int)c.owner : -1, unit_cases[_i].owner);
}
END_TEST

static const struct {
	const char *path, *runtime, *container, *pod;
} container_cases[] = {
	{ "/docker/" ID, "docker", ID, 0 },
	{ "/docker/" ID "/system.slice/nginx.service", "docker", ID, 0 },
	{ "/system.slice/docker-" ID ".scope", "docker", ID, 0 },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", "docker",
	  ID, 0 },
	{ "/machine.slice/libpod-" ID ".scope/container", "podman", ID, 0 },
	{ "/machine.slice/libpod-conmon-" ID ".scope", 0, 0, 0 },
	{ "/libpod_parent/libpod-" ID, "podman", ID, 0 },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", "podman",
	  ID, 0 },
	{ "/default/" ID, "containerd", ID, 0 },
	{ "/system.slice/nerdctl-" ID ".scope", "containerd", ID, 0 },
	{ "/kubepods/burstable/pod" POD "/" ID, "kubernetes", ID, POD },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_
	  ".slice/cri-containerd-" ID ".scope",
	  "containerd", ID, POD },
	{ "/kubepods.slice/kubepods-pod" POD_ ".slice/crio-" ID ".scope", "cri-o", ID, POD },
	{ "/kubepods.slice/kubepods-pod" POD_ ".slice/crio-conmon-" ID ".scope", 0, 0, POD },
	{ "/kubepods-besteffort-pod" POD_ ".slice:cri-containerd:" ID, "containerd", ID, POD },
	{ "/system.slice/containerd.service/kubepods-besteffort-pod" POD_
	  ".slice:cri-containerd:" ID,
	  "containerd", ID, POD },
	{ "/docker/" ID "/kubelet/kubepods/besteffort/pod" POD "/" ID2, "kubernetes", ID2, POD },
	{ "/../../kubepods-pod" POD_ ".slice/cri-containerd-" ID ".scope", "containerd", ID, POD },
	{ "/lxc/web", "lxc", "web", 0 },
	{ "/lxc/101/ns/system.slice/ssh.service", "lxc", "101", 0 },
	{ "/lxc.payload.web/system.slice/ssh.service", "lxc", "web", 0 },
	{ "/lxc.payload/web", "lxc", "web", 0 },
	{ "/lxc.monitor.web", 0, 0, 0 },
	{ "/machine.slice/machine-deb\\x2d12.scope/payload/system.slice/x.service",
	  "systemd-nspawn", "deb-12", 0 },
	{ "/machine.slice/systemd-nspawn@web.service/payload/init.scope", "systemd-nspawn", "web",
	  0 },
	{ "/machine.slice/systemd-nspawn@web.service/supervisor", 0, 0, 0 },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", "libvirt", "qemu-1-vm",
	  0 },
	{ "/machine.slice/machine-bad\\x.scope", 0, 0, 0 },
	{ "/ecs/1234/" ID, "ecs", ID, 0 },
	{ "/system.slice/docker.service", 0, 0, 0 },
	{ "/docker/" ID "0", 0, 0, 0 },
	{ "/docker/"
	  "deadbeef",
	  0, 0, 0 },
	{ "/lxc", 0, 0, 0 },
	{ "/init.scope", 0, 0, 0 },
};

START_TEST(containers)
{
	const char *path = container_cases[_i].path;
	struct cgroup c = parse(pool_printf(pool, "0::%s\n", path));

	same("runtime", path, c.runtime, container_cases[_i].runtime);
	same("container", path, c.container, container_cases[_i].container);
	same("pod", path, c.pod, container_cases[_i].pod);
}
END_TEST

START_TEST(hierarchies)
{
	/* v1, and hybrid as Debian 10 mounts it */
	struct cgroup c = parse("11:memory:/system.slice\n"
				"1:name=systemd:/system.slice/cron.service\n"
				"0::/system.slice/cron.service\n");
	ck_assert_str_eq(c.unit, "cron.service");
	c = parse("11:memory:/a.slice/b.service\n1:name=systemd:/system.slice/cron.service\n");
	ck_assert_str_eq(c.unit, "cron.service");
	ck_assert_str_eq(c.path, "/system.slice/cron.service");
	/* nobody uses the named hierarchy */
	c = parse("9:name=systemd:/\n0::/system.slice/cron.service\n");
	ck_assert_str_eq(c.unit, "cron.service");
	c = parse("9:name=systemd:/\n1:cpu:/\n0::/\n");
	ck_assert_str_eq(c.path, "/");
	ck_assert_ptr_null(c.unit);
	ck_assert_ptr_null(c.slice);
	/* docker on v1 without systemd */
	c = parse("4:memory:/docker/" ID "\n1:cpu:/docker/" ID "\n0::/\n");
	ck_assert_str_eq(c.runtime, "docker");
	ck_assert_str_eq(c.container, ID);
}
END_TEST

START_TEST(odd_lines)
{
	struct cgroup c = parse("0::/system.slice/gone.service (deleted)\n");
	ck_assert_str_eq(c.unit, "gone.service");
	ck_assert_str_eq(c.path, "/system.slice/gone.service");
	c = parse("0::/system.slice/a:b.service"); /* a colon in a name, no newline */
	ck_assert_str_eq(c.unit, "a:b.service");
	c = parse("0::/ (deleted)\n");
	ck_assert_ptr_null(c.unit);
	static const char *const nothing[] = { "",    "\n",     "0",     "0:",
					       "0::", "0::x\n", ":::\n", "0:/\n" };
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
		c = parse(nothing[i]);
		ck_assert_ptr_null(c.path);
		ck_assert_ptr_null(c.unit);
		ck_assert_ptr_null(c.runtime);
	}
	/* bytes that no kernel writes */
	static const char bytes[] = "0::/a\0b/c.service\n1:name=systemd:/\xff\x1b[0m.service\n";
	cgroup_parse(pool, bytes, sizeof bytes - 1, &c);
	ck_assert_ptr_null(c.unit);
	char *deep = pool_alloc(pool, 100001);
	memset(deep, '/', 100000);
	memcpy(deep, "0::", 3);
	c = parse(deep);
	ck_assert_ptr_null(c.unit);
}
END_TEST

START_TEST(names)
{
	ck_assert_int_eq(unit_name_form("a.service"), UNIT_NAME_PLAIN);
	ck_assert_int_eq(unit_name_form("a@.service"), UNIT_NAME_TEMPLATE);
	ck_assert_int_eq(unit_name_form("a@b.service"), UNIT_NAME_INSTANCE);
	ck_assert_int_eq(unit_name_form("a@b@c.service"), UNIT_NAME_INSTANCE);
	ck_assert_int_eq(unit_name_form("a"), UNIT_NAME_INVALID);
	ck_assert_int_eq(unit_name_form("a.conf"), UNIT_NAME_INVALID);
	ck_assert_int_eq(unit_name_form("a/b.service"), UNIT_NAME_INVALID);
	ck_assert_int_eq(unit_name_form("@b.service"), UNIT_NAME_INVALID);
	ck_assert_int_eq(unit_name_form("\xc3\xa4.service"), UNIT_NAME_INVALID);
	char name[300];
	memset(name, 'a', sizeof name);
	strcpy(name + 255 - 8, ".service");
	ck_assert_int_eq(unit_name_form(name), UNIT_NAME_PLAIN);
	memset(name, 'a', sizeof name);
	strcpy(name + 256 - 8, ".service");
	ck_assert_int_eq(unit_name_form(name), UNIT_NAME_INVALID);

	ck_assert_str_eq(unit_name_prefix(pool, "a-b@c.d.service"), "a-b");
	ck_assert_str_eq(unit_name_prefix(pool, "a.b.service"), "a.b");
	ck_assert_str_eq(unit_name_instance(pool, "a@c.d.service"), "c.d");
	ck_assert_str_eq(unit_name_instance(pool, "a@.service"), "");
	ck_assert_ptr_null(unit_name_instance(pool, "a.service"));
	ck_assert_str_eq(unit_name_template(pool, "a@c.d.service"), "a@.service");
	ck_assert_ptr_null(unit_name_template(pool, "a.service"));
	ck_assert_str_eq(unit_name_unescape(pool, "a\\x2db-c", false), "a-b-c");
	ck_assert_str_eq(unit_name_unescape(pool, "a\\x2db-c", true), "a-b/c");
	ck_assert_ptr_null(unit_name_unescape(pool, "a\\x2", false));
	ck_assert_ptr_null(unit_name_unescape(pool, "a\\", false));
}
END_TEST

START_TEST(a_user_manager_is_no_unit_of_its_own)
{
	static const char *const lines[] = {
		"0::/user.slice/user-7.slice/user@7.service/init.scope\n",
		"0::/user.slice/user-7.slice/user@7.service\n",
		"0::/system.slice/a.service/x.service\n",
		"0::/user.slice/user-7.slice/user@7.service/app.slice/a.service\n"
	};
	struct cgroup cgroup;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		cgroup_parse(pool, lines[i], strlen(lines[i]), &cgroup);
		ck_assert_int_eq(cgroup_is_of_user_unit(&cgroup), i == 3);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cgroup");
	TCase *test_case = tcase_create("cgroup");

	tcase_add_checked_fixture(test_case, setup, teardown);
	tcase_add_loop_test(test_case, units, 0, sizeof unit_cases / sizeof *unit_cases);
	tcase_add_loop_test(test_case, containers, 0,
			    sizeof container_cases / sizeof *container_cases);
	tcase_add_test(test_case, hierarchies);
	tcase_add_test(test_case, odd_lines);
	tcase_add_test(test_case, names);
	tcase_add_test(test_case, a_user_manager_is_no_unit_of_its_own);
	suite_add_tcase(suite, test_case);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
