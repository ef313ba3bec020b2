// SPDX-License-Identifier: MIT
/* What the fuzz targets have in common, see fuzz.h. */
#include "fuzz.h"
#include "pool.h"

const char *fuzz_text(struct pool *pool, const uint8_t *data, size_t size)
{
	return pool_copy(pool, size ? (const char *)data : "", size);
}

unsigned fuzz_byte(struct fuzz_recipe *recipe)
{
	return recipe->at < recipe->end ? *recipe->at++ : 0;
}

uint64_t fuzz_number(struct fuzz_recipe *recipe, unsigned bytes)
{
	uint64_t number = 0;

	while (bytes--)
		number = number << 8 | fuzz_byte(recipe);
	return number;
}
