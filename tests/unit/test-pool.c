// SPDX-License-Identifier: MIT
/* pool.c: what is handed out is zeroed, aligned, and stays. */
#include "pool.h"

#include <check.h>
#include <stdalign.h>
#include <stdint.h>
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

START_TEST(allocations_are_zeroed_and_aligned)
{
	for (size_t size = 0; size < 300; size += 7) {
		unsigned char *bytes = pool_alloc(pool, size);
		ck_assert_ptr_nonnull(bytes);
		ck_assert_uint_eq((uintptr_t)bytes % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(bytes[i], 0);
		memset(bytes, 0xff, size);
	}
}
END_TEST

START_TEST(allocations_do_not_overlap)
{
	unsigned char *places[200];

	for (size_t i = 0; i < 200; i++) {
		places[i] = pool_alloc(pool, i + 1);
		memset(places[i], (int)i, i + 1);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t j = 0; j <= i; j++)
			ck_assert_uint_eq(places[i][j], i);
}
END_TEST

START_TEST(copies_keep_every_byte)
{
	const char bytes[] = { 'a', '\0', 'b', '\xff', '\n' };
	char *copy = pool_copy(pool, bytes, sizeof bytes);

	ck_assert_mem_eq(copy, bytes, sizeof bytes);
	ck_assert_int_eq(copy[sizeof bytes], '\0');
	ck_assert_str_eq(pool_copy(pool, NULL, 0), "");
	ck_assert_str_eq(pool_strdup(pool, ""), "");
	ck_assert_str_eq(pool_strdup(pool, "tab\there"), "tab\there");
}
END_TEST

START_TEST(printf_has_no_limit)
{
	char *blanks = pool_printf(pool, "%100000s", "x");

	ck_assert_uint_eq(strlen(blanks), 100000);
	ck_assert_str_eq(blanks + 99998, " x");
	ck_assert_str_eq(pool_printf(pool, "%s:%u", "/etc/x", 7u), "/etc/x:7");
}
END_TEST

START_TEST(arrays_grow_and_keep_their_elements)
{
	struct element {
		size_t number;
		const char *text;
	} *array = NULL;

	for (size_t count = 0; count < 1000;) {
		array = pool_extend(pool, array, count, sizeof *array);
		ck_assert_uint_eq(array[count].number, 0);
		ck_assert_ptr_null(array[count].text);
		array[count] = (struct element){ .number = count, .text = "kept" };
		count++;
	}
	for (size_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(array[i].number, i);
		ck_assert_str_eq(array[i].text, "kept");
	}
}
END_TEST

START_TEST(freeing_nothing_is_allowed)
{
	pool_free(NULL);
}
END_TEST

/* Each ends the program with status 2, as an audit that could not be made. */
START_TEST(too_much_memory_ends_the_program)
{
	switch (_i) {
	case 0:
		pool_alloc(pool, SIZE_MAX);
		break;
	case 1:
		pool_alloc(pool, SIZE_MAX - 8);
		break;
	case 2:
		pool_extend(pool, &pool, SIZE_MAX / 2 + 1, 1);
		break;
	case 3:
		pool_extend(pool, &pool, (size_t)1 << 60, 64);
		break;
	}
	exit(0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tests = tcase_create("pool");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, allocations_are_zeroed_and_aligned);
	tcase_add_test(tests, allocations_do_not_overlap);
	tcase_add_test(tests, copies_keep_every_byte);
	tcase_add_test(tests, printf_has_no_limit);
	tcase_add_test(tests, arrays_grow_and_keep_their_elements);
	tcase_add_test(tests, freeing_nothing_is_allowed);
	tcase_add_loop_exit_test(tests, too_much_memory_ends_the_program, 2, 0, 4);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
