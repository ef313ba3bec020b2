// SPDX-License-Identifier: MIT
/* What the lines of a unit make of its limits, and where a drop-in would win; see unit.h. */
#include "unit-limit.h"

#include "catalog.h"
#include "conf-systemd.h"
#include "host.h"
#include "pool.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

/* ---- one line after the other ------------------------------------------------------------ */

int unit_limit_resource(const char *key, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(key, prefix, size) ? -1 : systemd_limit_resource(key + size);
}

static void add_shadow(struct pool *pool, struct unit_limit *limit, struct origin origin,
		       const char *value, const char *why)
{
	limit->shadowed =
		pool_extend(pool, limit->shadowed, limit->shadowed_count, sizeof *limit->shadowed);
	limit->shadowed[limit->shadowed_count++] =
		(struct shadow){ origin, value_text(value), why };
}

void unit_limit_take(struct pool *pool, int resource, const struct unit_limit_line *line,
		     enum unit_limit_source source, struct unit_limit *limit)
{
	uint64_t soft, hard;
	int r = systemd_limit_parse(resource, line->value, &soft, &hard);

	if (r) {
		/* An empty value, which resets other settings, does not reset this one. */
		add_shadow(pool, limit, line->origin, line->value,
			   r == -EILSEQ   ? "ignored: the soft value is above the hard one"
			   : *line->value ? "ignored: systemd does not understand the value"
					  : "ignored: systemd takes no empty value here");
		return;
	}
	if (limit->source == source)
		add_shadow(pool, limit, limit->origin, limit->text, "a later line wins");
	limit->soft = soft;
	limit->hard = hard;
	limit->source = source;
	limit->origin = line->origin;
	limit->text = line->value;
}

static const char *amount(struct pool *pool, uint64_t number)
{
	return number == LIMIT_UNLIMITED ? "infinity" : pool_printf(pool, "%ju", (uintmax_t)number);
}

const char *unit_limit_format(struct pool *pool, uint64_t soft, uint64_t hard)
{
	if (soft == hard)
		return amount(pool, soft);
	return pool_printf(pool, "%s:%s", amount(pool, soft), amount(pool, hard));
}

/* ---- a unit ------------------------------------------------------------------------------ */

void unit_limit(const struct unit *unit, const struct limit_row *row, struct unit_limit *ret)
{
	struct pool *pool = host_pool(unit->host);
	struct unit_limit defaults[RLIM_NLIMITS];

	unit_default_limits(unit->host, defaults);
	const struct unit_limit *fallback = &defaults[row->resource];
	struct unit_limit limit = *fallback;
	limit.shadowed = NULL;
	limit.shadowed_count = 0;
	for (size_t i = 0; i < unit->line_count; i++) {
		const struct unit_line *line = &unit->lines[i];
		struct unit_limit_line next = { line->origin, line->value };
		if (unit_limit_resource(line->key, "Limit") == row->resource)
			unit_limit_take(pool, row->resource, &next, UNIT_LIMIT_UNIT, &limit);
	}
	/* What system.conf says counts for other units, and so do the lines that lose there. */
	if (limit.source != UNIT_LIMIT_UNIT) {
		for (size_t i = 0; i < fallback->shadowed_count; i++)
			add_shadow(pool, &limit, fallback->shadowed[i].origin,
				   fallback->shadowed[i].value.text, fallback->shadowed[i].why);
	} else if (fallback->source == UNIT_LIMIT_MANAGER) {
		add_shadow(pool, &limit, fallback->origin, fallback->text,
			   "only a default: the unit says otherwise");
	}
	*ret = limit;
}

/* ---- drop-ins ---------------------------------------------------------------------------- */

const char *unit_dropin_path(const struct unit *unit, const char *file)
{
	return pool_printf(host_pool(unit->host), "/etc/systemd/system/%s.d/%s", unit->id, file);
}

bool unit_dropin_wins(const struct unit *unit, const char *path, const char *bytes,
		      const struct limit_row *row, struct origin *ret_winner)
{
	struct unit_limit limit;
	struct unit with;

	host_overlay(unit->host, path, bytes, strlen(bytes));
	unit_load_group(unit->host, unit->name, &with);
	unit_limit(&with, row, &limit);
	host_overlay_drop(unit->host, path);
	*ret_winner = limit.origin;
	return limit.origin.file && !strcmp(limit.origin.file, path);
}
