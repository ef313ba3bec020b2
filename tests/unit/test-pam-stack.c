// SPDX-License-Identifier: MIT
/* Session stacks: what runs, what decides, and which line is named. What libpam really does is
 * tested by tests/conformance/pam-stack.sh; here are the answers, and the systems that are not at
 * hand. */
#include "pam-stack.h"

#include "host.h"
#include "pam-module.h"
#include "tree.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBIAN "/usr/lib/x86_64-linux-gnu"
#define FEDORA "/usr/lib64"
#define SVC "/etc/pam.d/svc"
#define OTHER "/etc/pam.d/other"
#define RUN "session required pam_limits.so\n"

/* Every module but pam_none.so. */
static void put_modules(const char *root, const char *library)
{
	static const char *const names[] = { "limits", "permit", "deny",   "unix",   "succeed_if",
					     "exec",   "access", "rootok", "nologin" };
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/security/pam_%s.so", library, names[i]);
		tree_put(root, path, "pam_sm_open_session");
	}
}

static struct pam_answer ask(const char *root, const char *service, struct host **ret_host)
{
	struct pam_answer answer;

	ck_assert_int_eq(host_open(root, ret_host, NULL), 0);
	pam_stack_limits(*ret_host, service, &answer);
	return answer;
}

struct stack_case {
	struct {
		const char *path, *text;
	} files[4];
	enum pam_outcome outcome;
	const char *file; /* of the origin, or NULL */
	unsigned line;
	const char *why; /* part of it; NULL: there is none */
	enum pam_session session;
	bool required;
};

static void check_case(const struct stack_case *test, const char *library, const char *libpam)
{
	const char *root = tree_new();
	struct host *host;
	char path[128];

	put_modules(root, library);
	snprintf(path, sizeof path, "%s/libpam.so.0", library);
	if (libpam)
		tree_put(root, path, libpam);
	for (size_t i = 0; i < 4 && test->files[i].path; i++)
		tree_put(root, test->files[i].path, test->files[i].text);
	struct pam_answer answer = ask(root, "svc", &host);
	ck_assert_str_eq(pam_outcome_name(answer.outcome), pam_outcome_name(test->outcome));
	ck_assert_pstr_eq(answer.origin.file, test->file);
	ck_assert_uint_eq(answer.origin.line, test->line);
	ck_assert_int_eq(answer.session, test->session);
	ck_assert_int_eq(answer.required, test->required);
	if (!test->why)
		ck_assert_pstr_eq(answer.why, NULL);
	else if (!answer.why || !strstr(answer.why, test->why))
		ck_abort_msg("\"%s\" is not in \"%s\"", test->why, answer.why);
	host_close(host);
}

#define OPENS PAM_SESSION_OPENS
#define FAILS PAM_SESSION_FAILS
#define DEPENDS PAM_SESSION_DEPENDS

static const struct stack_case debian_cases[] = {
	{ { { SVC, RUN } }, PAM_RUNS, SVC, 1, NULL, OPENS, true },
	{ { { SVC, "session optional pam_limits.so\nsession required pam_unix.so\n" } },
	  PAM_RUNS,
	  SVC,
	  1,
	  NULL,
	  OPENS,
	  false },
	{ { { SVC, "#\n@include a\n" }, { "/etc/pam.d/a", "\n" RUN } },
	  PAM_RUNS,
	  "/etc/pam.d/a",
	  2,
	  NULL,
	  OPENS,
	  true },
	{ { { SVC, RUN "session required pam_limits.so conf=/x\n" } },
	  PAM_RUNS,
	  SVC,
	  2,
	  NULL,
	  OPENS,
	  true },
	/* modules that ordinarily succeed */
	{ { { SVC, "session requisite pam_unix.so\n" RUN } }, PAM_RUNS, SVC, 2, NULL, OPENS, true },
	{ { { SVC, "session sufficient pam_unix.so\n" RUN } },
	  PAM_DOES_NOT_RUN,
	  SVC,
	  1,
	  "pam_unix.so ends or shortens the stack",
	  OPENS,
	  false },
	/* not at all */
	{ { { SVC, "session required pam_unix.so\n" } },
	  PAM_DOES_NOT_RUN,
	  SVC,
	  0,
	  "no session line names pam_limits.so",
	  OPENS,
	  false },
	{ { { SVC, "account required pam_unix.so\n" },
	    { OTHER, "session required pam_permit.so\n" } },
	  PAM_DOES_NOT_RUN,
	  OTHER,
	  0,
	  "`other` has no pam_limits.so",
	  OPENS,
	  false },
	{ { { SVC, "account required pam_unix.so\n" }, { OTHER, RUN } },
	  PAM_RUNS,
	  OTHER,
	  1,
	  NULL,
	  OPENS,
	  true },
	{ { { SVC, "session [success=1] pam_permit.so\n" RUN "session required pam_permit.so\n" } },
	  PAM_DOES_NOT_RUN,
	  SVC,
	  1,
	  "pam_permit.so ends or shortens",
	  OPENS,
	  false },
	{ { { SVC,
	      "session optional /lib/security/pam_limits.so\nsession required pam_unix.so\n" } },
	  PAM_DOES_NOT_RUN,
	  SVC,
	  1,
	  "/lib/security/pam_limits.so is not installed",
	  OPENS,
	  false },
	/* another module decides */
	{ { { SVC, "session [success=1 default=ignore] pam_succeed_if.so uid < 1000\n" RUN
		   "session required pam_unix.so\n" } },
	  PAM_CONDITIONAL,
	  SVC,
	  1,
	  "pam_succeed_if.so decides",
	  OPENS,
	  false },
	{ { { SVC, "session sufficient pam_exec.so /x\n" RUN } },
	  PAM_CONDITIONAL,
	  SVC,
	  1,
	  "pam_exec.so decides",
	  OPENS,
	  false },
	{ { { SVC, "session requisite pam_access.so\n" RUN } },
	  PAM_CONDITIONAL,
	  SVC,
	  1,
	  "pam_access.so decides",
	  DEPENDS,
	  true },
	{ { { SVC, "session required pam_access.so\n" RUN } },
	  PAM_RUNS,
	  SVC,
	  2,
	  NULL,
	  DEPENDS,
	  true },
	{ { { SVC, "session [success=1 default=ignore] pam_succeed_if.so x\n"
		   "session required pam_permit.so\n" RUN } },
	  PAM_RUNS,
	  SVC,
	  3,
	  NULL,
	  OPENS,
	  true },
	{ { { SVC, "session required pam_access.so\n"
		   "session [success=1 default=ignore] pam_succeed_if.so x\n" RUN
		   "session required pam_permit.so\n" } },
	  PAM_CONDITIONAL,
	  SVC,
	  2,
	  "pam_succeed_if.so decides",
	  DEPENDS,
	  false },
	/* broken */
	{ { { SVC, RUN "session required pam_none.so\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "pam_none.so is not installed",
	  FAILS,
	  true },
	{ { { SVC, "session requisite pam_deny.so\n" RUN } },
	  PAM_BROKEN,
	  SVC,
	  1,
	  "pam_deny.so always fails",
	  FAILS,
	  false },
	{ { { SVC, RUN "session required pam_deny.so\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "pam_deny.so always fails",
	  FAILS,
	  true },
	{ { { SVC, RUN "session required pam_nologin.so\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "pam_nologin.so has no session part",
	  FAILS,
	  true },
	{ { { SVC, "session required pam_limits.so\r\n" } },
	  PAM_BROKEN,
	  SVC,
	  1,
	  "pam_limits.so\r is not installed",
	  FAILS,
	  false },
	{ { { SVC, "session bogus pam_limits.so\n" } },
	  PAM_BROKEN,
	  SVC,
	  1,
	  "control word is unknown",
	  FAILS,
	  true },
	{ { { SVC, "session [success=bad] pam_limits.so\n" } },
	  PAM_BROKEN,
	  SVC,
	  1,
	  "its control makes a failure of it",
	  FAILS,
	  true },
	{ { { SVC, RUN "session required\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "names no module",
	  FAILS,
	  true },
	{ { { SVC, RUN "session\n" } }, PAM_BROKEN, SVC, 2, "has no control word", FAILS, true },
	{ { { SVC, RUN "session include a\n" }, { "/usr/lib/pam.d/a", RUN } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "includes a, which does not exist",
	  FAILS,
	  true },
	{ { { SVC, RUN "@include a\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "does not load: includes a, which does not exist",
	  FAILS,
	  false },
	{ { { SVC, RUN }, { OTHER, "#\n@include a\n" } },
	  PAM_BROKEN,
	  OTHER,
	  2,
	  "does not load: includes a",
	  FAILS,
	  false },
	{ { { SVC, RUN "@include\n" } }, PAM_BROKEN, SVC, 2, "crashes libpam", FAILS, false },
	{ { { SVC, RUN "auth required .so\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "\".so\" names no module",
	  FAILS,
	  false },
	{ { { SVC, RUN "session \\\n" } }, PAM_BROKEN, SVC, 2, "nothing continues", FAILS, false },
	{ { { SVC, RUN "session include a\n" }, { "/etc/pam.d/a", "session \\" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "/etc/pam.d/a:1 ends in a \\",
	  FAILS,
	  true },
	{ { { SVC, RUN "session include svc\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "include each other without end",
	  FAILS,
	  true },
	{ { { SVC, RUN "session substack svc\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "include each other too deeply",
	  FAILS,
	  true },
	{ { { SVC, "session optional pam_deny.so\n" } },
	  PAM_BROKEN,
	  SVC,
	  0,
	  "no module of the session stack decides",
	  FAILS,
	  false },
	{ { { SVC, "auth required pam_permit.so\n" } },
	  PAM_BROKEN,
	  OTHER,
	  0,
	  "there is no session line",
	  FAILS,
	  false },
	{ { { SVC, "session include a\n" }, { "/etc/pam.d/a", "sesion required x\n" RUN } },
	  PAM_BROKEN,
	  "/etc/pam.d/a",
	  1,
	  "unknown type \"sesion\"",
	  FAILS,
	  true },
	/* no service; the rest is about `other` */
	{ { { OTHER, RUN } }, PAM_NO_SERVICE, NULL, 0, "no PAM service svc here", OPENS, true },
	{ { { "/etc/pam.d/x", RUN } }, PAM_NO_SERVICE, NULL, 0, "no PAM service", FAILS, false },
};

START_TEST(debian)
{
	check_case(&debian_cases[_i], DEBIAN, NULL);
}
END_TEST

static const struct stack_case fedora_cases[] = {
	{ { { SVC, "session include a\n" }, { "/usr/lib/pam.d/a", RUN } },
	  PAM_RUNS,
	  "/usr/lib/pam.d/a",
	  1,
	  NULL,
	  OPENS,
	  true },
	{ { { "/usr/share/pam.d/svc", RUN } },
	  PAM_RUNS,
	  "/usr/share/pam.d/svc",
	  1,
	  NULL,
	  OPENS,
	  true },
	{ { { "/usr/etc/pam.d/svc", RUN }, { OTHER, RUN } },
	  PAM_NO_SERVICE,
	  NULL,
	  0,
	  "no PAM service",
	  OPENS,
	  true },
	/* an unknown type is a broken auth line, nothing for sessions */
	{ { { SVC, RUN "@include a\n" } }, PAM_RUNS, SVC, 1, NULL, OPENS, true },
	{ { { SVC, RUN "session include\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "names no file to include",
	  FAILS,
	  true },
	{ { { SVC, RUN "session include svc\n" } },
	  PAM_BROKEN,
	  SVC,
	  2,
	  "include each other too deeply",
	  FAILS,
	  true },
	/* an empty line ends a continuation */
	{ { { SVC, "session \\\n\nrequired pam_limits.so\n" } },
	  PAM_BROKEN,
	  SVC,
	  1,
	  "has no control word",
	  FAILS,
	  false },
	{ { { "/etc/pam.conf", RUN }, { OTHER, RUN } },
	  PAM_NO_SERVICE,
	  NULL,
	  0,
	  "no PAM service",
	  OPENS,
	  true },
	{ { { "/etc/pam.conf", "#\nSVC " RUN "other session required pam_deny.so\n" } },
	  PAM_RUNS,
	  "/etc/pam.conf",
	  2,
	  NULL,
	  OPENS,
	  true },
	{ { { "/etc/pam.conf", "other " RUN } }, PAM_NO_SERVICE, NULL, 0, "no PAM", OPENS, true },
	{ { { "/etc/x", "" } }, PAM_NO_SERVICE, NULL, 0, "no PAM service svc", FAILS, false },
};

START_TEST(fedora)
{
	check_case(&fedora_cases[_i], FEDORA,
		   "maximum level of inclusions reached /etc/pam.d/%s /usr/share/pam.d/%s");
}
END_TEST

/* The tail of a long comment takes effect before 1.6.0. */
START_TEST(long_comment)
{
	char text[1200] = "#";
	struct stack_case test = { { { SVC, text } }, PAM_RUNS, SVC, 1, NULL, OPENS, true };

	memset(text + 1, 'x', 1022);
	strcpy(text + 1023, RUN "session required pam_permit.so\n");
	check_case(&test, DEBIAN, "maximum level of substacks reached");
	test = (struct stack_case){
		{ { SVC, text } }, PAM_DOES_NOT_RUN, SVC, 0, "no session line", OPENS, false
	};
	check_case(&test, DEBIAN, "maximum level of inclusions reached");
}
END_TEST

START_TEST(arguments_and_files)
{
	const char *root = tree_new();
	struct host *host;

	put_modules(root, DEBIAN);
	tree_put(root, "/etc/pam.d/svc", "session substack a\n@include a\n");
	tree_put(root, "/etc/pam.d/a", "session required pam_limits.so set_all [conf=/a b]\n");
	tree_put(root, "/etc/pam.d/other", "");
	struct pam_answer answer = ask(root, "/usr/bin/SVC", &host);
	ck_assert_int_eq(answer.outcome, PAM_RUNS);
	ck_assert_uint_eq(answer.arg_count, 2);
	ck_assert_str_eq(answer.args[0], "set_all");
	ck_assert_str_eq(answer.args[1], "conf=/a b");
	ck_assert_str_eq(answer.file, "/etc/pam.d/svc");
	ck_assert_uint_eq(answer.session_lines, 3); /* the substack's mark counts, as for libpam */
	ck_assert_uint_eq(answer.file_count, 3);
	ck_assert_str_eq(answer.files[0], "/etc/pam.d/svc");
	ck_assert_str_eq(answer.files[1], "/etc/pam.d/a");
	ck_assert_str_eq(answer.files[2], "/etc/pam.d/other");
	ck_assert(answer.loads);
	ck_assert_int_eq(answer.result, 0);
	host_close(host);
}
END_TEST

START_TEST(files_that_are_none)
{
	const char *root = tree_new();
	struct host *host;

	put_modules(root, DEBIAN);
	tree_put(root, "/usr/lib/pam.d/svc", RUN);
	tree_put(root, "/etc/pam.d/other", "session required pam_permit.so\n");
	tree_link(root, "/etc/pam.d/svc", "/nowhere"); /* does not open: the next directory */
	ck_assert_int_eq(ask(root, "svc", &host).outcome, PAM_RUNS);
	host_close(host);
	tree_remove(root, "/etc/pam.d/svc");
	tree_link(root, "/etc/pam.d/svc", "svc"); /* nor does a loop */
	ck_assert_int_eq(ask(root, "svc", &host).outcome, PAM_RUNS);
	host_close(host);
	tree_remove(root, "/etc/pam.d/svc");
	tree_link(root, "/etc/pam.d/svc", "/dev/null"); /* an empty file */
	ck_assert_str_eq(ask(root, "svc", &host).origin.file, "/etc/pam.d/other");
	host_close(host);
	tree_remove(root, "/etc/pam.d/svc");
	tree_directory(root, "/etc/pam.d/svc"); /* reads as empty, too */
	ck_assert_str_eq(ask(root, "svc", &host).origin.file, "/etc/pam.d/other");
	host_close(host);
}
END_TEST

START_TEST(unreadable)
{
	const char *root = tree_new();
	struct host *host;

	put_modules(root, DEBIAN);
	tree_put(root, SVC, "session include a\n" RUN);
	tree_put(root, "/etc/pam.d/a", RUN);
	tree_chmod(root, "/etc/pam.d/a", 0);
	tree_become_ordinary(root);
	struct pam_answer answer = ask(root, "svc", &host);
	ck_assert_int_eq(answer.outcome, PAM_UNKNOWN);
	ck_assert_str_eq(answer.origin.file, "/etc/pam.d/a");
	ck_assert_str_eq(answer.why, "Permission denied");
	host_close(host);
}
END_TEST

/* A captured /etc has no modules: they are taken to be there, but not those that never are. */
START_TEST(tree_without_modules)
{
	const char *root = tree_new();
	struct host *host;

	tree_put(root, "/etc/debian_version", "12.1\n");
	tree_put(root, "/etc/pam.d/svc", "session required pam_anything.so\n@include a\n");
	tree_put(root, "/etc/pam.d/a", RUN);
	struct pam_answer answer = ask(root, "svc", &host);
	ck_assert_int_eq(answer.outcome, PAM_RUNS);
	ck_assert(pam_module_find(host, "pam_limits.so") == NULL);
	ck_assert(pam_module_present(host, "pam_limits.so"));
	ck_assert(!pam_module_present(host, "/lib/security/pam_limits.so"));
	host_close(host);

	tree_put(root, DEBIAN "/security/pam_unix.so", "");
	answer = ask(root, "svc", &host);
	ck_assert_int_eq(answer.outcome, PAM_BROKEN);
	ck_assert_uint_eq(answer.origin.line, 1);
	host_close(host);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("pam-stack");
	TCase *t = tcase_create("pam-stack");

	tcase_add_loop_test(t, debian, 0, sizeof debian_cases / sizeof *debian_cases);
	tcase_add_loop_test(t, fedora, 0, sizeof fedora_cases / sizeof *fedora_cases);
	tcase_add_test(t, long_comment);
	tcase_add_test(t, arguments_and_files);
	tcase_add_test(t, files_that_are_none);
	tcase_add_test(t, unreadable);
	tcase_add_test(t, tree_without_modules);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());

	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
