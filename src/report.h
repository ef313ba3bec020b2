/* SPDX-License-Identifier: MIT
 *
 * What a command has to say, whole, before a word of it is printed; and the renderers that print
 * it.
 */
#ifndef KEELTUNE_REPORT_H
#define KEELTUNE_REPORT_H

#include "apply.h"
#include "audit.h"
#include "explain.h"
#include "host.h"
#include "journal.h"
#include "login-survey.h"
#include "plan.h"
#include "process-limits.h"
#include "profile.h"

#include <stdio.h>
#include <time.h>

/* One transaction of a rollback, in the order of execution. */
struct rollback_step {
	const struct transaction *transaction;
	const struct undo *undo; /* NULL: it did not come to that */
	bool done;               /* in a dry run: it would be */
};

/* One rollback file that `history prune` looked at. */
struct pruned {
	const char *id;
	const char *kept; /* why; NULL: removed */
};

/* What sessions get, and as which pam_limits.so that was found out. */
struct limits_report {
	struct login_survey survey;
	const struct process_limits *process; /* --pid; or NULL */
	const char *release;                  /* "Linux-PAM 1.5.2 with Debian's patches" */
	const char *release_by;               /* "installed", "assumed", "--pam-version" */
	bool compared;                        /* the model was compared with a build of it */
};

struct recording;
struct socket_report;
struct watch;
struct relief;
struct fleet_picture;

/* What a report about a whole host has beside the audit. */
struct survey {
	const struct plan *plan; /* what apply would do; or NULL: */
	const char *no_plan;     /* why not */
	const struct socket_report *sockets;
	const char *no_sockets;
	struct notes notes;                /* of both */
	const struct recording *recording; /* --recording, or NULL */
	struct notes skipped;              /* lines of it that are no samples */
	int audit_exit;                    /* status of the audit alone */
	bool is_root;
	const char *arguments; /* " --root DIR PROFILE...", for a shell: what makes
				  another command look at the same */
};

enum report_kind {
	REPORT_AUDIT,
	REPORT_DIFF,
	REPORT_APPLY,
	REPORT_ROLLBACK,
	REPORT_EXPLAIN,
	REPORT_LIMITS,
	REPORT_HISTORY,
	REPORT_PROFILE,
	REPORT_SOCKETS,
	REPORT_SAMPLE, /* sockets --watch */
	REPORT_RELIEF, /* sockets relieve */
	REPORT_FLEET,
	REPORT_KIND_COUNT
};

const char *report_kind_name(enum report_kind kind); /* "audit", "sockets-watch" */

struct report {
	enum report_kind kind;
	struct pool *pool;
	struct host_identity host;
	const char *machine_id; /* for renderers that want it; or NULL */
	const char *root;       /* of --root, or NULL */
	time_t time;
	double begun; /* clock_now(): how long it took is told from this */
	int exit;
	const char *result; /* "ok", "differs", "trouble" */
	struct notes notes;
	const char *interrupted; /* id of an interrupted apply, or NULL */
	const char *error;       /* what went wrong, when exit is above 1; or NULL */

	/* What the command is about; the others are NULL. */
	const struct query *query;
	const struct profile_set *profiles; /* audit, diff, apply, profile show */
	const struct audit *audit;          /* audit: the findings; apply: as it is afterwards */
	const struct plan *plan;            /* diff, apply */
	const struct survey *survey;        /* audit, for renderers that want it */
	bool dry_run;                       /* apply, rollback, prune: nothing was changed */
	const char *transaction;            /* apply, rollback: id of the (last) rollback file */
	bool all;                           /* rollback --all */
	struct rollback_step *steps;        /* rollback */
	size_t step_count;
	const char *const *left; /* rollback: ids that still hold, newest first */
	size_t left_count;
	const struct transaction *entries; /* history, oldest first */
	size_t entry_count;
	const struct transaction *shown; /* history show */
	const struct held *held;         /* history show: where the originals are */
	const struct pruned *pruned;     /* history prune */
	size_t pruned_count;
	const struct explanation *explanations; /* explain */
	size_t explanation_count;
	const struct socket_report *sockets;         /* sockets */
	const struct watch *watch;                   /* sockets --watch */
	const struct relief *relief;                 /* sockets relieve */
	const struct limits_report *limits;          /* limits */
	const struct profile_entry *profile_entries; /* profile list */
	size_t profile_entry_count;
	const struct profile_source *checked; /* profile check: files without errors */
	size_t checked_count;
	const struct fleet_picture *fleet; /* fleet */
};

struct style {
	bool color;
	bool terminal; /* a person reads it: control characters never get there */
	bool verbose;
	/* Of a terminal that is drawn on (sockets --watch); columns 0: lines one after the other.
	 */
	unsigned columns, lines;
	bool utf8;
};

/* Prints REPORT to OUT; write errors stay in OUT's error flag. */
typedef void render_function(FILE *out, const struct report *report, const struct style *style);

struct renderer {
	const char *name;      /* of the format */
	const char *socket;    /* where --also sends it without a file; NULL: a file is needed */
	bool wants_machine_id; /* read by programs that tell hosts apart */
	bool wants_survey;     /* of an audit */
	bool draws;            /* a sample of sockets --watch is a page for a terminal */
	bool checks_only;      /* of sockets --check: the verdicts, and not what was found else */
	/* The exit status that readers of this format know; REPORT NULL: it did not come to one.
	 * NULL: the command's. */
	int (*status)(const struct report *report);
	render_function *render[REPORT_KIND_COUNT]; /* NULL: that report has no such format */
};

/* Seconds that the command has taken until now. */
double report_duration(const struct report *report);

extern const struct renderer renderer_text;
extern const struct renderer renderer_json;
extern const struct renderer renderer_junit;
extern const struct renderer renderer_tap;
extern const struct renderer renderer_prometheus;
extern const struct renderer renderer_nagios;
extern const struct renderer renderer_journal;
extern const struct renderer renderer_html;

#endif
