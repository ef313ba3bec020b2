// SPDX-License-Identifier: MIT
/* Checks one sysctl of a profile against the catalogue and sets the accepted range. Pure. */
#include "provider-sysctl.h"

#include "catalog.h"
#include "error.h"
#include "pool.h"
#include "sysctl-path.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const char *range_text(struct pool *pool, struct value low, struct value high)
{
	return pool_printf(pool, "%s..%s", value_format(pool, low), value_format(pool, high));
}

static bool is_within(struct value value, struct value low, struct value high)
{
	return (low.kind == VALUE_NONE || value_compare(value, low) >= 0) &&
	       (high.kind == VALUE_NONE || value_compare(value, high) <= 0);
}

static int check_name(struct pool *pool, struct setting *setting, struct error *err)
{
	const char *path = sysctl_key_path(pool, setting->name);

	if (!path)
		return error_set(err, -EINVAL,
				 "\"%s\" is not a sysctl key; one looks like "
				 "net.ipv4.tcp_keepalive_time",
				 setting->name);
	setting->name = sysctl_key_dotted(pool, path);
	setting->id = pool_printf(pool, "sysctl:%s", setting->name);
	return 0;
}

static int check_text(const struct setting *setting, struct error *err)
{
	const char *text = setting->want.text;

	if (setting->at_least.kind != VALUE_NONE || setting->at_most.kind != VALUE_NONE)
		return error_set(err, -EINVAL,
				 "value \"%s\" is not one number, so it cannot have at_least or "
				 "at_most: it must match exactly",
				 text);
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return error_set(err, -EINVAL, "the value contains a control character");
	if (*text && text[strlen(text) - 1] == '\\')
		return error_set(err, -EINVAL,
				 "the value ends with a backslash, which joins lines in a file");
	return 0;
}

static int check_ports(struct pool *pool, const struct sysctl_row *row, struct setting *setting,
		       struct error *err)
{
	const char *text = value_format(pool, setting->want);
	struct value ports;

	if (setting->want.kind != VALUE_TEXT ||
	    catalog_kernel_parse(pool, row, text, strlen(text), 250, (struct value){ 0 }, &ports) ||
	    strchr(text, ' ') != strrchr(text, ' '))
		return error_set(err, -EINVAL,
				 "value %s: two ports are wanted, first and last, each %s, such as "
				 "\"1024 65535\"",
				 text, range_text(pool, row->kernel_min, row->kernel_max));
	setting->want = ports;
	return 0;
}

static int check_number(struct pool *pool, const struct sysctl_row *row,
			const struct setting *setting, struct error *err)
{
	const char *kernel = range_text(pool, row->kernel_min, row->kernel_max);
	const char *safe = range_text(pool, row->safe_min, row->safe_max);
	const char *want = value_format(pool, setting->want);

	if (setting->want.kind != VALUE_NUMBER)
		return error_set(err, -EINVAL, "value \"%s\": a number in %s is wanted", want,
				 safe);
	if (!is_within(setting->want, row->kernel_min, row->kernel_max))
		return error_set(err, -EINVAL,
				 "value %s is outside what the kernel accepts (%s) and outside "
				 "what is safe (%s)",
				 want, kernel, safe);
	if (!is_within(setting->want, row->safe_min, row->safe_max))
		return error_set(err, -EINVAL,
				 "value %s is outside what is safe (%s); the kernel accepts %s",
				 want, safe, kernel);
	return 0;
}

static int check_bounds(struct pool *pool, const struct setting *setting, struct error *err)
{
	const char *least = value_format(pool, setting->at_least);
	const char *most = value_format(pool, setting->at_most);

	if (setting->at_least.kind != VALUE_NONE && setting->at_most.kind != VALUE_NONE &&
	    value_compare(setting->at_least, setting->at_most) > 0)
		return error_set(err, -EINVAL, "at_least %s is above at_most %s", least, most);
	if (!is_within(setting->want, setting->at_least, setting->at_most))
		return error_set(err, -EINVAL, "value %s is outside at_least %s and at_most %s",
				 value_format(pool, setting->want), least, most);
	return 0;
}

static void set_range(const struct sysctl_row *row, struct setting *setting)
{
	setting->min = setting->at_least;
	setting->max = setting->at_most;
	if (setting->at_least.kind == VALUE_NONE && setting->at_most.kind == VALUE_NONE) {
		setting->min = setting->max = setting->want;
		return;
	}
	if (!row)
		return;
	if (setting->min.kind == VALUE_NONE || value_compare(setting->min, row->safe_min) < 0)
		setting->min = row->safe_min;
	if (setting->max.kind == VALUE_NONE || value_compare(setting->max, row->safe_max) > 0)
		setting->max = row->safe_max;
}

int sysctl_check(struct pool *pool, struct setting *setting, struct error *err)
{
	int rc = check_name(pool, setting, err);
	if (rc < 0)
		return rc;

	const struct sysctl_row *row = catalog_sysctl(setting->name);
	if (setting->want.kind == VALUE_UNLIMITED || setting->at_least.kind == VALUE_UNLIMITED ||
	    setting->at_most.kind == VALUE_UNLIMITED)
		return error_set(err, -EINVAL,
				 "\"unlimited\" is for limits; a sysctl takes a number");
	if (row && row->type == SYSCTL_PORTS)
		rc = check_ports(pool, row, setting, err);
	else if (row)
		rc = check_number(pool, row, setting, err);
	if (rc < 0)
		return rc;
	if (setting->want.kind == VALUE_TEXT)
		return check_text(setting, err);
	rc = check_bounds(pool, setting, err);
	if (rc < 0)
		return rc;
	set_range(row, setting);
	return 0;
}
