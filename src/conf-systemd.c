// SPDX-License-Identifier: MIT
/* The syntax of systemd's files, see conf-systemd.h: config_parse() and read_line() of systemd 252.
 * Pure.
 *     [Manager]
 *     DefaultLimitNOFILE=2048:4096 */
#include "conf-systemd.h"

#include "escape.h"
#include "pool.h"

#include <stdbool.h>
#include <string.h>

#define BLANKS " \t\n\r"
#define LINE_SIZE_MAX ((size_t)1024 * 1024) /* LONG_LINE_MAX */

struct reader {
	struct pool *pool;
	const char *at, *end;
	unsigned line; /* of the line that was read last */
	bool bom;      /* there was one */
};

enum { END_NUL = 1, END_NEWLINE = 2, END_RETURN = 4 };

static int end_of_line(char c)
{
	return c == '\n' ? END_NEWLINE : c == '\r' ? END_RETURN : c == '\0' ? END_NUL : 0;
}

/* A line ends with \n, \r, NUL or such characters in a row, none of them twice and nothing behind
 * NUL: "\r\n" is one end, "\n\n" are two. */
static char *next_physical(struct reader *reader)
{
	const char *start = reader->at;
	int seen = 0;

	if (start == reader->end)
		return NULL;
	while (reader->at < reader->end && !end_of_line(*reader->at))
		reader->at++;
	char *line = pool_copy(reader->pool, start, (size_t)(reader->at - start));
	while (reader->at < reader->end && !(seen & END_NUL)) {
		int kind = end_of_line(*reader->at);
		if (!kind || (seen & kind))
			break;
		seen |= kind;
		reader->at++;
	}
	reader->line++;
	return line;
}

static char *trim(char *text)
{
	text += strspn(text, BLANKS);
	size_t size = strlen(text);
	while (size && strchr(BLANKS, text[size - 1]))
		size--;
	text[size] = '\0';
	return text;
}

static bool is_comment(const char *line)
{
	line += strspn(line, BLANKS);
	return *line == '#' || *line == ';';
}

/* Does LINE end in a backslash that no other one escapes? */
static bool continues(const char *line)
{
	size_t size = strlen(line), slashes = 0;

	while (slashes < size && line[size - 1 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

/* A line with what a final backslash continues it with; comments in between do not count. NULL: no
 * more. */
static char *next_line(struct reader *reader, unsigned *ret_line)
{
	static const char bom[] = "\xef\xbb\xbf";
	char *line = NULL, *more;

	while ((more = next_physical(reader))) {
		if (is_comment(more))
			continue;
		/* The first one, wherever it is. */
		if (!reader->bom && !strncmp(more, bom, sizeof bom - 1)) {
			more += sizeof bom - 1;
			reader->bom = true;
		}
		if (!line)
			*ret_line = reader->line;
		line = line ? pool_printf(reader->pool, "%s%s", line, more) : more;
		if (!continues(line) || strlen(line) > LINE_SIZE_MAX)
			break;
		line[strlen(line) - 1] = ' ';
	}
	return line;
}

static bool is_utf8(struct pool *pool, const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p >= 0x80)
			return !strcmp(escape_utf8(pool, text, strlen(text)), text);
	return true;
}

/* False: systemd gives up on the file. */
static bool take_line(struct pool *pool, struct systemd_conf *conf, char *line, unsigned number,
		      const char **section)
{
	size_t length = strlen(line);
	char *equals;

	if (length > LINE_SIZE_MAX)
		conf->stop_why = "the line is longer than systemd reads";
	else if (!is_utf8(pool, line))
		conf->stop_why = "the line is not UTF-8";
	else if (*line == '[' && line[length - 1] != ']')
		conf->stop_why = "a section header does not end in ]";
	if (conf->stop_why) {
		conf->stop_line = number;
		return false;
	}
	if (*line == '[') {
		*section = pool_copy(pool, line + 1, length > 1 ? length - 2 : 0);
		return true;
	}
	equals = strchr(line, '=');
	if (!equals || equals == line)
		return true; /* ignored, with a word in the log */
	*equals = '\0';
	conf->items = pool_extend(pool, conf->items, conf->count, sizeof *conf->items);
	conf->items[conf->count++] = (struct systemd_assignment){
		.section = *section, .key = trim(line), .value = trim(equals + 1), .line = number
	};
	return true;
}

void systemd_conf_parse(struct pool *pool, const char *bytes, size_t size, struct systemd_conf *ret)
{
	struct reader reader = { .pool = pool, .at = bytes, .end = bytes + size };
	struct systemd_conf conf = { 0 };
	const char *section = "";
	unsigned number = 0;
	char *line;

	while ((line = next_line(&reader, &number))) {
		line = trim(line);
		if (*line && !take_line(pool, &conf, line, number, &section))
			break;
	}
	*ret = conf;
}
