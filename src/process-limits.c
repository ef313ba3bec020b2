// SPDX-License-Identifier: MIT
/* Why a process has the limits it has, see process-limits.h. Limits are inherited by fork(2) and
 * kept by execve(2), so the ancestors tell where one was changed; the times of the files tell
 * whether they were changed since; for services the files of their unit tell what systemd gave. */
#include "process-limits.h"

#include "catalog.h"
#include "clock.h"
#include "conf-systemd.h"
#include "error.h"
#include "host.h"
#include "pam-program.h"
#include "pool.h"
#include "text.h"
#include "unit-main.h"

#include <string.h>
#include <sys/stat.h>

#define MOST_ANCESTORS 64

const char *limit_cause_name(enum limit_cause cause)
{
	static const char *const names[CAUSE_COUNT] = {
		[CAUSE_UNKNOWN] = "unknown",
		[CAUSE_OLDER] = "started-before",
		[CAUSE_UNIT] = "unit",
		[CAUSE_NO_UNIT] = "unit-gone",
		[CAUSE_CEILING] = "ceiling",
		[CAUSE_USER_MANAGER] = "user-manager",
		[CAUSE_CHANGED] = "changed",
		[CAUSE_NO_PAM] = "no-pam-limits",
		[CAUSE_SERVICE] = "other-service",
		[CAUSE_CONTAINER] = "container",
		[CAUSE_INHERITED] = "inherited",
	};

	return names[cause];
}

struct comparison {
	struct host *host;
	struct pool *pool;
	const struct login_survey *survey;
	struct process_limits *ret;
	struct process chain[MOST_ANCESTORS]; /* the process, its parent, ... */
	size_t count;
	size_t first; /* index of the first process of the session */
};

/* ---- ancestors ---------------------------------------------------------------------------- */

/* Many processes have the same ancestors: each is read once. NULL: there is none. */
static const struct process *read_parent(struct host *host, pid_t pid)
{
	const char *key = pool_printf(host_pool(host), "process %d", pid);
	const struct process *known = host_recall(host, key);
	struct process *parent;
	struct error ignored;

	if (known)
		return known;
	parent = pool_alloc(host_pool(host), sizeof *parent);
	if (process_read(host, pid, parent, &ignored) < 0)
		return NULL;
	host_remember(host, key, parent);
	return parent;
}

static void read_chain(struct comparison *comparison, const struct process *process)
{
	comparison->chain[0] = *process;
	comparison->count = 1;
	while (comparison->count < MOST_ANCESTORS) {
		const struct process *child = &comparison->chain[comparison->count - 1];
		const struct process *parent =
			child->parent > 0 ? read_parent(comparison->host, child->parent) : NULL;
		/* Who is younger than his child has the pid of a parent that is gone. */
		if (!parent || parent->ticks > child->ticks)
			return;
		comparison->chain[comparison->count++] = *parent;
	}
}

/* Programs that open sessions, and the PAM service that each asks. */
static const struct opener {
	const char *comm, *service;
} openers[] = {
	{ "sshd", "sshd" },       { "sshd-session", "sshd" }, { "login", "login" },
	{ "su", "su" },           { "sudo", "sudo" },         { "runuser", "runuser" },
	{ "cron", "cron" },       { "crond", "crond" },       { "atd", "atd" },
	{ "lightdm", "lightdm" }, { "sddm-helper", "sddm" },  { "gdm-session-wor", "gdm-password" },
	{ "doas", "doas" },
};

static const char *service_of(const char *comm)
{
	for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
		if (!strcmp(openers[i].comm, comm))
			return openers[i].service;
	return NULL;
}

/* The session begins with the nearest process whose parent opens sessions and belongs to another
 * user, or to root. False: no such ancestor. */
static bool find_session(struct comparison *comparison)
{
	for (size_t i = 0; i + 1 < comparison->count; i++) {
		const struct process *parent = &comparison->chain[i + 1];
		if (parent->euid != 0 || !service_of(parent->comm))
			continue;
		comparison->first = i;
		comparison->ret->opener = parent->comm;
		return true;
	}
	return false;
}

/* Of a session whose opener is gone: its oldest process that is still there. */
static void find_oldest(struct comparison *comparison)
{
	size_t i = 0;

	while (i + 1 < comparison->count && comparison->chain[i + 1].pid != 1 &&
	       comparison->chain[i + 1].uid == comparison->chain[0].uid)
		i++;
	comparison->first = i;
}

static bool same_limit(const struct rlimit *a, const struct rlimit *b)
{
	return a->rlim_cur == b->rlim_cur && a->rlim_max == b->rlim_max;
}

/* The youngest process of the chain whose parent has another limit; COUNT: they all have it. */
static size_t find_change(const struct comparison *comparison, unsigned resource)
{
	size_t i = 0;

	while (i + 1 < comparison->count && same_limit(&comparison->chain[i].limits[resource],
						       &comparison->chain[i + 1].limits[resource]))
		i++;
	return i + 1 < comparison->count ? i : comparison->count;
}

/* ---- where it belongs --------------------------------------------------------------------- */

/* In a container other than the one that this host is. */
static bool is_contained(const struct comparison *comparison)
{
	const struct process *process = &comparison->ret->process;
	struct cgroup own = { 0 };

	if (process->nested || !process->cgroup.runtime)
		return process->nested;
	const struct file *file = host_kernel(comparison->host, "/proc/self/cgroup");
	cgroup_parse(comparison->pool, file->bytes, file->size, &own);
	return !own.container || !process->cgroup.container ||
	       strcmp(own.container, process->cgroup.container) != 0;
}

static void find_place(struct comparison *comparison)
{
	struct process_limits *ret = comparison->ret;
	const struct process *process = &ret->process;
	const struct cgroup *cgroup = &process->cgroup;
	struct pool *pool = comparison->pool;
	bool opened = find_session(comparison);

	if (!opened && cgroup->session)
		find_oldest(comparison);
	ret->began = comparison->chain[comparison->first].started;
	if (is_contained(comparison)) {
		ret->kind = PLACE_CONTAINER;
		ret->place = pool_printf(
			pool, "runs in a container%s%s%s%s", cgroup->runtime ? " of " : "",
			cgroup->runtime ? cgroup->runtime : "", cgroup->container ? ", " : "",
			cgroup->container ? cgroup->container : "");
	} else if (cgroup->unit && !strncmp(cgroup->unit, "user@", strlen("user@"))) {
		ret->kind = PLACE_USER_MANAGER;
		ret->place =
			cgroup->user_unit
				? pool_printf(pool, "is part of %s of the user manager %s",
					      cgroup->user_unit, cgroup->unit)
				: pool_printf(pool, "is part of the user manager %s", cgroup->unit);
	} else if (cgroup->session || opened) {
		ret->kind = PLACE_SESSION;
		ret->in_session = true;
		ret->place = pool_printf(
			pool, "belongs to %s%s%s%s", cgroup->session ? "session " : "a session",
			cgroup->session ? cgroup->session : "", ret->opener ? ", opened by " : "",
			ret->opener ? ret->opener : "");
	} else if (cgroup->unit && ends_with(cgroup->unit, ".service")) {
		ret->kind = PLACE_SERVICE;
		ret->place = pool_printf(pool, "is part of the system service %s", cgroup->unit);
	} else if (process->pid == 1) {
		ret->place = "is process 1, from which all others descend";
	} else {
		ret->place = cgroup->unit
				     ? pool_printf(pool, "is part of %s", cgroup->unit)
				     : "belongs to no unit or session that can be told from here";
	}
	if (!ret->in_session)
		ret->began = process->started;
}

/* ---- times of files ----------------------------------------------------------------------- */

/* Was the content of PATH changed after the session (or the process) began? */
static bool changed_since(const struct comparison *comparison, const char *path, time_t *ret_when)
{
	struct stat st;

	if (!path || host_stat(comparison->host, path, &st) < 0 ||
	    st.st_mtime <= comparison->ret->began)
		return false;
	*ret_when = st.st_mtime;
	return true;
}

static const char *blame_file(const struct comparison *comparison, const char *path,
			      struct process_limit *item)
{
	const struct process_limits *ret = comparison->ret;
	time_t changed;

	if (!changed_since(comparison, path, &changed))
		return NULL;
	item->cause = CAUSE_OLDER;
	item->origin = (struct origin){ .file = path };
	return pool_printf(comparison->pool, "%s %s, before %s was changed (%s)",
			   ret->in_session ? "its session was opened" : "it was started",
			   clock_local(comparison->pool, ret->began), path,
			   clock_local(comparison->pool, changed));
}

/* The files that decide about the item come first; then any that pam_limits.so reads, from which a
 * line may be gone. */
static const char *blame_files(const struct comparison *comparison, unsigned resource,
			       struct process_limit *item)
{
	const struct login_context *context = comparison->survey->context;
	const struct login_limit *limit = &comparison->survey->limits.item[resource];
	const char *why = NULL;

	if (limit->soft.line)
		why = blame_file(comparison, limit->soft.line->file, item);
	if (!why && limit->hard.line)
		why = blame_file(comparison, limit->hard.line->file, item);
	for (size_t i = 0; !why && i < context->file_count; i++)
		why = blame_file(comparison, context->files[i], item);
	if (!why && context->plan == LOGIN_LIMITED)
		why = blame_file(comparison, context->module.directory, item);
	return why;
}

/* ---- reasons ------------------------------------------------------------------------------ */

static const char *amounts(struct pool *pool, const struct rlimit *limit)
{
	return limit_pair_format(pool, limit->rlim_cur, limit->rlim_max);
}

/* CHILD has another limit than PARENT: it, or who started it, has changed it. */
static const char *blame_change(struct pool *pool, unsigned resource, const struct process *child,
				const struct process *parent, bool itself,
				struct process_limit *item)
{
	const struct rlimit *now = &child->limits[resource], *was = &parent->limits[resource];
	const char *what = "changed";

	item->cause = CAUSE_CHANGED;
	if (now->rlim_max == was->rlim_max && now->rlim_cur > was->rlim_cur)
		what = now->rlim_cur == now->rlim_max ? "raised to the hard limit" : "raised";
	else if (now->rlim_cur <= was->rlim_cur && now->rlim_max <= was->rlim_max)
		what = "lowered";
	return pool_printf(
		pool, "%s by %s or the command that started it: its parent %s (pid %d) has %s",
		what, itself ? "itself" : pool_printf(pool, "%s (pid %d)", child->comm, child->pid),
		parent->comm, parent->pid, amounts(pool, was));
}

/* The service that opened the session has a stack of its own. */
static const char *blame_service(const struct comparison *comparison, struct process_limit *item)
{
	const char *opener = comparison->ret->opener;
	const char *service = service_of(opener);
	struct pam_answer answer;
	bool by_sshd;

	if (!service)
		return NULL;
	pam_ask(comparison->host, service, &answer, &by_sshd);
	if (answer.outcome == PAM_DOES_NOT_RUN) {
		item->origin = answer.origin;
		item->cause = CAUSE_NO_PAM;
		return pool_printf(comparison->pool,
				   "%s opened its session, without pam_limits.so: %s", opener,
				   answer.why);
	}
	const char *why = blame_file(comparison, answer.limits.file, item);
	if (why) /* pam_limits.so came into it later */
		return why;
	if (!strcmp(service, comparison->survey->context->service))
		return NULL;
	item->cause = CAUSE_SERVICE;
	return pool_printf(comparison->pool,
			   "its session was opened through another service: --service %s tells "
			   "what that gives",
			   service);
}

/* Who opens a session holds its limits as well: pam_limits.so sets them before the fork. */
static const char *session_reason(const struct comparison *comparison, unsigned resource,
				  struct process_limit *item)
{
	const struct login_limit *limit = &comparison->survey->limits.item[resource];
	const struct rlimit gets = { limit->soft.number, limit->hard.number };
	const struct process *chain = comparison->chain;
	size_t change = find_change(comparison, resource), first = comparison->first;
	bool at_start = change == first && comparison->ret->opener;
	const char *why = NULL;

	if (change < first || (at_start && same_limit(&chain[first + 1].limits[resource], &gets)))
		return blame_change(comparison->pool, resource, &chain[change], &chain[change + 1],
				    change == 0, item);
	why = blame_files(comparison, resource, item);
	if (!why && comparison->ret->opener)
		why = blame_service(comparison, item);
	if (!why && at_start)
		why = blame_change(comparison->pool, resource, &chain[first], &chain[first + 1],
				   first == 0, item);
	return why;
}

static const char *manager_reason(const struct comparison *comparison, unsigned resource,
				  struct process_limit *item)
{
	const struct process *process = &comparison->ret->process;
	size_t change = find_change(comparison, resource);

	bool in_unit = cgroup_is_of_user_unit(&process->cgroup); /* else of the manager itself */
	item->cause = CAUSE_USER_MANAGER;
	if (in_unit && resource == RLIMIT_NOFILE && process->limits[resource].rlim_cur == 1024)
		return "a user manager starts its units with a soft nofile of 1024, whatever "
		       "limits.conf says (DefaultLimitNOFILE= in user.conf changes that)";
	if (in_unit && change + 1 < comparison->count &&
	    comparison->chain[change + 1].euid == process->uid)
		return blame_change(comparison->pool, resource, &comparison->chain[change],
				    &comparison->chain[change + 1], change == 0, item);
	const char *why = blame_files(comparison, resource, item);
	return why ? why
		   : "it has what the user manager got when that was started, through the PAM "
		     "service systemd-user";
}

static const char *unknown_reason(const struct comparison *comparison, unsigned resource,
				  struct process_limit *item)
{
	size_t change = find_change(comparison, resource);
	struct pool *pool = comparison->pool;

	if (change < comparison->count)
		return blame_change(pool, resource, &comparison->chain[change],
				    &comparison->chain[change + 1], change == 0, item);
	item->cause = CAUSE_INHERITED;
	if (comparison->ret->process.pid == 1)
		return "process 1 has what the kernel, or what started the container, gave it, and "
		       "what it set itself";
	const struct process *oldest = &comparison->chain[comparison->count - 1];
	if (comparison->count > 1 && !comparison->ret->process.has_login)
		return pool_printf(pool,
				   "inherited from %s (pid %d): nothing between has changed it, no "
				   "login either",
				   oldest->comm, oldest->pid);
	item->cause = CAUSE_UNKNOWN;
	return blame_files(comparison, resource, item);
}

static const char *given_by(struct pool *pool, const struct unit *unit, const struct limit_row *row,
			    const struct unit_limit *limit)
{
	switch (limit->source) {
	case UNIT_LIMIT_UNIT:
		return pool_printf(pool, "%s=%s of %s",
				   pool_printf(pool, "Limit%s", systemd_limit_name(row->resource)),
				   limit->text, unit->id);
	case UNIT_LIMIT_MANAGER:
		return pool_printf(
			pool, "%s=%s of systemd",
			pool_printf(pool, "DefaultLimit%s", systemd_limit_name(row->resource)),
			limit->text);
	case UNIT_LIMIT_DEFAULT:
		break;
	}
	return "systemd's default for services";
}

static const char *blame_state(struct pool *pool, const struct unit *unit,
			       struct process_limit *item)
{
	item->origin = unit->origin;
	item->cause = unit->state == UNIT_UNREADABLE ? CAUSE_UNKNOWN : CAUSE_NO_UNIT;
	if (unit->state == UNIT_MASKED)
		return pool_printf(pool, "%s was masked after it was started", unit->id);
	if (unit->state == UNIT_NOT_FOUND)
		return pool_printf(pool, "%s has no file any more: it was started before that",
				   unit->id);
	return pool_printf(pool, "%s: %s", unit->id, unit->why);
}

/* GIVEN, as far as process 1 has it to give. */
static const char *blame_unit(struct pool *pool, const char *by, const struct rlimit *given,
			      uint64_t most, struct process_limit *item)
{
	if (given->rlim_cur >= most) {
		item->cause = CAUSE_CEILING;
		return pool_printf(pool, "%s, but " UNIT_HAS_NO_MORE, by);
	}
	item->cause = CAUSE_UNIT;
	return given->rlim_max <= most
		       ? pool_printf(pool, "%s; limits.conf does not reach services", by)
		       : pool_printf(pool,
				     "%s, the hard one less: " UNIT_HAS_NO_MORE
				     "; limits.conf does not reach services",
				     by);
}

/* What the files of its unit say, and if it has something else, who may have changed it. */
static const char *service_reason(const struct comparison *comparison, const struct limit_row *row,
				  struct process_limit *item)
{
	const struct process_limits *ret = comparison->ret;
	const unsigned resource = (unsigned)row->resource;
	const struct rlimit *has = &ret->process.limits[resource];
	struct pool *pool = comparison->pool;
	struct unit_limit limit;
	struct unit unit;
	time_t changed;

	unit_load(comparison->host, ret->process.cgroup.unit, &unit);
	if (unit.state != UNIT_LOADED)
		return blame_state(pool, &unit, item);
	const struct unit_line *pam = unit_setting(&unit, "PAMName");
	if (pam && *pam->value) {
		item->cause = CAUSE_SERVICE;
		item->origin = pam->origin;
		return pool_printf(pool,
				   "PAMName=%s: systemd opened a session of that service for it; "
				   "--service %s tells what that gives",
				   pam->value, pam->value);
	}
	unit_limit(&unit, row, &limit);
	struct rlimit given = { limit.soft, limit.hard };
	const char *by = given_by(pool, &unit, row, &limit);
	uint64_t most = unit_most(comparison->host, row);
	struct rlimit gets = { limit.soft < most ? limit.soft : most,
			       limit.hard < most ? limit.hard : most };
	item->origin = limit.origin;
	if (same_limit(&gets, has))
		return blame_unit(pool, by, &given, most, item);
	item->cause = CAUSE_OLDER;
	if (changed_since(comparison, limit.origin.file, &changed))
		return pool_printf(pool,
				   "started %s, before this file was changed (%s): a restart "
				   "gives it %s (%s)",
				   clock_local(pool, ret->began), clock_local(pool, changed),
				   amounts(pool, &given), by);
	size_t change = find_change(comparison, resource);
	if (change + 1 < comparison->count && comparison->chain[change + 1].pid != 1) {
		item->origin = (struct origin){ .file = NULL };
		return blame_change(pool, resource, &comparison->chain[change],
				    &comparison->chain[change + 1], change == 0, item);
	}
	item->cause = CAUSE_CHANGED;
	if (has->rlim_max == gets.rlim_max)
		return pool_printf(pool, "%s by itself: %s gives %s",
				   has->rlim_cur == has->rlim_max  ? "raised to the hard limit"
				   : has->rlim_cur > gets.rlim_cur ? "raised"
								   : "lowered",
				   by, amounts(pool, &gets));
	return pool_printf(pool, "changed by itself or since it was started: %s gives %s", by,
			   amounts(pool, &given));
}

static void explain_item(const struct comparison *comparison, const struct limit_row *row,
			 struct process_limit *item)
{
	const unsigned resource = (unsigned)row->resource;
	const char *why = NULL;

	switch (comparison->ret->kind) {
	case PLACE_CONTAINER:
		item->cause = CAUSE_CONTAINER;
		why = "what runs the container decides; limits.conf of this host does not apply "
		      "inside";
		break;
	case PLACE_USER_MANAGER:
		why = manager_reason(comparison, resource, item);
		break;
	case PLACE_SESSION:
		why = session_reason(comparison, resource, item);
		break;
	case PLACE_SERVICE:
		why = service_reason(comparison, row, item);
		break;
	case PLACE_UNKNOWN:
		why = unknown_reason(comparison, resource, item);
		break;
	}
	item->why = why ? why : "not known: no file and no ancestor tells";
}

void process_limits_compare(const struct process *process, const struct login_survey *survey,
			    uint32_t resources, struct process_limits *ret)
{
	struct comparison *comparison =
		pool_alloc(host_pool(survey->context->host), sizeof *comparison);
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	*ret = (struct process_limits){ .process = *process,
					.account = survey->unknown ? NULL : survey->account };
	comparison->host = survey->context->host;
	comparison->pool = host_pool(comparison->host);
	comparison->survey = survey;
	comparison->ret = ret;
	read_chain(comparison, process);
	find_place(comparison);
	for (size_t i = 0; i < rows; i++) {
		unsigned resource = (unsigned)row[i].resource;
		const struct login_limit *limit = &survey->limits.item[resource];
		struct rlimit gets = { limit->soft.number, limit->hard.number };
		struct process_limit *item = &ret->items[resource];
		item->differs = !same_limit(&process->limits[resource], &gets);
		if (resources ? resources & 1u << resource : item->differs)
			explain_item(comparison, &row[i], item);
	}
}
