// SPDX-License-Identifier: MIT
/* Changes, for people: diff, apply, rollback; see render-text.h. */
#include "diff.h"
#include "escape.h"
#include "pool.h"
#include "render-text.h"

#include <string.h>

static void print_diff(FILE *out, struct pool *pool, const struct change *change,
		       const struct style *style)
{
	size_t size;
	const char *diff = diff_unified(pool, change, &size), *end = diff + size;

	if (!style->color && !style->terminal) {
		fwrite(diff, 1, size, out); /* bytes as they are: patch(1) reads this */
		return;
	}
	for (const char *line = diff; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((newline ? newline : end) - line);
		bool header = !strncmp(line, "---", 3) || !strncmp(line, "+++", 3);
		const char *color = header         ? BOLD
				    : *line == '+' ? GREEN
				    : *line == '-' ? RED
				    : *line == '@' ? CYAN
						   : "";
		text_colored(out, style, color,
			     escape_control(pool, pool_copy(pool, line, length), "\t"));
		fputc('\n', out);
		line += length + 1;
	}
}

static const char *shown(struct pool *pool, const struct image *image)
{
	return text_safe(pool, value_format(pool, value_parse(pool, image->bytes)));
}

static void print_sysctl_change(FILE *out, struct pool *pool, const struct change *change,
				const struct style *style)
{
	fprintf(out, "sysctl %s: ",
		text_safe(pool, sysctl_key_dotted(pool, change->path + strlen("/proc/sys/"))));
	text_colored(out, style, RED, shown(pool, &change->before));
	fputs(" -> ", out);
	text_colored(out, style, GREEN, shown(pool, &change->after));
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
static void print_remaining(FILE *out, const struct report *report, const struct audit *audit)
{
	for (size_t i = 0; i < audit->count; i++) {
		const struct finding *finding = &audit->findings[i];
		if (finding->verdict != VERDICT_DIFFERS && finding->verdict != VERDICT_UNKNOWN)
			continue;
		text_wrapped(
			out, report->pool,
			finding->verdict == VERDICT_UNKNOWN ? "not judged: " : "still differs: ", 4,
			pool_printf(report->pool, "%s: %s", finding->setting->id,
				    finding->reason ? finding->reason : "differs"));
	}
}

void text_diff(FILE *out, const struct report *report, const struct style *style)
{
	if (!report->plan)
		return;
	print_changes(out, report, style);
	text_notes(out, report, &report->notes);
	print_remaining(out, report, &report->plan->remaining);
	if (!report->plan->count && !report->exit)
		fprintf(out, "nothing to change: the host complies with %s\n",
			text_safe(report->pool, report->profiles->names));
}

static void print_change_list(FILE *out, const struct report *report, const struct style *style)
{
	for (size_t i = 0; i < report->plan->count; i++) {
		const struct change *change = &report->plan->changes[i];
		if (!change->before.exists && !change->after.exists)
			continue;
		fputs("  ", out);
		if (change->kind == CHANGE_SYSCTL) {
			print_sysctl_change(out, report->pool, change, style);
			continue;
		}
		fprintf(out, "%s: %s\n", text_safe(report->pool, change->path),
			!change->before.exists  ? "created"
			: !change->after.exists ? "removed"
						: "changed");
	}
	if (style->verbose)
		print_changes(out, report, style);
}

void text_apply(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;

	if (report->transaction && report->exit <= 1) {
		fprintf(out, "%s applied: %zu change%s\n", text_safe(pool, report->profiles->names),
			report->plan->count, text_plural(report->plan->count));
		print_change_list(out, report, style);
	} else if (report->exit <= 1) {
		fputs("nothing to change\n", out);
	}
	if (!report->error || report->plan)
		text_notes(out, report, &report->notes);
	if (report->audit)
		print_remaining(out, report, report->audit);
	if (report->exit == 0)
		fprintf(out, "the host complies with %s%s\n",
			text_safe(pool, report->profiles->names),
			report->query->runtime && report->query->persistent ? ""
			: report->query->runtime                            ? " (running values)"
									    : " (boot and login)");
	if (report->transaction)
		fprintf(out, "undo with: keeltune rollback %s%s%s\n", report->transaction,
			report->root ? " --root " : "",
			report->root ? text_safe(pool, report->root) : "");
}

void text_rollback(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;
	const struct undo *undo = report->undo;

	text_notes(out, report, &report->notes);
	if (!undo) {
		if (!report->error)
			fputs("nothing to undo\n", out);
		return;
	}
	for (size_t i = 0; i < undo->conflict_count; i++) {
		const struct conflict *conflict = &undo->conflicts[i];
		bool file = conflict->change->kind == CHANGE_FILE;
		const char *found =
			file ? conflict->difference
			     : pool_printf(pool, "is %s now", shown(pool, &conflict->found));
		const char *recorded = file ? ""
					    : pool_printf(pool, ", keeltune had set %s",
							  shown(pool, &conflict->change->after));
		text_wrapped(out, pool, "changed since: ", 4,
			     pool_printf(pool, "%s %s%s", conflict->change->path, found, recorded));
	}
	for (size_t i = 0; i < undo->kept_count; i++)
		text_wrapped(out, pool, "kept: ", 6,
			     pool_printf(pool, "%s is not restored: %s", undo->kept[i].path,
					 undo->kept[i].why));
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
