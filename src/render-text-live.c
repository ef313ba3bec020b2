// SPDX-License-Identifier: MIT
/* The live layer of an audit, for people: those that say the same in one paragraph, the fullest
 * first, with the reason and what to do once. See render-text.h. */
#include "live.h"
#include "pool.h"
#include "render-text.h"

#include <inttypes.h>
#include <string.h>

#define NAMES_SHOWN 4 /* without -v */

const char *text_live_noun(enum live_kind kind, size_t count)
{
	static const char *const words[LIVE_KIND_COUNT][2] = {
		[LIVE_PROCESSES] = { "process", "processes" },
		[LIVE_SOCKETS] = { "socket", "sockets" },
		[LIVE_NAMESPACE] = { "network namespace", "network namespaces" },
	};

	return words[kind][count != 1];
}

const char *text_live_group(struct pool *pool, const struct live_group *group)
{
	const char *name = group->name ? group->name : "no unit or session";
	const char *text = "";

	if (group->kind == LIVE_NAMESPACE)
		return name;
	if (group->count > 1)
		text = pool_printf(pool, "%zu, ", group->count);
	if (group->user && group->kind == LIVE_PROCESSES)
		text = pool_printf(pool, "%s%s, ", text, group->user);
	if (group->pid_count)
		text = pool_printf(pool, "%spid %d%s%s", text, group->pids[0],
				   group->comm ? " " : "", group->comm ? group->comm : "");
	if (group->used != UINT32_MAX)
		text = pool_printf(pool, "%s, up to %" PRIu32 " in use", text, group->used);
	return *text ? pool_printf(pool, "%s (%s)", name, text) : name;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Was the same reason given for a finding before this one? */
static bool was_said(const struct audit *audit, size_t finding, const struct live_group *group)
{
	for (size_t i = 0; i < finding; i++) {
		const struct live *live = &audit->findings[i].observed.live;
		for (size_t j = 0; j < live->count; j++)
			if (is_same(live->groups[j].why, group->why) &&
			    is_same(live->groups[j].advice, group->advice))
				return true;
	}
	return false;
}

/* The groups FIRST to END of the finding say the same. */
static void print_alike(FILE *out, struct pool *pool, const struct audit *audit, size_t finding,
			size_t first, size_t end, bool verbose)
{
	const struct live *live = &audit->findings[finding].observed.live;
	const struct live_group *said = &live->groups[first];
	size_t shown = verbose ? end - first : NAMES_SHOWN, count = 0;
	const char *names = "";

	for (size_t i = first; i < end; i++) {
		count += live->groups[i].count;
		if (i - first < shown)
			names = pool_printf(pool, "%s%s%s", names, i > first ? ", " : "",
					    text_live_group(pool, &live->groups[i]));
	}
	if (end - first > shown)
		names = pool_printf(pool, "%s and %zu more (-v)", names, end - first - shown);
	text_wrapped(out, pool, "    live: ", 10,
		     pool_printf(pool, "%s, %zu %s: %s", said->shown, count,
				 text_live_noun(said->kind, count), names));
	if (was_said(audit, finding, said)) {
		fputs("      why, and what to do: as above\n", out);
		return;
	}
	const char *why = said->why;
	if (said->origin.file)
		why = pool_printf(pool, "%s (%s)", why, origin_format(pool, said->origin));
	text_wrapped(out, pool, "      why: ", 11, why);
	text_wrapped(out, pool, "      do:  ", 11, said->advice);
}

void text_live(FILE *out, struct pool *pool, const struct audit *audit, size_t finding,
	       bool verbose)
{
	const struct live *live = &audit->findings[finding].observed.live;

	for (size_t first = 0, end; first < live->count; first = end) {
		for (end = first + 1; end < live->count; end++)
			if (!live_is_alike(&live->groups[first], &live->groups[end]))
				break;
		print_alike(out, pool, audit, finding, first, end, verbose);
	}
}
