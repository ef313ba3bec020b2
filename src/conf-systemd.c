// SPDX-License-Identifier: MIT
/* The syntax of systemd's files, see conf-systemd.h and systemd.syntax(7). Pure.
 *     [Manager]
 *     DefaultLimitNOFILE=2048:4096 */
#include "conf-systemd.h"

#include "pool.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct reader {
	struct pool *pool;
	const char *at, *end;
	unsigned line; /* of the next physical line */
};

static char *next_physical(struct reader *reader)
{
	if (reader->at == reader->end)
		return NULL;
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	const char *stop = newline ? newline : reader->end;
	char *line = pool_copy(reader->pool, reader->at, (size_t)(stop - reader->at));

	reader->at = newline ? newline + 1 : reader->end;
	reader->line++;
	return line;
}

static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t size = strlen(text);
	while (size && isspace((unsigned char)text[size - 1]))
		size--;
	text[size] = '\0';
	return text;
}

static bool is_comment(const char *line)
{
	return *line == '#' || *line == ';';
}

/* A line with what a final backslash continues it with; comments in between do not count. */
static char *next_line(struct reader *reader, unsigned *ret_line)
{
	char *line = next_physical(reader), *more;

	*ret_line = reader->line - 1;
	if (!line || is_comment(trim(line)))
		return line;
	for (size_t size = strlen(line); size && line[size - 1] == '\\'; size = strlen(line)) {
		line[size - 1] = '\0';
		do
			more = next_physical(reader);
		while (more && is_comment(trim(more)));
		line = pool_printf(reader->pool, "%s %s", line, more ? more : "");
	}
	return line;
}

void systemd_conf_parse(struct pool *pool, const char *bytes, size_t size, struct systemd_conf *ret)
{
	struct reader reader = { .pool = pool, .at = bytes, .end = bytes + size, .line = 1 };
	struct systemd_conf conf = { 0 };
	const char *section = "";
	unsigned number;
	char *line;

	while ((line = next_line(&reader, &number))) {
		line = trim(line);
		size_t length = strlen(line);
		char *equals = strchr(line, '=');
		if (!length || is_comment(line))
			continue;
		if (*line == '[' && line[length - 1] == ']') {
			line[length - 1] = '\0';
			section = line + 1;
			continue;
		}
		if (!equals)
			continue;
		*equals = '\0';
		conf.items = pool_extend(pool, conf.items, conf.count, sizeof *conf.items);
		conf.items[conf.count++] = (struct systemd_assignment){ .section = section,
									.key = trim(line),
									.value = trim(equals + 1),
									.line = number };
	}
	*ret = conf;
}
