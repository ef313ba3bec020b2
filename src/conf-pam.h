/* SPDX-License-Identifier: MIT
 *
 * Parser of one pam.d file (or of pam.conf): bytes to lines, as libpam reads them. Pure: no I/O,
 * and what the lines mean together (includes, missing modules) is pam-stack.c's business.
 */
#ifndef KEELTUNE_CONF_PAM_H
#define KEELTUNE_CONF_PAM_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* How libpam assembles lines. */
enum conf_pam_reader {
	CONF_PAM_BUFFER,  /* before Linux-PAM 1.6.0: 1023 bytes, the rest of a longer line is the
			     next line */
	CONF_PAM_GETLINE, /* from 1.6.0: any length; an empty or comment line ends a continuation */
};

enum conf_pam_type {
	CONF_PAM_AUTH,
	CONF_PAM_ACCOUNT,
	CONF_PAM_SESSION,
	CONF_PAM_PASSWORD,
	CONF_PAM_INCLUDE,    /* @include, Debian's; `control` is the file */
	CONF_PAM_WRONG_TYPE, /* any other word, or none */
};

struct conf_pam_line {
	unsigned number;     /* where it begins, from 1 */
	unsigned last;       /* the physical line where it ends */
	const char *service; /* pam.conf only, else NULL */
	enum conf_pam_type type;
	bool dash;           /* "-session" */
	bool tail;           /* the rest of a line that was too long for the reader */
	const char *word;    /* the type as written, without the dash; NULL: nothing there */
	const char *control; /* without brackets; NULL: nothing there */
	const char *module;  /* or the file of include and substack; NULL: nothing there */
	const char *const *args;
	size_t arg_count;
};

enum conf_pam_end {
	CONF_PAM_COMPLETE,
	CONF_PAM_UNFINISHED, /* the file ends in a continuation: libpam gives up */
	CONF_PAM_ENDLESS, /* a continuation fills the buffer to its last byte: libpam never returns
			   */
};

struct conf_pam {
	const struct conf_pam_line *lines; /* those before the trouble, if any */
	size_t count;
	enum conf_pam_reader reader;
	enum conf_pam_end end;
	unsigned end_line; /* where the trouble begins */
};

/* WITH_SERVICE: pam.conf, whose first field is the service. */
void conf_pam_parse(struct pool *pool, const char *bytes, size_t size, enum conf_pam_reader reader,
		    bool with_service, struct conf_pam *ret);

/* May the two readers see different lines in BYTES? */
bool conf_pam_readers_differ(const char *bytes, size_t size);

/* ---- control ----------------------------------------------------------------------------- */

/* Results of modules, <security/_pam_types.h>. */
enum {
	PAM_CODE_SUCCESS = 0,
	PAM_CODE_PERM_DENIED = 6,
	PAM_CODE_AUTH_ERR = 7,
	PAM_CODE_USER_UNKNOWN = 10,
	PAM_CODE_SESSION_ERR = 14,
	PAM_CODE_IGNORE = 25,
	PAM_CODE_ABORT = 26,
	PAM_CODE_MODULE_UNKNOWN = 28,
	PAM_CODE_INCOMPLETE = 31,
	PAM_CODE_COUNT = 32,
};

/* What a control does with a result; a positive number jumps over so many modules. */
enum {
	PAM_ACTION_IGNORE = 0,
	PAM_ACTION_OK = -1,
	PAM_ACTION_DONE = -2,
	PAM_ACTION_BAD = -3,
	PAM_ACTION_DIE = -4,
	PAM_ACTION_RESET = -5,
};

struct conf_pam_control {
	bool include; /* include or substack */
	bool substack;
	bool wrong;                 /* unknown word or bad brackets: every result counts as bad */
	int action[PAM_CODE_COUNT]; /* not for include */
};

/* TEXT as in conf_pam_line. */
void conf_pam_control(const char *text, enum conf_pam_reader reader, struct conf_pam_control *ret);

const char *conf_pam_code_name(int code); /* "success", "perm_denied", ... as in controls */
/* -1: no such name. */
int conf_pam_code(const char *name);

#endif
