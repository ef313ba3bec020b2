/* SPDX-License-Identifier: MIT
 *
 * Why a process has other limits than a new session of its user would get. Says only what there is
 * evidence for: units, ancestors, times of files.
 */
#ifndef KEELTUNE_PROCESS_LIMITS_H
#define KEELTUNE_PROCESS_LIMITS_H

#include "login-survey.h"
#include "process.h"

/* Where a process runs, which decides who sets its limits. */
enum process_place {
	PLACE_UNKNOWN,
	PLACE_SERVICE,      /* of the system manager */
	PLACE_SESSION,      /* of a login */
	PLACE_USER_MANAGER, /* below systemd --user */
	PLACE_CONTAINER,
};

/* What made a limit what it is. */
enum limit_cause {
	CAUSE_UNKNOWN,
	CAUSE_OLDER,        /* began before a file was changed */
	CAUSE_UNIT,         /* the unit or the system manager gives it */
	CAUSE_NO_UNIT,      /* its unit has gone or was masked while it ran */
	CAUSE_CEILING,      /* process 1 has no more to give */
	CAUSE_USER_MANAGER, /* the user manager gives it */
	CAUSE_CHANGED,      /* the process, or one that started it, changed it */
	CAUSE_NO_PAM,       /* its session was opened without pam_limits.so */
	CAUSE_SERVICE,      /* its session was opened by another PAM service */
	CAUSE_CONTAINER,
	CAUSE_INHERITED, /* from an ancestor that belongs to no unit or session */
	CAUSE_COUNT
};
const char *limit_cause_name(enum limit_cause cause); /* "unit", "started-before", ... */

struct process_limit {
	bool differs;
	enum limit_cause cause;
	const char *why;      /* where it was asked for; "not known: ..." where nothing tells */
	struct origin origin; /* what says so, or file NULL */
};

struct process_limits {
	struct process process;
	const struct account *account; /* of its real user; NULL: there is none */
	enum process_place kind;
	const char *place;  /* what it is part of: a clause */
	bool in_session;    /* of a login, as far as that can be told */
	time_t began;       /* in_session: its session, else the process; on the wall clock */
	const char *opener; /* name of the process that opened the session; NULL: not known */
	struct process_limit items[RLIM_NLIMITS];
};

/* SURVEY: of the user of PROCESS. Says why of RESOURCES (a mask, 1 << RLIMIT_x), whether they
 * differ or not; 0: of all that differ. */
void process_limits_compare(const struct process *process, const struct login_survey *survey,
			    uint32_t resources, struct process_limits *ret);

#endif
