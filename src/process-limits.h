/* SPDX-License-Identifier: MIT
 *
 * Why a process has other limits than a new session of its user would get. Says only what there is
 * evidence for: units, ancestors, times of files.
 */
#ifndef KEELTUNE_PROCESS_LIMITS_H
#define KEELTUNE_PROCESS_LIMITS_H

#include "login-survey.h"
#include "process.h"

struct process_limit {
	bool differs;
	const char *why;      /* where it differs; "not known: ..." where nothing tells */
	struct origin origin; /* what says so, or file NULL */
};

struct process_limits {
	struct process process;
	const struct account *account; /* of its real user; NULL: there is none */
	const char *place;             /* what it is part of: a clause */
	bool in_session;               /* of a login, as far as that can be told */
	time_t began;       /* in_session: its session, else the process; on the wall clock */
	const char *opener; /* name of the process that opened the session; NULL: not known */
	struct process_limit items[RLIM_NLIMITS];
};

/* SURVEY: of the user of PROCESS. */
void process_limits_compare(const struct process *process, const struct login_survey *survey,
			    struct process_limits *ret);

#endif
