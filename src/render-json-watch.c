// SPDX-License-Identifier: MIT
/* One sample of `keeltune sockets --watch` as a line of JSON, see render-json.h. All lines together
 * are the recording. */
#include "render-json.h"
#include "watch.h"

/* Three digits are enough, and what programs compare. */
static json_t *rounded(double number)
{
	double thousandths = number * 1000 + (number < 0 ? -0.5 : 0.5);

	return json_real((double)(int64_t)thousandths / 1000);
}

static json_t *series(const struct watch_series *numbers)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < numbers->count; i++)
		json_array_append_new(array, json_of_count(numbers->numbers[i]));
	return array;
}

static json_t *process(struct pool *pool, const struct watch *watch,
		       const struct watched_process *process)
{
	const struct listed_process *now = &process->now;
	bool has_limit = now->soft || now->hard;

	return json_pack(
		"{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "pid", now->pid, "comm",
		json_of_text(pool, now->comm), "unit", json_of_text(pool, process->unit), "used",
		json_of_count(now->used), "soft",
		has_limit ? json_of_limit(pool, now->soft) : json_null(), "hard",
		has_limit ? json_of_limit(pool, now->hard) : json_null(), "growth_per_s",
		rounded(process->growth), "full_in_s",
		process->full < 0 || process->full > 1e12 ? json_null() : rounded(process->full),
		"close_wait",
		watch->has_attribution ? json_of_count(process->close_wait) : json_null(), "dead",
		watch->has_attribution ? json_of_count(process->dead) : json_null(), "history",
		series(&process->descriptors));
}

static json_t *attribution(struct pool *pool, const struct watch *watch)
{
	if (!watch->has_attribution || watch->request.summary)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "time", json_of_time(pool, watch->attributed), "cpu_ms",
			 rounded(watch->attribution * 1000), "not_permitted",
			 json_of_count(watch->not_permitted));
}

void json_sample(FILE *out, const struct report *report, const struct style *style)
{
	static const struct watch nothing;
	const struct watch *watch = report->watch ? report->watch : &nothing;
	struct pool *pool = report->pool;
	json_t *object = json_of_report(report), *processes = json_array();
	json_t *states = json_object(), *growth = json_object();

	(void)style;
	for (size_t i = 0; i < watch->shown_count; i++)
		json_array_append_new(processes, process(pool, watch, watch->shown[i]));
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++) {
		json_object_set_new(states, tcp_state_name(state),
				    json_of_count(watch->states[state]));
		json_object_set_new(growth, tcp_state_name(state), rounded(watch->growth[state]));
	}
	json_object_set_new(object, "sample", json_of_count(watch->sample));
	json_object_set_new(object, "netns", json_of_text(pool, watch->netns));
	json_object_set_new(object, "states", states);
	json_object_set_new(object, "growth_per_s", growth);
	json_object_set_new(object, "processes", processes);
	json_object_set_new(object, "processes_left_out", json_of_count(watch->left_out));
	json_object_set_new(object, "attribution", attribution(pool, watch));
	json_object_set_new(object, "file_nr",
			    watch->file_max ? json_of_count(watch->file_nr) : json_null());
	json_object_set_new(object, "file_max",
			    watch->file_max ? json_of_count(watch->file_max) : json_null());
	json_object_set_new(object, "cpu_ms", rounded(watch->cpu * 1000));
	json_write_line(out, object);
}
