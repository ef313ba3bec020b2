/* SPDX-License-Identifier: MIT
 *
 * A pool owns many small allocations that live and die together: what was read from a host, or
 * what a set of profiles says. Nothing in a pool is freed alone.
 * Running out of memory ends the program with exit status 2: that is acceptable only before the
 * first change to a host, so nothing in store.c or in the transaction of apply.c uses a pool.
 */
#ifndef KEELTUNE_POOL_H
#define KEELTUNE_POOL_H

#include <stddef.h>

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *pool); /* accepts NULL */

void *pool_alloc(struct pool *pool, size_t size);  /* zeroed, aligned for any type */
void *pool_buffer(struct pool *pool, size_t size); /* the same, not zeroed */
char *pool_copy(struct pool *pool, const char *bytes, size_t size); /* adds a NUL */
char *pool_strdup(struct pool *pool, const char *text);
char *pool_printf(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for one more element behind the COUNT elements of ARRAY (NULL when COUNT is 0). The array
 * may move; the new element is zeroed. Call it for every element, and only in this way:
 *     array = pool_extend(pool, array, count, sizeof *array);
 *     array[count++] = ...; */
void *pool_extend(struct pool *pool, void *array, size_t count, size_t size);

#endif
