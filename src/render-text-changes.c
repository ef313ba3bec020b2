// SPDX-License-Identifier: MIT
/* Changes, for people: diff, apply, rollback; see render-text.h. */
#include "diff.h"
#include "escape.h"
#include "pool.h"
#include "process-change.h"
#include "render-text.h"

#include <string.h>

static void print_diff_text(FILE *out, struct pool *pool, const char *diff, size_t size,
			    const struct style *style)
{
	const char *end = diff + size;

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

static void print_diff(FILE *out, struct pool *pool, const struct change *change,
		       const struct style *style)
{
	size_t size;
	const char *diff = diff_unified(pool, change, &size);

	print_diff_text(out, pool, diff, size, style);
}

static const char *shown(struct pool *pool, const struct image *image)
{
	return text_safe(pool, value_format(pool, value_parse(pool, image->bytes)));
}

/* "LEAD: BEFORE -> AFTER", of what is no file, INDENT blanks from the left. */
static void print_value_change(FILE *out, struct pool *pool, const struct change *change,
			       size_t indent, const struct style *style)
{
	bool is_sysctl = change->kind == CHANGE_SYSCTL;
	struct process_identity place = { 0 };
	const char *name;

	if (!is_sysctl)
		process_place_parse(change->kind, change->path, &place);
	name = is_sysctl ? pool_printf(pool, "sysctl %s",
				       sysctl_key_dotted(pool, change->path + strlen("/proc/sys/")))
			 : pool_printf(pool, "process %d, %s", place.pid,
				       change->kind == CHANGE_NOFILE ? "descriptor limit"
								     : "keepalive");
	const char *before = is_sysctl ? shown(pool, &change->before)
				       : process_change_summary(pool, change, &change->before);
	const char *after = is_sysctl ? shown(pool, &change->after)
				      : process_change_summary(pool, change, &change->after);
	text_lines(out, pool, pool_printf(pool, "%*s", (int)indent, ""), indent + 4,
		   pool_printf(pool, "%s: %s -> %s%s", text_safe(pool, name),
			       text_in_color(pool, style, RED, before),
			       text_in_color(pool, style, GREEN, after),
			       change->release ? "  (released)" : ""));
}

/* A file of which nothing else is shown. */
static void print_file_change(FILE *out, struct pool *pool, const struct change *change,
			      size_t indent)
{
	text_wrapped(out, pool, pool_printf(pool, "%*s", (int)indent, ""), indent + 4,
		     pool_printf(pool, "%s: %s", change->path,
				 !change->before.exists  ? "created"
				 : !change->after.exists ? "removed"
							 : "changed"));
}

static void print_changes(FILE *out, struct pool *pool, const struct plan *plan,
			  const struct style *style)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->changes[i].kind != CHANGE_FILE)
			print_value_change(out, pool, &plan->changes[i], 0, style);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->changes[i].kind == CHANGE_FILE)
			print_diff(out, pool, &plan->changes[i], style);
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
	print_changes(out, report->pool, report->plan, style);
	text_notes(out, report, &report->notes);
	print_remaining(out, report, &report->plan->remaining);
	if (!report->plan->count && !report->exit)
		text_wrapped(out, report->pool, "nothing to change: ", 4,
			     pool_printf(report->pool, "the host complies with %s",
					 report->profiles->names));
}

static void print_change_list(FILE *out, struct pool *pool, const struct plan *plan,
			      const struct style *style)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		if (!change->before.exists && !change->after.exists)
			continue;
		if (change->kind != CHANGE_FILE)
			print_value_change(out, pool, change, 2, style);
		else
			print_file_change(out, pool, change, 2);
	}
	if (style->verbose)
		print_changes(out, pool, plan, style);
}

void text_apply(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;

	if (report->transaction && report->exit <= 1) {
		text_wrapped(out, pool, "", 4,
			     pool_printf(pool, "%s applied: %zu change%s", report->profiles->names,
					 report->plan->count, text_plural(report->plan->count)));
		print_change_list(out, pool, report->plan, style);
	} else if (report->exit <= 1) {
		fputs("nothing to change\n", out);
	}
	if (!report->error || report->plan)
		text_notes(out, report, &report->notes);
	if (report->audit)
		print_remaining(out, report, report->audit);
	if (report->exit == 0)
		text_wrapped(out, pool, "", 4,
			     pool_printf(pool, "the host complies with %s%s",
					 report->profiles->names,
					 report->query->runtime && report->query->persistent ? ""
					 : report->query->runtime ? " (running values)"
								  : " (boot and login)"));
	if (report->transaction)
		text_undo(out, pool, report->transaction, report->root);
}

static void print_conflict(FILE *out, struct pool *pool, const struct conflict *conflict)
{
	const struct change *change = conflict->change;

	if (conflict->by)
		text_wrapped(out, pool, "changed since: ", 4,
			     pool_printf(pool, "%s by the later apply %s, which comes first",
					 change->path, conflict->by));
	else
		text_wrapped(out, pool, "changed since: ", 4,
			     pool_printf(pool, "%s %s", change->path,
					 text_safe(pool, conflict->difference)));
}

/* Sockets that were not set back. */
static void print_sockets_left(FILE *out, struct pool *pool, const struct change *change)
{
	const struct socket_values *values = change->sockets;

	if (!values)
		return;
	size_t set = socket_values_count(values, SOCKET_SET);
	size_t had_it = socket_values_count(values, SOCKET_HAD_IT);
	size_t gone = socket_values_count(values, SOCKET_GONE);
	size_t left = values->count - set - had_it - gone;
	const char *text = pool_printf(pool, "%zu socket%s set back", set, text_plural(set));
	if (had_it)
		text = pool_printf(pool, "%s, %zu as before already", text, had_it);
	if (gone)
		text = pool_printf(pool, "%s, %zu closed since", text, gone);
	if (left)
		text = pool_printf(pool, "%s, %zu left alone: the program changed them since", text,
				   left);
	text_wrapped(out, pool, "  ", 4, text);
}

static void print_step(FILE *out, const struct report *report, const struct rollback_step *step,
		       const struct style *style)
{
	struct pool *pool = report->pool;
	const struct undo *undo = step->undo;

	if (!undo)
		return;
	for (size_t i = 0; i < undo->conflict_count; i++)
		print_conflict(out, pool, &undo->conflicts[i]);
	for (size_t i = 0; i < undo->kept_count; i++)
		text_wrapped(out, pool, "kept: ", 6,
			     pool_printf(pool, "%s is not restored: %s", undo->kept[i].path,
					 undo->kept[i].why));
	if (report->dry_run || style->verbose)
		print_changes(out, pool, &undo->plan, style);
	else if (step->done)
		print_change_list(out, pool, &undo->plan, style);
	for (size_t i = 0; i < undo->plan.count && step->done && !report->dry_run; i++)
		print_sockets_left(out, pool, &undo->plan.changes[i]);
	if (step->done && (!report->dry_run || report->all))
		text_wrapped(out, pool, report->dry_run ? "would be undone: " : "undone: ", 4,
			     step->transaction->id);
}

/* How far it came. */
static void print_end(FILE *out, const struct report *report)
{
	const char *undone = report->dry_run ? "would be undone" : "undone";
	size_t done = 0;

	for (size_t i = 0; i < report->step_count; i++)
		done += report->steps[i].done;
	if (report->exit == 1)
		text_wrapped(out, report->pool, "", 4,
			     pool_printf(report->pool,
					 "nothing%s%s was undone; `keeltune rollback --force` puts "
					 "the old state back all the same",
					 report->all ? " of " : "",
					 report->all ? report->transaction : ""));
	if (report->all && report->left_count)
		text_wrapped(out, report->pool, "", 4,
			     pool_printf(report->pool, "stopped at %s: %zu %s, %zu left",
					 report->left[0], done, undone, report->left_count));
	else if (report->all)
		fprintf(out, "%zu %s: nothing of keeltune holds any more\n", done, undone);
}

void text_rollback(FILE *out, const struct report *report, const struct style *style)
{
	text_notes(out, report, &report->notes);
	if (!report->step_count && !report->error)
		fputs("nothing to undo\n", out);
	for (size_t i = 0; i < report->step_count; i++)
		print_step(out, report, &report->steps[i], style);
	if (report->step_count)
		print_end(out, report);
}

/* ---- history show ------------------------------------------------------------------------ */

/* What stood at a place before keeltune changed it for the first time, when that is not what stood
 * there before CHANGE. */
static const char *original(struct pool *pool, const struct held *held, const struct change *change)
{
	for (size_t i = 0; i < held->count; i++) {
		const struct held_change *known = &held->changes[i];
		if (strcmp(known->path, change->path) != 0 ||
		    journal_same_record(change->kind, &known->original, &change->before))
			continue;
		return !known->original.exists ? "absent"
		       : change->kind == CHANGE_SYSCTL
			       ? shown(pool, &known->original)
			       : pool_printf(pool, "sha256 %s", known->original.sha256);
	}
	return NULL;
}

static void print_recorded(FILE *out, struct pool *pool, const struct change *change,
			   const struct style *style)
{
	if (change->kind != CHANGE_FILE)
		print_value_change(out, pool, change, 0, style);
	else if (change->diff)
		print_diff_text(out, pool, change->diff, strlen(change->diff), style);
	else
		print_file_change(out, pool, change, 0);
}

void text_history_show(FILE *out, const struct report *report, const struct style *style)
{
	const struct transaction *entry = report->shown;
	struct pool *pool = report->pool;

	for (size_t i = 0; i < entry->count; i++)
		if (entry->changes[i].kind != CHANGE_FILE)
			print_recorded(out, pool, &entry->changes[i], style);
	for (size_t i = 0; i < entry->count; i++)
		if (entry->changes[i].kind == CHANGE_FILE)
			print_recorded(out, pool, &entry->changes[i], style);
	for (size_t i = 0; i < entry->count && entry->state == TRANSACTION_APPLIED; i++) {
		const char *first = original(pool, report->held, &entry->changes[i]);
		if (first)
			text_wrapped(out, pool, "before keeltune: ", 4,
				     pool_printf(pool, "%s: %s", entry->changes[i].path, first));
	}
}
