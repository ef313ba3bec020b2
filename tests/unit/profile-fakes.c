// SPDX-License-Identifier: MIT
/* The providers of profile-fakes.h. */
#include "profile-fakes.h"

#include "error.h"
#include "pool.h"

#include <errno.h>
#include <string.h>

static bool is_outside(struct value value, uint64_t min, uint64_t max)
{
	return value.kind != VALUE_NONE &&
	       (!value_is_ordered(value) || value_compare(value, value_number(min)) < 0 ||
		value_compare(value, value_number(max)) > 0);
}

static int check_sysctl(struct pool *pool, struct setting *setting, struct error *err)
{
	char *name = pool_strdup(pool, setting->name);

	for (char *p = name; (p = strchr(p, '/'));)
		*p = '.';
	setting->name = name;
	if (strncmp(name, "net.", 4) != 0 && strncmp(name, "fs.", 3) != 0 &&
	    strncmp(name, "kernel.", 7) != 0)
		return error_set(err, -EINVAL, "no such key; allowed: net.*, fs.*, kernel.*");
	setting->min = setting->at_least;
	setting->max = setting->at_most;
	if (strcmp(name, "net.safe") != 0)
		return 0;
	if (is_outside(setting->at_least, 0, 40000) || is_outside(setting->at_most, 0, 40000))
		return error_set(err, -ERANGE, "%s found, bounds go up to 40000",
				 value_format(pool, is_outside(setting->at_least, 0, 40000)
							    ? setting->at_least
							    : setting->at_most));
	if (is_outside(setting->want, 1, 32767))
		return error_set(err, -ERANGE, "%s found, allowed: 1..32767",
				 value_format(pool, setting->want));
	if (setting->min.kind == VALUE_NONE)
		setting->min = value_number(1);
	if (setting->max.kind == VALUE_NONE)
		setting->max = value_number(32767);
	return 0;
}

static int check_limit(struct pool *pool, struct setting *setting, struct error *err)
{
	if (strchr(setting->name, ' '))
		return error_set(err, -EINVAL, "no such domain");
	if (strcmp(setting->item, "nofile") != 0 && strcmp(setting->item, "core") != 0)
		return error_set(err, -EINVAL, "item %s found, allowed: nofile, core",
				 setting->item);
	if (setting->want.kind != VALUE_UNLIMITED && is_outside(setting->want, 0, UINT32_MAX))
		return error_set(err, -ERANGE, "%s found, allowed: 0..4294967295 or unlimited",
				 value_format(pool, setting->want));
	setting->min = setting->at_least;
	setting->max = setting->at_most;
	return 0;
}

static int check_pam(struct pool *pool, struct setting *setting, struct error *err)
{
	(void)pool;
	if (strcmp(setting->item, "pam_limits") != 0)
		return error_set(err, -EINVAL, "module %s found, allowed: pam_limits.so",
				 setting->item);
	return 0;
}

static const struct provider fake_sysctl = {
	.kind = "sysctl", .section = "sysctl", .form = SECTION_VALUE, .check = check_sysctl
};
static const struct provider fake_limits = { .kind = "limit",
					     .section = "limits",
					     .form = SECTION_ITEMS,
					     .files_only = true,
					     .check = check_limit };
static const struct provider fake_pam = {
	.kind = "pam", .section = "pam", .form = SECTION_MODULE, .check = check_pam
};

const struct provider *const fake_providers[] = { &fake_sysctl, &fake_limits, &fake_pam, NULL };
