// SPDX-License-Identifier: MIT
/* documents.c and json-reader.c: where documents begin and end, whole or damaged, in whatever
 * pieces they come; and what is JSON. */
#include "documents.h"
#include "json-reader.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- documents --------------------------------------------------------------------------- */

/* Each document as "LINE:SIZE ", what is none as "LINE! ". */
static char found[4096];

static void take(void *context, const struct document *document)
{
	size_t end = strlen(found);
	const char *carriage;

	ck_assert_ptr_eq(context, found);
	if (document->problem) {
		snprintf(found + end, sizeof found - end, "%zu! ", document->line);
		return;
	}
	carriage = memchr(document->bytes, '\r', document->size);
	snprintf(found + end, sizeof found - end, "%zu:%zu ", document->line,
		 carriage ? (size_t)(carriage - document->bytes) : document->size);
}

static const struct {
	const char *input, *want;
} inputs[] = {
	{ "", "0! " },
	{ " \n\n\t\r\n", "0! " },
	{ "{}", "1:2 " },
	{ "{}\n", "1:2 " },
	{ "\n\n {\"a\": 1} \n", "3:9 " },
	{ "{\"a\": \"}\"}\n{\"b\": \"\\\"}\"}\n", "1:10 2:12 " },
	{ "{}{}\n{ }", "1:2 1:2 2:3 " },
	{ "{\r\n}\r\n{}\r\n", "1:1 3:2 " },
	{ "\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n", "1:2 2:2 " },
	/* several lines */
	{ "{\n  \"a\": {\n  }\n}\n{\n}\n", "1:16 5:3 " },
	{ "{\n\"a\": [\n{\n},\n{\n}\n]\n}\n{}", "1:21 9:2 " },
	/* damage costs its line */
	{ "x\n{}\n", "1! 2:2 " },
	{ "null\n1\n\"a\"\n{}\n", "1! 2! 3! 4:2 " },
	{ "{\"a\n{}\n", "1! 2:2 " },
	{ "{\"a\\\n{}\n", "1! 2:2 " },
	{ "{\"a\": [1\n{}\n", "1! 2:2 " },
	{ "{\"a\": [1\nx\n{}\n", "1! 2! 3:2 " },
	{ "{\"a\": [1\n\n{}\n", "1! 3:2 " },
	{ "{\"a\": [1}\nx\n{}\n", "1! 2! 3:2 " },
	{ "{},\n{}\n", "1! 2:2 " },
	{ "{} x {}\n{}\n", "1! 2:2 " },
	{ "{\n{}\n", "1! 2:2 " },
	{ "}\n{}", "1! 2:2 " },
	{ "{", "1! " },
	/* and a document over several lines itself */
	{ "{\n  \"a\": [\n    1\n{\n}\n", "1! 4:3 " },
	{ "{\n  \"a\": [\n    1\n  }\n}\n{\n}\n", "1! 6:3 " },
	{ "{\n  \"a\n  \"b\n}\nx\n{}", "1! 6:2 " },
	{ "[\n  {},\n  {}\n]\n{}", "1! 5:2 " },
	{ "[{}, {}]\nx\n{}", "1! 2! 3:2 " },
	/* no text */
	{ "\xff\xfe{\0}\n", "0! " },
	{ "\x1f\x8b\n{}\n", "0! " },
};

START_TEST(documents_are_cut)
{
	const char *input = inputs[_i].input;
	size_t size = strlen(input);
	struct documents *documents = documents_new(take, found);

	for (size_t piece = size ? size : 1; piece; piece--) {
		if (_i >= (int)(sizeof inputs / sizeof *inputs) - 2 && piece < size)
			break; /* its kind is told by the first piece */
		*found = '\0';
		for (size_t at = 0; at < size; at += piece) {
			char *copy = malloc(piece); /* of its own, for the sanitizer */
			size_t some = size - at < piece ? size - at : piece;
			memcpy(copy, input + at, some);
			documents_feed(documents, copy, some);
			free(copy);
		}
		documents_end(documents);
		ck_assert_msg(!strcmp(found, inputs[_i].want), "%s in pieces of %zu: %s, not %s",
			      input, piece, found, inputs[_i].want);
	}
	documents_free(documents);
}
END_TEST

/* What is binary is named once; NULs that a power cut left are not that. */
static const struct {
	const char *bytes;
	size_t size;
	const char *want;
} binaries[] = {
	{ "\x7f"
	  "ELF\2\1\1\0\0\n\0\n[x\n\0{\n",
	  18, "0! " },
	{ "a\nb\nc\0\n{}\n", 10, "0! " },
	{ "\0\0\0{}\n{}\n", 9, "1! 2:2 " },
	{ "\0\0\0\n{}\n", 7, "1! 2:2 " },
	{ "{}\n\0\0\n{}\n", 9, "1:2 2! 3:2 " },
	{ "a\nb\n{}\n", 7, "1! 2! 3:2 " },
};

START_TEST(what_is_binary_is_named_once)
{
	struct documents *documents = documents_new(take, found);

	*found = '\0';
	documents_feed(documents, binaries[_i].bytes, binaries[_i].size);
	documents_end(documents);
	ck_assert_str_eq(found, binaries[_i].want);
	*found = '\0';
	documents_feed(documents, "{}\n", 3); /* the next input */
	documents_end(documents);
	ck_assert_str_eq(found, "1:2 ");
	documents_free(documents);
}
END_TEST

START_TEST(nesting_is_bounded)
{
	struct documents *documents = documents_new(take, found);

	*found = '\0';
	documents_feed(documents, "{\"a\": ", 6);
	for (int i = 0; i < 100000; i++)
		documents_feed(documents, "[", 1);
	documents_feed(documents, "\n{}", 3);
	documents_end(documents);
	ck_assert_str_eq(found, "1! 2:2 ");
	documents_free(documents);
}
END_TEST

START_TEST(size_is_bounded)
{
	struct documents *documents = documents_new(take, found);
	static char much[1 << 20];

	memset(much, 'x', sizeof much);
	*found = '\0';
	documents_feed(documents, "{\"", 2);
	for (unsigned i = 0; i < 2 * DOCUMENT_MAX / sizeof much; i++)
		documents_feed(documents, much, sizeof much);
	documents_feed(documents, "\"}\n{}\n", 6);
	documents_end(documents);
	ck_assert_str_eq(found, "1! 2:2 ");
	documents_free(documents);
}
END_TEST

/* ---- the reader -------------------------------------------------------------------------- */

static const struct {
	const char *json;
	bool good;
} texts[] = {
	{ "{}", true },
	{ " {\"a\" : [ 1 , -0.5e+10, true,false , null, {}, [] ] } ", true },
	{ "{\"\": \"\\u00e9\\ud83d\\ude00\\n\\\\\\/\"}", true },
	{ "{\"a\": 123456789012345678901234567890}", true },
	{ "{,}", false },
	{ "{\"a\"}", false },
	{ "{\"a\":}", false },
	{ "{\"a\":1,}", false },
	{ "{\"a\":1 \"b\":2}", false },
	{ "{\"a\":[1,]}", false },
	{ "{\"a\":[,1]}", false },
	{ "{\"a\":[1 2]}", false },
	{ "{\"a\":01}", false },
	{ "{\"a\":1.}", false },
	{ "{\"a\":.5}", false },
	{ "{\"a\":+1}", false },
	{ "{\"a\":1e}", false },
	{ "{\"a\":-}", false },
	{ "{\"a\":NaN}", false },
	{ "{\"a\":tru}", false },
	{ "{\"a\":nulll}", false },
	{ "{a:1}", false },
	{ "{'a':1}", false },
	{ "{\"a\":\"\t\"}", false },
	{ "{\"a\":\"\\x\"}", false },
	{ "{\"a\":\"\\u12g4\"}", false },
	{ "{\"a\":\"\\u12", false },
	{ "{\"a\":\"\\", false },
	{ "{\"a\":\"\\ud800\"}", false },
	{ "{\"a\":\"\\ud800\\u0041\"}", false },
	{ "{\"a\":\"\\udc00\"}", false },
	{ "{\"a\":\"\\u0000\"}", false },
	{ "{\"a\":\"\xff\"}", false },
	{ "{\"a\":\"\xc0\xaf\"}", false },
	{ "{\"a\":\"\xed\xa0\x80\"}", false },
	{ "{} {}", false },
	{ "{}x", false },
	{ "[]", false },
	{ "", false },
	{ "{", false },
	{ "{\"a\":{\"b\":[", false },
};

START_TEST(json_is_json)
{
	struct json_reader reader;
	struct json_text name;
	size_t size = strlen(texts[_i].json);
	char *copy = malloc(size + 1);

	memcpy(copy, texts[_i].json, size);
	reader_begin(&reader, copy, size);
	reader_object(&reader);
	while (reader_member(&reader, &name))
		reader_skip(&reader);
	bool good = reader_end(&reader);
	ck_assert_msg(good == texts[_i].good, "%s: %s", texts[_i].json,
		      reader.problem ? reader.problem : "no problem");
	free(copy);
}
END_TEST

START_TEST(strings_are_decoded)
{
	char json[] = "{\"a\\u0062\": "
		      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\xc3\xa9\"}";
	static const char want[] = "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9";
	struct json_reader reader;
	struct json_text name, text;

	reader_begin(&reader, json, sizeof json - 1);
	ck_assert(reader_object(&reader) && reader_member(&reader, &name));
	ck_assert(json_text_is(name, "ab"));
	ck_assert(reader_string(&reader, &text));
	ck_assert_uint_eq(text.size, sizeof want - 1);
	ck_assert_mem_eq(text.bytes, want, text.size);
	ck_assert(!reader_member(&reader, &name) && reader_end(&reader));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("documents");
	TCase *cut = tcase_create("cut"), *json = tcase_create("json");

	tcase_add_loop_test(cut, what_is_binary_is_named_once, 0,
			    (int)(sizeof binaries / sizeof *binaries));
	tcase_add_loop_test(cut, documents_are_cut, 0, (int)(sizeof inputs / sizeof *inputs));
	tcase_add_test(cut, nesting_is_bounded);
	tcase_add_test(cut, size_is_bounded);
	tcase_add_loop_test(json, json_is_json, 0, (int)(sizeof texts / sizeof *texts));
	tcase_add_test(json, strings_are_decoded);
	suite_add_tcase(suite, cut);
	suite_add_tcase(suite, json);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
