// SPDX-License-Identifier: MIT
/* What systemd hands down to units that say nothing: DefaultLimit*= of system.conf and its
 * drop-ins, see unit.h and systemd-system.conf(5). */
#include "catalog.h"
#include "conf-systemd.h"
#include "host.h"
#include "pool.h"
#include "unit-limit.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

struct defaults {
	struct host *host;
	struct unit_limit limit[RLIM_NLIMITS];
};

/* False: systemd gives up here, and reads none of the files that follow. */
static bool apply_file(struct defaults *defaults, const struct file *file)
{
	struct pool *pool = host_pool(defaults->host);
	struct systemd_conf conf;

	systemd_conf_parse(pool, file->bytes, file->size, &conf);
	for (size_t i = 0; i < conf.count; i++) {
		const struct systemd_assignment *item = &conf.items[i];
		int resource = strcmp(item->section, "Manager")
				       ? -1
				       : unit_limit_resource(item->key, "DefaultLimit");
		if (resource < 0)
			continue;
		struct unit_limit_line line = { { file->path, item->line }, item->value };
		unit_limit_take(pool, resource, &line, UNIT_LIMIT_MANAGER,
				&defaults->limit[resource]);
	}
	return !conf.stop_line;
}

struct dropin {
	const char *name;
	const struct file *file;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dropin *)a)->name, ((const struct dropin *)b)->name);
}

static void apply_dropins(struct defaults *defaults, const char *const *roots, size_t root_count)
{
	struct host *host = defaults->host;
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
	for (size_t i = 0; i < count && apply_file(defaults, dropins[i].file); i++)
		;
}

static void read_all(struct defaults *defaults)
{
	static const char *const roots[] = { "/etc/systemd", "/run/systemd",
					     "/usr/local/lib/systemd", "/usr/lib/systemd" };
	const size_t root_count = sizeof roots / sizeof *roots;
	struct host *host = defaults->host;

	for (size_t i = 0; i < root_count; i++) {
		const struct file *file =
			host_file(host, pool_printf(host_pool(host), "%s/system.conf", roots[i]));
		if (file->state != FILE_ABSENT && file->state != FILE_DANGLING) {
			if (!apply_file(defaults, file))
				return;
			break;
		}
	}
	apply_dropins(defaults, roots, root_count);
}

static const struct defaults *find_defaults(struct host *host)
{
	struct defaults *defaults = pool_alloc(host_pool(host), sizeof *defaults);
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	defaults->host = host;
	for (size_t i = 0; i < rows; i++)
		defaults->limit[row[i].resource] = (struct unit_limit){
			.soft = value_to_limit(row[i].default_soft),
			.hard = value_to_limit(row[i].default_hard),
			.source = UNIT_LIMIT_DEFAULT,
		};
	read_all(defaults);
	return defaults;
}

void unit_default_limits(struct host *host, struct unit_limit ret[RLIM_NLIMITS])
{
	static const char key[] = "unit-default-limits";
	const struct defaults *known = host_recall(host, key);
	const struct defaults *defaults = known ? known : find_defaults(host);

	if (!known)
		host_remember(host, key, defaults);
	memcpy(ret, defaults->limit, sizeof defaults->limit);
}
