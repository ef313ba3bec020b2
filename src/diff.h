/* SPDX-License-Identifier: MIT
 *
 * Unified diffs of files, as diff -u writes them and patch(1) reads them.
 */
#ifndef KEELTUNE_DIFF_H
#define KEELTUNE_DIFF_H

#include "model.h"

/* The diff of a file change, with headers ("--- a/etc/...", /dev/null for what does not exist);
 * empty when nothing differs. It may hold NUL bytes: RET_SIZE counts. */
const char *diff_unified(struct pool *pool, const struct change *change, size_t *ret_size);

#endif
