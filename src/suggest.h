/* SPDX-License-Identifier: MIT
 *
 * "Did you mean": the known word nearest to a mistyped one.
 */
#ifndef KEELTUNE_SUGGEST_H
#define KEELTUNE_SUGGEST_H

#include <stddef.h>

/* The one of COUNT NAMES that WORD most likely stands for (few insertions, deletions, replacements
 * or swaps), or NULL when none is near. Words longer than 63 bytes are near nothing. */
const char *suggest_nearest(const char *word, const char *const *names, size_t count);

#endif
