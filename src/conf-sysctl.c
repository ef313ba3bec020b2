// SPDX-License-Identifier: MIT
/* The lines of a sysctl.d file, see conf-sysctl.h. One reader per program, each following its
 * source: src/sysctl/sysctl.c and read_line_full() of systemd 252, src/sysctl.c of procps 4.0.2,
 * sysctl.c of procps 3.3.17, procps/sysctl.c and libbb/parse_config.c of BusyBox 1.37. Example:
 *     -net.ipv4.tcp_keepalive_time = 1800
 */
#include "conf-sysctl.h"

#include "pool.h"

#include <string.h>

#define SYSTEMD_LINE_MAX ((size_t)1 << 20) /* LONG_LINE_MAX of systemd */

struct slice {
	const char *at, *end;
};

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static const char blanks[] = " \t\n\v\f\r"; /* isspace() of the C locale */

static struct slice lstrip(struct slice text, const char *set)
{
	while (text.at < text.end && is_one_of(*text.at, set))
		text.at++;
	return text;
}

static struct slice rstrip(struct slice text, const char *set)
{
	while (text.end > text.at && is_one_of(text.end[-1], set))
		text.end--;
	return text;
}

static struct slice strip(struct slice text, const char *set)
{
	return rstrip(lstrip(text, set), set);
}

static size_t size_of(struct slice text)
{
	return (size_t)(text.end - text.at);
}

static bool begins_with(struct slice text, char c)
{
	return text.at < text.end && *text.at == c;
}

static bool is_comment(struct slice text)
{
	return begins_with(text, '#') || begins_with(text, ';');
}

/* As a C string function sees it: up to the first NUL. */
static struct slice up_to_nul(struct slice text)
{
	const char *nul = memchr(text.at, '\0', size_of(text));

	return nul ? (struct slice){ text.at, nul } : text;
}

static const char *find(struct slice text, char c)
{
	return text.at < text.end ? memchr(text.at, c, size_of(text)) : NULL;
}

static void set_name(struct sysctl_line *line, enum sysctl_line_kind kind, struct slice name)
{
	line->kind = kind;
	line->name = name.at;
	line->name_size = size_of(name);
}

static void set_value(struct sysctl_line *line, struct slice value)
{
	line->value = value.at;
	line->value_size = size_of(value);
}

/* ---- systemd ----------------------------------------------------------------------------- */

/* One pass: of a file of a single kind of mark each line would else be searched to the end. */
static const char *end_of_line(const char *at, const char *end)
{
	while (at < end && *at && *at != '\n' && *at != '\r')
		at++;
	return at;
}

/* Lines end at \n, \r, NUL or a combination without repetition; a NUL is always the last of one. */
static const char *end_of_line_marks(const char *at, const char *end)
{
	bool newline = false, carriage = false;

	for (; at < end; at++) {
		if (*at == '\0')
			return at + 1;
		bool *seen = *at == '\n' ? &newline : *at == '\r' ? &carriage : NULL;
		if (!seen || *seen)
			break;
		*seen = true;
	}
	return at;
}

static bool next_systemd(struct sysctl_reader *reader, struct sysctl_line *line)
{
	static const char white[] = " \t\n\r";

	while (reader->at < reader->end) {
		struct slice text = { reader->at, end_of_line(reader->at, reader->end) };
		if (size_of(text) >= SYSTEMD_LINE_MAX) {
			reader->start = reader->at;
			reader->at = reader->end;
			set_name(line, SYSCTL_LINE_TOO_LONG,
				 (struct slice){ text.at, text.at + 40 });
			return true;
		}
		reader->start = reader->at;
		reader->at = end_of_line_marks(text.end, reader->end);
		text = strip(text, white);
		if (!size_of(text) || is_comment(text))
			continue;

		const char *equals = find(text, '=');
		bool minus = begins_with(text, '-');
		struct slice name = { text.at + minus, equals ? equals : text.end };
		if (!equals && !minus) {
			set_name(line, SYSCTL_LINE_IGNORED, text);
			return true;
		}
		set_name(line, equals ? SYSCTL_LINE_SET : SYSCTL_LINE_EXCLUDE, strip(name, white));
		if (equals)
			set_value(line, strip((struct slice){ equals + 1, text.end }, white));
		return true;
	}
	return false;
}

/* ---- procps ------------------------------------------------------------------------------ */

/* The next line as getline(3) gives it, newline included. */
static bool get_line(struct sysctl_reader *reader, struct slice *ret)
{
	if (reader->at >= reader->end)
		return false;
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	*ret = (struct slice){ reader->at, newline ? newline + 1 : reader->end };
	reader->start = reader->at;
	reader->at = ret->end;
	return true;
}

static bool next_procps(struct sysctl_reader *reader, struct sysctl_line *line)
{
	struct slice text;

	while (get_line(reader, &text)) {
		if (size_of(text) < 2)
			continue;
		text = lstrip(up_to_nul(text), blanks);
		if (size_of(text) < 2 || is_comment(text))
			continue;

		const char *equals = find(text, '=');
		struct slice name = { text.at, equals ? equals : text.end };
		if (!equals && *text.at != '-') {
			set_name(line, SYSCTL_LINE_IGNORED, rstrip(text, blanks));
			return true;
		}
		/* parse_setting_line() passes over one '-', setting_new() over another. */
		name.at += begins_with(name, '-');
		name.at += begins_with(name, '-');
		set_name(line, equals ? SYSCTL_LINE_SET : SYSCTL_LINE_EXCLUDE,
			 rstrip(name, blanks));
		if (equals)
			set_value(line, strip((struct slice){ equals + 1, text.end }, blanks));
		return true;
	}
	return false;
}

static bool next_procps3(struct sysctl_reader *reader, struct sysctl_line *line)
{
	static const char tail[] = " \t\n\r", head[] = " \t";
	struct slice text;

	while (get_line(reader, &text)) {
		if (size_of(text) < 2)
			continue;
		text = lstrip(rstrip(up_to_nul(text), tail), head);
		if (size_of(text) < 2 || is_comment(text))
			continue;

		/* strtok(3) passes over leading '='. */
		struct slice name = lstrip(text, "=");
		const char *equals = find(name, '=');
		struct slice value = { equals ? equals + 1 : text.end, text.end };
		value = lstrip(value, "\n\r");
		for (const char *p = value.at; p < value.end; p++)
			if (*p == '\n' || *p == '\r')
				value.end = p;
		if (!equals || !size_of(value)) {
			set_name(line, SYSCTL_LINE_IGNORED, text);
			return true;
		}
		name.end = equals;
		name = rstrip(name, tail);
		name.at += begins_with(name, '-');
		set_name(line, SYSCTL_LINE_SET, name);
		set_value(line, lstrip(value, head));
		return true;
	}
	return false;
}

/* ---- BusyBox ----------------------------------------------------------------------------- */

/* A '\' at the end of a line joins it with the next. */
static bool get_joined_line(struct sysctl_reader *reader, struct slice *ret)
{
	struct slice text, more;
	size_t room = 0;

	if (!get_line(reader, &text))
		return false;
	const char *start = reader->start;
	for (;;) {
		if (text.end[-1] == '\n')
			text.end--;
		if (!size_of(text) || text.end[-1] != '\\')
			break;
		text.end--;
		if (!get_line(reader, &more))
			break;
		size_t size = size_of(text), total = size + size_of(more);
		if (total > room) {
			room = 2 * total;
			char *larger = pool_alloc(reader->pool, room);
			memcpy(larger, text.at, size);
			text.at = reader->joined = larger;
		}
		memcpy(reader->joined + size, more.at, size_of(more));
		text.end = text.at + total;
	}
	reader->start = start;
	*ret = text;
	return true;
}

static bool next_busybox(struct sysctl_reader *reader, struct sysctl_line *line)
{
	struct slice text;

	while (get_joined_line(reader, &text)) {
		text = up_to_nul(text);
		struct slice stripped = lstrip(text, blanks);
		if (!size_of(stripped) || is_comment(stripped))
			continue;

		/* For config_read() nothing, and what begins with a '#', is no second token. */
		const char *equals = find(text, '=');
		struct slice value = { equals ? equals + 1 : text.end, text.end };
		if (!size_of(value) || *value.at == '#') {
			set_name(line, SYSCTL_LINE_IGNORED, rstrip(stripped, blanks));
			return true;
		}
		set_name(line, SYSCTL_LINE_SET, strip((struct slice){ text.at, equals }, blanks));
		set_value(line, strip(value, blanks));
		return true;
	}
	return false;
}

/* ---- all --------------------------------------------------------------------------------- */

void conf_sysctl_start(struct sysctl_reader *reader, struct pool *pool, enum engine engine,
		       const char *bytes, size_t size)
{
	*reader = (struct sysctl_reader){ .pool = pool,
					  .engine = engine,
					  .at = bytes,
					  .end = bytes + size,
					  .counted = bytes,
					  .line = 1 };
}

static bool read_next(struct sysctl_reader *reader, struct sysctl_line *line)
{
	switch (reader->engine) {
	case ENGINE_SYSTEMD:
		return next_systemd(reader, line);
	case ENGINE_PROCPS:
		return next_procps(reader, line);
	case ENGINE_PROCPS3:
		return next_procps3(reader, line);
	case ENGINE_BUSYBOX:
		return next_busybox(reader, line);
	case ENGINE_NONE:
	case ENGINE_COUNT:
		break;
	}
	return false;
}

bool conf_sysctl_next(struct sysctl_reader *reader, struct sysctl_line *ret_line)
{
	struct sysctl_line line = { 0 };

	if (!read_next(reader, &line))
		return false;
	for (const char *p = reader->counted; p < reader->start; p++) {
		p = memchr(p, '\n', (size_t)(reader->start - p));
		if (!p)
			break;
		reader->line++;
	}
	reader->counted = reader->start;
	line.line = reader->line;
	*ret_line = line;
	return true;
}
