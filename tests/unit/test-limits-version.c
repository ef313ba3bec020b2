// SPDX-License-Identifier: MIT
/* limits-version.c: versions as people write them, and what each pam_limits.so does. */
#include "limits-module.h"

#include "error.h"
#include "pool.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *version;
	bool debian, resets, missing_ok, whole_lines, trims, caps, nonewprivs, rttime;
} good[] = {
	{ "1.3.1", 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "1.3.1-36.el8_10", 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "1.4.0-9+deb11u1", 1, 1, 0, 0, 0, 0, 0, 0 },
	{ "1.4.0-11ubuntu2.4", 1, 1, 0, 0, 0, 0, 0, 0 },
	{ "1.5.0", 0, 0, 0, 0, 0, 0, 1, 0 },
	{ "1.5.1-19.el9", 0, 0, 0, 0, 0, 0, 1, 0 },
	{ "1.5.2", 0, 0, 0, 0, 0, 1, 1, 0 },
	{ "1.5.2-6+deb12u2", 1, 1, 0, 0, 0, 1, 1, 0 },
	{ "1.5.3", 0, 0, 1, 0, 0, 1, 1, 0 },
	{ "1.5.3-5ubuntu5.1", 1, 1, 1, 0, 0, 1, 1, 0 },
	{ "1.6.0", 0, 0, 1, 1, 0, 1, 1, 0 },
	{ "1.6.1-r1", 0, 0, 1, 1, 1, 1, 1, 0 },
	{ "1.7.0", 0, 0, 1, 1, 1, 1, 1, 0 },
	{ "1.7.0-5", 1, 0, 1, 1, 1, 1, 1, 0 },
	{ "1.7.0-3.fc41", 0, 0, 1, 1, 1, 1, 1, 0 },
	{ "1.7.1", 0, 0, 1, 1, 1, 1, 1, 1 },
	{ "1.7.2", 0, 0, 1, 1, 1, 1, 1, 1 },
};

START_TEST(versions)
{
	struct limits_module module;
	struct error err;

	ck_assert_msg(!limits_module_of_version(good[_i].version, &module, &err), "%s",
		      good[_i].version);
	ck_assert_int_eq(module.debian, good[_i].debian);
	ck_assert_int_eq(module.ignores_eperm, good[_i].debian);
	ck_assert_int_eq(module.resets, good[_i].resets);
	ck_assert_int_eq(module.missing_ok, good[_i].missing_ok);
	ck_assert_int_eq(module.whole_lines, good[_i].whole_lines);
	ck_assert_int_eq(module.trims_value, good[_i].trims);
	ck_assert_int_eq(module.caps_nofile, good[_i].caps);
	ck_assert_int_eq(module.nonewprivs, good[_i].nonewprivs);
	ck_assert_int_eq(module.rttime, good[_i].rttime);
}
END_TEST

static const char *const bad[] = { "",       "1",       "1.5",       "1.3.0",    "1.7.3",
				   "2.0.0",  "1.5.22",  "1.5.2.1",   "1.5.2-",   "1.5.2 ",
				   " 1.5.2", "v1.5.2",  "1.5.2+deb", "deb12",    "1.5.2-6 x",
				   "1.5.2~", "1.8.0-1", "1.5.2-6\n", "0:1.5.2-6" };

START_TEST(no_versions)
{
	struct limits_module module;
	struct error err;

	ck_assert_msg(limits_module_of_version(bad[_i], &module, &err) < 0, "%s", bad[_i]);
	ck_assert_ptr_nonnull(strstr(err.message, "1.3.1, 1.4.0"));
	ck_assert_ptr_nonnull(strstr(err.message, "1.5.2-6+deb12u2"));
}
END_TEST

static const struct {
	const char *version, *text;
	bool compared;
} described[] = {
	{ "1.3.1", "Linux-PAM 1.3.1 or 1.4.0", false },
	{ "1.4.0-9+deb11u1", "Linux-PAM 1.3.1 or 1.4.0 with Debian's patches", true },
	{ "1.5.1", "Linux-PAM 1.5.0 or 1.5.1", false },
	{ "1.5.2", "Linux-PAM 1.5.2", false },
	{ "1.5.2-6+deb12u2", "Linux-PAM 1.5.2 with Debian's patches", true },
	{ "1.6.1", "Linux-PAM 1.6.1 or 1.7.0", false },
	{ "1.7.0-5", "Linux-PAM 1.7.0 with Debian's patches", true },
	{ "1.5.3-5ubuntu5", "Linux-PAM 1.5.3 with Debian's patches", false },
	{ "1.7.2", "Linux-PAM 1.7.1 or 1.7.2", false },
};

START_TEST(descriptions)
{
	struct pool *pool = pool_new();
	struct limits_module module;
	struct error err;
	bool compared;

	ck_assert_int_eq(limits_module_of_version(described[_i].version, &module, &err), 0);
	ck_assert_str_eq(limits_module_describe(pool, &module, &compared), described[_i].text);
	ck_assert_int_eq(compared, described[_i].compared);
	/* An item of 1.7.1 without one of 1.5.0: somebody moved a feature. */
	module.rttime = true;
	module.nonewprivs = false;
	ck_assert_ptr_nonnull(
		strstr(limits_module_describe(pool, &module, &compared), "none of the known"));
	ck_assert(!compared);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits-version");
	TCase *tests = tcase_create("versions");

	tcase_add_loop_test(tests, versions, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(tests, no_versions, 0, sizeof bad / sizeof *bad);
	tcase_add_loop_test(tests, descriptions, 0, sizeof described / sizeof *described);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
