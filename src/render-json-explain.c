// SPDX-License-Identifier: MIT
/* What `explain` gathered, as JSON: packaging/schemas/explain.json. Numbers in the kernel's unit.
 */
#include "catalog.h"
#include "render-json.h"

typedef json_t *explain_json(const struct report *report, const struct explanation *thing);

/* ---- sysctl ------------------------------------------------------------------------------ */

static json_t *sysctl_files(struct pool *pool, const struct explained_sysctl *e)
{
	json_t *files = json_array();

	for (size_t i = 0; i < e->file_count; i++)
		json_array_append_new(files,
				      json_pack("{s:o, s:o, s:o}", "file",
						json_of_text(pool, e->files[i].path), "package",
						json_of_text(pool, e->files[i].package), "written",
						json_of_text(pool, e->files[i].written)));
	return files;
}

static json_t *of_sysctl(const struct report *report, const struct explanation *thing)
{
	const struct explained_sysctl *e = &thing->sysctl;
	struct pool *pool = report->pool;
	json_t *engines = json_object();

	for (enum engine i = ENGINE_SYSTEMD; i < ENGINE_COUNT; i++)
		json_object_set_new(engines, engine_name(i),
				    json_pack("{s:o, s:o, s:o}", "value",
					      json_of_reading(pool, &e->engines[i].boot), "origin",
					      json_of_origin(pool, e->engines[i].boot.origin),
					      "why", json_of_text(pool, e->engines[i].boot.why)));
	json_t *boot = json_pack("{s:o, s:s, s:o, s:o, s:o}", "value",
				 json_of_reading(pool, &e->boot.boot), "engine",
				 engine_name(report->query->engines.engine), "origin",
				 json_of_origin(pool, e->boot.boot.origin), "why",
				 json_of_text(pool, e->boot.boot.why), "shadowed",
				 json_of_shadows(pool, e->boot.shadowed, e->boot.shadowed_count));
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "help",
		json_of_text(pool, e->row ? e->row->help : NULL), "running",
		json_of_reading(pool, &e->running), "boot", boot, "engines", engines, "default",
		json_of_value(pool, e->row ? e->row->initial : (struct value){ 0 }), "files",
		sysctl_files(pool, e), "removed", json_of_text(pool, e->removed), "nearest",
		json_of_text(pool, e->nearest), "command", json_of_text(pool, e->command));
}

/* ---- pam --------------------------------------------------------------------------------- */

static json_t *texts(struct pool *pool, const char *const *items, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_of_text(pool, items[i]));
	return array;
}

static json_t *pam_lines(struct pool *pool, const struct explained_pam *pam)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < pam->line_count; i++) {
		const struct explained_pam_line *line = &pam->lines[i];
		json_array_append_new(lines,
				      json_pack("{s:o, s:i, s:i, s:o, s:o, s:o}", "file",
						json_of_text(pool, line->origin.file), "line",
						(int)line->origin.line, "level", (int)line->level,
						"control", json_of_text(pool, line->control),
						"module", json_of_text(pool, line->module),
						"effect", json_of_text(pool, line->effect)));
	}
	return lines;
}

static json_t *of_pam(const struct report *report, const struct explanation *thing)
{
	static const char *const sessions[] = { [PAM_SESSION_OPENS] = "opens",
						[PAM_SESSION_FAILS] = "fails",
						[PAM_SESSION_DEPENDS] = "depends" };
	const struct explained_pam *pam = &thing->pam;
	const struct pam_answer *answer = &pam->answer;
	struct pool *pool = report->pool;

	return json_pack(
		"{s:o, s:s, s:o, s:o, s:s, s:b, s:o, s:b, s:b, s:o, s:o, s:o}", "service",
		json_of_text(pool, pam->service), "outcome", pam_outcome_name(answer->outcome),
		"origin", json_of_origin(pool, answer->origin), "why",
		json_of_text(pool, answer->why), "session", sessions[answer->session], "required",
		answer->required, "limits_line", json_of_origin(pool, answer->limits), "by_program",
		pam->by_program, "by_other", pam->by_other, "files",
		texts(pool, answer->files, answer->file_count), "stack", pam_lines(pool, pam),
		"about", json_of_text(pool, pam->about));
}

/* ---- limit ------------------------------------------------------------------------------- */

static json_t *limit_side(struct pool *pool, const struct explained_limit *limit, enum side side)
{
	const struct login_value *value =
		login_side(&limit->limits, (unsigned)limit->row->resource, side);

	if (limit->side != SIDE_NONE && limit->side != side)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "value", json_of_limit(pool, value->number),
			 "origin", json_of_origin(pool, value->origin), "rule",
			 json_of_rule(pool, value->line), "why", json_of_text(pool, value->why),
			 "over", json_of_lost(pool, &limit->lost[side == SIDE_HARD]));
}

static json_t *login_limit(struct pool *pool, const struct explained_limit *limit)
{
	const struct login_limits *limits = &limit->limits;
	bool told = limits->fails || limits->unknown;

	return json_pack(
		"{s:o, s:b, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "domain",
		json_of_text(pool, limit->domain), "known", !limit->unknown, "item",
		limit->row->item, "unit", limit->row->kernel_unit, "service",
		json_of_text(pool, limit->context->service), "login",
		limits->unknown ? json_null() : json_string(limits->fails ? "fails" : "ok"),
		"login_reason", told ? json_of_text(pool, limits->why) : json_null(),
		"login_origin", told ? json_of_origin(pool, limits->origin) : json_null(), "soft",
		limit_side(pool, limit, SIDE_SOFT), "hard", limit_side(pool, limit, SIDE_HARD));
}

static json_t *of_limit(const struct report *report, const struct explanation *thing)
{
	return login_limit(report->pool, &thing->limit);
}

/* ---- unit -------------------------------------------------------------------------------- */

static json_t *both(struct pool *pool, const struct rlimit *limit)
{
	return json_pack("{s:o, s:o}", "soft", json_of_limit(pool, limit->rlim_cur), "hard",
			 json_of_limit(pool, limit->rlim_max));
}

static json_t *unit_limits(struct pool *pool, const struct explained_unit *unit)
{
	static const char *const sources[] = { [UNIT_LIMIT_UNIT] = "unit",
					       [UNIT_LIMIT_MANAGER] = "system.conf",
					       [UNIT_LIMIT_DEFAULT] = "default" };
	json_t *array = json_array();

	for (size_t i = 0; i < unit->limit_count; i++) {
		const struct explained_unit_limit *e = &unit->limits[i];
		json_array_append_new(
			array,
			json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "item",
				  e->row->item, "soft", json_of_limit(pool, e->limit.soft), "hard",
				  json_of_limit(pool, e->limit.hard), "unit", e->row->kernel_unit,
				  "source", sources[e->limit.source], "origin",
				  json_of_origin(pool, e->limit.origin), "shadowed",
				  json_of_shadows(pool, e->limit.shadowed, e->limit.shadowed_count),
				  "running", e->has_running ? both(pool, &e->running) : json_null(),
				  "why", json_of_text(pool, e->why)));
	}
	return array;
}

static json_t *dropin(struct pool *pool, const struct explained_unit *unit)
{
	size_t count = 0;

	if (!unit->dropin)
		return json_null();
	while (unit->commands[count])
		count++;
	return json_pack("{s:o, s:o, s:o}", "file", json_of_text(pool, unit->dropin), "content",
			 json_of_text(pool, unit->dropin_text), "commands",
			 texts(pool, unit->commands, count));
}

static json_t *main_process(struct pool *pool, const struct process *process)
{
	if (!process)
		return json_null();
	return json_pack("{s:i, s:o}", "pid", (int)process->pid, "comm",
			 json_of_text(pool, process->comm));
}

static json_t *unit_object(struct pool *pool, const struct explained_unit *explained)
{
	const struct unit *unit = &explained->unit;

	return json_pack(
		"{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "unit",
		json_of_text(pool, unit->id), "names", texts(pool, unit->names, unit->name_count),
		"state", unit_state_name(unit->state), "why", json_of_text(pool, unit->why), "file",
		json_of_text(pool, unit->fragment), "dropins",
		texts(pool, unit->dropins, unit->dropin_count), "limits",
		unit_limits(pool, explained), "main", main_process(pool, explained->main),
		"pam_name",
		json_of_text(pool, explained->pam_name ? explained->pam_name->value : NULL), "user",
		json_of_text(pool, explained->user), "reach", json_of_text(pool, explained->reach),
		"login", explained->login ? login_limit(pool, explained->login) : json_null(),
		"dropin", dropin(pool, explained), "obstacle",
		json_of_origin(pool, explained->obstacle));
}

static json_t *of_unit(const struct report *report, const struct explanation *thing)
{
	return unit_object(report->pool, &thing->unit);
}

/* ---- process ----------------------------------------------------------------------------- */

static json_t *process_limits(struct pool *pool, const struct process *process)
{
	json_t *array = json_array();
	size_t count;
	const struct limit_row *rows = catalog_limits(&count);

	for (size_t i = 0; i < count; i++) {
		json_t *object = both(pool, &process->limits[rows[i].resource]);
		json_object_set_new(object, "item", json_string(rows[i].item));
		json_object_set_new(object, "unit", json_string(rows[i].kernel_unit));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *container(struct pool *pool, const struct cgroup *cgroup)
{
	if (!cgroup->runtime)
		return json_null();
	return json_pack("{s:s, s:o, s:o}", "runtime", cgroup->runtime, "id",
			 json_of_text(pool, cgroup->container), "pod",
			 json_of_text(pool, cgroup->pod));
}

static json_t *of_process(const struct report *report, const struct explanation *thing)
{
	const struct explained_process *e = &thing->process;
	const struct cgroup *cgroup = &e->process.cgroup;
	struct pool *pool = report->pool;

	return json_pack(
		"{s:i, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"pid", (int)e->process.pid, "comm", json_of_text(pool, e->process.comm), "uid",
		(json_int_t)e->process.uid, "user", json_of_text(pool, e->user), "place",
		json_of_text(pool, e->place), "unit", json_of_text(pool, cgroup->unit), "user_unit",
		json_of_text(pool, cgroup->user_unit), "slice", json_of_text(pool, cgroup->slice),
		"session", json_of_text(pool, cgroup->session), "container",
		container(pool, cgroup), "limits", process_limits(pool, &e->process), "why",
		json_of_text(pool, e->why), "why_origin", json_of_origin(pool, e->why_origin),
		"of_unit", e->unit ? unit_object(pool, e->unit) : json_null(), "of_login",
		e->login ? login_limit(pool, e->login) : json_null());
}

/* ---- all of them ------------------------------------------------------------------------- */

static explain_json *const kinds[EXPLAINED_COUNT] = {
	[EXPLAINED_SYSCTL] = of_sysctl,   [EXPLAINED_PAM] = of_pam,
	[EXPLAINED_LIMIT] = of_limit,     [EXPLAINED_UNIT] = of_unit,
	[EXPLAINED_PROCESS] = of_process,
};

void json_explain(FILE *out, const struct report *report, const struct style *style)
{
	json_t *object = json_of_report(report), *settings = json_array();

	(void)style;
	for (size_t i = 0; i < report->explanation_count; i++) {
		const struct explanation *thing = &report->explanations[i];
		json_t *setting = json_pack("{s:o, s:s}", "id",
					    json_of_text(report->pool, explanation_id(thing)),
					    "kind", explained_kind_name(thing->kind));
		json_t *rest = kinds[thing->kind](report, thing);
		json_object_update(setting, rest);
		json_decref(rest);
		json_array_append_new(settings, setting);
	}
	json_object_set_new(object, "engine", json_of_engine(report->pool, report->query));
	json_object_set_new(object, "settings", settings);
	json_write(out, object);
}
