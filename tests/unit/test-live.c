// SPDX-License-Identifier: MIT
/* live.c: which groups say the same, in which order, and by what name a place is known;
 * live-advice.c: what to do. */
#include "live.h"

#include "cgroup.h"
#include "pool.h"
#include "process-limits.h"

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

static const struct advice_case {
	enum process_place kind;
	enum limit_cause cause;
	bool by_unit, next_serves;
	const char *item, *begins, *names;
} advice_cases[] = {
	{ PLACE_SESSION, CAUSE_OLDER, false, true, "nofile", "log in again", "new session" },
	{ PLACE_SESSION, CAUSE_UNKNOWN, false, false, "nofile", "a new login gets no more yet",
	  "keeltune apply" },
	{ PLACE_SESSION, CAUSE_NO_PAM, false, true, "nofile", "make that service run", "pam:" },
	{ PLACE_SESSION, CAUSE_CHANGED, false, true, "nofile",
	  "keeltune sockets relieve --pid 12 --nofile 5000:8000 ", "setrlimit" },
	{ PLACE_SESSION, CAUSE_CHANGED, false, true, "nproc", "prlimit --pid 12 --nproc=5000:8000 ",
	  "setrlimit" },
	{ PLACE_SERVICE, CAUSE_CHANGED, false, true, "nofile", "keeltune sockets relieve --pid 12 ",
	  "LimitNOFILE=5000:8000 in a drop-in" },
	{ PLACE_SERVICE, CAUSE_UNIT, false, true, "nofile", "LimitNOFILE=5000:8000 in a drop-in",
	  "until then: keeltune sockets relieve --pid PID --nofile 5000:8000" },
	{ PLACE_SERVICE, CAUSE_UNIT, true, false, "nofile",
	  "keeltune apply, then systemctl daemon-reload && systemctl restart UNIT", "--pid PID" },
	{ PLACE_SERVICE, CAUSE_UNIT, true, true, "nofile", "LimitNOFILE=", "restart it" },
	{ PLACE_SERVICE, CAUSE_OLDER, true, true, "nofile",
	  "systemctl daemon-reload && systemctl restart UNIT", "--nofile 5000:8000" },
	{ PLACE_SERVICE, CAUSE_SERVICE, false, true, "nofile", "raise it in limits.conf",
	  "restart UNIT" },
	{ PLACE_SERVICE, CAUSE_NO_UNIT, false, true, "nofile", "nothing starts it again",
	  "unmask" },
	{ PLACE_SERVICE, CAUSE_CEILING, true, false, "nofile", "give the container more",
	  "--ulimit" },
	{ PLACE_USER_MANAGER, CAUSE_USER_MANAGER, false, true, "nofile",
	  "DefaultLimitNOFILE=5000:8000 in /etc/systemd/user.conf", "--pid PID" },
	{ PLACE_UNKNOWN, CAUSE_INHERITED, false, true, "nofile", "restart it where", "--pid 12" },
};

static bool is_never(const void *data, const struct setting *setting, const char *unit)
{
	(void)data, (void)setting, (void)unit;
	return false;
}

START_TEST(each_place_has_advice)
{
	const struct advice_case *c = &advice_cases[_i];
	const struct live_scope scope = { .is_of_unit = c->by_unit ? is_never : NULL };
	const struct setting setting = { .name = c->by_unit ? "x.service" : "*",
					 .item = c->item,
					 .side = SIDE_SOFT,
					 .want = value_number(5000) };
	struct process_limits limits = { .process.pid = 12, .kind = c->kind };

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		limits.process.limits[i] = (struct rlimit){ 1000, 8000 };
		limits.items[i].cause = c->cause;
	}
	const char *advice = live_advise_limit(pool, &scope, &setting, &limits, c->next_serves);
	ck_assert_msg(!strncmp(advice, c->begins, strlen(c->begins)), "%s", advice);
	ck_assert_msg(strstr(advice, c->names) != NULL, "%s", advice);
}
END_TEST

START_TEST(a_hard_limit_is_raised_and_never_lowered)
{
	const struct live_scope scope = { .is_of_unit = NULL };
	struct setting setting = {
		.name = "*", .item = "nofile", .side = SIDE_HARD, .want = value_number(9000)
	};
	struct process_limits limits = { .kind = PLACE_SERVICE };

	limits.items[RLIMIT_NOFILE].cause = CAUSE_OLDER;
	limits.process.limits[RLIMIT_NOFILE] = (struct rlimit){ 1024, 8000 };
	ck_assert_ptr_nonnull(strstr(live_advise_limit(pool, &scope, &setting, &limits, true),
				     "--nofile 1024:9000"));
	setting.side = SIDE_SOFT;
	ck_assert_ptr_nonnull(strstr(live_advise_limit(pool, &scope, &setting, &limits, true),
				     "--nofile 9000:9000"));
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
	tcase_add_loop_test(tests, each_place_has_advice, 0,
			    sizeof advice_cases / sizeof *advice_cases);
	tcase_add_test(tests, a_hard_limit_is_raised_and_never_lowered);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
