// SPDX-License-Identifier: MIT
/* A PAM service for people, see render-text-explain.h: the answer, then its stack line by line. */
#include "pool.h"
#include "render-text-explain.h"

#include <string.h>

static const char *session_text(const struct pam_answer *answer)
{
	switch (answer->session) {
	case PAM_SESSION_OPENS:
		return answer->required ? "opens, unless pam_limits.so fails" : "opens";
	case PAM_SESSION_FAILS:
		return "no session can be opened";
	case PAM_SESSION_DEPENDS:
		break;
	}
	return "depends on what modules answer";
}

static void print_answer(FILE *out, struct pool *pool, const struct explained_pam *pam,
			 const struct style *style)
{
	const struct pam_answer *answer = &pam->answer;
	const char *place = origin_format(pool, answer->origin), *why = answer->why;

	fprintf(out, "  %-14s ", "pam_limits.so");
	text_colored(out, style, answer->outcome == PAM_RUNS ? GREEN : YELLOW,
		     pam_outcome_name(answer->outcome));
	fputc('\n', out);
	if (*place || why)
		text_field(out, pool, why ? "because" : "line",
			   pool_printf(pool, "%s%s%s", place, *place && why ? ": " : "",
				       why ? why : ""));
	if (answer->outcome == PAM_NO_SERVICE)
		text_field(out, pool, "`other`",
			   answer->limits.file ? "libpam takes this stack, which runs pam_limits.so"
					       : "libpam takes this stack, without pam_limits.so");
	if (answer->outcome != PAM_UNKNOWN)
		text_field(out, pool, "session", session_text(answer));
	if (pam->about)
		text_field(out, pool, "program", pam->about);
}

#define LONG_CONTROL 12

/* A file's name where it changes, and its line numbers below it. */
static void print_line(FILE *out, struct pool *pool, const struct explained_pam_line *line,
		       const char *file)
{
	bool brackets = strchr(line->control, '=') != NULL;
	const char *control = pool_printf(pool, "%s%s%s", brackets ? "[" : "", line->control,
					  brackets ? "]" : "");
	const char *lead =
		pool_printf(pool, "%6u  %*s", line->origin.line, 2 * (int)line->level, "");
	size_t indent = strlen(lead);

	if (!file || strcmp(file, line->origin.file) != 0)
		text_wrapped(out, pool, "  ", 4, line->origin.file);
	if (strlen(control) > LONG_CONTROL) {
		text_wrapped(out, pool, lead, indent + 2, control);
		text_wrapped(out, pool, pool_printf(pool, "%*s", (int)indent + 13, ""), indent + 15,
			     line->module);
	} else {
		text_wrapped(out, pool,
			     pool_printf(pool, "%s%-12s ", lead, text_safe(pool, control)),
			     indent + 15, line->module);
	}
	if (line->effect)
		text_wrapped(out, pool, "        ^ ", 10, line->effect);
}

void text_explain_pam(FILE *out, const struct report *report, const struct explanation *thing,
		      const struct style *style)
{
	const struct explained_pam *pam = &thing->pam;
	struct pool *pool = report->pool;
	const char *file = NULL;

	text_colored(out, style, BOLD, text_safe(pool, pam->id));
	fputc('\n', out);
	print_answer(out, pool, pam, style);
	if (!pam->line_count)
		return;
	fprintf(out, "\nsession stack%s:\n",
		pam->by_other ? " (of `other`: the service has no session line)" : "");
	for (size_t i = 0; i < pam->line_count; i++) {
		print_line(out, pool, &pam->lines[i], file);
		file = pam->lines[i].origin.file;
	}
}
