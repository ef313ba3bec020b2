// SPDX-License-Identifier: MIT
/* One screen for a sysctl key, for people; see render-text-explain.h. */
#include "catalog.h"
#include "pool.h"
#include "render-text-explain.h"

#include <string.h>

static const char *shown(struct pool *pool, const struct reading *reading)
{
	switch (reading->state) {
	case READING_PRESENT:
		return text_safe(pool, value_format(pool, reading->value));
	case READING_ABSENT:
		return "none";
	case READING_UNREADABLE:
		return "?";
	case READING_NOT_APPLICABLE:
		break;
	}
	return "-";
}

/* "/etc/sysctl.d/x.conf:3", and where nothing on disk says it, why the value is what it is. */
static const char *reason(struct pool *pool, const struct reading *reading)
{
	const char *why = reading->why ? reading->why : "";

	if (!reading->origin.file)
		return text_safe(pool, why);
	const char *place = origin_format(pool, reading->origin);
	return text_safe(pool, *why ? pool_printf(pool, "%s (%s)", place, why) : place);
}

static void print_layer(FILE *out, struct pool *pool, const char *name,
			const struct reading *reading)
{
	const char *why = reason(pool, reading);

	text_lines(out, pool, pool_printf(pool, "  %-20s ", name), *why ? 36 : 23,
		   pool_printf(pool, *why ? "%-12s %s" : "%s", shown(pool, reading), why));
}

static void print_file(FILE *out, struct pool *pool, const struct explained_sysctl *explanation,
		       const char *path)
{
	const struct explained_file *file = path ? explain_find_file(explanation, path) : NULL;

	if (file)
		text_wrapped(out, pool, "         ", 9,
			     pool_printf(pool, "%s%s%s%s",
					 file->package ? "of package " : "of no package",
					 file->package ? file->package : "",
					 file->written ? ", written " : "",
					 file->written ? file->written : ""));
}

static void print_lines(FILE *out, struct pool *pool, const struct explained_sysctl *explanation,
			const struct style *style)
{
	const struct boot_value *boot = &explanation->boot;

	for (size_t i = 0; i < boot->shadowed_count; i++) {
		const struct shadow *shadow = &boot->shadowed[i];
		text_loser(out, pool, origin_format(pool, shadow->origin),
			   value_format(pool, shadow->value), shadow->why);
		print_file(out, pool, explanation, shadow->origin.file);
	}
	if (boot->boot.origin.file) {
		text_lines(out, pool,
			   pool_printf(pool, "  %s   ", text_in_color(pool, style, GREEN, "wins")),
			   9,
			   text_safe(pool, pool_printf(pool, "%s says %s",
						       origin_format(pool, boot->boot.origin),
						       shown(pool, &boot->boot))));
		print_file(out, pool, explanation, boot->boot.origin.file);
	}
	if (!boot->shadowed_count && !boot->boot.origin.file)
		fputs("  none\n", out);
}

static void print_engines(FILE *out, const struct report *report,
			  const struct explained_sysctl *explanation)
{
	const struct engine_choice *engines = &report->query->engines;

	fputs("\nwhat each boot engine would leave:\n", out);
	for (enum engine engine = ENGINE_SYSTEMD; engine < ENGINE_COUNT; engine++) {
		const char *name = pool_printf(report->pool, "%s%s", engine_name(engine),
					       engine == engines->engine  ? " (boots here)"
					       : engine == engines->other ? " (installed)"
									  : "");
		print_layer(out, report->pool, name, &explanation->engines[engine].boot);
	}
}

/* Each step on a line of its own, as it can be copied. */
static void print_command(FILE *out, struct pool *pool, const char *command)
{
	static const char and[] = " && ";
	const char *next;

	fputs("\nto change it now and for the next boot:\n", out);
	for (; (next = strstr(command, and)); command = next + strlen(and))
		wrap_command(out, 2,
			     text_safe(pool, pool_copy(pool, command, (size_t)(next - command))));
	wrap_command(out, 2, text_safe(pool, command));
}

static void print_catalogued(FILE *out, struct pool *pool, const struct sysctl_row *row)
{
	struct reading initial = { .state = READING_PRESENT, .value = row->initial };

	if (row->initial.kind == VALUE_NONE)
		initial = (struct reading){ .state = READING_ABSENT,
					    .why = "depends on the machine" };
	print_layer(out, pool, "kernel default", &initial);
	fprintf(out, "  %-20s %s..%s%s%s\n", "accepted here", value_format(pool, row->safe_min),
		value_format(pool, row->safe_max), *row->unit ? " " : "", row->unit);
}

/* Does a file speak of it, as any engine reads them? */
static bool is_in_a_file(const struct explained_sysctl *explanation)
{
	return explanation->file_count > 0 || explanation->boot.boot.origin.file;
}

void text_explain_sysctl(FILE *out, const struct report *report, const struct explanation *thing,
			 const struct style *style)
{
	const struct explained_sysctl *explanation = &thing->sysctl;
	struct pool *pool = report->pool;
	const struct sysctl_row *row = explanation->row;

	text_colored(out, style, BOLD, text_safe(pool, explanation->id));
	fputc('\n', out);
	if (row)
		text_wrapped(out, pool, "  ", 2, row->help);
	if (explanation->removed)
		text_wrapped(out, pool, "  ", 2,
			     pool_printf(pool, "an old key: %s", explanation->removed));
	if (explanation->nearest)
		text_wrapped(out, pool, "  ", 2,
			     pool_printf(pool, "did you mean %s?", explanation->nearest));
	fputc('\n', out);
	print_layer(out, pool, "running", &explanation->running);
	print_layer(out, pool, "next boot", &explanation->boot.boot);
	if (row)
		print_catalogued(out, pool, row);
	if (is_in_a_file(explanation) || !(explanation->removed || explanation->nearest)) {
		text_wrapped(out, pool, "\n", 0,
			     pool_printf(pool, "lines that have a say, as %s reads them:",
					 engine_program(report->query->engines.engine)));
		print_lines(out, pool, explanation, style);
		print_engines(out, report, explanation);
	}
	if (explanation->command)
		print_command(out, pool, explanation->command);
}
