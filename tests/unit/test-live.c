// SPDX-License-Identifier: MIT
/* live.c: which groups say the same, in which order, and by what name a place is known. */
#include "live.h"

#include "cgroup.h"
#include "pool.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct pool *pool;

static void set_up(void)
{
	pool = pool_new();
}

static void tear_down(void)
{
	pool_free(pool);
}

static struct live_group group(const char *name, uint32_t used, size_t count, const char *why)
{
	return (struct live_group){ .name = name,
				    .used = used,
				    .count = count,
				    .shown = "1024:4096",
				    .why = why,
				    .advice = "restart" };
}

START_TEST(neighbours_say_the_same)
{
	const struct live_group groups[] = {
		group("c.service", UINT32_MAX, 9, "unit"),
		group("s", 1, 1, "session"),
		group("b.service", 10, 1, "unit"),
		group("a.service", 10, 1, "unit"),
		group(NULL, 900, 1, "unit"),
		group("t", 1, 1, "session"),
	};
	static const char *const want[] = { "s", "t", NULL, "a.service", "b.service", "c.service" };
	struct live live = { 0 };

	for (size_t i = 0; i < 6; i++)
		live_add(pool, &live, &groups[i]);
	live_sort(&live);
	ck_assert_uint_eq(live.count, 6);
	for (size_t i = 0; i < 6; i++)
		ck_assert_pstr_eq(live.groups[i].name, want[i]);
	ck_assert(live_is_alike(&live.groups[0], &live.groups[1]));
	ck_assert(!live_is_alike(&live.groups[1], &live.groups[2]));
	ck_assert(live_is_alike(&live.groups[2], &live.groups[5]));
	live_sort(&(struct live){ 0 });
}
END_TEST

START_TEST(each_difference_counts)
{
	struct live_group a = group("x", 1, 1, "unit"), b = a;

	b.name = "y";
	b.used = 7;
	b.count = 7;
	ck_assert(live_is_alike(&a, &b));
	b.kind = LIVE_SOCKETS;
	ck_assert(!live_is_alike(&a, &b));
	b = a;
	b.shown = "1024:8192";
	ck_assert(!live_is_alike(&a, &b));
	b = a;
	b.advice = NULL;
	ck_assert(!live_is_alike(&a, &b));
	b = a;
	b.why = NULL;
	ck_assert(!live_is_alike(&a, &b));
}
END_TEST

static const struct {
	const char *cgroup, *place;
} places[] = {
	{ "0::/system.slice/nginx.service\n", "nginx.service" },
	{ "0::/user.slice/user-1000.slice/session-3.scope\n", "session 3" },
	{ "0::/user.slice/user-7.slice/user@7.service/app.slice/x.service\n",
	  "x.service of uid 7" },
	{ "0::/user.slice/user-7.slice/user@7.service/init.scope\n", "init.scope of uid 7" },
	{ "0::/system.slice/"
	  "docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n",
	  "docker 0123456789ab" },
	{ "0::/\n", NULL },
	{ "", NULL },
};

START_TEST(places_have_names)
{
	struct cgroup cgroup;

	cgroup_parse(pool, places[_i].cgroup, strlen(places[_i].cgroup), &cgroup);
	ck_assert_pstr_eq(live_place(pool, &cgroup), places[_i].place);
}
END_TEST

START_TEST(users_have_names_or_numbers)
{
	struct account bob = { .name = "bob", .uid = 1000 };
	struct accounts accounts = { .users = &bob, .user_count = 1 };

	ck_assert_str_eq(live_user(pool, &accounts, 1000), "bob");
	ck_assert_str_eq(live_user(pool, &accounts, 4294967294u), "4294967294");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("live");
	TCase *tests = tcase_create("live");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, neighbours_say_the_same);
	tcase_add_test(tests, each_difference_counts);
	tcase_add_loop_test(tests, places_have_names, 0, sizeof places / sizeof *places);
	tcase_add_test(tests, users_have_names_or_numbers);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
