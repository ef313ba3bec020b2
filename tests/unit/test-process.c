// SPDX-License-Identifier: MIT
/* process.c: what /proc/PID says, and a process of our own. */
#include "process.h"

#include "error.h"
#include "host.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(stat_line)
{
	static const char tail[] = " S 17 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2\n";
	static const char *const names[] = { "1 (init)", "1 (a) b (c)", "1 ()", "1 () S 9 9)",
					     "1 (x\n7 (y) R 3)" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct process process = { 0 };
		char text[256];
		snprintf(text, sizeof text, "%s%s", names[i], tail);
		ck_assert(process_parse_stat(text, &process));
		ck_assert_int_eq(process.parent, 17);
		ck_assert_uint_eq(process.ticks, 987654);
		ck_assert(!process.of_kernel);
		ck_assert(!process.ended);
	}
	struct process process = { 0 };
	ck_assert(process_parse_stat(
		"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 3 0 0 20 0 1 0 8 0", &process));
	ck_assert(process.of_kernel);
	ck_assert(!process.ended);
	ck_assert(process_parse_stat("7 (x) Z 1 1 1 0 -1 4228100 0 0 0 0 0 3 0 0 20 0 1 0 8 0",
				     &process));
	ck_assert(!process.of_kernel);
	ck_assert(process.ended);
	ck_assert(!process_parse_stat("", &process));
	ck_assert(!process_parse_stat("1 (init", &process));
	ck_assert(!process_parse_stat("1 (init) S", &process));
	ck_assert(!process_parse_stat("1 (init) S 1 2 3", &process));
}
END_TEST

START_TEST(status_lines)
{
	struct process process = { 0 };

	ck_assert(process_parse_status("Name:\tx\nUid:\t1000\t0\t0\t0\nNSpid:\t12\n", &process));
	ck_assert_uint_eq(process.uid, 1000);
	ck_assert_uint_eq(process.euid, 0);
	ck_assert(!process.nested);
	ck_assert(process_parse_status("Uid:\t0\t0\t0\t0\nNSpid:\t12\t1\n", &process));
	ck_assert(process.nested);
	/* Kernels before 4.1 have no NSpid; a name cannot pretend to be another line. */
	ck_assert(process_parse_status("Name:\tUid: 7 7\nUid:\t5\t6\t6\t6\n", &process));
	ck_assert_uint_eq(process.uid, 5);
	ck_assert(!process.nested);
	ck_assert(!process_parse_status("Name:\tx\n", &process));
	ck_assert(!process_parse_status("Uid:\tx\n", &process));
}
END_TEST

/* A child with a name and a limit of its own: all of it is seen, and when it is gone that, too. */
START_TEST(a_real_process)
{
	static const char name[] = "od(d) \033\n";
	struct rlimit limit = { 77, 88 };
	struct process process;
	struct host *host;
	struct error err;
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		setrlimit(RLIMIT_NOFILE, &limit);
		prctl(PR_SET_NAME, name);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(host_open(NULL, &host, &err), 0);
	ck_assert_int_eq(process_read(host, child, &process, &err), 0);
	ck_assert_str_eq(process.comm, name);
	ck_assert_int_eq(process.parent, getpid());
	ck_assert_uint_eq(process.uid, getuid());
	ck_assert_uint_eq(process.limits[RLIMIT_NOFILE].rlim_cur, 77);
	ck_assert_uint_eq(process.limits[RLIMIT_NOFILE].rlim_max, 88);
	time_t age = time(NULL) - process.started;
	ck_assert_msg(age >= -1 && age <= 60, "started %ld s ago", (long)age);

	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ck_assert_int_eq(process_read(host, child, &process, &err), -ESRCH);
	ck_assert_ptr_nonnull(strstr(err.message, "there is no process"));
	host_close(host);
}
END_TEST

START_TEST(a_tree_has_none)
{
	struct process process;
	struct host *host;
	struct error err;

	ck_assert_int_eq(host_open("/", &host, &err), 0);
	ck_assert_int_eq(process_read(host, 1, &process, &err), -EOPNOTSUPP);
	host_close(host);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process");
	TCase *tests = tcase_create("process");

	tcase_add_test(tests, stat_line);
	tcase_add_test(tests, status_lines);
	tcase_add_test(tests, a_real_process);
	tcase_add_test(tests, a_tree_has_none);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
