// SPDX-License-Identifier: MIT
/* html.c: nothing that comes from a host is markup, or looks like something else. */
#include "html.h"

#include "cleanup.h"
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
} texts[] = {
	{ "", "", "" },
	{ "/etc/sysctl.d/99-x.conf", "", "/etc/sysctl.d/99-x.conf" },
	{ "a\"<&|\n\x1b[31m", "", "a&quot;&lt;&amp;|\\x0a\\x1b[31m" },
	{ "'><script>alert(1)</script>", "", "&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" },
	{ "&amp;", "", "&amp;amp;" },
	{ "a\n\tb\r", "\n\t", "a\n\tb\\x0d" },
	{ "lone \x9b and \xc2\x9b", "", "lone \\x9b and \\xc2\\x9b" },
	{ "cut \xe2\x82", "", "cut \\xe2\\x82" },
	{ "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7", "", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7" },
	/* invisible, or turning the direction */
	{ "conf\xe2\x80\xaegnp", "", "conf\\xe2\\x80\\xaegnp" },
	{ "a\xe2\x80\x8b"
	  "b\xef\xbb\xbf",
	  "",
	  "a\\xe2\\x80\\x8b"
	  "b\\xef\\xbb\\xbf" },
	{ "\xef\xbf\xbe\xf4\x8f\xbf\xbf", "", "\\xef\\xbf\\xbe\\xf4\\x8f\\xbf\\xbf" },
	{ "\xf3\xa0\x81\x81", "", "\\xf3\\xa0\\x81\\x81" },
};

START_TEST(nothing_is_markup)
{
	ck_assert_str_eq(html_escape(pool, texts[_i].text, texts[_i].keep), texts[_i].want);
}
END_TEST

START_TEST(every_byte_is_safe)
{
	char text[3] = { 0 };

	for (int i = 1; i < 256; i++) {
		text[0] = (char)i;
		const char *got = html_escape(pool, text, "");
		ck_assert_ptr_null(strpbrk(got, "<>\"'\n\r\t\x1b\x7f"));
		ck_assert(*got != '&' || got[strlen(got) - 1] == ';');
	}
}
END_TEST

START_TEST(short_texts_are_cut_by_characters)
{
	ck_assert_str_eq(html_short(pool, "nginx", 5), "nginx");
	ck_assert_str_eq(html_short(pool, "nginxs", 5), "ngin…");
	ck_assert_str_eq(html_short(pool, "<<<<", 3), "&lt;&lt;…");
	ck_assert_str_eq(html_short(pool, "ü€ü€", 3), "ü€…");
	ck_assert_str_eq(html_short(pool, "\x1b\x1b", 4), "\\x1…");
	ck_assert_str_eq(html_short(pool, "abc", 0), "");
}
END_TEST

START_TEST(the_digest_is_that_of_the_standard)
{
	/* printf abc | openssl dgst -sha256 -binary | base64 */
	ck_assert_str_eq(html_style_digest(pool, "abc"),
			 "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
	ck_assert_str_eq(html_style_digest(pool, ""),
			 "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}
END_TEST

START_TEST(a_page_is_whole)
{
	autofree char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);

	html_begin(out, pool, "Audit", "</title><b>");
	html_badge(out, VERDICT_DIFFERS, "differs");
	html_end(out, NULL);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert(!strncmp(page, "<!DOCTYPE html>", 15));
	ck_assert_ptr_nonnull(strstr(page, "<title>Audit: &lt;/title&gt;&lt;b&gt;</title>"));
	ck_assert_ptr_nonnull(strstr(page, "<h1>&lt;/title&gt;&lt;b&gt;</h1>"));
	ck_assert_ptr_nonnull(strstr(page, "</main>"));
	ck_assert_ptr_null(strstr(page, "http:"));
	ck_assert_ptr_null(strstr(page, "https:"));
	ck_assert_ptr_null(strstr(page, "url("));
	ck_assert_ptr_null(strstr(page, "style=\""));
	ck_assert_ptr_null(strstr(page, "<script"));
	ck_assert_str_eq(page + size - strlen("</html>\n"), "</html>\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("html");
	TCase *cases = tcase_create("html");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_loop_test(cases, nothing_is_markup, 0, sizeof texts / sizeof *texts);
	tcase_add_test(cases, every_byte_is_safe);
	tcase_add_test(cases, short_texts_are_cut_by_characters);
	tcase_add_test(cases, the_digest_is_that_of_the_standard);
	tcase_add_test(cases, a_page_is_whole);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
