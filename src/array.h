/* SPDX-License-Identifier: MIT
 *
 * Arrays that grow in place, outside a pool: for what may become very large.
 */
#ifndef KEELTUNE_ARRAY_H
#define KEELTUNE_ARRAY_H

#include <stddef.h>

/* Room for one more behind the COUNT elements of ARRAY, which has *ROOM and came from here (NULL
 * and 0 at first). It may move; to be freed. NULL: no memory, and ARRAY is as it was. */
void *array_extend(void *array, size_t count, size_t *room, size_t size);

#endif
