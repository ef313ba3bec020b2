// SPDX-License-Identifier: MIT
/* The places that keeltune may write to, and what hides a vendor's file. */
#include "target.h"

#include "journal.h"
#include "manifest.h"
#include "pool.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *path;
	bool file, directory;
} places[] = {
	{ "/etc/sysctl.conf", true, false },
	{ "/etc/sysctl.d/99-zz-keeltune.conf", true, false },
	{ "/etc/sysctl.d/a", true, false },
	{ "/etc/sysctl.d/a/b", false, false },
	{ "/etc/sysctl.d", false, true },
	{ "/etc/security/limits.conf", true, false },
	{ "/etc/security/access.conf", false, false },
	{ "/etc/security/limits.d/x.conf", true, false },
	{ "/etc/pam.d/login", true, false },
	{ "/etc/passwd", false, false },
	{ "/etc", false, true },
	{ "/", false, false },
	{ "/etc/systemd", false, true },
	{ "/etc/systemd/system", false, true },
	{ "/etc/systemd/system/nginx.service.d", false, true },
	{ "/etc/systemd/system/dev-a\\x2db.swap.d", false, true },
	{ "/etc/systemd/system/nginx.service.d/zz-keeltune.conf", true, false },
	{ "/etc/systemd/system/nginx.service.d/a", false, false },
	{ "/etc/systemd/system/nginx.service.d/a/b.conf", false, false },
	{ "/etc/systemd/system/nginx.service", false, false },
	{ "/etc/systemd/system/a/nginx.service.d/b.conf", false, false },
	{ "/etc/systemd/system/multi-user.target.wants", false, false },
	{ "/etc/systemd/system/multi-user.target.wants/x.conf", false, false },
	{ "/etc/systemd/system.conf", false, false },
	{ "/etc/systemd/system.conf.d", false, true },
	{ "/etc/systemd/system.conf.d/zz-keeltune.conf", true, false },
	{ "/etc/systemd/user.conf.d/zz-keeltune.conf", false, false },
	{ "/usr/lib/systemd/system/nginx.service.d/a.conf", false, false },
};

START_TEST(what_may_be_written)
{
	ck_assert_msg(target_is_file(places[_i].path) == places[_i].file, "%s", places[_i].path);
	ck_assert_msg(target_is_directory(places[_i].path) == places[_i].directory, "%s",
		      places[_i].path);
}
END_TEST

/* Patterns do not let anything through that a manifest must not name. */
START_TEST(what_a_manifest_may_not_name)
{
	static const char *const bad[] = {
		"/etc/systemd/system/../system/a.d/b.conf",
		"/etc/systemd/system/a.d/../../b.conf",
		"/etc/systemd/system//a.d/b.conf",
		"/etc/systemd/system/a\x1b.d/b.conf",
		"/etc/systemd/system/a.d/.",
		"etc/systemd/system/a.d/b.conf",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!manifest_is_target(CHANGE_FILE, bad[i]), "%s", bad[i]);
	ck_assert(manifest_is_target(CHANGE_FILE, "/etc/systemd/system/a.d/b.conf"));
}
END_TEST

static const struct {
	const char *vendor, *hidden_by;
} hiding[] = {
	{ "/usr/lib/sysctl.d/50-a.conf", "/etc/sysctl.d/50-a.conf" },
	{ "/run/sysctl.d/50-a.conf", "/etc/sysctl.d/50-a.conf" },
	{ "/usr/lib/sysctl.d/x/50-a.conf", NULL },
	{ "/usr/etc/security/limits.conf", "/etc/security/limits.conf" },
	{ "/usr/etc/security/limits.d/a.conf", "/etc/security/limits.d/a.conf" },
	{ "/usr/share/pam/security/limits.d/a.conf", "/etc/security/limits.d/a.conf" },
	{ "/etc/sysctl.d/50-a.conf", NULL },
	{ "/usr/lib/systemd/system/a.service.d/zz.conf",
	  "/etc/systemd/system/a.service.d/zz.conf" },
	{ "/run/systemd/system/a@.service.d/zz.conf", "/etc/systemd/system/a@.service.d/zz.conf" },
	{ "/usr/lib/systemd/system/a.service", NULL },
	{ "/usr/lib/systemd/system.conf.d/zz.conf", "/etc/systemd/system.conf.d/zz.conf" },
	{ "/etc/systemd/system.control/a.service.d/zz.conf", NULL },
};

START_TEST(what_hides)
{
	struct pool *pool = pool_new();
	const char *by = target_that_hides(pool, hiding[_i].vendor);

	if (hiding[_i].hidden_by)
		ck_assert_pstr_eq(by, hiding[_i].hidden_by);
	else
		ck_assert_msg(!by, "%s: %s", hiding[_i].vendor, by);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target");
	TCase *tcase = tcase_create("target");

	tcase_add_loop_test(tcase, what_may_be_written, 0, sizeof places / sizeof *places);
	tcase_add_test(tcase, what_a_manifest_may_not_name);
	tcase_add_loop_test(tcase, what_hides, 0, sizeof hiding / sizeof *hiding);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
