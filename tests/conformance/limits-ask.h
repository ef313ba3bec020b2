/* SPDX-License-Identifier: MIT
 *
 * What the parts of limits.c share: a made-up host is built, the real module and the model are
 * asked about it.
 */
#ifndef KEELTUNE_LIMITS_ASK_H
#define KEELTUNE_LIMITS_ASK_H

#include "limits-cases.h"

struct login_context;
struct login_limits;

struct limits_answer {
	int rc; /* of pam_open_session() */
	struct rlimit limits[RLIM_NLIMITS];
};

/* What the model says about one line of the files. */
struct limits_claim {
	char file[64];
	unsigned line;
	unsigned resource;
	bool soft, hard; /* it is what the session gets, uncut; neither: it decides nothing */
	bool unsure;     /* its item is no resource, or it ends everything */
	char rule[128];  /* "domain type item " of a rule about a resource */
};

struct limits_claims {
	struct limits_claim items[512];
	size_t count;
};

/* limits-host.c */
void limits_copy_module(const char *module);
void limits_build(const struct limits_case *test, const char *module);
void limits_empty(const char *path);

/* limits.c */
void limits_ask_module(const struct limits_case *test, struct limits_answer *ret);
void limits_ask_model(const struct limits_case *test, struct limits_answer *ret,
		      struct limits_claims *claims); /* CLAIMS may be NULL */
/* Builds the host and asks both; ours is the model, or with --program the program. */
void limits_ask(const struct limits_case *test, const char *module,
		struct limits_answer *ret_module, struct limits_answer *ret_ours);
bool limits_agree(const struct limits_answer *module, const struct limits_answer *model);
bool limits_same(const struct limits_case *test, const char *module);

/* limits-reduce.c */
typedef bool limits_check(const struct limits_case *test, const char *module);
void limits_reduce(struct pool *pool, struct limits_case *test, const char *module,
		   limits_check *is_right);
void limits_print(const struct limits_case *test, const char *module);

/* limits-lines.c */
void limits_note_claims(const struct login_context *context, const struct login_limits *limits,
			struct limits_claims *claims);
/* Changes lines of TEST one by one: one that wins changes what the session gets to what it says
 * from then on, one that loses or is ignored changes nothing when it goes. */
bool limits_lines_hold(const struct limits_case *test, const char *module);
extern unsigned long limits_lines_proved;
extern char limits_lines_trouble[256]; /* what was wrong the last time */

#endif
