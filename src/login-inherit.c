// SPDX-License-Identifier: MIT
/* What a session starts from, see login.h: the table of /proc/PID/limits, and DefaultLimit*= of
 * systemd (systemd-system.conf(5); src/shared/rlimit-util.c of systemd 252). */
#include "login.h"

#include "catalog.h"
#include "conf-systemd.h"
#include "host.h"
#include "pool.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static uint64_t kernel_number(struct value value)
{
	return value.kind == VALUE_UNLIMITED ? LIMITS_INFINITY : value.number;
}

/* ---- /proc/PID/limits --------------------------------------------------------------------- */

/* "Max open files            1024                 524288               files     " */
static bool next_limit(const char **at, const char *end, uint64_t *ret)
{
	static const char unlimited[] = "unlimited";
	const char *p = *at;
	uint64_t number = 0;

	while (p < end && *p == ' ')
		p++;
	const char *start = p;
	if ((size_t)(end - p) >= sizeof unlimited - 1 &&
	    !memcmp(p, unlimited, sizeof unlimited - 1)) {
		*at = p + sizeof unlimited - 1;
		*ret = LIMITS_INFINITY;
		return true;
	}
	for (; p < end && isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			return false;
	*at = p;
	*ret = number;
	return p > start;
}

void login_parse_proc_limits(const char *bytes, size_t size, struct login_inherited *ret)
{
	const char *end = bytes + size;
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline : end;
		for (size_t i = 0; i < rows; i++) {
			size_t label = strlen(row[i].proc_label);
			const char *at = bytes + label;
			uint64_t soft, hard;
			if ((size_t)(stop - bytes) <= label || *at != ' ' ||
			    memcmp(bytes, row[i].proc_label, label) != 0 ||
			    !next_limit(&at, stop, &soft) || !next_limit(&at, stop, &hard))
				continue;
			ret[row[i].resource].soft = soft;
			ret[row[i].resource].hard = hard;
		}
		bytes = newline ? newline + 1 : end;
	}
}

/* FD_SETSIZE: Debian's patch pam-limits-nofile-fd-setsize-cap. */
void login_cap_reset(const struct limits_module *module, struct login_inherited *reset)
{
	struct login_inherited *nofile = &reset[RLIMIT_NOFILE];

	if (!module->debian || nofile->soft <= 1024)
		return;
	nofile->soft = 1024;
	nofile->why = "inherited from pid 1, soft at most 1024";
}

void login_inherit_from_pid1(const struct limits_module *module, const char *bytes, size_t size,
			     struct login_inherited *ret)
{
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		ret[i] = (struct login_inherited){ LIMITS_INFINITY, LIMITS_INFINITY,
						   .why = "inherited from pid 1" };
	login_parse_proc_limits(bytes, size, ret);
	login_cap_reset(module, ret);
}

/* ---- systemd ------------------------------------------------------------------------------ */

/* "4096", "64K" (base 1024), "infinity". Time spans and nice levels other than plain numbers are
 * not understood: the default then stands. */
static bool parse_amount(const char *text, size_t size, const struct limit_row *row, uint64_t *ret)
{
	static const char suffixes[] = "BKMGTPE";
	bool is_size = !strcmp(row->kernel_unit, "bytes");
	uint64_t number = 0;
	size_t i = 0;

	if (size == strlen("infinity") && !memcmp(text, "infinity", size)) {
		*ret = LIMITS_INFINITY;
		return true;
	}
	for (; i < size && isdigit((unsigned char)text[i]); i++)
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text[i] - '0'), &number))
			return false;
	if (!i)
		return false;
	if (i < size) {
		const char *suffix = is_size ? strchr(suffixes, text[i]) : NULL;
		if (!suffix || i + 1 != size ||
		    __builtin_mul_overflow(number, UINT64_C(1) << (10 * (suffix - suffixes)),
					   &number))
			return false;
	}
	*ret = number;
	return true;
}

static bool parse_limit(const char *text, const struct limit_row *row, uint64_t *ret_soft,
			uint64_t *ret_hard)
{
	const char *colon = strchr(text, ':');
	size_t size = colon ? (size_t)(colon - text) : strlen(text);
	uint64_t soft, hard;

	if (!parse_amount(text, size, row, &soft))
		return false;
	hard = soft;
	if (colon && !parse_amount(colon + 1, strlen(colon + 1), row, &hard))
		return false;
	if (soft > hard)
		return false;
	*ret_soft = soft;
	*ret_hard = hard;
	return true;
}

static const struct limit_row *row_of_key(const char *key)
{
	static const char prefix[] = "DefaultLimit";
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	if (strncmp(key, prefix, sizeof prefix - 1) != 0)
		return NULL;
	for (size_t i = 0; i < rows; i++)
		if (!strcasecmp(row[i].item, key + sizeof prefix - 1))
			return &row[i];
	return NULL;
}

static void set_default(const struct limit_row *row, struct login_inherited *ret)
{
	ret[row->resource] = (struct login_inherited){ .soft = kernel_number(row->default_soft),
						       .hard = kernel_number(row->default_hard),
						       .why = "inherited, the default of systemd" };
}

static void apply_file(struct host *host, const struct file *file, struct login_inherited *ret)
{
	struct systemd_conf conf;

	systemd_conf_parse(host_pool(host), file->bytes, file->size, &conf);
	for (size_t i = 0; i < conf.count; i++) {
		const struct systemd_assignment *item = &conf.items[i];
		const struct limit_row *row =
			!strcmp(item->section, "Manager") ? row_of_key(item->key) : NULL;
		uint64_t soft, hard;
		if (!row)
			continue;
		if (!*item->value)
			set_default(row, ret);
		if (!parse_limit(item->value, row, &soft, &hard))
			continue;
		ret[row->resource] = (struct login_inherited){
			.soft = soft,
			.hard = hard,
			.origin = { .file = file->path, .line = item->line },
			.why = pool_printf(host_pool(host), "inherited, %s=", item->key),
		};
	}
}

struct dropin {
	const char *name;
	const struct file *file;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dropin *)a)->name, ((const struct dropin *)b)->name);
}

static void apply_dropins(struct host *host, const char *const *roots, size_t root_count,
			  struct login_inherited *ret)
{
	struct pool *pool = host_pool(host);
	struct dropin *dropins = NULL;
	size_t count = 0;

	for (size_t i = 0; i < root_count; i++) {
		const char *path = pool_printf(pool, "%s/system.conf.d", roots[i]);
		const struct directory *directory = host_directory(host, path);
		for (size_t j = 0; j < directory->count; j++) {
			const char *name = directory->names[j];
			size_t length = strlen(name), known = 0;
			while (known < count && strcmp(dropins[known].name, name) != 0)
				known++;
			if (known < count || *name == '.' || length < 5 ||
			    strcmp(name + length - 5, ".conf") != 0)
				continue;
			dropins = pool_extend(pool, dropins, count, sizeof *dropins);
			dropins[count++] = (struct dropin){
				name, host_file(host, pool_printf(pool, "%s/%s", path, name))
			};
		}
	}
	if (count)
		qsort(dropins, count, sizeof *dropins, by_name);
	for (size_t i = 0; i < count; i++)
		apply_file(host, dropins[i].file, ret);
}

void login_inherit_from_systemd(struct host *host, struct login_inherited *ret)
{
	static const char *const roots[] = { "/etc/systemd", "/run/systemd",
					     "/usr/local/lib/systemd", "/usr/lib/systemd" };
	const size_t root_count = sizeof roots / sizeof *roots;
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < rows; i++)
		set_default(&row[i], ret);
	for (size_t i = 0; i < root_count; i++) {
		const struct file *file =
			host_file(host, pool_printf(host_pool(host), "%s/system.conf", roots[i]));
		if (file->state != FILE_ABSENT && file->state != FILE_DANGLING) {
			apply_file(host, file, ret);
			break;
		}
	}
	apply_dropins(host, roots, root_count, ret);
}
