// SPDX-License-Identifier: MIT
/* The table of an audit as HTML: a row for each setting, what is not ok first, and under each row
 * the reason, which unfolds to everything that is known. See render-html.h. */
#include "live.h"
#include "render-html.h"
#include "render-text.h"

#include <string.h>

#define GROUPS_SHOWN 40 /* of processes or sockets that say the same */

static const char *const titles[LAYER_COUNT] = { "Configured", "Boot / login", "Running", "Live" };

/* Is there such a layer for this setting? A limit has no running value: a login is when it runs. */
static bool has_layer(const struct report *report, const struct finding *finding, enum layer layer)
{
	const struct query *query = report->query;

	switch (layer) {
	case LAYER_CONFIGURED:
	case LAYER_BOOT:
		return query->persistent;
	case LAYER_RUNNING:
		return query->runtime && !finding->setting->provider->files_only;
	case LAYER_LIVE:
	case LAYER_COUNT:
		break;
	}
	return query->live;
}

static void print_cell(FILE *out, const struct report *report, const struct finding *finding,
		       enum layer layer)
{
	const struct reading *reading = &finding->observed.layer[layer];
	const char *text = text_reading(report->pool, reading);
	bool is_value = reading->state == READING_PRESENT;

	fprintf(out, "<td data-label=\"%s\">", titles[layer]);
	if (!has_layer(report, finding, layer) || reading->state == READING_NOT_APPLICABLE)
		fputs("<span class=\"none\">–</span>", out);
	else if (finding->differs[layer])
		fprintf(out, "<span class=\"bad\">≠ %s</span>",
			html_escape(report->pool, text, ""));
	else
		fprintf(out, is_value ? "%s" : "<span class=\"none\">%s</span>",
			html_escape(report->pool, text, ""));
	fputs("</td>", out);
}

/* ---- what unfolds ------------------------------------------------------------------------ */

static void print_layer(FILE *out, const struct report *report, const struct finding *finding,
			enum layer layer)
{
	const struct reading *reading = &finding->observed.layer[layer];
	struct pool *pool = report->pool;

	if (!has_layer(report, finding, layer) || reading->state == READING_NOT_APPLICABLE)
		return;
	fprintf(out, "<dt>%s</dt><dd>%s", titles[layer],
		html_escape(pool, text_reading(pool, reading), ""));
	if (reading->origin.file)
		fprintf(out, ", from %s", html_place(pool, reading->origin));
	if (reading->why)
		fprintf(out, ": %s", html_escape(pool, reading->why, ""));
	fputs("</dd>\n", out);
}

static void print_losers(FILE *out, struct pool *pool, const struct observed *observed)
{
	for (size_t i = 0; i < observed->shadowed_count; i++) {
		const struct shadow *shadow = &observed->shadowed[i];
		fprintf(out, "%s<dd>%s says %s: %s</dd>\n", i ? "" : "<dt>Loses</dt>",
			html_place(pool, shadow->origin),
			html_escape(pool, value_format(pool, shadow->value), ""),
			html_escape(pool, shadow->why, ""));
	}
	for (size_t i = 0; i < observed->deviation_count; i++) {
		const struct deviation *other = &observed->deviations[i];
		fprintf(out, "%s<dd>%s gets %s%s%s</dd>\n", i ? "" : "<dt>Others</dt>",
			html_escape(pool, other->who, ""),
			html_escape(pool, value_format(pool, other->value), ""),
			other->origin.file ? ", from " : "", html_place(pool, other->origin));
	}
}

/* The groups FIRST to END say the same. */
static void print_alike(FILE *out, struct pool *pool, const struct live *live, size_t first,
			size_t end)
{
	const struct live_group *said = &live->groups[first];
	size_t count = 0;

	for (size_t i = first; i < end; i++)
		count += live->groups[i].count;
	fprintf(out, "%s<dd>%s: %zu %s\n<ul>", first ? "" : "<dt>Live</dt>",
		html_escape(pool, said->shown, ""), count, text_live_noun(said->kind, count));
	for (size_t i = first; i < end && i - first < GROUPS_SHOWN; i++)
		fprintf(out, "<li>%s</li>\n",
			html_escape(pool, text_live_group(pool, &live->groups[i]), ""));
	if (end - first > GROUPS_SHOWN)
		fprintf(out, "<li>and %zu more: <code>keeltune audit --live -v</code></li>\n",
			end - first - GROUPS_SHOWN);
	fprintf(out, "</ul>\n<p>Why: %s %s</p>\n", html_escape(pool, said->why, ""),
		html_place(pool, said->origin));
	if (said->advice)
		fprintf(out, "<p>What to do: %s</p>\n", html_escape(pool, said->advice, ""));
	fputs("</dd>\n", out);
}

static void print_live(FILE *out, struct pool *pool, const struct live *live)
{
	for (size_t first = 0, end; first < live->count; first = end) {
		for (end = first + 1; end < live->count; end++)
			if (!live_is_alike(&live->groups[first], &live->groups[end]))
				break;
		print_alike(out, pool, live, first, end);
	}
	if (live->unseen)
		fprintf(out, "<dt>Not seen</dt><dd>%s</dd>\n", html_escape(pool, live->unseen, ""));
}

static void print_why(FILE *out, const struct report *report, const struct finding *finding)
{
	const struct setting *setting = finding->setting;
	struct pool *pool = report->pool;
	const char *summary =
		finding->reason ? html_escape(pool, finding->reason, "") : "Where it comes from";

	fprintf(out,
		"<tr class=\"why\"><td colspan=\"7\"><details class=\"more\"><summary>%s"
		"</summary>\n<dl class=\"why\">\n<dt>Wanted</dt><dd>%s, by %s",
		summary, html_escape(pool, setting_format_wanted(pool, setting), ""),
		html_place(pool, setting->origin));
	if (setting->reason)
		fprintf(out, ": %s", html_escape(pool, setting->reason, ""));
	fputs("</dd>\n", out);
	for (enum layer layer = 0; layer < LAYER_COUNT; layer++)
		if (layer != LAYER_LIVE || !finding->observed.live.count)
			print_layer(out, report, finding, layer);
	print_losers(out, pool, &finding->observed);
	print_live(out, pool, &finding->observed.live);
	fputs("</dl>\n</details></td></tr>\n", out);
}

/* ---- the table --------------------------------------------------------------------------- */

static void print_finding(FILE *out, const struct report *report, const struct finding *finding)
{
	struct pool *pool = report->pool;

	fputs("<tbody>\n<tr><th scope=\"row\"><code>", out);
	html_id(out, pool, finding->setting->id);
	fputs("</code>", out);
	if (finding->netns)
		fprintf(out, " <span class=\"tag\">netns %s</span>",
			html_escape(pool, finding->netns, ""));
	fputs("</th><td data-label=\"Verdict\">", out);
	html_badge(out, finding->verdict, verdict_name(finding->verdict));
	const char *accepted = text_accepted(pool, finding->setting);
	fprintf(out, "</td><td data-label=\"Wanted\"%s>%s</td>",
		strlen(accepted) < 16 ? " class=\"short\"" : "", html_escape(pool, accepted, ""));
	for (enum layer layer = 0; layer < LAYER_COUNT; layer++)
		print_cell(out, report, finding, layer);
	fputs("</tr>\n", out);
	print_why(out, report, finding);
	fputs("</tbody>\n", out);
}

void html_findings(FILE *out, const struct report *report)
{
	static const enum verdict order[] = { VERDICT_DIFFERS, VERDICT_UNKNOWN, VERDICT_OK,
					      VERDICT_SKIPPED };
	const struct audit *audit = report->audit;

	fputs("<section class=\"card\" aria-labelledby=\"settings\">\n"
	      "<h2 id=\"settings\">Settings</h2>\n<table class=\"stack settings\">\n"
	      "<caption>What the profile wants, what files configure, what the next boot or login "
	      "gets, the running value, and what runs already. ≠ marks a value outside the "
	      "accepted range, – a layer that does not exist or was not looked at.</caption>\n"
	      "<thead><tr><th scope=\"col\">Setting</th><th scope=\"col\">Verdict</th>"
	      "<th scope=\"col\">Wanted</th>",
	      out);
	for (enum layer layer = 0; layer < LAYER_COUNT; layer++)
		fprintf(out, "<th scope=\"col\">%s</th>", titles[layer]);
	fputs("</tr></thead>\n", out);
	for (size_t i = 0; i < VERDICT_COUNT; i++)
		for (size_t j = 0; j < audit->count; j++)
			if (audit->findings[j].verdict == order[i])
				print_finding(out, report, &audit->findings[j]);
	fputs("</table>\n</section>\n", out);
}
