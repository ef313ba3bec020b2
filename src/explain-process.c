// SPDX-License-Identifier: MIT
/* Gathers what is to say about a process, see explain.h: where it runs, why it may open as much as
 * it may, and what its unit or a new session of its user would have. */
#include "explain.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "process-limits.h"
#include "provider-limits.h"
#include "text.h"

#include <errno.h>
#include <string.h>

static const char *user_name(const struct accounts *accounts, uid_t uid)
{
	for (size_t i = 0; i < accounts->user_count; i++)
		if (accounts->users[i].uid == uid)
			return accounts->users[i].name;
	return NULL;
}

/* Why its nofile is what it is, against a new session of its user. */
static void compare(struct host *host, const struct query *query, const char *service,
		    struct explained_process *explained)
{
	struct pool *pool = host_pool(host);
	struct login_query login = { .service = service,
				     .nr_open = limits_find_ceiling(host, query).now,
				     .exact = true };
	struct login_context *context = pool_alloc(pool, sizeof *context);
	struct login_survey *survey = pool_alloc(pool, sizeof *survey);
	struct process_limits *compared = pool_alloc(pool, sizeof *compared);

	login_open_query(host, &login, context);
	login_load_accounts(context);
	explained->user = user_name(&context->accounts, explained->process.uid);
	login_survey(context,
		     explained->user ? explained->user
				     : pool_printf(pool, "uid:%u", explained->process.uid),
		     survey);
	process_limits_compare(&explained->process, survey, 0, compared);
	const struct process_limit *nofile = &compared->items[RLIMIT_NOFILE];
	explained->place = compared->place;
	explained->why = !nofile->differs
				 ? "it has what a new session of its user would get"
				 : (nofile->why ? nofile->why : "not known: nothing tells");
	explained->why_origin = nofile->differs ? nofile->origin : (struct origin){ .file = NULL };
}

static bool is_service(const struct cgroup *cgroup)
{
	return cgroup->unit && !cgroup->runtime && !cgroup->session &&
	       strncmp(cgroup->unit, "user@", strlen("user@")) != 0;
}

int explain_process(struct host *host, const struct query *query, const char *name,
		    const char *service, struct explained_process *ret, struct notes *notes,
		    struct error *err)
{
	struct pool *pool = host_pool(host);
	struct explained_process explained = { .id = pool_printf(pool, "process:%s", name) };
	uint64_t pid;
	int r;

	if (!parse_decimal(name, INT32_MAX, &pid) || pid == 0)
		return error_set(err, -EINVAL, "%.64s is no pid", name);
	r = process_read(host, (pid_t)pid, &explained.process, err);
	if (r < 0)
		return r;
	compare(host, query, service, &explained);
	if (is_service(&explained.process.cgroup)) {
		struct explained_unit *unit = pool_alloc(pool, sizeof *unit);
		explain_unit(host, query, explained.process.cgroup.unit, unit, notes);
		explained.unit = unit;
	} else if (explained.user && !explained.process.cgroup.runtime) {
		struct explained_limit *login = pool_alloc(pool, sizeof *login);
		r = explain_limit(host, query, pool_printf(pool, "%s:nofile", explained.user),
				  service, login, notes, err);
		if (r < 0)
			return r;
		explained.login = login;
	}
	*ret = explained;
	return 0;
}
