// SPDX-License-Identifier: MIT
/* What may stand on the disk in place of pam_limits.so: the bytes say which release it is, or that
 * it is none. A text is tried as a version, too. */
#include "error.h"
#include "fuzz.h"
#include "limits-module.h"
#include "pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct limits_module module = { 0 };
	const char *text = fuzz_text(pool, data, size);
	struct error err = { 0 };
	bool compared;

	if (limits_module_detect(pool, text, size, &module))
		REQUIRE(module.conf && module.directory &&
			*limits_module_describe(pool, &module, &compared));
	if (limits_module_of_version(text, &module, &err) < 0)
		REQUIRE(*err.message);
	else
		REQUIRE(*limits_module_describe(pool, &module, &compared));
	pool_free(pool);
	return 0;
}
