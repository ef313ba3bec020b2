// SPDX-License-Identifier: MIT
/* fs.nr_open is the ceiling of every hard nofile limit. Lowered below one that a line of
 * limits.conf asks for, logins end; below that of a unit, it is started with less or not at all;
 * below that of a process, it and its children cannot even set what they have. Looked at only when
 * it goes down. */
#include "guard.h"

#include "boot.h"
#include "conf-systemd.h"
#include "error.h"
#include "host.h"
#include "login.h"
#include "plan.h"
#include "pool.h"
#include "provider.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include <errno.h>

#define NR_OPEN "/proc/sys/fs/nr_open"

/* The highest hard nofile found, and whose it is. */
struct holder {
	struct pool *pool;
	uint64_t highest;
	const char *who;
};

static void hold(struct holder *holder, uint64_t number, const char *who)
{
	if (number <= holder->highest || number == LIMITS_INFINITY)
		return;
	holder->highest = number;
	holder->who = pool_printf(holder->pool, "the nofile %" PRIu64 " of %s", number, who);
}

/* ---- units ------------------------------------------------------------------------------- */

static bool ends(const char *name, const char *suffix)
{
	size_t size = strlen(name), tail = strlen(suffix);

	return size > tail && !strcmp(name + size - tail, suffix);
}

/* "4096", "1024:524288"; "infinity" follows fs.nr_open (systemd.exec(5)) and holds nothing. */
static uint64_t hard_of(const char *value)
{
	const char *colon = strchr(value, ':');
	uint64_t number = 0;

	return parse_decimal(colon ? colon + 1 : value, UINT64_MAX, &number) ? number : 0;
}

static void read_unit(struct host *host, const char *path, struct holder *holder)
{
	const struct file *file = host_file(host, path);
	struct systemd_conf conf;

	if (file->state != FILE_PRESENT || !memmem(file->bytes, file->size, "LimitNOFILE", 11))
		return;
	systemd_conf_parse(holder->pool, file->bytes, file->size, &conf);
	for (size_t i = 0; i < conf.count; i++)
		if (ends(conf.items[i].key, "LimitNOFILE") ||
		    !strcmp(conf.items[i].key, "LimitNOFILE"))
			hold(holder, hard_of(conf.items[i].value),
			     pool_printf(holder->pool, "%s:%u", path, conf.items[i].line));
}

/* DIRECTORY has units, and directories with their drop-ins. */
static void read_units(struct host *host, const char *path, int depth, struct holder *holder)
{
	static const char *const kinds[] = { ".service", ".socket", ".mount", ".swap", ".conf" };
	const struct directory *directory = host_directory(host, path);

	for (size_t i = 0; i < directory->count; i++) {
		const char *name = directory->names[i];
		const char *inside = pool_printf(holder->pool, "%s/%s", path, name);
		if (depth && ends(name, ".d"))
			read_units(host, inside, depth - 1, holder);
		for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
			if (ends(name, kinds[j]))
				read_unit(host, inside, holder);
	}
}

static void ask_units(struct host *host, struct holder *holder)
{
	/* A line that another one overrides counts all the same: too much is refused, not too
	 * little. */
	static const char *const directories[] = { "/etc/systemd",
						   "/etc/systemd/system",
						   "/run/systemd/system",
						   "/usr/local/lib/systemd/system",
						   "/usr/lib/systemd/system",
						   "/lib/systemd/system" };

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		read_units(host, directories[i], 1, holder);
}

/* ---- processes --------------------------------------------------------------------------- */

static void ask_processes(struct host *host, struct holder *holder)
{
	const struct directory *processes = host_directory(host, "/proc");

	for (size_t i = 0; i < processes->count && host_is_live(host); i++) {
		const char *pid = processes->names[i];
		struct login_inherited limits[RLIM_NLIMITS] = { 0 };
		uint64_t number;
		if (!parse_decimal(pid, INT32_MAX, &number))
			continue;
		const struct file *file =
			host_kernel(host, pool_printf(holder->pool, "/proc/%s/limits", pid));
		if (file->state != FILE_PRESENT)
			continue;
		login_parse_proc_limits(file->bytes, file->size, limits);
		hold(holder, limits[RLIMIT_NOFILE].hard,
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
		hold(&holder, number, pool_printf(holder.pool, "%s:%u", origin.file, origin.line));
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
