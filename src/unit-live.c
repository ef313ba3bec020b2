// SPDX-License-Identifier: MIT
/* The live layer of units, see provider-unit.h: every process in the cgroup of a unit, workers as
 * well as the main process. The narrowest setting judges: that of the unit itself, else that of its
 * template, else that of all services. */
#include "live.h"
#include "provider-unit.h"

#include "host.h"
#include "provider-limits.h"
#include "unit-name.h"

#include <string.h>

struct subjects {
	struct pool *pool;
	const struct setting *const *settings;
	const char *const *ids;
	size_t count;
};

/* How narrowly ID means UNIT; 0: not at all. */
static int closeness(struct pool *pool, const char *id, const char *unit)
{
	if (!id)
		return 0;
	if (!strcmp(id, unit))
		return 3;
	if (!strcmp(id, UNIT_ALL_SERVICES)) {
		const char *suffix = unit_name_suffix(unit);
		return suffix && !strcmp(suffix, ".service");
	}
	const char *template = strchr(unit, '@') ? unit_name_template(pool, unit) : NULL;
	return template && !strcmp(template, id) ? 2 : 0;
}

static bool is_of_unit(const void *data, const struct setting *setting, const char *unit)
{
	const struct subjects *subjects = data;
	int own = 0, best = 0;

	for (size_t i = 0; i < subjects->count; i++) {
		const struct setting *other = subjects->settings[i];
		if (other->side != setting->side || strcmp(other->item, setting->item) != 0)
			continue;
		int close = closeness(subjects->pool, subjects->ids[i], unit);
		best = close > best ? close : best;
		own = other == setting ? close : own;
	}
	return own && own == best;
}

static struct value value_of(const struct limit_row *row, uint64_t number)
{
	(void)row; /* settings of units are in the kernel's unit */
	return value_limit(number);
}

void unit_observe_live(struct host *host, const struct query *query,
		       const struct setting *const *settings, const char *const *ids, size_t count,
		       struct observed *ret, struct notes *notes)
{
	struct subjects subjects = {
		.pool = host_pool(host), .settings = settings, .ids = ids, .count = count
	};
	struct login_context context;
	struct live_scope scope = {
		.context = &context, .is_of_unit = is_of_unit, .data = &subjects, .value = value_of
	};

	/* Of sessions in a unit, and for the names of users. */
	login_open(host, "login", limits_find_ceiling(host, query).now, &context);
	live_observe_limits(&scope, settings, count, ret, notes);
}
