// SPDX-License-Identifier: MIT
/* process-change.c: what a manifest says of a process, and what it may not say. */
#include "pool.h"
#include "process-change.h"

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

static struct image image(const char *text)
{
	return (struct image){ .exists = true, .bytes = text, .size = strlen(text) };
}

START_TEST(places)
{
	struct process_identity place;
	static const char *const bad[] = {
		"",
		"/process/1@2/nofile",
		"process/1@2/keepalive",
		"process/1@2/nofile/",
		"process/0@2/nofile",
		"process/1@0/nofile",
		"process/-1@2/nofile",
		"process/01@2/nofile",
		"process/1@02/nofile",
		"process/2147483648@2/nofile",
		"process/1@18446744073709551616/nofile",
		"process/1@2/nofilex",
		"process/1/nofile",
		"process/1@2@3/nofile",
		"process/ 1@2/nofile",
	};

	ck_assert(process_place_parse(CHANGE_NOFILE,
				      "process/2147483647@18446744073709551615/nofile", &place));
	ck_assert_int_eq(place.pid, 2147483647);
	ck_assert_uint_eq(place.ticks, UINT64_MAX);
	ck_assert_str_eq(
		process_place_path(pool, CHANGE_KEEPALIVE, (struct process_identity){ 12, 345 }),
		"process/12@345/keepalive");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!process_place_parse(CHANGE_NOFILE, bad[i], &place), "%s", bad[i]);
	ck_assert(!process_place_parse(CHANGE_FILE, "process/1@2/nofile", &place));
}
END_TEST

START_TEST(limits)
{
	static const char *const bad[] = {
		"",           "1",
		"1:",         ":1",
		"2:1",        "1:2:3",
		"1:2x",       "-1:2",
		" 1:2",       "1: 2",
		"01:2",       "unlimited:1",
		"1:unlimite", "18446744073709551615:18446744073709551615"
	};
	struct nofile limit;
	struct image good = image("1024:unlimited");

	ck_assert(nofile_parse(&good, &limit));
	ck_assert_uint_eq(limit.soft, 1024);
	ck_assert_uint_eq(limit.hard, UINT64_MAX);
	ck_assert_str_eq(nofile_image(pool, limit).bytes, "1024:unlimited");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct image text = image(bad[i]);
		ck_assert_msg(!nofile_parse(&text, &limit), "%s", bad[i]);
	}
}
END_TEST

static const char after_text[] = "on:300:15:3";

static struct socket_values *parse(const char *before)
{
	struct image first = image(before), second = image(after_text);

	return socket_values_parse(pool, &first, &second);
}

START_TEST(sockets_are_read)
{
	const char *text =
		"off:7200:75:9 1a-1c,20,fffffffffffffffe-ffffffffffffffff on:600:60:3 1d,21";
	struct socket_values *values = parse(text);

	ck_assert_ptr_nonnull(values);
	ck_assert_uint_eq(values->count, 8);
	ck_assert_uint_eq(values->items[3].cookie, 0x1d);
	ck_assert_uint_eq(values->items[3].spec, 1);
	ck_assert_uint_eq(values->items[7].cookie, UINT64_MAX);
	ck_assert_str_eq(socket_values_before(pool, values).bytes, text);
	ck_assert_str_eq(socket_values_after(pool, values).bytes, after_text);
	struct image before = image(text);
	struct change change = { .kind = CHANGE_KEEPALIVE, .sockets = values };
	ck_assert_str_eq(process_change_summary(pool, &change, &before),
			 "off:7200:75:9 (6 sockets), on:600:60:3 (2 sockets)");
}
END_TEST

START_TEST(sockets_are_refused)
{
	static const char *const bad[] = {
		"",
		"off:7200:75:9",
		"off:7200:75:9 ",
		"off:7200:75:9 0",
		"off:7200:75:9 1,",
		"off:7200:75:9 1-",
		"off:7200:75:9 2-1",
		"off:7200:75:9 1,1",
		"off:7200:75:9 1-3,2",
		"off:7200:75:9 1 off:7200:75:9 1",
		"off:7200:75:9 1A",
		"off:7200:75:9 g",
		"off:7200:75:9 10000000000000000",
		"off:7200:75:9 1-ffffffffffffffff",
		"off:7200:75:9 1-80001",
		"off:7200:75 1",
		"maybe:7200:75:9 1",
		"on:0:75:9 1",
		"on:32768:75:9 1",
		"on:300:32768:9 1",
		"on:300:15:128 1",
		"off:-1:75:9 1",
		"off:7200:75:9 1  on:300:15:3 2",
		"off:7200:75:9 1 on:300:15:3",
		"off:7200:75:9  1",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!parse(bad[i]), "%s", bad[i]);
	ck_assert_ptr_nonnull(parse("off:999999:99999:999 1")); /* of the system, off */
	struct image first = image("off:7200:75:9 1"), wrong = image("off:300:15:3");
	ck_assert_ptr_null(socket_values_parse(pool, &first, &wrong));
	wrong = image("on:300:15:0");
	ck_assert_ptr_null(socket_values_parse(pool, &first, &wrong));
	wrong.exists = false;
	ck_assert_ptr_null(socket_values_parse(pool, &first, &wrong));
}
END_TEST

/* What is written is read back the same, whatever the cookies are; and it stays small. */
START_TEST(random_sockets)
{
	enum { COUNT = 100000 };
	struct socket_values values = { .wanted = { true, 300, 15, 3 } };
	uint64_t cookie = 1;

	srandom(20261124);
	values.items = pool_alloc(pool, COUNT * sizeof *values.items);
	for (size_t i = 0; i < COUNT; i++) {
		struct keepalive spec = { random() % 2, 7200, 75, (uint32_t)(random() % 100) + 1 };
		cookie += random() % 3 ? 1 : (uint64_t)random() % 1000 + 1;
		values.items[values.count++] =
			(struct socket_value){ .cookie = cookie,
					       .spec = socket_values_spec(&values, &spec) };
	}
	struct image before = socket_values_before(pool, &values);
	struct image after = socket_values_after(pool, &values);
	struct socket_values *same = socket_values_parse(pool, &before, &after);
	ck_assert_ptr_nonnull(same);
	ck_assert_uint_eq(same->count, COUNT);
	ck_assert_uint_lt(before.size, 1u << 20);
	for (size_t i = 0; i < COUNT; i++) {
		ck_assert_uint_eq(same->items[i].cookie, values.items[i].cookie);
		ck_assert(keepalive_equal(&same->specs[same->items[i].spec],
					  &values.specs[values.items[i].spec]));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process-change");
	TCase *tcase = tcase_create("process-change");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, places);
	tcase_add_test(tcase, limits);
	tcase_add_test(tcase, sockets_are_read);
	tcase_add_test(tcase, sockets_are_refused);
	tcase_add_test(tcase, random_sockets);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
