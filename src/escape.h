/* SPDX-License-Identifier: MIT
 *
 * Text that comes from the host (file names, values, process names) made safe to show.
 */
#ifndef KEELTUNE_ESCAPE_H
#define KEELTUNE_ESCAPE_H

#include <stddef.h>

struct pool;

/* Control characters (C0, DEL, C1) and bytes that are not UTF-8 become \xNN; the rest is unchanged.
 * KEEP lists control characters to leave alone ("" or "\n\t"). Returns TEXT itself when nothing had
 * to change. */
const char *escape_control(struct pool *pool, const char *text, const char *keep);

/* Valid UTF-8 for JSON: other bytes become U+FFFD. */
const char *escape_utf8(struct pool *pool, const char *bytes, size_t size);

#endif
