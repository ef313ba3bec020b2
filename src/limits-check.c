// SPDX-License-Identifier: MIT
/* Limits in profiles: which domains, items and values there are. Pure. */
#include "provider-limits.h"

#include "catalog.h"
#include "error.h"
#include "pool.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.-$+\\@", c));
}

static int check_domain(const char *name, struct error *err)
{
	const char *rest = *name == '@' ? name + 1 : name;

	if (!strcmp(name, "*"))
		return 0;
	if (!*rest || *rest == '-' || *rest == '@' || strlen(name) > 255)
		return error_set(err, -EINVAL,
				 "domain \"%.255s\": allowed are \"*\", a user or \"@group\"",
				 name);
	for (const char *p = rest; *p; p++)
		if (!is_name_byte(*p))
			return error_set(
				err, -EINVAL,
				"domain \"%.255s\": allowed are \"*\", a user or \"@group\" "
				"(letters, digits and _.-$+\\@; no ranges, no %%)",
				name);
	return 0;
}

int limits_check_item(struct pool *pool, const char *item, struct error *err)
{
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);
	const char *allowed = row[0].item;

	if (catalog_limit(item))
		return 0;
	for (size_t i = 1; i < rows; i++)
		allowed = pool_printf(pool, "%s, %s", allowed, row[i].item);
	const char *nearest = limits_nearest_item(item);
	return error_set(err, -EINVAL, "unknown item \"%.64s\"%s%s%s; allowed: %s", item,
			 nearest ? ", perhaps \"" : "", nearest ? nearest : "", nearest ? "\"" : "",
			 allowed);
}

struct bounds {
	struct value least, most;
	bool unlimited;
};

/* What a line with this item can say and the kernel hold. */
static struct bounds bounds_of(const struct limit_row *row)
{
	switch (row->resource) {
	case RLIMIT_NICE:
		return (struct bounds){ value_signed(-20), value_signed(19), false };
	case RLIMIT_RTPRIO:
		return (struct bounds){ value_number(0), value_number(99), true };
	case RLIMIT_NOFILE: /* at most fs.nr_open, which takes no more: fs/file.c */
		return (struct bounds){ value_number(0), value_number(2147483584), false };
	default: /* what would be more becomes unlimited */
		return (struct bounds){ value_number(0),
					value_number(LIMIT_UNLIMITED / row->scale - 1), true };
	}
}

static int check_value(struct pool *pool, const struct limit_row *row, const char *what,
		       struct value *value, struct error *err)
{
	struct bounds bounds = bounds_of(row);
	bool is_minus_one = value->kind == VALUE_NUMBER && value->negative && value->number == 1;

	if (row->resource != RLIMIT_NICE &&
	    (is_minus_one || (value->kind == VALUE_TEXT && !strcmp(value->text, "infinity"))))
		*value = value_unlimited();
	if (value->kind == VALUE_NONE || (value->kind == VALUE_UNLIMITED && bounds.unlimited))
		return 0;
	if (value->kind == VALUE_NUMBER && value_compare(*value, bounds.least) >= 0 &&
	    value_compare(*value, bounds.most) <= 0)
		return 0;
	return error_set(err, -EINVAL, "%s = %.64s: item %s takes %s to %s%s%s%s%s", what,
			 value_format(pool, *value), row->item, value_format(pool, bounds.least),
			 value_format(pool, bounds.most), bounds.unlimited ? " or unlimited" : "",
			 *row->unit ? " (" : "", row->unit, *row->unit ? ")" : "");
}

int limits_check(struct pool *pool, struct setting *setting, struct error *err)
{
	const char *side = setting->side == SIDE_SOFT ? "soft" : "hard";
	int rc = check_domain(setting->name, err);

	if (!rc)
		rc = limits_check_item(pool, setting->item, err);
	if (rc)
		return rc;
	const struct limit_row *row = catalog_limit(setting->item);
	rc = check_value(pool, row, side, &setting->want, err);
	if (!rc)
		rc = check_value(pool, row, "at_least", &setting->at_least, err);
	if (!rc)
		rc = check_value(pool, row, "at_most", &setting->at_most, err);
	if (rc)
		return rc;

	bool exact = setting->at_least.kind == VALUE_NONE && setting->at_most.kind == VALUE_NONE;
	setting->min = exact ? setting->want : setting->at_least;
	setting->max = exact ? setting->want : setting->at_most;
	if (setting_accepts(setting, setting->want))
		return 0;
	return error_set(err, -EINVAL, "%s = %s is outside its own bounds: %s to %s", side,
			 value_format(pool, setting->want), value_format(pool, setting->min),
			 value_format(pool, setting->max));
}
