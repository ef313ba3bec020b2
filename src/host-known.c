// SPDX-License-Identifier: MIT
/* A table of what is known, see host-known.h: numbers of interned keys into an array. */
#include "host-known.h"

#include "array.h"
#include "intern.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

void host_known_start(struct host_known *table, struct pool *pool)
{
	*table = (struct host_known){ .keys = intern_new(pool) };
}

void host_known_free(struct host_known *table)
{
	free(table->items);
	intern_free(table->keys);
}

struct known *host_known_at(struct host_known *table, const char *key)
{
	uint32_t number = intern_add(table->keys, key, strlen(key));

	while (table->count <= number) {
		struct known *grown = array_extend(table->items, table->count, &table->room,
						   sizeof *table->items);
		if (!grown)
			pool_exhausted();
		table->items = grown;
		table->items[table->count++] = (struct known){ .age = 0 };
	}
	return &table->items[number];
}
