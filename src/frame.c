// SPDX-License-Identifier: MIT
/* Drawing a page, see frame.h. Longer lines are cut: a terminal that breaks them would scroll. */
#include "frame.h"

#include "pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"
#define PLAIN "\033[0m"

/* Bytes of the character at TEXT, and its columns. */
static size_t measure(const char *text, unsigned *ret_columns)
{
	unsigned char first = (unsigned char)*text;
	size_t size = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4, had = 1;
	uint32_t code = size == 1 ? first : first & (0xffu >> (size + 1));

	for (; had < size && ((unsigned char)text[had] & 0xc0) == 0x80; had++)
		code = code << 6 | ((unsigned char)text[had] & 0x3f);
	/* East Asian ones take two; more than are drawn is no harm. */
	*ret_columns = (code >= 0x1100 && code < 0x1160) || code >= 0x2e80 ? 2 : 1;
	return had;
}

/* One line without its newline; colours take no room. */
static char *draw_line(char *to, const char *line, size_t size, unsigned columns)
{
	unsigned column = 0;

	for (size_t at = 0; at < size;) {
		unsigned width = 0;
		size_t length = line[at] == '\033' ? strcspn(line + at, "m") + 1
						   : measure(line + at, &width);
		if (column + width > columns)
			break;
		to = mempcpy(to, line + at, length);
		column += width;
		at += length;
	}
	return stpcpy(to, PLAIN CLEAR_LINE);
}

const char *frame_draw(struct pool *pool, const char *text, unsigned columns, unsigned lines)
{
	size_t size = strlen(text), breaks = 1;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		breaks++;
	char *frame = pool_alloc(pool, size + breaks * sizeof PLAIN CLEAR_LINE "\r\n" +
					       sizeof HOME CLEAR_BELOW);
	char *to = stpcpy(frame, HOME);
	for (unsigned line = 0; *text && line < lines; line++) {
		size_t length = strcspn(text, "\n");
		if (line)
			to = stpcpy(to, "\r\n");
		to = draw_line(to, text, length, columns);
		text += length + (text[length] == '\n');
	}
	if (*text == '\0')
		stpcpy(to, CLEAR_BELOW);
	return frame;
}
