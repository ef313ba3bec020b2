/* SPDX-License-Identifier: MIT
 *
 * A resolved session stack and every way through it, as libpam's dispatcher takes them. Pure.
 */
#ifndef KEELTUNE_PAM_WALK_H
#define KEELTUNE_PAM_WALK_H

#include "conf-pam.h"
#include "model.h"

#include <stdint.h>

#define PAM_LEVEL_MAX 16 /* of substacks, and from Linux-PAM 1.6.0 of includes */

struct pam_handler {
	bool substack;    /* only marks where one begins */
	bool is_limits;   /* pam_limits.so, and it can be called */
	unsigned level;   /* of substacks */
	uint32_t results; /* bit N: may return code N; one bit when it is certain */
	struct conf_pam_control control;
	const char *module;  /* for messages: base name, or NULL when there is none */
	const char *trouble; /* why it must fail, or why its control is wrong; or NULL */
	const char *const *args;
	size_t arg_count;
	struct origin origin;
};

struct pam_walk {
	const struct pam_handler *handlers;
	size_t count;
};

#define PAM_NOWHERE SIZE_MAX

/* One way through: every uncertain module says success. */
struct pam_way {
	int result;      /* of pam_open_session(3) */
	size_t limits;   /* the last handler that ran and is_limits, or PAM_NOWHERE */
	size_t culprit;  /* the handler that made the result a failure, or PAM_NOWHERE */
	size_t diverter; /* the first that jumps over, or ends the stack before, an is_limits; or
			    PAM_NOWHERE */
};

/* LIMITS_RESULT: what pam_limits.so returns. */
void pam_walk_ordinary(const struct pam_walk *walk, int limits_result, struct pam_way *ret);

/* All ways. */
struct pam_ways {
	bool may_run, may_miss;  /* pam_limits.so is called, is not called */
	bool may_open, may_fail; /* the session */
	size_t decider;          /* may_run && may_miss: the first handler whose answer decides */
};
void pam_walk_all(struct pool *pool, const struct pam_walk *walk, struct pam_ways *ret);

#endif
