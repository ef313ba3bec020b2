// SPDX-License-Identifier: MIT
/* model.c: values and ranges at their edges. */
#include "model.h"

#include "pool.h"
#include "text.h"

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

/* ---- values ------------------------------------------------------------------------------ */

static const struct {
	const char *text;
	enum value_kind kind;
	bool negative;
	uint64_t number;
	const char *shown;
} parsed[] = {
	{ "0", VALUE_NUMBER, false, 0, "0" },
	{ "-0", VALUE_NUMBER, false, 0, "0" },
	{ "007", VALUE_NUMBER, false, 7, "7" },
	{ "1800", VALUE_NUMBER, false, 1800, "1800" },
	{ " 1800\n", VALUE_NUMBER, false, 1800, "1800" },
	{ "-1", VALUE_NUMBER, true, 1, "-1" },
	{ "9223372036854775807", VALUE_NUMBER, false, INT64_MAX, "9223372036854775807" },
	{ "-9223372036854775808", VALUE_NUMBER, true, 9223372036854775808u,
	  "-9223372036854775808" },
	{ "18446744073709551615", VALUE_NUMBER, false, UINT64_MAX, "18446744073709551615" },
	{ "18446744073709551616", VALUE_TEXT, false, 0, "18446744073709551616" },
	{ "99999999999999999999999999", VALUE_TEXT, false, 0, "99999999999999999999999999" },
	{ "unlimited", VALUE_UNLIMITED, false, 0, "unlimited" },
	{ "\tunlimited ", VALUE_UNLIMITED, false, 0, "unlimited" },
	{ "Unlimited", VALUE_TEXT, false, 0, "Unlimited" },
	{ "infinity", VALUE_TEXT, false, 0, "infinity" },
	{ "+5", VALUE_TEXT, false, 0, "+5" },
	{ "- 5", VALUE_TEXT, false, 0, "- 5" },
	{ "--5", VALUE_TEXT, false, 0, "--5" },
	{ "-", VALUE_TEXT, false, 0, "-" },
	{ "0x10", VALUE_TEXT, false, 0, "0x10" },
	{ "10k", VALUE_TEXT, false, 0, "10k" },
	{ "1.5", VALUE_TEXT, false, 0, "1.5" },
	{ "", VALUE_TEXT, false, 0, "" },
	{ " \t\n", VALUE_TEXT, false, 0, "" },
	{ "1024 65535", VALUE_TEXT, false, 0, "1024 65535" },
	{ "1024\t65535\n", VALUE_TEXT, false, 0, "1024 65535" },
	{ "  4096 \t 131072\t\t6291456 ", VALUE_TEXT, false, 0, "4096 131072 6291456" },
};

START_TEST(values_are_parsed)
{
	struct value value = value_parse(pool, parsed[_i].text);

	ck_assert_int_eq(value.kind, parsed[_i].kind);
	ck_assert_int_eq(value.negative, parsed[_i].negative);
	ck_assert_uint_eq(value.number, parsed[_i].number);
	ck_assert_str_eq(value_format(pool, value), parsed[_i].shown);
	ck_assert(value_equals(value, value_parse(pool, parsed[_i].shown)));
}
END_TEST

/* In rising order. */
static struct value ladder(int step)
{
	switch (step) {
	case 0:
		return value_signed(INT64_MIN);
	case 1:
		return value_signed(-2);
	case 2:
		return value_signed(-1);
	case 3:
		return value_number(0);
	case 4:
		return value_number(1);
	case 5:
		return value_number(INT64_MAX);
	case 6:
		return value_number(UINT64_MAX);
	default:
		return value_unlimited();
	}
}

START_TEST(values_are_ordered)
{
	for (int other = 0; other < 8; other++) {
		int order = value_compare(ladder(_i), ladder(other));
		ck_assert_int_eq((order > 0) - (order < 0), (_i > other) - (_i < other));
		ck_assert_int_eq(value_equals(ladder(_i), ladder(other)), _i == other);
	}
	ck_assert(value_is_ordered(ladder(_i)));
}
END_TEST

START_TEST(texts_and_nothing_have_no_order)
{
	struct value none = { .kind = VALUE_NONE };

	ck_assert(!value_is_ordered(value_text("x")));
	ck_assert(!value_is_ordered(none));
	ck_assert(value_equals(value_text("a b"), value_text("a b")));
	ck_assert(!value_equals(value_text("a b"), value_text("a c")));
	ck_assert(!value_equals(value_text("5"), value_number(5)));
	ck_assert(!value_equals(none, value_number(0)));
	ck_assert(value_equals(none, none));
	ck_assert_str_eq(value_format(pool, none), "-");
	ck_assert(value_equals(value_signed(7), value_number(7)));
}
END_TEST

static const struct {
	const char *a, *b;
	bool equal;
} token_cases[] = {
	{ "", "", true },      { "", " \n", true },    { "1024\t65535\n", "1024 65535", true },
	{ " 1", "1", true },   { "1 2", "12", false }, { "1 2", "1", false },
	{ "1", "1 2", false }, { "1", "10", false },   { "10", "1", false },
	{ "", "0", false },    { "01", "1", false },
};

START_TEST(tokens_are_compared)
{
	const char *a = token_cases[_i].a, *b = token_cases[_i].b;

	ck_assert_int_eq(tokens_equal(a, strlen(a), b, strlen(b)), token_cases[_i].equal);
	ck_assert_int_eq(tokens_equal(b, strlen(b), a, strlen(a)), token_cases[_i].equal);
}
END_TEST

START_TEST(tokens_end_where_the_size_says)
{
	ck_assert(tokens_equal("12345", 2, "12", 2));
	ck_assert(!tokens_equal("1\0002", 3, "1\0003", 3));
	ck_assert(tokens_equal("x", 0, "y", 0));
}
END_TEST

static const struct {
	const char *text;
	uint64_t max;
	bool good;
	uint64_t number;
} decimals[] = {
	{ "0", 0, true, 0 },
	{ "10", 10, true, 10 },
	{ "11", 10, false, 0 },
	{ "0000000000000000000000011", 11, true, 11 },
	{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, false, 0 },
	{ "184467440737095516150", UINT64_MAX, false, 0 },
	{ "", 10, false, 0 },
	{ " 1", 10, false, 0 },
	{ "1 ", 10, false, 0 },
	{ "+1", 10, false, 0 },
	{ "-0", 10, false, 0 },
	{ "1\n", 10, false, 0 },
	{ "0x1", 10, false, 0 },
	{ "\xd9\xa1", 10, false, 0 }, /* ARABIC-INDIC DIGIT ONE */
};

START_TEST(decimals_are_strict)
{
	uint64_t number = 77;

	ck_assert_int_eq(parse_decimal(decimals[_i].text, decimals[_i].max, &number),
			 decimals[_i].good);
	ck_assert_uint_eq(number, decimals[_i].good ? decimals[_i].number : 77);
}
END_TEST

/* ---- settings ---------------------------------------------------------------------------- */

/* NULL: not said. */
static struct setting setting_of(const char *want, const char *min, const char *max)
{
	struct setting setting = { .want = value_parse(pool, want) };

	if (min)
		setting.min = setting.at_least = value_parse(pool, min);
	if (max)
		setting.max = setting.at_most = value_parse(pool, max);
	return setting;
}

static const struct {
	const char *want, *min, *max, *found;
	bool accepted;
	const char *shown;
} ranges[] = {
	{ "15", "15", "15", "15", true, "15..15 (else 15)" },
	{ "15", "15", "15", "14", false, "15..15 (else 15)" },
	{ "15", "15", "15", "16", false, "15..15 (else 15)" },
	{ "1800", NULL, "1800", "1800", true, "at most 1800" },
	{ "1800", NULL, "1800", "1801", false, "at most 1800" },
	{ "1800", NULL, "1800", "-5", true, "at most 1800" },
	{ "1800", "1", "1800", "0", false, "1..1800 (else 1800)" },
	{ "1800", "1", "1800", "-1", false, "1..1800 (else 1800)" },
	{ "8192", "4096", NULL, "4095", false, "at least 4096 (else 8192)" },
	{ "8192", "4096", NULL, "4096", true, "at least 4096 (else 8192)" },
	{ "8192", "4096", NULL, "unlimited", true, "at least 4096 (else 8192)" },
	{ "8192", "4096", "65536", "unlimited", false, "4096..65536 (else 8192)" },
	{ "65536", "65536", NULL, "9223372036854775807", true, "at least 65536" },
	{ "65536", "65536", NULL, "18446744073709551615", true, "at least 65536" },
	{ "unlimited", "unlimited", NULL, "unlimited", true, "at least unlimited" },
	{ "unlimited", "unlimited", NULL, "18446744073709551615", false, "at least unlimited" },
	{ "3", "2", "5", "six", false, "2..5 (else 3)" },
	{ "1024 65535", NULL, NULL, "1024\t65535", true, "1024 65535" },
	{ "1024 65535", NULL, NULL, "1024 65534", false, "1024 65535" },
	{ "1024 65535", NULL, NULL, "1024", false, "1024 65535" },
	{ "bbr", NULL, NULL, "bbr", true, "bbr" },
	{ "bbr", NULL, NULL, "cubic", false, "bbr" },
	{ "5", NULL, NULL, "six", false, "5" },
};

START_TEST(ranges_are_inclusive)
{
	struct setting setting = setting_of(ranges[_i].want, ranges[_i].min, ranges[_i].max);

	ck_assert_int_eq(setting_accepts(&setting, value_parse(pool, ranges[_i].found)),
			 ranges[_i].accepted);
	ck_assert_str_eq(setting_format_wanted(pool, &setting), ranges[_i].shown);
}
END_TEST

/* ---- notes ------------------------------------------------------------------------------- */

START_TEST(a_note_is_told_once)
{
	struct notes notes = { .pool = pool };
	char file[] = "/etc/a";

	notes_add(&notes, NULL, (struct origin){ file, 3 }, "line %d", 3);
	notes_add(&notes, NULL, (struct origin){ pool_strdup(pool, file), 3 }, "line 3");
	ck_assert_uint_eq(notes.count, 1);
	notes_add(&notes, NULL, (struct origin){ file, 4 }, "line 3");
	notes_add(&notes, NULL, (struct origin){ "/etc/b", 3 }, "line 3");
	notes_add(&notes, NULL, (struct origin){ NULL, 0 }, "line 3");
	notes_add(&notes, NULL, (struct origin){ NULL, 0 }, "line 3");
	notes_add(&notes, "sysctl:x", (struct origin){ file, 3 }, "another");
	ck_assert_uint_eq(notes.count, 5);
	ck_assert_str_eq(notes.items[0].text, "line 3");
	ck_assert_str_eq(notes.items[0].origin.file, "/etc/a");
	ck_assert_uint_eq(notes.items[0].origin.line, 3);
	ck_assert_str_eq(notes.items[4].id, "sysctl:x");
}
END_TEST

START_TEST(long_notes_are_cut)
{
	struct notes notes = { .pool = pool };
	char *text = pool_alloc(pool, 5001);

	memset(text, 'x', 5000);
	notes_add(&notes, NULL, (struct origin){ 0 }, "%s", text);
	ck_assert_uint_gt(strlen(notes.items[0].text), 500);
	ck_assert_uint_lt(strlen(notes.items[0].text), 5000);
}
END_TEST

/* A hundred thousand notes take no time, the same ones are not added again, and who empties a list
 * can go on with it. */
START_TEST(many_notes)
{
	struct notes notes = { .pool = pool };

	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 100000; i++)
			notes_add(&notes, NULL, (struct origin){ "/etc/a", i / 2 }, "text %u",
				  i % 2);
		ck_assert_uint_eq(notes.count, 100000);
	}
	notes = (struct notes){ .pool = pool };
	for (int round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 10; i++)
			notes_add(&notes, NULL, (struct origin){ 0 }, "%d %u", round, i);
		ck_assert_uint_eq(notes.count, 10);
		notes.count = 0;
	}
	notes_add(&notes, NULL, (struct origin){ 0 }, "last");
	notes_add(&notes, NULL, (struct origin){ 0 }, "last");
	ck_assert_uint_eq(notes.count, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	TCase *tests = tcase_create("model");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, values_are_parsed, 0, sizeof parsed / sizeof *parsed);
	tcase_add_loop_test(tests, values_are_ordered, 0, 8);
	tcase_add_test(tests, texts_and_nothing_have_no_order);
	tcase_add_loop_test(tests, tokens_are_compared, 0,
			    sizeof token_cases / sizeof *token_cases);
	tcase_add_test(tests, tokens_end_where_the_size_says);
	tcase_add_loop_test(tests, decimals_are_strict, 0, sizeof decimals / sizeof *decimals);
	tcase_add_loop_test(tests, ranges_are_inclusive, 0, sizeof ranges / sizeof *ranges);
	tcase_add_test(tests, a_note_is_told_once);
	tcase_add_test(tests, long_notes_are_cut);
	tcase_add_test(tests, many_notes);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
