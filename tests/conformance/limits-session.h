/* SPDX-License-Identifier: MIT
 *
 * The process that opens a session in limits.c, as pam_limits.so sees it.
 */
#ifndef KEELTUNE_LIMITS_SESSION_H
#define KEELTUNE_LIMITS_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

struct limits_session {
	bool active;    /* else the C library answers as ever */
	char tree[256]; /* stands for / */
	struct rlimit limits[RLIM_NLIMITS];
	bool capable; /* CAP_SYS_RESOURCE */
	uint64_t nr_open;
};

extern struct limits_session limits_session;

#endif
