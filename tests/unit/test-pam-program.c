// SPDX-License-Identifier: MIT
/* sudo's pam_session, BusyBox, and what else a program makes of its PAM service, see
 * sudoers(5). */
#include "pam-program.h"

#include "host.h"
#include "provider-pam.h"
#include "sudoers.h"
#include "tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *sudoers;
	enum sudo_session want;
	unsigned line; /* of /etc/sudoers; 0: none */
} cases[] = {
	{ "", SUDO_SESSION_YES, 0 },
	{ "Defaults env_reset\nroot ALL=(ALL) ALL\n", SUDO_SESSION_YES, 0 },
	{ "Defaults !pam_session\n", SUDO_SESSION_NO, 1 },
	{ "# x\nDefaults\tenv_reset, !pam_session\n", SUDO_SESSION_NO, 2 },
	{ "Defaults ! pam_session", SUDO_SESSION_NO, 1 },
	{ "Defaults !pam_session\nDefaults pam_session\n", SUDO_SESSION_YES, 0 },
	{ "Defaults env_reset, \\\n  !pam_session\n", SUDO_SESSION_NO, 1 },
	{ "# Defaults !pam_session\n", SUDO_SESSION_YES, 0 },
	{ "Defaults !pam_setcred\n", SUDO_SESSION_YES, 0 },
	{ "Defaults !pam_sessions\n", SUDO_SESSION_YES, 0 },
	{ "Defaults:alice !pam_session\n", SUDO_SESSION_SOME, 1 },
	{ "Defaults@web !pam_session\n", SUDO_SESSION_SOME, 1 },
	{ "Defaults!/bin/ls !pam_session\n", SUDO_SESSION_SOME, 1 },
	{ "Defaults>root !pam_session\n", SUDO_SESSION_SOME, 1 },
	{ "Defaultsx !pam_session\n", SUDO_SESSION_YES, 0 },
	{ "DEFAULTS !pam_session\n", SUDO_SESSION_YES, 0 },
};

START_TEST(sudoers)
{
	const char *root = tree_new(), *why;
	struct origin origin;
	struct host *host;

	tree_put(root, "/etc/sudoers", cases[_i].sudoers);
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	ck_assert_int_eq(sudo_opens_session(host, &origin, &why), cases[_i].want);
	ck_assert_uint_eq(origin.line, cases[_i].line);
	ck_assert(!why == (cases[_i].want == SUDO_SESSION_YES));
	host_close(host);
}
END_TEST

static enum sudo_session asked(const char *root, const char *want_file)
{
	struct origin origin;
	struct host *host;
	const char *why;

	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	enum sudo_session opens = sudo_opens_session(host, &origin, &why);
	ck_assert_pstr_eq(origin.file, want_file);
	host_close(host);
	return opens;
}

START_TEST(includes)
{
	const char *root = tree_new();

	ck_assert_int_eq(asked(root, NULL), SUDO_SESSION_YES);
	tree_put(root, "/etc/sudoers", "@includedir /etc/sudoers.d\n#include extra\n");
	tree_put(root, "/etc/sudoers.d/a.conf", "Defaults !pam_session\n");
	tree_put(root, "/etc/sudoers.d/b~", "Defaults !pam_session\n");
	ck_assert_int_eq(asked(root, NULL), SUDO_SESSION_YES);
	tree_put(root, "/etc/sudoers.d/c", "Defaults !pam_session\n");
	ck_assert_int_eq(asked(root, "/etc/sudoers.d/c"), SUDO_SESSION_NO);
	tree_put(root, "/etc/extra", "Defaults pam_session\n");
	ck_assert_int_eq(asked(root, NULL), SUDO_SESSION_YES);
	/* files that include each other without end */
	tree_put(root, "/etc/extra", "@include /etc/sudoers\n");
	ck_assert_int_eq(asked(root, "/etc/sudoers.d/c"), SUDO_SESSION_NO);
}
END_TEST

static enum pam_outcome outcome_of(const char *root, const char *service, bool want_by_program)
{
	struct pam_answer answer;
	struct host *host;
	bool by_program;

	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	pam_ask(host, service, &answer, &by_program);
	ck_assert_int_eq(by_program, want_by_program);
	host_close(host);
	return answer.outcome;
}

START_TEST(services)
{
	static const char stack[] = "session required pam_limits.so\n";
	const char *root = tree_new();

	tree_put(root, "/etc/pam.d/sudo", stack);
	tree_put(root, "/etc/pam.d/login", stack);
	tree_put(root, "/etc/pam.d/su", "session required pam_unix.so\n");
	tree_put(root, "/etc/sudoers", "Defaults !pam_session\n");
	tree_put(root, "/bin/busybox", "");
	ck_assert_int_eq(outcome_of(root, "sudo", true), PAM_DOES_NOT_RUN);
	ck_assert_int_eq(outcome_of(root, "login", false), PAM_RUNS);
	tree_link(root, "/bin/login", "busybox");
	tree_link(root, "/bin/su", "/bin/busybox");
	ck_assert_int_eq(outcome_of(root, "login", true), PAM_DOES_NOT_RUN);
	ck_assert_int_eq(outcome_of(root, "su", false), PAM_DOES_NOT_RUN); /* its stack says so */
	tree_put(root, "/etc/sudoers", "Defaults:bob !pam_session\n");
	ck_assert_int_eq(outcome_of(root, "sudo", true), PAM_CONDITIONAL);
	ck_assert_ptr_nonnull(strstr(pam_program_about("cockpit"), "cockpit-session"));
	ck_assert_ptr_null(pam_program_about("vlock"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pam-program");
	TCase *tcase = tcase_create("pam-program");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, sudoers, 0, sizeof cases / sizeof *cases);
	tcase_add_test(tcase, includes);
	tcase_add_test(tcase, services);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
