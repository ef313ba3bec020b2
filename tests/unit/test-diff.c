// SPDX-License-Identifier: MIT
/* diff.c: exact texts for the simple cases, and for random pairs of files the property that counts:
 * the hunks, applied to the old file, give the new one. */
#include "diff.h"

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

/* NULL: no such file. */
static const char *diff(const char *before, const char *after)
{
	struct change change = {
		.kind = CHANGE_FILE,
		.path = "/etc/x.conf",
		.before = { .exists = before,
			    .bytes = before,
			    .size = before ? strlen(before) : 0 },
		.after = { .exists = after, .bytes = after, .size = after ? strlen(after) : 0 },
	};

	size_t size;

	return diff_unified(pool, &change, &size);
}

#define HEAD "--- a/etc/x.conf\n+++ b/etc/x.conf\n"

static const struct {
	const char *before, *after, *want;
} cases[] = {
	{ "same\n", "same\n", "" },
	{ "", "", "" },
	{ NULL, "a = 1\n", "--- /dev/null\n+++ b/etc/x.conf\n@@ -0,0 +1 @@\n+a = 1\n" },
	{ NULL, "a\nb\n", "--- /dev/null\n+++ b/etc/x.conf\n@@ -0,0 +1,2 @@\n+a\n+b\n" },
	{ "a\n", NULL, "--- a/etc/x.conf\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n" },
	{ "", "a\n", HEAD "@@ -0,0 +1 @@\n+a\n" },
	{ "a\n", "", HEAD "@@ -1 +0,0 @@\n-a\n" },
	{ "a\n", "b\n", HEAD "@@ -1 +1 @@\n-a\n+b\n" },
	{ "a", "a\n", HEAD "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n" },
	{ "a\n", "a", HEAD "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n" },
	{ "x", "x\ny",
	  HEAD "@@ -1 +1,2 @@\n-x\n\\ No newline at end of file\n+x\n+y\n\\ No newline at end of "
	       "file\n" },
	/* three lines of context, no more */
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
	  HEAD "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n" },
	{ "1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", HEAD "@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n" },
	{ "2\n3\n4\n5\n", "1\n2\n3\n4\n5\n", HEAD "@@ -1,3 +1,4 @@\n+1\n 2\n 3\n 4\n" },
	{ "1\n2\n3\n4\n5\n", "1\n2\n4\n5\n", HEAD "@@ -1,5 +1,4 @@\n 1\n 2\n-3\n 4\n 5\n" },
	/* changes far apart: two hunks; the last line of context of one is not repeated */
	{ "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	  HEAD "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n" },
	/* near: one hunk */
	{ "a\n1\n2\n3\nb\n", "A\n1\n2\n3\nB\n",
	  HEAD "@@ -1,5 +1,5 @@\n-a\n+A\n 1\n 2\n 3\n-b\n+B\n" },
	/* lines that look like parts of a diff */
	{ "-- a\n++ b\n@@ -1 @@\n", "++ b\n@@ -1 @@\n",
	  HEAD "@@ -1,3 +1,2 @@\n--- a\n ++ b\n @@ -1 @@\n" },
};

START_TEST(texts_are_those_of_diff_u)
{
	ck_assert_str_eq(diff(cases[_i].before, cases[_i].after), cases[_i].want);
}
END_TEST

START_TEST(bytes_may_be_anything)
{
	struct change change = { .kind = CHANGE_FILE,
				 .path = "/etc/x.conf",
				 .before = { .exists = true, .bytes = "a\0b\r\n\xff\n", .size = 7 },
				 .after = {
					 .exists = true, .bytes = "a\0c\r\n\xff\n", .size = 7 } };
	size_t size;
	const char *text = diff_unified(pool, &change, &size);

	ck_assert_mem_eq(text, HEAD "@@ -1,2 +1,2 @@\n-a\0b\r\n+a\0c\r\n \xff\n",
			 sizeof(HEAD "@@ -1,2 +1,2 @@\n-a\0b\r\n+a\0c\r\n \xff\n"));
}
END_TEST

/* ---- a small patch(1) -------------------------------------------------------------------- */

struct patched {
	const char *at;
	size_t line; /* lines taken so far */
};

static const char *take_number(const char *at, size_t *ret_number)
{
	*ret_number = 0;
	ck_assert(*at >= '0' && *at <= '9');
	while (*at >= '0' && *at <= '9')
		*ret_number = *ret_number * 10 + (size_t)(*at++ - '0');
	return at;
}

static const char *take_range(const char *at, char sign, size_t *ret_first, size_t *ret_count)
{
	ck_assert_int_eq(*at, sign);
	at = take_number(at + 1, ret_first);
	*ret_count = 1;
	return *at == ',' ? take_number(at + 1, ret_count) : at;
}

static size_t line_size(const char *at)
{
	size_t size = strcspn(at, "\n");

	return size + (at[size] == '\n');
}

/* OUT gets the lines of OLD before line FIRST. */
static void copy_up_to(struct patched *old, size_t first, char *out)
{
	ck_assert_uint_le(old->line + 1, first);
	while (old->line + 1 < first) {
		ck_assert_int_ne(*old->at, '\0');
		strncat(out, old->at, line_size(old->at));
		old->at += line_size(old->at);
		old->line++;
	}
}

/* One hunk at AT; checks the numbers, the context and the lines that are removed. */
static const char *apply_hunk(const char *at, struct patched *old, char *out, size_t *out_lines)
{
	size_t old_first, old_count, new_first, new_count, lead = 0;
	bool changed = false;

	ck_assert(!strncmp(at, "@@ ", 3));
	at = take_range(at + 3, '-', &old_first, &old_count);
	at = take_range(at + 1, '+', &new_first, &new_count);
	ck_assert(!strncmp(at, " @@\n", 4));
	at += 4;
	size_t before = old->line;
	copy_up_to(old, old_count ? old_first : old_first + 1, out);
	*out_lines += old->line - before;
	ck_assert_uint_eq(*out_lines + (new_count > 0), new_first);

	while (old_count || new_count) {
		char kind = *at++;
		size_t size = line_size(at), real = size;
		if (!strncmp(at + size, "\\ No newline", 12))
			real = size - 1;
		ck_assert(kind == ' ' || kind == '-' || kind == '+');
		if (kind != '+') {
			ck_assert_msg(!strncmp(old->at, at, real), "line %zu", old->line + 1);
			if (real == size - 1)
				ck_assert_int_eq(old->at[real], '\0');
			old->at += real;
			old->line++;
			ck_assert_uint_gt(old_count--, 0);
		}
		if (kind != '-') {
			strncat(out, at, real);
			(*out_lines)++;
			ck_assert_uint_gt(new_count--, 0);
		}
		lead += kind == ' ' && !changed;
		changed = changed || kind != ' ';
		at += size;
		if (real == size - 1)
			at += line_size(at);
	}
	ck_assert(changed);
	ck_assert_uint_le(lead, 3);
	return at;
}

static void check_patch(const char *before, const char *after)
{
	static char out[65536];
	const char *text = diff(before, after);
	struct patched old = { .at = before };
	size_t lines = 0;

	out[0] = '\0';
	if (*text) {
		ck_assert(!strncmp(text, HEAD, strlen(HEAD)));
		for (text += strlen(HEAD); *text;)
			text = apply_hunk(text, &old, out, &lines);
	}
	strcat(out, old.at);
	ck_assert_str_eq(out, after);
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16;
}

/* A few different lines, so that they repeat; every tenth file has no newline at its end. */
static char *random_file(unsigned *state, unsigned longest)
{
	unsigned count = next_random(state) % longest;
	char *text = pool_alloc(pool, 4 * (size_t)longest + 1);

	for (unsigned i = 0; i < count; i++) {
		const char line[] = { (char)('a' + next_random(state) % 4), '\n', '\0' };
		strcat(text, line);
	}
	if (count && next_random(state) % 10 == 0)
		text[strlen(text) - 1] = '\0';
	return text;
}

/* BEFORE with some lines changed. */
static char *edited(unsigned *state, const char *before)
{
	char *text = pool_alloc(pool, 2 * strlen(before) + 3);

	for (; *before; before += line_size(before)) {
		unsigned dice = next_random(state) % 12;
		if (dice != 0)
			strncat(text, before, line_size(before));
		if (dice == 1 && before[line_size(before) - 1] == '\n')
			strcat(text, "+\n");
	}
	return text;
}

START_TEST(patching_gives_the_new_file)
{
	unsigned state = (unsigned)_i + 1;

	for (int i = 0; i < 100; i++) {
		const char *before = random_file(&state, 60);
		check_patch(before, random_file(&state, 60));
		check_patch(before, edited(&state, before));
		pool_free(pool);
		pool = pool_new();
	}
}
END_TEST

/* Too large for the table: replaced as a whole, still right. */
START_TEST(large_files_are_replaced)
{
	enum { LINES = 4000 };
	static char before[3 * LINES + 1], after[3 * LINES + 1];

	for (int i = 0; i < LINES; i++) {
		before[2 * i] = 'b';
		after[2 * i] = 'a';
		before[2 * i + 1] = after[2 * i + 1] = '\n';
	}
	check_patch(before, after);

	/* A line in the middle that both have is no longer looked for. */
	before[LINES] = after[LINES] = 'c';
	ck_assert_ptr_null(strstr(diff(before, after), "\n c\n"));
	check_patch(before, after);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff");
	TCase *tests = tcase_create("diff");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, texts_are_those_of_diff_u, 0, sizeof cases / sizeof *cases);
	tcase_add_test(tests, bytes_may_be_anything);
	tcase_add_loop_test(tests, patching_gives_the_new_file, 0, 20);
	tcase_add_test(tests, large_files_are_replaced);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
