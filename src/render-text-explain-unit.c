// SPDX-License-Identifier: MIT
/* A systemd unit and a process for people, see render-text-explain.h. */
#include "catalog.h"
#include "conf-systemd.h"
#include "pool.h"
#include "render-text-explain.h"

static const char *sides(struct pool *pool, const struct limit_row *row, uint64_t soft,
			 uint64_t hard)
{
	return pool_printf(pool, "soft %s, hard %s", text_amount(pool, row, soft),
			   text_amount(pool, row, hard));
}

static const char *source_text(struct pool *pool, const struct unit_limit *limit)
{
	const char *place = origin_format(pool, limit->origin);

	switch (limit->source) {
	case UNIT_LIMIT_UNIT:
		return place;
	case UNIT_LIMIT_MANAGER:
		return pool_printf(pool,
				   "%s (the default of system.conf: no line of the unit says "
				   "it)",
				   place);
	case UNIT_LIMIT_DEFAULT:
		break;
	}
	return "no file says it: what systemd has built in (since version 240)";
}

static void print_limit(FILE *out, struct pool *pool, const struct explained_unit_limit *explained,
			const struct process *main, const struct style *style)
{
	const struct unit_limit *limit = &explained->limit;
	const struct limit_row *row = explained->row;

	text_colored(out, style, BOLD,
		     pool_printf(pool, "Limit%s", systemd_limit_name(row->resource)));
	fprintf(out, "  %s\n", sides(pool, row, limit->soft, limit->hard));
	text_wrapped(out, pool, "  from   ", 9, source_text(pool, limit));
	for (size_t i = 0; i < limit->shadowed_count; i++)
		text_loser(out, pool, origin_format(pool, limit->shadowed[i].origin),
			   pool_printf(pool, "\"%s\"", limit->shadowed[i].value.text),
			   limit->shadowed[i].why);
	if (!explained->has_running)
		return;
	text_wrapped(out, pool, "  runs   ", 9,
		     pool_printf(pool, "process %d (%s) has %s%s%s", (int)main->pid, main->comm,
				 sides(pool, row, explained->running.rlim_cur,
				       explained->running.rlim_max),
				 explained->why ? ": " : "", explained->why ? explained->why : ""));
}

static void print_files(FILE *out, struct pool *pool, const struct unit *unit)
{
	const char *also = NULL;

	if (unit->state != UNIT_LOADED)
		text_field(out, pool, unit_state_name(unit->state), unit->why);
	if (unit->fragment)
		text_field(out, pool, "unit file", unit->fragment);
	for (size_t i = 0; i < unit->dropin_count; i++)
		text_field(out, pool, i ? "" : "drop-ins", unit->dropins[i]);
	for (size_t i = 1; i < unit->name_count; i++)
		also = pool_printf(pool, "%s%s%s", also ? also : "", also ? ", " : "",
				   unit->names[i]);
	if (also)
		text_field(out, pool, "also called", also);
}

static void print_advice(FILE *out, struct pool *pool, const struct explained_unit *unit)
{
	if (unit->dropin) {
		fputs("\nto set it (tried out: this drop-in wins):\n", out);
		for (size_t i = 0; unit->commands[i]; i++)
			wrap_command(out, 2, text_safe(pool, unit->commands[i]));
	} else if (unit->obstacle.file) {
		text_wrapped(out, pool, "\n", 0,
			     pool_printf(pool,
					 "no drop-in in /etc would win: %s does; change it "
					 "there",
					 origin_format(pool, unit->obstacle)));
	}
}

static void print_unit(FILE *out, struct pool *pool, const struct explained_unit *explained,
		       const struct style *style)
{
	const struct unit *unit = &explained->unit;

	text_colored(out, style, BOLD, text_safe(pool, explained->id));
	fputc('\n', out);
	print_files(out, pool, unit);
	if (unit->state == UNIT_LOADED && !unit->section)
		text_wrapped(out, pool, "  ", 2,
			     "a unit of this type starts no process: it has no limits");
	for (size_t i = 0; i < explained->limit_count; i++) {
		fputc('\n', out);
		print_limit(out, pool, &explained->limits[i], explained->main, style);
	}
	if (!explained->reach)
		return;
	fputc('\n', out);
	text_wrapped(out, pool, "", 0, explained->reach);
	if (explained->login) {
		text_wrapped(out, pool, "", 0,
			     pool_printf(pool, "nofile of a new session of %s through %s:",
					 explained->login->who,
					 explained->login->context->service));
		text_login_limit(out, pool, explained->login);
	}
	print_advice(out, pool, explained);
}

void text_explain_unit(FILE *out, const struct report *report, const struct explanation *thing,
		       const struct style *style)
{
	print_unit(out, report->pool, &thing->unit, style);
}

void text_explain_process(FILE *out, const struct report *report, const struct explanation *thing,
			  const struct style *style)
{
	const struct explained_process *explained = &thing->process;
	const struct process *process = &explained->process;
	const struct limit_row *row = catalog_limit("nofile");
	const struct rlimit *nofile = &process->limits[RLIMIT_NOFILE];
	struct pool *pool = report->pool;

	text_colored(out, style, BOLD, text_safe(pool, explained->id));
	fputc('\n', out);
	text_field(out, pool, "program",
		   pool_printf(pool, "%s, of %s (uid %u)", process->comm,
			       explained->user ? explained->user : "an unknown user",
			       (unsigned)process->uid));
	text_field(out, pool, "where", pool_printf(pool, "it %s", explained->place));
	text_field(out, pool, "nofile", sides(pool, row, nofile->rlim_cur, nofile->rlim_max));
	text_field(out, pool, "why",
		   explained->why_origin.file
			   ? pool_printf(pool, "%s (%s)", explained->why,
					 origin_format(pool, explained->why_origin))
			   : explained->why);
	if (explained->unit) {
		fputc('\n', out);
		print_unit(out, pool, explained->unit, style);
	} else if (explained->login) {
		text_wrapped(out, pool, "\n", 0,
			     pool_printf(pool, "nofile of a new session of %s through %s:",
					 explained->login->who,
					 explained->login->context->service));
		text_login_limit(out, pool, explained->login);
	}
}
