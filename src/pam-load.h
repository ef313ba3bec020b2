/* SPDX-License-Identifier: MIT
 *
 * The session stack of a service, put together from its files as the installed libpam does it in
 * pam_start(3).
 */
#ifndef KEELTUNE_PAM_LOAD_H
#define KEELTUNE_PAM_LOAD_H

#include "pam-walk.h"

struct host;

struct pam_trouble {
	struct origin origin;
	const char *why; /* NULL: none */
};

struct pam_load {
	const char *service;           /* base name, lower case */
	struct pam_walk own, other;    /* libpam takes `other` where OWN has no handler */
	struct pam_trouble trouble;    /* pam_start(3) fails */
	struct pam_trouble unreadable; /* a file could not be read here, so the rest is a guess */
	const char *file;              /* the service's own file, or NULL */
	const char **files;            /* every file read, in order of reading */
	size_t file_count;
};

void pam_load(struct host *host, const char *service, struct pam_load *ret);

#endif
