// SPDX-License-Identifier: MIT
/* `explain` for people: one thing after the other, see render-text-explain.h. */
#include "render-text-explain.h"

#include "pool.h"

static explain_text *const kinds[EXPLAINED_COUNT] = {
	[EXPLAINED_SYSCTL] = text_explain_sysctl,   [EXPLAINED_PAM] = text_explain_pam,
	[EXPLAINED_LIMIT] = text_explain_limit,     [EXPLAINED_UNIT] = text_explain_unit,
	[EXPLAINED_PROCESS] = text_explain_process,
};

void text_field(FILE *out, struct pool *pool, const char *name, const char *text)
{
	text_wrapped(out, pool, pool_printf(pool, "  %-14s ", name), 17, text);
}

void text_loser(FILE *out, struct pool *pool, const char *place, const char *value, const char *why)
{
	text_wrapped(out, pool, "  loses  ", 9,
		     pool_printf(pool, "%s says %s: %s", place, value, why));
}

static bool has_sysctl(const struct report *report)
{
	for (size_t i = 0; i < report->explanation_count; i++)
		if (report->explanations[i].kind == EXPLAINED_SYSCTL)
			return true;
	return false;
}

void text_explain(FILE *out, const struct report *report, const struct style *style)
{
	if (!report->explanation_count)
		return;
	if (has_sysctl(report)) {
		text_wrapped(out, report->pool, "boot engine: ", 13,
			     pool_printf(report->pool, "%s (%s)",
					 engine_program(report->query->engines.engine),
					 report->query->engines.detected_by));
		fputc('\n', out);
	}
	for (size_t i = 0; i < report->explanation_count; i++) {
		const struct explanation *thing = &report->explanations[i];
		kinds[thing->kind](out, report, thing, style);
		fputc('\n', out);
	}
	text_notes(out, report, &report->notes);
}
