// SPDX-License-Identifier: MIT
/* What a unit's files say, see unit.h and systemd.unit(5), systemd.exec(5). */
#include "unit.h"

#include "conf-systemd.h"
#include "host.h"
#include "pool.h"
#include "unit-find.h"
#include "unit-name.h"

#include <string.h>

const char *unit_state_name(enum unit_state state)
{
	static const char *const names[] = {
		[UNIT_LOADED] = "loaded",         [UNIT_MASKED] = "masked",
		[UNIT_NOT_FOUND] = "not found",   [UNIT_BROKEN] = "broken",
		[UNIT_UNREADABLE] = "unreadable",
	};

	return names[state];
}

#define RESOLVED_MAX 4096 /* of a value with its specifiers: names and paths are shorter */

/* ---- lines ------------------------------------------------------------------------------- */

const char *unit_section(const char *name)
{
	static const struct {
		const char *suffix, *section;
	} kinds[] = { { ".service", "Service" },
		      { ".socket", "Socket" },
		      { ".mount", "Mount" },
		      { ".swap", "Swap" } };

	const char *suffix = unit_name_suffix(name);

	for (size_t i = 0; suffix && i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(suffix, kinds[i].suffix))
			return kinds[i].section;
	return NULL;
}

static void refuse(struct unit *unit, enum unit_state state, const char *file, unsigned line,
		   const char *why)
{
	unit->state = state;
	unit->origin = (struct origin){ file, line };
	unit->why = why;
}

/* The lines of FILE; false when systemd gives up on it. */
static bool add_lines(struct unit *unit, const struct file *file, unsigned *ret_line,
		      const char **ret_why)
{
	struct pool *pool = host_pool(unit->host);
	struct systemd_conf conf;

	systemd_conf_parse(pool, file->bytes, file->size, &conf);
	for (size_t i = 0; i < conf.count && unit->section; i++) {
		const struct systemd_assignment *item = &conf.items[i];
		if (strcmp(item->section, unit->section) != 0)
			continue;
		unit->lines = pool_extend(pool, unit->lines, unit->line_count, sizeof *unit->lines);
		unit->lines[unit->line_count++] =
			(struct unit_line){ { file->path, item->line }, item->key, item->value };
	}
	*ret_line = conf.stop_line;
	*ret_why = conf.stop_why;
	return !conf.stop_line;
}

static void read_fragment(struct unit *unit)
{
	const struct file *file = host_file(unit->host, unit->fragment);
	unsigned line;
	const char *why;

	switch (file->state) {
	case FILE_PRESENT:
		if (!file->size)
			refuse(unit, UNIT_MASKED, file->path, 0, "its unit file is empty");
		else if (!add_lines(unit, file, &line, &why))
			refuse(unit, UNIT_BROKEN, file->path, line, why);
		break;
	case FILE_NULL:
		refuse(unit, UNIT_MASKED, file->path, 0, "its unit file is a link to /dev/null");
		break;
	case FILE_ABSENT:
	case FILE_DANGLING:
		refuse(unit, UNIT_NOT_FOUND, file->path, 0, "this link leads nowhere");
		break;
	case FILE_DIRECTORY:
		refuse(unit, UNIT_BROKEN, file->path, 0, "this is a directory");
		break;
	case FILE_UNREADABLE:
		refuse(unit, UNIT_UNREADABLE, file->path, 0, strerror(-file->error));
		break;
	}
}

/* A drop-in that systemd cannot read to its end still counts as far as it was read. */
static void read_dropins(struct unit *unit)
{
	unsigned line;
	const char *why;

	for (size_t i = 0; i < unit->dropin_count; i++) {
		const struct file *file = host_file(unit->host, unit->dropins[i]);
		if (file->state == FILE_PRESENT)
			add_lines(unit, file, &line, &why);
		else if (file->state == FILE_UNREADABLE)
			refuse(unit, UNIT_UNREADABLE, file->path, 0, strerror(-file->error));
	}
}

/* Why there is no file: a script of init has a unit only while systemd runs. */
static const char *why_not_found(const struct unit *unit)
{
	struct pool *pool = host_pool(unit->host);
	const char *script = pool_printf(pool, "/etc/init.d/%s", unit_name_prefix(pool, unit->id));

	if (strcmp(unit_name_suffix(unit->id), ".service") != 0 ||
	    host_file(unit->host, script)->state != FILE_PRESENT)
		return "no directory of units has such a file";
	return pool_printf(pool,
			   "no directory of units has such a file; systemd-sysv-generator "
			   "makes a unit of %s at boot, with the default limits",
			   script);
}

static void load_dropins(struct unit *unit)
{
	if (unit->state != UNIT_LOADED)
		return;
	unit_find_dropins(unit->host, unit);
	read_dropins(unit);
}

/* UNIT, whose name is valid. */
static void load(struct unit *unit)
{
	unit_find_fragment(unit->host, unit);
	unit->section = unit_section(unit->id);
	if (unit->state == UNIT_LOADED && !unit->fragment)
		refuse(unit, UNIT_NOT_FOUND, NULL, 0, why_not_found(unit));
	if (unit->fragment)
		read_fragment(unit);
	load_dropins(unit);
}

static struct unit named(struct host *host, const char *name)
{
	struct pool *pool = host_pool(host);
	struct unit unit = { .host = host, .name = pool_strdup(pool, name) };

	if (!unit_name_suffix(name))
		unit.name = pool_printf(pool, "%s.service", name);
	unit.id = unit.name;
	return unit;
}

void unit_load(struct host *host, const char *name, struct unit *ret)
{
	*ret = named(host, name);
	switch (unit_name_form(ret->name)) {
	case UNIT_NAME_PLAIN:
	case UNIT_NAME_INSTANCE:
		load(ret);
		break;
	case UNIT_NAME_TEMPLATE:
		refuse(ret, UNIT_BROKEN, NULL, 0, "a template: name an instance of it");
		break;
	case UNIT_NAME_INVALID:
		refuse(ret, UNIT_BROKEN, NULL, 0, "this is no name of a unit");
		break;
	}
}

void unit_load_group(struct host *host, const char *name, struct unit *ret)
{
	if (!strcmp(name, UNIT_ALL_SERVICES)) {
		*ret = named(host, name);
		ret->section = unit_section(name);
		load_dropins(ret);
	} else if (unit_name_form(name) == UNIT_NAME_TEMPLATE) {
		*ret = named(host, name);
		load(ret);
	} else {
		unit_load(host, name, ret);
	}
}

const struct unit_line *unit_setting(const struct unit *unit, const char *key)
{
	for (size_t i = unit->line_count; i-- > 0;)
		if (!strcmp(unit->lines[i].key, key))
			return *unit->lines[i].value ? &unit->lines[i] : NULL;
	return NULL;
}

/* systemd.unit(5), "Specifiers": those that the name answers. */
static const char *specifier(const struct unit *unit, char letter)
{
	struct pool *pool = host_pool(unit->host);
	const char *instance = unit_name_instance(pool, unit->id);
	const char *prefix = unit_name_prefix(pool, unit->id);

	switch (letter) {
	case '%':
		return "%";
	case 'n':
		return unit->id;
	case 'N':
		return pool_copy(pool, unit->id, (size_t)(unit_name_suffix(unit->id) - unit->id));
	case 'p':
		return prefix;
	case 'P':
		return unit_name_unescape(pool, prefix, true);
	case 'i':
		return instance ? instance : "";
	case 'I':
		return instance ? unit_name_unescape(pool, instance, true) : "";
	default:
		return NULL;
	}
}

const char *unit_resolve(const struct unit *unit, const char *value)
{
	char text[RESOLVED_MAX];
	size_t size = 0;

	for (;;) {
		size_t plain = strcspn(value, "%");
		const char *meant = value[plain] ? specifier(unit, value[plain + 1]) : "";
		if (!meant || plain >= sizeof text - size ||
		    strlen(meant) >= sizeof text - size - plain)
			return NULL;
		memcpy(text + size, value, plain);
		memcpy(text + size + plain, meant, strlen(meant));
		size += plain + strlen(meant);
		value += plain;
		if (!*value)
			return pool_copy(host_pool(unit->host), text, size);
		value += 2;
	}
}
