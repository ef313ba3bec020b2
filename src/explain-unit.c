// SPDX-License-Identifier: MIT
/* Gathers what is to say about a systemd unit, see explain.h: the limits that its files give it,
 * what its main process has, whether limits.conf reaches it, and the drop-in to write. */
#include "explain.h"

#include "catalog.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "provider-unit.h"
#include "unit-main.h"
#include "unit-name.h"

#include <string.h>

/* ---- limits ------------------------------------------------------------------------------ */

static void add_limit(struct explained_unit *explained, const struct limit_row *row)
{
	struct host *host = explained->unit.host;
	struct explained_unit_limit limit = { .row = row };
	bool is_nofile = row->resource == RLIMIT_NOFILE;

	unit_limit(&explained->unit, row, &limit.limit);
	if (!is_nofile && limit.limit.source == UNIT_LIMIT_DEFAULT && !limit.limit.shadowed_count)
		return;
	if (explained->main) {
		limit.has_running = true;
		limit.running = explained->main->limits[row->resource];
		limit.why = explained->login
				    ? NULL
				    : unit_explain_running(&explained->unit, explained->main,
							   &limit.limit, row);
	}
	explained->limits = pool_extend(host_pool(host), explained->limits, explained->limit_count,
					sizeof *explained->limits);
	explained->limits[explained->limit_count++] = limit;
}

static void add_limits(struct explained_unit *explained)
{
	size_t count;
	const struct limit_row *rows = catalog_limits(&count);

	add_limit(explained, catalog_limit("nofile"));
	for (size_t i = 0; i < count; i++)
		if (rows[i].resource != RLIMIT_NOFILE)
			add_limit(explained, &rows[i]);
}

/* ---- PAM --------------------------------------------------------------------------------- */

static void find_reach(struct host *host, const struct query *query,
		       struct explained_unit *explained, struct notes *notes)
{
	struct pool *pool = host_pool(host);
	const struct unit_line *user = unit_setting(&explained->unit, "User");
	struct explained_limit *login;
	struct error err;

	explained->pam_name = unit_setting(&explained->unit, "PAMName");
	explained->user = user ? unit_resolve(&explained->unit, user->value) : NULL;
	if (!explained->pam_name) {
		explained->reach = "limits.conf does not reach it: systemd starts services without "
				   "a PAM session, and this unit has no PAMName=";
		return;
	}
	if (!explained->user) {
		explained->reach = "it has PAMName= but no User= that is known from its files: "
				   "whether a PAM session is opened depends on systemd";
		return;
	}
	explained->user = unit_account_name(host, explained->user);
	login = pool_alloc(pool, sizeof *login);
	if (explain_limit(host, query, pool_printf(pool, "%s:nofile", explained->user),
			  unit_resolve(&explained->unit, explained->pam_name->value), login, notes,
			  &err) < 0)
		return;
	explained->login = login;
	explained->reach = pool_printf(
		pool,
		"systemd opens a PAM session for it (PAMName=%s, user %s): what pam_limits.so "
		"sets there comes last and wins against LimitNOFILE=",
		explained->pam_name->value, explained->user);
}

/* ---- the drop-in ------------------------------------------------------------------------- */

#define WANTED_SOFT 65536
#define WANTED_HARD 524288

static uint64_t above(uint64_t number, uint64_t least)
{
	return number > least ? number : least;
}

static void take_dropin(struct explained_unit *explained, const char *path, const char *text,
			const char *limit)
{
	struct pool *pool = host_pool(explained->unit.host);
	const char *directory = pool_copy(pool, path, (size_t)(strrchr(path, '/') - path));

	explained->dropin = path;
	explained->dropin_text = text;
	explained->commands[0] = pool_printf(pool, "mkdir -p %s", unit_for_shell(pool, directory));
	explained->commands[1] =
		pool_printf(pool, "printf '[%s]\\nLimitNOFILE=%s\\n' >%s", explained->unit.section,
			    limit, unit_for_shell(pool, path));
	explained->commands[2] = "systemctl daemon-reload";
	explained->commands[3] =
		pool_printf(pool, "systemctl restart %s",
			    unit_for_shell(pool, unit_instances(pool, explained->unit.id)));
}

static void find_dropin(struct explained_unit *explained)
{
	static const char *const files[] = { "50-limits.conf", "zz-limits.conf",
					     "zzzz-limits.conf" };
	const struct unit *unit = &explained->unit;
	struct pool *pool = host_pool(unit->host);
	const struct unit_limit *now = &explained->limits[0].limit;
	uint64_t soft = above(now->soft, WANTED_SOFT), hard = above(now->hard, WANTED_HARD);
	const char *limit = unit_limit_format(pool, soft, above(hard, soft));
	const char *text = pool_printf(pool, "[%s]\nLimitNOFILE=%s\n", unit->section, limit);

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *path = unit_dropin_path(unit, files[i]);
		if (host_file(unit->host, path)->state != FILE_ABSENT ||
		    !unit_dropin_wins(unit, path, text, catalog_limit("nofile"),
				      &explained->obstacle))
			continue;
		take_dropin(explained, path, text, limit);
		explained->obstacle = (struct origin){ .file = NULL };
		return;
	}
}

/* ---- the unit ---------------------------------------------------------------------------- */

static void note_hidden(const struct unit *unit, const char *id, struct notes *notes)
{
	for (size_t i = 0; i < unit->hidden_count; i++)
		notes_add(notes, id, (struct origin){ unit->hidden[i].path, 0 },
			  "is not read: %s has the same name and comes first", unit->hidden[i].by);
}

void explain_unit(struct host *host, const struct query *query, const char *name,
		  struct explained_unit *ret, struct notes *notes)
{
	struct explained_unit explained = { .reach = NULL };
	struct unit_running running;

	unit_load_group(host, name, &explained.unit);
	explained.id = pool_printf(host_pool(host), "unit:%s", explained.unit.id);
	if (explained.unit.state == UNIT_LOADED && explained.unit.section) {
		unit_find_running(&explained.unit, &running);
		explained.main = running.count ? running.items[0] : NULL;
		find_reach(host, query, &explained, notes);
		add_limits(&explained);
		if (!explained.login && explained.unit.fragment)
			find_dropin(&explained);
		note_hidden(&explained.unit, explained.id, notes);
	}
	*ret = explained;
}
