// SPDX-License-Identifier: MIT
/* The lines of sysctl files as each program reads them. */
#include "conf-sysctl.h"

#include "pool.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMD ENGINE_SYSTEMD
#define PROCPS ENGINE_PROCPS
#define PROCPS3 ENGINE_PROCPS3
#define BUSYBOX ENGINE_BUSYBOX

/* "LINE:name=value", "LINE:-name" (excluded), "LINE:!text" (ignored), "LINE:>text" (too long). */
static const char *read_all(struct pool *pool, enum engine engine, const char *bytes, size_t size)
{
	struct sysctl_reader reader;
	struct sysctl_line line;
	char *text = pool_strdup(pool, "");

	conf_sysctl_start(&reader, pool, engine, bytes, size);
	while (conf_sysctl_next(&reader, &line)) {
		const char *name = pool_copy(pool, line.name, line.name_size);
		const char *value = line.kind == SYSCTL_LINE_SET
					    ? pool_copy(pool, line.value, line.value_size)
					    : "";
		static const char *const marks[] = { "", "-", "!", ">" };
		text = pool_printf(pool, "%s%s%u:%s%s%s%s", text, *text ? " " : "", line.line,
				   marks[line.kind], name, line.kind == SYSCTL_LINE_SET ? "=" : "",
				   value);
	}
	return text;
}

#define B(text) text, sizeof text - 1

static const struct {
	enum engine engine;
	const char *bytes;
	size_t size;
	const char *lines;
} cases[] = {
	/* plain */
	{ SYSTEMD, B("a = 1\n\n# c\n; c\n  # c\nb=2"), "1:a=1 6:b=2" },
	{ PROCPS, B("a = 1\n\n# c\n; c\n  # c\nb=2"), "1:a=1 6:b=2" },
	{ PROCPS3, B("a = 1\n\n# c\n; c\n  # c\nb=2"), "1:a=1 6:b=2" },
	{ BUSYBOX, B("a = 1\n\n# c\n; c\n  # c\nb=2"), "1:a=1 6:b=2" },
	/* blanks */
	{ SYSTEMD, B(" \ta\t= \t1 2\t\n"), "1:a=1 2" },
	{ SYSTEMD, B("\va=1\v\n"), "1:\va=1\v" },
	{ PROCPS, B("\va=1\v\n"), "1:a=1" },
	{ PROCPS3, B("\va=1\v\n"), "1:\va=1\v" },
	{ BUSYBOX, B("\va=1\v\n"), "1:a=1" },
	{ PROCPS3, B("a = 1\r\nb=\r2\n"), "1:a=1 2:b=2" },
	/* signs */
	{ SYSTEMD, B("-a=1\n- b=2\n--c=3\n-d\n- e\n"), "1:a=1 2:b=2 3:-c=3 4:-d 5:-e" },
	{ PROCPS, B("-a=1\n- b=2\n--c=3\n-d\n--e\n"), "1:a=1 2: b=2 3:c=3 4:-d 5:-e" },
	{ PROCPS3, B("-a=1\n--c=3\n-d\n"), "1:a=1 2:-c=3 3:!-d" },
	{ BUSYBOX, B("-a=1\n-d\n"), "1:-a=1 2:!-d" },
	/* no equals sign, no name, no value */
	{ SYSTEMD, B("foo bar\n=5\n= \na==1\n"), "1:!foo bar 2:=5 3:= 4:a==1" },
	{ PROCPS, B("foo bar\n=5\na =\na==1\n"), "1:!foo bar 2:=5 3:a= 4:a==1" },
	{ PROCPS3, B("foo bar\n=a=5\na =\na==1\n==\n"), "1:!foo bar 2:a=5 3:!a = 4:a==1 5:!==" },
	{ BUSYBOX, B("foo bar\n=5\na =\na = \na=#5\na= #5\n"),
	  "1:!foo bar 2:=5 3:!a = 4:a= 5:!a=#5 6:a=#5" },
	/* short lines */
	{ SYSTEMD, B("=\nx\n"), "1:= 2:!x" },
	{ PROCPS, B("=\nx\n\nx"), "1:= 2:!x" },
	{ PROCPS3, B("=\nx\nxy\n"), "3:!xy" },
	/* ends of lines */
	{ SYSTEMD, B("a=1\r\nb=2\rc=3\n\rd=4\n\n\ne=5"), "1:a=1 2:b=2 2:c=3 3:d=4 6:e=5" },
	{ PROCPS, B("a=1\r\nb=2\rc=3\n"), "1:a=1 2:b=2\rc=3" },
	{ PROCPS3, B("a=1\r\nb=2\rc=3\n"), "1:a=1 2:b=2" },
	{ BUSYBOX, B("a=1\r\nb=2\rc=3\n"), "1:a=1 2:b=2\rc=3" },
	{ SYSTEMD, B("a=1\0b=2\n\0c=3\0\0d=4"), "1:a=1 1:b=2 2:c=3 2:d=4" },
	{ PROCPS, B("a=1\0b=2\nc=3\n\0d=4\n"), "1:a=1 2:c=3" },
	{ PROCPS3, B("a=1\0b=2\nc=3\n\0d=4\n"), "1:a=1 2:c=3" },
	{ BUSYBOX, B("a=1\0b=2\nc=3\n\0d=4\n"), "1:a=1 2:c=3" },
	/* joined lines */
	{ SYSTEMD, B("a=\\\n1\n"), "1:a=\\ 2:!1" },
	{ BUSYBOX, B("a=\\\n1\nb=2\n"), "1:a=1 3:b=2" },
	{ BUSYBOX, B("a=\\\n\\\n1\n# \\\nb=2\nc=3\\"), "1:a=1 6:c=3" },
	{ BUSYBOX, B("a=1\\\\\n\nb=2\n"), "1:a=1b=2" },
	/* others */
	{ SYSTEMD, B("\xef\xbb\xbf# c\na=1\n"), "1:!\xef\xbb\xbf# c 2:a=1" },
	{ SYSTEMD, B("[s]\n"), "1:![s]" },
	{ SYSTEMD, B("a=1 # c\n"), "1:a=1 # c" },
	{ SYSTEMD, B(""), "" },
	{ PROCPS, B("\0\0\0"), "" },
	{ BUSYBOX, B("\\\n\\\n"), "" },
	{ ENGINE_NONE, B("a=1\n"), "" },
};

START_TEST(lines)
{
	struct pool *pool = pool_new();

	/* Exactly as long as the bytes, so that a sanitizer sees one too far. */
	char *bytes = malloc(cases[_i].size + !cases[_i].size);
	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, cases[_i].bytes, cases[_i].size);
	ck_assert_str_eq(read_all(pool, cases[_i].engine, bytes, cases[_i].size), cases[_i].lines);
	free(bytes);
	pool_free(pool);
}
END_TEST

START_TEST(systemd_gives_up_at_a_mebibyte)
{
	struct pool *pool = pool_new();
	const size_t limit = 1u << 20, size = limit + 64;
	char *bytes = pool_alloc(pool, size);

	memset(bytes, 'x', size);
	memcpy(bytes, "a=1\n#", 5);
	memcpy(bytes + size - 5, "\nb=2\n", 5);
	ck_assert_str_eq(read_all(pool, PROCPS, bytes, size), "1:a=1 3:b=2");
	const char *text = read_all(pool, SYSTEMD, bytes, size);
	ck_assert_int_eq(strncmp(text, "1:a=1 2:>#xxxxxxx", 17), 0);
	ck_assert_ptr_null(strstr(text, "b=2"));

	bytes[4 + limit - 1] = '\n'; /* one byte less is a line */
	bytes[4 + limit] = '#';
	ck_assert_str_eq(read_all(pool, SYSTEMD, bytes, size), "1:a=1 4:b=2");
	pool_free(pool);
}
END_TEST

START_TEST(many_joined_lines_take_little_memory)
{
	struct pool *pool = pool_new();
	const size_t count = 200000;
	char *bytes = pool_alloc(pool, 2 * count + 8);

	for (size_t i = 0; i < count; i++)
		memcpy(bytes + 2 * i, "\\\n", 2);
	memcpy(bytes + 2 * count, "a=1\n", 4);
	ck_assert_str_eq(read_all(pool, BUSYBOX, bytes, 2 * count + 4), "1:a=1");
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf-sysctl");
	TCase *tcase = tcase_create("conf-sysctl");

	tcase_add_loop_test(tcase, lines, 0, sizeof cases / sizeof *cases);
	tcase_add_test(tcase, systemd_gives_up_at_a_mebibyte);
	tcase_add_test(tcase, many_joined_lines_take_little_memory);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
