/* SPDX-License-Identifier: MIT
 *
 * The limits that a new login gets: the model of pam_limits.so (Linux-PAM 1.3.1 to 1.7.2 and
 * Debian's patches), and where they come from.
 */
#ifndef KEELTUNE_LOGIN_H
#define KEELTUNE_LOGIN_H

#include "accounts.h"
#include "conf-limits.h"
#include "limits-module.h"
#include "model.h"

struct host;
struct limit_row;

/* What a session starts from, in the kernel's unit. */
struct login_inherited {
	uint64_t soft, hard;
	struct origin origin; /* file NULL: no file says it */
	const char *why;
};

enum login_plan {
	LOGIN_LIMITED,     /* pam_limits.so runs and reads its files */
	LOGIN_NOT_LIMITED, /* it does not run: everything is inherited */
	LOGIN_IMPOSSIBLE,  /* the stack of the service fails whatever the limits are */
	LOGIN_UNKNOWN,     /* the stack could not be read here */
};

/* Everything that logins have in common. Plain data: a caller may change what a command line
 * overrides (caller, reset, capable, nr_open) before it evaluates. */
struct login_context {
	struct host *host;
	const char *service;
	enum login_plan plan;
	const char *why;        /* of the plan, unless LIMITED */
	struct origin origin;   /* of the plan */
	const char *depends_on; /* LIMITED, if another module agrees: why, at `origin` */
	bool by_other;          /* the service has no file: libpam takes `other` */
	struct origin
		limits_line;     /* of the stack: the one that names pam_limits.so; or file NULL */
	bool required;           /* the session fails when pam_limits.so fails */
	bool installed;          /* pam_limits.so is there */
	bool assumed;            /* or nothing can be said about it: a tree without modules */
	const char *module_path; /* of pam_limits.so, if installed */
	struct limits_module module;
	struct limits_entries entries;
	const char **files; /* read or tried, in order */
	size_t file_count;
	bool accounts_loaded;
	struct accounts accounts;
	/* With them, the lines that say something: those that mean one name, by that name and in
	 * their order, and the others in their order. */
	const struct limits_entry **named, **general;
	size_t named_count, general_count;
	const gid_t **group_of; /* per entry: the group its domain names, NULL: none */
	struct login_inherited
		caller[RLIM_NLIMITS]; /* handed down by the daemon that opens sessions */
	struct login_inherited reset[RLIM_NLIMITS]; /* of pid 1 */
	bool resets;                                /* the module starts from those of pid 1 */
	bool capable;                               /* the login process holds CAP_SYS_RESOURCE */
	uint64_t nr_open;                           /* ceiling of hard nofile */
};

/* Reads what logins through SERVICE depend on. NR_OPEN: of the kernel that the login will meet. */
void login_open(struct host *host, const char *service, uint64_t nr_open,
		struct login_context *ret);

/* What else may be asked. */
struct login_query {
	const char *service;
	uint64_t nr_open;
	const struct limits_module *module; /* judge as this one does; NULL: as the installed one */
	/* As a session of this moment: a service without a file is what `other` makes of it, and
	 * the caller's limits are those of the running daemon. Without, as audits judge. */
	bool exact;
};

void login_open_query(struct host *host, const struct login_query *query,
		      struct login_context *ret);

/* Needed before an account other than login_ordinary is evaluated; reads /etc/passwd and
 * /etc/group. */
void login_load_accounts(struct login_context *context);

/* The same with the accounts that OWNER, of the same host, has or gets. */
void login_share_accounts(struct login_context *context, struct login_context *owner);

/* Somebody without a name or ids that a line could mean: only `*` does. A copy may get groups. */
extern const struct account login_ordinary;
/* uid 0, as far as no file is asked. */
extern const struct account login_root;

struct login_value {
	uint64_t number; /* in the kernel's unit; LIMIT_UNLIMITED */
	const struct limits_entry
		*line;        /* the line that wins, even where its value cannot be set */
	struct origin origin; /* of the line, or of what is inherited */
	const char *why;      /* a clause where the line alone does not explain it */
};

struct login_limit {
	struct login_value soft, hard;
};

struct login_limits {
	struct login_limit item[RLIM_NLIMITS]; /* by resource */
	bool fails;                            /* opening the session is refused */
	bool unknown;         /* a file could not be read here, so this is a guess */
	const char *why;      /* of either */
	struct origin origin; /* of either */
};

void login_evaluate(const struct login_context *context, const struct account *account,
		    struct login_limits *ret);

/* A line that says something and loses. */
struct login_loser {
	const struct limits_entry *line;
	const char *why;
};

/* Lines about RESOURCE that ACCOUNT matches and that lose against the winner in LIMITS. */
void login_losers(const struct login_context *context, const struct account *account,
		  const struct login_limits *limits, unsigned resource, enum side side,
		  struct login_loser **ret_losers, size_t *ret_count);

/* The same as shadows; values in the unit of limits.conf. */
void login_shadows(const struct login_context *context, const struct account *account,
		   const struct login_limits *limits, unsigned resource, enum side side,
		   struct shadow **ret_shadows, size_t *ret_count);

/* The highest nofile that any line of limits.conf and limits.d asks for, where a usual service
 * reads them, and where; 0: none does. Lines that mean "unlimited" adapt to fs.nr_open and do not
 * count. */
uint64_t login_highest_nofile(struct host *host, struct origin *ret_origin);

/* Could LINE mean anybody but everybody (`*`) and root? */
bool login_line_singles_out(const struct limits_entry *line);

const struct login_value *login_side(const struct login_limits *limits, unsigned resource,
				     enum side side);

/* Is ACCOUNT one that SETTING (of SETTINGS) is about, and no narrower one of the same side? */
bool login_is_meant(const struct login_context *context, const struct account *account,
		    const struct setting *const *settings, size_t count,
		    const struct setting *setting);

/* A number of the kernel in the unit of limits.conf: KiB, minutes, nice values. */
struct value login_unit_value(const struct limit_row *row, uint64_t number);

/* ---- login-inherit.c, login-daemon.c ------------------------------------------------------ */

/* What a MODULE that starts from pid 1 makes of the BYTES of /proc/1/limits. Pure. */
void login_inherit_from_pid1(const struct limits_module *module, const char *bytes, size_t size,
			     struct login_inherited *ret);

/* What Debian's module does to the soft nofile that it RESETs to. */
void login_cap_reset(const struct limits_module *module, struct login_inherited *reset);

/* What the daemon that opens sessions of SERVICE holds now: of su and sudo this process stands for
 * whoever calls them. False, RET unchanged: none runs, or HOST is a tree. */
bool login_inherit_from_daemon(struct host *host, const char *service, struct login_inherited *ret);

/* What services are given: DefaultLimit*= of systemd's files, else the catalogue's defaults. */
void login_inherit_from_systemd(struct host *host, struct login_inherited *ret);

#endif
