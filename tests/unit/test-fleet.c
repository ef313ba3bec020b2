// SPDX-License-Identifier: MIT
/* fleet.c and fleet-picture.c: which report of a host counts, who is in which group, who is alone.
 */
#include "audit-file.h"
#include "error.h"
#include "fleet-picture.h"
#include "pool.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pool *pool;
static struct fleet *fleet;
static struct audit_file audit;

static void tear_down(void)
{
	audit_file_done(&audit);
	fleet_free(fleet);
	pool_free(pool);
}

#define DAY(n) ((time_t)1767225600 + (n)*86400) /* 2026-01-01 and N days */

static void set_up(void)
{
	pool = pool_new();
	fleet = fleet_new(pool, DAY(25));
}

/* An audit of DAY of January; FINDINGS are items of the JSON array, RUNNING goes into them. */
static void add(const char *name, const char *id, int day, const char *result, const char *findings)
{
	char json[2048];
	struct error err;
	size_t line;

	snprintf(
		json, sizeof json,
		"{\"findings\":[%s],\"host\":{\"machine_id\":%s,\"name\":\"%s\"},\"result\":\"%s\","
		"\"time\":\"2026-01-%02dT00:00:00Z\",\"schema\":\"keeltune/audit/1\"}",
		findings, id, name, result, day);
	ck_assert_msg(!audit_file_read(json, strlen(json), &audit, &line, &err), "%s: %s", json,
		      err.message);
	fleet_add(fleet, &audit, fleet_text(fleet, "file"), (size_t)day);
}

#define FINDING(verdict, running)                     \
	"{\"id\":\"sysctl:a\",\"verdict\":\"" verdict \
	"\",\"want\":1,\"layers\":{\"running\":" running "}}"

static const char *names(const struct fleet_picture *picture, const uint32_t *hosts, size_t count)
{
	const char *list = "";

	for (size_t i = 0; i < count; i++)
		list = pool_printf(pool, "%s%s ", list, fleet_label(pool, picture, hosts[i]));
	return list;
}

START_TEST(the_newest_report_counts)
{
	add("a", "\"1\"", 5, "differs", FINDING("differs", "9"));
	add("a", "\"1\"", 6, "ok", FINDING("ok", "1"));
	add("a", "\"1\"", 4, "differs", FINDING("differs", "8"));
	add("a", "\"2\"", 6, "differs", FINDING("differs", "9"));
	add("a", "null", 6, "differs", FINDING("differs", "9"));
	add("a", "null", 6, "ok", FINDING("ok", "1"));
	struct fleet_picture *picture = fleet_picture(fleet, 86400);
	ck_assert_uint_eq(fleet_host_count(fleet), 3);
	ck_assert_uint_eq(picture->verdicts[VERDICT_OK], 2);
	ck_assert_uint_eq(picture->verdicts[VERDICT_DIFFERS], 1);
	ck_assert_uint_eq(picture->duplicate_count, 3);
	ck_assert_uint_eq(picture->settings[0].hosts, 3);
	ck_assert_uint_eq(picture->settings[0].distinct, 2);
	ck_assert_uint_eq(picture->group_count, 1);
	ck_assert_str_eq(names(picture, picture->groups[0].hosts, 1), "a (2) ");
}
END_TEST

START_TEST(groups_are_of_one_kind)
{
	add("d", "null", 1, "differs", FINDING("differs", "9"));
	add("b", "null", 1, "differs", FINDING("differs", "8"));
	add("c", "null", 1, "differs", FINDING("differs", "9"));
	add("e", "null", 1, "trouble", FINDING("unknown", "null"));
	add("f", "null", 1, "trouble", "");
	add("g", "null", 1, "ok", FINDING("skipped", "null"));
	add("h", "null", 1, "differs", FINDING("ok", "1")); /* its result says so */
	add("i", "null", 1, "ok", FINDING("differs", "9"));
	struct fleet_picture *picture = fleet_picture(fleet, 86400);
	ck_assert_uint_eq(picture->group_count, 3);
	ck_assert_str_eq(names(picture, picture->groups[0].hosts, 3), "c d i ");
	ck_assert_str_eq(names(picture, picture->groups[1].hosts, 1), "b ");
	ck_assert_str_eq(names(picture, picture->groups[2].hosts, 1), "h ");
	ck_assert_uint_eq(picture->groups[2].state_count, 0);
	ck_assert_uint_eq(picture->unjudged_count, 2);
	ck_assert_uint_eq(picture->verdicts[VERDICT_OK], 1);
	ck_assert_uint_eq(picture->verdicts[VERDICT_DIFFERS], 5);
	ck_assert_uint_eq(picture->verdicts[VERDICT_UNKNOWN], 2);
	ck_assert_uint_eq(picture->settings[0].counts[VERDICT_SKIPPED], 1);
}
END_TEST

START_TEST(a_host_counts_once_in_all_its_namespaces)
{
	add("a", "null", 1, "trouble",
	    FINDING("ok", "1") "," FINDING("unknown", "null") "," FINDING(
		    "differs", "9") "," FINDING("ok", "1"));
	struct fleet_picture *picture = fleet_picture(fleet, 86400);
	ck_assert_uint_eq(picture->settings[0].hosts, 1);
	ck_assert_uint_eq(picture->settings[0].counts[VERDICT_UNKNOWN], 1);
	ck_assert_uint_eq(picture->settings[0].counts[VERDICT_OK], 0);
	ck_assert_uint_eq(picture->settings[0].distinct, 2);
}
END_TEST

/* Hosts may have been audited with different profiles: shown is what most of them want. */
START_TEST(what_most_hosts_want_is_shown)
{
	static const char wants_two[] = "{\"id\":\"sysctl:a\",\"verdict\":\"ok\",\"want\":2,"
					"\"layers\":{\"running\":2}}";

	add("a", "null", 1, "ok", FINDING("ok", "1"));
	struct fleet_picture *picture = fleet_picture(fleet, 86400);
	ck_assert_str_eq(picture->settings[0].want, "1");
	ck_assert(!picture->settings[0].wants_differ);
	add("b", "null", 1, "ok", wants_two);
	add("c", "null", 1, "ok", wants_two);
	picture = fleet_picture(fleet, 86400);
	ck_assert_str_eq(picture->settings[0].want, "2");
	ck_assert(picture->settings[0].wants_differ);
	add("d", "null", 1, "ok", FINDING("ok", "1"));
	add("e", "null", 1, "ok", FINDING("ok", "1"));
	picture = fleet_picture(fleet, 86400);
	ck_assert_str_eq(picture->settings[0].want, "1");
}
END_TEST

START_TEST(outliers_are_few_among_many)
{
	char name[16];

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "h%02d", i);
		add(name, "null", 1, "ok",
		    i < 2   ? FINDING("ok", "600")
		    : i < 5 ? FINDING("ok", "700")
		    : i < 6 ? FINDING("ok", "800")
			    : FINDING("ok", "1"));
	}
	struct fleet_picture *picture = fleet_picture(fleet, 86400);
	ck_assert_uint_eq(picture->outlier_count, 2);
	ck_assert_str_eq(picture->outliers[0].value.running, "600");
	ck_assert_uint_eq(picture->outliers[0].common.hosts, 34);
	ck_assert_str_eq(names(picture, picture->outliers[0].hosts, 2), "h00 h01 ");
	ck_assert_str_eq(picture->outliers[1].value.running, "800");
}
END_TEST

START_TEST(four_hosts_have_no_outlier)
{
	for (int i = 0; i < 4; i++)
		add((char[]){ (char)('a' + i), 0 }, "null", 1, "ok",
		    i ? FINDING("ok", "1") : FINDING("ok", "2"));
	ck_assert_uint_eq(fleet_picture(fleet, 86400)->outlier_count, 0);
}
END_TEST

START_TEST(stale_is_older_than_the_newest)
{
	add("new", "null", 20, "ok", "");
	add("day", "null", 19, "ok", "");
	add("old", "null", 18, "ok", "");
	add("older", "null", 2, "ok", "");
	add("ahead", "null", 31, "ok", "");
	struct fleet_picture *picture = fleet_picture(fleet, 86400);
	ck_assert_uint_eq(picture->stale_count, 2);
	ck_assert_str_eq(names(picture, picture->stale, 2), "older old ");
	ck_assert_uint_eq(picture->future_count, 1);
	ck_assert_int_eq(picture->newest, DAY(19));
}
END_TEST

START_TEST(a_clock_that_was_ahead_hides_nothing)
{
	add("a", "null", 31, "differs", FINDING("differs", "9"));
	add("a", "null", 20, "ok", FINDING("ok", "1"));
	add("b", "null", 20, "ok", FINDING("ok", "1"));
	add("b", "null", 31, "differs", FINDING("differs", "9"));
	add("c", "null", 30, "differs", FINDING("differs", "9"));
	add("c", "null", 31, "ok", FINDING("ok", "1"));
	struct fleet_picture *picture = fleet_picture(fleet, 86400);
	ck_assert_int_eq(fleet->hosts[0].time, DAY(19));
	ck_assert_int_eq(fleet->hosts[1].time, DAY(19));
	ck_assert_int_eq(fleet->hosts[2].time, DAY(30));
	ck_assert_uint_eq(picture->future_count, 1);
	ck_assert_uint_eq(picture->duplicate_count, 3);
}
END_TEST

START_TEST(long_names_are_told_apart)
{
	char name[1024];

	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	add(name, "null", 1, "ok", "");
	name[900] = 'y';
	add(name, "null", 1, "ok", "");
	add(name, "null", 1, "ok", "");
	ck_assert_uint_eq(fleet_host_count(fleet), 2);
}
END_TEST

START_TEST(nothing_is_a_picture_too)
{
	struct fleet_picture *picture = fleet_picture(fleet, 86400);

	ck_assert_uint_eq(fleet_host_count(fleet) + picture->group_count + picture->setting_count,
			  0);
}
END_TEST

START_TEST(broken_ones_are_counted_beyond_those_named)
{
	for (unsigned i = 0; i < FLEET_BROKEN_MAX + 5; i++)
		fleet_add_broken(fleet, fleet_text(fleet, "f"), i, "no");
	ck_assert_uint_eq(fleet->broken_count, FLEET_BROKEN_MAX + 5);
	ck_assert_uint_eq(fleet->broken[FLEET_BROKEN_MAX - 1].line, FLEET_BROKEN_MAX - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fleet");
	TCase *tests = tcase_create("fleet");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_newest_report_counts);
	tcase_add_test(tests, groups_are_of_one_kind);
	tcase_add_test(tests, a_host_counts_once_in_all_its_namespaces);
	tcase_add_test(tests, what_most_hosts_want_is_shown);
	tcase_add_test(tests, outliers_are_few_among_many);
	tcase_add_test(tests, four_hosts_have_no_outlier);
	tcase_add_test(tests, stale_is_older_than_the_newest);
	tcase_add_test(tests, a_clock_that_was_ahead_hides_nothing);
	tcase_add_test(tests, long_names_are_told_apart);
	tcase_add_test(tests, nothing_is_a_picture_too);
	tcase_add_test(tests, broken_ones_are_counted_beyond_those_named);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
