// SPDX-License-Identifier: MIT
/* Reading JSON, see json-reader.h. keeltune writes JSON with jansson; what it reads by the hundred
 * thousand is read here: in a third of the time, without a tree, and an integer above 2^63-1, which
 * jq makes of 2^63-1, is no error. */
#include "json-reader.h"

#include "escape.h"

#include <stdint.h>
#include <string.h>

static bool fail(struct json_reader *reader, const char *problem)
{
	if (!reader->problem)
		reader->problem = problem;
	return false;
}

void reader_begin(struct json_reader *reader, char *bytes, size_t size)
{
	*reader = (struct json_reader){ .at = bytes, .end = bytes + size };
}

/* The next byte that is no white space, or 0 at the end. */
static char next(struct json_reader *reader)
{
	char *at = reader->at;

	for (; at < reader->end; at++) {
		if (*at == '\n')
			reader->line++;
		else if (*at != ' ' && *at != '\t' && *at != '\r')
			break;
	}
	reader->at = at;
	return at < reader->end ? *at : '\0';
}

bool reader_end(struct json_reader *reader)
{
	if (reader->problem)
		return false;
	next(reader);
	return reader->at == reader->end || fail(reader, "something follows the JSON document");
}

enum json_kind reader_kind(struct json_reader *reader)
{
	if (reader->problem)
		return JSON_KIND_NONE;
	char byte = next(reader);
	if (byte == '-' || (byte >= '0' && byte <= '9'))
		return JSON_KIND_NUMBER;
	switch (byte) {
	case '{':
		return JSON_KIND_OBJECT;
	case '[':
		return JSON_KIND_ARRAY;
	case '"':
		return JSON_KIND_STRING;
	case 't':
	case 'f':
		return JSON_KIND_WORD;
	case 'n':
		return JSON_KIND_NULL;
	default:
		fail(reader, reader->at == reader->end ? "JSON ends in the middle (truncated?)"
						       : "not JSON: a value is missing here");
		return JSON_KIND_NONE;
	}
}

/* ---- objects and arrays ------------------------------------------------------------------- */

static bool open_with(struct json_reader *reader, char bracket, const char *problem)
{
	if (reader->problem)
		return false;
	if (next(reader) != bracket)
		return fail(reader, problem);
	if (++reader->depth > JSON_DEPTH_MAX)
		return fail(reader, "JSON that is nested too deep");
	reader->at++;
	reader->first = true;
	return true;
}

/* Another element before BRACKET? Takes the comma, or the bracket. */
static bool goes_on(struct json_reader *reader, char bracket)
{
	bool first = reader->first;

	if (reader->problem)
		return false;
	reader->first = false;
	char byte = next(reader);
	if (byte == bracket) {
		reader->at++;
		reader->depth--;
		return false;
	}
	if (first)
		return true;
	if (byte != ',')
		return fail(reader, reader->at == reader->end
					    ? "JSON ends in the middle (truncated?)"
					    : "not JSON: a comma or a closing bracket is missing");
	reader->at++;
	return true;
}

bool reader_object(struct json_reader *reader)
{
	return open_with(reader, '{', "not a JSON object");
}

bool reader_array(struct json_reader *reader)
{
	return open_with(reader, '[', "not a JSON array");
}

bool reader_item(struct json_reader *reader)
{
	return goes_on(reader, ']');
}

bool reader_member(struct json_reader *reader, struct json_text *ret_name)
{
	if (!goes_on(reader, '}') || !reader_string(reader, ret_name))
		return false;
	if (next(reader) != ':')
		return fail(reader, "not JSON: a colon is missing");
	reader->at++;
	return true;
}

/* ---- strings ----------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The four digits at AT, or -1. */
static int32_t hex_unit(const char *at, const char *end)
{
	int32_t unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*to++ = (char)(0xe0 | code >> 12);
		} else {
			*to++ = (char)(0xf0 | code >> 18);
			*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

/* READER is behind a backslash and a 'u'. */
static char *put_unit(struct json_reader *reader, char *to)
{
	int32_t unit = hex_unit(reader->at, reader->end), low;

	if (unit < 0) {
		fail(reader, "not JSON: \\u without four hexadecimal digits");
		return to;
	}
	reader->at += 4;
	if (unit >= 0xd800 && unit < 0xe000) {
		if (unit >= 0xdc00 || reader->end - reader->at < 6 || reader->at[0] != '\\' ||
		    reader->at[1] != 'u' ||
		    (low = hex_unit(reader->at + 2, reader->end)) < 0xdc00 || low >= 0xe000) {
			fail(reader, "not JSON: half of a surrogate pair");
			return to;
		}
		reader->at += 6;
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	}
	if (!unit)
		fail(reader, "a NUL character in a string");
	return put_utf8(to, (uint32_t)unit);
}

static char *put_escape(struct json_reader *reader, char *to)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (++reader->at == reader->end)
		return to;
	char byte = *reader->at++;
	if (byte == 'u')
		return put_unit(reader, to);
	if (!byte || !(letter = strchr(letters, byte))) {
		fail(reader, "not JSON: an unknown escape in a string");
		return to;
	}
	*to++ = meanings[letter - letters];
	return to;
}

/* What needs no second look in a string: most of it. */
static bool is_plain(char byte)
{
	return (unsigned char)byte >= 0x20 && (unsigned char)byte < 0x80 && byte != '"' &&
	       byte != '\\';
}

static char *put_plain(struct json_reader *reader, char *to)
{
	char *start = reader->at, *at = start;

	while (at < reader->end && is_plain(*at))
		at++;
	reader->at = at;
	if (to != start)
		memmove(to, start, (size_t)(at - start));
	return to + (at - start);
}

/* What was decoded is never longer than what it was decoded from. */
bool reader_string(struct json_reader *reader, struct json_text *ret)
{
	if (reader->problem)
		return false;
	if (next(reader) != '"')
		return fail(reader, reader->at == reader->end
					    ? "JSON ends in the middle (truncated?)"
					    : "not JSON: a string is missing here");
	char *start = ++reader->at, *to = start;
	while (reader->at < reader->end && !reader->problem) {
		unsigned char byte = (unsigned char)*reader->at;
		uint32_t code;
		size_t size;
		if (byte == '"') {
			reader->at++;
			*ret = (struct json_text){ start, (size_t)(to - start) };
			return true;
		}
		if (byte == '\\') {
			to = put_escape(reader, to);
		} else if (byte < 0x20) {
			return fail(reader, "not JSON: a control character in a string");
		} else if (byte < 0x80) {
			to = put_plain(reader, to);
		} else {
			size = utf8_sequence((const unsigned char *)reader->at,
					     (const unsigned char *)reader->end, &code);
			if (!size)
				return fail(reader, "not JSON: a string that is not UTF-8");
			memmove(to, reader->at, size);
			to += size;
			reader->at += size;
		}
	}
	return fail(reader, "JSON ends in the middle (truncated?)");
}

/* ---- the rest ---------------------------------------------------------------------------- */

static bool take_digits(struct json_reader *reader)
{
	char *start = reader->at;

	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return reader->at > start;
}

static bool take(struct json_reader *reader, const char *any)
{
	if (reader->at == reader->end || !*reader->at || !strchr(any, *reader->at))
		return false;
	reader->at++;
	return true;
}

bool reader_number(struct json_reader *reader, struct json_text *ret)
{
	if (reader->problem)
		return false;
	next(reader);
	char *start = reader->at;
	take(reader, "-");
	bool good = take(reader, "0") || take_digits(reader);
	if (good && take(reader, "."))
		good = take_digits(reader);
	if (good && take(reader, "eE")) {
		take(reader, "+-");
		good = take_digits(reader);
	}
	if (!good)
		return fail(reader, "not JSON: a number that is none");
	*ret = (struct json_text){ start, (size_t)(reader->at - start) };
	return true;
}

static bool take_word(struct json_reader *reader, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
		return fail(reader, "not JSON: an unknown word");
	reader->at += size;
	return true;
}

bool reader_skip(struct json_reader *reader)
{
	struct json_text ignored;

	switch (reader_kind(reader)) {
	case JSON_KIND_OBJECT:
		reader_object(reader);
		while (reader_member(reader, &ignored))
			reader_skip(reader);
		break;
	case JSON_KIND_ARRAY:
		reader_array(reader);
		while (reader_item(reader))
			reader_skip(reader);
		break;
	case JSON_KIND_STRING:
		reader_string(reader, &ignored);
		break;
	case JSON_KIND_NUMBER:
		reader_number(reader, &ignored);
		break;
	case JSON_KIND_WORD:
		take_word(reader, *reader->at == 't' ? "true" : "false");
		break;
	case JSON_KIND_NULL:
		take_word(reader, "null");
		break;
	case JSON_KIND_NONE:
		break;
	}
	return !reader->problem;
}

bool json_text_is(struct json_text text, const char *word)
{
	return text.size && *text.bytes == *word && text.size == strlen(word) &&
	       !memcmp(text.bytes, word, text.size);
}
