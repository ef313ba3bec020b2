// SPDX-License-Identifier: MIT
/* host.c: every state a file can have, nothing outside the tree, one state for one command. */
#include "host.h"

#include "error.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *root;
static struct host *host;

static void set_up(void)
{
	struct error err;

	root = tree_new();
	ck_assert_int_eq(host_open(root, &host, &err), 0);
}

static void tear_down(void)
{
	host_close(host);
}

static void reopen(void)
{
	struct error err;

	host_close(host);
	ck_assert_int_eq(host_open(root, &host, &err), 0);
}

/* ---- opening ----------------------------------------------------------------------------- */

START_TEST(a_root_must_be_a_directory)
{
	struct host *none = NULL;
	struct error err;

	tree_put(root, "/file", "x");
	ck_assert_int_eq(host_open(tree_path(root, "/missing"), &none, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.message, "/missing: No such file"));
	ck_assert_int_eq(host_open(tree_path(root, "/file"), &none, &err), -ENOTDIR);
	ck_assert_int_eq(host_open("", &none, &err), -ENOENT);
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(a_tree_is_not_live)
{
	struct host *live;
	struct error err;

	ck_assert(!host_is_live(host));
	ck_assert_str_eq(host_root(host), root);
	ck_assert_int_eq(host_open(NULL, &live, &err), 0);
	ck_assert(host_is_live(live));
	ck_assert_str_eq(host_root(live), "");
	host_close(live);
	host_close(NULL);
}
END_TEST

/* ---- files ------------------------------------------------------------------------------- */

START_TEST(a_file_is_read_whole)
{
	tree_put_bytes(root, "/etc/x", "a\0b\xff\n", 5);
	tree_chmod(root, "/etc/x", 0640);
	const struct file *file = host_file(host, "/etc/x");

	ck_assert_int_eq(file->state, FILE_PRESENT);
	ck_assert_uint_eq(file->size, 5);
	ck_assert_mem_eq(file->bytes, "a\0b\xff\n", 6);
	ck_assert_uint_eq(file->mode & 07777, 0640);
	ck_assert_uint_eq(file->uid, geteuid());
	ck_assert_str_eq(file->path, "/etc/x");
}
END_TEST

START_TEST(an_empty_file_is_present)
{
	tree_put(root, "/etc/empty", "");
	const struct file *file = host_file(host, "/etc/empty");

	ck_assert_int_eq(file->state, FILE_PRESENT);
	ck_assert_uint_eq(file->size, 0);
	ck_assert_str_eq(file->bytes, "");
}
END_TEST

static const struct {
	const char *path;
	enum file_state state;
	int error;
} states[] = {
	{ "/none", FILE_ABSENT, 0 },
	{ "/none/deeper", FILE_ABSENT, 0 },
	{ "/file/deeper", FILE_ABSENT, 0 },
	{ "/directory", FILE_DIRECTORY, 0 },
	{ "/to-directory", FILE_DIRECTORY, 0 },
	{ "/dangling", FILE_DANGLING, 0 },
	{ "/dangling-twice", FILE_DANGLING, 0 },
	{ "/loop", FILE_UNREADABLE, -ELOOP },
	{ "/fifo", FILE_UNREADABLE, -EINVAL },
	{ "/to-fifo", FILE_UNREADABLE, -EINVAL },
	{ "/null", FILE_NULL, 0 },
	{ "/large", FILE_UNREADABLE, -EFBIG },
	{ "/largest", FILE_PRESENT, 0 },
	{ "/to-file", FILE_PRESENT, 0 },
	{ "/absolute", FILE_PRESENT, 0 },
	{ "/from-above", FILE_PRESENT, 0 },
	{ "/directory/../file", FILE_PRESENT, 0 },
	{ "/../../../file", FILE_PRESENT, 0 },
	{ "//file", FILE_PRESENT, 0 },
};

START_TEST(every_state_is_seen)
{
	tree_put(root, "/file", "content");
	tree_directory(root, "/directory");
	tree_link(root, "/to-directory", "directory");
	tree_link(root, "/dangling", "nowhere");
	tree_link(root, "/dangling-twice", "/dangling");
	tree_link(root, "/loop", "loop");
	ck_assert_int_eq(mkfifo(tree_path(root, "/fifo"), 0644), 0);
	tree_link(root, "/to-fifo", "/fifo");
	tree_link(root, "/null", "/dev/null");
	tree_put(root, "/large", "");
	ck_assert_int_eq(truncate(tree_path(root, "/large"), HOST_FILE_MAX + 1), 0);
	tree_put(root, "/largest", "");
	ck_assert_int_eq(truncate(tree_path(root, "/largest"), HOST_FILE_MAX), 0);
	tree_link(root, "/to-file", "file");
	tree_link(root, "/absolute", "/directory/../file");
	tree_link(root, "/from-above", "../../../../file");

	const struct file *file = host_file(host, states[_i].path);
	ck_assert_int_eq(file->state, states[_i].state);
	if (file->state == FILE_ABSENT || file->state == FILE_DANGLING)
		ck_assert(file->error == -ENOENT || file->error == -ENOTDIR);
	else
		ck_assert_int_eq(file->error, states[_i].error);
	if (file->state != FILE_PRESENT) {
		ck_assert_str_eq(file->bytes, "");
		ck_assert_uint_eq(file->size, 0);
	} else if (file->size < 100) {
		ck_assert_str_eq(file->bytes, "content");
	}
	bool there = file->state != FILE_ABSENT && file->state != FILE_DANGLING &&
		     file->state != FILE_NULL && file->error != -ELOOP;
	ck_assert_int_eq(host_exists(host, states[_i].path), there);
}
END_TEST

START_TEST(what_may_not_be_read_is_named)
{
	tree_put(root, "/etc/secret", "x");
	tree_chmod(root, "/etc/secret", 0);
	tree_put(root, "/closed/file", "x");
	tree_chmod(root, "/closed", 0);
	tree_become_ordinary(root);

	ck_assert_int_eq(host_file(host, "/etc/secret")->state, FILE_UNREADABLE);
	ck_assert_int_eq(host_file(host, "/etc/secret")->error, -EACCES);
	ck_assert_int_eq(host_file(host, "/closed/file")->state, FILE_UNREADABLE);
	ck_assert_int_eq(host_file(host, "/closed/file")->error, -EACCES);
	ck_assert_int_eq(host_directory(host, "/closed")->state, FILE_UNREADABLE);
	ck_assert_int_eq(host_directory(host, "/closed")->error, -EACCES);
}
END_TEST

START_TEST(links_stay_inside)
{
	struct image image;

	/* This host has an /etc/passwd, the tree has none. */
	tree_link(root, "/absolute", "/etc/passwd");
	tree_link(root, "/relative", "../../../../../../../../etc/passwd");
	tree_link(root, "/etc", "/");
	tree_link(root, "/proc-self", "/proc/self/root/etc/passwd");

	ck_assert_int_eq(host_file(host, "/absolute")->state, FILE_DANGLING);
	ck_assert_int_eq(host_file(host, "/relative")->state, FILE_DANGLING);
	ck_assert_int_eq(host_file(host, "/etc/passwd")->state, FILE_ABSENT);
	ck_assert_int_eq(host_file(host, "/etc/../../../../etc/passwd")->state, FILE_ABSENT);
	ck_assert_int_eq(host_file(host, "/proc-self")->state, FILE_DANGLING);
	ck_assert(!host_exists(host, "/absolute"));
	ck_assert_ptr_null(host_resolve(host, "/absolute"));
	ck_assert_int_eq(host_image(host, "/absolute", &image), 0);
	ck_assert(!image.exists);
	ck_assert_int_eq(host_open_directory(host, "/etc/usr"), -ENOENT);
}
END_TEST

START_TEST(devices_of_a_tree_are_not_opened)
{
	if (geteuid() != 0 || mknod(tree_path(root, "/zero"), S_IFCHR | 0666, makedev(1, 5)) != 0)
		return;
	ck_assert_int_eq(host_file(host, "/zero")->state, FILE_UNREADABLE);
	ck_assert_int_eq(host_file(host, "/zero")->error, -EINVAL);
}
END_TEST

START_TEST(one_command_sees_one_state)
{
	tree_put(root, "/etc/x", "old");
	tree_put(root, "/etc/d/one", "");
	ck_assert_str_eq(host_file(host, "/etc/x")->bytes, "old");
	ck_assert_int_eq(host_file(host, "/etc/y")->state, FILE_ABSENT);
	ck_assert_uint_eq(host_directory(host, "/etc/d")->count, 1);

	tree_put(root, "/etc/x", "new");
	tree_put(root, "/etc/y", "new");
	tree_put(root, "/etc/d/two", "");
	ck_assert_str_eq(host_file(host, "/etc/x")->bytes, "old");
	ck_assert_int_eq(host_file(host, "/etc/y")->state, FILE_ABSENT);
	ck_assert_uint_eq(host_directory(host, "/etc/d")->count, 1);

	struct image image;
	ck_assert_int_eq(host_image(host, "/etc/x", &image), 0);
	ck_assert_str_eq(image.bytes, "new");
	reopen();
	ck_assert_str_eq(host_file(host, "/etc/x")->bytes, "new");
}
END_TEST

START_TEST(links_are_read_and_resolved)
{
	tree_put(root, "/usr/lib/x.conf", "");
	tree_link(root, "/etc/x.conf", "/usr/lib/x.conf");
	tree_link(root, "/etc/y.conf", "x.conf");
	tree_link(root, "/lib", "usr/lib");

	ck_assert_str_eq(host_link(host, "/etc/x.conf"), "/usr/lib/x.conf");
	ck_assert_str_eq(host_link(host, "/etc/y.conf"), "x.conf");
	ck_assert_str_eq(host_link(host, "/lib"), "usr/lib");
	ck_assert_ptr_null(host_link(host, "/usr/lib/x.conf"));
	ck_assert_ptr_null(host_link(host, "/none"));
	ck_assert_str_eq(host_resolve(host, "/etc/y.conf"), "/usr/lib/x.conf");
	ck_assert_str_eq(host_resolve(host, "/lib/x.conf"), "/usr/lib/x.conf");
	ck_assert_str_eq(host_resolve(host, "/lib"), "/usr/lib");
	ck_assert_str_eq(host_resolve(host, "/"), "/");
	ck_assert_ptr_null(host_resolve(host, "/none"));
}
END_TEST

/* ---- directories ------------------------------------------------------------------------- */

START_TEST(names_are_sorted)
{
	const char *const want[] = { ".hidden", "10-a.conf", "9-b.conf", "Z.conf", "a.conf" };

	for (size_t i = 0; i < 5; i++)
		tree_put(root, tree_path("/etc/d/", want[(i * 2) % 5]), "");
	const struct directory *directory = host_directory(host, "/etc/d");

	ck_assert_int_eq(directory->state, FILE_DIRECTORY);
	ck_assert_uint_eq(directory->count, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(directory->names[i], want[i]);
}
END_TEST

START_TEST(other_things_are_no_directories)
{
	tree_put(root, "/file", "");
	ck_assert_int_eq(host_directory(host, "/none")->state, FILE_ABSENT);
	ck_assert_int_eq(host_directory(host, "/file")->state, FILE_ABSENT);
	tree_directory(root, "/empty");
	ck_assert_int_eq(host_directory(host, "/empty")->state, FILE_DIRECTORY);
	ck_assert_uint_eq(host_directory(host, "/empty")->count, 0);
}
END_TEST

/* ---- the overlay ------------------------------------------------------------------------- */

START_TEST(the_overlay_hides_what_is_there)
{
	tree_put(root, "/etc/x", "old");
	tree_put(root, "/etc/gone", "old");
	ck_assert_str_eq(host_file(host, "/etc/x")->bytes, "old");

	host_overlay(host, "/etc/x", "new\0er", 6);
	host_overlay(host, "/etc/gone", NULL, 0);
	host_overlay(host, "/etc/made", "made", 4);
	ck_assert_mem_eq(host_file(host, "/etc/x")->bytes, "new\0er", 7);
	ck_assert_uint_eq(host_file(host, "/etc/x")->size, 6);
	ck_assert_int_eq(host_file(host, "/etc/x")->state, FILE_PRESENT);
	ck_assert_int_eq(host_file(host, "/etc/gone")->state, FILE_ABSENT);
	ck_assert_str_eq(host_file(host, "/etc/made")->bytes, "made");

	host_overlay(host, "/etc/x", "newest", 6);
	host_overlay(host, "/etc/made", NULL, 0);
	ck_assert_str_eq(host_file(host, "/etc/x")->bytes, "newest");
	ck_assert_int_eq(host_file(host, "/etc/made")->state, FILE_ABSENT);
	ck_assert_str_eq(tree_get(root, "/etc/x"), "old");
	ck_assert_ptr_null(tree_get(root, "/etc/made"));

	struct image image;
	ck_assert_int_eq(host_image(host, "/etc/x", &image), 0);
	ck_assert_str_eq(image.bytes, "old");
	ck_assert(host_exists(host, "/etc/gone"));
}
END_TEST

START_TEST(the_overlay_shows_in_directories)
{
	tree_put(root, "/etc/d/b", "");
	tree_put(root, "/etc/d/c", "");
	host_overlay(host, "/etc/d/a", "x", 1);
	host_overlay(host, "/etc/d/c", NULL, 0);
	host_overlay(host, "/etc/d/deeper/z", "x", 1);
	host_overlay(host, "/new/file", "x", 1);
	host_overlay(host, "/etc/dd", "x", 1);

	const struct directory *directory = host_directory(host, "/etc/d");
	ck_assert_uint_eq(directory->count, 2);
	ck_assert_str_eq(directory->names[0], "a");
	ck_assert_str_eq(directory->names[1], "b");
	ck_assert_int_eq(host_directory(host, "/new")->state, FILE_DIRECTORY);
	ck_assert_uint_eq(host_directory(host, "/new")->count, 1);

	host_overlay(host, "/etc/d/b", "y", 1);
	ck_assert_uint_eq(host_directory(host, "/etc/d")->count, 2);
}
END_TEST

/* A planned change of /etc/sysctl.conf must be seen through the link that Debian has to it. */
START_TEST(the_overlay_is_seen_through_links)
{
	tree_put(root, "/etc/sysctl.conf", "old");
	tree_link(root, "/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf");
	ck_assert_str_eq(host_file(host, "/etc/sysctl.d/99-sysctl.conf")->bytes, "old");
	host_overlay(host, "/etc/sysctl.conf", "new", 3);
	ck_assert_str_eq(host_file(host, "/etc/sysctl.d/99-sysctl.conf")->bytes, "new");
	ck_assert_uint_eq(host_directory(host, "/etc/sysctl.d")->count, 1);
}
END_TEST

/* ---- the kernel -------------------------------------------------------------------------- */

START_TEST(a_tree_has_no_kernel)
{
	tree_put(root, "/proc/sys/net/ipv4/tcp_keepalive_time", "7200\n");
	const struct file *file = host_kernel(host, "/proc/sys/net/ipv4/tcp_keepalive_time");

	ck_assert_int_eq(file->state, FILE_ABSENT);
	ck_assert_str_eq(file->bytes, "");
	host_overlay(host, "/proc/sys/net/ipv4/tcp_keepalive_time", "60\n", 3);
	file = host_kernel(host, "/proc/sys/net/ipv4/tcp_keepalive_time");
	ck_assert_int_eq(file->state, FILE_PRESENT);
	ck_assert_str_eq(file->bytes, "60\n");
}
END_TEST

START_TEST(the_live_host_has_one)
{
	struct host *live;
	struct image image;
	struct error err;

	ck_assert_int_eq(host_open(NULL, &live, &err), 0);
	ck_assert_str_eq(host_kernel(live, "/proc/sys/kernel/ostype")->bytes, "Linux\n");
	ck_assert_int_eq(host_kernel(live, "/proc/sys/kernel/none")->state, FILE_ABSENT);
	ck_assert_int_eq(host_image(live, "/proc/sys/kernel/ostype", &image), 0);
	ck_assert(image.exists);
	ck_assert_str_eq(image.bytes, "Linux");
	ck_assert_uint_eq(image.size, 5);
	ck_assert_uint_eq(image.xattr_count, 0);
	ck_assert_int_eq(host_image(live, "/proc/sys/kernel/none", &image), 0);
	ck_assert(!image.exists);
	ck_assert_int_eq(host_image(live, "/proc/sys/kernel", &image), -EISDIR);
	ck_assert_int_eq(host_file(live, "/dev/null")->state, FILE_NULL);
	ck_assert(host_exists(live, "/proc/self/status"));
	host_close(live);
}
END_TEST

/* ---- images ------------------------------------------------------------------------------ */

START_TEST(an_image_has_everything)
{
	struct image image;

	tree_put_bytes(root, "/etc/x", "a\0b\n\n", 5);
	tree_chmod(root, "/etc/x", 0604);
	bool attributes = !setxattr(tree_path(root, "/etc/x"), "user.note", "v\0w", 3, 0);
	ck_assert_int_eq(host_image(host, "/etc/x", &image), 0);
	ck_assert(image.exists);
	ck_assert_uint_eq(image.size, 5);
	ck_assert_mem_eq(image.bytes, "a\0b\n\n", 5);
	ck_assert_uint_eq(image.mode, 0604);
	ck_assert_uint_eq(image.uid, geteuid());
	ck_assert_ptr_null(image.sha256);
	if (attributes) {
		bool found = false;
		for (size_t i = 0; i < image.xattr_count; i++)
			found = found || (!strcmp(image.xattrs[i].name, "user.note") &&
					  image.xattrs[i].size == 3 &&
					  !memcmp(image.xattrs[i].bytes, "v\0w", 3));
		ck_assert(found);
	}
}
END_TEST

START_TEST(what_has_no_image)
{
	struct image image = { .size = 77 };

	ck_assert_int_eq(host_image(host, "/none", &image), 0);
	ck_assert(!image.exists);
	ck_assert_uint_eq(image.size, 0);
	tree_directory(root, "/directory");
	ck_assert_int_eq(host_image(host, "/directory", &image), -EISDIR);
	ck_assert_int_eq(mkfifo(tree_path(root, "/fifo"), 0644), 0);
	ck_assert_int_eq(host_image(host, "/fifo", &image), -EINVAL);
	tree_link(root, "/loop", "loop");
	ck_assert_int_eq(host_image(host, "/loop", &image), -ELOOP);
	tree_put(root, "/large", "");
	ck_assert_int_eq(truncate(tree_path(root, "/large"), HOST_FILE_MAX + 1), 0);
	ck_assert_int_eq(host_image(host, "/large", &image), -EFBIG);
}
END_TEST

/* ---- identity ---------------------------------------------------------------------------- */

START_TEST(a_tree_is_identified)
{
	struct host_identity identity;

	tree_put(root, "/etc/hostname", "web1\n");
	tree_put(root, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	tree_put(root, "/etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
	host_identify(host, &identity);
	ck_assert_str_eq(identity.name, "web1");
	ck_assert_str_eq(host_machine_id(host), "0123456789abcdef0123456789abcdef");
	ck_assert_str_eq(identity.os, "Debian GNU/Linux 12");
	ck_assert_ptr_null(identity.kernel);
	ck_assert_ptr_null(host_boot_id(host));
}
END_TEST

static const struct {
	const char *os_release, *want;
} releases[] = {
	{ "PRETTY_NAME=Alpine", "Alpine" },
	{ "PRETTY_NAME='Alpine Linux'\nX=1\n", "Alpine Linux" },
	{ "# PRETTY_NAME=no\nNAME=x\nPRETTY_NAME=\"yes\"\n", "yes" },
	{ "XPRETTY_NAME=no\n", NULL },
	{ "", NULL },
	{ "\n\n\n", NULL },
};

START_TEST(the_release_is_read)
{
	struct host_identity identity;

	tree_put(root, "/usr/lib/os-release", releases[_i].os_release);
	tree_put(root, "/etc/machine-id", "");
	host_identify(host, &identity);
	ck_assert_pstr_eq(identity.os, releases[_i].want);
	ck_assert_str_eq(identity.name, "unknown");
	ck_assert_ptr_null(host_machine_id(host));
}
END_TEST

START_TEST(the_live_host_is_identified)
{
	struct host_identity identity;
	struct utsname uts;
	struct host *live;
	struct error err;

	ck_assert_int_eq(uname(&uts), 0);
	ck_assert_int_eq(host_open(NULL, &live, &err), 0);
	host_identify(live, &identity);
	ck_assert_str_eq(identity.name, uts.nodename);
	ck_assert_str_eq(identity.kernel, uts.release);
	ck_assert_uint_eq(strlen(host_boot_id(live)), 36);
	host_close(live);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host");
	TCase *tests = tcase_create("host");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_root_must_be_a_directory);
	tcase_add_test(tests, a_tree_is_not_live);
	tcase_add_test(tests, a_file_is_read_whole);
	tcase_add_test(tests, an_empty_file_is_present);
	tcase_add_loop_test(tests, every_state_is_seen, 0, sizeof states / sizeof *states);
	tcase_add_test(tests, what_may_not_be_read_is_named);
	tcase_add_test(tests, links_stay_inside);
	tcase_add_test(tests, devices_of_a_tree_are_not_opened);
	tcase_add_test(tests, one_command_sees_one_state);
	tcase_add_test(tests, links_are_read_and_resolved);
	tcase_add_test(tests, names_are_sorted);
	tcase_add_test(tests, other_things_are_no_directories);
	tcase_add_test(tests, the_overlay_hides_what_is_there);
	tcase_add_test(tests, the_overlay_shows_in_directories);
	tcase_add_test(tests, the_overlay_is_seen_through_links);
	tcase_add_test(tests, a_tree_has_no_kernel);
	tcase_add_test(tests, the_live_host_has_one);
	tcase_add_test(tests, an_image_has_everything);
	tcase_add_test(tests, what_has_no_image);
	tcase_add_test(tests, a_tree_is_identified);
	tcase_add_loop_test(tests, the_release_is_read, 0, sizeof releases / sizeof *releases);
	tcase_add_test(tests, the_live_host_is_identified);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
