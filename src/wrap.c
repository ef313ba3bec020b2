// SPDX-License-Identifier: MIT
/* Lines of 80 columns, see wrap.h. Knows nothing of what it prints. */
#include "wrap.h"

#include "escape.h"

#include <stdbool.h>
#include <string.h>

#define LEAST_INDENT 4 /* of what is wider than a line anyway */

/* As terminals draw them (East Asian Width W and F, roughly; the rest is nobody's name here). */
static bool is_wide(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

static size_t columns_of(const char *text, size_t size)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + size;
	size_t columns = 0;

	while (p < end) {
		uint32_t code = 0;
		size_t length = utf8_sequence(p, end, &code);
		if (*p == '\033') {
			while (p < end && *p++ != 'm')
				;
			continue;
		}
		columns = *p == '\n' ? 0 : columns + (length && is_wide(code) ? 2 : 1);
		p += length ? length : 1;
	}
	return columns;
}

size_t wrap_columns(const char *text)
{
	return columns_of(text, strlen(text));
}

/* The size of the first word of TEXT, or of the words up to the closing backquote. */
static size_t word_size(const char *text, size_t room)
{
	size_t size = strcspn(text, " ");
	bool open = false;

	for (size_t i = 0; i < size; i++)
		open ^= text[i] == '`';
	const char *close = open ? strchr(text + size, '`') : NULL;
	if (!close)
		return size;
	size_t whole = (size_t)(close - text);
	whole += strcspn(close, " ");
	return columns_of(text, whole) <= room ? whole : size;
}

/* Begins a line for a word of COLUMNS: behind NEXT, or, where that are blanks and too many of them,
 * further to the left. Returns the column. */
static size_t begin_line(FILE *out, const char *next, size_t columns)
{
	size_t indent = wrap_columns(next);
	size_t room = columns < WRAP_WIDTH ? WRAP_WIDTH - columns : LEAST_INDENT;

	if (indent > room && !next[strspn(next, " ")])
		indent = room;
	fprintf(out, "\n%.*s", (int)indent, next);
	return indent;
}

void wrap(FILE *out, const char *lead, const char *next, const char *text)
{
	size_t indent = wrap_columns(next), column = wrap_columns(lead), blanks = 0;
	size_t size = strlen(lead);

	/* The blanks behind LEAD come with the word that follows. */
	while (size && lead[size - 1] == ' ') {
		size--;
		blanks++;
	}
	fwrite(lead, 1, size, out);
	bool is_bare = !size || lead[size - 1] == '\n'; /* is the line? */
	while (*text) {
		size = word_size(text, WRAP_WIDTH - indent);
		size_t columns = columns_of(text, size);
		if (column + columns > WRAP_WIDTH && !is_bare)
			column = begin_line(out, next, columns);
		else
			fprintf(out, "%*s", (int)blanks, "");
		is_bare = false;
		fwrite(text, 1, size, out);
		text += size;
		blanks = strspn(text, " ");
		column += columns + blanks;
		text += blanks;
	}
	fputc('\n', out);
}

/* ---- commands ----------------------------------------------------------------------------- */

/* The size of the first argument of COMMAND, with its quotes. */
static size_t argument_size(const char *command)
{
	char quote = '\0';
	size_t i = 0;

	for (; command[i] && (quote || command[i] != ' '); i++) {
		if (command[i] == '\\' && quote != '\'' && command[i + 1])
			i++;
		else if (quote ? command[i] == quote : command[i] == '\'' || command[i] == '"')
			quote = quote ? '\0' : command[i];
	}
	return i;
}

void wrap_command(FILE *out, size_t indent, const char *command)
{
	size_t column = indent;
	bool first = true;

	fprintf(out, "%*s", (int)indent, "");
	while (*command) {
		size_t size = argument_size(command), columns = columns_of(command, size);
		bool last = !command[size];
		/* Where more follows there must be room for its backslash. */
		if (!first && column + 1 + columns > WRAP_WIDTH - (last ? 0u : 2u)) {
			fprintf(out, " \\\n%*s", (int)indent + 4, "");
			column = indent + 4;
		} else if (!first) {
			fputc(' ', out);
			column++;
		}
		fwrite(command, 1, size, out);
		column += columns;
		first = false;
		command += size;
		command += strspn(command, " ");
	}
	fputc('\n', out);
}

/* ---- tables ------------------------------------------------------------------------------- */

void wrap_row(FILE *out, const char *const *cells, const size_t *width, size_t count, size_t gap)
{
	size_t column = 0, at = 0; /* where the next cell belongs, and where the line ends now */

	for (size_t i = 0; i < count; i++) {
		if (!width[i])
			continue;
		if (*cells[i]) {
			if (at && at + gap > column) {
				fputc('\n', out);
				at = 0;
			}
			fprintf(out, "%*s%s", (int)(column - at), "", cells[i]);
			at = column + wrap_columns(cells[i]);
		}
		column += width[i] + gap;
	}
	fputc('\n', out);
}

void wrap_fit(size_t *width, const size_t *least, size_t count, size_t gap)
{
	for (;;) {
		size_t all = 0, shown = 0, widest = count;
		for (size_t i = 0; i < count; i++) {
			all += width[i] + (width[i] && shown ? gap : 0);
			shown += width[i] > 0;
			if (width[i] > least[i] && (widest == count || width[i] > width[widest]))
				widest = i;
		}
		if (all <= WRAP_WIDTH || widest == count)
			return;
		width[widest]--;
	}
}
