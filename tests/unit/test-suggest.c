// SPDX-License-Identifier: MIT
/* suggest.c: the mistakes that people make, and words that are simply others. */
#include "suggest.h"

#include <check.h>
#include <stdlib.h>

static const char *const names[] = { "audit",
				     "diff",
				     "apply",
				     "rollback",
				     "history",
				     "profile",
				     "baseline",
				     "web-server",
				     "database",
				     "load-balancer",
				     "cloud-nat",
				     "close-wait-relief",
				     "close-wait-emergency" };

static const struct {
	const char *word, *want;
} words[] = {
	{ "audit", "audit" },
	{ "adit", "audit" },   /* one left out */
	{ "auditt", "audit" }, /* one too many */
	{ "audut", "audit" },  /* another one */
	{ "uadit", "audit" },  /* two exchanged */
	{ "dif", "diff" },
	{ "aply", "apply" },
	{ "rolback", "rollback" },
	{ "rollbakc", "rollback" },
	{ "hsitory", "history" },
	{ "profiles", "profile" },
	{ "base-line", "baseline" },
	{ "webserver", "web-server" },
	{ "web_server", "web-server" },
	{ "loadbalancer", "load-balancer" },
	{ "close-wait-releif", "close-wait-relief" },
	{ "", NULL },
	{ "x", NULL },
	{ "sockets", NULL },
	{ "zzzzzzzz", NULL },
	{ "keepalive", NULL },
	/* 63 bytes are looked at, 64 are not; neither is near anything */
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

START_TEST(the_nearest_name_is_found)
{
	const char *got = suggest_nearest(words[_i].word, names, sizeof names / sizeof *names);

	ck_assert_pstr_eq(got, words[_i].want);
}
END_TEST

START_TEST(no_names_no_suggestion)
{
	ck_assert_ptr_null(suggest_nearest("audit", NULL, 0));
}
END_TEST

START_TEST(long_names_are_passed_over)
{
	static const char longest[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
	static const char *const one[] = { longest, "aaa" };

	ck_assert_str_eq(suggest_nearest("aaaa", one, 2), "aaa");
	ck_assert_ptr_null(suggest_nearest(longest, one, 1));
	ck_assert_str_eq(suggest_nearest(longest + 1, (const char *const[]){ longest + 2 }, 1),
			 longest + 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suggest");
	TCase *tests = tcase_create("suggest");
	tcase_add_loop_test(tests, the_nearest_name_is_found, 0, sizeof words / sizeof *words);
	tcase_add_test(tests, no_names_no_suggestion);
	tcase_add_test(tests, long_names_are_passed_over);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
