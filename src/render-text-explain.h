/* SPDX-License-Identifier: MIT
 *
 * What the render-text-explain-*.c share: one function for each kind of thing explained.
 */
#ifndef KEELTUNE_RENDER_TEXT_EXPLAIN_H
#define KEELTUNE_RENDER_TEXT_EXPLAIN_H

#include "explain.h"
#include "render-text.h"

typedef void explain_text(FILE *out, const struct report *report, const struct explanation *thing,
			  const struct style *style);

explain_text text_explain_sysctl, text_explain_pam, text_explain_limit, text_explain_unit,
	text_explain_process;

/* "  name         text", the text wrapped under itself. */
void text_field(FILE *out, struct pool *pool, const char *name, const char *text);
/* "  loses  FILE:LINE says VALUE: why". */
void text_loser(FILE *out, struct pool *pool, const char *place, const char *value,
		const char *why);

/* Both sides of a limit, or the one that is asked for, with their winners and losers. */
void text_login_limit(FILE *out, struct pool *pool, const struct explained_limit *limit);

#endif
