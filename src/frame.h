/* SPDX-License-Identifier: MIT
 *
 * A page of text as the bytes that draw it over the one before: at most so many columns and lines,
 * and nothing is cleared before it is drawn over, so that nothing flickers. Pure.
 */
#ifndef KEELTUNE_FRAME_H
#define KEELTUNE_FRAME_H

#include <stddef.h>

struct pool;

#define FRAME_BEGIN "\033[?1049h\033[?25l" /* the terminal's other screen, no cursor */
#define FRAME_END "\033[?25h\033[?1049l"

/* TEXT is UTF-8 and has no control characters but newlines and colours. */
const char *frame_draw(struct pool *pool, const char *text, unsigned columns, unsigned lines);

#endif
