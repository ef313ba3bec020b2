/* SPDX-License-Identifier: MIT
 *
 * What the drop-ins of keeltune have in common: who wrote them and why each line is there.
 */
#ifndef KEELTUNE_DROPIN_H
#define KEELTUNE_DROPIN_H

#include "model.h"

/* Comment lines, each with its newline, that begin a drop-in. */
extern const char dropin_header[];

/* "baseline: why it is wanted": one line without '#' and newline, and without anything that a
 * reader of the file could take for more than a comment. */
const char *dropin_comment(struct pool *pool, const struct setting *setting);

#endif
