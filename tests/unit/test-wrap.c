// SPDX-License-Identifier: MIT
/* wrap.c: no line is wider than 80 columns, unless it is one word; and nothing is lost. */
#include "wrap.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static char text[8192];

static FILE *begin(void)
{
	memset(text, 0, sizeof text);
	FILE *out = fmemopen(text, sizeof text, "w");
	ck_assert_ptr_nonnull(out);
	return out;
}

static const struct {
	const char *lead, *next, *text, *want;
} paragraphs[] = {
	{ "", "", "", "\n" },
	{ "note: ", "      ", "short", "note: short\n" },
	{ "    ", "    ", "", "\n" },
	{ "", "  ", "a  b", "a  b\n" },
	{ "note: ", "      ", FIFTY " " TEN TEN " " TEN,
	  "note: " FIFTY " " TEN TEN "\n      " TEN "\n" },
	/* 80 columns are not too many, 81 are */
	{ "", "  ", FIFTY " " TEN TEN "012345678", FIFTY " " TEN TEN "012345678\n" },
	{ "", "  ", FIFTY " " TEN TEN TEN, FIFTY "\n  " TEN TEN TEN "\n" },
	/* a word too long stands alone, and no blanks are left behind what stood before it */
	{ "loses: ", "    ", FIFTY FIFTY " x", "loses:\n    " FIFTY FIFTY "\n    x\n" },
	{ "", "    ", FIFTY FIFTY, FIFTY FIFTY "\n" },
	{ "wins   ", "       ", FIFTY FIFTY " x", "wins\n    " FIFTY FIFTY "\n       x\n" },
	{ "what it is            ", "                      ", FIFTY TEN TEN " (why)",
	  "what it is\n          " FIFTY TEN TEN "\n                      (why)\n" },
	{ "keeltune: ", "keeltune:   ", FIFTY FIFTY " x",
	  "keeltune:\nkeeltune:   " FIFTY FIFTY "\nkeeltune:   x\n" },
	/* a command stays whole where it fits into a line */
	{ "", "", FIFTY TEN " see `keeltune diff --root " TEN "`.",
	  FIFTY TEN " see\n`keeltune diff --root " TEN "`.\n" },
	{ "", "", "`" FIFTY " " FIFTY "` x", "`" FIFTY "\n" FIFTY "` x\n" },
	{ "", "", FIFTY TEN TEN " `open " TEN, FIFTY TEN TEN " `open\n" TEN "\n" },
	/* colours take no room, wide characters two columns */
	{ "", "", FIFTY " \033[31m" TEN TEN "012345678\033[0m",
	  FIFTY " \033[31m" TEN TEN "012345678\033[0m\n" },
	{ "", "", FIFTY TEN TEN " é€éé xx", FIFTY TEN TEN " é€éé xx\n" },
	{ "", "", FIFTY TEN TEN " 漢字漢字 x", FIFTY TEN TEN " 漢字漢字\nx\n" },
	{ "\n", "  ", FIFTY " " TEN TEN TEN, "\n" FIFTY "\n  " TEN TEN TEN "\n" },
};

START_TEST(paragraphs_are_wrapped)
{
	FILE *out = begin();

	wrap(out, paragraphs[_i].lead, paragraphs[_i].next, paragraphs[_i].text);
	fclose(out);
	ck_assert_str_eq(text, paragraphs[_i].want);
}
END_TEST

static const struct {
	const char *command, *want;
} commands[] = {
	{ "systemctl restart a", "  systemctl restart a\n" },
	{ "printf '" FIFTY "\\n' >/" TEN TEN TEN,
	  "  printf '" FIFTY "\\n' \\\n      >/" TEN TEN TEN "\n" },
	/* blanks in quotes are part of an argument */
	{ "echo '" FIFTY " " FIFTY "' x", "  echo \\\n      '" FIFTY " " FIFTY "' \\\n      x\n" },
	{ "echo \"" FIFTY " \\\" " FIFTY "\" x\\ y",
	  "  echo \\\n      \"" FIFTY " \\\" " FIFTY "\" \\\n      x\\ y\n" },
};

START_TEST(commands_can_be_copied)
{
	FILE *out = begin();

	wrap_command(out, 2, commands[_i].command);
	fclose(out);
	ck_assert_str_eq(text, commands[_i].want);
}
END_TEST

static const struct {
	const char *cells[4], *want;
} rows[] = {
	{ { "a", "b", "no", "c" }, "a     b   c\n" },
	{ { "1234", "123", "no", "c" }, "1234  123\n          c\n" },
	{ { "12345", "b", "no", "c" }, "12345\n      b   c\n" },
	{ { FIFTY FIFTY, "b", "no", "" }, FIFTY FIFTY "\n      b\n" },
	{ { "", "", "no", "c" }, "          c\n" },
};

START_TEST(a_long_cell_leaves_the_others_in_place)
{
	static const size_t width[] = { 4, 2, 0, 1 };
	FILE *out = begin();

	wrap_row(out, rows[_i].cells, width, 4, 2);
	fclose(out);
	ck_assert_str_eq(text, rows[_i].want);
}
END_TEST

START_TEST(the_widest_column_gives_way)
{
	size_t width[] = { 512, 9, 0, 7 }, least[] = { 7, 6, 0, 7 };

	wrap_fit(width, least, 4, 2);
	ck_assert_uint_eq(width[0], 80 - 9 - 7 - 4);
	ck_assert_uint_eq(width[1], 9);
	ck_assert_uint_eq(width[2], 0);
	ck_assert_uint_eq(width[3], 7);
	size_t narrow[] = { 30, 9, 0, 7 };
	wrap_fit(narrow, least, 4, 2);
	ck_assert_uint_eq(narrow[0], 30);
	size_t much[] = { 90, 90, 90, 90 }, most[] = { 90, 90, 90, 90 };
	wrap_fit(much, most, 4, 2); /* no way: and no endless loop */
	ck_assert_uint_eq(much[0], 90);
}
END_TEST

/* Random words: every line fits or is one word, and the words are those that went in. */
START_TEST(nothing_is_lost)
{
	char words[2048], back[8192];

	srand((unsigned)_i);
	for (int round = 0; round < 200; round++) {
		size_t size = 0;
		for (int count = rand() % 40; count; count--) {
			for (int length = 1 + rand() % (rand() % 9 ? 12 : 120);
			     length && size + 2 < sizeof words; length--)
				words[size++] = rand() % 30 ? (char)('a' + rand() % 26) : '`';
			if (size + 2 < sizeof words)
				words[size++] = ' ';
		}
		words[size ? size - 1 : 0] = '\0';
		FILE *out = begin();
		wrap(out, "note: ", "      ", words);
		fclose(out);
		*back = '\0';
		char *left = text;
		for (char *line; (line = strsep(&left, "\n")) && *line;) {
			const char *word = line + (line == text ? strlen("note:") : 0);
			word += strspn(word, " ");
			if (strlen(line) > WRAP_WIDTH)
				ck_assert_ptr_null(strchr(word, ' '));
			if (!*word) /* a lead alone */
				continue;
			strcat(strcat(back, *back ? " " : ""), word);
		}
		ck_assert_str_eq(back, words);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wrap");
	TCase *tests = tcase_create("wrap");
	tcase_add_loop_test(tests, paragraphs_are_wrapped, 0,
			    sizeof paragraphs / sizeof *paragraphs);
	tcase_add_loop_test(tests, commands_can_be_copied, 0, sizeof commands / sizeof *commands);
	tcase_add_loop_test(tests, a_long_cell_leaves_the_others_in_place, 0,
			    sizeof rows / sizeof *rows);
	tcase_add_test(tests, the_widest_column_gives_way);
	tcase_add_loop_test(tests, nothing_is_lost, 1, 5);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
