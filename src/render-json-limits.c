// SPDX-License-Identifier: MIT
/* What sessions get, as JSON: packaging/schemas/limits.json. Numbers in the kernel's unit. */
#include "catalog.h"
#include "pool.h"
#include "render-json.h"

#include <string.h>

json_t *json_of_rule(struct pool *pool, const struct limits_entry *line)
{
	if (!line)
		return json_null();
	return json_of_text(pool, pool_printf(pool, "%s %s %s %s", line->domain, line->type,
					      line->item, line->value));
}

/* Why a value is what it is, where its line alone does not say it. */
static const char *note(struct pool *pool, const struct login_limit *limit)
{
	const char *soft = limit->soft.why, *hard = limit->hard.why;

	if (!soft && !hard)
		return NULL;
	if (soft && hard && !strcmp(soft, hard))
		return soft;
	return pool_printf(pool, "%s%s%s%s%s", soft ? "soft: " : "", soft ? soft : "",
			   soft && hard ? "; " : "", hard ? "hard: " : "", hard ? hard : "");
}

json_t *json_of_lost(struct pool *pool, const struct login_lost *lost)
{
	json_t *array = json_array();

	for (size_t i = 0; i < lost->count; i++) {
		const struct limits_entry *line = lost->losers[i].line;
		json_array_append_new(
			array, json_pack("{s:o, s:i, s:o, s:o, s:s}", "file",
					 json_of_text(pool, line->file), "line", (int)line->line,
					 "value", json_of_limit(pool, line->number), "rule",
					 json_of_rule(pool, line), "why", lost->losers[i].why));
	}
	return array;
}

static json_t *limit_object(struct pool *pool, const struct limit_row *row,
			    const struct login_limit *limit)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "item", row->item, "soft",
			 json_of_limit(pool, limit->soft.number), "hard",
			 json_of_limit(pool, limit->hard.number), "unit", row->kernel_unit,
			 "soft_origin", json_of_origin(pool, limit->soft.origin), "hard_origin",
			 json_of_origin(pool, limit->hard.origin), "soft_rule",
			 json_of_rule(pool, limit->soft.line), "hard_rule",
			 json_of_rule(pool, limit->hard.line), "note",
			 json_of_text(pool, note(pool, limit)));
}

static json_t *subject_limits(struct pool *pool, const struct login_survey *survey)
{
	json_t *array = json_array();
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; survey->has_subject && i < rows; i++) {
		int resource = row[i].resource;
		json_t *object = limit_object(pool, &row[i], &survey->limits.item[resource]);
		json_object_set_new(object, "soft_over",
				    json_of_lost(pool, &survey->lost[resource][0]));
		json_object_set_new(object, "hard_over",
				    json_of_lost(pool, &survey->lost[resource][1]));
		json_array_append_new(array, object);
	}
	return array;
}

/* "ok", "fails", or null: it could not be told. */
static json_t *login(const struct login_limits *limits)
{
	return limits->unknown ? json_null() : json_string(limits->fails ? "fails" : "ok");
}

static json_t *login_reason(struct pool *pool, const struct login_limits *limits)
{
	bool known = !limits->fails && !limits->unknown;

	return known ? json_null() : json_of_text(pool, limits->why);
}

static json_t *blocks(struct pool *pool, const struct login_survey *survey)
{
	json_t *array = json_array();
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < survey->block_count; i++) {
		const struct login_block *block = &survey->blocks[i];
		json_t *names = json_array(), *limits = json_array();
		for (size_t j = 0; j < block->name_count; j++)
			json_array_append_new(names, json_of_text(pool, block->names[j]));
		for (size_t j = 0; j < rows; j++) {
			int resource = row[j].resource;
			json_t *object = limit_object(pool, &row[j], &block->limits.item[resource]);
			json_object_set_new(object, "mixed",
					    json_boolean(block->mixed[resource][0] ||
							 block->mixed[resource][1]));
			json_array_append_new(limits, object);
		}
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:o, s:o, s:o}", "accounts", names,
						"login", login(&block->limits), "login_reason",
						login_reason(pool, &block->limits), "login_origin",
						json_of_origin(pool, block->limits.origin),
						"limits", limits));
	}
	return array;
}

static json_t *pam(struct pool *pool, const struct limits_report *limits)
{
	static const char *const plans[] = {
		[LOGIN_LIMITED] = "runs",
		[LOGIN_NOT_LIMITED] = "does not run",
		[LOGIN_IMPOSSIBLE] = "broken",
		[LOGIN_UNKNOWN] = "unknown",
	};
	const struct login_context *context = limits->survey.context;
	bool runs = context->plan == LOGIN_LIMITED;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:b}", "pam_limits", plans[context->plan],
			 "origin",
			 json_of_origin(pool, runs ? context->limits_line : context->origin), "why",
			 json_of_text(pool, runs ? context->depends_on : context->why), "release",
			 json_of_text(pool, limits->release), "release_by",
			 json_of_text(pool, limits->release_by), "compared", limits->compared);
}

static json_t *process_limits(struct pool *pool, const struct limits_report *limits)
{
	const struct process_limits *process = limits->process;
	json_t *array = json_array();
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < rows; i++) {
		const struct process_limit *item = &process->items[row[i].resource];
		const struct rlimit *has = &process->process.limits[row[i].resource];
		const struct login_limit *gets = &limits->survey.limits.item[row[i].resource];
		json_array_append_new(
			array,
			json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:b, s:o, s:o}", "item",
				  row[i].item, "soft", json_of_limit(pool, has->rlim_cur), "hard",
				  json_of_limit(pool, has->rlim_max), "unit", row[i].kernel_unit,
				  "new_soft", json_of_limit(pool, gets->soft.number), "new_hard",
				  json_of_limit(pool, gets->hard.number), "differs", item->differs,
				  "why", json_of_text(pool, item->why), "origin",
				  json_of_origin(pool, item->origin)));
	}
	return array;
}

static json_t *process(struct pool *pool, const struct limits_report *limits)
{
	const struct process_limits *compared = limits->process;
	if (!compared)
		return json_null();
	const struct process *p = &compared->process;
	const struct cgroup *cgroup = &p->cgroup;
	return json_pack(
		"{s:i, s:o, s:I, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"pid", p->pid, "comm", json_of_text(pool, p->comm), "uid", (json_int_t)p->uid,
		"user", json_of_text(pool, compared->account ? compared->account->name : NULL),
		"parent", p->parent, "started", json_of_time(pool, p->started), "place",
		json_of_text(pool, compared->place), "session_began",
		compared->in_session ? json_of_time(pool, compared->began) : json_null(), "opener",
		json_of_text(pool, compared->opener), "unit", json_of_text(pool, cgroup->unit),
		"user_unit", json_of_text(pool, cgroup->user_unit), "session",
		json_of_text(pool, cgroup->session), "runtime", json_of_text(pool, cgroup->runtime),
		"container", json_of_text(pool, cgroup->container), "nested",
		json_boolean(p->nested), "limits", process_limits(pool, limits));
}

void json_limits(FILE *out, const struct report *report, const struct style *style)
{
	json_t *object = json_of_report(report);
	struct pool *pool = report->pool;
	const struct limits_report *limits = report->limits;

	(void)style;
	if (!limits) {
		json_write(out, object);
		return;
	}
	const struct login_survey *survey = &limits->survey;
	bool subject = survey->has_subject;
	bool nobody = limits->process && !limits->process->account;
	json_object_set_new(object, "user", json_of_text(pool, nobody ? NULL : survey->user));
	json_object_set_new(object, "service", json_of_text(pool, survey->context->service));
	json_object_set_new(object, "pam", pam(pool, limits));
	json_object_set_new(object, "login", subject ? login(&survey->limits) : json_null());
	json_object_set_new(object, "login_reason",
			    subject ? login_reason(pool, &survey->limits) : json_null());
	json_object_set_new(object, "login_origin",
			    subject ? json_of_origin(pool, survey->limits.origin) : json_null());
	json_object_set_new(object, "limits", subject_limits(pool, survey));
	json_object_set_new(object, "accounts", json_of_count(survey->account_count));
	json_object_set_new(object, "left_out", json_of_count(survey->left_out));
	json_object_set_new(object, "groups", blocks(pool, survey));
	json_object_set_new(object, "process", process(pool, limits));
	json_write(out, object);
}
