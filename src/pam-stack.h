/* SPDX-License-Identifier: MIT
 *
 * Does pam_limits.so run when a session of a service is opened, and does the session open? Resolves
 * the service's stack as the installed libpam does (includes, substacks, @include, jumps, `other`),
 * reading through the host handle. Only the session part is judged, not authentication or account.
 */
#ifndef KEELTUNE_PAM_STACK_H
#define KEELTUNE_PAM_STACK_H

#include "model.h"

struct conf_pam;
struct host;

enum pam_outcome {
	PAM_RUNS,         /* whatever the modules before it answer */
	PAM_DOES_NOT_RUN, /* the session opens without it */
	PAM_CONDITIONAL,  /* another module decides */
	PAM_BROKEN,       /* no session of this service can be opened */
	PAM_NO_SERVICE,   /* no file for this service; the rest of the answer is about `other` */
	PAM_UNKNOWN,      /* a file could not be read */
};

enum pam_session {
	PAM_SESSION_OPENS,
	PAM_SESSION_FAILS,
	PAM_SESSION_DEPENDS, /* on what a module answers */
};

/* "Ordinarily": every module that may answer in more than one way says success. */
struct pam_answer {
	enum pam_outcome outcome;
	struct origin origin; /* RUNS: the pam_limits line. Else the line that decides; file only
				 when none does */
	const char *why;      /* a clause; NULL when it simply runs */

	enum pam_session session;
	bool loads;           /* pam_start(3) succeeds */
	int result;           /* what pam_open_session(3) ordinarily returns; PAM_ABORT if !loads */
	bool required;        /* the session fails when pam_limits.so fails */
	struct origin limits; /* the pam_limits line that ordinarily runs, the last if several; or
				 file NULL */
	const char *const *args; /* of that line */
	size_t arg_count;

	const char *file;       /* the service's own file, or NULL */
	unsigned session_lines; /* in the resolved stack of the service itself (0: `other` decides)
				 */
	const char *const *files; /* every file read, in order of reading */
	size_t file_count;
};

const char *pam_outcome_name(enum pam_outcome outcome); /* "runs", "does not run", "conditional",
							   "broken", "no service", "unknown" */

/* SERVICE as an application names it: its base name in lower case is what counts. */
void pam_stack_limits(struct host *host, const char *service, struct pam_answer *ret);

/* PATH's lines as the installed libpam reads them. */
void pam_stack_parse(struct host *host, const char *path, struct conf_pam *ret);

/* Path of an installed module ("pam_limits.so", or an absolute path), or NULL. */
const char *pam_module_find(struct host *host, const char *module);

#endif
