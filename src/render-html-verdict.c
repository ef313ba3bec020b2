// SPDX-License-Identifier: MIT
/* The page of an audit: first the verdict as a sentence for somebody who knows nothing of sysctls,
 * what it means and what to do, then everything else. See render-html.h. */
#include "html-chart.h"
#include "pool.h"
#include "recording.h"
#include "render-html.h"

#include <string.h>

/* ---- the verdict ------------------------------------------------------------------------- */

static enum verdict verdict_of(const struct report *report)
{
	const struct survey *survey = report->survey;
	int status = survey ? survey->audit_exit : report->exit;

	return !report->audit || status > 1              ? VERDICT_UNKNOWN
	       : report->audit->summary[VERDICT_DIFFERS] ? VERDICT_DIFFERS
							 : VERDICT_OK;
}

static const char *sentence(const struct report *report, enum verdict verdict)
{
	struct pool *pool = report->pool;

	if (!report->audit)
		return "There is no verdict on this host.";
	const size_t *summary = report->audit->summary;
	const char *profiles = html_escape(pool, report->profiles->names, "");
	const char *of = html_count(pool, report->audit->count, "setting", "settings");
	if (verdict == VERDICT_OK)
		return pool_printf(pool, "This host complies with %s.", profiles);
	if (verdict == VERDICT_DIFFERS)
		return pool_printf(pool, "This host does not comply with %s: %zu of %s %s.",
				   profiles, summary[VERDICT_DIFFERS], of,
				   summary[VERDICT_DIFFERS] == 1 ? "differs" : "differ");
	if (!summary[VERDICT_UNKNOWN])
		return "Not all of this host could be judged.";
	return pool_printf(pool,
			   "Not all of this host could be judged: %zu of %s could not be "
			   "looked at.",
			   summary[VERDICT_UNKNOWN], of);
}

/* What it means that something differs, by the kind of what differs. */
static void print_meaning(FILE *out, const struct audit *audit)
{
	static const struct {
		const char *part, *meaning;
	} rows[] = {
		{ "tcp_keepalive_",
		  "Peers that are gone are noticed late or never; their connections, and the "
		  "descriptors that those hold, stay in use." },
		{ ":nofile:", "Programs can run out of file descriptors (“Too many open files”)." },
		{ "fs.file-max", "The system as a whole can run out of open files." },
		{ ":pam_limits", "Sessions of a service do not get the limits that are set for "
				 "them." },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t j = 0; j < audit->count; j++) {
			const struct finding *finding = &audit->findings[j];
			if (finding->verdict != VERDICT_DIFFERS ||
			    !strstr(finding->setting->id, rows[i].part))
				continue;
			fprintf(out, "<p>%s</p>\n", rows[i].meaning);
			break;
		}
	}
}

static void print_command(FILE *out, struct pool *pool, const char *command,
			  const struct survey *survey)
{
	fprintf(out, "<pre><code>keeltune %s%s</code></pre>\n", command,
		html_escape(pool, survey->arguments, ""));
}

static void print_cure(FILE *out, const struct report *report)
{
	const struct plan *plan = report->survey->plan;
	struct pool *pool = report->pool;

	if (!plan) {
		fprintf(out, "<p><b>What to do:</b> %s</p>\n",
			html_escape(pool, report->survey->no_plan, ""));
	} else if (!audit_differs_for_apply(report->audit)) {
		fputs("<p><b>What to do:</b> new processes get what is wanted; each setting below "
		      "says what to do about those that run already.</p>\n",
		      out);
	} else if (!plan->count) {
		fputs("<p><b>What to do:</b> this is nothing that keeltune may change by itself; "
		      "each setting below says what stands in the way.</p>\n",
		      out);
	} else {
		const size_t *left = plan->remaining.summary;
		fprintf(out,
			"<p><b>What to do:</b> %s, <a href=\"#changes\">shown below</a>, %s. "
			"As root:</p>\n",
			html_count(pool, plan->count, "change", "changes"),
			!left[VERDICT_DIFFERS] && !left[VERDICT_UNKNOWN]
				? "make this host comply"
				: pool_printf(
					  pool, "make this host comply but for %s",
					  html_count(pool,
						     left[VERDICT_DIFFERS] + left[VERDICT_UNKNOWN],
						     "setting", "settings")));
		print_command(out, pool, "apply", report->survey);
		fputs("<p class=\"muted\">It can be undone with <code>keeltune rollback</code>. "
		      "Nothing has been changed yet.</p>\n",
		      out);
	}
}

static void print_verdict(FILE *out, const struct report *report)
{
	enum verdict verdict = verdict_of(report);
	const struct survey *survey = report->survey;
	struct pool *pool = report->pool;

	html_verdict_begin(out, verdict, sentence(report, verdict));
	if (report->error)
		fprintf(out, "<p>%s</p>\n", html_escape(pool, report->error, ""));
	if (report->interrupted)
		fprintf(out,
			"<p>An apply was interrupted: %s. <code>keeltune rollback</code> undoes "
			"it.</p>\n",
			html_escape(pool, report->interrupted, ""));
	if (report->audit && survey) {
		const size_t *summary = report->audit->summary;
		if (summary[VERDICT_DIFFERS])
			print_meaning(out, report->audit);
		if (verdict == VERDICT_UNKNOWN && !survey->is_root) {
			fputs("<p>Some of it only root may look at:</p>\n", out);
			print_command(out, pool, "audit", survey);
		}
		if (summary[VERDICT_DIFFERS])
			print_cure(out, report);
		else if (verdict == VERDICT_OK)
			fputs("<p>Nothing has to be done.</p>\n", out);
	}
	html_verdict_end(out);
}

/* ---- everything else --------------------------------------------------------------------- */

static void print_figures(FILE *out, const struct audit *audit)
{
	static const struct {
		enum verdict verdict;
		const char *what;
	} figures[] = { { VERDICT_DIFFERS, "not as wanted" },
			{ VERDICT_UNKNOWN, "not judged" },
			{ VERDICT_OK, "as wanted" },
			{ VERDICT_SKIPPED, "skipped: not on this host" } };

	html_figures_begin(out);
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
		html_figure(out, figures[i].verdict, audit->summary[figures[i].verdict],
			    figures[i].what);
	html_figures_end(out);
}

static void print_plan(FILE *out, const struct report *report)
{
	const struct survey *survey = report->survey;

	fputs("<section class=\"card\" aria-labelledby=\"changes\">\n"
	      "<h2 id=\"changes\">What apply would change</h2>\n",
	      out);
	if (survey->plan)
		html_changes(out, report->pool, survey->plan);
	else
		fprintf(out, "<p>Not shown: %s</p>\n",
			html_escape(report->pool, survey->no_plan, ""));
	fputs("</section>\n", out);
}

static void print_sockets(FILE *out, const struct report *report)
{
	const struct survey *survey = report->survey;
	struct pool *pool = report->pool;

	fputs("<section class=\"card\" aria-labelledby=\"sockets\">\n"
	      "<h2 id=\"sockets\">Sockets and descriptors</h2>\n",
	      out);
	if (survey->sockets)
		html_sockets(out, pool, survey->sockets);
	else
		fprintf(out, "<p class=\"muted\">Not applicable: %s.</p>\n",
			html_escape(pool, survey->no_sockets, ""));
	fputs("</section>\n", out);
	if (!survey->recording && !survey->skipped.count)
		return;
	fputs("<section class=\"card\" aria-labelledby=\"recording\">\n"
	      "<h2 id=\"recording\">Over time</h2>\n",
	      out);
	if (survey->recording && !report->root &&
	    strcmp(survey->recording->host, report->host.name) != 0)
		fprintf(out, "<p class=\"bad\">The recording is of another host: %s.</p>\n",
			html_escape(pool, survey->recording->host, ""));
	if (survey->recording)
		html_recording(out, pool, survey->recording);
	html_notes(out, pool, NULL, "Lines of the recording that were skipped", &survey->skipped);
	fputs("</section>\n", out);
}

static void print_contents(FILE *out, const struct report *report)
{
	const struct survey *survey = report->survey;
	const struct {
		bool is_there;
		const char *id, *name;
	} rows[] = {
		{ true, "settings", "Settings" },
		{ report->notes.count, "notes", "Notes" },
		{ survey, "changes", "What apply would change" },
		{ survey, "sockets", "Sockets and descriptors" },
		{ survey && (survey->recording || survey->skipped.count), "recording",
		  "Over time" },
		{ true, "about", "About this report" },
	};

	fputs("<nav aria-label=\"Contents\">\n<ul>\n", out);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].is_there)
			fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", rows[i].id, rows[i].name);
	fputs("</ul>\n</nav>\n", out);
}

void html_audit(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;

	(void)style;
	html_report_begin(out, report, "Audit");
	print_verdict(out, report);
	if (report->audit) {
		print_figures(out, report->audit);
		print_contents(out, report);
		html_findings(out, report);
	}
	html_notes(out, pool, "notes", "Notes", &report->notes);
	if (report->audit && report->survey) {
		print_plan(out, report);
		print_sockets(out, report);
		html_notes(out, pool, "survey-notes", "Notes on the changes and the sockets",
			   &report->survey->notes);
	}
	html_facts(out, report);
	html_end(out, NULL);
}
