// SPDX-License-Identifier: MIT
/* From a unit's name to its files, see unit-find.h: unit_file_build_name_map(),
 * unit_file_find_fragment() and unit_file_find_dropin_paths() of systemd 252. Where systemd maps
 * every name that exists, only those that lead to one unit are looked at here. */
#include "unit-find.h"

#include "host.h"
#include "pool.h"
#include "text.h"
#include "unit-name.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOW_MAX 8 /* aliases of aliases */

/* systemd.unit(5), "Unit File Load Path". Debian up to 12 has /lib before /usr/lib, which are the
 * same directory on all but the oldest hosts. */
static const char *const directories[] = {
	"/etc/systemd/system.control", "/run/systemd/system.control",
	"/run/systemd/transient",      "/run/systemd/generator.early",
	"/etc/systemd/system",         "/etc/systemd/system.attached",
	"/run/systemd/system",         "/run/systemd/system.attached",
	"/run/systemd/generator",      "/usr/local/lib/systemd/system",
	"/lib/systemd/system",         "/usr/lib/systemd/system",
	"/run/systemd/generator.late", NULL,
};

const char *const *unit_directories(struct host *host)
{
	static const char key[] = "unit-directories";
	const char **kept = (const char **)(void *)(uintptr_t)host_recall(host, key);
	size_t count = 0;

	if (kept)
		return kept;
	kept = pool_alloc(host_pool(host), sizeof directories);
	for (size_t i = 0; directories[i]; i++) {
		/* What is said in /lib is shown as in /usr/lib, where it is. */
		if (!strcmp(directories[i], "/lib/systemd/system")) {
			const char *real = host_resolve(host, "/lib");
			if (!real || strcmp(real, "/lib") != 0)
				continue;
		}
		kept[count++] = directories[i];
	}
	host_remember(host, key, kept);
	return kept;
}

/* ---- links ------------------------------------------------------------------------------- */

/* PATH with the links of its directories followed, but not its own; where a directory does not
 * exist, as it is written from there on. */
static const char *simplified(struct host *host, const char *path)
{
	struct pool *pool = host_pool(host);
	const char *slash = strrchr(path, '/');

	while (slash > path) {
		const char *real =
			host_resolve(host, pool_copy(pool, path, (size_t)(slash - path)));
		if (real)
			return pool_printf(pool, "%s%s", strcmp(real, "/") ? real : "", slash);
		do
			slash--;
		while (slash > path && *slash != '/');
	}
	return path;
}

static bool lies_below(const char *path, const char *directory)
{
	size_t size = directory ? strlen(directory) : 0;

	return size && !strncmp(path, directory, size) && path[size] == '/';
}

static bool is_in_search_path(struct host *host, const char *path)
{
	for (size_t i = 0; directories[i]; i++)
		if (lies_below(path, directories[i]) ||
		    lies_below(path, host_resolve(host, directories[i])))
			return true;
	return false;
}

static bool may_alias(const char *suffix)
{
	return strcmp(suffix, ".mount") != 0 && strcmp(suffix, ".swap") != 0 &&
	       strcmp(suffix, ".automount") != 0 && strcmp(suffix, ".slice") != 0 &&
	       strcmp(suffix, ".scope") != 0;
}

/* unit_validate_alias_symlink_and_warn(): a link that breaks these rules is as if it was not there.
 */
static bool is_valid_alias(struct pool *pool, const char *name, const char *target)
{
	enum unit_name_form from = unit_name_form(name), to = unit_name_form(target);

	if (to == UNIT_NAME_INVALID || !may_alias(unit_name_suffix(name)) ||
	    strcmp(unit_name_suffix(name), unit_name_suffix(target)) != 0)
		return false;
	if (from != to)
		return from == UNIT_NAME_INSTANCE && to == UNIT_NAME_TEMPLATE;
	return from != UNIT_NAME_INSTANCE ||
	       !strcmp(unit_name_instance(pool, name), unit_name_instance(pool, target));
}

/* What the entry NAME of DIRECTORY stands for: its own path, the name it is an alias of, or NULL
 * where it counts for nothing. */
static const char *entry_of(struct host *host, const char *directory, const char *name)
{
	struct pool *pool = host_pool(host);
	const char *path = pool_printf(pool, "%s/%s", directory, name);
	const char *target = host_link(host, path);

	if (!target)
		return host_file(host, path)->state == FILE_ABSENT ? NULL : path;
	if (*target != '/')
		target = pool_printf(pool, "%s/%s", directory, target);
	target = simplified(host, target);
	if (!is_in_search_path(host, target))
		return path; /* a linked unit file, or a mask */
	const char *alias = base_name(target);
	return is_valid_alias(pool, name, alias) && strcmp(alias, name) != 0 ? alias : NULL;
}

/* The entry of NAME in the first directory that has one that counts; NULL: none. */
static const char *find_entry(struct host *host, const char *name)
{
	const char *key = pool_printf(host_pool(host), "unit-entry %s", name);
	const char *known = host_recall(host, key), *entry = NULL;
	const char *const *directory = unit_directories(host);

	if (known)
		return *known ? known : NULL;
	for (; *directory && !entry; directory++)
		entry = entry_of(host, *directory, name);
	host_remember(host, key, entry ? entry : "");
	return entry;
}

/* The unit file that NAME leads to; NULL: none. *RET_LOOP: the aliases never end. */
static const char *follow(struct host *host, const char *name, bool *ret_loop)
{
	const char *entry = find_entry(host, name);

	*ret_loop = false;
	for (int i = 0; entry && *entry != '/'; i++) {
		if (i == FOLLOW_MAX - 1) {
			*ret_loop = true;
			return NULL;
		}
		const char *next = find_entry(host, entry);
		const char *template = next ? NULL : unit_name_template(host_pool(host), entry);
		entry = template ? find_entry(host, template) : next;
	}
	return entry;
}

/* ---- names ------------------------------------------------------------------------------- */

static void add_name(struct pool *pool, struct unit *unit, const char *name)
{
	for (size_t i = 0; i < unit->name_count; i++)
		if (!strcmp(unit->names[i], name))
			return;
	unit->names = pool_extend(pool, (void *)unit->names, unit->name_count, sizeof *unit->names);
	unit->names[unit->name_count++] = name;
}

/* TEMPLATE with the INSTANCE of a unit, or a plain name as it is. */
static const char *instantiate(struct pool *pool, const char *template, const char *instance)
{
	const char *at = strchr(template, '@');

	if (!instance || unit_name_form(template) != UNIT_NAME_TEMPLATE)
		return template;
	return pool_printf(pool, "%.*s%s%s", (int)(at + 1 - template), template, instance,
			   strrchr(template, '.'));
}

/* All links of the search path that lead to the unit file. */
static void add_aliases(struct host *host, struct unit *unit)
{
	struct pool *pool = host_pool(host);
	const char *instance = unit_name_instance(pool, unit->id);
	const char *const *directory = unit_directories(host);
	const char *suffix = unit_name_suffix(unit->id);
	bool loop;

	for (; *directory; directory++) {
		const struct directory *listing = host_directory(host, *directory);
		for (size_t i = 0; i < listing->count; i++) {
			const char *name = listing->names[i];
			const char *end = unit_name_suffix(name);
			if (!end || strcmp(end, suffix) != 0 ||
			    unit_name_form(name) == UNIT_NAME_INVALID ||
			    !host_link(host, pool_printf(pool, "%s/%s", *directory, name)))
				continue;
			const char *file = follow(host, name, &loop);
			if (!file || strcmp(file, unit->fragment) != 0)
				continue;
			name = instantiate(pool, name, instance);
			const char *own = unit_name_instance(pool, name);
			if ((instance && own && strcmp(own, instance) != 0) || !own != !instance)
				continue;
			/* An instance of its own points elsewhere. */
			file = follow(host, name, &loop);
			if (!file || !strcmp(base_name(file), base_name(unit->fragment)))
				add_name(pool, unit, name);
		}
	}
}

void unit_find_fragment(struct host *host, struct unit *unit)
{
	struct pool *pool = host_pool(host);
	const char *template = unit_name_template(pool, unit->name);
	bool loop;

	unit->id = unit->name;
	unit->fragment = follow(host, unit->name, &loop);
	if (!unit->fragment && template && !loop)
		unit->fragment = follow(host, template, &loop);
	if (loop) {
		unit->state = UNIT_NOT_FOUND;
		unit->why = "its aliases lead from one to the other without end";
	}
	if (unit->fragment && unit_name_form(base_name(unit->fragment)) != UNIT_NAME_INVALID)
		unit->id = instantiate(pool, base_name(unit->fragment),
				       unit_name_instance(pool, unit->name));
	add_name(pool, unit, unit->id);
	add_name(pool, unit, unit->name);
	if (unit->fragment)
		add_aliases(host, unit);
}

/* ---- drop-ins ---------------------------------------------------------------------------- */

struct search {
	struct host *host;
	struct unit *unit;
	const char *directory;
};

/* DIRECTORY/NAME.d: the first of a name counts, whatever is in it. */
static void add_dropins(const struct search *search, const char *name)
{
	struct host *host = search->host;
	struct pool *pool = host_pool(host);
	struct unit *unit = search->unit;
	const char *path = pool_printf(pool, "%s/%s.d", search->directory, name);
	const struct directory *listing = host_directory(host, path);

	if (listing->state == FILE_UNREADABLE && listing->error != -ELOOP) {
		unit->state = UNIT_UNREADABLE;
		unit->origin = (struct origin){ .file = path };
		unit->why = strerror(-listing->error);
	}
	for (size_t i = 0; i < listing->count; i++) {
		const char *file = listing->names[i];
		size_t known = 0;
		if (!is_conf_name(file))
			continue;
		const char *full = pool_printf(pool, "%s/%s", path, file);
		if (!host_link(host, full) && host_file(host, full)->state == FILE_DIRECTORY)
			continue;
		while (known < unit->dropin_count &&
		       strcmp(base_name(unit->dropins[known]), file) != 0)
			known++;
		if (known == unit->dropin_count) {
			unit->dropins = pool_extend(pool, (void *)unit->dropins, known,
						    sizeof *unit->dropins);
			unit->dropins[unit->dropin_count++] = full;
		} else if (strcmp(unit->dropins[known], full) != 0) {
			unit->hidden = pool_extend(pool, unit->hidden, unit->hidden_count,
						   sizeof *unit->hidden);
			unit->hidden[unit->hidden_count++] =
				(struct unit_hidden){ full, unit->dropins[known] };
		}
	}
}

/* "foo-" of "foo-bar", "foo-bar" and "foo-bar-": what stands before the last dash that is not the
 * last character; NULL: none. */
static const char *shorter_prefix(struct pool *pool, const char *prefix)
{
	size_t size = strlen(prefix);

	if (size && prefix[size - 1] == '-')
		size--; /* no more than once */
	while (size && prefix[size - 1] != '-')
		size--;
	return size > 1 ? pool_copy(pool, prefix, size) : NULL;
}

/* From "a-b@c.service" through "a-b@.service", "a-.service" to "a-@c.service" and so on. */
static void add_dropins_of(const struct search *search, const char *name)
{
	struct pool *pool = host_pool(search->host);
	const char *template = unit_name_template(pool, name);
	const char *instance = unit_name_instance(pool, name);
	const char *prefix = shorter_prefix(pool, unit_name_prefix(pool, name));

	add_dropins(search, name);
	if (template)
		add_dropins_of(search, template);
	if (prefix)
		add_dropins_of(search, template ? pool_printf(pool, "%s@%s%s", prefix, instance,
							      unit_name_suffix(name))
						: pool_printf(pool, "%s%s", prefix,
							      unit_name_suffix(name)));
}

static int by_base_name(const void *a, const void *b)
{
	return strcmp(base_name(*(const char *const *)a), base_name(*(const char *const *)b));
}

void unit_find_dropins(struct host *host, struct unit *unit)
{
	const char *const *all = unit_directories(host);
	struct search search = { .host = host, .unit = unit };

	for (size_t i = 0; i < unit->name_count; i++) {
		for (size_t j = 0; all[j]; j++) {
			search.directory = all[j];
			add_dropins_of(&search, unit->names[i]);
		}
	}
	for (size_t j = 0; all[j]; j++) {
		search.directory = all[j];
		add_dropins(&search, unit_name_suffix(unit->id) + 1);
	}
	if (unit->dropin_count)
		qsort((void *)unit->dropins, unit->dropin_count, sizeof *unit->dropins,
		      by_base_name);
}
