// SPDX-License-Identifier: MIT
/* Limits of systemd units: what the next start of a unit gives its main process, and what the one
 * that runs has. The files are read by unit.c; systemd is not asked. Reads only. */
#include "provider-unit.h"

#include "catalog.h"
#include "conf-systemd.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "provider-limits.h"
#include "unit-find.h"
#include "unit-main.h"
#include "unit-name.h"

#include <errno.h>
#include <string.h>

/* ---- check ------------------------------------------------------------------------------- */

static int check_name(struct pool *pool, struct setting *setting, struct error *err)
{
	const char *name = setting->name;

	if (!unit_name_suffix(name))
		name = pool_printf(pool, "%s.service", name);
	if (strcmp(setting->name, UNIT_ALL_SERVICES) != 0 &&
	    unit_name_form(name) == UNIT_NAME_INVALID)
		return error_set(err, -EINVAL,
				 "\"%.255s\" is no unit: allowed are a name (\"nginx.service\"), a "
				 "template (\"getty@.service\"), an instance and \"*.service\"",
				 setting->name);
	if (!unit_section(name))
		return error_set(err, -EINVAL,
				 "%.255s: units of this type run nothing and have no limits; "
				 "allowed are .service, .socket, .mount and .swap",
				 name);
	setting->name = name;
	return 0;
}

/* What a line of systemd can say and the kernel hold, in the kernel's unit. */
static struct value most_of(const struct limit_row *row)
{
	switch (row->resource) {
	case RLIMIT_NICE: /* 20 minus the nice value */
		return value_number(40);
	case RLIMIT_RTPRIO:
		return value_number(99);
	case RLIMIT_NOFILE: /* at most fs.nr_open, which takes no more: fs/file.c */
		return value_number(2147483584);
	default:
		return value_number(UINT64_MAX - 1);
	}
}

static int check_value(struct pool *pool, const struct limit_row *row, const char *what,
		       struct value *value, struct error *err)
{
	struct value most = most_of(row);
	bool unlimited = row->resource != RLIMIT_NICE && row->resource != RLIMIT_NOFILE;

	if (unlimited && value->kind == VALUE_TEXT && !strcmp(value->text, "infinity"))
		*value = value_unlimited();
	if (value->kind == VALUE_NONE || (unlimited && value->kind == VALUE_UNLIMITED))
		return 0;
	if (value->kind == VALUE_NUMBER && !value->negative && value_compare(*value, most) <= 0)
		return 0;
	return error_set(err, -EINVAL, "%s = %.64s: item %s of a unit takes 0 to %s%s%s%s%s", what,
			 value_format(pool, *value), row->item, value_format(pool, most),
			 unlimited ? " or unlimited" : "", *row->kernel_unit ? " (" : "",
			 row->kernel_unit, *row->kernel_unit ? ")" : "");
}

static int check(struct pool *pool, struct setting *setting, struct error *err)
{
	int rc = check_name(pool, setting, err);

	if (!rc)
		rc = limits_check_item(pool, setting->item, err);
	if (rc)
		return rc;
	if (setting->runtime_only)
		return error_set(err, -EINVAL,
				 "scope \"runtime\": a unit has its limits from its start on, "
				 "which apply leaves to you");
	const struct limit_row *row = catalog_limit(setting->item);
	rc = check_value(pool, row, setting->side == SIDE_SOFT ? "soft" : "hard", &setting->want,
			 err);
	if (!rc)
		rc = check_value(pool, row, "at_least", &setting->at_least, err);
	if (!rc)
		rc = check_value(pool, row, "at_most", &setting->at_most, err);
	setting->min = setting->at_least;
	setting->max = setting->at_most;
	return rc;
}

/* ---- readings ---------------------------------------------------------------------------- */

static struct reading reading_of(const struct login_value *value)
{
	return (struct reading){ .state = READING_PRESENT,
				 .value = value_limit(value->number),
				 .origin = value->origin,
				 .why = value->why };
}

/* What could not be told of it counts as nothing said, unless a file could not be read. */
static struct reading start_reading(const struct unit_start *start, enum side side)
{
	struct reading reading =
		reading_of(side == SIDE_SOFT ? &start->gets.soft : &start->gets.hard);

	if (start->fails) {
		reading.value = value_text("no start");
		reading.origin = start->origin;
		reading.why = start->fails;
	} else if (start->unknown) {
		reading.state = start->origin.file ? READING_UNREADABLE : READING_ABSENT;
		reading.origin = start->origin;
		reading.why = start->unknown;
	}
	return reading;
}

struct reading unit_boot_reading(const struct unit *unit, const struct query *query,
				 const struct setting *setting)
{
	struct unit_start start;

	unit_start(unit, query, catalog_limit(setting->item), &start);
	return start_reading(&start, setting->side);
}

static struct reading configured_reading(const struct unit_start *start, enum side side)
{
	struct reading reading = { .state = READING_ABSENT, .why = "no file says it" };

	if (start->files.source == UNIT_LIMIT_DEFAULT)
		return reading;
	return (struct reading){ .state = READING_PRESENT,
				 .value = value_limit(side == SIDE_SOFT ? start->files.soft
									: start->files.hard),
				 .origin = start->files.origin };
}

/* Lines that lose, with what they say about the side. */
static void add_shadows(struct pool *pool, const struct unit_limit *limit,
			const struct setting *setting, struct observed *ret)
{
	int resource = catalog_limit(setting->item)->resource;

	ret->shadowed = pool_alloc(pool, limit->shadowed_count * sizeof *ret->shadowed);
	ret->shadowed_count = limit->shadowed_count;
	for (size_t i = 0; i < limit->shadowed_count; i++) {
		uint64_t soft, hard;
		ret->shadowed[i] = limit->shadowed[i];
		if (!systemd_limit_parse(resource, limit->shadowed[i].value.text, &soft, &hard))
			ret->shadowed[i].value =
				value_limit(setting->side == SIDE_SOFT ? soft : hard);
	}
}

/* ---- what runs --------------------------------------------------------------------------- */

/* A unit that the profile names, looked at once for all its settings. */
struct subject {
	const struct setting *const *settings; /* of the profile: all units */
	size_t setting_count;
	const char *name;
	struct unit unit;
	struct unit_running running;
};

static struct reading process_reading(const struct subject *subject, const struct query *query,
				      const struct setting *setting, const struct process *process)
{
	const struct limit_row *row = catalog_limit(setting->item);
	struct pool *pool = host_pool(subject->unit.host);
	const struct rlimit *has = &process->limits[row->resource];
	const char *who = pool_printf(pool, "process %d, %s", process->pid, process->comm);
	struct unit unit = subject->unit;
	struct unit_start start;

	if (strcmp(process->cgroup.unit, unit.id) != 0) { /* an instance, with files of its own */
		unit_load(unit.host, process->cgroup.unit, &unit);
		who = pool_printf(pool, "%s of %s", who, process->cgroup.unit);
	}
	unit_start(&unit, query, row, &start);
	const char *why = unit_explain_running(&unit, process, &start.files, row);
	return (struct reading){
		.state = READING_PRESENT,
		.value = value_limit(setting->side == SIDE_SOFT ? has->rlim_cur : has->rlim_max),
		.why = why ? pool_printf(pool, "%s: %s", who, why) : who,
	};
}

/* Does the profile say of the unit NAME itself what SETTING says of its template? */
static bool is_named(const struct subject *subject, const struct setting *setting, const char *name)
{
	for (size_t i = 0; i < subject->setting_count; i++)
		if (subject->settings[i] != setting && !strcmp(subject->settings[i]->name, name) &&
		    !strcmp(subject->settings[i]->item, setting->item) &&
		    subject->settings[i]->side == setting->side)
			return true;
	return false;
}

/* Of the instances of a template one that the profile does not accept speaks for all. */
static struct reading running_reading(const struct subject *subject, const struct query *query,
				      const struct setting *setting)
{
	struct reading reading = { .state = READING_NOT_APPLICABLE, .why = "it does not run" };

	if (subject->running.hidden)
		return (struct reading){ .state = READING_UNREADABLE,
					 .why = "/proc does not show this user what root runs" };
	for (size_t i = 0; i < subject->running.count; i++) {
		const struct process *process = subject->running.items[i];
		if (is_named(subject, setting, process->cgroup.unit))
			continue;
		reading = process_reading(subject, query, setting, process);
		if (!setting_accepts(setting, reading.value))
			break;
	}
	return reading;
}

/* ---- instances --------------------------------------------------------------------------- */

/* NAME may be an alias, by which the instance has drop-ins. */
static void add_instance(const struct subject *subject, const struct query *query,
			 const struct setting *setting, const char *name,
			 const struct reading *common, struct observed *ret)
{
	struct pool *pool = host_pool(subject->unit.host);
	struct unit unit;

	unit_load(subject->unit.host, name, &unit);
	const char *template = unit_name_template(pool, unit.id);
	if (unit.state != UNIT_LOADED || !template || strcmp(template, subject->unit.id) != 0 ||
	    is_named(subject, setting, unit.id))
		return;
	for (size_t i = 0; i < ret->deviation_count; i++)
		if (!strcmp(ret->deviations[i].who, unit.id))
			return;
	struct reading own = unit_boot_reading(&unit, query, setting);
	if (own.state != READING_PRESENT || value_equals(own.value, common->value) ||
	    setting_accepts(setting, own.value))
		return;
	ret->deviations =
		pool_extend(pool, ret->deviations, ret->deviation_count, sizeof *ret->deviations);
	ret->deviations[ret->deviation_count++] =
		(struct deviation){ .who = unit.id, .value = own.value, .origin = own.origin };
}

/* Instances of a template that have files of their own. */
static void add_instances(const struct subject *subject, const struct query *query,
			  const struct setting *setting, struct observed *ret)
{
	struct host *host = subject->unit.host;
	struct pool *pool = host_pool(host);
	const struct reading common = ret->layer[LAYER_BOOT];

	if (unit_name_form(subject->name) != UNIT_NAME_TEMPLATE)
		return;
	for (const char *const *path = unit_directories(host); *path; path++) {
		const struct directory *directory = host_directory(host, *path);
		for (size_t i = 0; i < directory->count; i++) {
			const char *name = directory->names[i];
			size_t size = strlen(name);
			if (size > 2 && !strcmp(name + size - 2, ".d"))
				name = pool_copy(pool, name, size - 2);
			if (unit_name_form(name) == UNIT_NAME_INSTANCE)
				add_instance(subject, query, setting, name, &common, ret);
		}
	}
}

/* ---- observe ----------------------------------------------------------------------------- */

static bool has_systemd(struct host *host)
{
	return host_exists(host, "/usr/lib/systemd/systemd") ||
	       host_exists(host, "/lib/systemd/systemd") ||
	       host_exists(host, "/run/systemd/system");
}

static const char *why_missing(const struct unit *unit)
{
	struct pool *pool = host_pool(unit->host);

	if (!strcmp(unit->id, UNIT_ALL_SERVICES))
		return has_systemd(unit->host) ? NULL : "there is no systemd on this host";
	if (unit->state == UNIT_NOT_FOUND)
		return pool_printf(pool, "there is no unit %s: %s", unit->name, unit->why);
	if (unit->state == UNIT_MASKED)
		return pool_printf(pool, "it is masked: %s: %s", unit->origin.file, unit->why);
	return NULL;
}

/* UNIT cannot be judged: systemd refuses it, or a file of it is not readable here. */
static struct reading refused_reading(const struct unit *unit)
{
	struct pool *pool = host_pool(unit->host);
	struct origin origin = unit->origin;
	const char *why = unit->why;

	if (origin.line)
		why = pool_printf(pool, "%s:%u: %s", origin.file, origin.line, why);
	else if (origin.file)
		why = pool_printf(pool, "%s: %s", origin.file, why);
	return (struct reading){ .state = READING_UNREADABLE, .origin = origin, .why = why };
}

static void observe_one(const struct subject *subject, const struct query *query,
			const struct setting *setting, struct observed *ret, struct notes *notes)
{
	const struct unit *unit = &subject->unit;
	bool all = !strcmp(unit->id, UNIT_ALL_SERVICES);
	struct unit_start start;

	*ret = (struct observed){ .missing = why_missing(unit) };
	if (ret->missing)
		return;
	if (unit->state != UNIT_LOADED) {
		ret->layer[LAYER_CONFIGURED] = ret->layer[LAYER_BOOT] = refused_reading(unit);
		return;
	}
	unit_start(unit, query, catalog_limit(setting->item), &start);
	ret->layer[LAYER_CONFIGURED] = configured_reading(&start, setting->side);
	ret->layer[LAYER_BOOT] = start_reading(&start, setting->side);
	add_shadows(host_pool(unit->host), &start.files, setting, ret);
	add_instances(subject, query, setting, ret);
	if (all || !host_is_live(unit->host))
		return;
	ret->layer[LAYER_RUNNING] = running_reading(subject, query, setting);
	if (!subject->running.count && !subject->running.hidden)
		notes_add(notes, setting->id, (struct origin){ .file = NULL },
			  "%s does not run: only what its next start gets is judged", unit->id);
}

/* The subject of SETTING among COUNT, or a new one behind them. */
static struct subject *find_subject(struct host *host, struct subject *subjects, size_t *count,
				    const struct setting *setting)
{
	struct subject *subject = subjects;

	while (subject < subjects + *count && strcmp(subject->name, setting->name) != 0)
		subject++;
	if (subject < subjects + *count)
		return subject;
	*subject = (struct subject){ .name = setting->name };
	unit_load_group(host, setting->name, &subject->unit);
	if (subject->unit.state == UNIT_LOADED && strcmp(setting->name, UNIT_ALL_SERVICES) != 0)
		unit_find_running(&subject->unit, &subject->running);
	++*count;
	return subject;
}

static void observe(struct host *host, const struct query *query,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct notes *notes)
{
	struct subject *subjects = pool_alloc(host_pool(host), count * sizeof *subjects);
	const char **ids = pool_alloc(host_pool(host), count * sizeof *ids);
	size_t subject_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct subject *subject = find_subject(host, subjects, &subject_count, settings[i]);
		subject->settings = settings;
		subject->setting_count = count;
		observe_one(subject, query, settings[i], &ret[i], notes);
		ids[i] = subject->unit.state == UNIT_LOADED ? subject->unit.id : NULL;
	}
	if (query->live && count && host_is_live(host))
		unit_observe_live(host, query, settings, ids, count, ret, notes);
}

const struct provider provider_unit = {
	.kind = "unit",
	.section = "unit",
	.form = SECTION_ITEMS,
	.boot_phrase = "the next start gets",
	.check = check,
	.observe = observe,
	.propose = unit_propose,
	.follow_up = unit_follow_up,
};
