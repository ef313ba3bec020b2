/* SPDX-License-Identifier: MIT
 *
 * The configuration of systemd units, as the system manager would read it from the files now:
 * names and aliases, masks, the unit file that wins, drop-ins in their order, and what they say of
 * resource limits. Reads through the host handle; systemd need not run.
 */
#ifndef KEELTUNE_UNIT_H
#define KEELTUNE_UNIT_H

#include "model.h"

#include <sys/resource.h>

struct host;
struct limit_row;
struct pool;

enum unit_state {
	UNIT_LOADED,
	UNIT_MASKED,     /* its file is empty or leads to /dev/null */
	UNIT_NOT_FOUND,  /* no file */
	UNIT_BROKEN,     /* systemd refuses it: a wrong name, a bad line in the unit file */
	UNIT_UNREADABLE, /* a file could not be read here */
};
const char *unit_state_name(enum unit_state state); /* "loaded", "masked", ... */

/* An assignment in the section of the unit's type ([Service] of a service). */
struct unit_line {
	struct origin origin;
	const char *key, *value; /* "LimitNOFILE", "1024:4096"; "" resets */
};

/* A drop-in that another one of the same name hides. */
struct unit_hidden {
	const char *path, *by;
};

struct unit {
	struct host *host;
	const char *name;   /* as asked for, with ".service" where a suffix was missing */
	const char *id;     /* as systemd calls it: "ssh.service" for its alias "sshd.service" */
	const char **names; /* all of them, the id first */
	size_t name_count;
	enum unit_state state;
	const char *why;      /* of another state than LOADED */
	struct origin origin; /* of that */
	const char *fragment; /* the unit file; NULL: none */
	const char **dropins; /* in the order in which they are read: the last line wins */
	size_t dropin_count;
	struct unit_hidden *hidden;
	size_t hidden_count;
	const char *section; /* "Service"; NULL: this type of unit runs no process */
	struct unit_line *lines;
	size_t line_count;
};

/* NAME: "nginx.service", "nginx", "getty@tty1.service". */
void unit_load(struct host *host, const char *name, struct unit *ret);

#define UNIT_ALL_SERVICES "*.service"

/* As unit_load(), and what several units have in common: of a template ("getty@.service") what each
 * instance reads that has nothing of its own, of UNIT_ALL_SERVICES what every service does. */
void unit_load_group(struct host *host, const char *name, struct unit *ret);

/* Where the limits of the unit NAME are set: "Service"; NULL: its type runs no process. */
const char *unit_section(const char *name);

/* The last line that sets KEY, with its specifiers as written; NULL: none does. */
const struct unit_line *unit_setting(const struct unit *unit, const char *key);

/* VALUE with its specifiers resolved; NULL: one of them is not known from files alone, or it is too
 * long to mean anything. */
const char *unit_resolve(const struct unit *unit, const char *value);

/* ---- limits ------------------------------------------------------------------------------ */

enum unit_limit_source {
	UNIT_LIMIT_UNIT,    /* a line of the unit file or of a drop-in */
	UNIT_LIMIT_MANAGER, /* DefaultLimitX= of system.conf */
	UNIT_LIMIT_DEFAULT, /* what systemd hands down when nobody says otherwise */
};

struct unit_limit {
	uint64_t soft, hard; /* in the kernel's unit; ~0: unlimited */
	enum unit_limit_source source;
	struct origin origin;    /* of the line; file NULL for UNIT_LIMIT_DEFAULT */
	const char *text;        /* as the line says it; NULL for UNIT_LIMIT_DEFAULT */
	struct shadow *shadowed; /* lines about it that lose, in order, values as text */
	size_t shadowed_count;
};

/* What the main process of UNIT starts with. */
void unit_limit(const struct unit *unit, const struct limit_row *row, struct unit_limit *ret);

/* "1024:524288", "4096", "infinity": as LimitX= takes it, for counts and bytes. */
const char *unit_limit_format(struct pool *pool, uint64_t soft, uint64_t hard);

/* DefaultLimitX= of systemd's files, else what systemd has built in; source is never UNIT. */
void unit_default_limits(struct host *host, struct unit_limit ret[RLIM_NLIMITS]);

/* ---- drop-ins ---------------------------------------------------------------------------- */

/* Where a drop-in FILE ("50-x.conf") for UNIT belongs: in /etc, under the name systemd knows it by.
 */
const char *unit_dropin_path(const struct unit *unit, const char *file);

/* Would a drop-in of BYTES at PATH decide the limit of ROW? Tried out on the host's overlay. On
 * false *RET_WINNER is the line that wins, if one does. */
bool unit_dropin_wins(const struct unit *unit, const char *path, const char *bytes,
		      const struct limit_row *row, struct origin *ret_winner);

#endif
