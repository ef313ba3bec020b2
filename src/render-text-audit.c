// SPDX-License-Identifier: MIT
/* The table of an audit, for people; see render-text.h. */
#include "pool.h"
#include "render-text.h"

#include <stdint.h>
#include <string.h>

const char *text_reading(struct pool *pool, const struct reading *reading)
{
	switch (reading->state) {
	case READING_NOT_APPLICABLE:
		return "-";
	case READING_ABSENT:
		return "none";
	case READING_UNREADABLE:
		return "?";
	case READING_PRESENT:
		break;
	}
	if (value_equals(reading->value, value_number(INT64_MAX)))
		return "2^63-1";
	return text_safe(pool, value_format(pool, reading->value));
}

const char *text_accepted(struct pool *pool, const struct setting *setting)
{
	bool low = setting->at_least.kind != VALUE_NONE, high = setting->at_most.kind != VALUE_NONE;
	const char *least = value_format(pool, setting->at_least);
	const char *most = value_format(pool, setting->at_most);

	if (low && high)
		return pool_printf(pool, "%s..%s", least, most);
	if (low)
		return pool_printf(pool, ">= %s", least);
	if (high)
		return pool_printf(pool, "<= %s", most);
	return text_safe(pool, value_format(pool, setting->want));
}

enum column {
	COLUMN_SETTING,
	COLUMN_WANTED,
	COLUMN_RUNNING,
	COLUMN_BOOT,
	COLUMN_LIVE, /* with --live */
	COLUMN_VERDICT,
	COLUMN_COUNT
};

static void fill_row(struct pool *pool, const struct finding *finding,
		     const char *row[COLUMN_COUNT])
{
	const struct reading *layer = finding->observed.layer;

	row[COLUMN_SETTING] = text_safe(pool, finding->setting->id);
	row[COLUMN_WANTED] = text_accepted(pool, finding->setting);
	row[COLUMN_RUNNING] = finding->setting->provider->files_only
				      ? "-"
				      : text_reading(pool, &layer[LAYER_RUNNING]);
	row[COLUMN_BOOT] = text_reading(pool, &layer[LAYER_BOOT]);
	row[COLUMN_LIVE] = text_reading(pool, &layer[LAYER_LIVE]);
	row[COLUMN_VERDICT] = verdict_name(finding->verdict);
}

static const char *verdict_color(enum verdict verdict)
{
	static const char *const colors[VERDICT_COUNT] = { GREEN, RED, YELLOW, DIM };

	return colors[verdict];
}

/* Five columns leave room for one blank between. */
static size_t gap_of(const size_t width[COLUMN_COUNT])
{
	return width[COLUMN_LIVE] ? 1 : 2;
}

static void print_row(FILE *out, struct pool *pool, const char *row[COLUMN_COUNT],
		      const size_t width[COLUMN_COUNT], const struct style *style,
		      const char *color)
{
	row[COLUMN_VERDICT] = text_in_color(pool, style, color, row[COLUMN_VERDICT]);
	wrap_row(out, row, width, COLUMN_COUNT, gap_of(width));
}

static void widen(struct pool *pool, const struct audit *audit, const size_t most[COLUMN_COUNT],
		  size_t width[COLUMN_COUNT])
{
	const char *row[COLUMN_COUNT];

	for (size_t i = 0; i < audit->count; i++) {
		fill_row(pool, &audit->findings[i], row);
		for (size_t j = 0; j < COLUMN_COUNT; j++) {
			size_t columns = wrap_columns(row[j]);
			if (width[j] && columns > width[j] && columns <= most[j])
				width[j] = columns;
		}
	}
}

/* As wide as what is in it, but for long names where that is too much: these get lines of their own
 * and leave the others as they are. WIDTH begins as that of the titles. */
static void find_widths(struct pool *pool, const struct audit *audit, size_t width[COLUMN_COUNT])
{
	size_t title[COLUMN_COUNT], most[COLUMN_COUNT];

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		title[i] = width[i];
		most[i] = SIZE_MAX;
	}
	widen(pool, audit, most, width);
	wrap_fit(width, title, COLUMN_COUNT, gap_of(width));
	memcpy(most, width, sizeof most);
	memcpy(width, title, sizeof title);
	widen(pool, audit, most, width);
}

static void print_why(FILE *out, struct pool *pool, const struct audit *audit, size_t index,
		      bool verbose)
{
	const struct finding *finding = &audit->findings[index];
	const struct observed *observed = &finding->observed;

	if (finding->reason)
		text_wrapped(out, pool, "    ", 4, finding->reason);
	else if (verbose && observed->layer[LAYER_CONFIGURED].origin.file)
		text_wrapped(
			out, pool, "    ", 4,
			pool_printf(pool, "set by %s",
				    origin_format(pool, observed->layer[LAYER_CONFIGURED].origin)));
	for (size_t i = 0;
	     i < observed->shadowed_count && (verbose || finding->verdict == VERDICT_DIFFERS);
	     i++) {
		const struct shadow *shadow = &observed->shadowed[i];
		text_wrapped(out, pool, "    loses: ", 11,
			     pool_printf(pool, "%s says %s (%s)",
					 origin_format(pool, shadow->origin),
					 value_format(pool, shadow->value), shadow->why));
	}
	text_live(out, pool, audit, index, verbose);
	if (verbose && finding->setting->reason)
		text_wrapped(out, pool, "    wanted because: ", 8, finding->setting->reason);
}

static void print_findings(FILE *out, const struct report *report, const struct audit *audit,
			   const struct style *style)
{
	const char *titles[COLUMN_COUNT] = { "SETTING",    "WANTED", "RUNNING",
					     "BOOT/LOGIN", "LIVE",   "VERDICT" };
	size_t width[COLUMN_COUNT];
	struct pool *pool = report->pool;
	const char *row[COLUMN_COUNT];

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		width[i] = i == COLUMN_LIVE && !report->query->live ? 0 : strlen(titles[i]);
	find_widths(pool, audit, width);
	print_row(out, pool, titles, width, style, BOLD);
	for (size_t i = 0; i < audit->count; i++) {
		const char *netns = audit->findings[i].netns;
		if (netns && (!i || audit->findings[i - 1].netns != netns))
			text_wrapped(out, pool, "network namespace: ", 4, netns);
		fill_row(pool, &audit->findings[i], row);
		print_row(out, pool, row, width, style, verdict_color(audit->findings[i].verdict));
		print_why(out, pool, audit, i, style->verbose);
	}
}

static void print_heading(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;
	const struct engine_choice *engines = &report->query->engines;
	const char *os = report->host.os ? pool_printf(pool, " (%s)", report->host.os) : "";
	const char *where = report->root ? report->root : report->host.name;

	text_lines(out, pool, "", 4,
		   pool_printf(pool, "%s on %s%s",
			       text_in_color(pool, style, BOLD,
					     text_safe(pool, report->profiles->names)),
			       text_safe(pool, where), text_safe(pool, os)));
	text_wrapped(out, pool, "boot engine: ", 13,
		     pool_printf(pool, "%s (%s)", engine_program(engines->engine),
				 engines->detected_by));
	fputc('\n', out);
}

static void print_verdict(FILE *out, const struct report *report, const struct style *style)
{
	const size_t *summary = report->audit->summary;
	enum verdict verdict = report->exit > 1           ? VERDICT_UNKNOWN
			       : summary[VERDICT_DIFFERS] ? VERDICT_DIFFERS
							  : VERDICT_OK;
	static const char *const words[VERDICT_COUNT] = { "compliant", "differs",
							  "could not be judged" };

	fputs("verdict: ", out);
	text_colored(out, style, verdict_color(verdict), words[verdict]);
	fprintf(out, " - %zu ok, %zu differ%s, %zu unknown, %zu skipped\n", summary[VERDICT_OK],
		summary[VERDICT_DIFFERS], summary[VERDICT_DIFFERS] == 1 ? "s" : "",
		summary[VERDICT_UNKNOWN], summary[VERDICT_SKIPPED]);
}

void text_audit(FILE *out, const struct report *report, const struct style *style)
{
	if (!report->audit)
		return;
	print_heading(out, report, style);
	print_findings(out, report, report->audit, style);
	fputc('\n', out);
	text_notes(out, report, &report->notes);
	if (report->notes.count)
		fputc('\n', out);
	print_verdict(out, report, style);
	if (report->audit->summary[VERDICT_DIFFERS] && !audit_differs_for_apply(report->audit))
		fputs("Nothing to apply: only what runs already differs, and above is said what "
		      "to do.\n",
		      out);
	else if (report->audit->summary[VERDICT_DIFFERS] && !report->query->netns)
		fputs("`keeltune diff` shows what `keeltune apply` would change.\n", out);
}
