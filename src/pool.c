// SPDX-License-Identifier: MIT
/* Memory with one lifetime, see pool.h: small allocations are cut from blocks, which is what makes
 * reading a host cheap. Under AddressSanitizer each is a malloc of its own, so that every bound is
 * seen. */
#include "pool.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define BLOCK_SIZE 0
#else
#define BLOCK_SIZE (32u << 10)
#endif

struct block {
	struct block *next;
	alignas(max_align_t) char bytes[];
};

struct pool {
	struct block *blocks;
	char *free; /* in the newest block of small allocations */
	size_t room;
};

static int exit_status = 2;

void pool_set_exit_status(int status)
{
	exit_status = status;
}

_Noreturn void pool_exhausted(void)
{
	fputs("keeltune: out of memory\n", stderr);
	exit(exit_status);
}

void *pool_malloc(size_t size)
{
	void *bytes = malloc(size ? size : 1);

	if (!bytes)
		pool_exhausted();
	return bytes;
}

void pool_require(size_t size)
{
	free(pool_malloc(size));
}

struct pool *pool_new(void)
{
	struct pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		pool_exhausted();
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	while (pool->blocks) {
		struct block *next = pool->blocks->next;

		free(pool->blocks);
		pool->blocks = next;
	}
	free(pool);
}

static char *new_block(struct pool *pool, size_t size)
{
	struct block *block = NULL;

	if (size <= SIZE_MAX - sizeof *block)
		block = malloc(sizeof *block + size);
	if (!block)
		pool_exhausted();
	block->next = pool->blocks;
	pool->blocks = block;
	return block->bytes;
}

void *pool_buffer(struct pool *pool, size_t size)
{
	const size_t align = alignof(max_align_t);

	if (size >= BLOCK_SIZE / 4)
		return new_block(pool, size);
	size = (size + align) / align * align; /* never 0 */
	if (size > pool->room) {
		pool->free = new_block(pool, BLOCK_SIZE);
		pool->room = BLOCK_SIZE;
	}
	char *bytes = pool->free;
	pool->free += size;
	pool->room -= size;
	return bytes;
}

void *pool_alloc(struct pool *pool, size_t size)
{
	return memset(pool_buffer(pool, size), 0, size);
}

char *pool_copy(struct pool *pool, const char *bytes, size_t size)
{
	char *copy = pool_buffer(pool, size + 1);

	if (size)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

char *pool_strdup(struct pool *pool, const char *text)
{
	return pool_copy(pool, text, strlen(text));
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
	char small[256]; /* formatting twice is for long texts only */
	va_list args;

	va_start(args, format);
	int size = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (size < 0)
		pool_exhausted();
	if ((size_t)size < sizeof small)
		return pool_copy(pool, small, (size_t)size);

	char *text = pool_buffer(pool, (size_t)size + 1);
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
		pool_exhausted();

	void *grown = pool_alloc(pool, capacity * size);
	if (count)
		memcpy(grown, array, count * size);
	return grown;
}
