// SPDX-License-Identifier: MIT
/* The drop-ins for systemd: one for each unit, one for what all services start from. Finds the
 * lines that make the next start get what is wanted by looking at the unit as it would be with
 * them. Refuses what the kernel would not grant. Writes nothing: the plan gets the bytes. */
#include "provider-unit.h"

#include "catalog.h"
#include "conf-systemd.h"
#include "dropin.h"
#include "error.h"
#include "host.h"
#include "plan.h"
#include "pool.h"
#include "provider-limits.h"
#include "unit-main.h"
#include "unit-name.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define UNITS "/etc/systemd/system/"
#define EVERY UNITS "service.d/"
#define MANAGER "/etc/systemd/system.conf.d/zz-keeltune.conf"
/* Drop-ins act in the order of their names, wherever they lie: behind override.conf, which
 * `systemctl edit` writes, and that of a template before that of an instance. */
#define FILE_NAME "zz-keeltune.conf"
#define TEMPLATE_FILE_NAME "zz-keeltune-template.conf"

/* The line of one item. */
struct line {
	const struct limit_row *row;
	const struct setting *first;       /* of the two, as the profile has them */
	const struct setting *soft, *hard; /* NULL: not named */
	bool had, active;
	uint64_t values[2]; /* soft, hard */
};

/* A drop-in. */
struct dropin {
	struct host *host;
	struct pool *pool;
	const struct query *query;
	struct plan *plan;
	const char *name; /* of the unit, as the profile has it */
	const char *path;
	const char *section, *prefix; /* "Service" and "Limit" */
	struct file before;           /* the overlay will move */
	struct line *lines;
	size_t count;
	size_t found; /* assignments that the file has now */
	bool stale;   /* it says something that is not among `lines` */
};

/* ---- where ------------------------------------------------------------------------------- */

static const char *path_for(const struct unit *unit)
{
	if (!strcmp(unit->id, UNIT_ALL_SERVICES))
		return MANAGER;
	return unit_dropin_path(unit, unit_name_form(unit->id) == UNIT_NAME_TEMPLATE
					      ? TEMPLATE_FILE_NAME
					      : FILE_NAME);
}

/* Such a unit file is gone with the next boot, and what made it will make it anew. */
static bool is_passing(const struct unit *unit)
{
	static const char *const directories[] = { "/run/systemd/transient/",
						   "/run/systemd/system/",
						   "/run/systemd/system.attached/" };

	for (size_t i = 0; unit->fragment && i < sizeof directories / sizeof *directories; i++)
		if (!strncmp(unit->fragment, directories[i], strlen(directories[i])))
			return true;
	return false;
}

const char *unit_follow_up(struct pool *pool, const char *path)
{
	if (!strcmp(path, MANAGER) || !strncmp(path, EVERY, strlen(EVERY)))
		return "takes effect after systemctl daemon-reload, for each service with its next "
		       "start: systemctl daemon-reload && systemctl restart NAME";
	if (strncmp(path, UNITS, strlen(UNITS)) != 0)
		return NULL;
	const char *name = path + strlen(UNITS), *end = strstr(name, ".d/");
	if (!end)
		return NULL;
	name = pool_copy(pool, name, (size_t)(end - name));
	return pool_printf(pool, "takes effect after: %s",
			   unit_restart_command(pool, unit_instances(pool, name)));
}

/* ---- bytes ------------------------------------------------------------------------------- */

/* Why a line is there: of both sides, when they come from different sections. */
static const char *comment(struct pool *pool, const struct line *line)
{
	const char *text = pool_printf(pool, "# %s\n", dropin_comment(pool, line->first));

	if (!line->soft || !line->hard)
		return text;
	const struct setting *second = line->first == line->soft ? line->hard : line->soft;
	const char *other = pool_printf(pool, "# %s\n", dropin_comment(pool, second));
	return strcmp(text, other) ? pool_printf(pool, "%s%s", text, other) : text;
}

/* NULL: no line is needed. */
static const char *compose(const struct dropin *dropin)
{
	struct pool *pool = dropin->pool;
	const char *text = NULL;

	for (size_t i = 0; i < dropin->count; i++) {
		const struct line *line = &dropin->lines[i];
		if (!line->active)
			continue;
		if (!text)
			text = pool_printf(pool, "%s\n[%s]\n", dropin_header, dropin->section);
		text = pool_printf(pool, "%s\n%s%s%s=%s\n", text, comment(pool, line),
				   dropin->prefix, systemd_limit_name(line->row->resource),
				   unit_limit_format(pool, line->values[0], line->values[1]));
	}
	return text;
}

/* The unit with the lines that are active. */
static void look(const struct dropin *dropin, struct unit *ret)
{
	const char *text = compose(dropin);

	host_overlay(dropin->host, dropin->path, text, text ? strlen(text) : 0);
	unit_load_group(dropin->host, dropin->name, ret);
}

/* What the file says now. */
static void read_before(struct dropin *dropin)
{
	size_t prefix = strlen(dropin->prefix);
	struct systemd_conf conf;

	systemd_conf_parse(dropin->pool, dropin->before.bytes, dropin->before.size, &conf);
	dropin->found = conf.count;
	for (size_t i = 0; i < conf.count; i++) {
		const struct systemd_assignment *item = &conf.items[i];
		bool known = false;
		for (size_t j = 0; j < dropin->count; j++) {
			struct line *line = &dropin->lines[j];
			if (strcmp(item->section, dropin->section) != 0 ||
			    strncmp(item->key, dropin->prefix, prefix) != 0 ||
			    systemd_limit_resource(item->key + prefix) != line->row->resource ||
			    systemd_limit_parse(line->row->resource, item->value, &line->values[0],
						&line->values[1]))
				continue;
			known = line->had = line->active = true;
		}
		dropin->stale |= !known;
	}
}

/* ---- guard ------------------------------------------------------------------------------- */

static int check_line(const struct dropin *dropin, const struct line *line, struct error *err)
{
	struct limits_ceiling ceiling = limits_find_ceiling(dropin->host, dropin->query);
	uint64_t lowest = ceiling.now < ceiling.boot ? ceiling.now : ceiling.boot;
	const struct setting *setting = line->hard ? line->hard : line->first;

	if (line->row->resource != RLIMIT_NOFILE || line->values[1] <= lowest)
		return 0;
	return error_set(err, -EINVAL,
			 "%s:%u: %s: nofile %" PRIu64 " is above fs.nr_open, which is %" PRIu64
			 " now and %" PRIu64
			 " after a boot: the kernel refuses such a limit; raise "
			 "fs.nr_open first (sysctl \"fs.nr_open\")",
			 setting->origin.file, setting->origin.line, setting->id, line->values[1],
			 ceiling.now, ceiling.boot);
}

/* ---- trying ------------------------------------------------------------------------------ */

static bool accepts(const struct dropin *dropin, const struct unit *unit,
		    const struct setting *setting, struct reading *ret)
{
	if (!setting)
		return true;
	*ret = unit_boot_reading(unit, dropin->query, setting);
	return ret->state == READING_PRESENT && setting_accepts(setting, ret->value);
}

static bool is_satisfied(const struct dropin *dropin, const struct unit *unit,
			 const struct line *line, struct reading *ret)
{
	return unit->state == UNIT_LOADED && accepts(dropin, unit, line->soft, ret) &&
	       accepts(dropin, unit, line->hard, ret);
}

static void obstacle(const struct dropin *dropin, const struct line *line, struct origin origin,
		     const char *why)
{
	notes_add(&dropin->plan->notes, line->first->id, origin, "nothing is written for it: %s",
		  why);
}

/* Values of LINE for a unit that has NOW: what is accepted or not named stays. False: they do not
 * go together. */
static bool choose_values(const struct dropin *dropin, struct line *line,
			  const struct unit_start *now)
{
	uint64_t soft = now->files.soft, hard = now->files.hard;
	bool keep_soft = !line->soft || setting_accepts(line->soft, value_limit(soft));
	bool keep_hard = !line->hard || setting_accepts(line->hard, value_limit(hard));

	if (!keep_soft)
		soft = value_to_limit(line->soft->want);
	if (!keep_hard)
		hard = value_to_limit(line->hard->want);
	if (soft > hard && line->hard && value_to_limit(line->hard->want) >= soft)
		hard = value_to_limit(line->hard->want);
	if (soft > hard && keep_soft) /* it cannot stay above a hard one that goes down */
		soft = line->soft ? value_to_limit(line->soft->want) : hard;
	line->values[0] = soft;
	line->values[1] = hard;
	if (now->unknown && now->files.source == UNIT_LIMIT_DEFAULT &&
	    (!line->soft || !line->hard)) {
		obstacle(dropin, line, now->files.origin,
			 pool_printf(dropin->pool, "%s: name soft and hard", now->unknown));
		return false;
	}
	if (soft <= hard)
		return true;
	obstacle(dropin, line, now->files.origin,
		 pool_printf(dropin->pool,
			     "soft %" PRIu64 " is above the hard limit %" PRIu64
			     ", which the profile does not %s",
			     soft, hard, line->hard ? "raise so far" : "name"));
	return false;
}

static void report_winner(const struct dropin *dropin, const struct line *line,
			  const struct reading *reading)
{
	struct pool *pool = dropin->pool;

	if (reading->state != READING_PRESENT)
		obstacle(dropin, line, reading->origin,
			 pool_printf(pool, "what its next start gets cannot be told (%s)",
				     reading->why));
	else
		obstacle(dropin, line, reading->origin,
			 pool_printf(pool,
				     "with a line in %s the next start would still get %s (%s)",
				     dropin->path, value_format(pool, reading->value),
				     reading->why ? reading->why : "that line wins"));
}

/* Makes LINE active if it helps, and only then. */
static int try_line(struct dropin *dropin, struct line *line, struct error *err)
{
	const struct line was = *line;
	struct reading reading = { .state = READING_ABSENT };
	struct unit_start now;
	struct unit unit;

	look(dropin, &unit);
	if (is_satisfied(dropin, &unit, line, &reading))
		return line->active ? check_line(dropin, line, err) : 0;
	unit_start(&unit, dropin->query, line->row, &now);
	if (!choose_values(dropin, line, &now)) {
		*line = was;
		return 0;
	}
	line->active = true;
	int rc = check_line(dropin, line, err);
	if (rc)
		return rc;
	look(dropin, &unit);
	if (is_satisfied(dropin, &unit, line, &reading))
		return 0;
	report_winner(dropin, line, &reading);
	*line = was;
	return 0;
}

/* ---- one drop-in ------------------------------------------------------------------------- */

static bool is_unchanged(const struct dropin *dropin, const struct line *before)
{
	size_t active = 0;

	for (size_t i = 0; i < dropin->count; i++) {
		const struct line *line = &dropin->lines[i];
		active += line->active;
		if (line->active != before[i].had ||
		    (line->active && (line->values[0] != before[i].values[0] ||
				      line->values[1] != before[i].values[1])))
			return false;
	}
	return !dropin->stale && active == dropin->found;
}

static void put_id(const struct dropin *dropin, const struct setting *setting, const char *text)
{
	if (setting)
		plan_put_file(dropin->plan, dropin->host, setting->id, dropin->path, text,
			      text ? strlen(text) : 0);
}

static void put_result(const struct dropin *dropin, const struct line *before)
{
	const char *text = compose(dropin);
	const struct file *file = &dropin->before;

	bool exists = file->state == FILE_PRESENT;

	if (text ? exists && is_unchanged(dropin, before)
		 : !exists) { /* what was tried is undone */
		host_overlay(dropin->host, dropin->path, exists ? file->bytes : NULL, file->size);
		return;
	}
	for (size_t i = 0; i < dropin->count; i++) {
		if (!dropin->lines[i].active && !before[i].had)
			continue;
		put_id(dropin, dropin->lines[i].soft, text);
		put_id(dropin, dropin->lines[i].hard, text);
	}
	plan_put_file(dropin->plan, dropin->host, NULL, dropin->path, text,
		      text ? strlen(text) : 0);
}

static int propose_dropin(struct dropin *dropin, struct error *err)
{
	struct line *before = pool_alloc(dropin->pool, dropin->count * sizeof *before);
	int rc = 0;

	dropin->before = *host_file(dropin->host, dropin->path);
	if (dropin->before.state != FILE_PRESENT && dropin->before.state != FILE_ABSENT) {
		obstacle(dropin, &dropin->lines[0], (struct origin){ .file = dropin->path },
			 "it is there, but is not a readable regular file");
		return 0;
	}
	read_before(dropin);
	memcpy(before, dropin->lines, dropin->count * sizeof *before);
	for (size_t i = 0; i < dropin->count && !rc; i++)
		rc = try_line(dropin, &dropin->lines[i], err);
	if (!rc)
		put_result(dropin, before);
	return rc;
}

/* ---- all of them ------------------------------------------------------------------------- */

static void add_setting(struct dropin *dropin, const struct setting *setting)
{
	const struct limit_row *row = catalog_limit(setting->item);
	size_t at = 0;

	while (at < dropin->count && dropin->lines[at].row != row)
		at++;
	if (at == dropin->count) {
		dropin->lines = pool_extend(dropin->pool, dropin->lines, dropin->count++,
					    sizeof *dropin->lines);
		dropin->lines[at] = (struct line){ .row = row, .first = setting };
	}
	if (setting->side == SIDE_SOFT)
		dropin->lines[at].soft = setting;
	else
		dropin->lines[at].hard = setting;
}

/* The drop-in for UNIT, of which FINDING is; NULL: there can be none. */
static struct dropin *find_dropin(struct dropin **dropins, size_t *count, const struct unit *unit,
				  const struct finding *finding, struct plan *plan)
{
	struct pool *pool = host_pool(unit->host);
	const char *path = path_for(unit);
	bool manager = !strcmp(path, MANAGER);

	if (is_passing(unit)) {
		if (finding->verdict == VERDICT_DIFFERS)
			notes_add(&plan->notes, finding->setting->id,
				  (struct origin){ .file = unit->fragment },
				  "nothing is written for it: this unit file does not outlive the "
				  "boot; set Limit%s= where it is made",
				  systemd_limit_name(
					  catalog_limit(finding->setting->item)->resource));
		return NULL;
	}
	for (size_t i = 0; i < *count; i++)
		if (!strcmp((*dropins)[i].path, path))
			return &(*dropins)[i];
	*dropins = pool_extend(pool, *dropins, *count, sizeof **dropins);
	(*dropins)[*count] = (struct dropin){ .host = unit->host,
					      .pool = pool,
					      .plan = plan,
					      .name = finding->setting->name,
					      .path = path,
					      .section = manager ? "Manager" : unit->section,
					      .prefix = manager ? "DefaultLimit" : "Limit" };
	return &(*dropins)[(*count)++];
}

int unit_propose(struct host *host, const struct query *query, const struct finding *findings,
		 size_t count, struct plan *plan, struct error *err)
{
	struct dropin *dropins = NULL;
	size_t dropin_count = 0;
	struct unit unit;
	int rc = 0;

	for (size_t i = 0; query->persistent && i < count; i++) {
		const struct finding *finding = &findings[i];
		if (finding->verdict != VERDICT_OK && finding->verdict != VERDICT_DIFFERS)
			continue;
		unit_load_group(host, finding->setting->name, &unit);
		struct dropin *dropin = find_dropin(&dropins, &dropin_count, &unit, finding, plan);
		if (dropin)
			add_setting(dropin, finding->setting);
	}
	for (size_t i = 0; i < dropin_count && !rc; i++) {
		dropins[i].query = query;
		rc = propose_dropin(&dropins[i], err);
	}
	return rc;
}
