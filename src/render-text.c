// SPDX-License-Identifier: MIT
/* Reports for people: the shared parts, history and profiles; see render-text.h. */
#include "render-text.h"

#include "escape.h"
#include "pool.h"
#include "wrap.h"

#include <string.h>

const char *text_safe(struct pool *pool, const char *text)
{
	return escape_control(pool, text, "");
}

void text_colored(FILE *out, const struct style *style, const char *color, const char *text)
{
	fprintf(out, "%s%s%s", style->color ? color : "", text, style->color ? PLAIN : "");
}

const char *text_in_color(struct pool *pool, const struct style *style, const char *color,
			  const char *text)
{
	return style->color && *color ? pool_printf(pool, "%s%s%s", color, text, PLAIN) : text;
}

void text_lines(FILE *out, struct pool *pool, const char *lead, size_t indent, const char *text)
{
	wrap(out, lead, pool_printf(pool, "%*s", (int)indent, ""), text);
}

void text_wrapped(FILE *out, struct pool *pool, const char *lead, size_t indent, const char *text)
{
	text_lines(out, pool, lead, indent, text_safe(pool, text));
}

void text_undo(FILE *out, struct pool *pool, const char *id, const char *root)
{
	const char *command =
		pool_printf(pool, "keeltune rollback %s%s%s", id, root ? " --root " : "",
			    root ? text_safe(pool, root) : "");
	bool fits = strlen("undo with: ") + wrap_columns(command) <= WRAP_WIDTH;

	fputs(fits ? "undo with: " : "undo with:\n", out);
	wrap_command(out, fits ? 0 : 2, command);
}

const char *text_plural(size_t count)
{
	return count == 1 ? "" : "s";
}

void text_notes(FILE *out, const struct report *report, const struct notes *notes)
{
	struct pool *pool = report->pool;

	for (size_t i = 0; i < notes->count; i++) {
		const struct note *note = &notes->items[i];
		const char *text =
			note->origin.file
				? pool_printf(pool, "%s: %s", origin_format(pool, note->origin),
					      note->text)
				: note->text;
		text_wrapped(out, pool, "note: ", 6, text);
	}
}

/* ---- history and profiles ---------------------------------------------------------------- */

static const char *who(struct pool *pool, const struct actor *actor)
{
	const char *by = actor->sudo_user ? actor->sudo_user
			 : actor->login   ? actor->login
					  : pool_printf(pool, "uid %u", actor->uid);

	return actor->comment ? pool_printf(pool, "%s: %s", by, actor->comment) : by;
}

static void print_entry(FILE *out, struct pool *pool, const struct transaction *entry,
			const struct style *style)
{
	const char *text = pool_printf(
		pool, "%s  %s  %zu change%s  %s%s", text_in_color(pool, style, BOLD, entry->id),
		transaction_state_name(entry->state), entry->count, text_plural(entry->count),
		entry->netns
			? text_safe(pool, pool_printf(pool, "network namespace %s  ", entry->netns))
			: "",
		text_safe(pool, who(pool, &entry->actor)));

	text_lines(out, pool, "", 4, text);
}

static void print_field(FILE *out, struct pool *pool, const char *name, const char *text)
{
	if (text)
		text_wrapped(out, pool, pool_printf(pool, "%-9s ", name), 10, text);
}

static void print_head(FILE *out, struct pool *pool, const struct transaction *entry)
{
	print_field(out, pool, "id", entry->id);
	print_field(out, pool, "state", transaction_state_name(entry->state));
	print_field(out, pool, "time", entry->time);
	print_field(out, pool, "profiles", entry->profiles);
	for (size_t i = 0; i < entry->source_count; i++)
		print_field(out, pool, "profile",
			    pool_printf(pool, "%s sha256 %s",
					entry->sources[i].file ? entry->sources[i].file : "-",
					entry->sources[i].sha256));
	print_field(out, pool, "uid", pool_printf(pool, "%u", entry->actor.uid));
	print_field(out, pool, "login", entry->actor.login);
	print_field(out, pool, "sudo", entry->actor.sudo_user);
	print_field(out, pool, "command", entry->actor.command);
	print_field(out, pool, "comment", entry->actor.comment);
	print_field(out, pool, "boot", entry->boot_id);
	print_field(out, pool, "netns", entry->netns);
	fputc('\n', out);
}

static void print_pruned(FILE *out, const struct report *report)
{
	size_t removed = 0;

	for (size_t i = 0; i < report->pruned_count; i++) {
		const struct pruned *entry = &report->pruned[i];
		removed += !entry->kept;
		text_wrapped(out, report->pool,
			     entry->kept       ? "kept: "
			     : report->dry_run ? "would be removed: "
					       : "removed: ",
			     4,
			     pool_printf(report->pool, "%s%s%s", entry->id, entry->kept ? ": " : "",
					 entry->kept ? entry->kept : ""));
	}
	if (!removed)
		fputs("nothing to remove\n", out);
}

static void render_history(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;

	if (report->shown) {
		print_head(out, pool, report->shown);
		text_history_show(out, report, style);
	} else if (report->pruned) {
		print_pruned(out, report);
	} else {
		for (size_t i = 0; i < report->entry_count; i++) {
			const struct transaction *entry = &report->entries[i];
			print_entry(out, pool, entry, style);
			for (size_t j = 0; style->verbose && j < entry->count; j++)
				fprintf(out, "    %s\n", text_safe(pool, entry->changes[j].path));
		}
		if (!report->entry_count && !report->notes.count && !report->error)
			fputs("no apply yet\n", out);
	}
	text_notes(out, report, &report->notes);
}

static void print_settings(FILE *out, const struct report *report)
{
	struct pool *pool = report->pool;
	const struct profile_set *set = report->profiles;
	static const size_t width[] = { 36, 24, 8, 7 };

	text_wrapped(out, pool, "", 4,
		     pool_printf(pool, "%s%s%s", set->names, set->description ? ": " : "",
				 set->description ? set->description : ""));
	fputc('\n', out);
	for (size_t i = 0; i < set->count; i++) {
		const struct setting *setting = &set->settings[i];
		const char *cells[] = { text_safe(pool, setting->id),
					text_safe(pool, setting_format_wanted(pool, setting)),
					setting->optional ? "optional" : "",
					setting->runtime_only ? "runtime" : "" };
		wrap_row(out, cells, width, 4, 2);
		if (setting->reason)
			text_wrapped(out, pool, "    ", 4, setting->reason);
		text_wrapped(out, pool, "    ", 4, origin_format(pool, setting->origin));
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
		const char *name = text_safe(pool, entry->name);
		size_t columns = wrap_columns(name);
		text_lines(
			out, pool,
			pool_printf(pool, "%s%*s", text_in_color(pool, style, BOLD, name),
				    columns < 22 ? (int)(24 - columns) : 2, ""),
			24,
			pool_printf(pool, "%s%s",
				    entry->description
					    ? text_safe(pool, entry->description)
					    : "(has errors: `keeltune profile check` names them)",
				    entry->hidden ? " (hidden by an earlier directory)" : ""));
		if (style->verbose)
			fprintf(out, "    %s\n", text_safe(pool, entry->file));
	}
	for (size_t i = 0; i < report->checked_count; i++)
		fprintf(out, "%s: ok\n", text_safe(pool, report->checked[i].file));
}

const struct renderer renderer_text = {
	.name = "text",
	.draws = true,
	.checks_only = true,
	.render = {
		[REPORT_AUDIT] = text_audit,
		[REPORT_DIFF] = text_diff,
		[REPORT_APPLY] = text_apply,
		[REPORT_ROLLBACK] = text_rollback,
		[REPORT_EXPLAIN] = text_explain,
		[REPORT_LIMITS] = text_limits,
		[REPORT_HISTORY] = render_history,
		[REPORT_PROFILE] = render_profile,
		[REPORT_SOCKETS] = text_sockets,
		[REPORT_SAMPLE] = text_sample,
		[REPORT_RELIEF] = text_relieve,
		[REPORT_FLEET] = text_fleet,
	},
};
