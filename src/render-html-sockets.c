// SPDX-License-Identifier: MIT
/* A socket report as HTML: the states, who holds CLOSE_WAIT, who is near a descriptor limit, and
 * what to do; see render-html.h. */
#include "diagnosis.h"
#include "html-chart.h"
#include "pool.h"
#include "render-html.h"
#include "render-text.h"
#include "socket-report.h"

#include <inttypes.h>
#include <string.h>

#define BARS_MAX 10
#define ROWS_MAX 200  /* of processes */
#define PIDS_MAX 50   /* in a row */
#define NAME_WIDTH 16 /* characters of a process's name in a chart */

static const char *bar_name(struct pool *pool, const char *comm, pid_t pid, size_t count)
{
	const char *name = html_short(pool, *comm ? comm : "?", NAME_WIDTH);

	return count > 1 ? pool_printf(pool, "%s (%zu processes)", name, count)
			 : pool_printf(pool, "%s (%d)", name, pid);
}

static void begin_figure(FILE *out, const char *title)
{
	fprintf(out, "<figure>\n<figcaption>%s</figcaption>\n", title);
}

/* ---- states ------------------------------------------------------------------------------ */

static void print_states(FILE *out, struct pool *pool, const struct socket_report *report)
{
	struct html_bar bars[TCP_STATE_COUNT];
	const char *text = "";
	uint64_t most = 1;
	size_t count = 0;

	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		if (report->states[state] > most)
			most = report->states[state];
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++) {
		uint64_t number = report->states[state];
		if (!number && state != TCP_STATE_CLOSE_WAIT && state != TCP_STATE_ESTABLISHED &&
		    state != TCP_STATE_LISTEN)
			continue;
		bars[count++] = (struct html_bar){
			.label = tcp_state_name(state),
			.value = pool_printf(pool, "%" PRIu64, number),
			.share = (double)number / (double)most,
			.is_bad = state == TCP_STATE_CLOSE_WAIT && number,
		};
		text = pool_printf(pool, "%s%s%s %" PRIu64, text, *text ? ", " : "",
				   tcp_state_name(state), number);
	}
	begin_figure(out,
		     report->namespace_count > 1
			     ? pool_printf(pool, "TCP sockets by state, %zu network namespaces",
					   report->namespace_count)
			     : "TCP sockets by state");
	html_bars(out, &(struct html_bars){ .title = "TCP sockets by state",
					    .description = text,
					    .bars = bars,
					    .count = count });
	fputs("</figure>\n", out);
}

/* ---- processes --------------------------------------------------------------------------- */

static void print_close_wait(FILE *out, struct pool *pool, const struct socket_report *report)
{
	struct html_bar bars[BARS_MAX];
	const char *text = "";
	uint64_t most = 1;
	size_t count = 0;

	for (size_t i = 0; i < report->leak_count; i++)
		if (report->leaks[i].states[TCP_STATE_CLOSE_WAIT] > most)
			most = report->leaks[i].states[TCP_STATE_CLOSE_WAIT];
	for (size_t i = 0, alike; i < report->leak_count && count < BARS_MAX; i += alike) {
		const struct leak *leak = &report->leaks[i];
		uint64_t number = leak->states[TCP_STATE_CLOSE_WAIT];
		alike = text_leaks_alike(report, i);
		if (!number)
			continue;
		bars[count] = (struct html_bar){
			.label = bar_name(pool, leak->comm, leak->pid, alike),
			.value = pool_printf(pool, "%" PRIu64, number),
			.share = (double)number / (double)most,
			.is_bad = true,
		};
		text = pool_printf(pool, "%s%s%s %" PRIu64, text, *text ? ", " : "",
				   bars[count].label, number);
		count++;
	}
	begin_figure(out, "CLOSE_WAIT by process");
	if (count)
		html_bars(out, &(struct html_bars){ .title = "CLOSE_WAIT by process",
						    .description = text,
						    .bars = bars,
						    .count = count });
	else
		fputs("<p class=\"muted\">No process is seen to hold a socket in CLOSE_WAIT.</p>\n",
		      out);
	fputs("</figure>\n", out);
}

static void print_descriptors(FILE *out, struct pool *pool, const struct socket_report *report)
{
	struct html_bar bars[BARS_MAX];
	const char *text = "";
	size_t count = 0;

	for (size_t i = 0; i < report->descriptor_count && i < DESCRIPTORS_NAMED; i++) {
		const struct listed_process *item = &report->descriptors[i];
		double share = process_list_share(item);
		if (share < 0 || count == BARS_MAX)
			continue;
		bars[count] = (struct html_bar){
			.label = bar_name(pool, item->comm, item->pid, 1),
			.value = pool_printf(pool, "%" PRIu32 " of %s", item->used,
					     limit_format(pool, item->soft)),
			.share = share,
			.is_bad = share >= NEAR_LIMIT,
		};
		text = pool_printf(pool, "%s%s%s %s", text, *text ? ", " : "", bars[count].label,
				   bars[count].value);
		count++;
	}
	begin_figure(out, "Descriptors in use of the soft limit, by process");
	if (count)
		html_bars(out, &(struct html_bars){ .title = "Descriptors in use of the soft limit",
						    .description = text,
						    .bars = bars,
						    .count = count });
	else
		fputs("<p class=\"muted\">The use of descriptors of no process could be "
		      "seen.</p>\n",
		      out);
	fputs("</figure>\n", out);
}

static void print_advice(FILE *out, struct pool *pool, const struct advice *advice, size_t count)
{
	if (!count)
		return;
	fputs("<ul>\n", out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "<li>%s <span class=\"tag\">%s</span>",
			html_escape(pool, advice[i].text, ""), html_escape(pool, advice[i].id, ""));
		if (advice[i].command)
			fprintf(out, "\n<pre><code>%s</code></pre>",
				html_escape(pool, advice[i].command, "\n"));
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

/* COUNT processes that look the same. */
static void print_evidence(FILE *out, struct pool *pool, const struct leak *leak, size_t count)
{
	const char *lines[3];

	fprintf(out,
		"<tr class=\"why\"><td colspan=\"7\"><details "
		"class=\"more\"><summary>%s</summary>\n"
		"<ul>\n",
		leak->advice_count ? html_escape(pool, leak->advice->text, "") : "Details");
	if (count > 1) {
		fputs("<li>pids", out);
		for (size_t i = 0; i < count && i < PIDS_MAX; i++)
			fprintf(out, " %d", leak[i].pid);
		fputs(count > PIDS_MAX ? " …</li>\n" : "</li>\n", out);
	}
	if (leak->states[TCP_STATE_CLOSE_WAIT]) {
		text_leak_evidence(pool, leak, lines);
		for (size_t i = 0; i < 3; i++)
			if (*lines[i])
				fprintf(out, "<li>%s</li>\n", html_escape(pool, lines[i], ""));
	}
	if (leak->fds.used != FDS_UNKNOWN)
		fprintf(out, "<li>descriptors %s</li>\n",
			html_escape(pool, text_descriptors(pool, &leak->fds), ""));
	if (leak->dead)
		fprintf(out,
			"<li>%" PRIu64 " dead sockets: in no table any more, still held</li>\n",
			leak->dead);
	fputs("</ul>\n", out);
	print_advice(out, pool, leak->advice, leak->advice_count);
	fputs("</details></td></tr>\n", out);
}

static void print_process(FILE *out, struct pool *pool, const struct leak *leak, size_t count)
{
	fprintf(out, "<tbody>\n<tr><th scope=\"row\">%s <span class=\"muted\">",
		html_escape(pool, leak->comm, ""));
	fprintf(out, count > 1 ? "%zu processes</span>" : "pid %zu</span>",
		count > 1 ? count : (size_t)leak->pid);
	if (leak->netns && strncmp(leak->netns, "net:[", 5) != 0)
		fprintf(out, " <span class=\"tag\">netns %s</span>",
			html_escape(pool, leak->netns, ""));
	fprintf(out, "</th><td data-label=\"Unit\">%s%s%s</td><td data-label=\"User\">%s</td>",
		leak->unit ? html_escape(pool, leak->unit, "") : "–", leak->container ? ", " : "",
		leak->container ? html_escape(pool, leak->container, "") : "",
		html_escape(pool, leak->user, ""));
	fprintf(out, "<td data-label=\"CLOSE_WAIT\" class=\"number\">%" PRIu64 "</td>",
		leak->states[TCP_STATE_CLOSE_WAIT]);
	fprintf(out, "<td data-label=\"Oldest\" class=\"number\">%s</td>",
		leak->oldest == AGE_UNKNOWN
			? "–"
			: pool_printf(pool, "≤ %s", duration_format(pool, leak->oldest)));
	if (leak->fds.used == FDS_UNKNOWN)
		fputs("<td data-label=\"Descriptors\" class=\"number\">not seen</td>", out);
	else
		fprintf(out, "<td data-label=\"Descriptors\" class=\"number%s\">%s%" PRIu32 "</td>",
			process_list_share(&leak->fds) >= NEAR_LIMIT ? " bad" : "",
			process_list_share(&leak->fds) >= NEAR_LIMIT ? "! " : "", leak->fds.used);
	fprintf(out, "<td data-label=\"Soft limit\" class=\"number\">%s</td></tr>\n",
		leak->fds.soft || leak->fds.hard ? limit_format(pool, leak->fds.soft) : "–");
	print_evidence(out, pool, leak, count);
	fputs("</tbody>\n", out);
}

static void print_processes(FILE *out, struct pool *pool, const struct socket_report *report)
{
	static const char *const titles[] = { "Process", "Unit",        "User",      "CLOSE_WAIT",
					      "Oldest",  "Descriptors", "Soft limit" };
	size_t shown = 0, rows = 0;

	if (!report->leak_count)
		return;
	fputs("<h3>Processes, the worst first</h3>\n<table class=\"stack\">\n"
	      "<caption>Who holds sockets that are not closed, is near a limit, or refuses "
	      "connections</caption>\n<thead><tr>",
	      out);
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		fprintf(out, "<th scope=\"col\"%s>%s</th>", i > 2 ? " class=\"number\"" : "",
			titles[i]);
	fputs("</tr></thead>\n", out);
	for (size_t count; shown < report->leak_count && rows < ROWS_MAX; shown += count, rows++) {
		count = text_leaks_alike(report, shown);
		print_process(out, pool, &report->leaks[shown], count);
	}
	fputs("</table>\n", out);
	size_t left = report->leak_count - shown + report->leaks_left_out;
	if (left)
		fprintf(out, "<p>And %zu more: <code>keeltune sockets</code> has them.</p>\n",
			left);
}

/* ---- the rest ---------------------------------------------------------------------------- */

static void print_unattributed(FILE *out, const struct unattributed *left)
{
	struct unattributed_row rows[UNATTRIBUTED_ROWS];

	diagnose_unattributed(left, rows);
	for (size_t i = 0; i < UNATTRIBUTED_ROWS; i++)
		if (rows[i].count)
			fprintf(out, "<li>%" PRIu64 " sockets: %s</li>\n", rows[i].count,
				rows[i].what);
}

static void print_system(FILE *out, struct pool *pool, const struct socket_report *report)
{
	const struct system_state *system = &report->system;
	size_t hidden = report->hidden_processes, unknown = process_list_unknown(&report->list);

	fputs("<ul>\n", out);
	print_unattributed(out, &report->unattributed);
	if (system->file_max)
		fprintf(out,
			"<li>The whole system has %" PRIu64
			" files open, of %s (<code>fs.file-nr</code>).</li>\n",
			system->file_nr,
			system->file_max > INT64_MAX / 2 ? "unlimited"
							 : limit_format(pool, system->file_max));
	if (system->listen_overflows || system->listen_drops)
		fprintf(out,
			"<li>Accept queues were full %" PRIu64 " times since boot, %" PRIu64
			" connections were dropped.</li>\n",
			system->listen_overflows, system->listen_drops);
	if (hidden || unknown || report->list.hides)
		fprintf(out,
			"<li>Not everything was visible: %zu processes could not be looked into, "
			"the descriptors of %zu not be counted%s. Root sees more.</li>\n",
			hidden, unknown,
			report->list.hides ? ", and processes of others are not listed (hidepid)"
					   : "");
	fputs("</ul>\n", out);
	print_advice(out, pool, report->advice, report->advice_count);
}

void html_sockets(FILE *out, struct pool *pool, const struct socket_report *report)
{
	const char *summary = text_sockets_summary(pool, report);

	if (*summary)
		fprintf(out, "<p class=\"%s\">%s.</p>\n",
			text_sockets_are_bad(report) ? "bad" : "muted",
			html_escape(pool, summary, ""));
	fputs("<div class=\"charts\">\n", out);
	print_states(out, pool, report);
	if (!report->request->summary)
		print_close_wait(out, pool, report);
	if (report->has_descriptors)
		print_descriptors(out, pool, report);
	fputs("</div>\n", out);
	print_processes(out, pool, report);
	print_system(out, pool, report);
}
