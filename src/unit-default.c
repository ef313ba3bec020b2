// SPDX-License-Identifier: MIT
/* What systemd hands down to units that say nothing: DefaultLimit*= of system.conf and its
 * drop-ins, see unit.h and systemd-system.conf(5). */
#include "catalog.h"
#include "conf-systemd.h"
#include "dropin-find.h"
#include "host.h"
#include "pool.h"
#include "unit-limit.h"
#include "unit.h"

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

static void read_all(struct defaults *defaults)
{
	static const char *const files[] = { "/etc/systemd/system.conf", "/run/systemd/system.conf",
					     "/usr/local/lib/systemd/system.conf",
					     "/usr/lib/systemd/system.conf" };
	static const char *const directories[] = { "/etc/systemd/system.conf.d",
						   "/run/systemd/system.conf.d",
						   "/usr/local/lib/systemd/system.conf.d",
						   "/usr/lib/systemd/system.conf.d" };
	struct host *host = defaults->host;
	const char **dropins;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const struct file *file = host_file(host, files[i]);
		if (file->state != FILE_ABSENT && file->state != FILE_DANGLING) {
			if (!apply_file(defaults, file))
				return;
			break;
		}
	}
	size_t count =
		dropin_find(host, directories, sizeof directories / sizeof *directories, &dropins);
	for (size_t i = 0; i < count && apply_file(defaults, host_file(host, dropins[i])); i++)
		;
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
