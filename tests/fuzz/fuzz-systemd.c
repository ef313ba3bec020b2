// SPDX-License-Identifier: MIT
/* Files of systemd: assignments; and each value taken as a limit and as a unit's name. A limit that
 * is understood must be understood again as keeltune writes it. */
#include "conf-systemd.h"
#include "fuzz.h"
#include "pool.h"
#include "unit-name.h"
#include "unit.h"

#include <sys/resource.h>

static void take_limit(struct pool *pool, int resource, const char *value)
{
	uint64_t soft, hard, soft_again, hard_again;

	if (systemd_limit_parse(resource, value, &soft, &hard) < 0)
		return;
	REQUIRE(soft <= hard);
	if (resource == RLIMIT_CPU || resource == RLIMIT_RTTIME)
		return; /* times are not written by keeltune */
	REQUIRE(systemd_limit_parse(resource, unit_limit_format(pool, soft, hard), &soft_again,
				    &hard_again) == 0);
	REQUIRE(soft == soft_again && hard == hard_again);
}

static void take_name(struct pool *pool, const char *name)
{
	enum unit_name_form form = unit_name_form(name);

	(void)unit_name_unescape(pool, name, true);
	(void)unit_for_shell(pool, name);
	if (form == UNIT_NAME_INVALID)
		return;
	REQUIRE(unit_name_suffix(name) && unit_name_prefix(pool, name));
	REQUIRE((form == UNIT_NAME_PLAIN) == !unit_name_instance(pool, name));
	REQUIRE((form == UNIT_NAME_INSTANCE) == (unit_name_template(pool, name) != NULL));
	(void)unit_instances(pool, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct systemd_conf conf = { 0 };

	systemd_conf_parse(pool, fuzz_text(pool, data, size), size, &conf);
	for (size_t i = 0; i < conf.count; i++) {
		const struct systemd_assignment *item = &conf.items[i];
		REQUIRE(item->line >= 1 && item->section && item->key && item->value);
		for (int resource = 0; resource < (int)RLIM_NLIMITS; resource++)
			take_limit(pool, resource, item->value);
		take_name(pool, item->value);
		take_name(pool, item->key);
	}
	pool_free(pool);
	return 0;
}
