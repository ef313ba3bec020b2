// SPDX-License-Identifier: MIT
/* Reports as metrics, for the textfile collector of node_exporter. Labels come from the profile and
 * the command line alone, never from what runs: pids and names of processes would be a new series
 * each. The metrics of a command have its name in front, so that files of several commands may lie
 * side by side; those of an audit have the label "profile", for several audits. */
#include "escape.h"
#include "pool.h"
#include "report.h"
#include "socket-report.h"

#include <inttypes.h>
#include <string.h>

struct metrics {
	FILE *out;
	struct pool *pool;
	const char *prefix; /* "keeltune_audit_" */
	const char *labels; /* of all: "" or "profile=\"baseline\"" */
	const char *family; /* the last one, with its prefix */
};

/* LABELS and one more; VALUE NULL: without it. */
static const char *add_label(struct pool *pool, const char *labels, const char *name,
			     const char *value)
{
	if (!value)
		return labels;
	return pool_printf(pool, "%s%s%s=\"%s\"", labels, *labels ? "," : "", name,
			   escape_quoted(pool, escape_control(pool, value, "\n")));
}

/* All of keeltune's are gauges: each run looks anew. */
static void begin(struct metrics *to, const char *name, const char *help)
{
	to->family = pool_printf(to->pool, "%s%s", to->prefix, name);
	fprintf(to->out, "# HELP %s %s\n# TYPE %s gauge\n", to->family, help, to->family);
}

/* A sample of the family; LABEL NULL: the common labels only. */
static void put(struct metrics *to, const char *label, const char *text, const char *value)
{
	const char *labels = label ? add_label(to->pool, to->labels, label, text) : to->labels;

	if (*labels)
		fprintf(to->out, "%s{%s} %s\n", to->family, labels, value);
	else
		fprintf(to->out, "%s %s\n", to->family, value);
}

static void put_number(struct metrics *to, const char *label, const char *text, uint64_t number)
{
	put(to, label, text, pool_printf(to->pool, "%" PRIu64, number));
}

static void put_one(struct metrics *to, const char *name, const char *help, uint64_t number)
{
	begin(to, name, help);
	put_number(to, NULL, NULL, number);
}

static void put_run(struct metrics *to, const struct report *report)
{
	put_one(to, "exit_status",
		"Exit status of the last run: 0 ok, 1 differs, 2 could not be judged.",
		(uint64_t)report->exit);
	put_one(to, "last_run_timestamp_seconds", "When the last run was.", (uint64_t)report->time);
	begin(to, "duration_seconds", "How long it took.");
	put(to, NULL, NULL, pool_printf(to->pool, "%.6f", report_duration(report)));
	begin(to, "info", "Which keeltune that was.");
	put(to, "version", KEELTUNE_VERSION, "1");
}

/* ---- audit and diff ----------------------------------------------------------------------- */

static void put_verdicts(struct metrics *to, const struct audit *audit)
{
	for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
		put_number(to, "verdict", verdict_name(verdict), audit->summary[verdict]);
}

/* Of a setting in several network namespaces the worst counts: their names may be any number. */
static void put_statuses(struct metrics *to, const struct report *report)
{
	const struct profile_set *set = report->profiles;
	enum verdict *worst = pool_alloc(to->pool, (set->count + 1) * sizeof *worst);

	for (size_t i = 0; i < set->count; i++)
		worst[i] = VERDICT_COUNT;
	for (size_t i = 0; i < report->audit->count; i++) {
		const struct finding *finding = &report->audit->findings[i];
		size_t at = (size_t)(finding->setting - set->settings);
		if (finding->verdict != VERDICT_SKIPPED &&
		    (worst[at] == VERDICT_COUNT || worst[at] < finding->verdict))
			worst[at] = finding->verdict;
	}
	begin(to, "setting_status", "Of each setting: 0 ok, 1 differs, 2 could not be judged.");
	for (size_t i = 0; i < set->count; i++)
		if (worst[i] != VERDICT_COUNT)
			put_number(to, "setting", set->settings[i].id, worst[i]);
}

static void put_values(struct metrics *to, const struct report *report)
{
	static const enum layer layers[] = { LAYER_RUNNING, LAYER_BOOT };
	struct pool *pool = to->pool;

	if (report->audit->count > report->profiles->count) /* several namespaces */
		return;
	begin(to, "setting_value", "The value of each setting that is a number, by layer.");
	for (size_t i = 0; i < report->audit->count; i++) {
		const struct finding *finding = &report->audit->findings[i];
		for (size_t j = 0; j < sizeof layers / sizeof *layers; j++) {
			const struct reading *reading = &finding->observed.layer[layers[j]];
			struct metrics labelled = *to;
			if (reading->state != READING_PRESENT || !value_is_ordered(reading->value))
				continue;
			labelled.labels =
				add_label(pool, to->labels, "setting", finding->setting->id);
			put(&labelled, "layer", layer_name(layers[j]),
			    reading->value.kind == VALUE_UNLIMITED
				    ? "+Inf"
				    : value_format(pool, reading->value));
		}
	}
}

/* The one network namespace that was asked for. */
static const char *find_netns(const struct audit *audit)
{
	const char *netns = audit && audit->count ? audit->findings[0].netns : NULL;

	for (size_t i = 0; netns && i < audit->count; i++)
		if (!audit->findings[i].netns || strcmp(audit->findings[i].netns, netns) != 0)
			netns = NULL;
	return netns;
}

static struct metrics open_metrics(FILE *out, const struct report *report, const char *prefix)
{
	struct metrics to = { .out = out, .pool = report->pool, .prefix = prefix, .labels = "" };

	if (report->profiles)
		to.labels = add_label(to.pool, "", "profile", report->profiles->names);
	return to;
}

static void render_audit(FILE *out, const struct report *report, const struct style *style)
{
	struct metrics to = open_metrics(out, report, "keeltune_audit_");

	(void)style;
	to.labels = add_label(to.pool, to.labels, "netns", find_netns(report->audit));
	put_run(&to, report);
	if (!report->audit)
		return;
	begin(&to, "findings", "How many settings have each verdict.");
	put_verdicts(&to, report->audit);
	put_statuses(&to, report);
	put_values(&to, report);
}

static void render_diff(FILE *out, const struct report *report, const struct style *style)
{
	struct metrics to = open_metrics(out, report, "keeltune_diff_");

	(void)style;
	put_run(&to, report);
	if (!report->plan)
		return;
	begin(&to, "changes", "How many places apply would change.");
	for (enum change_kind kind = CHANGE_FILE; kind <= CHANGE_SYSCTL; kind++) {
		uint64_t count = 0;
		for (size_t i = 0; i < report->plan->count; i++)
			count += report->plan->changes[i].kind == kind;
		put_number(&to, "kind", change_kind_name(kind), count);
	}
	begin(&to, "remaining", "How many settings would have each verdict after it.");
	put_verdicts(&to, &report->plan->remaining);
}

/* ---- sockets ------------------------------------------------------------------------------ */

static void put_processes(struct metrics *to, const struct socket_report *report)
{
	uint64_t holding = 0, dying = 0, dead = 0, unread = 0, full = 0;
	uint32_t oldest = 0;

	for (size_t i = 0; i < report->leak_count; i++) {
		const struct leak *leak = &report->leaks[i];
		holding += leak->states[TCP_STATE_CLOSE_WAIT] > 0;
		dying += leak->dead > 0;
		dead += leak->dead;
		unread += leak->unread_bytes;
		full += leak->listen_full;
		if (leak->oldest != AGE_UNKNOWN && leak->oldest > oldest)
			oldest = leak->oldest;
	}
	begin(to, "processes", "How many processes have each problem.");
	put_number(to, "problem", "close_wait", holding);
	put_number(to, "problem", "dead", dying);
	put_number(to, "problem", "near_limit", report->near_limit);
	put_one(to, "dead", "Dead sockets that processes still hold.", dead);
	put_one(to, "listen_full", "Listeners whose accept queue is full.", full);
	put_one(to, "close_wait_unread_bytes", "Unread bytes in CLOSE_WAIT, over all processes.",
		unread);
	if (report->has_ages) {
		begin(to, "close_wait_oldest_seconds", "Age of the oldest socket in CLOSE_WAIT.");
		put(to, NULL, NULL, pool_printf(to->pool, "%.3f", (double)oldest / 1000));
	}
	if (report->descriptor_count && process_list_share(&report->descriptors[0]) >= 0) {
		begin(to, "descriptor_use_ratio",
		      "Descriptors of the process that is nearest to its limit.");
		put(to, NULL, NULL,
		    pool_printf(to->pool, "%.4f", process_list_share(&report->descriptors[0])));
	}
}

static void put_unattributed(struct metrics *to, const struct unattributed *left)
{
	begin(to, "unattributed", "Sockets in CLOSE_WAIT that no process can be named for.");
	put_number(to, "reason", "gone", left->gone);
	put_number(to, "reason", "in_flight", left->in_flight);
	put_number(to, "reason", "thread_table", left->thread_table);
	put_number(to, "reason", "not_permitted", left->not_permitted);
	put_number(to, "reason", "never_accepted", left->never_accepted);
}

static bool was_checked(const struct socket_report *report, size_t check)
{
	for (size_t i = 0; i < check; i++)
		if (!strcmp(report->checks[i].threshold->text,
			    report->checks[check].threshold->text))
			return true;
	return false;
}

static void put_checks(struct metrics *to, const struct socket_report *report)
{
	size_t count = report->request->threshold_count;

	if (!count)
		return;
	begin(to, "check_status", "Of each check: 0 within, 1 exceeded, 2 could not be judged.");
	for (size_t i = 0; i < count; i++) {
		const struct threshold_result *result = &report->checks[i];
		if (!was_checked(report, i))
			put_number(to, "check", result->threshold->text,
				   result->count     ? 1
				   : result->unknown ? 2
						     : 0);
	}
	begin(to, "check_exceeding", "How many processes exceed it.");
	for (size_t i = 0; i < count; i++)
		if (!was_checked(report, i))
			put_number(to, "check", report->checks[i].threshold->text,
				   report->checks[i].count);
}

static void render_sockets(FILE *out, const struct report *whole, const struct style *style)
{
	const struct socket_report *report = whole->sockets;
	struct metrics to = open_metrics(out, whole, "keeltune_sockets_");

	(void)style;
	put_run(&to, whole);
	if (!report)
		return;
	begin(&to, "in_state", "TCP sockets in each state.");
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		if (report->has_states[state])
			put_number(&to, "state", tcp_state_name(state), report->states[state]);
	if (!report->request->summary) {
		put_processes(&to, report);
		put_unattributed(&to, &report->unattributed);
	}
	put_checks(&to, report);
}

const struct renderer renderer_prometheus = {
	.name = "prometheus",
	.render = {
		[REPORT_AUDIT] = render_audit,
		[REPORT_DIFF] = render_diff,
		[REPORT_SOCKETS] = render_sockets,
	},
};
