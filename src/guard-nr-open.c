// SPDX-License-Identifier: MIT
/* fs.nr_open is the ceiling of every hard nofile limit. Lowered below one that a line of
 * limits.conf asks for, logins end; below that of a unit, it is started with less or not at all;
 * below that of a process, it and its children cannot even set what they have. Looked at only when
 * it goes down. */
#include "guard.h"

#include "boot.h"
#include "catalog.h"
#include "error.h"
#include "host.h"
#include "login.h"
#include "plan.h"
#include "pool.h"
#include "process.h"
#include "provider.h"
#include "text.h"
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#define NR_OPEN "/proc/sys/fs/nr_open"

/* The highest hard nofile found, and whose it is. */
struct holder {
	struct pool *pool;
	uint64_t highest;
	const char *who;
};

static void hold(struct holder *holder, uint64_t number, const char *who)
{
	if (number <= holder->highest || number == LIMIT_UNLIMITED)
		return;
	holder->highest = number;
	holder->who = pool_printf(holder->pool, "the nofile %" PRIu64 " of %s", number, who);
}

/* ---- units ------------------------------------------------------------------------------- */

static bool speaks_of_nofile(struct host *host, const char *path)
{
	const struct file *file = host_file(host, path);

	return file->state == FILE_PRESENT && file_contains(file, "LimitNOFILE");
}

/* What the unit NAME, of which PATH says something, is started with. */
static void ask_unit(struct host *host, const char *name, const char *path, struct holder *holder)
{
	struct unit_limit limit = { .hard = 0 };
	struct unit unit;

	if (!speaks_of_nofile(host, path))
		return;
	unit_load(host, name, &unit);
	if (unit.state != UNIT_LOADED)
		return;
	unit_limit(&unit, catalog_limit("nofile"), &limit);
	if (limit.source == UNIT_LIMIT_UNIT)
		hold(holder, limit.hard, origin_format(holder->pool, limit.origin));
}

/* The units of DIRECTORY, and the directories of their drop-ins. */
static void ask_directory(struct host *host, const char *path, struct holder *holder)
{
	static const char *const kinds[] = { ".service", ".socket", ".mount", ".swap" };
	const struct directory *directory = host_directory(host, path);

	for (size_t i = 0; i < directory->count; i++) {
		const char *name = directory->names[i];
		const char *inside = pool_printf(holder->pool, "%s/%s", path, name);
		for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
			if (ends_with(name, kinds[j]))
				ask_unit(host, name, inside, holder);
		if (!ends_with(name, ".d"))
			continue;
		const struct directory *dropins = host_directory(host, inside);
		const char *unit = pool_copy(holder->pool, name, strlen(name) - strlen(".d"));
		for (size_t j = 0; j < dropins->count; j++)
			ask_unit(host, unit,
				 pool_printf(holder->pool, "%s/%s", inside, dropins->names[j]),
				 holder);
	}
}

static void ask_units(struct host *host, struct holder *holder)
{
	static const char *const directories[] = { "/etc/systemd/system", "/run/systemd/system",
						   "/usr/local/lib/systemd/system",
						   "/usr/lib/systemd/system",
						   "/lib/systemd/system" };
	struct unit_limit defaults[RLIM_NLIMITS] = { 0 };
	const struct unit_limit *nofile = &defaults[RLIMIT_NOFILE];

	unit_default_limits(host, defaults);
	if (nofile->source == UNIT_LIMIT_MANAGER)
		hold(holder, nofile->hard, origin_format(holder->pool, nofile->origin));
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		ask_directory(host, directories[i], holder);
}

/* ---- processes --------------------------------------------------------------------------- */

static void ask_processes(struct host *host, struct holder *holder)
{
	const struct directory *processes = host_directory(host, "/proc");

	for (size_t i = 0; i < processes->count && host_is_live(host); i++) {
		const char *pid = processes->names[i];
		struct rlimit limits[RLIM_NLIMITS] = { 0 };
		uint64_t number;
		if (!parse_decimal(pid, INT32_MAX, &number))
			continue;
		const struct file *file =
			host_kernel(host, pool_printf(holder->pool, "/proc/%s/limits", pid));
		if (file->state != FILE_PRESENT)
			continue;
		process_parse_limits(file->bytes, file->size, limits);
		hold(holder, limits[RLIMIT_NOFILE].rlim_max,
		     pool_printf(holder->pool, "the running process %s", pid));
	}
}

/* ---- the answer -------------------------------------------------------------------------- */

static struct holder find_holder(struct host *host, bool running)
{
	struct holder holder = { .pool = host_pool(host) };
	struct origin origin;
	uint64_t number = login_highest_nofile(host, &origin);

	if (number)
		hold(&holder, number, origin_format(holder.pool, origin));
	ask_units(host, &holder);
	if (running)
		ask_processes(host, &holder);
	return holder;
}

const char *guard_nr_open_holder(struct host *host, uint64_t value)
{
	struct holder holder = find_holder(host, true);

	return holder.highest > value ? holder.who : NULL;
}

static int check(struct host *host, struct value value, bool running, struct error *err)
{
	struct holder holder = find_holder(host, running);

	if (value_compare(value_number(holder.highest), value) <= 0)
		return 0;
	return error_set(err, -EINVAL, "fs.nr_open would go down to %s%s, below %s",
			 value_format(holder.pool, value), running ? "" : " at the next boot",
			 holder.who);
}

int guard_nr_open(struct host *host, const struct query *query, const struct plan *plan,
		  struct reading before, struct error *err)
{
	static const char *const key = "fs.nr_open";
	struct boot_value after;
	int rc = 0;

	for (size_t i = 0; !rc && i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		if (strcmp(change->path, NR_OPEN) != 0)
			continue;
		struct value value = value_parse(plan->pool, change->after.bytes);
		if (value_compare(value, value_parse(plan->pool, change->before.bytes)) < 0)
			rc = check(host, value, true, err);
	}
	boot_evaluate(host, query->engines.engine, &key, 1, &after, NULL);
	if (!rc && after.boot.state == READING_PRESENT && before.state == READING_PRESENT &&
	    value_compare(after.boot.value, before.value) < 0)
		rc = check(host, after.boot.value, false, err);
	return rc;
}
