// SPDX-License-Identifier: MIT
/* Reports as a monitoring plugin gives them (Nagios, Icinga, ...): one line with performance data
 * behind a "|", more lines with -v, and the exit statuses of plugins. */
#include "pool.h"
#include "socket-report.h"
#include "test-cases.h"

#include <inttypes.h>
#include <string.h>

enum plugin_status { PLUGIN_OK, PLUGIN_WARNING, PLUGIN_CRITICAL, PLUGIN_UNKNOWN };

#define PROBLEMS_SHOWN 3

/* What holds now, or what the checks of sockets say, is critical, whatever else could not be
 * judged: a namespace that cannot be entered must not hide what is known of the others. What the
 * next boot would leave, or what began before a change, is a warning, and so is what apply would
 * do; these may yet be worse where something is unknown. */
static int status(const struct report *report)
{
	if (!report || report->error)
		return PLUGIN_UNKNOWN;
	for (size_t i = 0; report->audit && i < report->audit->count; i++)
		if (report->kind == REPORT_AUDIT &&
		    report->audit->findings[i].differs[LAYER_RUNNING])
			return PLUGIN_CRITICAL;
	if (report->exit > 1)
		return PLUGIN_UNKNOWN;
	if (!report->exit)
		return PLUGIN_OK;
	return report->kind == REPORT_SOCKETS ? PLUGIN_CRITICAL : PLUGIN_WARNING;
}

/* Behind a "|" performance data would begin. */
static const char *safe(struct pool *pool, const char *text)
{
	char *out = pool_alloc(pool, 4 * strlen(text) + 1), *to = out;

	for (; *text; text++) {
		if (*text == '|') {
			memcpy(to, "\\x7c", 4);
			to += 4;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
	return out;
}

/* What is known to be bad comes before what is not known. */
static const enum verdict worst_first[] = { VERDICT_DIFFERS, VERDICT_UNKNOWN };
#define BAD_KINDS (sizeof worst_first / sizeof *worst_first)

static const char *describe(struct pool *pool, const struct test_case *test)
{
	return safe(pool,
		    test->why ? pool_printf(pool, "%s: %s", test->name, test->why) : test->name);
}

static void print_text(FILE *out, const struct report *report, const struct test_cases *cases)
{
	static const char *const words[REPORT_KIND_COUNT] = {
		[REPORT_AUDIT] = "differ",
		[REPORT_DIFF] = "to change",
		[REPORT_SOCKETS] = "exceeded",
	};
	struct pool *pool = report->pool;
	size_t shown = 0, bad = cases->summary[VERDICT_DIFFERS] + cases->summary[VERDICT_UNKNOWN];

	fputs(safe(pool, test_cases_subject(report)), out);
	if (report->kind == REPORT_SOCKETS && report->sockets &&
	    !report->sockets->request->threshold_count)
		fprintf(out, ": %" PRIu64 " in CLOSE_WAIT",
			report->sockets->states[TCP_STATE_CLOSE_WAIT]);
	else
		fprintf(out, ": %zu ok, %zu %s, %zu unknown", cases->summary[VERDICT_OK],
			cases->summary[VERDICT_DIFFERS], words[report->kind],
			cases->summary[VERDICT_UNKNOWN]);
	for (size_t kind = 0; kind < BAD_KINDS; kind++)
		for (size_t i = 0; i < cases->count && shown < PROBLEMS_SHOWN; i++)
			if (cases->items[i].verdict == worst_first[kind])
				fprintf(out, "%s %s", shown++ ? ";" : " -",
					describe(pool, &cases->items[i]));
	if (bad > shown)
		fprintf(out, "; and %zu more", bad - shown);
}

/* ---- performance data: label=value[unit];warn;crit;min;max --------------------------------- */

static void print_counts(FILE *out, const struct test_cases *cases)
{
	for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
		fprintf(out, " %s=%zu;%s;;0;%zu", verdict_name(verdict), cases->summary[verdict],
			verdict == VERDICT_DIFFERS ? "0" : "", cases->count);
}

/* A threshold is exceeded above its last good value. */
static void print_check(FILE *out, const struct threshold_result *result, size_t number)
{
	const struct threshold *threshold = result->threshold;
	bool is_age = threshold->field == THRESHOLD_OLDEST;
	uint64_t limit = threshold->limit - (threshold->or_equal && threshold->limit);
	char label[64];
	int size = snprintf(label, sizeof label, "%.*s",
			    (int)strspn(threshold->text, "abcdefghijklmnopqrstuvwxyz_"),
			    threshold->text);

	if (number && size > 0 && (size_t)size < sizeof label)
		snprintf(label + size, sizeof label - (size_t)size, "_%zu", number + 1);
	if (is_age)
		fprintf(out, " %s=%.3fs;;%.3f;0", label, (double)result->worst / 1000,
			(double)limit / 1000);
	else
		fprintf(out, " %s=%" PRIu64 "%s;;%" PRIu64 ";0", label, result->worst,
			threshold->is_share                    ? "%"
			: threshold->field == THRESHOLD_UNREAD ? "B"
							       : "",
			limit);
}

static void print_sockets(FILE *out, const struct socket_report *report)
{
	for (size_t i = 0; i < report->request->threshold_count; i++) {
		size_t before = 0; /* about the same field */
		for (size_t j = 0; j < i; j++)
			before += report->checks[j].threshold->field ==
				  report->checks[i].threshold->field;
		print_check(out, &report->checks[i], before);
	}
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		if (report->has_states[state] && !report->request->use_only)
			fprintf(out, " %s=%" PRIu64 ";;;0", tcp_state_name(state),
				report->states[state]);
}

static void render(FILE *out, const struct report *report, const struct style *style)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	struct pool *pool = report->pool;
	struct test_cases cases;

	test_cases_of(report, &cases);
	fprintf(out, "KEELTUNE %s - ", names[status(report)]);
	print_text(out, report, &cases);
	fprintf(out, " | time=%.6fs;;;0", report_duration(report));
	if (report->kind != REPORT_SOCKETS)
		print_counts(out, &cases);
	else if (report->sockets)
		print_sockets(out, report->sockets);
	fputc('\n', out);
	for (size_t kind = 0; style->verbose && kind < BAD_KINDS; kind++)
		for (size_t i = 0; i < cases.count; i++)
			if (cases.items[i].verdict == worst_first[kind])
				fprintf(out, "%s\n", describe(pool, &cases.items[i]));
	for (size_t i = 0; style->verbose && i < report->notes.count; i++)
		fprintf(out, "note: %s\n", safe(pool, test_cases_note(report, i)));
}

const struct renderer renderer_nagios = {
	.name = "nagios",
	.checks_only = true,
	.status = status,
	.render = {
		[REPORT_AUDIT] = render,
		[REPORT_DIFF] = render,
		[REPORT_SOCKETS] = render,
	},
};
