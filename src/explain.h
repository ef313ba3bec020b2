/* SPDX-License-Identifier: MIT
 *
 * Everything about one setting, unit or process for `explain`: each kind gathers into a structure
 * of its own (explain-KIND.c), a table in explain.c says which kind a name is of. Reads only; more
 * than an audit needs.
 */
#ifndef KEELTUNE_EXPLAIN_H
#define KEELTUNE_EXPLAIN_H

#include "boot.h"
#include "login-survey.h"
#include "model.h"
#include "pam-load.h"
#include "pam-stack.h"
#include "process.h"
#include "unit.h"

struct error;
struct host;
struct query;
struct sysctl_row;

/* ---- a sysctl key ------------------------------------------------------------------------ */

/* A file that says something about the key. */
struct explained_file {
	const char *path;
	const char *package; /* or NULL */
	const char *written; /* RFC 3339 UTC, or NULL */
};

struct explained_sysctl {
	const char *id;               /* "sysctl:net.ipv4.tcp_keepalive_time" */
	const char *key;              /* dotted */
	const struct sysctl_row *row; /* NULL: not in the catalogue */
	struct reading running;
	struct boot_value boot;                  /* by the engine of this host */
	struct boot_value engines[ENGINE_COUNT]; /* by each; [ENGINE_NONE] is unused */
	struct explained_file *files;
	size_t file_count;
	const char *removed; /* why current kernels have no such key, or NULL */
	const char *nearest; /* a known key that may have been meant, or NULL */
	const char *command; /* what would change it now and at boot; NULL: nothing simple would */
};

/* NAME: "net.ipv4.x", "net/ipv4/x", "/proc/sys/net/ipv4/x" or "sysctl:net.ipv4.x". False when it
 * cannot be a sysctl key. NOTES gets the mistakes seen in the files. */
bool explain_sysctl(struct host *host, const struct engine_choice *engines, const char *name,
		    struct explained_sysctl *ret, struct notes *notes);

/* The file of EXPLANATION with this path, or NULL. */
const struct explained_file *explain_find_file(const struct explained_sysctl *explanation,
					       const char *path);

/* ---- a PAM service ----------------------------------------------------------------------- */

/* A line of the resolved session stack. */
struct explained_pam_line {
	struct origin origin;
	unsigned level;      /* of substacks */
	const char *control; /* as written, without brackets */
	const char *module;  /* with its arguments; or what a line without a module has instead */
	const char *effect;  /* what it means to pam_limits.so, or NULL */
};

struct explained_pam {
	const char *id; /* "pam:sshd:pam_limits" */
	const char *service;
	struct pam_answer answer; /* with what the program itself has to say */
	bool by_program;          /* the program decides, not the stack */
	bool by_other; /* the service has no session line: the stack is that of `other` */
	struct explained_pam_line *lines;
	size_t line_count;
	const char *about; /* the program and PAM, or NULL */
};

void explain_pam(struct host *host, const char *service, struct explained_pam *ret,
		 struct notes *notes);

/* ---- a limit of a login ------------------------------------------------------------------ */

struct explained_limit {
	const char *id;     /* "limit:alice:nofile" */
	const char *domain; /* "alice", "@dba", "*" */
	const char *who;    /* "alice", "somebody in group dba", "an ordinary user" */
	bool unknown;       /* there is no such account or group here */
	const struct limit_row *row;
	enum side side; /* SIDE_NONE: both are asked for */
	const struct login_context *context;
	struct login_limits limits;
	struct login_lost lost[2]; /* soft, hard */
};

/* Of logins through SERVICE. False, RET unset: ERR says what is wrong with the name. */
int explain_limit(struct host *host, const struct query *query, const char *name,
		  const char *service, struct explained_limit *ret, struct notes *notes,
		  struct error *err);

/* ---- a systemd unit ---------------------------------------------------------------------- */

struct explained_unit_limit {
	const struct limit_row *row;
	struct unit_limit limit; /* what the files say */
	bool has_running;
	struct rlimit running; /* of the main process */
	const char *why;       /* it is not what the files say; or NULL */
};

struct explained_unit {
	const char *id; /* "unit:nginx.service" */
	struct unit unit;
	struct explained_unit_limit *limits; /* nofile first, then those that some line sets */
	size_t limit_count;
	const struct process *main;          /* NULL: none runs, or none was seen */
	const struct unit_line *pam_name;    /* PAMName=, or NULL */
	const char *user;                    /* User= with its specifiers resolved, or NULL */
	const struct explained_limit *login; /* what pam_limits.so then makes of nofile; or NULL */
	const char *reach;                   /* why limits.conf does or does not reach it */
	const char *dropin; /* path of a drop-in that would win; NULL: none would */
	const char *dropin_text;
	const char *commands[5]; /* to write it and to take it over, one a line; NULL ends them */
	struct origin obstacle;  /* what wins against any drop-in, or file NULL */
};

void explain_unit(struct host *host, const struct query *query, const char *name,
		  struct explained_unit *ret, struct notes *notes);

/* ---- a process --------------------------------------------------------------------------- */

struct explained_process {
	const char *id; /* "process:1234" */
	struct process process;
	const char *user;                    /* name of its uid, or NULL */
	const char *place;                   /* where it runs: a clause ("is part of ...") */
	const struct explained_unit *unit;   /* its system unit, or NULL */
	const struct explained_limit *login; /* nofile of a new session of its user, or NULL */
	const char *why;                     /* its nofile is what it is: a clause */
	struct origin why_origin;            /* what says so, or file NULL */
};

int explain_process(struct host *host, const struct query *query, const char *name,
		    const char *service, struct explained_process *ret, struct notes *notes,
		    struct error *err);

/* ---- any of them ------------------------------------------------------------------------- */

enum explained_kind {
	EXPLAINED_SYSCTL,
	EXPLAINED_PAM,
	EXPLAINED_LIMIT,
	EXPLAINED_UNIT,
	EXPLAINED_PROCESS,
	EXPLAINED_COUNT
};
const char *explained_kind_name(enum explained_kind kind); /* "sysctl", "pam", ... */

struct explanation {
	enum explained_kind kind;
	union {
		struct explained_sysctl sysctl;
		struct explained_pam pam;
		struct explained_limit limit;
		struct explained_unit unit;
		struct explained_process process;
	};
};

const char *explanation_id(const struct explanation *thing); /* "limit:alice:nofile" */

/* NAME is a setting id, a sysctl key, a unit or a pid; SERVICE the one that opens sessions. 0, or
 * -errno and ERR says why not; -ENOENT: there is no such thing. */
int explain(struct host *host, const struct query *query, const char *name, const char *service,
	    struct explanation *ret, struct notes *notes, struct error *err);

#endif
