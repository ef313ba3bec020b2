/* SPDX-License-Identifier: MIT
 *
 * What `keeltune limits` has to say about sessions: of one account, of a group, or of all accounts,
 * those with equal results together. Judges nothing, reads nothing but through its context.
 */
#ifndef KEELTUNE_LOGIN_SURVEY_H
#define KEELTUNE_LOGIN_SURVEY_H

#include "login.h"

/* Of one item, the soft or the hard side. */
struct login_lost {
	struct login_loser *losers;
	size_t count;
};

/* Accounts that get the same. */
struct login_block {
	const char **names; /* in the order of /etc/passwd */
	size_t name_count;
	const struct account *account; /* the first of them */
	struct login_limits limits;    /* of the first: values are those of all */
	/* By resource and side (soft, hard): do others owe the same value to another line? */
	bool mixed[RLIM_NLIMITS][2];
};

struct login_survey {
	const struct login_context *context;
	const char *user;              /* as asked for: a name, or "@group"; NULL: all accounts */
	bool unknown;                  /* there is no such user or group here */
	const struct account *account; /* of `user`; of a group somebody who is in it and no more */
	bool has_subject;              /* `limits` and `lost` are of the user or of the group */
	struct login_limits limits;
	struct login_lost lost[RLIM_NLIMITS][2];
	struct login_block *blocks; /* of all accounts, of members: those of most accounts first */
	size_t block_count;
	size_t account_count; /* in all blocks */
	size_t left_out;      /* accounts without a login shell */
};

/* USER NULL: all accounts with a login shell. "@group": what membership brings, and the members
 * (by primary or supplementary group) with a login shell. Needs the accounts of CONTEXT. */
void login_survey(const struct login_context *context, const char *user, struct login_survey *ret);

/* Can the sessions be told at all? Else why: a file that could not be read. */
const char *login_survey_trouble(const struct login_survey *survey, struct origin *ret_origin);

#endif
