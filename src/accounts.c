// SPDX-License-Identifier: MIT
/* Users and groups, see accounts.h. Lines are taken as glibc 2.36 takes them (nss/fgetent_r.c,
 * nss/nss_files/files-parse.c): the first entry of a name counts, later fields may be missing,
 * names that begin with '+' or '-' are no names. alice:x:1000:1000:Alice:/home/alice:/bin/bash */
#include "accounts.h"

#include "host.h"
#include "pool.h"
#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines -------------------------------------------------------------------------------- */

/* The next line that says something, as a copy that may be cut up; NULL at the end. */
static char *next_line(struct pool *pool, const char **at, const char *end)
{
	while (*at < end) {
		const char *start = *at;
		const char *newline = memchr(start, '\n', (size_t)(end - start));
		const char *stop = newline ? newline : end;

		*at = newline ? newline + 1 : end;
		while (start < stop && isspace((unsigned char)*start))
			start++;
		if (start < stop && *start != '#' && *start != '\0')
			return pool_copy(pool, start, (size_t)(stop - start));
	}
	return NULL;
}

/* Up to the next colon; behind the last one: "". */
static char *next_field(char **at)
{
	char *start = *at, *colon = strchr(start, ':');

	if (colon)
		*colon++ = '\0';
	*at = colon ? colon : start + strlen(start);
	return start;
}

/* strtoul(3) up to the colon; what does not fit into 32 bits makes the line none. */
static bool next_id(char **at, uint32_t *ret_id)
{
	const char *field = next_field(at);
	uint64_t id = 0;

	while (isspace((unsigned char)*field))
		field++;
	bool negative = *field == '-';
	field += *field == '-' || *field == '+';
	if (!*field)
		return false;
	for (; *field; field++) {
		if (!isdigit((unsigned char)*field) || __builtin_mul_overflow(id, 10u, &id) ||
		    __builtin_add_overflow(id, (uint64_t)(*field - '0'), &id))
			return false;
	}
	id = negative ? 0 - id : id;
	*ret_id = (uint32_t)id;
	return id <= UINT32_MAX;
}

static bool is_name(const char *name)
{
	return *name != '+' && *name != '-';
}

static bool parse_user(char *line, struct account *account)
{
	account->name = next_field(&line);
	next_field(&line);
	if (!*account->name || !is_name(account->name) || !next_id(&line, &account->uid) ||
	    !next_id(&line, &account->gid))
		return false;
	next_field(&line);
	next_field(&line);
	account->shell = line;
	return true;
}

static void parse_members(struct pool *pool, char *list, struct user_group *group)
{
	while (*list) {
		while (isspace((unsigned char)*list))
			list++;
		char *name = list, *comma = strchr(list, ',');
		list = comma ? comma + 1 : list + strlen(list);
		if (comma)
			*comma = '\0';
		if (!*name)
			continue;
		group->members = pool_extend(pool, (void *)group->members, group->member_count,
					     sizeof *group->members);
		group->members[group->member_count++] = name;
	}
}

static bool parse_group(struct pool *pool, char *line, struct user_group *group)
{
	group->name = next_field(&line);
	next_field(&line);
	if (!is_name(group->name) || !next_id(&line, &group->gid))
		return false;
	parse_members(pool, line, group);
	return true;
}

/* ---- order -------------------------------------------------------------------------------- */

/* Entries of the same array: of equal keys the earlier one comes first. */
static int by_user_name(const void *a, const void *b)
{
	const struct account *left = *(const struct account *const *)a;
	const struct account *right = *(const struct account *const *)b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left > right) - (left < right);
}

static int by_group_name(const void *a, const void *b)
{
	const struct user_group *left = *(const struct user_group *const *)a;
	const struct user_group *right = *(const struct user_group *const *)b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left > right) - (left < right);
}

static int by_gid(const void *a, const void *b)
{
	const struct user_group *left = *(const struct user_group *const *)a;
	const struct user_group *right = *(const struct user_group *const *)b;

	return (left->gid > right->gid) - (left->gid < right->gid);
}

static void index_users(struct pool *pool, struct accounts *accounts)
{
	const struct account **sorted = pool_alloc(pool, accounts->user_count * sizeof *sorted);
	size_t kept = 0;

	for (size_t i = 0; i < accounts->user_count; i++)
		sorted[i] = &accounts->users[i];
	if (accounts->user_count)
		qsort((void *)sorted, accounts->user_count, sizeof *sorted, by_user_name);
	/* A name that is there again is never looked up: marked, then dropped. */
	for (size_t i = 1; i < accounts->user_count; i++)
		if (!strcmp(sorted[i]->name, sorted[i - 1]->name))
			accounts->users[sorted[i] - accounts->users].shell = NULL;
	for (size_t i = 0; i < accounts->user_count; i++)
		if (accounts->users[i].shell)
			accounts->users[kept++] = accounts->users[i];
	if (kept < accounts->user_count) {
		accounts->user_count = kept;
		for (size_t i = 0; i < kept; i++)
			sorted[i] = &accounts->users[i];
		qsort((void *)sorted, kept, sizeof *sorted, by_user_name);
	}
	accounts->users_by_name = sorted;
}

static void index_groups(struct pool *pool, struct accounts *accounts)
{
	size_t count = accounts->group_count;

	accounts->groups_by_name = pool_alloc(pool, count * sizeof *accounts->groups_by_name);
	accounts->groups_by_gid = pool_alloc(pool, count * sizeof *accounts->groups_by_gid);
	for (size_t i = 0; i < count; i++)
		accounts->groups_by_name[i] = accounts->groups_by_gid[i] = &accounts->groups[i];
	if (!count)
		return;
	qsort((void *)accounts->groups_by_name, count, sizeof *accounts->groups_by_name,
	      by_group_name);
	qsort((void *)accounts->groups_by_gid, count, sizeof *accounts->groups_by_gid, by_gid);
}

/* ---- membership --------------------------------------------------------------------------- */

static struct account *find_user(const struct accounts *accounts, const char *name)
{
	size_t low = 0, high = accounts->user_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct account *account = accounts->users_by_name[middle];
		int order = strcmp(account->name, name);
		if (!order)
			return &accounts->users[account - accounts->users];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void join_groups(struct pool *pool, struct accounts *accounts)
{
	for (size_t i = 0; i < accounts->group_count; i++) {
		const struct user_group *group = &accounts->groups[i];
		for (size_t j = 0; j < group->member_count; j++) {
			struct account *account = find_user(accounts, group->members[j]);
			if (!account)
				continue;
			gid_t *groups = pool_extend(pool, (void *)(uintptr_t)account->groups,
						    account->group_count, sizeof *groups);
			groups[account->group_count++] = group->gid;
			account->groups = groups;
		}
	}
}

void accounts_parse(struct pool *pool, const char *passwd, size_t passwd_size, const char *group,
		    size_t group_size, struct accounts *ret)
{
	const char *at = passwd, *end = passwd + passwd_size;
	struct accounts accounts = { 0 };
	char *line;

	while ((line = next_line(pool, &at, end))) {
		struct account account = { 0 };
		if (!parse_user(line, &account))
			continue;
		accounts.users = pool_extend(pool, accounts.users, accounts.user_count,
					     sizeof *accounts.users);
		accounts.users[accounts.user_count++] = account;
	}
	at = group;
	end = group + group_size;
	while ((line = next_line(pool, &at, end))) {
		struct user_group one = { 0 };
		if (!parse_group(pool, line, &one))
			continue;
		accounts.groups = pool_extend(pool, accounts.groups, accounts.group_count,
					      sizeof *accounts.groups);
		accounts.groups[accounts.group_count++] = one;
	}
	index_users(pool, &accounts);
	index_groups(pool, &accounts);
	join_groups(pool, &accounts);
	*ret = accounts;
}

void accounts_read(struct host *host, struct accounts *ret)
{
	const struct file *passwd = host_file(host, "/etc/passwd");
	const struct file *group = host_file(host, "/etc/group");
	const struct file *files[] = { group, passwd };

	accounts_parse(host_pool(host), passwd->bytes, passwd->size, group->bytes, group->size,
		       ret);
	for (size_t i = 0; i < 2; i++) {
		if (files[i]->state != FILE_UNREADABLE)
			continue;
		ret->unreadable = pool_printf(host_pool(host), "%s: %s", files[i]->path,
					      strerror(-files[i]->error));
		ret->unreadable_file = (struct origin){ .file = files[i]->path };
	}
}

/* ---- questions ---------------------------------------------------------------------------- */

const struct account *accounts_find(const struct accounts *accounts, const char *name)
{
	return find_user(accounts, name);
}

const struct user_group *accounts_find_group(const struct accounts *accounts, const char *name)
{
	size_t low = 0, high = accounts->group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(accounts->groups_by_name[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == accounts->group_count || strcmp(accounts->groups_by_name[low]->name, name) != 0)
		return NULL;
	return accounts->groups_by_name[low];
}

bool accounts_has_gid(const struct accounts *accounts, gid_t gid)
{
	size_t low = 0, high = accounts->group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (accounts->groups_by_gid[middle]->gid < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < accounts->group_count && accounts->groups_by_gid[low]->gid == gid;
}

bool account_in_group(const struct account *account, gid_t gid)
{
	if (account->gid == gid)
		return true;
	for (size_t i = 0; i < account->group_count; i++)
		if (account->groups[i] == gid)
			return true;
	return false;
}

bool account_has_login_shell(const struct account *account)
{
	static const char *const refusing[] = { "nologin", "false", "sync", "shutdown", "halt" };
	const char *name = base_name(account->shell);

	for (size_t i = 0; i < sizeof refusing / sizeof *refusing; i++)
		if (!strcmp(name, refusing[i]))
			return false;
	return true;
}
