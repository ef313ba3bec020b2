// SPDX-License-Identifier: MIT
/* fd-scan.c: descriptors of this process against sets of sockets. */
#include "fd-scan.h"
#include "socket-set.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int proc;
static struct socket_set set;
static struct fd_hits hits;

static void set_up(void)
{
	proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(proc, 0);
	set = (struct socket_set){ 0 };
	hits = (struct fd_hits){ 0 };
}

static void tear_down(void)
{
	socket_set_free(&set);
	free(hits.items);
	close(proc);
}

/* Looks at this process for the socket with this inode. */
static struct fd_scan scan_for(ino_t inode, dev_t device)
{
	struct tcp_socket socket = { .inode = (uint32_t)inode };

	ck_assert_int_eq(socket_set_add(&set, &socket), 0);
	ck_assert_int_eq(socket_set_index(&set), 0);
	if (device)
		set.device = device;
	struct fd_scan found = fd_scan_process(proc, getpid(), false, &set, 7, &hits);
	if (found.process)
		close(found.process);
	return found;
}

static struct stat stat_of(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st;
}

START_TEST(a_socket_is_found_by_its_inode)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), copy = dup(fd);

	ck_assert_int_ge(copy, 0);
	struct fd_scan found = scan_for(stat_of(fd).st_ino, 0);
	ck_assert_uint_eq(found.hits, 2);
	ck_assert_uint_gt(found.ticks, 0);
	ck_assert(!found.denied);
	ck_assert_uint_eq(hits.count, 2);
	ck_assert_uint_eq(hits.items[0].socket, 0);
	ck_assert_uint_eq(hits.items[0].process, 7);
	close(fd);
	close(copy);
}
END_TEST

START_TEST(another_socket_is_a_stranger)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct fd_scan found = scan_for(stat_of(fd).st_ino + 1, 0);

	ck_assert_uint_eq(found.hits, 0);
	ck_assert_uint_ge(found.strangers, 1);
	close(fd);
}
END_TEST

/* A file of type socket has the inode number of its file system, which may be that of any socket.
 * The second round, with the device of the file for that of sockets, shows that it is the device
 * that tells them apart. */
START_TEST(a_file_with_the_inode_of_a_socket_is_none)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *directory = getenv("TMPDIR");

	snprintf(address.sun_path, sizeof address.sun_path, "%.80s/impostor.%d",
		 directory ? directory : "/tmp", getpid());
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	unlink(address.sun_path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	int file = open(address.sun_path, O_PATH);
	ck_assert_int_ge(file, 0);
	struct stat st = stat_of(file);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_ne(st.st_dev, stat_of(fd).st_dev);
	struct fd_scan found = scan_for(st.st_ino, _i ? st.st_dev : 0);
	ck_assert_uint_eq(found.hits, (unsigned)_i);
	ck_assert_uint_eq(hits.count, (size_t)_i);
	unlink(address.sun_path);
	close(file);
	close(fd);
}
END_TEST

START_TEST(a_process_that_is_gone_has_none)
{
	struct tcp_socket socket = { .inode = 1 };

	ck_assert_int_eq(socket_set_add(&set, &socket), 0);
	ck_assert_int_eq(socket_set_index(&set), 0);
	struct fd_scan found = fd_scan_process(proc, (1 << 22) + 1, false, &set, 0, &hits);
	ck_assert_uint_eq(found.hits, 0);
	ck_assert(!found.denied);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fd-scan");
	TCase *tests = tcase_create("fd-scan");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_socket_is_found_by_its_inode);
	tcase_add_test(tests, another_socket_is_a_stranger);
	tcase_add_loop_test(tests, a_file_with_the_inode_of_a_socket_is_none, 0, 2);
	tcase_add_test(tests, a_process_that_is_gone_has_none);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
