// SPDX-License-Identifier: MIT
/* The accounts that lines of limits.conf may be about, see login.h: which group a domain names, and
 * which lines can match whom. */
#include "login.h"

#include "host.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define WORK_MAX 200000000u /* comparisons, for all accounts: a second or two */

/* Can nobody match this line but who is called as its domain? */
static bool means_one_name(const struct limits_entry *entry)
{
	return (entry->form == LIMITS_RULE || entry->form == LIMITS_NO_LIMIT) &&
	       entry->range == LIMITS_NO_RANGE && *entry->domain != '@' && *entry->domain != '%' &&
	       strcmp(entry->domain, "*") != 0;
}

static bool says_nothing(const struct limits_entry *entry)
{
	return entry->form == LIMITS_INVALID || entry->form == LIMITS_BAD_RANGE ||
	       (entry->form == LIMITS_RULE && entry->drop);
}

static int by_domain(const void *a, const void *b)
{
	const struct limits_entry *left = *(const struct limits_entry *const *)a;
	const struct limits_entry *right = *(const struct limits_entry *const *)b;
	int order = strcmp(left->domain, right->domain);

	return order ? order : (left > right) - (left < right);
}

/* So that ten thousand accounts with ten thousand lines are no hundred million comparisons. */
static void index_lines(struct login_context *context)
{
	const struct limits_entries *entries = &context->entries;
	struct pool *pool = host_pool(context->host);
	const struct limits_entry **named = NULL, **general = NULL;
	size_t named_count = 0, general_count = 0;

	for (size_t i = 0; i < entries->count; i++) {
		const struct limits_entry *entry = &entries->items[i];
		if (says_nothing(entry))
			continue;
		if (means_one_name(entry)) {
			named = pool_extend(pool, (void *)named, named_count, sizeof *named);
			named[named_count++] = entry;
		} else {
			general =
				pool_extend(pool, (void *)general, general_count, sizeof *general);
			general[general_count++] = entry;
		}
	}
	if (named_count)
		qsort((void *)named, named_count, sizeof *named, by_domain);
	context->named = named;
	context->named_count = named_count;
	context->general = general;
	context->general_count = general_count;
}

/* Which group each line with a group means. */
static void find_groups(struct login_context *context)
{
	const struct limits_entries *entries = &context->entries;
	struct pool *pool = host_pool(context->host);

	context->group_of = pool_alloc(pool, (entries->count + 1) * sizeof *context->group_of);
	for (size_t i = 0; i < entries->count; i++) {
		const struct limits_entry *entry = &entries->items[i];
		if (*entry->domain != '@' && *entry->domain != '%')
			continue;
		if (entry->range == LIMITS_EXACTLY) {
			if (accounts_has_gid(&context->accounts, entry->max))
				context->group_of[i] = &entry->max;
		} else if (entry->range == LIMITS_NO_RANGE) {
			const struct user_group *group =
				accounts_find_group(&context->accounts, entry->domain + 1);
			if (group)
				context->group_of[i] = &group->gid;
		}
	}
}

/* Every account is held against every line that is not about one name alone. */
static void look_at_work(struct login_context *context)
{
	struct accounts *accounts = &context->accounts;

	if (accounts->user_count <= WORK_MAX / (context->general_count + 1))
		return;
	accounts->unreadable = pool_printf(
		host_pool(context->host),
		"%zu accounts and %zu lines about groups, ranges or all are too many to be judged",
		accounts->user_count, context->general_count);
	accounts->unreadable_file = (struct origin){ .file = "/etc/passwd" };
	accounts->user_count = 0;
}

void login_load_accounts(struct login_context *context)
{
	if (context->accounts_loaded)
		return;
	context->accounts_loaded = true;
	accounts_read(context->host, &context->accounts);
	find_groups(context);
	index_lines(context);
	look_at_work(context);
}

void login_share_accounts(struct login_context *context, struct login_context *owner)
{
	login_load_accounts(owner);
	if (context->accounts_loaded)
		return;
	context->accounts_loaded = true;
	context->accounts = owner->accounts;
	find_groups(context);
	index_lines(context);
}

/* ---- whom settings mean ------------------------------------------------------------------- */

static bool is_member(const struct login_context *context, const struct account *account,
		      const char *domain)
{
	const struct user_group *group =
		*domain == '@' ? accounts_find_group(&context->accounts, domain + 1) : NULL;

	return group && account_in_group(account, group->gid);
}

/* Who has a setting of his own, or through a group, is not judged by the wider one as well. */
bool login_is_meant(const struct login_context *context, const struct account *account,
		    const struct setting *const *settings, size_t count,
		    const struct setting *setting)
{
	const char *name = account->name ? account->name : "";
	bool all = !strcmp(setting->name, "*");

	if (!strcmp(setting->name, name))
		return true;
	if (context->module.debian && account->uid == 0) /* `*` and groups do not reach root */
		return false;
	if (!all && !is_member(context, account, setting->name))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct setting *other = settings[i];
		if (other->side != setting->side || strcmp(other->item, setting->item) != 0)
			continue;
		if (!strcmp(other->name, name) || (all && is_member(context, account, other->name)))
			return false;
	}
	return true;
}
