// SPDX-License-Identifier: MIT
/* What the observers of the live layer share, see live.h: groups, and names for places and users.
 * Judges nothing, reads nothing. */
#include "live.h"

#include "cgroup.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

void live_add(struct pool *pool, struct live *live, const struct live_group *group)
{
	live->groups = pool_extend(pool, live->groups, live->count, sizeof *live->groups);
	live->groups[live->count++] = *group;
}

static int compare_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

/* 0: alike. Any order serves, as long as it is one. */
static int compare_said(const struct live_group *a, const struct live_group *b)
{
	int order = (a->kind > b->kind) - (a->kind < b->kind);

	if (!order)
		order = compare_text(a->shown, b->shown);
	if (!order)
		order = compare_text(a->why, b->why);
	return order ? order : compare_text(a->advice, b->advice);
}

bool live_is_alike(const struct live_group *a, const struct live_group *b)
{
	return !compare_said(a, b);
}

static int by_use(const void *one, const void *two)
{
	const struct live_group *a = one, *b = two;
	uint32_t used_a = a->used == UINT32_MAX ? 0 : a->used;
	uint32_t used_b = b->used == UINT32_MAX ? 0 : b->used;
	int order = compare_said(a, b);

	if (!order)
		order = (used_a < used_b) - (used_a > used_b);
	if (!order)
		order = (a->count < b->count) - (a->count > b->count);
	return order ? order : compare_text(a->name, b->name);
}

void live_sort(struct live *live)
{
	if (live->count)
		qsort(live->groups, live->count, sizeof *live->groups, by_use);
}

const char *live_place(struct pool *pool, const struct cgroup *cgroup)
{
	if (cgroup->container)
		return pool_printf(pool, "%s %.12s", cgroup->runtime, cgroup->container);
	if (cgroup->user_unit && !cgroup->session)
		return cgroup->has_owner ? pool_printf(pool, "%s of uid %u", cgroup->user_unit,
						       (unsigned)cgroup->owner)
					 : cgroup->user_unit;
	if (cgroup->session)
		return pool_printf(pool, "session %s", cgroup->session);
	return cgroup->unit;
}

const char *live_user(struct pool *pool, const struct accounts *accounts, uid_t uid)
{
	for (size_t i = 0; i < accounts->user_count; i++)
		if (accounts->users[i].uid == uid)
			return accounts->users[i].name;
	return pool_printf(pool, "%u", (unsigned)uid);
}
