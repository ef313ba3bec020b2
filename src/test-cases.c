// SPDX-License-Identifier: MIT
/* A report as test cases, see test-cases.h. */
#include "test-cases.h"

#include "diff.h"
#include "escape.h"
#include "pool.h"
#include "socket-report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 40 /* of a fact */

static const char *safe(struct pool *pool, const char *text)
{
	return escape_control(pool, text, "");
}

static void add(struct pool *pool, struct test_cases *cases, const struct test_case *one)
{
	struct test_case *test;

	cases->items = pool_extend(pool, cases->items, cases->count, sizeof *cases->items);
	test = &cases->items[cases->count++];
	*test = *one;
	test->name = safe(pool, one->name);
	test->why = one->why ? safe(pool, one->why) : NULL;
	cases->summary[one->verdict]++;
}

static void put_fact(struct test_case *test, const char *name, const char *text)
{
	if (test->fact_count < FACTS_MAX)
		test->facts[test->fact_count++] = (struct fact){ name, text };
}

/* TEXT NULL: there is nothing to say. */
static void add_fact(struct pool *pool, struct test_case *test, const char *name, const char *text)
{
	if (text)
		put_fact(test, name, safe(pool, text));
}

/* A fact that is a list, as long as a person reads it. */
struct lines {
	struct pool *pool;
	const char *text;
	size_t count;
};

/* A name in LINE does not end it. */
static void add_line(struct lines *lines, const char *line)
{
	if (lines->count++ < LINES_MAX)
		lines->text = lines->text ? pool_printf(lines->pool, "%s\n%s", lines->text,
							safe(lines->pool, line))
					  : safe(lines->pool, line);
}

static void add_lines(struct test_case *test, const char *name, const struct lines *lines)
{
	if (lines->text)
		put_fact(test, name,
			 lines->count > LINES_MAX
				 ? pool_printf(lines->pool, "%s\nand %zu more", lines->text,
					       lines->count - LINES_MAX)
				 : lines->text);
}

static const char *place(struct pool *pool, struct origin origin)
{
	return origin.file ? origin_format(pool, origin) : NULL;
}

static const char *in_brackets(struct pool *pool, const char *text, const char *more)
{
	return more ? pool_printf(pool, "%s (%s)", text, more) : text;
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

static void add_shadowed(struct pool *pool, const struct observed *observed, struct test_case *test)
{
	struct lines lines = { .pool = pool };

	for (size_t i = 0; i < observed->shadowed_count; i++) {
		const struct shadow *shadow = &observed->shadowed[i];
		add_line(&lines, pool_printf(pool, "%s: %s (%s)", place(pool, shadow->origin),
					     value_format(pool, shadow->value), shadow->why));
	}
	add_lines(test, "shadowed", &lines);
}

static void add_deviations(struct pool *pool, const struct observed *observed,
			   struct test_case *test)
{
	struct lines lines = { .pool = pool };

	for (size_t i = 0; i < observed->deviation_count; i++) {
		const struct deviation *deviation = &observed->deviations[i];
		const char *line = pool_printf(pool, "%s: %s", deviation->who,
					       value_format(pool, deviation->value));
		add_line(&lines, in_brackets(pool, line, place(pool, deviation->origin)));
	}
	add_lines(test, "deviations", &lines);
}

static void add_live(struct pool *pool, const struct live *live, struct test_case *test)
{
	struct lines lines = { .pool = pool };

	for (size_t i = 0; i < live->count; i++) {
		const struct live_group *group = &live->groups[i];
		const char *line = group->name ? group->name : "no unit or session";
		if (group->pid_count)
			line = pool_printf(pool, "%s (pid %d%s%s)", line, group->pids[0],
					   group->comm ? " " : "", group->comm ? group->comm : "");
		add_line(&lines, pool_printf(pool, "%s: %s, %zu of them: %s", line, group->shown,
					     group->count, group->why));
	}
	add_lines(test, "processes", &lines);
}

static void add_finding_facts(struct pool *pool, const struct finding *finding,
			      struct test_case *test)
{
	const struct setting *setting = finding->setting;
	const struct observed *observed = &finding->observed;

	add_fact(pool, test, "wanted", setting_format_wanted(pool, setting));
	for (enum layer i = 0; i < LAYER_COUNT; i++)
		if (i != LAYER_RUNNING || !setting->provider->files_only)
			add_fact(pool, test, layer_name(i),
				 format_reading(pool, &observed->layer[i]));
	add_shadowed(pool, observed, test);
	add_deviations(pool, observed, test);
	add_live(pool, &observed->live, test);
	add_fact(pool, test, "profile", place(pool, setting->origin));
	add_fact(pool, test, "purpose", setting->reason);
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

static void add_changes(const struct report *report, const struct plan *plan,
			struct test_cases *cases)
{
	struct pool *pool = report->pool;

	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		bool is_file = change->kind == CHANGE_FILE;
		struct lines ids = { .pool = pool };
		size_t size = 0;
		struct test_case test = {
			.group = "change",
			.name = change->path,
			.verdict = VERDICT_DIFFERS,
			.why = is_file ? change->after.exists ? "apply would write this file"
							      : "apply would remove this file"
				       : pool_printf(pool, "apply would change %s to %s",
						     change->before.exists ? change->before.bytes
									   : "-",
						     change->after.bytes),
		};
		for (size_t j = 0; j < change->id_count; j++)
			add_line(&ids, change->ids[j]);
		add_lines(&test, "settings", &ids);
		if (is_file)
			put_fact(&test, "diff",
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

static int worst_first(const void *a, const void *b)
{
	const struct offender *one = a, *two = b;

	return (one->value < two->value) - (one->value > two->value);
}

static void add_offenders(struct pool *pool, const struct threshold_result *result,
			  struct test_case *test)
{
	struct offender *sorted = pool_alloc(pool, result->count * sizeof *sorted);
	struct lines lines = { .pool = pool };

	memcpy(sorted, result->offenders, result->count * sizeof *sorted);
	qsort(sorted, result->count, sizeof *sorted, worst_first);
	for (size_t i = 0; i < result->count; i++) {
		const struct leak *leak = sorted[i].leak;
		const char *line =
			pool_printf(pool, "%s (pid %d%s%s): %s", leak->comm, leak->pid,
				    leak->unit ? ", " : "", leak->unit ? leak->unit : "",
				    format_value(pool, result->threshold, sorted[i].value));
		add_line(&lines, line);
		if (!i)
			test->why = pool_printf(pool, "exceeded by %s", line);
	}
	if (result->count > 1)
		test->why = pool_printf(pool, "%s and %zu more", test->why, result->count - 1);
	add_lines(test, "processes", &lines);
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

	add_fact(pool, &test, "worst", format_value(pool, result->threshold, result->worst));
	if (result->count)
		add_offenders(pool, result, &test);
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
