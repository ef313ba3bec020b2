// SPDX-License-Identifier: MIT
/* Memory with one lifetime, see pool.h. Every allocation is a malloc of its own, chained to the
 * pool, so that sanitizers see each bound; the programs that use it are short-lived. */
#include "pool.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
	struct chunk *next;
	alignas(max_align_t) char bytes[];
};

struct pool {
	struct chunk *chunks;
};

static _Noreturn void out_of_memory(void)
{
	fputs("keeltune: out of memory\n", stderr);
	exit(2);
}

struct pool *pool_new(void)
{
	struct pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		out_of_memory();
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	while (pool->chunks) {
		struct chunk *next = pool->chunks->next;

		free(pool->chunks);
		pool->chunks = next;
	}
	free(pool);
}

void *pool_alloc(struct pool *pool, size_t size)
{
	struct chunk *chunk = NULL;

	if (size <= SIZE_MAX - sizeof *chunk)
		chunk = calloc(1, sizeof *chunk + size);
	if (!chunk)
		out_of_memory();
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	return chunk->bytes;
}

char *pool_copy(struct pool *pool, const char *bytes, size_t size)
{
	char *copy = pool_alloc(pool, size + 1);

	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

char *pool_strdup(struct pool *pool, const char *text)
{
	return pool_copy(pool, text, strlen(text));
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		out_of_memory();

	char *text = pool_alloc(pool, (size_t)size + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

void *pool_extend(struct pool *pool, void *array, size_t count, size_t size)
{
	/* The capacity is the next power of two, at least 4: full when COUNT is one of those. */
	if (count && (count < 4 || (count & (count - 1))))
		return array;
	size_t capacity = count ? 2 * count : 4;
	if (capacity < count || capacity > SIZE_MAX / size)
		out_of_memory();

	void *grown = pool_alloc(pool, capacity * size);
	if (count)
		memcpy(grown, array, count * size);
	return grown;
}
