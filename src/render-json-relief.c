// SPDX-License-Identifier: MIT
/* `keeltune sockets relieve` as JSON, see render-json.h. */
#include "relief.h"
#include "render-json.h"

static json_t *process(struct pool *pool, const struct relief *relief)
{
	if (!relief)
		return json_null();
	return json_pack("{s:i, s:I, s:o, s:o}", "pid", relief->process.pid, "start_ticks",
			 (json_int_t)relief->process.ticks, "comm",
			 json_of_text(pool, relief->comm), "unit",
			 json_of_text(pool, relief->unit));
}

static json_t *sockets(const struct relief *relief)
{
	if (!relief)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "seen",
			 json_of_count(relief->sockets), "listeners",
			 json_of_count(relief->listeners), "set", json_of_count(relief->set),
			 "already", json_of_count(relief->already), "gone",
			 json_of_count(relief->gone), "changed", json_of_count(relief->changed),
			 "failed", json_of_count(relief->failed), "left_out",
			 json_of_count(relief->left_out), "waiting", json_of_count(relief->waiting),
			 "thread_tables", json_of_count(relief->unreached));
}

void json_relieve(FILE *out, const struct report *report, const struct style *style)
{
	json_t *object = json_of_changes(report, report->transaction && report->exit < 2);

	(void)style;
	json_object_set_new(object, "process", process(report->pool, report->relief));
	json_object_set_new(object, "sockets", sockets(report->relief));
	json_object_set_new(object, "dry_run", json_boolean(report->dry_run));
	json_object_set_new(object, "rollback", json_of_text(report->pool, report->transaction));
	json_write(out, object);
}
