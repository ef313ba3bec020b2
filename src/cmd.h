/* SPDX-License-Identifier: MIT
 *
 * What all commands share: options, exit statuses, the way from a host to a report and from a
 * report to the user. Only the files cmd*.c and main.c print, and only they choose an exit status.
 */
#ifndef KEELTUNE_CMD_H
#define KEELTUNE_CMD_H

#include "boot.h"
#include "host.h"
#include "netns.h"
#include "profile.h"
#include "report.h"

enum exit_status {
	EXIT_OK = 0,      /* compliant, done, nothing to do */
	EXIT_DIFFERS = 1, /* differs; apply: applied, something still differs; rollback: conflict */
	EXIT_TROUBLE = 2, /* usage, bad input, not judged; apply: nothing was changed */
	EXIT_PUT_BACK = 3, /* apply, rollback: failed, everything is as before */
	EXIT_STUCK = 4,    /* apply, rollback: failed, and not everything could be put back */
};

struct options {
	const char *root;
	const char *profile_dir;
	const char *comment;
	const char *netns;
	const char *recording; /* of audit, in reports with a survey */
	/* limits, as given: cmd-limits.c reads them */
	const char *service, *pid, *nr_open, *cap, *pam_version;
	const char *const *inherit;
	size_t inherit_count;
	/* sockets, as given: cmd-sockets.c reads them */
	const char *state, *port, *user, *older_than; /* and pid */
	const char *const *checks;
	size_t check_count;
	const char *keepalive, *nofile; /* of relieve */
	const char *stale;              /* fleet, as given */
	unsigned watch;                 /* seconds, 0: not asked for */
	unsigned samples;               /* 0: until it is ended */
	bool summary;
	enum engine engine; /* ENGINE_COUNT: detect */
	unsigned wait;      /* seconds for the lock */
	unsigned keep;      /* --keep of history prune */
	bool keep_given;
	bool runtime, persistent, live;
	bool quiet, verbose;
	bool dry_run, override, force, all;
};

/* Where a report goes, and as what. */
struct output {
	const struct renderer *renderer;
	const char *file; /* NULL: standard output */
	bool color;
};

struct context {
	const char *command;
	enum report_kind kind; /* of the report that it will give */
	struct options options;
	const char *const *arguments;
	size_t argument_count;
	const char *command_line;                /* for the journal */
	const char *shipped_profiles;            /* directory */
	const struct provider *const *providers; /* NULL-terminated, in the order of proposals */
	const struct renderer *const *renderers; /* NULL-terminated, the default first */
	const struct output *outputs;            /* --format and --output; then each --also */
	size_t output_count;
};

struct command {
	const char *name;
	const char *arguments; /* "[PROFILE...]" */
	const char *summary;
	int (*run)(const struct context *context);
	enum report_kind kind;
};

extern const struct command commands[]; /* ends with a NULL name */
extern const struct provider *const providers[];
extern const struct renderer *const renderers[];

int cmd_audit(const struct context *context);
int cmd_diff(const struct context *context);
int cmd_apply(const struct context *context);
int cmd_rollback(const struct context *context);
int cmd_explain(const struct context *context);
int cmd_limits(const struct context *context);
int cmd_history(const struct context *context); /* cmd-history.c */
int cmd_profile(const struct context *context);
int cmd_sockets(const struct context *context);
int cmd_fleet(const struct context *context);
int cmd_watch(const struct context *context);   /* sockets --watch */
int cmd_relieve(const struct context *context); /* sockets relieve */

/* ---- for the cmd-*.c ---------------------------------------------------------------------- */

/* A host being reported on. */
struct session {
	const struct context *context;
	struct host *host;
	struct pool *pool; /* of the host */
	struct journal journal;
	struct held held;
	struct profile_set profiles;
	struct query query;
	struct netns netns;  /* of --netns */
	struct host **hosts; /* further ones to close, entries may be NULL */
	size_t host_count;
	struct report report;
};

/* Opens the host, and says so when an apply was interrupted; the journal has that one only unless
 * WHOLE_JOURNAL. EXIT_OK, or EXIT_TROUBLE and a message was printed. Close with session_finish() or
 * session_close(). */
int session_open(const struct context *context, bool whole_journal, struct session *session);
/* Loads the profiles of the command line (or the configured ones) and finds the boot engine.
 * EXIT_OK, or EXIT_TROUBLE: what is wrong was printed, report.error sums it up. */
int session_load(struct session *session);
int session_load_names(struct session *session, const char *const *names, size_t count);
struct profile_path session_profile_path(const struct session *session);
/* Reports trouble: prints the message, and the report in machine formats. Returns STATUS. */
int session_fail(struct session *session, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Delivers the report to all outputs, closes, returns the exit status. */
int session_finish(struct session *session, int status);
void session_close(struct session *session);

/* Goes into the network namespace NAME: from now on its running values are looked at, and nothing
 * else. */
int session_enter(struct session *session, const struct netns *netns, struct error *err);

/* undo_plan() in the network namespace that TRANSACTION is about: this process goes there. */
int session_plan_undo(struct session *session, const struct transaction *transaction,
		      const struct undo *earlier, struct undo *ret_undo, struct error *err);

/* Plans what makes the findings of AUDIT compliant, for the rollback file ID; the session has the
 * whole journal. 0 or -errno with ERR. */
int session_plan(struct session *session, const char *id, const struct audit *audit,
		 struct plan *ret_plan, struct error *err);
/* Adds to NOTES what must be done before what PLAN changes counts on the running host. */
void session_note_follow_ups(struct session *session, const struct plan *plan, struct notes *notes);

/* Fills in all of a named TRANSACTION but its state. */
void session_describe(struct session *session, const struct plan *plan,
		      struct transaction *transaction);

/* cmd-survey.c: does an output of CONTEXT want a survey? */
bool survey_is_wanted(const struct context *context);
struct survey_parts;
/* Adds a survey to the report of SESSION, which has loaded its profiles and AUDIT, with STATUS,
 * and knows the whole journal. Returns EXIT_OK, or EXIT_TROUBLE: a part of --recording was
 * unusable, which was said. Close with survey_close() behind the end of the session. */
int survey_host(struct session *session, const struct audit *audit, int status,
		struct survey_parts **ret);
void survey_close(struct survey_parts *parts); /* accepts NULL */

int audit_status(const struct audit *audit); /* 2 wins over 1 */
int status_of_outcome(enum apply_outcome outcome);
struct actor find_actor(struct session *session);
/* One line to syslog: WHAT is "applied" or "rolled back". Live hosts only. */
void log_transaction(struct session *session, const char *what,
		     const struct transaction *transaction);

/* Says WHY a command does nothing, in every format. EXIT_TROUBLE. */
int refuse(const struct context *context, const char *why);

/* Are the outputs files of their own, none of them twice or an argument that is read, and those
 * that are descriptors open? Else it was said. */
bool outputs_are_good(const struct context *context);
/* What the program ends with after a command has returned STATUS: that, or what the main output's
 * format makes of it. RENDERER: of that format, or NULL; reports trouble in it if no report was
 * delivered. */
int final_status(const struct context *context, const struct renderer *renderer, int status);
#define OUTPUT_IS_INPUT \
	"the report is about this file and would overwrite it: give it one of its own"
/* Could all of them be written, as far as can be told without trying? 0 or -errno. */
int outputs_possible(const struct context *context, struct error *err);
/* Is none of them a file that the session has read, or whose change it plans? session_finish() does
 * not write such ones; ask before something is changed. 0 or -errno. */
int session_check_outputs(const struct session *session, struct error *err);

/* Before a command changes something: could its outputs be written, as far as can be told? And
 * takes the lock of the host, waiting as --wait says; it is held until the program ends. -1: it was
 * reported. */
int lock_host(const struct context *context);

/* One line to stderr: "keeltune: ...". */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
