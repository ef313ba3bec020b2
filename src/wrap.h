/* SPDX-License-Identifier: MIT
 *
 * Text for a person in lines of at most 80 columns, whatever it is printed to: reports, help and
 * messages alike. What cannot be broken, as a path or a command, stays whole, on a line of its own
 * where it is longer.
 */
#ifndef KEELTUNE_WRAP_H
#define KEELTUNE_WRAP_H

#include <stddef.h>
#include <stdio.h>

#define WRAP_WIDTH 80

/* The columns that TEXT, which escape_control() has made safe, takes on a terminal: characters that
 * are drawn wide count twice, colours do not count. Of several lines, those of the last. */
size_t wrap_columns(const char *text);

/* TEXT, which is safe to print and may have colours, with LEAD before its first line and NEXT
 * before the others, and a newline behind it. It is broken at blanks, but not in `backquotes` that
 * fit into a line. */
void wrap(FILE *out, const char *lead, const char *next, const char *text);

/* A command of a shell that can be copied: INDENT blanks before it; where it is too long, broken at
 * blanks outside of quotes, with a backslash before and four blanks more behind. */
void wrap_command(FILE *out, size_t indent, const char *command);

/* COUNT cells in columns of WIDTH, with GAP blanks between, and a newline; a WIDTH of 0 leaves the
 * column out. A cell that is wider ends its line; the next stands below, in its own column. */
void wrap_row(FILE *out, const char *const *cells, const size_t *width, size_t count, size_t gap);

/* Makes COUNT columns of a table, with GAP blanks between, fit into a line: the widest give way,
 * but not below LEAST. */
void wrap_fit(size_t *width, const size_t *least, size_t count, size_t gap);

#endif
