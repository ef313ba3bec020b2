// SPDX-License-Identifier: MIT
/* A fleet as one page of HTML, see render-html.h. However many hosts there are, the page stays
 * small: what is long is cut, and says where all of it is. */
#include "fleet-picture.h"
#include "html-chart.h"
#include "pool.h"
#include "render-html.h"
#include "render-text.h"

#define SETTINGS_MAX 500u
#define GROUPS_MAX 100u
#define GROUPS_OPEN 3u /* unfolded from the beginning */
#define STATES_MAX 100u
#define HOSTS_MAX 100u
#define ROWS_MAX 100u /* of a table or list */

struct page {
	FILE *out;
	struct pool *pool;
	const struct fleet_picture *picture;
};

static size_t lesser(size_t count, size_t max)
{
	return count < max ? count : max;
}

static const char *safe(const struct page *page, const char *text)
{
	return html_escape(page->pool, text, "");
}

/* ---- parts ------------------------------------------------------------------------------- */

static void begin_section(const struct page *page, const char *id, const char *title)
{
	fprintf(page->out,
		"<section class=\"card\" aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id,
		title);
}

static void end_section(const struct page *page)
{
	fputs("</section>\n", page->out);
}

static void print_more(const struct page *page, size_t count, size_t shown)
{
	if (count > shown)
		fprintf(page->out,
			"<p class=\"muted\">and %zu more: <code>keeltune fleet --format "
			"json</code> "
			"names all.</p>\n",
			count - shown);
}

static void print_hosts(const struct page *page, const uint32_t *hosts, size_t count)
{
	size_t shown = lesser(count, HOSTS_MAX);

	for (size_t i = 0; i < shown; i++)
		fprintf(page->out, "%s%s", i ? ", " : "",
			safe(page, fleet_label(page->pool, page->picture, hosts[i])));
	if (count > shown)
		fprintf(page->out, " <span class=\"muted\">and %zu more</span>", count - shown);
}

static void print_id(const struct page *page, const char *id)
{
	fputs("<code>", page->out);
	html_id(page->out, page->pool, id);
	fputs("</code>", page->out);
}

/* "file:line" */
static const char *place(const struct page *page, uint32_t file, uint32_t line)
{
	const char *name = safe(page, fleet_text_of(page->picture->fleet, file));

	return line ? pool_printf(page->pool, "<code>%s:%u</code>", name, line)
		    : pool_printf(page->pool, "<code>%s</code>", name);
}

static const char *count_hosts(const struct page *page, size_t count)
{
	return html_count(page->pool, count, "host", "hosts");
}

/* ---- the verdict ------------------------------------------------------------------------- */

static const char *sentence(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	const size_t *verdicts = picture->verdicts;
	size_t total = fleet_host_count(picture->fleet);
	const char *profile = picture->profile_count == 1 && picture->profiles->name
				      ? safe(page, picture->profiles->name)
				      : "their profiles";

	if (!total)
		return "No report could be read.";
	if (verdicts[VERDICT_OK] == total)
		return pool_printf(page->pool, "%s with %s.",
				   html_count(page->pool, total, "host complies", "hosts comply"),
				   profile);
	if (verdicts[VERDICT_DIFFERS])
		return pool_printf(page->pool, "%zu of %s %s from %s.", verdicts[VERDICT_DIFFERS],
				   count_hosts(page, total),
				   verdicts[VERDICT_DIFFERS] == 1 ? "differs" : "differ", profile);
	return pool_printf(page->pool, "%zu of %s could not be judged.", verdicts[VERDICT_UNKNOWN],
			   count_hosts(page, total));
}

static void print_verdict(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	const size_t *verdicts = picture->verdicts;
	size_t broken = picture->fleet->broken_count;
	bool doubt = verdicts[VERDICT_UNKNOWN] || broken || !fleet_host_count(picture->fleet);

	html_verdict_begin(page->out,
			   verdicts[VERDICT_DIFFERS] ? VERDICT_DIFFERS
			   : doubt                   ? VERDICT_UNKNOWN
						     : VERDICT_OK,
			   sentence(page));
	if (picture->group_count)
		fprintf(page->out,
			"<p>They differ in %s; the largest group, %s, in %s. <code>keeltune "
			"diff</code> on one of them shows what <code>keeltune apply</code> would "
			"change on all.</p>\n",
			picture->group_count == 1
				? "one way"
				: pool_printf(page->pool, "%zu ways", picture->group_count),
			count_hosts(page, picture->groups->host_count),
			html_count(page->pool, picture->groups->state_count, "setting",
				   "settings"));
	if (verdicts[VERDICT_UNKNOWN])
		fprintf(page->out,
			"<p>%s could not be judged: neither compliant nor different.</p>\n",
			count_hosts(page, verdicts[VERDICT_UNKNOWN]));
	if (broken)
		fprintf(page->out, "<p>%s could not be read as %s and %s missing here.</p>\n",
			html_count(page->pool, broken, "file or line", "files or lines"),
			broken == 1 ? "an audit" : "audits", broken == 1 ? "is" : "are");
	html_verdict_end(page->out);
	html_figures_begin(page->out);
	html_figure(page->out, VERDICT_OK, verdicts[VERDICT_OK], "comply");
	html_figure(page->out, VERDICT_DIFFERS, verdicts[VERDICT_DIFFERS],
		    verdicts[VERDICT_DIFFERS] == 1 ? "differs" : "differ");
	html_figure(page->out, VERDICT_UNKNOWN, verdicts[VERDICT_UNKNOWN], "could not be judged");
	html_figure(page->out, VERDICT_SKIPPED, picture->stale_count, "with an old report");
	html_figures_end(page->out);
}

static void print_contents(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	const struct {
		const char *id, *title;
		size_t count;
	} sections[] = {
		{ "settings", "Settings", picture->setting_count },
		{ "groups", "Differences", picture->group_count },
		{ "unjudged", "Not judged", picture->unjudged_count },
		{ "outliers", "Outliers", picture->outlier_count },
		{ "stale", "Old reports", picture->stale_count },
		{ "duplicates", "Duplicates", picture->duplicate_count },
		{ "broken", "Broken", picture->fleet->broken_count },
	};

	fputs("<nav aria-label=\"Contents\">\n<ul>\n", page->out);
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		if (sections[i].count)
			fprintf(page->out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
				sections[i].title);
	fputs("<li><a href=\"#about\">About</a></li>\n</ul>\n</nav>\n", page->out);
}

/* ---- settings ---------------------------------------------------------------------------- */

/* The verdicts as parts of a bar; the figures stand beside it. */
static void print_share(const struct page *page, const struct fleet_setting *setting)
{
	static const char *const classes[VERDICT_COUNT] = { "ok", "differs", "unknown", "skipped" };
	double at = 0;

	fputs("<svg class=\"share\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" "
	      "aria-hidden=\"true\">",
	      page->out);
	for (enum verdict i = 0; i < VERDICT_COUNT; i++) {
		double width = 100.0 * (double)setting->counts[i] / (double)setting->hosts;
		if (setting->counts[i])
			fprintf(page->out,
				"<rect class=\"%s\" x=\"%.2f\" width=\"%.2f\" height=\"1\"/>",
				classes[i], at, width);
		at += width;
	}
	fputs("</svg>", page->out);
}

static void print_values(const struct page *page, const struct fleet_setting *setting)
{
	if (!setting->distinct)
		return;
	fprintf(page->out, "<details class=\"more\"><summary>%s</summary>\n<ul class=\"plain\">\n",
		html_count(page->pool, setting->distinct, "value", "different values"));
	for (size_t i = 0; i < setting->value_count; i++)
		fprintf(page->out, "<li>%s: %s</li>\n",
			safe(page, text_fleet_value(page->pool, &setting->values[i])),
			count_hosts(page, setting->values[i].hosts));
	if (setting->distinct > setting->value_count)
		fprintf(page->out, "<li class=\"muted\">and %zu more</li>\n",
			setting->distinct - setting->value_count);
	fputs("</ul>\n</details>", page->out);
}

static void print_setting(const struct page *page, const struct fleet_setting *setting)
{
	static const char *const labels[VERDICT_COUNT] = { "OK", "Differs", "Unknown", "Skipped" };

	fputs("<tr><th scope=\"row\">", page->out);
	print_id(page, setting->id);
	print_share(page, setting);
	fprintf(page->out, "</th><td data-label=\"Wanted\">%s%s</td>",
		safe(page, text_fleet_wanted(page->pool, setting->want, setting->at_least,
					     setting->at_most)),
		setting->wants_differ ? " <span class=\"tag\">mostly</span>" : "");
	for (enum verdict i = 0; i < VERDICT_COUNT; i++)
		fprintf(page->out, "<td class=\"number\" data-label=\"%s\">%s%zu%s</td>", labels[i],
			i == VERDICT_DIFFERS && setting->counts[i] ? "<span class=\"bad\">"
			: setting->counts[i]                       ? "<span>"
								   : "<span class=\"none\">",
			setting->counts[i], "</span>");
	fputs("<td data-label=\"Values\"><div>", page->out);
	print_values(page, setting);
	fputs("</div></td></tr>\n", page->out);
}

static void print_settings(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	size_t shown = lesser(picture->setting_count, SETTINGS_MAX);

	if (!picture->setting_count)
		return;
	begin_section(page, "settings", "Settings");
	fputs("<table class=\"stack settings\">\n<caption>How many hosts comply in each setting, "
	      "and "
	      "the values that most have.</caption>\n<thead><tr><th scope=\"col\">Setting</th>"
	      "<th scope=\"col\">Wanted</th><th scope=\"col\" class=\"number\">OK</th>"
	      "<th scope=\"col\" class=\"number\">Differs</th>"
	      "<th scope=\"col\" class=\"number\">Unknown</th>"
	      "<th scope=\"col\" class=\"number\">Skipped</th>"
	      "<th scope=\"col\">Values</th></tr></thead>\n<tbody>\n",
	      page->out);
	for (size_t i = 0; i < shown; i++)
		if (picture->settings[i].hosts)
			print_setting(page, &picture->settings[i]);
	fputs("</tbody>\n</table>\n", page->out);
	print_more(page, picture->setting_count, shown);
	end_section(page);
}

/* ---- groups ------------------------------------------------------------------------------ */

static void print_layer(const struct page *page, const struct fleet_state *state, enum layer layer,
			const char *label)
{
	const char *value = fleet_text_of(page->picture->fleet, state->layer[layer]);

	fprintf(page->out, "<td data-label=\"%s\">%s</td>", label,
		value ? safe(page, value) : "<span class=\"none\">–</span>");
}

static void print_state(const struct page *page, const struct fleet_state *state)
{
	const struct fleet *fleet = page->picture->fleet;
	const char *deviations = fleet_text_of(fleet, state->deviations);
	const char *reason = fleet_text_of(fleet, state->reason);

	fputs("<tr><th scope=\"row\">", page->out);
	print_id(page, page->picture->settings[state->setting].id);
	fputs("</th><td data-label=\"Verdict\">", page->out);
	html_badge(page->out, (enum verdict)state->verdict,
		   state->verdict == VERDICT_UNKNOWN ? "unknown" : "differs");
	fprintf(page->out, "</td><td data-label=\"Wanted\">%s</td>",
		safe(page, text_fleet_wanted(page->pool, fleet_text_of(fleet, state->want),
					     fleet_text_of(fleet, state->at_least),
					     fleet_text_of(fleet, state->at_most))));
	print_layer(page, state, LAYER_CONFIGURED, "Configured");
	print_layer(page, state, LAYER_BOOT, "Boot / login");
	print_layer(page, state, LAYER_RUNNING, "Running");
	print_layer(page, state, LAYER_LIVE, "Live");
	fputs("</tr>\n", page->out);
	if (deviations || reason)
		fprintf(page->out, "<tr class=\"why\"><td colspan=\"7\">%s%s%s</td></tr>\n",
			deviations ? safe(page, deviations) : "", deviations && reason ? "; " : "",
			reason ? safe(page, reason) : "");
}

static void print_group(const struct page *page, const struct fleet_group *group, bool open)
{
	size_t shown = lesser(group->state_count, STATES_MAX);

	fprintf(page->out, "<details class=\"more\"%s><summary><b>%s</b>", open ? " open" : "",
		count_hosts(page, group->host_count));
	if (group->state_count)
		fprintf(page->out, ", %s: ",
			html_count(page->pool, group->state_count, "setting", "settings"));
	if (group->state_count)
		print_id(page, page->picture->settings[group->states[0]->setting].id);
	if (group->state_count > 1)
		fputs(" …", page->out);
	fputs("</summary>\n", page->out);
	if (group->error)
		fprintf(page->out, "<p>%s</p>\n", safe(page, group->error));
	if (shown) {
		fputs("<table class=\"stack settings\">\n<thead><tr><th scope=\"col\">Setting</th>"
		      "<th scope=\"col\">Verdict</th><th scope=\"col\">Wanted</th>"
		      "<th scope=\"col\">Configured</th><th scope=\"col\">Boot / login</th>"
		      "<th scope=\"col\">Running</th><th scope=\"col\">Live</th></tr></thead>\n"
		      "<tbody>\n",
		      page->out);
		for (size_t i = 0; i < shown; i++)
			print_state(page, group->states[i]);
		fputs("</tbody>\n</table>\n", page->out);
		print_more(page, group->state_count, shown);
	}
	fputs("<p>", page->out);
	print_hosts(page, group->hosts, group->host_count);
	fputs("</p>\n</details>\n", page->out);
}

static void print_groups(const struct page *page, const char *id, const char *title,
			 const struct fleet_group *groups, size_t count)
{
	size_t shown = lesser(count, GROUPS_MAX);

	if (!count)
		return;
	begin_section(page, id, title);
	for (size_t i = 0; i < shown; i++)
		print_group(page, &groups[i], i < GROUPS_OPEN);
	print_more(page, count, shown);
	end_section(page);
}

/* ---- outliers and reports ------------------------------------------------------------------ */

static void print_outliers(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	size_t shown = lesser(picture->outlier_count, ROWS_MAX);

	if (!picture->outlier_count)
		return;
	begin_section(page, "outliers", "Outliers");
	fputs("<table class=\"stack settings\">\n<caption>Values that few have, where most have "
	      "another; they may comply all the same.</caption>\n<thead><tr>"
	      "<th scope=\"col\">Setting</th><th scope=\"col\">Value</th><th scope=\"col\">Most "
	      "have"
	      "</th><th scope=\"col\">Hosts</th></tr></thead>\n<tbody>\n",
	      page->out);
	for (size_t i = 0; i < shown; i++) {
		const struct fleet_outlier *outlier = &picture->outliers[i];
		fputs("<tr><th scope=\"row\">", page->out);
		print_id(page, outlier->setting->id);
		fprintf(page->out,
			"</th><td data-label=\"Value\">%s</td><td data-label=\"Most have\">%s (%zu)"
			"</td><td data-label=\"Hosts\"><div>",
			safe(page, text_fleet_value(page->pool, &outlier->value)),
			safe(page, text_fleet_value(page->pool, &outlier->common)),
			outlier->common.hosts);
		print_hosts(page, outlier->hosts, outlier->value.hosts);
		fputs("</div></td></tr>\n", page->out);
	}
	fputs("</tbody>\n</table>\n", page->out);
	print_more(page, picture->outlier_count, shown);
	end_section(page);
}

static void print_stale(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	size_t shown = lesser(picture->stale_count, ROWS_MAX);

	if (!picture->stale_count)
		return;
	begin_section(page, "stale", "Old reports");
	fputs("<p>Much older than the newest one; they count, for nothing better is known.</p>\n"
	      "<ul>\n",
	      page->out);
	for (size_t i = 0; i < shown; i++)
		fprintf(page->out, "<li>%s: %s UTC</li>\n",
			safe(page, fleet_label(page->pool, picture, picture->stale[i])),
			html_time(page->pool, picture->fleet->hosts[picture->stale[i]].time));
	fputs("</ul>\n", page->out);
	print_more(page, picture->stale_count, shown);
	end_section(page);
}

static void print_duplicates(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	size_t shown = lesser(picture->duplicate_count, ROWS_MAX);

	if (!picture->duplicate_count)
		return;
	begin_section(page, "duplicates", "Duplicates");
	fputs("<p>Of several reports of a host the newest counts.</p>\n<ul>\n", page->out);
	for (size_t i = 0; i < shown; i++) {
		const struct fleet_place *dropped = &picture->duplicates[i];
		const struct fleet_host *host = &picture->fleet->hosts[dropped->host];
		fprintf(page->out, "<li>%s: %s of %s UTC counts, ",
			safe(page, fleet_label(page->pool, picture, dropped->host)),
			place(page, host->file, host->line), html_time(page->pool, host->time));
		fprintf(page->out, "%s of %s UTC does not</li>\n",
			place(page, dropped->file, dropped->line),
			html_time(page->pool, dropped->time));
	}
	fputs("</ul>\n", page->out);
	print_more(page, picture->duplicate_count, shown);
	end_section(page);
}

static void print_broken(const struct page *page)
{
	const struct fleet *fleet = page->picture->fleet;
	size_t shown = lesser(fleet->broken_count, ROWS_MAX);

	if (!fleet->broken_count)
		return;
	begin_section(page, "broken", "Broken");
	fputs("<p>What could not be read as an audit was skipped.</p>\n<ul>\n", page->out);
	for (size_t i = 0; i < shown; i++)
		fprintf(page->out, "<li>%s: %s</li>\n",
			place(page, fleet->broken[i].file, fleet->broken[i].line),
			safe(page, fleet->broken[i].error));
	fputs("</ul>\n", page->out);
	print_more(page, fleet->broken_count, shown);
	end_section(page);
}

static void print_tallies(const struct page *page, const char *title,
			  const struct fleet_tally *tallies, size_t count)
{
	size_t shown = lesser(count, 20);

	if (!count)
		return;
	fprintf(page->out, "<dt>%s</dt><dd>", title);
	for (size_t i = 0; i < shown; i++)
		fprintf(page->out, "%s%s (%s)", i ? ", " : "",
			tallies[i].name ? safe(page, tallies[i].name) : "none",
			count_hosts(page, tallies[i].hosts));
	if (count > shown)
		fprintf(page->out, " and %zu more", count - shown);
	fputs("</dd>\n", page->out);
}

static void print_facts(const struct page *page, const struct report *report)
{
	const struct fleet_picture *picture = page->picture;

	begin_section(page, "about", "About this report");
	fprintf(page->out, "<dl>\n<dt>Merged</dt><dd>%s UTC, on %s</dd>\n",
		html_time(page->pool, report->time), safe(page, report->host.name));
	fprintf(page->out, "<dt>Reports</dt><dd>%zu read, %zu of them count</dd>\n",
		picture->fleet->reports, fleet_host_count(picture->fleet));
	if (picture->newest)
		fprintf(page->out, "<dt>Newest report</dt><dd>%s UTC</dd>\n",
			html_time(page->pool, picture->newest));
	print_tallies(page, "Profiles", picture->profiles, picture->profile_count);
	print_tallies(page, "keeltune", picture->versions, picture->version_count);
	fputs("</dl>\n", page->out);
	end_section(page);
}

void html_fleet(FILE *out, const struct report *report, const struct style *style)
{
	const struct fleet_picture *picture = report->fleet;
	const struct page page = { out, report->pool, picture };

	(void)style;
	html_begin(out, page.pool, "Fleet",
		   picture ? count_hosts(&page, fleet_host_count(picture->fleet)) : "");
	if (picture) {
		fprintf(out, "<p class=\"about\">%s UTC</p>\n", html_time(page.pool, report->time));
		print_verdict(&page);
		print_contents(&page);
		print_settings(&page);
		print_groups(&page, "groups", "Hosts that differ in the same way", picture->groups,
			     picture->group_count);
		print_groups(&page, "unjudged", "Hosts that could not be judged", picture->unjudged,
			     picture->unjudged_count);
		print_outliers(&page);
		print_stale(&page);
		print_duplicates(&page);
		print_broken(&page);
		html_notes(out, page.pool, "notes", "Notes", &report->notes);
		print_facts(&page, report);
	}
	html_end(out, NULL);
}
