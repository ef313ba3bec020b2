// SPDX-License-Identifier: MIT
/* escape.c: what a terminal or a JSON reader would choke on, and what must stay as it is. */
#include "escape.h"

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

static const struct {
	const char *text, *keep, *want;
} controls[] = {
	{ "", "", "" },
	{ "/etc/sysctl.d/99-x.conf", "", "/etc/sysctl.d/99-x.conf" },
	{ "a\nb", "", "a\\x0ab" },
	{ "a\nb\tc", "\n\t", "a\nb\tc" },
	{ "a\nb\tc", "\t", "a\\x0ab\tc" },
	{ "\033[31mred\033[0m", "", "\\x1b[31mred\\x1b[0m" },
	{ "\033]0;title\007", "\n", "\\x1b]0;title\\x07" },
	{ "del\x7f", "", "del\\x7f" },
	{ "over\rwritten", "\n", "over\\x0dwritten" },
	{ "back\b\bspace", "", "back\\x08\\x08space" },
	/* UTF-8 stays; C1 controls do not, though they are valid UTF-8 */
	{ "gr\xc3\xbc\xc3\x9f", "", "gr\xc3\xbc\xc3\x9f" },
	{ "\xe2\x82\xac \xf0\x9f\x90\xa7", "", "\xe2\x82\xac \xf0\x9f\x90\xa7" },
	{ "csi\xc2\x9b", "", "csi\\xc2\\x9b" },
	{ "nbsp\xc2\xa0", "", "nbsp\xc2\xa0" },
	/* not UTF-8 */
	{ "latin1 \xfc", "", "latin1 \\xfc" },
	{ "lone \x9b"
	  "31m",
	  "", "lone \\x9b31m" },
	{ "overlong \xc0\xaf", "", "overlong \\xc0\\xaf" },
	{ "overlong \xe0\x80\x8a", "", "overlong \\xe0\\x80\\x8a" },
	{ "overlong \xf0\x80\x80\x8a", "", "overlong \\xf0\\x80\\x80\\x8a" },
	{ "surrogate \xed\xa0\x80", "", "surrogate \\xed\\xa0\\x80" },
	{ "beyond \xf4\x90\x80\x80", "", "beyond \\xf4\\x90\\x80\\x80" },
	{ "cut \xe2\x82", "", "cut \\xe2\\x82" },
	{ "cut \xf0\x9f\x90", "", "cut \\xf0\\x9f\\x90" },
	{ "start only \xe2", "", "start only \\xe2" },
	{ "\xe2\x82\nx", "\n", "\\xe2\\x82\nx" },
	{ "fe \xfe ff \xff", "", "fe \\xfe ff \\xff" },
	{ "\xef\xbf\xbe", "", "\\xef\\xbf\\xbe" },
	{ "\xf4\x8f\xbf\xbf", "\n", "\\xf4\\x8f\\xbf\\xbf" },
	{ "\xef\xbf\xbd", "", "\xef\xbf\xbd" },
	{ "\xef\xb7\x8f \xef\xb7\x90", "", "\xef\xb7\x8f \\xef\\xb7\\x90" },
	{ "\xef\xb7\xaf \xef\xb7\xb0", "", "\\xef\\xb7\\xaf \xef\xb7\xb0" },
	/* seen differently than it is: the direction turned, nothing to see, a new line */
	{ "conf\xe2\x80\xaegnp", "", "conf\\xe2\\x80\\xaegnp" },
	{ "\xe2\x81\xa6\xe2\x81\xa9", "\n\t", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9" },
	{ "ng\xe2\x80\x8bin\xe2\x80\x8cx\xe2\x80\x8d", "",
	  "ng\\xe2\\x80\\x8bin\\xe2\\x80\\x8cx\\xe2\\x80\\x8d" },
	{ "\xe2\x80\x8e\xe2\x80\x8f", "", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f" },
	{ "\xe2\x80\xa8\xe2\x80\xa9", "\n", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9" },
	{ "\xef\xbb\xbf"
	  "bom",
	  "",
	  "\\xef\\xbb\\xbf"
	  "bom" },
	{ "\xc2\xad \xe3\x85\xa4 \xef\xb8\x8f", "", "\\xc2\\xad \\xe3\\x85\\xa4 \\xef\\xb8\\x8f" },
	{ "tag \xf3\xa0\x81\x81", "", "tag \\xf3\\xa0\\x81\\x81" },
	{ "\xe2\x80\x9a \xe2\x80\xaf \xd7\x90", "", "\xe2\x80\x9a \xe2\x80\xaf \xd7\x90" },
};

START_TEST(controls_are_shown_as_hex)
{
	const char *got = escape_control(pool, controls[_i].text, controls[_i].keep);

	ck_assert_str_eq(got, controls[_i].want);
	if (!strcmp(controls[_i].text, controls[_i].want))
		ck_assert_ptr_eq(got, controls[_i].text);
}
END_TEST

/* No byte and no pair of bytes leaves a control character behind. */
START_TEST(no_pair_of_bytes_gets_through)
{
	for (unsigned first = 1; first < 256; first++) {
		for (unsigned second = 1; second < 256; second++) {
			const char text[] = { (char)first, (char)second, '\0' };
			const char *got = escape_control(pool, text, "");
			for (const char *p = got; *p; p++) {
				unsigned char byte = (unsigned char)*p;
				ck_assert_msg(byte >= 0x20 && byte != 0x7f, "%02x %02x", first,
					      second);
				if (byte == 0xc2)
					ck_assert_uint_ge((unsigned char)p[1], 0xa0);
			}
		}
		pool_free(pool);
		pool = pool_new();
	}
}
END_TEST

#define BAD "\xef\xbf\xbd"

static const struct {
	const char *bytes;
	size_t size;
	const char *want;
} texts[] = {
	{ "", 0, "" },
	{ "plain\n\t", 7, "plain\n\t" },
	{ "\xc3\xbc", 2, "\xc3\xbc" },
	{ "a\0b", 3, "a" BAD "b" },
	{ "\xff", 1, BAD },
	{ "\xc0\x80", 2, BAD BAD },
	{ "\xed\xa0\x80", 3, BAD BAD BAD },
	{ "\xe2\x82\xac", 2, BAD BAD },
	{ "x\xf4\x8f\xbf\xbf", 5, "x\xf4\x8f\xbf\xbf" },
	{ "x\xf4\x90\x80\x80y", 6, "x" BAD BAD BAD BAD "y" },
};

START_TEST(bytes_become_utf8)
{
	ck_assert_str_eq(escape_utf8(pool, texts[_i].bytes, texts[_i].size), texts[_i].want);
}
END_TEST

START_TEST(quotes_are_of_the_format)
{
	ck_assert_str_eq(escape_quoted(pool, ""), "");
	ck_assert_str_eq(escape_quoted(pool, "a\"b\\c\nd#'"), "a\\\"b\\\\c\\nd#'");
	ck_assert_str_eq(escape_xml(pool, ""), "");
	ck_assert_str_eq(escape_xml(pool, "a\"b'c<d>e&f;\n\t]]>"),
			 "a&quot;b&apos;c&lt;d&gt;e&amp;f;\n\t]]&gt;");
	ck_assert_str_eq(escape_xml(pool, "\"\"\"\""), "&quot;&quot;&quot;&quot;");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("escape");
	TCase *tests = tcase_create("escape");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60); /* all pairs of bytes, also on a busy machine */
	tcase_add_loop_test(tests, controls_are_shown_as_hex, 0,
			    sizeof controls / sizeof *controls);
	tcase_add_test(tests, no_pair_of_bytes_gets_through);
	tcase_add_test(tests, quotes_are_of_the_format);
	tcase_add_loop_test(tests, bytes_become_utf8, 0, sizeof texts / sizeof *texts);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
