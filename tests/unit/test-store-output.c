// SPDX-License-Identifier: MIT
/* store-output.c: files of the caller are replaced whole or written to where they stand, and
 * nothing is left beside them. */
#include "store.h"

#include "error.h"

#include "tree.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *root;

static void set_up(void)
{
	root = tree_new();
}

static struct stat status_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(tree_path(root, path), &st), 0);
	return st;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- outputs ----------------------------------------------------------------------------- */

static struct error err;

static int put_output(const char *path, const char *text)
{
	return store_put_output(tree_path(root, path), text, strlen(text), &err);
}

static bool is_possible(const char *path)
{
	return store_output_possible(path, &err) == 0;
}

START_TEST(an_output_is_made_and_replaced)
{
	umask(027);
	ck_assert_int_eq(put_output("/report", "one"), 0);
	ck_assert_str_eq(tree_get(root, "/report"), "one");
	ck_assert_uint_eq(status_of("/report").st_mode & 07777, 0640);
	ck_assert_int_eq(put_output("/report", "two"), 0);
	ck_assert_str_eq(tree_get(root, "/report"), "two");
	ck_assert_int_eq(put_output("/report", ""), 0);
	ck_assert_str_eq(tree_get(root, "/report"), "");
	ck_assert_uint_eq(umask(0), 027);
}
END_TEST

/* Who may read a report that is made anew stays as it was. */
START_TEST(a_replaced_output_keeps_mode_and_owner)
{
	tree_put(root, "/report", "old");
	tree_chmod(root, "/report", 0604);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(tree_path(root, "/report"), 12345, 54321), 0);
	struct stat before = status_of("/report");
	umask(077);
	ck_assert_int_eq(put_output("/report", "new"), 0);
	struct stat after = status_of("/report");
	ck_assert_str_eq(tree_get(root, "/report"), "new");
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_uint_eq(after.st_uid, before.st_uid);
	ck_assert_uint_eq(after.st_gid, before.st_gid);
}
END_TEST

START_TEST(an_output_beside_the_program)
{
	ck_assert_int_eq(chdir(root), 0);
	ck_assert_int_eq(store_put_output("report", "here", 4, &err), 0);
	ck_assert_str_eq(tree_get(root, "/report"), "here");
	ck_assert_int_eq(store_put_output("", "x", 1, &err), -ENOENT);
}
END_TEST

START_TEST(an_output_that_cannot_be)
{
	tree_directory(root, "/directory");
	tree_put(root, "/file", "untouched");
	const char *before = tree_list(root, "/", NULL);

	ck_assert_int_eq(put_output("/none/report", "x"), -ENOENT);
	ck_assert_int_eq(put_output("/file/report", "x"), -ENOTDIR);
	ck_assert_int_eq(put_output("/directory", "x"), -EISDIR);
	ck_assert_int_lt(put_output("/directory/", "x"), 0);
	ck_assert_int_eq(store_put_output("/dev/full", "x", 1, &err), -ENOSPC);
	ck_assert_int_eq(store_put_output("/dev/null", "x", 1, &err), 0);
	ck_assert_str_eq(tree_list(root, "/", NULL), before);
}
END_TEST

/* "-o /dev/stdout" is a link to what may be a plain file: the link must survive. */
START_TEST(an_output_through_a_link_keeps_the_link)
{
	char target[64] = "";

	tree_put(root, "/real", "old");
	tree_link(root, "/link", "real");
	ck_assert_int_eq(put_output("/link", "new"), 0);
	ck_assert_int_eq(readlink(tree_path(root, "/link"), target, sizeof target - 1), 4);
	ck_assert_str_eq(target, "real");
	ck_assert_str_eq(tree_get(root, "/real"), "new");
	ck_assert_str_eq(tree_get(root, "/link"), "new");
}
END_TEST

static const struct {
	const char *name;
	bool has_number;
} descriptors[] = { { "/dev/fd/", true },
		    { "/proc/self/fd/", true },
		    { "/dev/stderr", false },
		    { "/dev/stdout", false } };

static const char *name_of(int i, int fd)
{
	static char name[64];

	if (!descriptors[i].has_number)
		return descriptors[i].name;
	snprintf(name, sizeof name, "%s%d", descriptors[i].name, fd);
	return name;
}

/* It is written to where it stands: a file that is appended to keeps what it has. */
START_TEST(an_output_that_is_open_already)
{
	tree_put(root, "/log", "before ");
	ino_t before = status_of("/log").st_ino;
	int fd = open(tree_path(root, "/log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	int closed = open(tree_path(root, "/log"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(dup2(_i == 2 ? fd : closed, STDERR_FILENO), 0);
	ck_assert_int_ge(dup2(_i == 3 ? fd : closed, STDOUT_FILENO), 0);
	const char *name = name_of(_i, fd);
	ck_assert(is_possible(name));
	ck_assert_int_eq(store_put_output(name, "after", 5, &err), 0);
	ck_assert_str_eq(tree_get(root, "/log"), "before after");
	ck_assert_uint_eq(status_of("/log").st_ino, before);

	name = name_of(_i < 2 ? _i : 5 - _i, closed);
	ck_assert(!is_possible(name));
	ck_assert_int_eq(store_put_output(name, "after", 5, &err), -EBADF);
	ck_assert_int_lt(store_put_output("/dev/fd/x", "after", 5, &err), 0);
	ck_assert_int_lt(store_put_output("/dev/fd/", "after", 5, &err), 0);
}
END_TEST

START_TEST(what_an_output_may_be)
{
	static char longest[6000];

	tree_put(root, "/open/file", "");
	tree_put(root, "/closed/file", "");
	tree_link(root, "/open/link", "file");
	tree_link(root, "/open/out", "../closed/file");
	tree_chmod(root, "/closed", 0555);
	tree_become_ordinary(root);
	ck_assert_int_eq(chdir(tree_path(root, "/open")), 0);
	memset(longest, 'x', sizeof longest - 1);
	longest[0] = longest[5000] = '/';

	ck_assert(is_possible("file"));
	ck_assert(is_possible("new"));
	ck_assert(is_possible("link"));
	ck_assert(is_possible("/dev/null"));
	ck_assert(is_possible(tree_path(root, "/open/new")));
	ck_assert(!is_possible(tree_path(root, "/open")));
	ck_assert(!is_possible(tree_path(root, "/none/new")));
	ck_assert(!is_possible(tree_path(root, "/closed/new")));
	ck_assert(!is_possible(tree_path(root, "/closed/file"))); /* it is replaced */
	ck_assert(!is_possible("out"));
	ck_assert(!is_possible(longest));
	ck_assert_int_eq(store_put_output("out", "x", 1, &err), -EACCES);
	ck_assert_str_eq(tree_get(root, "/closed/file"), "");
}
END_TEST

/* What cannot be replaced leaves nothing beside it. */
START_TEST(an_output_that_is_not_ours)
{
	char name[600];

	tree_link(root, "/round", "round");
	tree_link(root, "/dangling", "none/where");
	const char *before = tree_list(root, "/", NULL);

	ck_assert_int_eq(put_output("/dangling", "x"), -ENOENT);
	ck_assert_int_eq(put_output("/round", "x"), -ELOOP);
	memset(name, 'x', sizeof name);
	name[0] = '/';
	name[300] = '\0';
	ck_assert_int_eq(put_output(name, "x"), -ENAMETOOLONG);
	ck_assert_str_eq(tree_list(root, "/", NULL), before);
}
END_TEST

START_TEST(links_on_the_way_are_followed)
{
	tree_directory(root, "/real/below");
	tree_link(root, "/way", "./real/../real/");
	tree_link(root, "/new", "way//below/made");
	tree_link(root, "/absolute", tree_path(root, "/way/below"));
	ck_assert_int_eq(put_output("//way/./below//one", "1"), 0);
	ck_assert_int_eq(put_output("/new", "2"), 0);
	ck_assert_int_eq(put_output("/absolute/../three", "3"), 0);
	ck_assert_str_eq(tree_get(root, "/real/below/one"), "1");
	ck_assert_str_eq(tree_get(root, "/real/below/made"), "2");
	ck_assert_str_eq(tree_get(root, "/real/three"), "3");
}
END_TEST

/* Root writes where others may: they must not say where that is. */
START_TEST(links_of_others_are_not_followed)
{
	if (geteuid() != 0)
		return; /* only root makes links for others */
	tree_put(root, "/victim", "untouched");
	tree_directory(root, "/home");
	tree_link(root, "/home/link", "../victim");
	tree_link(root, "/home/up", "..");
	ck_assert_int_eq(lchown(tree_path(root, "/home/link"), 12345, 12345), 0);
	ck_assert_int_eq(lchown(tree_path(root, "/home/up"), 12345, 12345), 0);
	ck_assert_int_eq(put_output("/home/link", "x"), -EACCES);
	ck_assert_ptr_nonnull(strstr(err.message, "link link"));
	ck_assert_ptr_nonnull(strstr(err.message, "uid 12345"));
	ck_assert_int_eq(put_output("/home/up/victim", "x"), -EACCES);
	ck_assert_int_eq(put_output("/home/up/new", "x"), -EACCES);
	ck_assert_str_eq(tree_get(root, "/victim"), "untouched");

	/* A link to the link is one of them, too. */
	tree_link(root, "/mine", "home/link");
	ck_assert_int_eq(put_output("/mine", "x"), -EACCES);
	ck_assert(!is_possible(tree_path(root, "/mine")));
}
END_TEST

/* Whoever makes a file in /tmp before root does would have root's report as his own. */
START_TEST(files_of_others_in_a_shared_directory_are_not_taken)
{
	if (geteuid() != 0)
		return; /* only root makes files for others */
	tree_put(root, "/tmp/report", "his");
	tree_put(root, "/home/report", "his");
	ck_assert_int_eq(mkfifo(tree_path(root, "/tmp/pipe"), 0666), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(chown(tree_path(root, i ? "/tmp/report" : "/tmp/pipe"), 12345, 0),
				 0);
		ck_assert_int_eq(chown(tree_path(root, "/home/report"), 12345, 0), 0);
	}
	tree_chmod(root, "/tmp", 01777);
	tree_chmod(root, "/home", 0777);
	ck_assert_int_eq(put_output("/tmp/report", "x"), -EACCES);
	ck_assert_ptr_nonnull(strstr(err.message, "uid 12345"));
	ck_assert_int_eq(put_output("/tmp/pipe", "x"), -EACCES);
	ck_assert_int_eq(put_output("/home/report", "x"), 0); /* and he keeps it */
	ck_assert_uint_eq(status_of("/home/report").st_uid, 12345);
	ck_assert_int_eq(chown(tree_path(root, "/tmp"), 12345, 0), 0);
	ck_assert_int_eq(put_output("/tmp/report", "x"), 0); /* it is his directory */
}
END_TEST

/* ---- sockets ----------------------------------------------------------------------------- */

/* A socket of datagrams at PATH that takes few bytes. */
static int receiver(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, tree_path(root, path), sizeof address.sun_path - 1);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

/* One datagram for each entry, as the journal of systemd takes them. */
START_TEST(entries_are_sent_one_by_one)
{
	char text[64] = "";
	int fd = receiver("/socket");

	ck_assert_int_eq(put_output("/socket", "A=1\nB=2\n\nA=3\n"), 0);
	ck_assert_int_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), 8);
	ck_assert_mem_eq(text, "A=1\nB=2\n", 8);
	ck_assert_int_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), 4);
	ck_assert_mem_eq(text, "A=3\n", 4);
	ck_assert_int_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), -1);
	close(fd);
}
END_TEST

START_TEST(what_cannot_be_sent)
{
	static char large[4000000];
	char name[200];
	int fd = receiver("/socket");

	memset(large, 'x', sizeof large - 1);
	ck_assert_int_eq(put_output("/socket", large), -EMSGSIZE);
	memset(name, 'x', sizeof name - 1);
	name[199] = '\0';
	ck_assert_int_eq(store_send(name, "x", 1), -ENAMETOOLONG);
	ck_assert_int_eq(store_send(tree_path(root, "/none"), "x", 1), -ENOENT);

	/* Nobody reads: it is given up. */
	int rc = 0;
	double start = seconds();
	while (!rc)
		rc = put_output("/socket", "x");
	ck_assert_int_eq(rc, -ETIMEDOUT);
	ck_assert(seconds() - start > 4);
	close(fd);
	ck_assert_int_eq(put_output("/socket", "x"), -ECONNREFUSED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store-output");
	TCase *tests = tcase_create("store-output");
	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_test(tests, an_output_is_made_and_replaced);
	tcase_add_test(tests, a_replaced_output_keeps_mode_and_owner);
	tcase_add_test(tests, an_output_beside_the_program);
	tcase_add_test(tests, an_output_that_cannot_be);
	tcase_add_test(tests, an_output_through_a_link_keeps_the_link);
	tcase_add_loop_test(tests, an_output_that_is_open_already, 0,
			    sizeof descriptors / sizeof *descriptors);
	tcase_add_test(tests, what_an_output_may_be);
	tcase_add_test(tests, an_output_that_is_not_ours);
	tcase_add_test(tests, links_on_the_way_are_followed);
	tcase_add_test(tests, links_of_others_are_not_followed);
	tcase_add_test(tests, files_of_others_in_a_shared_directory_are_not_taken);
	tcase_add_test(tests, entries_are_sent_one_by_one);
	tcase_add_test(tests, what_cannot_be_sent);
	tcase_set_timeout(tests, 20);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
