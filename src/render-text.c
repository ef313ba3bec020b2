// SPDX-License-Identifier: MIT
/* Reports for people: at most 80 columns where names allow it, readable without colour. */
#include "diff.h"
#include "escape.h"
#include "pool.h"
#include "report.h"

#include <string.h>

#define WIDTH 80

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define CYAN "\033[36m"
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

static const char *safe(struct pool *pool, const char *text)
{
	return escape_control(pool, text, "");
}

static void print_colored(FILE *out, const struct style *style, const char *color, const char *text)
{
	fprintf(out, "%s%s%s", style->color ? color : "", text, style->color ? PLAIN : "");
}

/* TEXT in lines of at most WIDTH columns, each after INDENT blanks; the first begins with LEAD
 * instead. Words longer than a line stay whole. */
static void print_wrapped(FILE *out, struct pool *pool, const char *lead, size_t indent,
			  const char *text)
{
	const char *word = safe(pool, text);
	size_t column = strlen(lead);

	fputs(lead, out);
	for (bool first = true; *word; first = false) {
		size_t size = strcspn(word, " ");
		if (!first && column + 1 + size > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', out);
			column++;
		}
		fwrite(word, 1, size, out);
		column += size;
		word += size;
		word += strspn(word, " ");
	}
	fputc('\n', out);
}

static const char *place(struct pool *pool, struct origin origin)
{
	if (!origin.file)
		return "";
	return origin.line ? pool_printf(pool, "%s:%u", origin.file, origin.line) : origin.file;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- parts that several commands print --------------------------------------------------- */

static void print_notes(FILE *out, const struct report *report, const struct notes *notes)
{
	struct pool *pool = report->pool;

	for (size_t i = 0; i < notes->count; i++) {
		const struct note *note = &notes->items[i];
		const char *text =
			note->origin.file
				? pool_printf(pool, "%s: %s", place(pool, note->origin), note->text)
				: note->text;
		print_wrapped(out, pool, "note: ", 6, text);
	}
}

/* ---- audit ------------------------------------------------------------------------------- */

static const char *cell(struct pool *pool, const struct reading *reading)
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
	return safe(pool, value_format(pool, reading->value));
}

static const char *wanted(struct pool *pool, const struct setting *setting)
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
	return safe(pool, value_format(pool, setting->want));
}

enum column {
	COLUMN_SETTING,
	COLUMN_WANTED,
	COLUMN_RUNNING,
	COLUMN_BOOT,
	COLUMN_VERDICT,
	COLUMN_COUNT
};

static void fill_row(struct pool *pool, const struct finding *finding,
		     const char *row[COLUMN_COUNT])
{
	const struct reading *layer = finding->observed.layer;

	row[COLUMN_SETTING] = safe(pool, finding->setting->id);
	row[COLUMN_WANTED] = wanted(pool, finding->setting);
	row[COLUMN_RUNNING] =
		finding->setting->provider->files_only ? "-" : cell(pool, &layer[LAYER_RUNNING]);
	row[COLUMN_BOOT] = cell(pool, &layer[LAYER_BOOT]);
	row[COLUMN_VERDICT] = verdict_name(finding->verdict);
}

static const char *verdict_color(enum verdict verdict)
{
	static const char *const colors[VERDICT_COUNT] = { GREEN, RED, YELLOW, DIM };

	return colors[verdict];
}

static void print_row(FILE *out, const char *const row[COLUMN_COUNT],
		      const size_t width[COLUMN_COUNT], const struct style *style,
		      const char *color)
{
	for (size_t i = 0; i < COLUMN_VERDICT; i++)
		fprintf(out, "%-*s  ", (int)width[i], row[i]);
	print_colored(out, style, color, row[COLUMN_VERDICT]);
	fputc('\n', out);
}

static void print_why(FILE *out, struct pool *pool, const struct finding *finding, bool verbose)
{
	const struct observed *observed = &finding->observed;

	if (finding->reason)
		print_wrapped(out, pool, "    ", 4, finding->reason);
	else if (verbose && observed->layer[LAYER_CONFIGURED].origin.file)
		print_wrapped(out, pool, "    ", 4,
			      pool_printf(pool, "set by %s",
					  place(pool, observed->layer[LAYER_CONFIGURED].origin)));
	for (size_t i = 0;
	     i < observed->shadowed_count && (verbose || finding->verdict == VERDICT_DIFFERS);
	     i++) {
		const struct shadow *shadow = &observed->shadowed[i];
		print_wrapped(out, pool, "    loses: ", 11,
			      pool_printf(pool, "%s says %s (%s)", place(pool, shadow->origin),
					  value_format(pool, shadow->value), shadow->why));
	}
	if (verbose && finding->setting->reason)
		print_wrapped(out, pool, "    wanted because: ", 8, finding->setting->reason);
}

static void print_findings(FILE *out, const struct report *report, const struct audit *audit,
			   const struct style *style)
{
	static const char *const titles[COLUMN_COUNT] = { "SETTING", "WANTED", "RUNNING",
							  "BOOT/LOGIN", "VERDICT" };
	size_t width[COLUMN_COUNT];
	const char *row[COLUMN_COUNT];

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		width[i] = strlen(titles[i]);
	for (size_t i = 0; i < audit->count; i++) {
		fill_row(report->pool, &audit->findings[i], row);
		for (size_t j = 0; j < COLUMN_COUNT; j++)
			if (strlen(row[j]) > width[j])
				width[j] = strlen(row[j]);
	}
	print_row(out, titles, width, style, BOLD);
	for (size_t i = 0; i < audit->count; i++) {
		fill_row(report->pool, &audit->findings[i], row);
		print_row(out, row, width, style, verdict_color(audit->findings[i].verdict));
		print_why(out, report->pool, &audit->findings[i], style->verbose);
	}
}

static void print_heading(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;
	const struct engine_choice *engines = &report->query->engines;

	print_colored(out, style, BOLD, safe(pool, report->profiles->names));
	fprintf(out, " on %s", safe(pool, report->root ? report->root : report->host.name));
	if (report->host.os)
		fprintf(out, " (%s)", safe(pool, report->host.os));
	fputc('\n', out);
	print_wrapped(out, pool, "boot engine: ", 13,
		      pool_printf(pool, "%s (%s)", engine_program(engines->engine),
				  engines->detected_by));
	fputc('\n', out);
}

static void print_verdict(FILE *out, const struct report *report, const struct style *style)
{
	const size_t *summary = report->audit->summary;
	enum verdict verdict = summary[VERDICT_UNKNOWN]   ? VERDICT_UNKNOWN
			       : summary[VERDICT_DIFFERS] ? VERDICT_DIFFERS
							  : VERDICT_OK;
	static const char *const words[VERDICT_COUNT] = { "compliant", "differs",
							  "could not be judged" };

	fputs("verdict: ", out);
	print_colored(out, style, verdict_color(verdict), words[verdict]);
	fprintf(out, " - %zu ok, %zu differ%s, %zu unknown, %zu skipped\n", summary[VERDICT_OK],
		summary[VERDICT_DIFFERS], summary[VERDICT_DIFFERS] == 1 ? "s" : "",
		summary[VERDICT_UNKNOWN], summary[VERDICT_SKIPPED]);
}

static void render_audit(FILE *out, const struct report *report, const struct style *style)
{
	if (!report->audit)
		return;
	print_heading(out, report, style);
	print_findings(out, report, report->audit, style);
	fputc('\n', out);
	print_notes(out, report, &report->notes);
	if (report->notes.count)
		fputc('\n', out);
	print_verdict(out, report, style);
	if (report->audit->summary[VERDICT_DIFFERS])
		fputs("`keeltune diff` shows what `keeltune apply` would change.\n", out);
}

/* ---- changes ----------------------------------------------------------------------------- */

static void print_diff(FILE *out, struct pool *pool, const struct change *change,
		       const struct style *style)
{
	const char *diff = diff_unified(pool, change);

	if (!style->color) {
		fputs(diff, out); /* bytes as they are: patch(1) reads this */
		return;
	}
	for (const char *line = diff; *line;) {
		size_t size = strcspn(line, "\n");
		bool header = !strncmp(line, "---", 3) || !strncmp(line, "+++", 3);
		const char *color = header         ? BOLD
				    : *line == '+' ? GREEN
				    : *line == '-' ? RED
				    : *line == '@' ? CYAN
						   : "";
		print_colored(out, style, color,
			      escape_control(pool, pool_copy(pool, line, size), "\t"));
		fputc('\n', out);
		line += size + (line[size] == '\n');
	}
}

static const char *shown(struct pool *pool, const struct image *image)
{
	return safe(pool, value_format(pool, value_parse(pool, image->bytes)));
}

static void print_sysctl_change(FILE *out, struct pool *pool, const struct change *change,
				const struct style *style)
{
	fprintf(out, "sysctl %s: ",
		safe(pool, sysctl_key_dotted(pool, change->path + strlen("/proc/sys/"))));
	print_colored(out, style, RED, shown(pool, &change->before));
	fputs(" -> ", out);
	print_colored(out, style, GREEN, shown(pool, &change->after));
	fputs(change->release ? "  (released)\n" : "\n", out);
}

static void print_changes(FILE *out, const struct report *report, const struct style *style)
{
	for (size_t i = 0; i < report->plan->count; i++)
		if (report->plan->changes[i].kind == CHANGE_SYSCTL)
			print_sysctl_change(out, report->pool, &report->plan->changes[i], style);
	for (size_t i = 0; i < report->plan->count; i++)
		if (report->plan->changes[i].kind == CHANGE_FILE)
			print_diff(out, report->pool, &report->plan->changes[i], style);
}

/* What stays different, and why. */
static void print_remaining(FILE *out, const struct report *report, const struct audit *audit,
			    const char *lead)
{
	for (size_t i = 0; i < audit->count; i++) {
		const struct finding *finding = &audit->findings[i];
		if (finding->verdict != VERDICT_DIFFERS && finding->verdict != VERDICT_UNKNOWN)
			continue;
		print_wrapped(out, report->pool, lead, 4,
			      pool_printf(report->pool, "%s: %s", finding->setting->id,
					  finding->reason ? finding->reason : "differs"));
	}
}

static void render_diff(FILE *out, const struct report *report, const struct style *style)
{
	if (!report->plan)
		return;
	print_changes(out, report, style);
	print_notes(out, report, &report->notes);
	print_remaining(out, report, &report->plan->remaining, "still differs: ");
	if (!report->plan->count && !report->exit)
		fprintf(out, "nothing to change: the host complies with %s\n",
			safe(report->pool, report->profiles->names));
}

static void print_change_list(FILE *out, const struct report *report, const struct style *style)
{
	for (size_t i = 0; i < report->plan->count; i++) {
		const struct change *change = &report->plan->changes[i];
		fputs("  ", out);
		if (change->kind == CHANGE_SYSCTL) {
			print_sysctl_change(out, report->pool, change, style);
			continue;
		}
		fprintf(out, "%s: %s\n", safe(report->pool, change->path),
			!change->before.exists  ? "created"
			: !change->after.exists ? "removed"
						: "changed");
	}
	if (style->verbose)
		print_changes(out, report, style);
}

static void render_apply(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;

	if (report->transaction && report->exit <= 1) {
		fprintf(out, "%s applied: %zu change%s\n", safe(pool, report->profiles->names),
			report->plan->count, plural(report->plan->count));
		print_change_list(out, report, style);
	} else if (report->exit <= 1) {
		fputs("nothing to change\n", out);
	}
	print_notes(out, report, &report->notes);
	if (report->audit)
		print_remaining(out, report, report->audit, "still differs: ");
	if (report->exit == 0)
		fprintf(out, "the host complies with %s%s\n", safe(pool, report->profiles->names),
			report->query->runtime && report->query->persistent ? ""
			: report->query->runtime                            ? " (running values)"
									    : " (boot and login)");
	if (report->transaction)
		fprintf(out, "undo with: keeltune rollback %s\n", report->transaction);
}

static void render_rollback(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;
	const struct undo *undo = report->undo;

	if (!undo) {
		if (!report->error)
			fputs("nothing to undo\n", out);
		return;
	}
	for (size_t i = 0; i < undo->conflict_count; i++) {
		const struct conflict *conflict = &undo->conflicts[i];
		bool file = conflict->change->kind == CHANGE_FILE;
		const char *found =
			!conflict->found.exists ? "is gone"
			: file                  ? "has other content now"
			       : pool_printf(pool, "is %s now", shown(pool, &conflict->found));
		const char *recorded = file ? ""
					    : pool_printf(pool, ", keeltune had set %s",
							  shown(pool, &conflict->change->after));
		print_wrapped(
			out, pool, "changed since: ", 4,
			pool_printf(pool, "%s %s%s", conflict->change->path, found, recorded));
	}
	for (size_t i = 0; i < undo->kept_count; i++)
		print_wrapped(out, pool, "kept: ", 6,
			      pool_printf(pool,
					  "%s was set before the last boot: its running value is "
					  "not restored",
					  undo->kept[i]));
	if (report->dry_run || style->verbose)
		print_changes(out, report, style);
	else if (report->exit == 0)
		print_change_list(out, report, style);
	if (report->exit == 1)
		fputs("nothing was undone; `keeltune rollback --force` puts the old state back all "
		      "the same\n",
		      out);
	if (report->exit == 0 && !report->dry_run)
		fprintf(out, "undone: %s\n", report->transaction);
}

/* ---- history and profiles ---------------------------------------------------------------- */

static const char *who(struct pool *pool, const struct actor *actor)
{
	const char *by = actor->sudo_user ? actor->sudo_user
			 : actor->login   ? actor->login
					  : pool_printf(pool, "uid %u", actor->uid);

	return actor->comment ? pool_printf(pool, "%s: %s", by, actor->comment) : by;
}

static void render_history(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;

	for (size_t i = report->journal->count; i-- > 0;) {
		const struct transaction *entry = &report->journal->transactions[i];
		print_colored(out, style, BOLD, entry->id);
		fprintf(out, "  %s  %zu change%s  %s\n", transaction_state_name(entry->state),
			entry->count, plural(entry->count), safe(pool, who(pool, &entry->actor)));
		for (size_t j = 0; style->verbose && j < entry->count; j++)
			fprintf(out, "    %s\n", safe(pool, entry->changes[j].path));
	}
	if (!report->journal->count)
		fputs("no apply yet\n", out);
	print_notes(out, report, &report->notes);
}

static void print_settings(FILE *out, const struct report *report)
{
	struct pool *pool = report->pool;
	const struct profile_set *set = report->profiles;

	fprintf(out, "%s%s%s\n\n", safe(pool, set->names), set->description ? ": " : "",
		set->description ? safe(pool, set->description) : "");
	for (size_t i = 0; i < set->count; i++) {
		const struct setting *setting = &set->settings[i];
		fprintf(out, "%-36s  %s%s%s\n", safe(pool, setting->id),
			safe(pool, setting_format_wanted(pool, setting)),
			setting->optional ? "  optional" : "",
			setting->runtime_only ? "  runtime" : "");
		if (setting->reason)
			print_wrapped(out, pool, "    ", 4, setting->reason);
		print_wrapped(out, pool, "    ", 4, place(pool, setting->origin));
	}
}

static void render_profile(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;

	if (report->profiles)
		print_settings(out, report);
	for (size_t i = 0; i < report->profile_entry_count; i++) {
		const struct profile_entry *entry = &report->profile_entries[i];
		if (entry->hidden && !style->verbose)
			continue;
		print_colored(out, style, BOLD,
			      pool_printf(pool, "%-22s", safe(pool, entry->name)));
		fprintf(out, "  %s%s\n",
			entry->description ? safe(pool, entry->description)
					   : "(has errors: keeltune profile check names them)",
			entry->hidden ? "  (hidden by an earlier directory)" : "");
		if (style->verbose)
			fprintf(out, "    %s\n", safe(pool, entry->file));
	}
	for (size_t i = 0; i < report->checked_count; i++)
		fprintf(out, "%s: ok\n", safe(pool, report->checked[i].file));
}

const struct renderer renderer_text = {
	.name = "text",
	.audit = render_audit,
	.diff = render_diff,
	.apply = render_apply,
	.rollback = render_rollback,
	.history = render_history,
	.profile = render_profile,
};
