// SPDX-License-Identifier: MIT
/* Sessions of one, of some, of all accounts, see login-survey.h. Ten thousand accounts are no
 * reason to wait: equal results are found by their hash. */
#include "login-survey.h"

#include "host.h"
#include "pool.h"

#include <stdlib.h>

/* ---- equal results ------------------------------------------------------------------------ */

struct table {
	size_t *slots; /* index of a block plus 1; 0: free */
	size_t size;   /* a power of 2 */
};

static uint64_t mix(uint64_t hash, uint64_t number)
{
	hash ^= number;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct login_limits *limits)
{
	uint64_t hash = mix(1, (uint64_t)limits->fails * 2 + limits->unknown);

	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		hash = mix(mix(hash, limits->item[i].soft.number), limits->item[i].hard.number);
	return mix(hash, limits->origin.line);
}

/* Why a session fails belongs to the result. */
static bool equal_results(const struct login_limits *a, const struct login_limits *b)
{
	if (a->fails != b->fails || a->unknown != b->unknown || a->why != b->why ||
	    a->origin.file != b->origin.file || a->origin.line != b->origin.line)
		return false;
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		if (a->item[i].soft.number != b->item[i].soft.number ||
		    a->item[i].hard.number != b->item[i].hard.number)
			return false;
	return true;
}

static bool same_source(const struct login_value *a, const struct login_value *b)
{
	return a->line == b->line && a->origin.file == b->origin.file &&
	       a->origin.line == b->origin.line && a->why == b->why;
}

static void mark_mixed(struct login_block *block, const struct login_limits *limits)
{
	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		const struct login_limit *ours = &block->limits.item[i];
		block->mixed[i][0] |= !same_source(&ours->soft, &limits->item[i].soft);
		block->mixed[i][1] |= !same_source(&ours->hard, &limits->item[i].hard);
	}
}

static struct login_block *find_block(struct pool *pool, struct table *table,
				      struct login_survey *survey, const struct account *account,
				      const struct login_limits *limits)
{
	size_t at = hash_of(limits) & (table->size - 1);

	for (; table->slots[at]; at = (at + 1) & (table->size - 1)) {
		struct login_block *block = &survey->blocks[table->slots[at] - 1];
		if (equal_results(&block->limits, limits)) {
			mark_mixed(block, limits);
			return block;
		}
	}
	survey->blocks =
		pool_extend(pool, survey->blocks, survey->block_count, sizeof *survey->blocks);
	struct login_block *block = &survey->blocks[survey->block_count++];
	*block = (struct login_block){ .account = account, .limits = *limits };
	table->slots[at] = survey->block_count;
	return block;
}

/* Of as many accounts: who comes first in /etc/passwd. */
static int by_size(const void *a, const void *b)
{
	const struct login_block *left = a, *right = b;

	if (left->name_count != right->name_count)
		return left->name_count < right->name_count ? 1 : -1;
	return (left->account > right->account) - (left->account < right->account);
}

static void add_blocks(struct login_survey *survey, const gid_t *group)
{
	const struct login_context *context = survey->context;
	const struct accounts *accounts = &context->accounts;
	struct pool *pool = host_pool(context->host);
	struct table table = { .size = 16 };

	while (table.size < 2 * accounts->user_count)
		table.size *= 2;
	table.slots = pool_alloc(pool, table.size * sizeof *table.slots);
	for (size_t i = 0; i < accounts->user_count; i++) {
		const struct account *account = &accounts->users[i];
		struct login_limits limits;
		if (group && !account_in_group(account, *group))
			continue;
		if (!account_has_login_shell(account)) {
			survey->left_out++;
			continue;
		}
		login_evaluate(context, account, &limits);
		struct login_block *block = find_block(pool, &table, survey, account, &limits);
		block->names = pool_extend(pool, (void *)block->names, block->name_count,
					   sizeof *block->names);
		block->names[block->name_count++] = account->name;
		survey->account_count++;
	}
	if (survey->block_count)
		qsort(survey->blocks, survey->block_count, sizeof *survey->blocks, by_size);
}

/* ---- one subject -------------------------------------------------------------------------- */

static void add_subject(struct login_survey *survey, const struct account *account)
{
	static const enum side sides[] = { SIDE_SOFT, SIDE_HARD };

	survey->account = account;
	survey->has_subject = true;
	login_evaluate(survey->context, account, &survey->limits);
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		for (size_t j = 0; j < 2; j++)
			login_losers(survey->context, account, &survey->limits, i, sides[j],
				     &survey->lost[i][j].losers, &survey->lost[i][j].count);
}

/* getpwnam(3) finds nobody: pam_limits.so refuses before it reads anything. */
static void refuse(struct login_survey *survey)
{
	struct login_limits *limits = &survey->limits;

	survey->unknown = true;
	if (limits->unknown || survey->context->plan == LOGIN_IMPOSSIBLE)
		return;
	limits->fails = true;
	limits->why = "there is no such user in /etc/passwd";
	limits->origin = (struct origin){ .file = NULL };
}

void login_survey(const struct login_context *context, const char *user, struct login_survey *ret)
{
	struct pool *pool = host_pool(context->host);
	const struct user_group *group;
	const struct account *account;

	*ret = (struct login_survey){ .context = context, .user = user };
	if (!user) {
		add_blocks(ret, NULL);
		return;
	}
	account = accounts_find(&context->accounts, user);
	if (account || *user != '@') {
		add_subject(ret, account ? account : &login_ordinary);
		if (!account)
			refuse(ret);
		return;
	}
	group = accounts_find_group(&context->accounts, user + 1);
	struct account *member = pool_alloc(pool, sizeof *member);
	*member = login_ordinary;
	if (group) {
		member->groups = &group->gid;
		member->group_count = 1;
	}
	ret->unknown = !group;
	add_subject(ret, member);
	if (group)
		add_blocks(ret, &group->gid);
}

const char *login_survey_trouble(const struct login_survey *survey, struct origin *ret_origin)
{
	const struct accounts *accounts = &survey->context->accounts;

	if (accounts->unreadable) {
		*ret_origin = accounts->unreadable_file;
		return accounts->unreadable;
	}
	const struct login_limits *unknown = NULL;
	if (survey->has_subject && survey->limits.unknown)
		unknown = &survey->limits;
	for (size_t i = 0; !unknown && i < survey->block_count; i++)
		if (survey->blocks[i].limits.unknown)
			unknown = &survey->blocks[i].limits;
	if (!unknown)
		return NULL;
	*ret_origin = unknown->origin;
	return unknown->why;
}
