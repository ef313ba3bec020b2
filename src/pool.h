/* SPDX-License-Identifier: MIT
 *
 * A pool owns many small allocations that live and die together: what was read from a host, or
 * what a set of profiles says. Nothing in a pool is freed alone.
 * Running out of memory ends the program: that is acceptable only before the first change to a host
 * and after the last one, so nothing in store.c or in the executor of apply.c uses a pool.
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

/* malloc(3) for libraries that do not look at every result: ends the program, too. */
void *pool_malloc(size_t size);

/* Ends the program unless SIZE bytes are to be had: for a library that crashes without. */
void pool_require(size_t size);
_Noreturn void pool_exhausted(void);

/* The exit status that is true from now on should memory run out; 2 until it is set. */
void pool_set_exit_status(int status);

#endif
