// SPDX-License-Identifier: MIT
/* Gathers what is to say about one key, see explain.h. Judges nothing. */
#include "clock.h"
#include "explain.h"

#include "boot-owners.h"
#include "catalog.h"
#include "host.h"
#include "package.h"
#include "pool.h"
#include "provider-sysctl.h"
#include "suggest.h"

#include <string.h>

/* ---- files ------------------------------------------------------------------------------- */

const struct explained_file *explain_find_file(const struct explained_sysctl *explanation,
					       const char *path)
{
	for (size_t i = 0; i < explanation->file_count; i++)
		if (!strcmp(explanation->files[i].path, path))
			return &explanation->files[i];
	return NULL;
}

static const char *written(struct pool *pool, const struct file *file)
{
	return file->state == FILE_PRESENT ? clock_utc(pool, file->mtime) : NULL;
}

static void add_file(struct host *host, struct explained_sysctl *explanation, struct origin origin)
{
	struct pool *pool = host_pool(host);

	/* The kernel command line and the like have no owner. */
	if (!origin.file || !strncmp(origin.file, "/proc/", strlen("/proc/")) ||
	    explain_find_file(explanation, origin.file))
		return;
	explanation->files = pool_extend(pool, explanation->files, explanation->file_count,
					 sizeof *explanation->files);
	explanation->files[explanation->file_count++] =
		(struct explained_file){ .path = origin.file,
					 .package = package_owner(host, origin.file),
					 .written = written(pool, host_file(host, origin.file)) };
}

static void add_files(struct host *host, struct explained_sysctl *explanation,
		      const struct boot_value *value)
{
	add_file(host, explanation, value->boot.origin);
	for (size_t i = 0; i < value->shadowed_count; i++)
		add_file(host, explanation, value->shadowed[i].origin);
}

/* ---- the command that would change it ---------------------------------------------------- */

static bool wins(struct host *host, const struct engine_choice *engines, const char *key,
		 const char *file, struct value value)
{
	enum engine asked[] = { engines->engine, engines->other };

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct boot_value left;
		if (asked[i] == ENGINE_NONE)
			continue;
		boot_evaluate(host, asked[i], &key, 1, &left, NULL);
		if (left.boot.state != READING_PRESENT || !value_equals(left.boot.value, value) ||
		    !left.boot.origin.file || strcmp(left.boot.origin.file, file) != 0)
			return false;
	}
	return true;
}

/* Where a line at the end of a file would win under every installed engine: tried out on the
 * overlay, not guessed. */
static const char *find_command(struct host *host, const struct engine_choice *engines,
				const struct explained_sysctl *explanation)
{
	struct pool *pool = host_pool(host);
	const struct value probe = explanation->row ? explanation->row->safe_max : value_number(1);
	const char *winner = explanation->boot.boot.origin.file;
	const char *const candidates[] = { "/etc/sysctl.d/99-zz-local.conf", winner,
					   "/etc/sysctl.conf" };

	if (engines->engine == ENGINE_NONE || !value_is_ordered(probe) ||
	    (explanation->row && explanation->row->type == SYSCTL_PORTS))
		return NULL;
	for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
		const char *path = candidates[i];
		if (!path || strncmp(path, "/etc/", strlen("/etc/")) != 0)
			continue;
		const struct file *file = host_file(host, path);
		if (file->state != FILE_PRESENT && file->state != FILE_ABSENT)
			continue;
		const char *line =
			pool_printf(pool, "%.*s\n%s = %s\n", (int)file->size, file->bytes,
				    explanation->key, value_format(pool, probe));
		host_overlay(host, path, line, strlen(line));
		bool good = wins(host, engines, explanation->key, path, probe);
		host_overlay_drop(host, path);
		if (good)
			return pool_printf(pool, "echo '%s = VALUE' >>%s && sysctl -w '%s=VALUE'",
					   explanation->key, path, explanation->key);
	}
	return NULL;
}

/* ---- what runs and what boots ------------------------------------------------------------ */

static bool is_said_by_a_loser(const struct explained_sysctl *explanation)
{
	const struct value running = explanation->running.value;

	for (size_t i = 0; i < explanation->boot.shadowed_count; i++)
		if (value_equals(explanation->boot.shadowed[i].value, running))
			return true;
	for (enum engine engine = ENGINE_SYSTEMD; engine < ENGINE_COUNT; engine++) {
		const struct reading *left = &explanation->engines[engine].configured;
		if (left->state == READING_PRESENT && value_equals(left->value, running))
			return true;
	}
	return false;
}

/* Where a running value comes from that the next boot does not leave. */
static const char *source_of_running(const struct explained_sysctl *explanation)
{
	const struct value initial =
		explanation->row ? explanation->row->initial : (struct value){ 0 };

	if (is_said_by_a_loser(explanation))
		return " (a line says it that loses at boot)";
	if (initial.kind == VALUE_NONE)
		return "; nor is it what any file says: it is the kernel's default, or somebody "
		       "set it since the boot";
	if (value_equals(explanation->running.value, initial))
		return " (it is the kernel's default)";
	return "; the running value is not what any file says, nor the kernel's default: somebody "
	       "set it since the boot";
}

static void note_running(struct pool *pool, const struct explained_sysctl *explanation,
			 struct notes *notes)
{
	const struct reading *running = &explanation->running, *boot = &explanation->boot.boot;

	if (running->state == READING_PRESENT && boot->state == READING_PRESENT &&
	    !value_equals(running->value, boot->value))
		notes_add(notes, explanation->id, (struct origin){ 0 },
			  "the running value %s is not what the next boot leaves, %s%s",
			  value_format(pool, running->value), value_format(pool, boot->value),
			  source_of_running(explanation));
}

/* ---- the key ----------------------------------------------------------------------------- */

static const char *last_part(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot ? dot + 1 : key;
}

/* "tcp_keepalive_time" alone is a common way to ask. */
static const char *nearest_key(const char *key)
{
	const char *names[64], *tails[64];
	size_t count, used = 0;
	const struct sysctl_row *rows = catalog_sysctls(&count);

	for (size_t i = 0; i < count && used < sizeof names / sizeof *names; i++) {
		tails[used] = last_part(rows[i].key);
		names[used++] = rows[i].key;
	}
	const char *near = suggest_nearest(key, names, used);
	if (near)
		return near;
	const char *tail = suggest_nearest(last_part(key), tails, used);
	for (size_t i = 0; i < used && tail; i++)
		if (tails[i] == tail)
			return names[i];
	return NULL;
}

/* Of a name that no kernel has, and that the catalogue knows better. */
static bool is_no_key(struct host *host, const struct explained_sysctl *explanation)
{
	if (explanation->row)
		return false;
	if (host_is_live(host))
		return explanation->running.state == READING_ABSENT;
	return explanation->removed || explanation->nearest;
}

bool explain_sysctl(struct host *host, const struct engine_choice *engines, const char *name,
		    struct explained_sysctl *ret, struct notes *notes)
{
	struct pool *pool = host_pool(host);
	struct explained_sysctl explanation = { 0 };
	const char *missing;

	if (!strncmp(name, "sysctl:", strlen("sysctl:")))
		name += strlen("sysctl:");
	if (!strncmp(name, "/proc/sys/", strlen("/proc/sys/")))
		name += strlen("/proc/sys/");
	const char *path = sysctl_key_path(pool, name);
	if (!path) {
		explanation.nearest = nearest_key(name);
		explanation.key = explanation.id = pool_strdup(pool, name);
		*ret = explanation;
		return false;
	}
	explanation.key = sysctl_key_dotted(pool, path);
	explanation.id = pool_printf(pool, "sysctl:%s", explanation.key);
	explanation.row = catalog_sysctl(explanation.key);
	explanation.running = sysctl_running(host, explanation.key, &missing);
	boot_evaluate(host, engines->engine, &explanation.key, 1, &explanation.boot, notes);
	add_files(host, &explanation, &explanation.boot);
	for (enum engine engine = ENGINE_SYSTEMD; engine < ENGINE_COUNT; engine++) {
		boot_evaluate(host, engine, &explanation.key, 1, &explanation.engines[engine],
			      NULL);
		add_files(host, &explanation, &explanation.engines[engine]);
	}
	explanation.removed = catalog_removed_sysctl(explanation.key);
	/* What a replaced key is called now stands in `removed`. */
	if (!explanation.row && !explanation.removed &&
	    explanation.running.state != READING_PRESENT &&
	    explanation.running.state != READING_UNREADABLE)
		explanation.nearest = nearest_key(explanation.key);
	if (!is_no_key(host, &explanation))
		explanation.command = find_command(host, engines, &explanation);
	note_running(pool, &explanation, notes);
	boot_note_owners(host, &explanation.boot, 1, notes);
	*ret = explanation;
	return true;
}
