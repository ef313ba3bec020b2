// SPDX-License-Identifier: MIT
/* A recording of `sockets --watch` as curves: the states that moved, and the processes that matter
 * most; the same figures as a table. See render-html.h. */
#include "diagnosis.h"
#include "html-chart.h"
#include "pool.h"
#include "recording.h"
#include "render-html.h"

#include <inttypes.h>
#include <stdlib.h>

#define PROCESSES_SHOWN 6 /* of each kind of curve */
#define ROWS_MAX 24       /* processes in the table */

struct span { /* of a curve */
	uint64_t first, least, most;
	bool has_any;
};

static struct span span_of(const uint64_t *curve, size_t count)
{
	struct span span = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (curve[i] == RECORDING_MISSING)
			continue;
		if (!span.has_any)
			span = (struct span){ curve[i], curve[i], curve[i], true };
		span.least = curve[i] < span.least ? curve[i] : span.least;
		span.most = curve[i] > span.most ? curve[i] : span.most;
	}
	return span;
}

static const char *number(struct pool *pool, uint64_t number)
{
	return number == RECORDING_MISSING ? "not told" : pool_printf(pool, "%" PRIu64, number);
}

/* What the last sample says: the last point of a curve may be the highest of many. */
static const char *last_of(struct pool *pool, const struct recording *recording,
			   const struct recorded_process *process, uint64_t last)
{
	return process->seen < recording->samples ? "gone" : number(pool, last);
}

static void print_curve(FILE *out, struct pool *pool, const struct recording *recording,
			struct html_line *line)
{
	struct span span = span_of(line->values, recording->count);

	line->times = recording->times;
	line->count = recording->count;
	line->description = pool_printf(
		pool, "%s: first %" PRIu64 ", last %s, between %" PRIu64 " and %" PRIu64,
		line->title, span.first, line->last, span.least, span.most);
	html_line(out, pool, line);
}

static void print_states(FILE *out, struct pool *pool, const struct recording *recording)
{
	fputs("<h3>TCP sockets by state</h3>\n<div class=\"panels\">\n", out);
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++) {
		struct span span = span_of(recording->state_curves[state], recording->count);
		if (!span.most && state != TCP_STATE_CLOSE_WAIT)
			continue;
		print_curve(out, pool, recording,
			    &(struct html_line){
				    .title = tcp_state_name(state),
				    .last = number(pool, recording->states[state]),
				    .values = recording->state_curves[state],
				    .is_bad = state == TCP_STATE_CLOSE_WAIT && span.most,
			    });
	}
	fputs("</div>\n", out);
}

/* ---- processes --------------------------------------------------------------------------- */

static double share(const struct recorded_process *process)
{
	return process->soft ? (double)process->used_most / (double)process->soft : 0;
}

static int by_close_wait(const void *a, const void *b)
{
	const struct recorded_process *one = *(const struct recorded_process *const *)a;
	const struct recorded_process *two = *(const struct recorded_process *const *)b;

	return (two->close_wait_most > one->close_wait_most) -
	       (two->close_wait_most < one->close_wait_most);
}

static int by_share(const void *a, const void *b)
{
	double one = share(*(const struct recorded_process *const *)a);
	double two = share(*(const struct recorded_process *const *)b);

	return (two > one) - (two < one);
}

static const char *name_of(struct pool *pool, const struct recorded_process *process)
{
	return pool_printf(pool, "%s (pid %d)", html_short(pool, process->comm, 32), process->pid);
}

static void print_close_wait(FILE *out, struct pool *pool, const struct recording *recording,
			     const struct recorded_process **processes)
{
	size_t count = recording->process_count;

	qsort(processes, count, sizeof *processes, by_close_wait);
	if (!count || !processes[0]->close_wait_most)
		return;
	fputs("<h3>CLOSE_WAIT by process</h3>\n<div class=\"panels\">\n", out);
	for (size_t i = 0; i < count && i < PROCESSES_SHOWN && processes[i]->close_wait_most; i++)
		print_curve(out, pool, recording,
			    &(struct html_line){
				    .title = name_of(pool, processes[i]),
				    .last = last_of(pool, recording, processes[i],
						    processes[i]->close_wait),
				    .values = processes[i]->close_wait_curve,
				    .is_bad = true,
			    });
	fputs("</div>\n", out);
}

static void print_descriptors(FILE *out, struct pool *pool, const struct recording *recording,
			      const struct recorded_process **processes)
{
	size_t count = recording->process_count;

	qsort(processes, count, sizeof *processes, by_share);
	if (!count)
		return;
	fputs("<h3>Descriptors by process, the nearest to its limit first</h3>\n"
	      "<div class=\"panels\">\n",
	      out);
	for (size_t i = 0; i < count && i < PROCESSES_SHOWN; i++) {
		const struct recorded_process *process = processes[i];
		print_curve(
			out, pool, recording,
			&(struct html_line){
				.title = name_of(pool, process),
				.last = last_of(pool, recording, process, process->used),
				.values = process->used_curve,
				.limit = process->soft,
				.limit_is = pool_printf(pool, "soft limit %" PRIu64, process->soft),
				.is_bad = share(process) >= NEAR_LIMIT,
			});
	}
	fputs("</div>\n", out);
}

/* ---- as a table -------------------------------------------------------------------------- */

static void print_row(FILE *out, const char *name, const char *what, const struct span *span,
		      const char *last)
{
	fprintf(out,
		"<tr><th scope=\"row\">%s</th><td data-label=\"What\">%s</td>"
		"<td data-label=\"First\" class=\"number\">%" PRIu64 "</td>"
		"<td data-label=\"Last\" class=\"number\">%s</td>"
		"<td data-label=\"Least\" class=\"number\">%" PRIu64 "</td>"
		"<td data-label=\"Most\" class=\"number\">%" PRIu64 "</td></tr>\n",
		name, what, span->first, last, span->least, span->most);
}

static void print_table(FILE *out, struct pool *pool, const struct recording *recording,
			const struct recorded_process *const *processes)
{
	struct span span;

	fputs("<details class=\"more\"><summary>The same as a table</summary>\n"
	      "<table class=\"stack\">\n<caption>Figures of the recording</caption>\n<thead><tr>"
	      "<th scope=\"col\">Who</th><th scope=\"col\">What</th>"
	      "<th scope=\"col\" class=\"number\">First</th>"
	      "<th scope=\"col\" class=\"number\">Last</th>"
	      "<th scope=\"col\" class=\"number\">Least</th>"
	      "<th scope=\"col\" class=\"number\">Most</th></tr></thead>\n<tbody>\n",
	      out);
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++) {
		span = span_of(recording->state_curves[state], recording->count);
		if (span.most || state == TCP_STATE_CLOSE_WAIT)
			print_row(out, "all processes", tcp_state_name(state), &span,
				  number(pool, recording->states[state]));
	}
	for (size_t i = 0; i < recording->process_count && i < ROWS_MAX; i++) {
		const char *name = name_of(pool, processes[i]);
		span = span_of(processes[i]->used_curve, recording->count);
		if (span.has_any)
			print_row(out, name,
				  processes[i]->soft ? pool_printf(pool, "descriptors of %" PRIu64,
								   processes[i]->soft)
						     : "descriptors",
				  &span,
				  last_of(pool, recording, processes[i], processes[i]->used));
		span = span_of(processes[i]->close_wait_curve, recording->count);
		if (span.most)
			print_row(out, name, "CLOSE_WAIT", &span,
				  last_of(pool, recording, processes[i], processes[i]->close_wait));
	}
	fputs("</tbody>\n</table>\n</details>\n", out);
}

void html_recording(FILE *out, struct pool *pool, const struct recording *recording)
{
	size_t count = recording->process_count;
	const struct recorded_process **processes =
		pool_alloc(pool, (count + 1) * sizeof *processes);
	uint64_t length = (uint64_t)(recording->last - recording->first);

	for (size_t i = 0; i < count; i++)
		processes[i] = &recording->processes[i];
	fprintf(out, "<p>%zu samples of %s, in %s, UTC.", recording->samples,
		html_escape(pool, recording->host, ""), duration_format(pool, length * 1000));
	if (recording->for_point > 1)
		fprintf(out, " Each point is the highest of up to %zu samples.",
			recording->for_point);
	if (recording->has_left_out)
		fputs(" There were more processes: those that matter most are kept.", out);
	fputs("</p>\n", out);
	print_states(out, pool, recording);
	print_close_wait(out, pool, recording, processes);
	print_descriptors(out, pool, recording, processes);
	print_table(out, pool, recording, processes);
}
