// SPDX-License-Identifier: MIT
/* store.c: what it writes is exactly what was asked for, or nothing; it leaves nothing lying about.
 */
#include "store.h"

#include "error.h"
#include "host.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
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

static struct image image_of(const char *text)
{
	return (struct image){ .exists = true,
			       .bytes = text,
			       .size = strlen(text),
			       .mode = 0644,
			       .uid = geteuid(),
			       .gid = getegid() };
}

static int put(const char *path, const char *text)
{
	struct image image = image_of(text);

	return store_put_file(host, path, &image);
}

static int take_away(const char *path)
{
	struct image image = { .exists = false };

	return store_put_file(host, path, &image);
}

static struct stat status_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(tree_path(root, path), &st), 0);
	return st;
}

/* ---- files ------------------------------------------------------------------------------- */

START_TEST(a_file_is_made_replaced_and_removed)
{
	tree_directory(root, "/etc/d");
	ck_assert_int_eq(put("/etc/d/x.conf", "one\n"), 0);
	ck_assert_str_eq(tree_get(root, "/etc/d/x.conf"), "one\n");
	ino_t first = status_of("/etc/d/x.conf").st_ino;
	ck_assert_int_eq(put("/etc/d/x.conf", "two\n"), 0);
	ck_assert_str_eq(tree_get(root, "/etc/d/x.conf"), "two\n");
	ck_assert_uint_ne(status_of("/etc/d/x.conf").st_ino, first);
	ck_assert_int_eq(put("/etc/d/x.conf", ""), 0);
	ck_assert_str_eq(tree_get(root, "/etc/d/x.conf"), "");
	ck_assert_int_eq(take_away("/etc/d/x.conf"), 0);
	ck_assert_str_eq(tree_list(root, "/etc/d", NULL), "");
	ck_assert_int_eq(take_away("/etc/d/x.conf"), 0);
	ck_assert_int_eq(put("/in-the-root", "x"), 0);
	ck_assert_str_eq(tree_get(root, "/in-the-root"), "x");
}
END_TEST

START_TEST(a_reader_of_the_old_file_keeps_it)
{
	char text[16] = "";

	tree_put(root, "/etc/x", "old");
	int fd = open(tree_path(root, "/etc/x"), O_RDONLY);
	ck_assert_int_eq(put("/etc/x", "new and longer"), 0);
	ck_assert_int_eq(read(fd, text, sizeof text), 3);
	ck_assert_str_eq(text, "old");
	close(fd);
}
END_TEST

START_TEST(the_mode_is_the_images)
{
	static const mode_t modes[] = { 0644, 0600, 0640, 0664, 0666, 0444, 0400, 0755, 0 };
	struct image image = image_of("x");

	tree_directory(root, "/etc");
	umask(_i % 2 ? 077 : 0);
	image.mode = modes[_i / 2];
	ck_assert_int_eq(store_put_file(host, "/etc/x", &image), 0);
	ck_assert_uint_eq(status_of("/etc/x").st_mode & 07777, modes[_i / 2]);
}
END_TEST

START_TEST(the_owner_is_the_images)
{
	struct image image = image_of("x");

	tree_directory(root, "/etc");
	if (geteuid() == 0) {
		image.uid = 12345;
		image.gid = 54321;
		ck_assert_int_eq(store_put_file(host, "/etc/x", &image), 0);
		ck_assert_uint_eq(status_of("/etc/x").st_uid, 12345);
		ck_assert_uint_eq(status_of("/etc/x").st_gid, 54321);
	}
	tree_become_ordinary(root);
	const char *before = tree_list(root, "/etc", NULL);
	image.uid = 0;
	ck_assert_int_eq(store_put_file(host, "/etc/x", &image), -EPERM);
	ck_assert_int_eq(store_put_file(host, "/etc/y", &image), -EPERM);
	ck_assert_str_eq(tree_list(root, "/etc", NULL), before);
}
END_TEST

static bool has_user_attributes(void)
{
	bool works;

	tree_put(root, "/probe", "");
	works = !setxattr(tree_path(root, "/probe"), "user.probe", "x", 1, 0);
	tree_remove(root, "/probe");
	return works;
}

START_TEST(the_attributes_are_the_images)
{
	struct xattr xattrs[] = { { "user.one", "a\0b", 3 }, { "user.none", "", 0 } };
	struct image image = image_of("x"), found;

	if (!has_user_attributes())
		return;
	tree_put(root, "/etc/x", "old");
	ck_assert_int_eq(setxattr(tree_path(root, "/etc/x"), "user.other", "y", 1, 0), 0);
	image.xattrs = xattrs;
	image.xattr_count = 2;
	ck_assert_int_eq(store_put_file(host, "/etc/x", &image), 0);
	ck_assert_int_eq(host_image(host, "/etc/x", &found), 0);
	ck_assert_uint_eq(found.xattr_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct xattr *xattr = &found.xattrs[i];
		const struct xattr *want = &xattrs[strcmp(xattr->name, "user.one") != 0];
		ck_assert_str_eq(xattr->name, want->name);
		ck_assert_uint_eq(xattr->size, want->size);
		ck_assert_mem_eq(xattr->bytes, want->bytes, want->size);
	}
}
END_TEST

/* A directory with a default ACL gives every new file one: user 1, read and write. */
START_TEST(a_default_acl_does_not_get_in)
{
	static const unsigned char acl[] = {
		2,    0, 0, 0,                         /* version */
		0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* owner */
		0x02, 0, 6, 0, 1,    0,    0,    0,    /* user 1 */
		0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, /* group */
		0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* mask */
		0x20, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, /* others */
	};
	struct image found;

	tree_directory(root, "/etc/d");
	if (setxattr(tree_path(root, "/etc/d"), "system.posix_acl_default", acl, sizeof acl, 0))
		return;
	ck_assert_int_eq(put("/etc/d/x", "x"), 0);
	ck_assert_int_eq(host_image(host, "/etc/d/x", &found), 0);
	ck_assert_uint_eq(found.mode, 0644);
	ck_assert_uint_eq(found.xattr_count, 0);
}
END_TEST

START_TEST(what_a_crash_left_is_cleared)
{
	tree_put(root, "/etc/x.conf", "old");
	tree_put(root, "/etc/.x.conf.keeltune-new", "half of a fi");
	ck_assert_int_eq(put("/etc/x.conf", "new"), 0);
	ck_assert_str_eq(tree_get(root, "/etc/x.conf"), "new");
	ck_assert_ptr_null(tree_get(root, "/etc/.x.conf.keeltune-new"));

	tree_put(root, "/etc/.x.conf.keeltune-new", "half of a fi");
	ck_assert_int_eq(take_away("/etc/x.conf"), 0);
	ck_assert_str_eq(tree_list(root, "/etc", NULL), "");

	/* Nobody's file is written through what lies there. */
	tree_put(root, "/victim", "untouched");
	tree_link(root, "/etc/.x.conf.keeltune-new", "../victim");
	ck_assert_int_eq(put("/etc/x.conf", "new"), 0);
	ck_assert_str_eq(tree_get(root, "/victim"), "untouched");
	ck_assert_ptr_null(tree_get(root, "/etc/.x.conf.keeltune-new"));
}
END_TEST

START_TEST(a_link_is_replaced_not_followed)
{
	struct stat st;

	tree_put(root, "/target", "untouched");
	tree_link(root, "/etc/x", "../target");
	ck_assert_int_eq(put("/etc/x", "new"), 0);
	ck_assert_int_eq(lstat(tree_path(root, "/etc/x"), &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_str_eq(tree_get(root, "/target"), "untouched");
}
END_TEST

START_TEST(failures_leave_nothing)
{
	char name[300] = "/etc/";

	tree_put(root, "/etc/file", "untouched");
	tree_directory(root, "/etc/directory");
	const char *before = tree_list(root, "/", NULL);

	ck_assert_int_eq(put("/none/x", "x"), -ENOENT);
	ck_assert_int_eq(take_away("/none/x"), 0);
	ck_assert_int_eq(put("/etc/file/x", "x"), -ENOTDIR);
	ck_assert_int_eq(put("/etc/directory", "x"), -EISDIR);
	ck_assert_int_eq(take_away("/etc/directory"), -EISDIR);
	ck_assert_int_eq(put("/etc/", "x"), -EINVAL);
	ck_assert_int_eq(put("no-slash", "x"), -EINVAL);
	memset(name + 5, 'x', 250);
	ck_assert_int_eq(put(name, "x"), -ENAMETOOLONG);
	ck_assert_str_eq(tree_list(root, "/", NULL), before);
}
END_TEST

START_TEST(a_directory_that_may_not_be_written)
{
	tree_put(root, "/etc/x", "untouched");
	tree_chmod(root, "/etc", 0555);
	tree_become_ordinary(root);
	ck_assert_int_eq(put("/etc/x", "new"), -EACCES);
	ck_assert_int_eq(take_away("/etc/x"), -EACCES);
	ck_assert_str_eq(tree_get(root, "/etc/x"), "untouched");
	ck_assert_int_eq(store_make_directory(host, "/etc/d", 0755), -EACCES);
}
END_TEST

/* ---- the steps of a change --------------------------------------------------------------- */

static const struct image no_file = { .exists = false };

/* Where there is no directory there is no file, and none can be. */
START_TEST(steps_without_a_directory)
{
	struct image image = image_of("x");

	ck_assert_int_eq(store_stage_file(host, "/none/x", &no_file), 0);
	ck_assert_int_eq(store_stage_file(host, "/none/x", &image), -ENOENT);
	ck_assert_int_eq(store_commit_file(host, "/none/x", &no_file), 0);
	ck_assert_int_eq(store_commit_file(host, "/none/x", &image), -ENOENT);
	ck_assert_int_eq(store_swap_file(host, "/none/x", &image, &no_file), 0);
	ck_assert_int_eq(store_swap_file(host, "/none/x", &no_file, &image), -ENOENT);
	ck_assert_int_eq(store_compare_file(host, "/none/x", &no_file), 0);
	ck_assert_int_eq(store_compare_file(host, "/none/x", &image), -ESTALE);
	ck_assert_int_eq(store_sync_parent(host, "/none/x"), 0);
	ck_assert_int_eq(store_remove_directory(host, "/none/x"), -ENOENT);
	ck_assert_int_eq(store_rename_directory(host, "/none/x", "/y"), -ENOENT);
	ck_assert_int_eq(store_rename_directory(host, "/y", "/none/x"), -ENOENT);
	ck_assert_int_eq(store_remove_tree(host, "/none/x"), -ENOENT);
	ck_assert_str_eq(tree_list(root, "/", NULL), "");
}
END_TEST

START_TEST(a_name_without_room_for_a_temporary_one)
{
	char name[300] = "/etc/";
	struct image image = image_of("x");

	tree_directory(root, "/etc");
	memset(name + 5, 'x', 250);
	ck_assert_int_eq(store_stage_file(host, name, &no_file), 0);
	ck_assert_int_eq(store_stage_file(host, name, &image), -ENAMETOOLONG);
	ck_assert_int_eq(store_commit_file(host, name, &image), -ENAMETOOLONG);
	ck_assert_int_eq(store_swap_file(host, name, &no_file, &image), -ENAMETOOLONG);
}
END_TEST

/* Every part of the image counts. */
START_TEST(what_is_compared)
{
	static char many[10000];
	struct image image = image_of("text"), other;

	tree_put(root, "/etc/x", "text");
	tree_chmod(root, "/etc/x", 0644);
	ck_assert_int_eq(store_compare_file(host, "/etc/x", &image), 0);
	ck_assert_int_eq(store_compare_file(host, "/etc/x", &no_file), -ESTALE);
	ck_assert_int_eq(store_compare_file(host, "/etc/none", &no_file), 0);
	ck_assert_int_eq(store_compare_file(host, "/etc/none", &image), -ESTALE);
	for (int i = 0; i < 6; i++) {
		other = i == 0   ? image_of("texts")
			: i == 1 ? image_of("tex")
			: i == 2 ? image_of("Text")
				 : image;
		other.mode ^= i == 3;
		other.uid += i == 4;
		other.gid += i == 5;
		ck_assert_msg(store_compare_file(host, "/etc/x", &other) == -ESTALE, "%d", i);
	}
	memset(many, 'm', sizeof many - 1);
	tree_put(root, "/etc/many", many);
	tree_chmod(root, "/etc/many", 0644);
	image = image_of(many);
	ck_assert_int_eq(store_compare_file(host, "/etc/many", &image), 0);
	many[9998] = 'n';
	ck_assert_int_eq(store_compare_file(host, "/etc/many", &image), -ESTALE);

	/* A directory or a link is no file, whatever it leads to. */
	tree_link(root, "/etc/link", "x");
	image = image_of("text");
	ck_assert_int_eq(store_compare_file(host, "/etc/link", &image), -ESTALE);
	ck_assert_int_eq(store_compare_file(host, "/etc", &image), -ESTALE);

	tree_chmod(root, "/etc/x", 0);
	tree_directory(root, "/etc/closed");
	tree_chmod(root, "/etc/closed", 0);
	tree_become_ordinary(root);
	image.mode = 0;
	ck_assert_int_eq(store_compare_file(host, "/etc/x", &image), -EACCES);
	ck_assert_int_eq(store_compare_file(host, "/etc/closed/x", &image), -EACCES);
}
END_TEST

static const struct {
	const char *before, *found, *after; /* NULL: no file; found "->": a link to nowhere */
	bool is_swapped;
} swaps[] = {
	{ "old", "old", "new", true },    { NULL, NULL, "new", true },
	{ "old", "old", NULL, true },     { NULL, NULL, NULL, true },
	{ NULL, "->", "new", true },      { NULL, "->", NULL, true },
	{ "old", "other", "new", false }, { "old", "other", NULL, false },
	{ NULL, "other", "new", false },  { NULL, "other", NULL, false },
	{ "old", NULL, "new", false },    { "old", NULL, NULL, false },
	{ "old", "->", "new", false },    { "old", "->", NULL, false },
};

/* What somebody put there in between stays, and nothing is lost or left over. */
START_TEST(compare_and_swap)
{
	const char *before_text = swaps[_i].before, *found = swaps[_i].found;
	const char *after_text = swaps[_i].after;
	struct image before = before_text ? image_of(before_text) : no_file;
	struct image after = after_text ? image_of(after_text) : no_file;
	char target[16] = "";

	tree_directory(root, "/etc");
	if (found && !strcmp(found, "->"))
		tree_link(root, "/etc/x", "nowhere");
	else if (found)
		ck_assert_int_eq(put("/etc/x", found), 0);
	ck_assert_int_eq(store_stage_file(host, "/etc/x", &after), 0);
	ck_assert_int_eq(store_swap_file(host, "/etc/x", &before, &after),
			 swaps[_i].is_swapped ? 0 : -ESTALE);
	const char *now = tree_get(root, "/etc/x");
	if (swaps[_i].is_swapped)
		ck_assert_pstr_eq(now, after_text);
	else if (found && !strcmp(found, "->"))
		ck_assert_int_eq(readlink(tree_path(root, "/etc/x"), target, sizeof target), 7);
	else
		ck_assert_pstr_eq(now, found);
	/* The new text waits beside it until it is cleared away, as after a failure. */
	ck_assert_pstr_eq(tree_get(root, "/etc/.x.keeltune-new"),
			  swaps[_i].is_swapped ? NULL : after_text);
}
END_TEST

START_TEST(a_private_file_is_new)
{
	struct stat st;
	int directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	umask(0);
	ck_assert_int_eq(store_put_private(directory, "x", "one", 3), 0);
	ck_assert_str_eq(tree_get(root, "/x"), "one");
	ck_assert_uint_eq(status_of("/x").st_mode & 07777, 0644);
	ck_assert_int_eq(store_put_private(directory, "x", "two", 3), -EEXIST);
	tree_link(root, "/link", "made");
	ck_assert_int_eq(store_put_private(directory, "link", "two", 3), -EEXIST);
	ck_assert_int_eq(stat(tree_path(root, "/made"), &st), -1);
	ck_assert_str_eq(tree_get(root, "/x"), "one");
	close(directory);
}
END_TEST

/* ---- directories ------------------------------------------------------------------------- */

START_TEST(directories_come_and_go)
{
	umask(077);
	ck_assert_int_eq(store_make_directory(host, "/a", 0755), 0);
	ck_assert_uint_eq(status_of("/a").st_mode & 07777, 0755);
	ck_assert_int_eq(store_make_directory(host, "/a/b", 0700), 0);
	ck_assert_uint_eq(status_of("/a/b").st_mode & 07777, 0700);
	ck_assert_int_eq(store_make_directory(host, "/a/b", 0755), 0);
	ck_assert_uint_eq(status_of("/a/b").st_mode & 07777, 0700);
	ck_assert_int_eq(store_make_directory(host, "/none/b", 0755), -ENOENT);
	ck_assert_int_eq(store_remove_directory(host, "/a"), -ENOTEMPTY);
	ck_assert_int_eq(store_remove_directory(host, "/a/b"), 0);
	ck_assert_int_eq(store_remove_directory(host, "/a/b"), -ENOENT);
	ck_assert_int_eq(store_remove_directory(host, "/a"), 0);
	ck_assert_str_eq(tree_list(root, "/", NULL), "");
}
END_TEST

/* ---- kernel values ----------------------------------------------------------------------- */

START_TEST(a_tree_has_no_kernel_values)
{
	tree_put(root, "/proc/sys/net/ipv4/tcp_keepalive_time", "7200\n");
	ck_assert_int_eq(store_put_sysctl(host, "/proc/sys/net/ipv4/tcp_keepalive_time", "60", 2),
			 -EROFS);
	ck_assert_str_eq(tree_get(root, "/proc/sys/net/ipv4/tcp_keepalive_time"), "7200\n");
}
END_TEST

START_TEST(a_kernel_value_is_one_line)
{
	static char long_value[5000];
	struct host *live;
	struct error err;

	ck_assert_int_eq(host_open(NULL, &live, &err), 0);
	tree_put(root, "/key", "9223372036854775807\n");
	tree_link(root, "/link", "key");
	const char *key = tree_path(root, "/key");
	ck_assert_int_eq(store_put_sysctl(live, key, "60", 2), 0);
	ck_assert_str_eq(tree_get(root, "/key"), "60\n");
	ck_assert_int_eq(store_put_sysctl(live, tree_path(root, "/link"), "61", 2), -ELOOP);
	ck_assert_int_eq(store_put_sysctl(live, tree_path(root, "/none"), "61", 2), -ENOENT);
	ck_assert_int_eq(store_put_sysctl(live, key, long_value, sizeof long_value), -E2BIG);
	ck_assert_int_eq(store_put_sysctl(live, "/dev/full", "61", 2), -ENOSPC);
	ck_assert_str_eq(tree_get(root, "/key"), "60\n");
	ck_assert_ptr_null(tree_get(root, "/none"));
	host_close(live);
}
END_TEST

/* ---- the lock ---------------------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(one_at_a_time)
{
	struct host *other;
	struct error err;

	tree_put(root, "/etc/x", "");
	ck_assert_int_eq(host_open(root, &other, &err), 0);
	const char *before = tree_list(root, "/", NULL);
	int lock = store_lock(host, 0);
	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(store_lock(other, 0), -ETIMEDOUT);
	double start = seconds();
	ck_assert_int_eq(store_lock(other, 1), -ETIMEDOUT);
	ck_assert(seconds() - start > 0.9 && seconds() - start < 5);
	ck_assert_int_eq(store_share_lock(other), -EWOULDBLOCK);
	close(lock);
	int first = store_share_lock(host), second = store_share_lock(other);
	ck_assert(first >= 0 && second >= 0);
	ck_assert_int_eq(store_lock(host, 0), -ETIMEDOUT);
	close(first);
	close(second);
	lock = store_lock(other, 0);
	ck_assert_int_ge(lock, 0);
	close(lock);
	ck_assert_str_eq(tree_list(root, "/", NULL), before);
	host_close(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tests = tcase_create("store");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_file_is_made_replaced_and_removed);
	tcase_add_test(tests, a_reader_of_the_old_file_keeps_it);
	tcase_add_loop_test(tests, the_mode_is_the_images, 0, 18);
	tcase_add_test(tests, the_owner_is_the_images);
	tcase_add_test(tests, the_attributes_are_the_images);
	tcase_add_test(tests, a_default_acl_does_not_get_in);
	tcase_add_test(tests, what_a_crash_left_is_cleared);
	tcase_add_test(tests, a_link_is_replaced_not_followed);
	tcase_add_test(tests, failures_leave_nothing);
	tcase_add_test(tests, a_directory_that_may_not_be_written);
	tcase_add_test(tests, steps_without_a_directory);
	tcase_add_test(tests, a_name_without_room_for_a_temporary_one);
	tcase_add_test(tests, what_is_compared);
	tcase_add_loop_test(tests, compare_and_swap, 0, sizeof swaps / sizeof *swaps);
	tcase_add_test(tests, a_private_file_is_new);
	tcase_add_test(tests, directories_come_and_go);
	tcase_add_test(tests, a_tree_has_no_kernel_values);
	tcase_add_test(tests, a_kernel_value_is_one_line);
	tcase_add_test(tests, one_at_a_time);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
