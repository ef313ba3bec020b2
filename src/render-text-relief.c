// SPDX-License-Identifier: MIT
/* `keeltune sockets relieve` for people, see render-text.h. */
#include "pool.h"
#include "relief.h"
#include "render-text.h"

static void print_line(FILE *out, struct pool *pool, const char *text)
{
	text_wrapped(out, pool, "  ", 4, text);
}

static void print_sockets(FILE *out, struct pool *pool, const struct relief *relief, bool dry_run)
{
	const char *text =
		pool_printf(pool, dry_run ? "%zu socket%s would be set" : "%zu socket%s set",
			    relief->set, text_plural(relief->set));

	if (relief->already)
		text = pool_printf(pool, "%s, %zu had it already", text, relief->already);
	if (relief->gone)
		text = pool_printf(pool, "%s, %zu closed meanwhile", text, relief->gone);
	if (relief->changed)
		text = pool_printf(pool, "%s, %zu changed by the program meanwhile and left so",
				   text, relief->changed);
	if (relief->failed)
		text = pool_printf(pool, "%s, %zu refused it", text, relief->failed);
	if (relief->left_out)
		text = pool_printf(pool, "%s, %zu left alone: what they have could not be put back",
				   text, relief->left_out);
	print_line(
		out, pool,
		pool_printf(pool, "%s; %zu of %zu are listeners%s", text, relief->listeners,
			    relief->sockets,
			    relief->listeners ? ", what they accept from now on inherits it" : ""));
}

static void print_plan(FILE *out, struct pool *pool, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		print_line(out, pool,
			   pool_printf(pool, "%s: %s -> %s",
				       change->kind == CHANGE_NOFILE
					       ? "descriptor limit, soft:hard"
					       : "keepalive, time:intvl:probes",
				       process_change_summary(pool, change, &change->before),
				       process_change_summary(pool, change, &change->after)));
	}
}

void text_relieve(FILE *out, const struct report *report, const struct style *style)
{
	const struct relief *relief = report->relief;
	struct pool *pool = report->pool;

	if (!relief || !report->plan || (report->exit && !report->transaction))
		return;
	text_lines(out, pool, "", 4,
		   pool_printf(pool, "%s  pid %d%s%s",
			       text_in_color(pool, style, BOLD, text_safe(pool, relief->comm)),
			       relief->process.pid, relief->unit ? "  " : "",
			       relief->unit ? text_safe(pool, relief->unit) : ""));
	print_plan(out, pool, report->plan);
	if (relief->sockets)
		print_sockets(out, pool, relief, report->dry_run);
	text_notes(out, report, &report->notes);
	if (!report->plan->count)
		fputs("nothing to change\n", out);
	if (report->transaction)
		text_undo(out, pool, report->transaction, NULL);
}
