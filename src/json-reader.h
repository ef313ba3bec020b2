/* SPDX-License-Identifier: MIT
 *
 * One JSON document, read member by member from a buffer: nothing is built that nobody asks for,
 * and numbers stay the text that they are. Strict (RFC 8259), with bounded depth. Pure.
 *
 * The first problem ends the reading: every function then says false, and `problem` what it is.
 */
#ifndef KEELTUNE_JSON_READER_H
#define KEELTUNE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 64

struct json_text {
	const char *bytes; /* no NUL in it or behind it; NULL: JSON's null */
	size_t size;
};

enum json_kind {
	JSON_KIND_NONE, /* a problem */
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_WORD, /* true, false */
	JSON_KIND_NULL,
};

struct json_reader {
	char *at, *end;
	size_t line;         /* 0..: where AT is */
	unsigned depth;      /* objects and arrays that are open */
	bool first;          /* just opened: no comma before what follows */
	const char *problem; /* or NULL */
};

/* BYTES are changed: strings are decoded in their place. They must outlive what is read. */
void reader_begin(struct json_reader *reader, char *bytes, size_t size);
/* Nothing but white space follows. */
bool reader_end(struct json_reader *reader);

/* Of the value that comes next. */
enum json_kind reader_kind(struct json_reader *reader);

/* Opens an object; then each reader_member() gives a name, whose value must be read or skipped,
 * until it says false: the end. The same for arrays. */
bool reader_object(struct json_reader *reader);
bool reader_member(struct json_reader *reader, struct json_text *ret_name);
bool reader_array(struct json_reader *reader);
bool reader_item(struct json_reader *reader);

bool reader_string(struct json_reader *reader, struct json_text *ret);
bool reader_number(struct json_reader *reader, struct json_text *ret);
bool reader_skip(struct json_reader *reader); /* any value */

bool json_text_is(struct json_text text, const char *word);

#endif
