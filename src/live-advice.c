// SPDX-License-Identifier: MIT
/* What to do about a process that has less than a profile wants, see live.h: a clause for each
 * place that limits come from. Those who share a reason share the words, so that the report says
 * them once: UNIT and PID stand for the names and numbers before them. Reads nothing. */
#include "conf-systemd.h"
#include "live.h"

#include "catalog.h"
#include "pool.h"
#include "process-limits.h"

#define RESTART "systemctl daemon-reload && systemctl restart UNIT"

/* "8192:524288": what would do, in the kernel's unit: no side lower than it is. */
static const char *wanted_pair(struct pool *pool, bool by_unit, const struct setting *setting,
			       const struct rlimit *has)
{
	const struct limit_row *row = catalog_limit(setting->item);
	uint64_t scale = by_unit ? 1 : row->scale;
	uint64_t want =
		setting->want.kind == VALUE_NUMBER ? setting->want.number * scale : LIMIT_UNLIMITED;
	uint64_t soft = setting->side == SIDE_SOFT ? want : has->rlim_cur;
	uint64_t hard = want > has->rlim_max ? want : has->rlim_max;

	return limit_pair_format(pool, soft, hard);
}

/* For the process as it is; of descriptors one that can be undone. */
static const char *raise_now(struct pool *pool, const struct setting *setting, const char *pid,
			     const char *pair)
{
	if (catalog_limit(setting->item)->resource == RLIMIT_NOFILE)
		return pool_printf(pool, "keeltune sockets relieve --pid %s --nofile %s", pid,
				   pair);
	return pool_printf(pool, "prlimit --pid %s --%s=%s", pid, setting->item, pair);
}

static const char *advise_changed(struct pool *pool, const struct setting *setting,
				  const struct process_limits *limits, const char *pair)
{
	const char *now =
		raise_now(pool, setting, pool_printf(pool, "%d", limits->process.pid), pair);

	if (limits->kind == PLACE_SERVICE)
		return pool_printf(
			pool,
			"%s changes it while it runs; for good, change what sets it, or "
			"%s=%s in a drop-in (keeltune explain UNIT)",
			now,
			pool_printf(pool, "Limit%s",
				    systemd_limit_name(catalog_limit(setting->item)->resource)),
			pair);
	return pool_printf(pool,
			   "%s changes it while it runs; for good, change what sets it "
			   "(ulimit, setrlimit, an option of the program)",
			   now);
}

static const char *advise_service(struct pool *pool, bool by_unit, const struct setting *setting,
				  enum limit_cause cause, const char *pair, bool next_serves)
{
	const char *now = raise_now(pool, setting, "PID", pair);

	if (cause == CAUSE_OLDER)
		return pool_printf(pool, RESTART ", when that suits; until then: %s", now);
	if (cause == CAUSE_CEILING)
		return "give the container more (--ulimit of what runs it, LimitNOFILE= of its "
		       "unit outside), then start that again";
	if (cause == CAUSE_NO_UNIT)
		return pool_printf(pool,
				   "nothing starts it again as it is: bring its unit back "
				   "(systemctl unmask UNIT, its file), or stop it; until then: %s",
				   now);
	if (cause == CAUSE_SERVICE)
		return pool_printf(pool,
				   "raise it in limits.conf for its user (keeltune limits USER "
				   "--service NAME), then restart UNIT; until then: %s",
				   now);
	if (by_unit && !next_serves)
		return pool_printf(pool, "keeltune apply, then " RESTART "; until then: %s", now);
	return pool_printf(pool,
			   "%s=%s in a drop-in (keeltune explain UNIT has the commands), then "
			   "restart it; until then: %s",
			   pool_printf(pool, "Limit%s",
				       systemd_limit_name(catalog_limit(setting->item)->resource)),
			   pair, now);
}

static const char *advise_session(enum limit_cause cause, bool next_serves)
{
	if (cause == CAUSE_NO_PAM)
		return "make that service run pam_limits.so (keeltune explain pam:SERVICE), then "
		       "log in again";
	return next_serves ? "log in again, and start what runs there from the new session"
			   : "a new login gets no more yet: keeltune apply, then log in again";
}

const char *live_advise_limit(struct pool *pool, const struct live_scope *scope,
			      const struct setting *setting, const struct process_limits *limits,
			      bool next_serves)
{
	int resource = catalog_limit(setting->item)->resource;
	bool by_unit = scope->is_of_unit != NULL;
	const char *pair = wanted_pair(pool, by_unit, setting, &limits->process.limits[resource]);
	enum limit_cause cause = limits->items[resource].cause;

	if (cause == CAUSE_CHANGED)
		return advise_changed(pool, setting, limits, pair);
	switch (limits->kind) {
	case PLACE_SERVICE:
		return advise_service(pool, by_unit, setting, cause, pair, next_serves);
	case PLACE_USER_MANAGER:
		return pool_printf(
			pool,
			"%s=%s in /etc/systemd/user.conf, then end all sessions of "
			"the user (loginctl terminate-user) and log in again; until "
			"then: %s",
			pool_printf(pool, "DefaultLimit%s",
				    systemd_limit_name(catalog_limit(setting->item)->resource)),
			pair, raise_now(pool, setting, "PID", pair));
	case PLACE_SESSION:
	case PLACE_CONTAINER:
		break;
	case PLACE_UNKNOWN:
		return pool_printf(pool, "restart it where the limit is set (%s), or %s",
				   next_serves ? "from a new login" : "ulimit, its start script",
				   raise_now(pool, setting,
					     pool_printf(pool, "%d", limits->process.pid), pair));
	}
	return advise_session(cause, next_serves);
}
