// SPDX-License-Identifier: MIT
/* Gathers what is to say about a PAM service, see explain.h: its resolved session stack line by
 * line, and what every line means to pam_limits.so. */
#include "explain.h"

#include "conf-pam.h"
#include "host.h"
#include "pam-program.h"
#include "pool.h"
#include "provider-pam.h"

#include <string.h>

/* The line at ORIGIN as it is written. */
static bool find_written(struct host *host, struct origin origin, struct conf_pam_line *ret)
{
	struct conf_pam parsed;

	pam_stack_parse(host, origin.file, &parsed);
	for (size_t i = 0; i < parsed.count; i++) {
		if (parsed.lines[i].number == origin.line) {
			*ret = parsed.lines[i];
			return true;
		}
	}
	return false;
}

static const char *with_arguments(struct pool *pool, const struct conf_pam_line *line)
{
	const char *text = line->module ? line->module : "";

	for (size_t i = 0; i < line->arg_count; i++)
		text = pool_printf(pool, "%s %s", text, line->args[i]);
	return text;
}

static bool same_origin(struct origin a, struct origin b)
{
	return a.file && b.file && a.line == b.line && !strcmp(a.file, b.file);
}

static const char *effect_of(const struct explained_pam *explained,
			     const struct pam_handler *handler)
{
	const struct pam_answer *answer = &explained->answer;

	if (handler->trouble)
		return handler->trouble;
	if (handler->control.wrong)
		return "unknown control word: every result counts as a failure";
	if (handler->is_limits)
		return same_origin(handler->origin, answer->limits) ? "runs here"
								    : "is not reached";
	if (explained->by_program || !same_origin(handler->origin, answer->origin))
		return NULL;
	return answer->outcome == PAM_CONDITIONAL ? "decides whether pam_limits.so runs"
						  : answer->why;
}

static void add_line(struct host *host, struct explained_pam *explained,
		     const struct pam_handler *handler)
{
	struct pool *pool = host_pool(host);
	struct conf_pam_line line;
	bool found = find_written(host, handler->origin, &line);

	explained->lines = pool_extend(pool, explained->lines, explained->line_count,
				       sizeof *explained->lines);
	explained->lines[explained->line_count++] = (struct explained_pam_line){
		.origin = handler->origin,
		.level = handler->level,
		.control = found && line.control ? line.control : "",
		.module = found ? with_arguments(pool, &line) : "",
		.effect = effect_of(explained, handler),
	};
}

void explain_pam(struct host *host, const char *service, struct explained_pam *ret,
		 struct notes *notes)
{
	struct pool *pool = host_pool(host);
	struct pam_load load;

	pam_load(host, service, &load);
	*ret = (struct explained_pam){ .service = load.service,
				       .id = pool_printf(pool, "pam:%s:pam_limits", load.service),
				       .about = pam_program_about(load.service),
				       .by_other = !load.own.count };
	pam_ask(host, load.service, &ret->answer, &ret->by_program);
	const struct pam_walk *walk = ret->by_other ? &load.other : &load.own;
	for (size_t i = 0; i < walk->count; i++)
		add_line(host, ret, &walk->handlers[i]);
	pam_add_notes(host, ret->answer.files, ret->answer.file_count, notes);
}
