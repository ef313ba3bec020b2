// SPDX-License-Identifier: MIT
/* The profiles in profiles/ with the real providers: they load, say what they promise, and combine.
 * Runs in the top directory of the project. */
#include "pool.h"
#include "profile.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct provider *const providers[] = { &provider_sysctl, &provider_limits,
						    &provider_pam, NULL };
static const struct profile_path path = { .directory = { NULL, NULL, "profiles" } };
static struct pool *pool;
static struct profile_set set;

static void set_up(void)
{
	pool = pool_new();
}

static void tear_down(void)
{
	pool_free(pool);
}

static int try_load(const char *names)
{
	const char *list[8];
	size_t count = 0;
	char *copy = pool_strdup(pool, names), *rest = copy, *name;
	struct notes problems = { .pool = pool };

	while ((name = strsep(&rest, " ")))
		list[count++] = name;
	return profile_load(pool, providers, &path, list, count, (uid_t)-1, &set, &problems);
}

static void load(const char *names)
{
	ck_assert_msg(!try_load(names), "%s does not load", names);
}

static const struct setting *find(const char *id)
{
	for (size_t i = 0; i < set.count; i++)
		if (!strcmp(set.settings[i].id, id))
			return &set.settings[i];
	ck_abort_msg("no setting %s", id);
}

static uint64_t want(const char *id)
{
	ck_assert_int_eq(find(id)->want.kind, VALUE_NUMBER);
	return find(id)->want.number;
}

static bool accepts(const char *id, uint64_t number)
{
	return setting_accepts(find(id), value_number(number));
}

#define TIME "sysctl:net.ipv4.tcp_keepalive_time"
#define INTVL "sysctl:net.ipv4.tcp_keepalive_intvl"
#define PROBES "sysctl:net.ipv4.tcp_keepalive_probes"

static const char *const shipped[] = {
	"baseline",          "web-server",          "database", "load-balancer", "cloud-nat",
	"close-wait-relief", "close-wait-emergency"
};

/* ---- each of them ------------------------------------------------------------------------ */

START_TEST(test_each)
{
	bool runtime = !strncmp(shipped[_i], "close-wait-", strlen("close-wait-"));

	load(shipped[_i]);
	ck_assert_str_eq(set.names, shipped[_i]);
	ck_assert_str_eq(set.sources[set.source_count - 1].name, shipped[_i]);
	ck_assert_ptr_nonnull(set.description);
	for (size_t i = 0; i < set.count; i++) {
		const struct setting *s = &set.settings[i];

		ck_assert_msg(s->reason && strchr(s->reason, '('), "%s of %s names no source",
			      s->id, shipped[_i]);
		ck_assert_msg(s->provider != &provider_sysctl || !strncmp(s->name, "net.", 4) ||
				      !strcmp(s->name, "fs.file-max"),
			      "%s is not for a shipped profile", s->id);
		ck_assert_msg(setting_accepts(s, s->want) || s->want.kind == VALUE_TEXT,
			      "%s of %s does not accept its own value", s->id, shipped[_i]);
		ck_assert_int_eq(s->runtime_only, runtime);
	}
	/* What the kernel takes and switches keepalive off or kills healthy connections. */
	ck_assert(!accepts(TIME, 0) && !accepts(INTVL, 0) && !accepts(PROBES, 0));
	ck_assert(!setting_accepts(find(TIME), value_signed(-1)));
	ck_assert(!accepts(TIME, 7200) && !accepts(INTVL, 75) && !accepts(PROBES, 9));
}
END_TEST

START_TEST(test_no_other_file)
{
	struct profile_entry *entries;
	size_t count;

	profile_list(pool, providers, &path, &entries, &count);
	ck_assert_uint_eq(count, sizeof shipped / sizeof *shipped);
	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_nonnull(entries[i].description);
		ck_assert_uint_gt(strlen(entries[i].description), 0);
	}
}
END_TEST

START_TEST(test_baseline)
{
	load("baseline");
	ck_assert_uint_eq(set.count, 10);
	ck_assert_uint_eq(want(TIME), 1800);
	ck_assert(accepts(TIME, 1) && accepts(TIME, 1800) && !accepts(TIME, 1801));
	ck_assert_uint_eq(want(INTVL), 15);
	ck_assert(accepts(INTVL, 15) && !accepts(INTVL, 16));
	ck_assert_uint_eq(want(PROBES), 3);
	ck_assert(!accepts(PROBES, 1) && accepts(PROBES, 2) && accepts(PROBES, 5) &&
		  !accepts(PROBES, 6));
	ck_assert_uint_eq(want("sysctl:fs.file-max"), 65536);
	ck_assert(!accepts("sysctl:fs.file-max", 65535));
	ck_assert(accepts("sysctl:fs.file-max", INT64_MAX));

	static const char *const limits[] = { "limit:*:nofile:soft", "limit:*:nofile:hard",
					      "limit:root:nofile:soft", "limit:root:nofile:hard" };
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(want(limits[i]), 8192);
		ck_assert(!accepts(limits[i], 4095) && accepts(limits[i], 4096));
		ck_assert(accepts(limits[i], 524288));
	}
	ck_assert(!find("pam:login:pam_limits")->optional);
	ck_assert(find("pam:sshd:pam_limits")->optional);
}
END_TEST

/* The first probe and two repetitions come before the middlebox forgets the connection. */
START_TEST(test_idle_timeouts)
{
	static const char *const names[] = { "load-balancer", "cloud-nat" };
	const uint64_t azure = 240;

	for (size_t i = 0; i < 2; i++) {
		load(names[i]);
		ck_assert_uint_lt(want(TIME) + 2 * want(INTVL), azure);
		/* Whatever audit accepts keeps the connection, too. */
		ck_assert_uint_lt(find(TIME)->max.number + 2 * find(INTVL)->max.number, azure);
		ck_assert_str_eq(set.sources[0].name, "baseline");
	}
}
END_TEST

START_TEST(test_close_wait)
{
	load("close-wait-relief");
	ck_assert_uint_eq(set.count, 3);
	ck_assert(want(TIME) == 600 && want(INTVL) == 2 && want(PROBES) == 2);
	load("close-wait-emergency");
	ck_assert_uint_eq(set.count, 3);
	ck_assert(want(TIME) == 120 && want(INTVL) == 2 && want(PROBES) == 1);
	ck_assert_ptr_nonnull(strstr(set.description, "kills a live connection"));
	ck_assert_ptr_nonnull(strstr(set.description, "SO_KEEPALIVE"));
}
END_TEST

/* ---- together ---------------------------------------------------------------------------- */

START_TEST(test_inherits_baseline)
{
	static const char *const names[] = { "web-server", "database", "load-balancer",
					     "cloud-nat" };

	load("baseline");
	const struct profile_set baseline = set;
	for (size_t i = 0; i < 4; i++) {
		load(names[i]);
		for (size_t j = 0; j < baseline.count; j++) {
			const struct setting *parent = &baseline.settings[j];
			const struct setting *child = find(parent->id);

			/* Stricter or equal: who complies with the child complies with baseline. */
			ck_assert(setting_accepts(parent, child->want));
		}
		load(pool_printf(pool, "baseline %s", names[i]));
	}
}
END_TEST

START_TEST(test_combinations)
{
	load("web-server cloud-nat");
	ck_assert_uint_eq(want(TIME), 180);
	ck_assert_uint_eq(want("limit:*:nofile:hard"), 65536);
	load("cloud-nat web-server"); /* the order does not matter where only one value fits */
	ck_assert_uint_eq(want(TIME), 180);
	load("web-server database load-balancer cloud-nat");
	ck_assert(accepts(TIME, 200) && !accepts(TIME, 201));
	load("baseline close-wait-relief");
	ck_assert_uint_eq(want(PROBES), 2);
	ck_assert(!find(PROBES)->runtime_only);
	ck_assert_int_ne(try_load("baseline close-wait-emergency"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profiles-shipped");
	TCase *tcase = tcase_create("profiles-shipped");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test_each, 0, (int)(sizeof shipped / sizeof *shipped));
	tcase_add_test(tcase, test_no_other_file);
	tcase_add_test(tcase, test_baseline);
	tcase_add_test(tcase, test_idle_timeouts);
	tcase_add_test(tcase, test_close_wait);
	tcase_add_test(tcase, test_inherits_baseline);
	tcase_add_test(tcase, test_combinations);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
