// SPDX-License-Identifier: MIT
/* A fleet, for people; see render-text.h. Lists are short: the JSON has all of them. */
#include "audit.h"
#include "fleet-picture.h"
#include "pool.h"
#include "render-text.h"

#include <string.h>

#define GROUPS_MAX 20u
#define HOSTS_MAX 8u /* of a group */
#define STATES_MAX 40u
#define LIST_MAX 10u  /* of anything else */
#define VERBOSE 1000u /* the same with --verbose */

struct page {
	FILE *out;
	struct pool *pool;
	const struct fleet_picture *picture;
	const struct style *style;
};

static size_t shorten(const struct page *page, size_t count, size_t max)
{
	size_t limit = page->style->verbose ? VERBOSE : max;

	return count < limit ? count : limit;
}

static void print_more(const struct page *page, size_t count, size_t shown)
{
	if (count > shown)
		fprintf(page->out, "  and %zu more%s\n", count - shown,
			page->style->verbose ? " (--format json has all)"
					     : " (--verbose, --format json)");
}

static const char *color(const struct page *page, const char *color, const char *text)
{
	return text_in_color(page->pool, page->style, color, text);
}

static void print_title(const struct page *page, const char *title)
{
	fputc('\n', page->out);
	text_colored(page->out, page->style, BOLD, title);
	fputc('\n', page->out);
}

/* "web1, web2 and 12 more" */
static const char *hosts(const struct page *page, const uint32_t *numbers, size_t count)
{
	size_t shown = shorten(page, count, HOSTS_MAX);
	const char *list = "";

	for (size_t i = 0; i < shown; i++)
		list = pool_printf(page->pool, "%s%s%s", list, i ? ", " : "",
				   fleet_label(page->pool, page->picture, numbers[i]));
	return count > shown ? pool_printf(page->pool, "%s and %zu more", list, count - shown)
			     : list;
}

static const char *place(const struct page *page, uint32_t file, uint32_t line)
{
	const char *name = fleet_text_of(page->picture->fleet, file);

	return line ? pool_printf(page->pool, "%s:%u", name, line) : name;
}

static const char *day(struct pool *pool, time_t time)
{
	struct tm utc;
	char text[32] = "?";

	if (gmtime_r(&time, &utc))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M", &utc);
	return pool_strdup(pool, text);
}

/* ---- settings ---------------------------------------------------------------------------- */

#define SETTING_COLUMNS (1 + VERDICT_COUNT) /* the setting, and hosts by verdict */

static void print_settings(const struct page *page)
{
	static const char *const titles[SETTING_COLUMNS] = { "SETTING", "      OK", " DIFFERS",
							     " UNKNOWN", " SKIPPED" };
	const struct fleet_picture *picture = page->picture;
	size_t columns[SETTING_COLUMNS] = { strlen("SETTING"), 8, 8, 8, 8 };
	const char *cells[SETTING_COLUMNS];

	for (size_t i = 0; i < picture->setting_count; i++) {
		size_t size = wrap_columns(text_safe(page->pool, picture->settings[i].id));
		if (size > columns[0] && size <= 42)
			columns[0] = size;
	}
	fputc('\n', page->out);
	for (size_t i = 0; i < SETTING_COLUMNS; i++)
		cells[i] = color(page, BOLD, titles[i]);
	wrap_row(page->out, cells, columns, SETTING_COLUMNS, 1);
	for (size_t i = 0; i < picture->setting_count; i++) {
		const struct fleet_setting *setting = &picture->settings[i];
		if (!setting->hosts)
			continue;
		cells[0] = text_safe(page->pool, setting->id);
		for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
			cells[1 + verdict] = color(
				page,
				verdict == VERDICT_DIFFERS && setting->counts[verdict] ? RED : "",
				pool_printf(page->pool, "%8zu", setting->counts[verdict]));
		wrap_row(page->out, cells, columns, SETTING_COLUMNS, 1);
	}
}

/* ---- groups ------------------------------------------------------------------------------ */

const char *text_fleet_wanted(struct pool *pool, const char *want, const char *at_least,
			      const char *at_most)
{
	return at_least && at_most ? pool_printf(pool, "%s..%s", at_least, at_most)
	       : at_least          ? pool_printf(pool, "at least %s", at_least)
	       : at_most           ? pool_printf(pool, "at most %s", at_most)
	       : want              ? want
				   : "?";
}

/* "wanted at most 1800; boot 7200, running 7200" */
static const char *found(const struct page *page, const struct fleet_state *state)
{
	static const enum layer order[] = { LAYER_RUNNING, LAYER_BOOT, LAYER_LIVE };
	const struct fleet *fleet = page->picture->fleet;
	const char *list =
		pool_printf(page->pool, "wanted %s",
			    text_fleet_wanted(page->pool, fleet_text_of(fleet, state->want),
					      fleet_text_of(fleet, state->at_least),
					      fleet_text_of(fleet, state->at_most)));
	const char *deviations = fleet_text_of(fleet, state->deviations);
	const char *mark = "; ";

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		const char *value = fleet_text_of(fleet, state->layer[order[i]]);
		if (!value)
			continue;
		list = pool_printf(page->pool, "%s%s%s %s", list, mark, layer_name(order[i]),
				   value);
		mark = ", ";
	}
	if (*mark == ';')
		list = pool_printf(page->pool, "%s; found none", list);
	return deviations ? pool_printf(page->pool, "%s; %s", list, deviations) : list;
}

static void print_state(const struct page *page, const struct fleet_state *state)
{
	const struct fleet *fleet = page->picture->fleet;
	const char *id = page->picture->settings[state->setting].id;
	const char *reason = fleet_text_of(fleet, state->reason);

	text_wrapped(page->out, page->pool, "    ", 6,
		     pool_printf(page->pool, "%s: %s", id,
				 state->verdict != VERDICT_UNKNOWN ? found(page, state)
				 : reason                          ? reason
								   : "unknown"));
}

static void print_groups(const struct page *page, const char *title,
			 const struct fleet_group *groups, size_t count)
{
	size_t shown = shorten(page, count, GROUPS_MAX);

	if (!count)
		return;
	print_title(page, title);
	for (size_t i = 0; i < shown; i++) {
		const struct fleet_group *group = &groups[i];
		text_wrapped(page->out, page->pool, "  ", 4,
			     pool_printf(page->pool, "%zu host%s: %s", group->host_count,
					 text_plural(group->host_count),
					 hosts(page, group->hosts, group->host_count)));
		if (group->error)
			text_wrapped(page->out, page->pool, "    ", 6, group->error);
		size_t states = shorten(page, group->state_count, STATES_MAX);
		for (size_t j = 0; j < states; j++)
			print_state(page, group->states[j]);
		print_more(page, group->state_count, states);
		if (!group->error && !group->state_count)
			fputs("    its audit says so, without a finding that does\n", page->out);
	}
	print_more(page, count, shown);
}

/* ---- outliers ---------------------------------------------------------------------------- */

const char *text_fleet_value(struct pool *pool, const struct fleet_value *value)
{
	const char *boot = value->boot ? value->boot : "none";
	const char *running = value->running ? value->running : "none";

	return !strcmp(boot, running) ? boot
				      : pool_printf(pool, "running %s, boot %s", running, boot);
}

static void print_outliers(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	size_t shown = shorten(page, picture->outlier_count, LIST_MAX);

	if (!picture->outlier_count)
		return;
	print_title(page, "outliers: a value that few have, where most have another");
	for (size_t i = 0; i < shown; i++) {
		const struct fleet_outlier *outlier = &picture->outliers[i];
		text_wrapped(page->out, page->pool, "  ", 4,
			     pool_printf(page->pool, "%s: %s, where %zu have %s: %s",
					 outlier->setting->id,
					 text_fleet_value(page->pool, &outlier->value),
					 outlier->common.hosts,
					 text_fleet_value(page->pool, &outlier->common),
					 hosts(page, outlier->hosts, outlier->value.hosts)));
	}
	print_more(page, picture->outlier_count, shown);
}

/* ---- reports ----------------------------------------------------------------------------- */

static void print_stale(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	size_t shown = shorten(page, picture->stale_count, LIST_MAX);

	if (!picture->stale_count)
		return;
	print_title(page, "stale: reports that are much older than the newest; they count");
	for (size_t i = 0; i < shown; i++) {
		const struct fleet_host *host = &picture->fleet->hosts[picture->stale[i]];
		text_wrapped(page->out, page->pool, "  ", 4,
			     pool_printf(page->pool, "%s: %s",
					 fleet_label(page->pool, picture, picture->stale[i]),
					 day(page->pool, host->time)));
	}
	print_more(page, picture->stale_count, shown);
}

static void print_duplicates(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	size_t shown = shorten(page, picture->duplicate_count, LIST_MAX);

	if (!picture->duplicate_count)
		return;
	print_title(page, "duplicates: of several reports of a host the newest counts");
	for (size_t i = 0; i < shown; i++) {
		const struct fleet_place *dropped = &picture->duplicates[i];
		const struct fleet_host *host = &picture->fleet->hosts[dropped->host];
		text_wrapped(page->out, page->pool, "  ", 4,
			     pool_printf(page->pool, "%s: %s (%s) and not %s (%s)",
					 fleet_label(page->pool, picture, dropped->host),
					 place(page, host->file, host->line),
					 day(page->pool, host->time),
					 place(page, dropped->file, dropped->line),
					 day(page->pool, dropped->time)));
	}
	print_more(page, picture->duplicate_count, shown);
}

static void print_broken(const struct page *page)
{
	const struct fleet *fleet = page->picture->fleet;
	size_t named =
		fleet->broken_count < FLEET_BROKEN_MAX ? fleet->broken_count : FLEET_BROKEN_MAX;
	size_t shown = shorten(page, named, LIST_MAX);

	if (!fleet->broken_count)
		return;
	print_title(page, "broken: skipped");
	for (size_t i = 0; i < shown; i++)
		text_wrapped(page->out, page->pool, "  ", 4,
			     pool_printf(page->pool, "%s: %s",
					 place(page, fleet->broken[i].file, fleet->broken[i].line),
					 fleet->broken[i].error));
	print_more(page, fleet->broken_count, shown);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void print_head(const struct page *page)
{
	const struct fleet_picture *picture = page->picture;
	const size_t *verdicts = picture->verdicts;
	size_t total = fleet_host_count(picture->fleet);
	const char *names = picture->profile_count == 1 ? picture->profiles->name : NULL;

	text_lines(
		page->out, page->pool, "", 4,
		pool_printf(
			page->pool, "%s%s%s: %s, %s, %s",
			color(page, BOLD,
			      pool_printf(page->pool, "%zu host%s", total, text_plural(total))),
			names ? ", " : "", names ? text_safe(page->pool, names) : "",
			color(page, GREEN, pool_printf(page->pool, "%zu ok", verdicts[VERDICT_OK])),
			color(page, verdicts[VERDICT_DIFFERS] ? RED : "",
			      pool_printf(page->pool, "%zu differ%s", verdicts[VERDICT_DIFFERS],
					  verdicts[VERDICT_DIFFERS] == 1 ? "s" : "")),
			color(page, verdicts[VERDICT_UNKNOWN] ? YELLOW : "",
			      pool_printf(page->pool, "%zu could not be judged",
					  verdicts[VERDICT_UNKNOWN]))));
}

void text_fleet(FILE *out, const struct report *report, const struct style *style)
{
	const struct fleet_picture *picture = report->fleet;
	const struct page page = { out, report->pool, picture, style };

	if (!picture)
		return;
	print_head(&page);
	if (picture->setting_count)
		print_settings(&page);
	print_groups(&page, "differ in the same way:", picture->groups, picture->group_count);
	print_groups(&page, "could not be judged:", picture->unjudged, picture->unjudged_count);
	print_outliers(&page);
	print_stale(&page);
	print_duplicates(&page);
	print_broken(&page);
	if (report->notes.count)
		fputc('\n', out);
	text_notes(out, report, &report->notes);
}
