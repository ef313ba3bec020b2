// SPDX-License-Identifier: MIT
/* Reports as pages of HTML: the shared parts, `diff` and `sockets`; see render-html.h. */
#include "render-html.h"

#include "html-chart.h"
#include "pool.h"
#include "render-text.h"
#include "socket-report.h"

#define NOTES_MAX 500

const char *html_count(struct pool *pool, size_t count, const char *one, const char *many)
{
	return pool_printf(pool, "%zu %s", count, count == 1 ? one : many);
}

const char *html_place(struct pool *pool, struct origin origin)
{
	return origin.file ? pool_printf(pool, "<code>%s</code>",
					 html_escape(pool, origin_format(pool, origin), ""))
			   : "";
}

void html_notes(FILE *out, struct pool *pool, const char *section, const char *title,
		const struct notes *notes)
{
	size_t shown = notes->count < NOTES_MAX ? notes->count : NOTES_MAX;

	if (!shown)
		return;
	if (section)
		fprintf(out,
			"<section class=\"card\" aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n",
			section, section, title);
	else
		fprintf(out, "<h3>%s</h3>\n", title);
	fputs("<ul>\n", out);
	for (size_t i = 0; i < shown; i++) {
		const struct note *note = &notes->items[i];
		fprintf(out, "<li>%s%s%s</li>\n", html_place(pool, note->origin),
			note->origin.file ? ": " : "", html_escape(pool, note->text, ""));
	}
	if (notes->count > shown)
		fprintf(out, "<li>and %zu more</li>\n", notes->count - shown);
	fputs(section ? "</ul>\n</section>\n" : "</ul>\n", out);
}

void html_report_begin(FILE *out, const struct report *report, const char *what)
{
	struct pool *pool = report->pool;

	html_begin(out, pool, what, report->root ? report->root : report->host.name);
	fprintf(out, "<p class=\"about\">%s%s%s UTC%s%s</p>\n",
		report->profiles ? html_escape(pool, report->profiles->names, "") : "",
		report->profiles ? " · " : "", html_time(pool, report->time),
		report->host.os ? " · " : "",
		report->host.os ? html_escape(pool, report->host.os, "") : "");
}

static void print_fact(FILE *out, struct pool *pool, const char *name, const char *text)
{
	if (text)
		fprintf(out, "<dt>%s</dt><dd>%s</dd>\n", name, html_escape(pool, text, ""));
}

static const char *scope(const struct query *query)
{
	const char *live = query->live ? ", and what runs already" : "";

	if (query->runtime && query->persistent)
		return *live ? "files, the next boot, the running values, and what runs already"
			     : "files, the next boot, and the running values";
	if (query->runtime)
		return *live ? "the running values, and what runs already" : "the running values";
	return *live ? "files and the next boot, and what runs already" : "files and the next boot";
}

void html_facts(FILE *out, const struct report *report)
{
	const struct query *query = report->query;
	struct pool *pool = report->pool;

	fputs("<section class=\"card\" aria-labelledby=\"about\">\n<h2 id=\"about\">About this "
	      "report</h2>\n<dl>\n",
	      out);
	if (report->profiles) {
		const char *description = report->profiles->description;
		print_fact(out, pool, "Profile",
			   description ? pool_printf(pool, "%s: %s", report->profiles->names,
						     description)
				       : report->profiles->names);
	}
	print_fact(out, pool, "Time", pool_printf(pool, "%s UTC", html_time(pool, report->time)));
	print_fact(out, pool, "Host", report->root ? report->host.name : NULL);
	print_fact(out, pool, "System", report->host.os);
	print_fact(out, pool, "Kernel", report->host.kernel);
	if (query) {
		print_fact(out, pool, "Boot engine",
			   pool_printf(pool, "%s (%s)", engine_program(query->engines.engine),
				       query->engines.detected_by));
		print_fact(out, pool, "Looked at", scope(query));
		print_fact(out, pool, "Network namespace", query->netns);
	}
	fputs("</dl>\n</section>\n", out);
}

static void print_error(FILE *out, const struct report *report, const char *sentence)
{
	html_verdict_begin(out, VERDICT_UNKNOWN, sentence);
	fprintf(out, "<p>%s</p>\n",
		html_escape(report->pool, report->error ? report->error : "no reason known", ""));
	html_verdict_end(out);
}

/* ---- diff -------------------------------------------------------------------------------- */

static void print_diff(FILE *out, const struct report *report)
{
	const struct plan *plan = report->plan;
	const size_t *left = plan->remaining.summary;
	size_t differ = left[VERDICT_DIFFERS] + left[VERDICT_UNKNOWN];
	struct pool *pool = report->pool;
	const char *profiles = html_escape(pool, report->profiles->names, "");
	const char *sentence =
		!plan->count && !differ
			? pool_printf(pool, "Nothing to change: this host complies with %s.",
				      profiles)
			: pool_printf(pool, "%s would make this host comply with %s%s.",
				      html_count(pool, plan->count, "change", "changes"), profiles,
				      differ ? pool_printf(pool, ", but for %s",
							   html_count(pool, differ, "setting",
								      "settings"))
					     : "");

	html_verdict_begin(out,
			   left[VERDICT_UNKNOWN]   ? VERDICT_UNKNOWN
			   : plan->count || differ ? VERDICT_DIFFERS
						   : VERDICT_OK,
			   sentence);
	if (plan->count)
		fputs("<p>Nothing has been changed. <code>keeltune apply</code> makes these "
		      "changes, <code>keeltune rollback</code> undoes them.</p>\n",
		      out);
	html_verdict_end(out);
	fputs("<section class=\"card\" aria-labelledby=\"changes\">\n"
	      "<h2 id=\"changes\">What apply would change</h2>\n",
	      out);
	html_changes(out, pool, plan);
	fputs("</section>\n", out);
}

static void html_diff(FILE *out, const struct report *report, const struct style *style)
{
	(void)style;
	html_report_begin(out, report, "Diff");
	if (report->error || !report->plan)
		print_error(out, report, "It is not known what apply would change.");
	else
		print_diff(out, report);
	html_notes(out, report->pool, "notes", "Notes", &report->notes);
	html_facts(out, report);
	html_end(out, NULL);
}

/* ---- sockets ----------------------------------------------------------------------------- */

static void print_checks(FILE *out, struct pool *pool, const struct socket_report *report)
{
	if (!report->request->threshold_count)
		return;
	fputs("<section class=\"card\" aria-labelledby=\"checks\">\n<h2 id=\"checks\">Checks</h2>\n"
	      "<ul class=\"plain\">\n",
	      out);
	for (size_t i = 0; i < report->request->threshold_count; i++) {
		const struct threshold_result *result = &report->checks[i];
		fputs("<li>", out);
		html_badge(out,
			   result->unknown ? VERDICT_UNKNOWN
			   : result->count ? VERDICT_DIFFERS
					   : VERDICT_OK,
			   result->unknown ? "unknown"
			   : result->count ? "exceeded"
					   : "ok");
		fprintf(out, " <code>%s</code> %s%s</li>\n",
			html_escape(pool, result->threshold->text, ""),
			result->unknown ? html_escape(pool, result->unknown, "") : "",
			result->count ? pool_printf(pool, "by %s",
						    html_count(pool, result->count, "process",
							       "processes"))
				      : "");
	}
	fputs("</ul>\n</section>\n", out);
}

static void html_socket_page(FILE *out, const struct report *report, const struct style *style)
{
	const struct socket_report *sockets = report->sockets;
	struct pool *pool = report->pool;

	(void)style;
	html_report_begin(out, report, "Sockets");
	if (!sockets) {
		print_error(out, report, "The sockets could not be looked at.");
	} else {
		bool is_bad = text_sockets_are_bad(sockets);
		html_verdict_begin(out,
				   report->exit > 1              ? VERDICT_UNKNOWN
				   : report->exit == 1 || is_bad ? VERDICT_DIFFERS
								 : VERDICT_OK,
				   report->exit > 1    ? "Not everything could be judged."
				   : report->exit == 1 ? "A threshold is exceeded."
				   : is_bad            ? "Sockets leak, or descriptors run short."
					    : "No socket leaks, and descriptors do not run short.");
		if (report->error)
			fprintf(out, "<p>%s</p>\n", html_escape(pool, report->error, ""));
		html_verdict_end(out);
		print_checks(out, pool, sockets);
		fputs("<section class=\"card\" aria-labelledby=\"sockets\">\n"
		      "<h2 id=\"sockets\">Sockets and descriptors</h2>\n",
		      out);
		html_sockets(out, pool, sockets);
		fputs("</section>\n", out);
	}
	html_notes(out, pool, "notes", "Notes", &report->notes);
	html_facts(out, report);
	html_end(out, NULL);
}

const struct renderer renderer_html = {
	.name = "html",
	.wants_survey = true,
	.render = {
		[REPORT_AUDIT] = html_audit,
		[REPORT_DIFF] = html_diff,
		[REPORT_SOCKETS] = html_socket_page,
		[REPORT_FLEET] = html_fleet,
	},
};
