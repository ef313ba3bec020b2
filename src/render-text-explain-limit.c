// SPDX-License-Identifier: MIT
/* A limit of a login for people, see render-text-explain.h: winner and losers of each side. */
#include "catalog.h"
#include "pool.h"
#include "render-text-explain.h"

static void print_side(FILE *out, struct pool *pool, const struct explained_limit *explained,
		       enum side side)
{
	const struct limit_row *row = explained->row;
	const struct login_value *value =
		login_side(&explained->limits, (unsigned)row->resource, side);
	const struct login_lost *lost = &explained->lost[side == SIDE_HARD];
	const char *place = origin_format(pool, value->origin), *why = value->why;
	const char *rule = value->line ? text_rule(pool, value->line) : NULL;
	const char *from = pool_printf(pool, "%s%s%s%s%s%s", place, *place && rule ? ": " : "",
				       rule ? rule : "", why && (*place || rule) ? " (" : "",
				       why ? why : "", why && (*place || rule) ? ")" : "");

	text_wrapped(out, pool,
		     pool_printf(pool, "  %-4s %-10s ", side == SIDE_SOFT ? "soft" : "hard",
				 text_amount(pool, row, value->number)),
		     18, from);
	for (size_t i = 0; i < lost->count; i++) {
		const struct limits_entry *line = lost->losers[i].line;
		text_loser(out, pool, origin_format(pool, limits_origin(line)),
			   pool_printf(pool, "\"%s\"", text_rule(pool, line)), lost->losers[i].why);
	}
}

void text_login_limit(FILE *out, struct pool *pool, const struct explained_limit *limit)
{
	const struct login_limits *limits = &limit->limits;

	if (limits->fails || limits->unknown)
		text_wrapped(out, pool, "  ", 4,
			     pool_printf(pool, "%s: %s%s%s",
					 limits->fails ? "no such session can be opened"
						       : "this is a guess",
					 origin_format(pool, limits->origin),
					 limits->origin.file ? ": " : "", limits->why));
	if (limit->side != SIDE_HARD)
		print_side(out, pool, limit, SIDE_SOFT);
	if (limit->side != SIDE_SOFT)
		print_side(out, pool, limit, SIDE_HARD);
}

void text_explain_limit(FILE *out, const struct report *report, const struct explanation *thing,
			const struct style *style)
{
	const struct explained_limit *limit = &thing->limit;
	struct pool *pool = report->pool;

	text_colored(out, style, BOLD, text_safe(pool, limit->id));
	fputc('\n', out);
	text_wrapped(out, pool, "  ", 2,
		     pool_printf(pool, "%s of %s%s, in a new session through %s", limit->row->item,
				 limit->who, limit->unknown ? " (there is no such name here)" : "",
				 limit->context->service));
	fputc('\n', out);
	text_login_limit(out, pool, limit);
	fputc('\n', out);
	text_wrapped(out, pool, "  ", 2,
		     "Services of systemd and containers do not get this: keeltune explain UNIT. "
		     "What already runs keeps what it has: keeltune explain PID.");
}
