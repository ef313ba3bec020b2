// SPDX-License-Identifier: MIT
/* Where modules are found, and what they answer. */
#include "pam-module.h"

#include "host.h"
#include "pam-stack.h"
#include "tree.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEBIAN "/usr/lib/x86_64-linux-gnu"
#define FEDORA "/usr/lib64"
#define SVC "/etc/pam.d/svc"
#define RUN "session required pam_limits.so\n"

static void put_modules(const char *root, const char *library)
{
	static const char *const names[] = { "limits", "permit" };
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/security/pam_%s.so", library, names[i]);
		tree_put(root, path, "pam_sm_open_session");
	}
}

static struct pam_answer ask(const char *root, struct host **ret_host)
{
	struct pam_answer answer;

	ck_assert_int_eq(host_open(root, ret_host, NULL), 0);
	pam_stack_limits(*ret_host, "svc", &answer);
	return answer;
}

static const struct {
	const char *library, *module, *path;
} module_cases[] = {
	{ DEBIAN, "pam_limits.so", DEBIAN "/security/pam_limits.so" },
	{ "/lib/aarch64-linux-gnu", "pam_limits.so",
	  "/lib/aarch64-linux-gnu/security/pam_limits.so" },
	{ FEDORA, "pam_limits.so", FEDORA "/security/pam_limits.so" },
	{ "/lib64", "pam_limits.so", "/lib64/security/pam_limits.so" },
	{ "/usr/lib", "pam_limits.so", "/usr/lib/security/pam_limits.so" },
	{ DEBIAN, DEBIAN "/security/pam_limits.so", DEBIAN "/security/pam_limits.so" },
	{ DEBIAN, "../security/pam_limits.so", DEBIAN "/security/../security/pam_limits.so" },
	{ DEBIAN, "PAM_LIMITS.so", NULL },
	{ DEBIAN, "pam_limits", NULL },
	{ DEBIAN, "", NULL },
	{ DEBIAN, "/lib/security/pam_limits.so", NULL },
	{ FEDORA, "/lib/security/$ISA/pam_limits.so", NULL },
	{ FEDORA, "$ISA/pam_limits.so", FEDORA "/security/../../lib64/security/pam_limits.so" },
};

START_TEST(find_modules)
{
	const char *root = tree_new();
	struct host *host;

	put_modules(root, module_cases[_i].library);
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	ck_assert_pstr_eq(pam_module_find(host, module_cases[_i].module), module_cases[_i].path);
	host_close(host);
}
END_TEST

/* Debian looks in /lib/security for what the multiarch directory does not have. */
START_TEST(find_legacy_modules)
{
	const char *root = tree_new();
	struct host *host;

	put_modules(root, DEBIAN);
	tree_put(root, "/lib/security/pam_old.so", "");
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	ck_assert_pstr_eq(pam_module_find(host, "pam_old.so"), "/lib/security/pam_old.so");
	ck_assert_pstr_eq(pam_module_find(host, "$ISA/pam_old.so"), "/lib/security/pam_old.so");
	host_close(host);
}
END_TEST

/* A module that is not in the table is asked by its file. */
START_TEST(unknown_modules)
{
	const char *root = tree_new();
	struct host *host;

	put_modules(root, DEBIAN);
	tree_put(root, DEBIAN "/security/pam_vendor.so", "pam_sm_authenticate");
	tree_put(root, SVC, "session [module_unknown=ignore default=1] pam_vendor.so\n" RUN);
	ck_assert_int_eq(ask(root, &host).outcome, PAM_RUNS);
	host_close(host);
	tree_put(root, DEBIAN "/security/pam_vendor.so", "pam_sm_open_session");
	tree_put(root, SVC,
		 "session [success=ignore default=1] pam_vendor.so\n" RUN
		 "session required pam_permit.so\n");
	struct pam_answer answer = ask(root, &host);
	ck_assert_int_eq(answer.outcome, PAM_CONDITIONAL);
	ck_assert_str_eq(answer.why, "pam_vendor.so decides");
	host_close(host);
}
END_TEST

START_TEST(debug_module)
{
	const char *root = tree_new();
	struct host *host;
	const char *const args[] = { "auth=abort", "open_session=ignore", "open_session=abort" };
	const char *const wrong[] = { "open_session=nothing" };

	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	ck_assert_uint_eq(pam_module_results(host, "pam_debug.so", args, 3), 1u << 25);
	ck_assert_uint_eq(pam_module_results(host, "/x/pam_debug.so", wrong, 1), 1);
	ck_assert_uint_eq(pam_module_results(host, "pam_debug.so", NULL, 0), 1);
	host_close(host);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("pam-module");
	TCase *t = tcase_create("pam-module");

	tcase_add_loop_test(t, find_modules, 0, sizeof module_cases / sizeof *module_cases);
	tcase_add_test(t, find_legacy_modules);
	tcase_add_test(t, unknown_modules);
	tcase_add_test(t, debug_module);
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
