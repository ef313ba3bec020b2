// SPDX-License-Identifier: MIT
/* Cutting a stream into JSON documents, see documents.h. This looks at brackets, strings and lines
 * alone; whether a document is JSON is the reader's to say.
 *
 * Where a document goes on is what matters after damage: a line of JSON that was cut off must not
 * swallow the next one. So a document of one line is over when another line begins without a
 * blank; one of several lines when a line begins with a bracket that cannot belong to it. */
#include "documents.h"

#include "pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define HEAD 4096 /* bytes that tell what an input is */
#define LOST_MAX                                                                        \
	(64u << 20) /* bytes without a document; a sparse file has them by the terabyte \
		     */

enum state {
	STATE_BETWEEN, /* white space before a document */
	STATE_INSIDE,
	STATE_STRING,
	STATE_ESCAPE, /* behind a backslash in a string */
	STATE_BEHIND, /* in the last line of a document */
	STATE_LINE,   /* in what is left of a bad line */
	STATE_LOST,   /* in a bad document, until a line begins with a bracket */
	STATE_IGNORE, /* in what is no text at all */
};

struct documents {
	document_function *function;
	void *context;
	enum state state;
	const char *at, *start; /* in the bytes that are fed: now, and of the document */
	size_t line, column;    /* 1.., 0..: of AT */
	bool begun, found;      /* the input has bytes; something was found in it */
	size_t lost;            /* bytes, since a document was delivered */

	/* The document that is open. */
	char *bytes; /* what came of it before */
	size_t size, room;
	size_t first_line;
	uint64_t brackets;   /* the open ones, the last in bit 0: 1 is an object */
	unsigned depth;      /* their number */
	bool one_line, bare; /* nothing in other lines yet; in the first only a bracket */
	bool indented;       /* a line of it is */
	char last;           /* byte that is no white space, 0: none yet */
};

struct documents *documents_new(document_function *function, void *context)
{
	struct documents *d = pool_malloc(sizeof *d);

	*d = (struct documents){ .function = function, .context = context, .line = 1 };
	return d;
}

void documents_free(struct documents *d)
{
	if (d)
		free(d->bytes);
	free(d);
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* ---- what is found ------------------------------------------------------------------------ */

static void name_problem(struct documents *d, size_t line, const char *problem)
{
	d->found = true;
	d->function(d->context, &(struct document){ .line = line, .problem = problem });
}

/* What has begun is no document. */
static void give_up(struct documents *d, const char *problem)
{
	name_problem(d, d->first_line, problem);
	d->state = d->one_line && !d->bare ? STATE_LINE : STATE_LOST;
}

/* Keeps what was fed of the document; it is too large: -1, and that was said. */
static int keep(struct documents *d)
{
	size_t more = (size_t)(d->at - d->start);

	if (d->size + more > DOCUMENT_MAX) {
		give_up(d, "larger than 8 MiB: no report of keeltune is");
		return -1;
	}
	if (d->size + more > d->room) {
		d->room = 2 * (d->size + more);
		char *grown = realloc(d->bytes, d->room);
		if (!grown)
			pool_exhausted();
		d->bytes = grown;
	}
	memcpy(d->bytes + d->size, d->start, more);
	d->size += more;
	return 0;
}

static void deliver(struct documents *d)
{
	if (keep(d) < 0)
		return;
	d->found = true;
	d->lost = 0;
	d->function(
		d->context,
		&(struct document){ .bytes = d->bytes, .size = d->size, .line = d->first_line });
	d->state = STATE_BETWEEN;
}

/* ---- byte by byte ------------------------------------------------------------------------- */

static void begin(struct documents *d)
{
	d->start = d->at;
	d->size = 0;
	d->first_line = d->line;
	d->brackets = 0;
	d->depth = 0;
	d->one_line = d->bare = true;
	d->indented = false;
	d->last = '\0';
	d->state = STATE_INSIDE;
	if (*d->at == '{')
		return;
	d->last = *d->at;
	d->state = STATE_LINE;
	name_problem(d, d->line,
		     *d->at == '[' ? "a JSON array: reports are read one by one (jq -c '.[]' FILE)"
				   : "not a JSON object");
}

static bool is_mark(const struct documents *d) /* of the order of bytes, in UTF-8 */
{
	return d->column < 3 && *d->at == "\xef\xbb\xbf"[d->column];
}

static void look_inside(struct documents *d)
{
	char byte = *d->at;
	bool object = byte == '{' || byte == '}';

	if (is_blank(byte))
		return;
	if (d->last && d->line == d->first_line)
		d->bare = false;
	d->last = byte;
	switch (byte) {
	case '"':
		d->state = STATE_STRING;
		break;
	case '{':
	case '[':
		if (d->depth++ == DEPTH_MAX) {
			give_up(d, "JSON that is nested too deep");
			return;
		}
		d->brackets = d->brackets << 1 | object;
		break;
	case '}':
	case ']':
		if ((d->brackets & 1) != object) {
			give_up(d, "not JSON: a bracket closes what was not opened");
			return;
		}
		d->brackets >>= 1;
		if (!--d->depth)
			d->state = STATE_BEHIND;
		break;
	default:
		break;
	}
}

/* Does the byte with which a line begins belong to the document? */
static bool belongs(const struct documents *d)
{
	if (d->one_line)
		return d->bare && (*d->at == '"' || *d->at == '}');
	return *d->at != '{' || (!d->indented && strchr("[,:", d->last));
}

static void look_at_beginning(struct documents *d)
{
	if (*d->at == '\n' || *d->at == '\r')
		return;
	if (is_blank(*d->at)) {
		d->indented = true;
	} else if (!belongs(d)) {
		name_problem(d, d->first_line, "the JSON document ends in the middle (truncated?)");
		d->state = STATE_BETWEEN;
		return;
	}
	d->one_line = false;
}

static void look_behind(struct documents *d)
{
	if (*d->at == '\n' || *d->at == '{') {
		deliver(d);
	} else if (!is_blank(*d->at)) {
		name_problem(d, d->first_line, "something follows the JSON object in its line");
		d->state = STATE_LINE;
	}
}

static void look_at_string(struct documents *d)
{
	if (*d->at == '\n')
		give_up(d, "not JSON: a string without an end (truncated?)");
	else if (d->state == STATE_ESCAPE)
		d->state = STATE_STRING;
	else if (*d->at == '\\')
		d->state = STATE_ESCAPE;
	else if (*d->at == '"')
		d->state = STATE_INSIDE;
}

/* A bad line ends. An array that has lines of its own is one bad document. */
static void leave_line(struct documents *d)
{
	d->state = d->last == '[' && d->bare ? STATE_LOST : STATE_BETWEEN;
}

static void look(struct documents *d)
{
	if (d->state == STATE_BEHIND)
		look_behind(d);
	if (!d->column) {
		if (d->state == STATE_INSIDE && d->line > d->first_line)
			look_at_beginning(d);
		if (d->state == STATE_LOST && *d->at == '{')
			d->state = STATE_BETWEEN;
	}
	if (d->state == STATE_BETWEEN && !is_blank(*d->at) && !is_mark(d))
		begin(d);
	else if (d->state == STATE_LINE && !is_blank(*d->at))
		d->bare = false;
	if (d->state == STATE_INSIDE)
		look_inside(d);
	else if (d->state == STATE_STRING || d->state == STATE_ESCAPE)
		look_at_string(d);
	if (d->state == STATE_LINE && *d->at == '\n')
		leave_line(d);
}

/* ---- inputs ------------------------------------------------------------------------------- */

/* NUL bytes, and something before the first bracket that is none. (A power cut may have made a gap
 * of NULs of the first lines of a file; the others count.) */
static bool is_binary(const char *bytes, size_t size)
{
	size_t first = 0;

	size = size < HEAD ? size : HEAD;
	while (first < size && (is_blank(bytes[first]) || !bytes[first]))
		first++;
	return first < size && bytes[first] != '{' && memchr(bytes, '\0', size);
}

/* What is not even text is named once, not line by line. */
static void look_at_head(struct documents *d, const char *bytes, size_t size)
{
	static const struct {
		const char *bytes, *problem;
		size_t size;
	} others[] = {
		{ "\xff\xfe", "UTF-16 text: JSON is UTF-8 (iconv -f UTF-16 -t UTF-8)", 2 },
		{ "\xfe\xff", "UTF-16 text: JSON is UTF-8 (iconv -f UTF-16 -t UTF-8)", 2 },
		{ "\x1f\x8b", "compressed by gzip (zcat FILE | keeltune fleet -)", 2 },
		{ "\x28\xb5\x2f\xfd", "compressed by zstd (zstdcat FILE | keeltune fleet -)", 4 },
		{ "\xfd\x37zX", "compressed by xz (xzcat FILE | keeltune fleet -)", 4 },
	};

	const char *problem = is_binary(bytes, size) ? "binary data, not JSON" : NULL;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (size >= others[i].size && !memcmp(bytes, others[i].bytes, others[i].size))
			problem = others[i].problem;
	if (!problem)
		return;
	name_problem(d, 0, problem);
	d->state = STATE_IGNORE;
}

static bool is_open(const struct documents *d)
{
	return d->state == STATE_INSIDE || d->state == STATE_STRING || d->state == STATE_ESCAPE ||
	       d->state == STATE_BEHIND;
}

/* The rest of what is plain in a string: most of a report. */
static const char *end_of_plain(const char *at, const char *end)
{
	while (at < end && *at != '"' && *at != '\\' && *at != '\n')
		at++;
	return at;
}

/* Numbers, words, commas between brackets: only the last of them matters. */
static const char *skip_between(struct documents *d, const char *end)
{
	const char *at = d->at;
	char last = '\0';

	for (; at < end && *at != '"' && *at != '\n' && *at != '{' && *at != '}' && *at != '[' &&
	       *at != ']';
	     at++)
		if (!is_blank(*at) && *at)
			last = *at;
	if (last) {
		d->last = last;
		if (d->line == d->first_line)
			d->bare = false;
	}
	return at;
}

/* The bytes that change nothing. */
static const char *skip(struct documents *d, const char *end)
{
	return d->state == STATE_STRING                ? end_of_plain(d->at, end)
	       : d->state == STATE_INSIDE && d->column ? skip_between(d, end)
						       : d->at;
}

/* In an input that has no documents, or none any more. */
static void count_lost(struct documents *d, size_t size)
{
	d->lost += size;
	if (d->lost <= LOST_MAX || d->state == STATE_IGNORE)
		return;
	name_problem(d, d->line, "no report in 64 MiB: the rest is not read");
	d->state = STATE_IGNORE;
}

bool documents_feed(struct documents *d, const char *bytes, size_t size)
{
	const char *end = bytes + size;

	if (!d->begun && size)
		look_at_head(d, bytes, size);
	d->begun = d->begun || size;
	d->start = bytes;
	for (d->at = bytes; d->at < end && d->state != STATE_IGNORE;) {
		const char *next = skip(d, end);
		d->column += (size_t)(next - d->at);
		d->at = next;
		if (next == end)
			break;
		look(d);
		d->column++;
		if (*d->at++ == '\n') {
			d->line++;
			d->column = 0;
		}
	}
	if (is_open(d))
		keep(d);
	count_lost(d, size);
	return d->state != STATE_IGNORE;
}

void documents_drop(struct documents *d)
{
	d->state = STATE_BETWEEN;
	d->begun = d->found = false;
	d->lost = 0;
	d->line = 1;
	d->column = 0;
}

void documents_end(struct documents *d)
{
	d->start = d->at;
	if (d->state == STATE_BEHIND)
		deliver(d);
	else if (is_open(d))
		name_problem(d, d->first_line, "the JSON document ends in the middle (truncated?)");
	if (!d->found)
		name_problem(d, 0, "empty: no report in it");
	documents_drop(d);
}
