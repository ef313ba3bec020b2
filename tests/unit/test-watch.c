// SPDX-License-Identifier: MIT
/* watch.c and frame.c: rates, the time that is left, and what a page sends to a terminal. */
#include "frame.h"
#include "pool.h"
#include "watch.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Samples every STEP seconds; FIRST + EACH * i of them. */
static double slope_of(unsigned count, double step, uint64_t first, int64_t each)
{
	struct watch_series series = { 0 };
	double times[WATCH_HISTORY];

	for (unsigned i = 0; i < WATCH_HISTORY; i++)
		times[i] = 1e6 + step * i;
	for (unsigned i = 0; i < count; i++)
		watch_series_add(&series, (uint64_t)((int64_t)first + each * (int64_t)i));
	return watch_slope(&series, times);
}

START_TEST(growth)
{
	ck_assert_double_eq(slope_of(0, 1, 0, 0), 0);
	ck_assert_double_eq(slope_of(1, 1, 5, 0), 0);
	ck_assert_double_eq_tol(slope_of(2, 10, 5, 10), 1, 1e-9);
	ck_assert_double_eq_tol(slope_of(16, 2, 100000, 7), 3.5, 1e-6);
	ck_assert_double_eq_tol(slope_of(40, 0.5, 100000, -3), -6, 1e-6);
	ck_assert_double_eq(slope_of(16, 1, UINT32_MAX, 0), 0);
}
END_TEST

START_TEST(only_the_present)
{
	struct watch_series series = { 0 };
	double times[WATCH_HISTORY];

	for (unsigned i = 0; i < WATCH_HISTORY; i++) {
		times[i] = i;
		watch_series_add(&series, i < WATCH_HISTORY - WATCH_PRESENT ? i * 1000 : 9000);
	}
	ck_assert_double_eq(watch_slope(&series, times), 0);
	watch_series_add(&series, 77);
	ck_assert_uint_eq(series.count, WATCH_HISTORY);
	ck_assert_uint_eq(series.numbers[0], 1000);
	ck_assert_uint_eq(series.numbers[WATCH_HISTORY - 1], 77);
}
END_TEST

START_TEST(time_left)
{
	ck_assert_double_eq(watch_time_left(10, 110, 10), 10);
	ck_assert_double_eq(watch_time_left(10, 110, 0), -1);
	ck_assert_double_eq(watch_time_left(10, 110, -5), -1);
	ck_assert_double_eq(watch_time_left(110, 110, -5), 0);
	ck_assert_double_eq(watch_time_left(200, 110, 0), 0);
	ck_assert_double_eq(watch_time_left(200, LIMIT_UNLIMITED, 50), -1);
}
END_TEST

#define P "\033[0m\033[K"

START_TEST(page)
{
	static const struct {
		const char *text;
		unsigned columns, lines;
		const char *frame;
	} rows[] = {
		{ "", 80, 24, "\033[H\033[J" },
		{ "abc\n", 80, 24, "\033[Habc" P "\033[J" },
		{ "abc\nde", 80, 24, "\033[Habc" P "\r\nde" P "\033[J" },
		{ "abc\nde\n", 2, 24, "\033[Hab" P "\r\nde" P "\033[J" },
		{ "abc\nde\nf\n", 80, 2, "\033[Habc" P "\r\nde" P },
		{ "\u2581\u2588x", 2, 9, "\033[H\u2581\u2588" P "\033[J" },
		{ "\u4e2d\u6587x", 3, 9, "\033[H\u4e2d" P "\033[J" },
		{ "\033[31mred\033[0m!", 3, 9, "\033[H\033[31mred\033[0m" P "\033[J" },
		{ "\n\nx", 80, 24, "\033[H" P "\r\n" P "\r\nx" P "\033[J" },
		{ "\xe2\x96", 80, 24, "\033[H\xe2\x96" P "\033[J" },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(frame_draw(pool, rows[i].text, rows[i].columns, rows[i].lines),
				 rows[i].frame);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tcase = tcase_create("watch");

	tcase_add_test(tcase, growth);
	tcase_add_test(tcase, only_the_present);
	tcase_add_test(tcase, time_left);
	tcase_add_test(tcase, page);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
