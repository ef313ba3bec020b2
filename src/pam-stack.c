// SPDX-License-Identifier: MIT
/* What a resolved session stack means for pam_limits.so, see pam-stack.h. Reads nothing itself. */
#include "pam-stack.h"

#include "conf-pam.h"
#include "host.h"
#include "pam-load.h"
#include "pam-walk.h"
#include "pool.h"

#include <string.h>

const char *pam_outcome_name(enum pam_outcome outcome)
{
	static const char *const names[] = {
		[PAM_RUNS] = "runs",
		[PAM_DOES_NOT_RUN] = "does not run",
		[PAM_CONDITIONAL] = "conditional",
		[PAM_BROKEN] = "broken",
		[PAM_NO_SERVICE] = "no service",
		[PAM_UNKNOWN] = "unknown",
	};

	return names[outcome];
}

static void decide(struct pam_answer *answer, enum pam_outcome outcome, struct origin origin,
		   const char *why)
{
	answer->outcome = outcome;
	answer->origin = origin;
	answer->why = why;
}

static void explain_failure(struct pool *pool, const struct pam_walk *walk,
			    const struct pam_way *way, const char *file, struct pam_answer *answer)
{
	const char *why = "no module of the session stack decides";
	struct origin origin = { file, 0 };

	if (!walk->count)
		why = "there is no session line";
	if (way->culprit != PAM_NOWHERE) {
		const struct pam_handler *handler = &walk->handlers[way->culprit];
		origin = handler->origin;
		if (handler->trouble)
			why = handler->trouble;
		else if (handler->control.wrong)
			why = "its control word is unknown, so every result counts as a failure";
		else if (handler->results & (UINT32_C(1) << PAM_CODE_SUCCESS))
			why = "its control makes a failure of it";
		else
			why = pool_printf(pool, "%s always fails", handler->module);
	}
	decide(answer, PAM_BROKEN, origin, pool_printf(pool, "no session can be opened: %s", why));
}

static void explain_absence(struct pool *pool, const struct pam_walk *walk,
			    const struct pam_way *way, const char *file, bool by_other,
			    struct pam_answer *answer)
{
	struct origin origin = { file, 0 };

	for (size_t i = 0; i < walk->count; i++) {
		const struct pam_handler *handler = &walk->handlers[i];
		if (handler->module && !handler->is_limits && handler->trouble &&
		    !strcmp(handler->module, "pam_limits.so")) {
			decide(answer, PAM_DOES_NOT_RUN, handler->origin, handler->trouble);
			return;
		}
	}
	if (way->diverter != PAM_NOWHERE) {
		const struct pam_handler *handler = &walk->handlers[way->diverter];
		decide(answer, PAM_DOES_NOT_RUN, handler->origin,
		       pool_printf(pool, "%s ends or shortens the stack before pam_limits.so",
				   handler->module ? handler->module : "a line that fails"));
		return;
	}
	decide(answer, PAM_DOES_NOT_RUN, origin,
	       by_other ? "the service has no session line, and `other` has no pam_limits.so"
			: "no session line names pam_limits.so");
}

static void judge(struct pool *pool, const struct pam_walk *walk, bool by_other,
		  struct pam_answer *answer)
{
	const char *file = by_other || !answer->file ? "/etc/pam.d/other" : answer->file;
	struct pam_way way, failing;
	struct pam_ways ways;

	pam_walk_ordinary(walk, PAM_CODE_SUCCESS, &way);
	pam_walk_ordinary(walk, PAM_CODE_PERM_DENIED, &failing);
	pam_walk_all(pool, walk, &ways);
	answer->result = way.result;
	answer->required = way.limits != PAM_NOWHERE && failing.result != PAM_CODE_SUCCESS;
	answer->session = !ways.may_open  ? PAM_SESSION_FAILS
			  : ways.may_fail ? PAM_SESSION_DEPENDS
					  : PAM_SESSION_OPENS;
	if (way.limits != PAM_NOWHERE) {
		const struct pam_handler *handler = &walk->handlers[way.limits];
		answer->limits = handler->origin;
		answer->args = handler->args;
		answer->arg_count = handler->arg_count;
	}
	if (!ways.may_open) {
		explain_failure(pool, walk, &way, file, answer);
	} else if (!ways.may_run) {
		explain_absence(pool, walk, &way, file, by_other, answer);
	} else if (!ways.may_miss) {
		decide(answer, PAM_RUNS, answer->limits, NULL);
	} else {
		struct origin origin = { file, 0 };
		const char *name = "another module";
		if (ways.decider != PAM_NOWHERE) {
			origin = walk->handlers[ways.decider].origin;
			name = walk->handlers[ways.decider].module;
		}
		decide(answer, PAM_CONDITIONAL, origin, pool_printf(pool, "%s decides", name));
	}
}

void pam_stack_limits(struct host *host, const char *service, struct pam_answer *ret)
{
	struct pam_answer answer = { .result = PAM_CODE_ABORT, .session = PAM_SESSION_FAILS };
	struct pool *pool = host_pool(host);
	const char *key = pool_printf(pool, "pam-stack %s", service);
	const struct pam_answer *known = host_recall(host, key);
	struct pam_load load;

	if (known) {
		*ret = *known;
		return;
	}
	pam_load(host, service, &load);
	answer.file = load.file;
	answer.session_lines = (unsigned)load.own.count;
	answer.files = load.files;
	answer.file_count = load.file_count;
	answer.loads = !load.trouble.why;
	if (!answer.loads)
		decide(&answer, PAM_BROKEN, load.trouble.origin,
		       pool_printf(pool, "the stack does not load: %s", load.trouble.why));
	else
		judge(pool, load.own.count ? &load.own : &load.other, !load.own.count, &answer);
	if (load.unreadable.why)
		decide(&answer, PAM_UNKNOWN, load.unreadable.origin, load.unreadable.why);
	else if (!load.file)
		decide(&answer, PAM_NO_SERVICE, (struct origin){ 0 },
		       pool_printf(pool, "no PAM service %s here", load.service));
	struct pam_answer *kept = pool_alloc(pool, sizeof *kept);
	*kept = answer;
	host_remember(host, key, kept);
	*ret = answer;
}
