// SPDX-License-Identifier: MIT
/* A report as test cases, see test-cases.h. */
#include "test-cases.h"

#include "diff.h"
#include "escape.h"
#include "pool.h"
#include "socket-report.h"

#include <inttypes.h>
#include <string.h>

static const char *safe(struct pool *pool, const char *text)
{
	return text ? escape_control(pool, text, "") : NULL;
}

static void add(struct pool *pool, struct test_cases *cases, const struct test_case *one)
{
	struct test_case *test;

	cases->items = pool_extend(pool, cases->items, cases->count, sizeof *cases->items);
	test = &cases->items[cases->count++];
	*test = *one;
	test->name = safe(pool, one->name);
	test->why = safe(pool, one->why);
	cases->summary[one->verdict]++;
}

static void add_fact(struct test_case *test, const char *name, const char *lines)
{
	if (lines && *lines && test->fact_count < FACTS_MAX)
		test->facts[test->fact_count++] = (struct fact){ name, lines };
}

static const char *place(struct pool *pool, struct origin origin)
{
	return origin.file && origin.line ? pool_printf(pool, "%s:%u", origin.file, origin.line)
					  : origin.file;
}

static const char *in_brackets(struct pool *pool, const char *text, const char *more)
{
	return more ? pool_printf(pool, "%s (%s)", text, more) : text;
}

/* A name in LINE does not end it. */
static const char *add_line(struct pool *pool, const char *lines, const char *line)
{
	line = safe(pool, line);
	return *lines ? pool_printf(pool, "%s\n%s", lines, line) : line;
}

/* ---- findings ---------------------------------------------------------------------------- */

static const char *format_reading(struct pool *pool, const struct reading *reading)
{
	const char *where = place(pool, reading->origin);

	switch (reading->state) {
	case READING_NOT_APPLICABLE:
		break;
	case READING_PRESENT:
		return in_brackets(pool, value_format(pool, reading->value),
				   where ? where : reading->why);
	case READING_ABSENT:
		return in_brackets(pool, "none", reading->why);
	case READING_UNREADABLE:
		return in_brackets(pool, "not readable", reading->why);
	}
	return NULL;
}

static const char *format_shadowed(struct pool *pool, const struct observed *observed)
{
	const char *text = "";

	for (size_t i = 0; i < observed->shadowed_count; i++) {
		const struct shadow *shadow = &observed->shadowed[i];
		text = add_line(pool, text,
				pool_printf(pool, "%s: %s (%s)", place(pool, shadow->origin),
					    value_format(pool, shadow->value), shadow->why));
	}
	return text;
}

static const char *format_deviations(struct pool *pool, const struct observed *observed)
{
	const char *text = "";

	for (size_t i = 0; i < observed->deviation_count; i++) {
		const struct deviation *deviation = &observed->deviations[i];
		const char *line = pool_printf(pool, "%s: %s", deviation->who,
					       value_format(pool, deviation->value));
		text = add_line(pool, text,
				in_brackets(pool, line, place(pool, deviation->origin)));
	}
	return text;
}

static const char *format_live(struct pool *pool, const struct live *live)
{
	const char *text = "";

	for (size_t i = 0; i < live->count; i++) {
		const struct live_group *group = &live->groups[i];
		const char *line = group->name ? group->name : "no unit or session";
		if (group->pid_count)
			line = pool_printf(pool, "%s (pid %d%s%s)", line, group->pids[0],
					   group->comm ? " " : "", group->comm ? group->comm : "");
		text = add_line(pool, text,
				pool_printf(pool, "%s: %s, %zu of them: %s", line, group->shown,
					    group->count, group->why));
	}
	return text;
}

static void add_finding_facts(struct pool *pool, const struct finding *finding,
			      struct test_case *test)
{
	const struct setting *setting = finding->setting;
	const struct observed *observed = &finding->observed;

	add_fact(test, "wanted", safe(pool, setting_format_wanted(pool, setting)));
	for (enum layer i = 0; i < LAYER_COUNT; i++)
		if (i != LAYER_RUNNING || !setting->provider->files_only)
			add_fact(test, layer_name(i),
				 safe(pool, format_reading(pool, &observed->layer[i])));
	add_fact(test, "shadowed", format_shadowed(pool, observed));
	add_fact(test, "deviations", format_deviations(pool, observed));
	add_fact(test, "processes", format_live(pool, &observed->live));
	add_fact(test, "profile", safe(pool, place(pool, setting->origin)));
	add_fact(test, "purpose", safe(pool, setting->reason));
}

static void add_findings(const struct report *report, const struct audit *audit, bool all,
			 struct test_cases *cases)
{
	struct pool *pool = report->pool;

	for (size_t i = 0; audit && i < audit->count; i++) {
		const struct finding *finding = &audit->findings[i];
		const char *id = finding->setting->id;
		bool is_bad =
			finding->verdict == VERDICT_DIFFERS || finding->verdict == VERDICT_UNKNOWN;
		struct test_case test = {
			.group = pool_printf(pool, "%.*s", (int)strcspn(id, ":"), id),
			.name = finding->netns ? pool_printf(pool, "%s (network namespace %s)", id,
							     finding->netns)
					       : id,
			.verdict = finding->verdict,
			.why = finding->reason,
		};
		if (is_bad)
			add_finding_facts(pool, finding, &test);
		if (is_bad || all)
			add(pool, cases, &test);
	}
}

/* ---- changes ----------------------------------------------------------------------------- */

static const char *join_ids(struct pool *pool, const struct change *change)
{
	const char *text = "";

	for (size_t i = 0; i < change->id_count; i++)
		text = add_line(pool, text, change->ids[i]);
	return text;
}

static void add_changes(const struct report *report, const struct plan *plan,
			struct test_cases *cases)
{
	struct pool *pool = report->pool;

	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		bool is_file = change->kind == CHANGE_FILE;
		size_t size = 0;
		struct test_case test = {
			.group = "change",
			.name = change->path,
			.verdict = VERDICT_DIFFERS,
			.why = is_file ? change->after.exists ? "apply would write this file"
							      : "apply would remove this file"
				       : pool_printf(pool, "apply would change %s to %s",
						     change->before.bytes, change->after.bytes),
		};
		add_fact(&test, "settings", join_ids(pool, change));
		if (is_file)
			add_fact(&test, "diff",
				 escape_control(pool, diff_unified(pool, change, &size), "\n\t"));
		add(pool, cases, &test);
	}
	add_findings(report, &plan->remaining, false, cases);
	if (!cases->count)
		add(pool, cases,
		    &(struct test_case){ .group = "change", .name = "nothing to change" });
}

/* ---- checks of sockets -------------------------------------------------------------------- */

static const char *format_value(struct pool *pool, const struct threshold *threshold,
				uint64_t value)
{
	if (threshold->field == THRESHOLD_OLDEST)
		return duration_format(pool, value);
	return pool_printf(pool, "%" PRIu64 "%s", value, threshold->is_share ? "%" : "");
}

static void add_check(struct pool *pool, const struct threshold_result *result,
		      struct test_cases *cases)
{
	struct test_case test = { .group = "check",
				  .name = result->threshold->text,
				  .verdict = result->count     ? VERDICT_DIFFERS
					     : result->unknown ? VERDICT_UNKNOWN
							       : VERDICT_OK,
				  .why = result->unknown };
	const char *text = "", *first = "";

	for (size_t i = 0; i < result->count; i++) {
		const struct leak *leak = result->offenders[i].leak;
		text = add_line(pool, text,
				pool_printf(pool, "%s (pid %d%s%s): %s", leak->comm, leak->pid,
					    leak->unit ? ", " : "", leak->unit ? leak->unit : "",
					    format_value(pool, result->threshold,
							 result->offenders[i].value)));
		first = i ? first : text;
	}
	if (result->count > 1)
		test.why =
			pool_printf(pool, "exceeded by %s and %zu more", first, result->count - 1);
	else if (result->count)
		test.why = pool_printf(pool, "exceeded by %s", first);
	add_fact(&test, "worst", format_value(pool, result->threshold, result->worst));
	add_fact(&test, "processes", text);
	add(pool, cases, &test);
}

static void add_sockets(const struct report *report, struct test_cases *cases)
{
	const struct socket_report *sockets = report->sockets;

	for (size_t i = 0; i < sockets->request->threshold_count; i++)
		add_check(report->pool, &sockets->checks[i], cases);
}

/* ---- the report --------------------------------------------------------------------------- */

/* Of a command that came to nothing, the first note is what stood in the way. */
static void add_trouble(const struct report *report, struct test_cases *cases)
{
	const char *error = report->error ? report->error : "not everything could be looked at";

	if (!cases->count && report->notes.count)
		error = pool_printf(report->pool, "%s: %s", error, test_cases_note(report, 0));
	add(report->pool, cases,
	    &(struct test_case){ .group = "keeltune",
				 .name = report_kind_name(report->kind),
				 .verdict = VERDICT_UNKNOWN,
				 .why = error });
}

void test_cases_of(const struct report *report, struct test_cases *ret)
{
	*ret = (struct test_cases){ 0 };
	if (report->kind == REPORT_AUDIT)
		add_findings(report, report->audit, true, ret);
	if (report->kind == REPORT_DIFF && report->plan)
		add_changes(report, report->plan, ret);
	if (report->kind == REPORT_SOCKETS && report->sockets)
		add_sockets(report, ret);
	if (report->exit > 1 && !ret->summary[VERDICT_UNKNOWN])
		add_trouble(report, ret);
	if (!ret->count)
		add(report->pool, ret,
		    &(struct test_case){ .group = "keeltune",
					 .name = report_kind_name(report->kind) });
}

const char *test_cases_subject(const struct report *report)
{
	const char *on = report->root ? report->root : report->host.name;
	const char *what = report->profiles && report->profiles->names
				   ? report->profiles->names
				   : report_kind_name(report->kind);

	return safe(report->pool, on ? pool_printf(report->pool, "%s on %s", what, on) : what);
}

const char *test_cases_note(const struct report *report, size_t note)
{
	const struct note *n = &report->notes.items[note];
	const char *where = place(report->pool, n->origin);

	return safe(report->pool,
		    where ? pool_printf(report->pool, "%s: %s", where, n->text) : n->text);
}
