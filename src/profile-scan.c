// SPDX-License-Identifier: MIT
/* The pre-scan of profiles, see profile-scan.h. Pure; knows words, strings, braces and comments,
 * not what they mean. Why it exists, observed with libconfuse 3.3 and 3.4: comments shift its line
 * numbers; "${NAME}" is replaced from the environment; an unterminated comment hides the rest of
 * the file and succeeds; a NUL cuts a string; unquoted '*' and '+' are skipped silently; a quoted
 * name with '|' reaches into other sections; an option that is set twice keeps the last value. */
#include "profile-scan.h"

#include "escape.h"
#include "pool.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8 /* libconfuse recurses; profiles need 3 */
#define QUOTE_MAX 80

enum token_kind {
	TOKEN_NONE,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_ASSIGN,
	TOKEN_APPEND,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
};

struct token {
	enum token_kind kind;
	const char *text; /* of words and strings, unescaped */
	size_t start;
	unsigned line;
};

struct brace {
	bool is_section; /* else a list */
	size_t section;  /* which; of a list, the one around it */
	size_t start;    /* of the section's word */
	unsigned line;
};

struct option {
	size_t section;
	const char *name;
	unsigned line;
};

struct scanner {
	struct pool *pool;
	struct notes *problems;
	const char *file;
	struct profile_scan *scan;
	char *text;
	size_t size, at, line_start;
	unsigned line;
	struct token last[3]; /* the newest first */
	struct brace braces[DEPTH_MAX];
	size_t depth;
	struct option *options;
	size_t option_count;
};

/* ---- messages ---------------------------------------------------------------------------- */

const char *profile_quote(struct pool *pool, const char *text)
{
	const char *clean = escape_control(pool, text, "");
	size_t length = strlen(clean);
	bool whole = length <= QUOTE_MAX;

	if (!whole)
		for (length = QUOTE_MAX; (clean[length] & 0xc0) == 0x80;)
			length--;
	return pool_printf(pool, "\"%.*s%s\"", (int)length, clean, whole ? "" : "...");
}

static void note(struct scanner *s, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct scanner *s, unsigned line, const char *format, ...)
{
	struct origin origin = { .file = s->file, .line = line };
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	notes_add(s->problems, NULL, origin, "%s", message);
	s->scan->failed = true;
}

/* Always -EINVAL. AT lies on the current line. */
static int refuse(struct scanner *s, size_t at, const char *why)
{
	note(s, s->line, "column %zu: %s", at - s->line_start + 1, why);
	return -EINVAL;
}

/* Of a byte that is_control(). */
static int refuse_byte(struct scanner *s, size_t at)
{
	unsigned char byte = (unsigned char)s->text[at];

	if (!byte)
		return refuse(s, at, "a NUL byte: this is not a text file");
	if (byte == '\r')
		return refuse(s, at, "a carriage return without a newline behind it");
	return refuse(s, at, pool_printf(s->pool, "a control character (0x%02x)", byte));
}

static const char *describe_section(struct scanner *s, size_t section)
{
	if (section == PROFILE_TOP)
		return "";

	const struct profile_section *here = &s->scan->sections[section];
	return pool_printf(s->pool, "%s%s %s: ",
			   here->parent == PROFILE_TOP ? "" : describe_section(s, here->parent),
			   here->word, profile_quote(s->pool, here->title ? here->title : ""));
}

/* ---- tokens ------------------------------------------------------------------------------ */

static size_t current_section(const struct scanner *s)
{
	return s->depth ? s->braces[s->depth - 1].section : PROFILE_TOP;
}

static void push_token(struct scanner *s, enum token_kind kind, size_t start, const char *text)
{
	s->last[2] = s->last[1];
	s->last[1] = s->last[0];
	s->last[0] = (struct token){ kind, text, start, s->line };
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool is_word_byte(char c)
{
	return c && (isalnum((unsigned char)c) || strchr("_.:/@%~-", c));
}

/* "#", "//" or the opening of a block comment. */
static bool starts_comment(const struct scanner *s, size_t at)
{
	if (at >= s->size)
		return false;
	return s->text[at] == '#' || (s->text[at] == '/' && at + 1 < s->size &&
				      (s->text[at + 1] == '/' || s->text[at + 1] == '*'));
}

static void next_line(struct scanner *s)
{
	s->at++;
	s->line++;
	s->line_start = s->at;
}

/* Blanks the byte at s->at and steps over it; for white space and the inside of comments. */
static int blank_byte(struct scanner *s)
{
	char c = s->text[s->at];

	if (c == '\n') {
		next_line(s);
		return 0;
	}
	bool crlf = c == '\r' && s->at + 1 < s->size && s->text[s->at + 1] == '\n';
	if (!crlf && c != '\t' && is_control(c))
		return refuse_byte(s, s->at);
	s->text[s->at++] = ' ';
	return 0;
}

static int skip_comment(struct scanner *s)
{
	bool block = s->text[s->at] == '/' && s->text[s->at + 1] == '*';
	unsigned line = s->line;
	char before = '\0';
	int r = 0;

	if (block) {
		memset(s->text + s->at, ' ', 2);
		s->at += 2;
	}
	for (; !r && s->at < s->size; r = blank_byte(s)) {
		char c = s->text[s->at];

		if (!block && c == '\n')
			return 0;
		if (block && before == '*' && c == '/')
			return blank_byte(s);
		before = c;
	}
	if (block && !r) {
		note(s, line, "this comment is not closed: \"*/\" is missing");
		return -EINVAL;
	}
	return r;
}

static int take_word(struct scanner *s)
{
	size_t start = s->at;

	while (s->at < s->size && is_word_byte(s->text[s->at]) && !starts_comment(s, s->at))
		s->at++;
	if (starts_comment(s, s->at))
		return refuse(s, s->at,
			      "a comment needs a blank before it; a value with this character must "
			      "stand inside quotes");
	if (s->at - start > PROFILE_TOKEN_MAX)
		return refuse(s, start, "this word is longer than 4096 bytes");
	push_token(s, TOKEN_WORD, start, pool_copy(s->pool, s->text + start, s->at - start));
	return 0;
}

/* Steps over the escape or the byte at s->at and stores what it means. */
static int take_byte(struct scanner *s, char quote, char *ret)
{
	const char *p = s->text + s->at;
	char next = s->at + 1 < s->size ? p[1] : '\0';

	if (*p == '\t') {
		s->text[s->at] = ' ';
	} else if (is_control(*p)) {
		return refuse_byte(s, s->at);
	} else if (*p == '\\' && next && strchr(quote == '"' ? "\\\"$" : "\\'", next)) {
		s->at++;
	} else if (*p == '\\' && quote == '"') {
		return refuse(s, s->at,
			      "inside \"...\" only \\\\, \\\" and \\$ are escapes; '...' takes a "
			      "backslash as it is");
	} else if (quote == '"' && *p == '$' && next == '{') {
		return refuse(s, s->at,
			      "\"${\" is not expanded in profiles: write \\${ or use '...'");
	}
	*ret = s->text[s->at++];
	return 0;
}

static int take_string(struct scanner *s)
{
	size_t start = s->at++, used = 0;
	char quote = s->text[start];
	char out[PROFILE_TOKEN_MAX + 1];

	for (;;) {
		char c = s->at < s->size ? s->text[s->at] : '\n';
		bool crlf = c == '\r' && s->at + 1 < s->size && s->text[s->at + 1] == '\n';

		if (c == '\n' || crlf)
			return refuse(s, start, "this string is not closed on its line");
		if (c == quote)
			break;
		if (used == PROFILE_TOKEN_MAX)
			return refuse(s, start, "this string is longer than 4096 bytes");
		int r = take_byte(s, quote, &out[used++]);
		if (r)
			return r;
	}
	out[used] = '\0';
	if (escape_control(s->pool, out, "") != out)
		return refuse(s, start, "this string is not printable UTF-8 text");
	s->at++;
	push_token(s, TOKEN_STRING, start, pool_strdup(s->pool, out));
	return 0;
}

/* ---- structure --------------------------------------------------------------------------- */

static int on_assign(struct scanner *s, enum token_kind kind)
{
	const struct token *name = &s->last[0];
	size_t section = current_section(s);

	if (name->kind == TOKEN_STRING)
		return refuse(s, s->at, "the name of an option is written without quotes");
	if (name->kind == TOKEN_WORD) {
		for (size_t i = s->option_count; kind == TOKEN_ASSIGN && i-- > 0;)
			if (s->options[i].section == section &&
			    !strcmp(s->options[i].name, name->text)) {
				note(s, name->line, "%s%s is set twice, first in line %u",
				     describe_section(s, section), name->text, s->options[i].line);
				break;
			}
		if (s->option_count == PROFILE_OPTIONS_MAX)
			return refuse(s, s->at, "more than 16384 options in one file");
		s->options = pool_extend(s->pool, s->options, s->option_count, sizeof *s->options);
		s->options[s->option_count++] = (struct option){ section, name->text, name->line };
	}
	push_token(s, kind, s->at, NULL);
	return 0;
}

static void open_section(struct scanner *s, struct brace *brace)
{
	const struct token *title = &s->last[0], *word = &s->last[1];
	struct profile_scan *scan = s->scan;
	bool titled = title->kind == TOKEN_WORD || title->kind == TOKEN_STRING;
	struct profile_section section = { .parent = current_section(s), .line = s->line };

	section.word = "";
	brace->start = s->at;
	if (titled && word->kind == TOKEN_WORD) {
		section.word = word->text;
		section.title = title->text;
		section.line = word->line;
		brace->start = word->start;
		for (size_t i = 0; i < scan->count && !section.repeated; i++) {
			const struct profile_section *other = &scan->sections[i];

			if (other->parent != section.parent || strcmp(other->word, section.word) ||
			    strcmp(other->title ? other->title : "", section.title))
				continue;
			section.repeated = true;
			note(s, section.line, "%s%s %s is set twice, first in line %u",
			     describe_section(s, section.parent), section.word,
			     profile_quote(s->pool, section.title), other->line);
		}
	}
	brace->section = scan->count;
	scan->sections = pool_extend(s->pool, scan->sections, scan->count, sizeof section);
	scan->sections[scan->count++] = section;
}

static bool is_assignment(const struct token *token)
{
	return token->kind == TOKEN_ASSIGN || token->kind == TOKEN_APPEND;
}

static int on_open(struct scanner *s)
{
	const struct token *last = s->last;
	struct brace brace = { .section = current_section(s), .line = s->line };

	if (s->depth == DEPTH_MAX)
		return refuse(s, s->at, "nested too deeply");
	if (!is_assignment(&last[0])) {
		if ((last[0].kind == TOKEN_WORD || last[0].kind == TOKEN_STRING) &&
		    last[1].kind == TOKEN_STRING && !is_assignment(&last[2]))
			return refuse(s, s->at,
				      "a section is written NAME \"TITLE\" {, its name without "
				      "quotes");
		if (s->scan->count == PROFILE_SECTIONS_MAX)
			return refuse(s, s->at, "more than 2048 sections in one file");
		brace.is_section = true;
		open_section(s, &brace);
	}
	s->braces[s->depth++] = brace;
	push_token(s, TOKEN_OPEN, s->at, NULL);
	return 0;
}

static int on_close(struct scanner *s)
{
	if (!s->depth)
		return refuse(s, s->at, "\"}\" without a \"{\" before it");

	const struct brace *brace = &s->braces[--s->depth];
	push_token(s, TOKEN_CLOSE, s->at, NULL);
	if (brace->is_section && s->scan->sections[brace->section].repeated)
		for (size_t i = brace->start; i <= s->at; i++)
			if (s->text[i] != '\n')
				s->text[i] = ' ';
	return 0;
}

static int take_mark(struct scanner *s)
{
	char c = s->text[s->at];
	int r = 0;

	if (c == '=') {
		r = on_assign(s, TOKEN_ASSIGN);
	} else if (c == '+' && s->at + 1 < s->size && s->text[s->at + 1] == '=') {
		r = on_assign(s, TOKEN_APPEND);
		s->at++;
	} else if (c == '{') {
		r = on_open(s);
	} else if (c == '}') {
		r = on_close(s);
	} else if (c == ',') {
		push_token(s, TOKEN_COMMA, s->at, NULL);
	} else if (c == ';') {
		return refuse(s, s->at, "\";\" has no place here: options end by themselves");
	} else if (c != ' ' && !is_control(c)) {
		return refuse(s, s->at,
			      (unsigned char)c < 0x80
				      ? pool_printf(s->pool, "\"%c\" must stand inside quotes", c)
				      : "only ASCII outside quotes: put this text inside quotes");
	} else {
		return blank_byte(s);
	}
	s->at++;
	return r;
}

static int take_anything(struct scanner *s)
{
	char c = s->text[s->at];

	if (starts_comment(s, s->at))
		return skip_comment(s);
	if (c == '"' || c == '\'')
		return take_string(s);
	if (is_word_byte(c))
		return take_word(s);
	return take_mark(s);
}

int profile_scan(struct pool *pool, const char *file, const char *bytes, size_t size,
		 struct profile_scan *ret_scan, struct notes *problems)
{
	struct profile_scan scan = { .size = size };
	struct scanner s = { .pool = pool,
			     .problems = problems,
			     .file = file,
			     .scan = &scan,
			     .size = size,
			     .line = 1 };
	int r = 0;

	if (size > PROFILE_BYTES_MAX) {
		note(&s, 0, "larger than 1 MiB: this is not a profile");
		return -EINVAL;
	}
	s.text = scan.text = pool_copy(pool, bytes, size);
	if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
		return refuse(&s, 0, "a byte order mark: save the file as UTF-8 without it");
	while (!r && s.at < size)
		r = take_anything(&s);
	if (!r && s.depth) {
		note(&s, s.braces[s.depth - 1].line, "this \"{\" is never closed");
		r = -EINVAL;
	}
	if (r)
		return r;
	*ret_scan = scan;
	return 0;
}
