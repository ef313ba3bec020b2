// SPDX-License-Identifier: MIT
/* Reports as JSON, one object each; packaging/schemas has their schemas. */
#include "render-json.h"
#include "clock.h"
#include "diff.h"
#include "escape.h"
#include "pool.h"
#include "process-change.h"

#include <string.h>

json_t *json_of_text(struct pool *pool, const char *bytes)
{
	return bytes ? json_string(escape_utf8(pool, bytes, strlen(bytes))) : json_null();
}

/* Numbers up to 2^63-1 are numbers, larger ones decimal strings. */
json_t *json_of_value(struct pool *pool, struct value v)
{
	if (v.kind == VALUE_NONE)
		return json_null();
	if (v.kind == VALUE_NUMBER && v.number <= INT64_MAX)
		return json_integer(v.negative ? -(json_int_t)v.number : (json_int_t)v.number);
	return json_of_text(pool, value_format(pool, v));
}

json_t *json_of_limit(struct pool *pool, uint64_t limit)
{
	return json_of_value(pool, value_limit(limit));
}

json_t *json_of_count(uint64_t number)
{
	return json_integer((json_int_t)(number < INT64_MAX ? number : INT64_MAX));
}

json_t *json_of_reading(struct pool *pool, const struct reading *r)
{
	return r->state == READING_PRESENT ? json_of_value(pool, r->value) : json_null();
}

json_t *json_of_origin(struct pool *pool, struct origin o)
{
	if (!o.file)
		return json_null();
	return json_pack("{s:o, s:o}", "file", json_of_text(pool, o.file), "line",
			 o.line ? json_integer(o.line) : json_null());
}

static json_t *notes(struct pool *pool, const struct notes *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct note *note = &list->items[i];
		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:o, s:o}", "id", json_of_text(pool, note->id),
				  "file", json_of_text(pool, note->origin.file), "line",
				  note->origin.line ? json_integer(note->origin.line) : json_null(),
				  "text", json_of_text(pool, note->text)));
	}
	return array;
}

json_t *json_of_time(struct pool *pool, time_t time)
{
	return json_string(clock_utc(pool, time));
}

json_t *json_of_report(const struct report *report)
{
	struct pool *pool = report->pool;

	json_set_alloc_funcs(pool_malloc, free);
	json_t *object = json_pack(
		"{s:o, s:{s:s, s:s}, s:{s:o, s:o, s:o, s:o}, s:o, s:s, s:i, s:o, s:o, s:o, s:o}",
		"schema", json_sprintf("keeltune/%s/1", report_kind_name(report->kind)), "tool",
		"name", "keeltune", "version", KEELTUNE_VERSION, "host", "name",
		json_of_text(pool, report->host.name), "machine_id",
		json_of_text(pool, report->machine_id), "os", json_of_text(pool, report->host.os),
		"kernel", json_of_text(pool, report->host.kernel), "time",
		json_of_time(pool, report->time), "result", report->result, "exit", report->exit,
		"root", json_of_text(pool, report->root), "error",
		json_of_text(pool, report->error), "interrupted",
		json_of_text(pool, report->interrupted), "notes", notes(pool, &report->notes));
	return object;
}

/* Of commands that load profiles; null when that failed. */
static void add_profiles(json_t *object, const struct report *report)
{
	json_object_set_new(
		object, "profiles",
		json_of_text(report->pool, report->profiles ? report->profiles->names : NULL));
}

/* Other than what is ASCII stands in strings only, where any character may be written as \uNNNN.
 * A part of jansson's begins and ends with whole characters. */
static int put_part(const char *buffer, size_t size, void *data)
{
	const unsigned char *p = (const unsigned char *)buffer, *end = p + size, *done = p;
	FILE *out = data;

	while (p < end) {
		uint32_t code = 0;
		size_t length = *p < 0x7f ? 0 : utf8_sequence(p, end, &code);
		if (length && escape_hides(code)) {
			fwrite(done, 1, (size_t)(p - done), out);
			done = p + length;
			if (code < 0x10000)
				fprintf(out, "\\u%04x", code);
			else
				fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10),
					0xdc00 + (code & 0x3ff));
		}
		p += length ? length : 1;
	}
	fwrite(done, 1, (size_t)(end - done), out);
	return 0;
}

static void write_with(FILE *out, json_t *object, size_t flags)
{
	json_dump_callback(object, put_part, out, flags | JSON_PRESERVE_ORDER);
	fputc('\n', out);
	json_decref(object);
}

void json_write(FILE *out, json_t *object)
{
	write_with(out, object, JSON_INDENT(2));
}

void json_write_line(FILE *out, json_t *object)
{
	write_with(out, object, JSON_COMPACT | JSON_REAL_PRECISION(12));
}

/* ---- findings ---------------------------------------------------------------------------- */

json_t *json_of_shadows(struct pool *pool, const struct shadow *shadows, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:o, s:o}", "file",
						json_of_text(pool, shadows[i].origin.file), "line",
						json_integer(shadows[i].origin.line), "value",
						json_of_value(pool, shadows[i].value), "why",
						json_of_text(pool, shadows[i].why)));
	return array;
}

static json_t *deviations(struct pool *pool, const struct observed *observed)
{
	json_t *array = json_array();

	for (size_t i = 0; i < observed->deviation_count; i++) {
		const struct deviation *deviation = &observed->deviations[i];
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:o}", "who",
						json_of_text(pool, deviation->who), "value",
						json_of_value(pool, deviation->value), "origin",
						json_of_origin(pool, deviation->origin)));
	}
	return array;
}

static json_t *live_groups(struct pool *pool, const struct live *live)
{
	static const char *const kinds[LIVE_KIND_COUNT] = { "processes", "sockets", "namespace" };
	json_t *array = json_array();

	for (size_t i = 0; i < live->count; i++) {
		const struct live_group *group = &live->groups[i];
		json_t *pids = json_array();
		for (size_t j = 0; j < group->pid_count; j++)
			json_array_append_new(pids, json_integer(group->pids[j]));
		json_array_append_new(
			array,
			json_pack(
				"{s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:s, s:o, s:o, "
				"s:o}",
				"kind", kinds[group->kind], "name", json_of_text(pool, group->name),
				"user", json_of_text(pool, group->user), "comm",
				json_of_text(pool, group->comm), "pids", pids, "count",
				(json_int_t)group->count, "fds_used",
				group->used == UINT32_MAX ? json_null() : json_integer(group->used),
				"value", json_of_value(pool, group->value), "shown",
				json_of_text(pool, group->shown), "cause", group->cause, "why",
				json_of_text(pool, group->why), "origin",
				json_of_origin(pool, group->origin), "advice",
				json_of_text(pool, group->advice)));
	}
	return array;
}

static json_t *finding(struct pool *pool, const struct finding *f, bool live)
{
	json_t *layers = json_object();

	for (enum layer i = 0; i < LAYER_COUNT; i++)
		json_object_set_new(layers, layer_name(i),
				    json_of_reading(pool, &f->observed.layer[i]));
	json_t *object = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
		f->setting->id, "verdict", verdict_name(f->verdict), "want",
		json_of_value(pool, f->setting->want), "at_least",
		json_of_value(pool, f->setting->at_least), "at_most",
		json_of_value(pool, f->setting->at_most), "layers", layers, "origin",
		json_of_origin(pool, finding_origin(f)), "shadowed",
		json_of_shadows(pool, f->observed.shadowed, f->observed.shadowed_count),
		"deviations", deviations(pool, &f->observed), "reason",
		json_of_text(pool, f->reason), "purpose", json_of_text(pool, f->setting->reason),
		"profile", json_of_origin(pool, f->setting->origin));
	if (f->netns)
		json_object_set_new(object, "netns", json_of_text(pool, f->netns));
	if (live) {
		json_object_set_new(object, "live", live_groups(pool, &f->observed.live));
		json_object_set_new(object, "unseen", json_of_text(pool, f->observed.live.unseen));
	}
	return object;
}

static json_t *findings(const struct report *report, const struct audit *audit, bool all)
{
	bool live = report->query && report->query->live;
	json_t *array = json_array();

	for (size_t i = 0; audit && i < audit->count; i++)
		if (all || audit->findings[i].verdict == VERDICT_DIFFERS ||
		    audit->findings[i].verdict == VERDICT_UNKNOWN)
			json_array_append_new(array,
					      finding(report->pool, &audit->findings[i], live));
	return array;
}

json_t *json_of_engine(struct pool *pool, const struct query *query)
{
	if (!query)
		return json_null();
	return json_pack("{s:s, s:o, s:o}", "name", engine_name(query->engines.engine),
			 "detected_by", json_of_text(pool, query->engines.detected_by), "other",
			 query->engines.other == ENGINE_NONE
				 ? json_null()
				 : json_string(engine_name(query->engines.other)));
}

static void render_audit(FILE *out, const struct report *report, const struct style *style)
{
	json_t *object = json_of_report(report);
	json_t *summary = json_object();

	(void)style;
	add_profiles(object, report);
	for (enum verdict i = 0; i < VERDICT_COUNT; i++)
		json_object_set_new(
			summary, verdict_name(i),
			json_integer(report->audit ? (json_int_t)report->audit->summary[i] : 0));
	json_object_set_new(object, "engine", json_of_engine(report->pool, report->query));
	json_object_set_new(object, "summary", summary);
	json_object_set_new(object, "findings", findings(report, report->audit, true));
	json_write(out, object);
}

/* ---- changes ----------------------------------------------------------------------------- */

static json_t *image(struct pool *pool, const struct change *change, const struct image *i)
{
	if (!i->exists || !i->bytes)
		return json_null();
	if (change->kind == CHANGE_SYSCTL)
		return json_of_value(pool, value_parse(pool, i->bytes));
	if (change_is_of_process(change->kind))
		return json_of_text(pool, process_change_summary(pool, change, i));
	return json_string(escape_utf8(pool, i->bytes, i->size));
}

static json_t *ids_of(struct pool *pool, const struct change *change)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < change->id_count; i++)
		json_array_append_new(ids, json_of_text(pool, change->ids[i]));
	return ids;
}

static void add_changes(json_t *array, struct pool *pool, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		bool file = change->kind == CHANGE_FILE;
		size_t size = 0;
		const char *diff = file ? diff_unified(pool, change, &size) : NULL;
		json_array_append_new(
			array,
			json_pack("{s:o, s:s, s:o, s:b, s:o, s:o, s:o}", "id", ids_of(pool, change),
				  "kind", change_kind_name(change->kind), "path",
				  json_of_text(pool, change->path), "release", change->release,
				  "before", image(pool, change, &change->before), "after",
				  image(pool, change, &change->after), "diff",
				  file ? json_string(escape_utf8(pool, diff, size)) : json_null()));
	}
}

json_t *json_of_changes(const struct report *report, bool changed)
{
	json_t *object = json_of_report(report);
	json_t *changes = json_array();

	if (report->plan)
		add_changes(changes, report->pool, report->plan);
	json_object_set_new(object, "changed",
			    json_boolean(changed && report->plan && report->plan->count));
	json_object_set_new(object, "changes", changes);
	return object;
}

static void render_diff(FILE *out, const struct report *report, const struct style *style)
{
	json_t *object = json_of_changes(report, true);

	(void)style;
	add_profiles(object, report);
	json_object_set_new(object, "engine", json_of_engine(report->pool, report->query));
	json_object_set_new(
		object, "remaining",
		findings(report, report->plan ? &report->plan->remaining : NULL, false));
	json_write(out, object);
}

static void render_apply(FILE *out, const struct report *report, const struct style *style)
{
	json_t *object = json_of_changes(report, report->transaction != NULL);

	(void)style;
	add_profiles(object, report);
	json_object_set_new(object, "engine", json_of_engine(report->pool, report->query));
	json_object_set_new(object, "rollback", json_of_text(report->pool, report->transaction));
	json_object_set_new(object, "remaining", findings(report, report->audit, false));
	json_write(out, object);
}

/* What was recorded of a place: a value, or the sha256 of a file. */
static json_t *recorded(struct pool *pool, const struct change *change, const struct image *i)
{
	if (change->kind != CHANGE_FILE)
		return image(pool, change, i);
	return i->exists ? json_of_text(pool, i->sha256) : json_null();
}

static void add_conflicts(json_t *array, struct pool *pool, const struct undo *undo)
{
	for (size_t i = 0; i < undo->conflict_count; i++) {
		const struct conflict *conflict = &undo->conflicts[i];
		const struct change *change = conflict->change;
		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:o, s:o, s:o}", "id",
				  json_of_text(pool, change->id_count ? change->ids[0] : NULL),
				  "path", json_of_text(pool, change->path), "recorded",
				  recorded(pool, change, &change->after), "found",
				  image(pool, change, &conflict->found), "by",
				  json_of_text(pool, conflict->by)));
	}
}

static void render_rollback(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;
	json_t *object = json_of_report(report), *changes = json_array(), *conflicts = json_array();
	json_t *undone = json_array(), *left = json_array();
	const char *last = NULL;
	bool changed = false;

	(void)style;
	for (size_t i = 0; i < report->step_count; i++) {
		const struct rollback_step *step = &report->steps[i];
		if (step->undo)
			add_conflicts(conflicts, pool, step->undo);
		if (!step->undo || !step->done)
			continue;
		add_changes(changes, pool, &step->undo->plan);
		changed = changed || step->undo->plan.count;
		if (report->dry_run)
			continue;
		last = step->transaction->id;
		json_array_append_new(undone, json_of_text(pool, last));
	}
	for (size_t i = 0; i < report->left_count; i++)
		json_array_append_new(left, json_of_text(pool, report->left[i]));
	json_object_set_new(object, "changed", json_boolean(changed));
	json_object_set_new(object, "changes", changes);
	json_object_set_new(object, "rolled_back", json_of_text(pool, last));
	json_object_set_new(object, "rollback", json_of_text(pool, report->transaction));
	json_object_set_new(object, "undone", undone);
	json_object_set_new(object, "left", left);
	json_object_set_new(object, "conflicts", conflicts);
	json_write(out, object);
}

/* ---- history and profiles ---------------------------------------------------------------- */

static json_t *actor(struct pool *pool, const struct actor *by)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o}", "uid", (json_int_t)by->uid, "login",
			 json_of_text(pool, by->login), "sudo_user",
			 json_of_text(pool, by->sudo_user), "command",
			 json_of_text(pool, by->command), "comment",
			 json_of_text(pool, by->comment));
}

static json_t *entry(struct pool *pool, const struct transaction *entry)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:I, s:o}", "id", entry->id, "time",
			 json_of_text(pool, entry->time), "profiles",
			 json_of_text(pool, entry->profiles), "state",
			 transaction_state_name(entry->state), "changes", (json_int_t)entry->count,
			 "by", actor(pool, &entry->actor));
}

/* Where TRANSACTION still holds: what stood at the place before keeltune changed it first. */
static json_t *original(const struct report *report, const struct change *change)
{
	const struct held *held = report->held;

	for (size_t i = 0; report->shown->state == TRANSACTION_APPLIED && i < held->count; i++)
		if (!strcmp(held->changes[i].path, change->path))
			return recorded(report->pool, change, &held->changes[i].original);
	return json_null();
}

static void add_shown(json_t *object, const struct report *report)
{
	const struct transaction *shown = report->shown;
	struct pool *pool = report->pool;
	json_t *changes = json_array(), *sources = json_array();

	for (size_t i = 0; i < shown->count; i++) {
		const struct change *change = &shown->changes[i];
		json_array_append_new(changes,
				      json_pack("{s:o, s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "id",
						ids_of(pool, change), "kind",
						change_kind_name(change->kind), "path",
						json_of_text(pool, change->path), "release",
						change->release, "before",
						recorded(pool, change, &change->before), "after",
						recorded(pool, change, &change->after), "original",
						original(report, change), "diff",
						json_of_text(pool, change->diff)));
	}
	for (size_t i = 0; i < shown->source_count; i++)
		json_array_append_new(
			sources, json_pack("{s:o, s:o, s:o}", "name",
					   json_of_text(pool, shown->sources[i].name), "file",
					   json_of_text(pool, shown->sources[i].file), "sha256",
					   json_of_text(pool, shown->sources[i].sha256)));
	json_object_set_new(object, "machine_id", json_of_text(pool, shown->machine_id));
	json_object_set_new(object, "boot_id", json_of_text(pool, shown->boot_id));
	json_object_set_new(object, "netns", json_of_text(pool, shown->netns));
	json_object_set_new(object, "sources", sources);
	json_object_set_new(object, "changes", changes);
}

static void add_pruned(json_t *object, const struct report *report)
{
	json_t *removed = json_array(), *kept = json_array();

	for (size_t i = 0; i < report->pruned_count; i++) {
		const struct pruned *p = &report->pruned[i];
		json_array_append_new(p->kept ? kept : removed,
				      p->kept ? json_pack("{s:o, s:o}", "id",
							  json_of_text(report->pool, p->id), "why",
							  json_of_text(report->pool, p->kept))
					      : json_of_text(report->pool, p->id));
	}
	json_object_set_new(object, "removed", removed);
	json_object_set_new(object, "kept", kept);
	json_object_set_new(object, "dry_run", json_boolean(report->dry_run));
}

static void render_history(FILE *out, const struct report *report, const struct style *style)
{
	json_t *object = json_of_report(report);
	json_t *entries = json_array();

	(void)style;
	for (size_t i = 0; i < report->entry_count; i++)
		json_array_append_new(entries, entry(report->pool, &report->entries[i]));
	json_object_set_new(object, "entries", entries);
	if (report->shown)
		add_shown(object, report);
	if (report->pruned)
		add_pruned(object, report);
	json_write(out, object);
}

static json_t *setting(struct pool *pool, const struct setting *s)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:s, s:o, s:o}", "id", s->id, "want",
			 json_of_value(pool, s->want), "at_least", json_of_value(pool, s->at_least),
			 "at_most", json_of_value(pool, s->at_most), "optional", s->optional,
			 "scope", s->runtime_only ? "runtime" : "both", "reason",
			 json_of_text(pool, s->reason), "profile", json_of_origin(pool, s->origin));
}

static void render_profile(FILE *out, const struct report *report, const struct style *style)
{
	json_t *object = json_of_report(report);
	struct pool *pool = report->pool;

	(void)style;
	if (report->profiles) {
		add_profiles(object, report);
		json_t *settings = json_array();
		for (size_t i = 0; i < report->profiles->count; i++)
			json_array_append_new(settings,
					      setting(pool, &report->profiles->settings[i]));
		json_object_set_new(object, "description",
				    json_of_text(pool, report->profiles->description));
		json_object_set_new(object, "settings", settings);
	}
	if (report->profile_entries) {
		json_t *entries = json_array();
		for (size_t i = 0; i < report->profile_entry_count; i++) {
			const struct profile_entry *entry = &report->profile_entries[i];
			json_array_append_new(
				entries, json_pack("{s:o, s:o, s:o, s:b}", "name",
						   json_of_text(pool, entry->name), "file",
						   json_of_text(pool, entry->file), "description",
						   json_of_text(pool, entry->description), "hidden",
						   entry->hidden));
		}
		json_object_set_new(object, "entries", entries);
	}
	if (report->checked) {
		json_t *files = json_array();
		for (size_t i = 0; i < report->checked_count; i++)
			json_array_append_new(files, json_of_text(pool, report->checked[i].file));
		json_object_set_new(object, "valid", files);
	}
	json_write(out, object);
}

const struct renderer renderer_json = {
	.name = "json",
	.wants_machine_id = true,
	.render = {
		[REPORT_AUDIT] = render_audit,
		[REPORT_DIFF] = render_diff,
		[REPORT_APPLY] = render_apply,
		[REPORT_ROLLBACK] = render_rollback,
		[REPORT_EXPLAIN] = json_explain,
		[REPORT_LIMITS] = json_limits,
		[REPORT_HISTORY] = render_history,
		[REPORT_PROFILE] = render_profile,
		[REPORT_SOCKETS] = json_sockets,
		[REPORT_SAMPLE] = json_sample,
		[REPORT_RELIEF] = json_relieve,
		[REPORT_FLEET] = json_fleet,
	},
};
