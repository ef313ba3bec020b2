// SPDX-License-Identifier: MIT
/* Profiles and keeltune.conf: a file is taken whole or refused with a reason; what is taken keeps
 * its promises. */
#include "cmd.h"
#include "fuzz.h"
#include "pool.h"
#include "profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct notes problems = { .pool = pool };
	struct profile_text text = { 0 };
	const char *bytes = fuzz_text(pool, data, size);

	int r = profile_parse(pool, providers, "/p.conf", bytes, size, &text, &problems);
	REQUIRE(r <= 0);
	REQUIRE((r < 0) == (problems.count > 0));
	for (size_t i = 0; r == 0 && i < text.count; i++) {
		const struct setting *setting = &text.settings[i];
		REQUIRE(setting->id && setting->name && setting->provider && setting->origin.line);
		REQUIRE(setting->want.kind == VALUE_NONE ||
			setting_accepts(setting, setting->want));
		REQUIRE(*setting_format_wanted(pool, setting));
	}
	pool_free(pool);
	return 0;
}
