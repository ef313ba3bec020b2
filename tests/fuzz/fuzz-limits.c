// SPDX-License-Identifier: MIT
/* limits.conf as each pam_limits.so reads it. The first byte is the module: one bit for each thing
 * that modules do differently. */
#include "conf-limits.h"
#include "fuzz.h"
#include "pool.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_recipe recipe = { data, data + size };
	unsigned bits = fuzz_byte(&recipe);
	struct limits_module module = {
		.conf = "/etc/security/limits.conf",
		.directory = "/etc/security/limits.d",
		.debian = bits & 1,
		.whole_lines = bits & 2,
		.trims_value = bits & 4,
		.caps_nofile = bits & 8,
		.nonewprivs = bits & 16,
		.rttime = bits & 32,
	};
	size_t rest = (size_t)(recipe.end - recipe.at);
	struct pool *pool = pool_new();
	struct limits_entries entries = { 0 };

	limits_parse(pool, &module, "f", fuzz_text(pool, recipe.at, rest), rest, &entries);
	for (size_t i = 0; i < entries.count; i++) {
		const struct limits_entry *entry = &entries.items[i];
		REQUIRE(entry->line >= 1 && (!i || entry->line >= entries.items[i - 1].line));
		REQUIRE(entry->type && entry->item && entry->value && entry->rest);
		if (entry->form == LIMITS_RULE && entry->drop == LIMITS_KEPT) {
			REQUIRE(*entry->domain && entry->sides <= LIMITS_BOTH);
			REQUIRE(entry->code < LIMITS_UNKNOWN);
			REQUIRE(limits_item_code(entry->item) == entry->code);
		}
		(void)limits_nearest_item(entry->item);
	}
	pool_free(pool);
	return 0;
}
