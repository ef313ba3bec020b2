// SPDX-License-Identifier: MIT
/* Lines and controls of PAM files, by both readers of libpam. */
#include "conf-pam.h"

#include "pool.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As text: "1:session/required/pam_x.so(a,b)", lines separated by blanks. "1-3" spans three
 * physical lines, "+" marks the rest of a line that was too long. */
static const char *describe(struct pool *pool, const struct conf_pam *parsed)
{
	static const char *const ends[] = { "", " unfinished", " endless" };
	static const char *const types[] = { "auth",     "account",  "session",
					     "password", "@include", "?" };
	const char *text = "";

	for (size_t i = 0; i < parsed->count; i++) {
		const struct conf_pam_line *line = &parsed->lines[i];
		const char *args = "";
		for (size_t j = 0; j < line->arg_count; j++)
			args = pool_printf(pool, "%s%s%s", args, j ? "," : "", line->args[j]);
		const char *span =
			line->last == line->number ? "" : pool_printf(pool, "-%u", line->last);
		const char *type = line->type == CONF_PAM_WRONG_TYPE && line->word
					   ? pool_printf(pool, "?%s", line->word)
					   : types[line->type];
		text = pool_printf(pool, "%s%s%u%s%s:%s%s%s%s/%s/%s(%s)", text, i ? " " : "",
				   line->number, span, line->tail ? "+" : "",
				   line->service ? line->service : "", line->service ? "|" : "",
				   line->dash ? "-" : "", type, line->control ? line->control : "",
				   line->module ? line->module : "", args);
	}
	return pool_printf(pool, "%s%s", text, ends[parsed->end]);
}

#define BYTES(text) text, sizeof(text) - 1
#define SAME NULL

static const struct {
	const char *bytes;
	size_t size;
	const char *buffer;  /* before Linux-PAM 1.6.0 */
	const char *getline; /* since; SAME: the same */
} line_cases[] = {
	{ BYTES(""), "", SAME },
	{ BYTES("\n \t\n# x\n"), "", SAME },
	{ BYTES("session required pam_x.so"), "1:session/required/pam_x.so()", SAME },
	{ BYTES("\n\tsession\trequired \t pam_x.so  a\tb \n"), "2:session/required/pam_x.so(a,b)",
	  SAME },
	{ BYTES("SeSSion Required X.so\n"), "1:session/Required/X.so()", SAME },
	{ BYTES("-session optional pam_x.so\n"), "1:-session/optional/pam_x.so()", SAME },
	{ BYTES("auth a b\naccount a b\npassword a b\n"),
	  "1:auth/a/b() 2:account/a/b() 3:password/a/b()", SAME },
	{ BYTES("sesion required x\n- y\n"), "1:?sesion/required/x() 2:-?/y/()", SAME },
	{ BYTES("@include common-auth\n"), "1:@include/common-auth/()", SAME },
	{ BYTES("@Include a # b\n"), "1:@include/a/()", SAME },
	{ BYTES("session required x # a\n"), "1:session/required/x()", SAME },
	{ BYTES("session required x#a\n"), "1:session/required/x()", SAME },
	{ BYTES("session required x \\ # a\nauth b c\n"), "1:session/required/x(\\) 2:auth/b/c()",
	  SAME },
	{ BYTES("# a \\\nauth b c\n"), "2:auth/b/c()", SAME },
	{ BYTES("session required x\r\n"), "1:session/required/x\r()", SAME },
	{ BYTES("session\vrequired x\n"), "1:?session\vrequired/x/()", SAME },
	{ BYTES("session \\\n required\\ \t\n x\n"), "1-3:session/required/x()", SAME },
	{ BYTES("\\\n\\\nsession required x\n"), "3:session/required/x()", SAME },
	{ BYTES("session \\\n\n required x\n"), "1-3:session/required/x()",
	  "1-2:session//() 3:?required/x/()" },
	{ BYTES("session \\\n# c\n required x\n"), "1-3:session/required/x()",
	  "1-2:session//() 3:?required/x/()" },
	{ BYTES("session a b\nsession \\\n"), "1:session/a/b() unfinished", SAME },
	{ BYTES("session a b \\"), " unfinished", SAME },
	{ BYTES("session a b\0 c\nauth d e\n"), "1:session/a/b() 2:auth/d/e()", SAME },
	{ BYTES("\0session a b\nauth d e\n"), "2:auth/d/e()", SAME },
	{ BYTES("session a b\0\\\nauth d e\n"), "1:session/a/b() 2:auth/d/e()",
	  "1-2:session/a/b()" },
	{ BYTES("session [success=ok default=bad]x y\n"), "1:session/success=ok default=bad/x(y)",
	  SAME },
	{ BYTES("session required x [a b] [c\\]d] [e\n"), "1:session/required/x(a b,c]d,e\n)",
	  SAME },
	{ BYTES("[session] [required] [x] []\n"), "1:session/required/x()", SAME },
	{ BYTES("session required \"a b\"\n"), "1:session/required/\"a(b\")", SAME },
	{ BYTES("session required\nsession\n"), "1:session/required/() 2:session//()", SAME },
};

START_TEST(lines)
{
	for (enum conf_pam_reader reader = CONF_PAM_BUFFER; reader <= CONF_PAM_GETLINE; reader++) {
		struct pool *pool = pool_new();
		struct conf_pam parsed;
		const char *want = line_cases[_i].buffer;
		if (reader == CONF_PAM_GETLINE && line_cases[_i].getline)
			want = line_cases[_i].getline;
		conf_pam_parse(pool, line_cases[_i].bytes, line_cases[_i].size, reader, false,
			       &parsed);
		ck_assert_str_eq(describe(pool, &parsed), want);
		ck_assert_int_eq(parsed.reader, reader);
		pool_free(pool);
	}
	if (line_cases[_i].getline)
		ck_assert(conf_pam_readers_differ(line_cases[_i].bytes, line_cases[_i].size));
}
END_TEST

/* HEAD, then C until SIZE bytes are full, then TAIL. */
static const char *filled(struct pool *pool, const char *head, char c, size_t size,
			  const char *tail)
{
	char *text = pool_alloc(pool, size + strlen(tail) + 1);
	size_t length = strlen(head);

	memcpy(text, head, length);
	memset(text + length, c, size - length);
	strcpy(text + size, tail);
	return text;
}

static const char *parsed_as(struct pool *pool, const char *text, enum conf_pam_reader reader)
{
	struct conf_pam parsed;

	conf_pam_parse(pool, text, strlen(text), reader, false, &parsed);
	return describe(pool, &parsed);
}

START_TEST(long_lines)
{
	struct pool *pool = pool_new();
	const char *text = filled(pool, "#", 'x', 1023, "session required y\n");

	/* The rest of a comment takes effect. */
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_BUFFER), "1+:session/required/y()");
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_GETLINE), "");
	ck_assert(conf_pam_readers_differ(text, strlen(text)));

	text = filled(pool, "session required", ' ', 1020, "pam_x.so\nauth a b\n");
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_BUFFER),
			 "1:session/required/pam() 1+:?_x.so//() 2:auth/a/b()");
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_GETLINE),
			 "1:session/required/pam_x.so() 2:auth/a/b()");

	/* 1022 bytes and the newline fit. */
	text = filled(pool, "#", 'x', 1022, "\nauth a b\n");
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_BUFFER), "2:auth/a/b()");
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_GETLINE), "2:auth/a/b()");

	/* Continuations share the buffer. */
	text = pool_printf(pool, "%s%s", filled(pool, "session required", ' ', 600, "\\\n"),
			   filled(pool, "x", ' ', 500, "pam_y.so\n"));
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_BUFFER),
			 "1-2:session/required/x() 2+:?pam_y.so//()");
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_GETLINE),
			 "1-2:session/required/x(pam_y.so)");
	pool_free(pool);
}
END_TEST

/* A backslash as byte 1023 leaves fgets(3) no room: it returns "", again and again. */
START_TEST(endless)
{
	struct pool *pool = pool_new();
	const char *text = filled(pool, "session a b", ' ', 1022, "\\ \nauth a b\n");
	struct conf_pam parsed;

	conf_pam_parse(pool, text, strlen(text), CONF_PAM_BUFFER, false, &parsed);
	ck_assert_int_eq(parsed.end, CONF_PAM_ENDLESS);
	ck_assert_uint_eq(parsed.end_line, 1);
	ck_assert_str_eq(parsed_as(pool, text, CONF_PAM_GETLINE), "1-2:session/a/b(auth,a,b)");
	pool_free(pool);
}
END_TEST

START_TEST(unfinished_line_number)
{
	static const char text[] = "auth a b\n\nsession \\\n x \\\n";
	struct pool *pool = pool_new();
	struct conf_pam parsed;

	conf_pam_parse(pool, text, strlen(text), CONF_PAM_GETLINE, false, &parsed);
	ck_assert_int_eq(parsed.end, CONF_PAM_UNFINISHED);
	ck_assert_uint_eq(parsed.end_line, 3);
	ck_assert_uint_eq(parsed.count, 1);
	pool_free(pool);
}
END_TEST

START_TEST(pam_conf)
{
	static const char text[] = "# x\nlogin session required pam_x.so a\nOTHER\n";
	struct pool *pool = pool_new();
	struct conf_pam parsed;

	conf_pam_parse(pool, text, strlen(text), CONF_PAM_BUFFER, true, &parsed);
	ck_assert_str_eq(describe(pool, &parsed),
			 "2:login|session/required/pam_x.so(a) 3:OTHER|?//()");
	pool_free(pool);
}
END_TEST

/* ---- controls ---------------------------------------------------------------------------- */

/* What becomes of success, new_authtok_reqd, ignore and perm_denied. */
static const struct {
	const char *text;
	int success, reqd, ignore, denied;
	bool wrong;
} control_cases[] = {
	{ "required", -1, -1, 0, -3, false },
	{ "REQUIRED", -1, -1, 0, -3, false },
	{ "requisite", -1, -1, 0, -4, false },
	{ "sufficient", -2, -2, 0, 0, false },
	{ "optional", -1, -1, 0, 0, false },
	{ "success=ok default=ignore", -1, 0, 0, 0, false },
	{ "default=ignore success=ok", -1, 0, 0, 0, false },
	{ "default=die default=ok", -4, -4, -4, -4, false },
	{ "success=1 perm_denied=reset", 1, -3, -3, -5, false },
	{ " success \t=  done ", -2, -3, -3, -3, false },
	{ "success=okdefault=1", -1, 1, 1, 1, false },
	{ "success=12ignore=bad", 12, -3, -3, -3, false },
	{ "", -3, -3, -3, -3, false },
	{ NULL, -3, -3, -3, -3, true },
	{ "bogus", -3, -3, -3, -3, true },
	{ "require", -3, -3, -3, -3, true },
	{ "success=ok default=bogus", -3, -3, -3, -3, true },
	{ "success=OK", -3, -3, -3, -3, true },
	{ "SUCCESS=ok", -3, -3, -3, -3, true },
	{ "success=okay", -3, -3, -3, -3, true },
	{ "success=ok,default=bad", -3, -3, -3, -3, true },
	{ "success=0", -3, -3, -3, -3, true },
	{ "success=-1", -3, -3, -3, -3, true },
	{ "success", -3, -3, -3, -3, true },
	{ "success=", -3, -3, -3, -3, true },
};

START_TEST(controls)
{
	struct conf_pam_control control;

	conf_pam_control(control_cases[_i].text, CONF_PAM_BUFFER, &control);
	ck_assert_int_eq(control.action[0], control_cases[_i].success);
	ck_assert_int_eq(control.action[12], control_cases[_i].reqd);
	ck_assert_int_eq(control.action[25], control_cases[_i].ignore);
	ck_assert_int_eq(control.action[6], control_cases[_i].denied);
	ck_assert_int_eq(control.wrong, control_cases[_i].wrong);
	ck_assert(!control.include && !control.substack);
}
END_TEST

START_TEST(include_controls)
{
	struct conf_pam_control control;

	conf_pam_control("Include", CONF_PAM_BUFFER, &control);
	ck_assert(control.include && !control.substack && !control.wrong);
	conf_pam_control("substack", CONF_PAM_BUFFER, &control);
	ck_assert(control.include && control.substack && !control.wrong);
}
END_TEST

/* 2^32 + 1 jumps are one jump for old libraries, and -1 is "ok" (_PAM_ACTION_OK). */
START_TEST(huge_jumps)
{
	struct conf_pam_control control;
	static const char one[] = "default=4294967297", ok[] = "default=4294967295";

	conf_pam_control(one, CONF_PAM_BUFFER, &control);
	ck_assert_int_eq(control.action[0], 1);
	conf_pam_control(ok, CONF_PAM_BUFFER, &control);
	ck_assert_int_eq(control.action[0], PAM_ACTION_OK);
	conf_pam_control(one, CONF_PAM_GETLINE, &control);
	ck_assert(control.wrong);
	ck_assert(conf_pam_readers_differ(one, strlen(one)));
	conf_pam_control("default=2147483647", CONF_PAM_GETLINE, &control);
	ck_assert_int_eq(control.action[0], INT32_MAX);
}
END_TEST

START_TEST(codes)
{
	ck_assert_str_eq(conf_pam_code_name(PAM_CODE_MODULE_UNKNOWN), "module_unknown");
	ck_assert_str_eq(conf_pam_code_name(-1), "unknown");
	ck_assert_str_eq(conf_pam_code_name(PAM_CODE_COUNT), "unknown");
	ck_assert_int_eq(conf_pam_code("incomplete"), PAM_CODE_INCOMPLETE);
	ck_assert_int_eq(conf_pam_code("default"), -1);
	for (int code = 0; code < PAM_CODE_COUNT; code++)
		ck_assert_int_eq(conf_pam_code(conf_pam_code_name(code)), code);
}
END_TEST

/* Any bytes: lines are numbered upwards, fields hold no blanks outside brackets. */
START_TEST(hostile_bytes)
{
	static const char alphabet[] =
		"session required[]=\\\\##\n\n\n \t\r\v\0\xffpam_x.so@include-1";
	uint32_t state = 12345;

	for (int round = 0; round < 500; round++) {
		struct pool *pool = pool_new();
		char bytes[2500];
		struct conf_pam parsed;
		size_t size = (size_t)round * 5;
		for (size_t i = 0; i < size; i++) {
			state = state * 1664525 + 1013904223;
			bytes[i] = alphabet[(state >> 16) % (sizeof alphabet - 1)];
		}
		for (enum conf_pam_reader r = CONF_PAM_BUFFER; r <= CONF_PAM_GETLINE; r++) {
			conf_pam_parse(pool, bytes, size, r, round % 2, &parsed);
			for (size_t i = 0; i < parsed.count; i++) {
				const struct conf_pam_line *line = &parsed.lines[i];
				ck_assert_uint_ge(line->last, line->number);
				ck_assert_uint_ge(line->number, i ? line[-1].number : 1);
				ck_assert(line->service || line->word || round % 2);
			}
		}
		pool_free(pool);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("conf-pam");
	TCase *t = tcase_create("conf-pam");

	tcase_add_loop_test(t, lines, 0, sizeof line_cases / sizeof *line_cases);
	tcase_add_test(t, long_lines);
	tcase_add_test(t, endless);
	tcase_add_test(t, unfinished_line_number);
	tcase_add_test(t, pam_conf);
	tcase_add_loop_test(t, controls, 0, sizeof control_cases / sizeof *control_cases);
	tcase_add_test(t, include_controls);
	tcase_add_test(t, huge_jumps);
	tcase_add_test(t, codes);
	tcase_add_test(t, hostile_bytes);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());

	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
