// SPDX-License-Identifier: MIT
/* The processes of a unit, see unit-main.h. Found by their cgroup: a process is of the unit in
 * whose cgroup it is, and what pid 1 started there is the main process, or was. */
#include "unit-main.h"

#include "catalog.h"
#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "procfs.h"
#include "unit-name.h"

#include <stdio.h>
#include <string.h>

/* ---- who runs ---------------------------------------------------------------------------- */

/* Is the unit NAME, as a cgroup has it, UNIT or an instance of it? */
static bool is_of(const struct unit *unit, const char *name)
{
	const char *template = unit_name_template(host_pool(unit->host), name);

	return !strcmp(name, unit->id) || (template && !strcmp(template, unit->id));
}

/* PROCESS stands for its unit, unless an older one does. */
static void take(struct unit_running *running, struct pool *pool, const struct process *process)
{
	size_t at = 0;

	while (at < running->count &&
	       strcmp(running->items[at]->cgroup.unit, process->cgroup.unit) != 0)
		at++;
	if (at < running->count && running->items[at]->ticks <= process->ticks)
		return;
	if (at == running->count)
		running->items = pool_extend(pool, (void *)running->items, running->count++,
					     sizeof *running->items);
	running->items[at] = process;
}

/* Most processes have another parent: one small file tells. */
static bool is_child_of_first(int proc, const char *pid)
{
	char name[64], text[1024];
	struct process process;

	snprintf(name, sizeof name, "%s/stat", pid);
	return procfs_read(proc, name, text, sizeof text) > 0 &&
	       process_parse_stat(text, &process) && process.parent == 1;
}

struct children {
	struct process *items;
	size_t count;
};

/* What pid 1 started that is part of a system unit; looked for once for all units. */
static const struct children *children_of_first(struct host *host)
{
	static const char key[] = "unit-children";
	const struct children *known = host_recall(host, key);
	struct children *children;
	struct error err;

	if (known)
		return known;
	children = pool_alloc(host_pool(host), sizeof *children);
	const struct directory *listing = host_directory(host, "/proc");
	autofd int proc = host_open_directory(host, "/proc");
	for (size_t i = 0; proc >= 0 && i < listing->count; i++) {
		long pid = procfs_number(listing->names[i]);
		if (pid <= 1 || !is_child_of_first(proc, listing->names[i]))
			continue;
		children->items = pool_extend(host_pool(host), children->items, children->count,
					      sizeof *children->items);
		struct process *process = &children->items[children->count];
		children->count += process_read(host, (pid_t)pid, process, &err) == 0 &&
				   process->cgroup.unit &&
				   !cgroup_is_of_user_unit(&process->cgroup);
	}
	host_remember(host, key, children);
	return children;
}

void unit_find_running(const struct unit *unit, struct unit_running *ret)
{
	struct host *host = unit->host;

	*ret = (struct unit_running){ .count = 0 };
	if (!host_is_live(host))
		return;
	ret->hidden = host_kernel(host, "/proc/1/stat")->state != FILE_PRESENT;
	const struct children *children = children_of_first(host);
	for (size_t i = 0; i < children->count; i++)
		if (is_of(unit, children->items[i].cgroup.unit))
			take(ret, host_pool(host), &children->items[i]);
}

/* ---- why it is so ------------------------------------------------------------------------ */

const char *unit_restart_command(struct pool *pool, const char *name)
{
	return pool_printf(pool, "systemctl daemon-reload && systemctl restart %s",
			   unit_for_shell(pool, name));
}

uint64_t unit_most(struct host *host, const struct limit_row *row)
{
	struct rlimit limits[RLIM_NLIMITS];
	const struct file *comm = host_kernel(host, "/proc/1/comm");
	const struct file *file = host_kernel(host, "/proc/1/limits");

	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		limits[i] = (struct rlimit){ .rlim_max = LIMIT_UNLIMITED };
	if (comm->state == FILE_PRESENT && !strcmp(comm->bytes, "systemd\n") &&
	    file->state == FILE_PRESENT && process_first_is_bounded(host))
		process_parse_limits(file->bytes, file->size, limits);
	return limits[row->resource].rlim_max;
}

const char *unit_explain_running(const struct unit *unit, const struct process *process,
				 const struct unit_limit *limit, const struct limit_row *row)
{
	struct pool *pool = host_pool(unit->host);
	const struct rlimit *running = &process->limits[row->resource];
	uint64_t most = unit_most(unit->host, row);

	if (running->rlim_cur == limit->soft && running->rlim_max == limit->hard)
		return NULL;
	if (limit->hard > most && running->rlim_max == most &&
	    running->rlim_cur == (limit->soft < most ? limit->soft : most))
		return UNIT_HAS_NO_MORE;
	time_t written = limit->origin.file ? host_file(unit->host, limit->origin.file)->mtime : 0;
	if (limit->origin.file && written >= process->started)
		return pool_printf(pool, "it was %sstarted before %s was written%s: %s",
				   written == process->started ? "perhaps " : "",
				   limit->origin.file,
				   written == process->started ? ", in the same second" : "",
				   unit_restart_command(pool, process->cgroup.unit));
	if (running->rlim_max == limit->hard)
		return "it sets its own soft limit, which needs no privilege";
	if (limit->source == UNIT_LIMIT_DEFAULT)
		return "no file says it, and pid 1 hands down something else here (as in a "
		       "container)";
	return "it sets its own limits (a setting of the program), it was started before a "
	       "daemon-reload, or somebody changed them with prlimit";
}
