// SPDX-License-Identifier: MIT
/* A fleet as JSON; see render-json.h. Every host that is not ok is in it, by name. */
#include "audit.h"
#include "fleet-picture.h"
#include "render-json.h"

struct writing {
	struct pool *pool;
	const struct fleet_picture *picture;
	const struct fleet *fleet;
};

static json_t *value(const struct writing *w, const char *text)
{
	return text ? json_of_value(w->pool, value_parse(w->pool, text)) : json_null();
}

static json_t *text(const struct writing *w, uint32_t number)
{
	return json_of_text(w->pool, fleet_text_of(w->fleet, number));
}

static json_t *line(uint32_t number)
{
	return number ? json_integer(number) : json_null();
}

static json_t *host(const struct writing *w, uint32_t number)
{
	const struct fleet_host *host = &w->fleet->hosts[number];

	return json_pack("{s:o, s:o}", "name", text(w, host->name), "machine_id",
			 text(w, host->machine_id));
}

static json_t *hosts(const struct writing *w, const uint32_t *numbers, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, host(w, numbers[i]));
	return array;
}

/* A report and where it stands. */
static json_t *report_of(const struct writing *w, uint32_t file, uint32_t line_number, time_t time)
{
	return json_pack("{s:o, s:o, s:o}", "file", text(w, file), "line", line(line_number),
			 "time", json_of_time(w->pool, time));
}

/* ---- settings and groups ------------------------------------------------------------------ */

static json_t *value_of_hosts(const struct writing *w, const struct fleet_value *v)
{
	return json_pack("{s:o, s:o, s:I}", "boot", value(w, v->boot), "running",
			 value(w, v->running), "hosts", (json_int_t)v->hosts);
}

static json_t *setting(const struct writing *w, const struct fleet_setting *s)
{
	json_t *values = json_array();
	json_t *object = json_pack("{s:o, s:I}", "id", json_of_text(w->pool, s->id), "hosts",
				   (json_int_t)s->hosts);

	for (enum verdict i = 0; i < VERDICT_COUNT; i++)
		json_object_set_new(object, verdict_name(i), json_of_count(s->counts[i]));
	json_object_set_new(object, "want", value(w, s->want));
	json_object_set_new(object, "at_least", value(w, s->at_least));
	json_object_set_new(object, "at_most", value(w, s->at_most));
	json_object_set_new(object, "wants_differ", json_boolean(s->wants_differ));
	for (size_t i = 0; i < s->value_count; i++)
		json_array_append_new(values, value_of_hosts(w, &s->values[i]));
	json_object_set_new(object, "values", values);
	json_object_set_new(object, "distinct_values", json_of_count(s->distinct));
	return object;
}

static json_t *settings(const struct writing *w)
{
	json_t *array = json_array();

	for (size_t i = 0; i < w->picture->setting_count; i++)
		if (w->picture->settings[i].hosts)
			json_array_append_new(array, setting(w, &w->picture->settings[i]));
	return array;
}

static json_t *state(const struct writing *w, const struct fleet_state *s)
{
	json_t *layers = json_object();

	for (enum layer i = 0; i < LAYER_COUNT; i++)
		json_object_set_new(layers, layer_name(i),
				    value(w, fleet_text_of(w->fleet, s->layer[i])));
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
			 json_of_text(w->pool, w->picture->settings[s->setting].id), "verdict",
			 verdict_name((enum verdict)s->verdict), "want",
			 value(w, fleet_text_of(w->fleet, s->want)), "at_least",
			 value(w, fleet_text_of(w->fleet, s->at_least)), "at_most",
			 value(w, fleet_text_of(w->fleet, s->at_most)), "layers", layers,
			 "deviations", text(w, s->deviations), "reason", text(w, s->reason));
}

static json_t *groups(const struct writing *w, const struct fleet_group *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *states = json_array();
		for (size_t j = 0; j < list[i].state_count; j++)
			json_array_append_new(states, state(w, list[i].states[j]));
		json_array_append_new(
			array,
			json_pack("{s:I, s:o, s:o, s:o}", "count", (json_int_t)list[i].host_count,
				  "error", json_of_text(w->pool, list[i].error), "settings", states,
				  "hosts", hosts(w, list[i].hosts, list[i].host_count)));
	}
	return array;
}

static json_t *outliers(const struct writing *w)
{
	json_t *array = json_array();

	for (size_t i = 0; i < w->picture->outlier_count; i++) {
		const struct fleet_outlier *outlier = &w->picture->outliers[i];
		json_array_append_new(
			array, json_pack("{s:o, s:o, s:o, s:o}", "id",
					 json_of_text(w->pool, outlier->setting->id), "value",
					 value_of_hosts(w, &outlier->value), "common",
					 value_of_hosts(w, &outlier->common), "hosts",
					 hosts(w, outlier->hosts, outlier->value.hosts)));
	}
	return array;
}

/* ---- reports ----------------------------------------------------------------------------- */

static json_t *stale(const struct writing *w)
{
	json_t *array = json_array();

	for (size_t i = 0; i < w->picture->stale_count; i++) {
		json_t *object = host(w, w->picture->stale[i]);
		json_object_set_new(
			object, "time",
			json_of_time(w->pool, w->fleet->hosts[w->picture->stale[i]].time));
		json_array_append_new(array, object);
	}
	return array;
}

/* One for each host; what does not count is sorted by host. */
static json_t *duplicates(const struct writing *w)
{
	const struct fleet_place *places = w->picture->duplicates;
	size_t count = w->picture->duplicate_count;
	json_t *array = json_array();

	for (size_t i = 0; i < count;) {
		uint32_t number = places[i].host;
		const struct fleet_host *kept = &w->fleet->hosts[number];
		json_t *object = host(w, number), *skipped = json_array();
		for (; i < count && places[i].host == number; i++)
			json_array_append_new(skipped, report_of(w, places[i].file, places[i].line,
								 places[i].time));
		json_object_set_new(object, "counts",
				    report_of(w, kept->file, kept->line, kept->time));
		json_object_set_new(object, "skipped", skipped);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *broken(const struct writing *w)
{
	json_t *array = json_array();

	for (size_t i = 0; i < w->fleet->broken_count && i < FLEET_BROKEN_MAX; i++) {
		const struct fleet_broken *one = &w->fleet->broken[i];
		json_array_append_new(array, json_pack("{s:o, s:o, s:o}", "file",
						       text(w, one->file), "line", line(one->line),
						       "error", json_of_text(w->pool, one->error)));
	}
	return array;
}

static json_t *tallies(const struct writing *w, const struct fleet_tally *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:o, s:I}", "name",
						       json_of_text(w->pool, list[i].name), "hosts",
						       (json_int_t)list[i].hosts));
	return array;
}

void json_fleet(FILE *out, const struct report *report, const struct style *style)
{
	const struct fleet_picture *picture = report->fleet;
	const struct writing w = { report->pool, picture, picture ? picture->fleet : NULL };
	json_t *object = json_of_report(report);

	(void)style;
	if (picture) {
		const size_t *verdicts = picture->verdicts;
		json_object_set_new(object, "hosts",
				    json_pack("{s:I, s:I, s:I, s:I}", "total",
					      (json_int_t)fleet_host_count(w.fleet), "ok",
					      (json_int_t)verdicts[VERDICT_OK], "differs",
					      (json_int_t)verdicts[VERDICT_DIFFERS], "unknown",
					      (json_int_t)verdicts[VERDICT_UNKNOWN]));
		json_object_set_new(object, "reports",
				    json_pack("{s:I, s:I, s:I, s:I}", "read",
					      (json_int_t)w.fleet->reports, "duplicate",
					      (json_int_t)picture->duplicate_count, "stale",
					      (json_int_t)picture->stale_count, "broken",
					      (json_int_t)w.fleet->broken_count));
		json_object_set_new(object, "profiles",
				    tallies(&w, picture->profiles, picture->profile_count));
		json_object_set_new(object, "versions",
				    tallies(&w, picture->versions, picture->version_count));
		json_object_set_new(object, "settings", settings(&w));
		json_object_set_new(object, "groups",
				    groups(&w, picture->groups, picture->group_count));
		json_object_set_new(object, "unjudged",
				    groups(&w, picture->unjudged, picture->unjudged_count));
		json_object_set_new(object, "outliers", outliers(&w));
		json_object_set_new(object, "stale", stale(&w));
		json_object_set_new(object, "duplicates", duplicates(&w));
		json_object_set_new(object, "broken", broken(&w));
	}
	json_write(out, object);
}
