// SPDX-License-Identifier: MIT
/* sysctl.d files, as every boot engine reads them: whatever the bytes, lines are slices of them in
 * their order. */
#include "conf-sysctl.h"
#include "fuzz.h"
#include "pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (enum engine engine = ENGINE_SYSTEMD; engine < ENGINE_COUNT; engine++) {
		struct pool *pool = pool_new();
		struct sysctl_reader reader;
		struct sysctl_line line;
		const char *text = fuzz_text(pool, data, size);
		unsigned last = 0;
		conf_sysctl_start(&reader, pool, engine, text, size);
		while (conf_sysctl_next(&reader, &line)) {
			REQUIRE(line.line >= last && line.line >= 1);
			REQUIRE(line.name_size <= size);
			REQUIRE(line.kind != SYSCTL_LINE_SET || line.value_size <= size);
			last = line.line;
		}
		REQUIRE(!conf_sysctl_next(&reader, &line));
		pool_free(pool);
	}
	return 0;
}
