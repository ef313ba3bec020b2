// SPDX-License-Identifier: MIT
/* From a rollback file to what undoing it means here and now: on this host, in its network
 * namespace, without taking descriptors away from those who hold them. */
#include "cmd.h"

#include "error.h"
#include "guard.h"
#include "pool.h"

#include <errno.h>
#include <string.h>

#define NR_OPEN "/proc/sys/fs/nr_open"

static bool is_of_another_host(struct session *session, const struct transaction *transaction)
{
	const char *here = host_machine_id(session->host), *there = transaction->machine_id;

	return here && there && strcmp(here, there) != 0;
}

/* The files as they will be, in the overlay. */
static void show_files(struct host *host, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		if (change->kind == CHANGE_FILE)
			host_overlay(host, change->path,
				     change->after.exists ? change->after.bytes : NULL,
				     change->after.size);
	}
}

/* A running fs.nr_open is not lowered below what somebody holds: until the next boot it stays. */
static void keep_nr_open(struct session *session, struct undo *undo)
{
	struct pool *pool = session->pool;
	struct plan *plan = &undo->plan;

	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		if (strcmp(change->path, NR_OPEN) != 0)
			continue;
		struct value after = value_parse(pool, change->after.bytes);
		if (after.kind != VALUE_NUMBER ||
		    value_compare(after, value_parse(pool, change->before.bytes)) >= 0)
			return;
		const char *holder = guard_nr_open_holder(session->host, after.number);
		if (!holder)
			return;
		undo->kept[undo->kept_count++] = (struct kept){
			change->path,
			pool_printf(pool, "%s is below %s; --force restores it",
				    value_format(pool, after), holder),
		};
		plan->count--;
		memmove(&plan->changes[i], &plan->changes[i + 1],
			(plan->count - i) * sizeof *plan->changes);
		return;
	}
}

static void look_at_nr_open(struct session *session, struct undo *undo)
{
	static const char *const key = "fs.nr_open";
	struct boot_value before;
	struct error err;

	boot_evaluate(session->host, session->query.engines.engine, &key, 1, &before, NULL);
	show_files(session->host, &undo->plan);
	keep_nr_open(session, undo);
	if (guard_nr_open(session->host, &session->query, &undo->plan, before.boot, &err) < 0)
		undo->objection = pool_strdup(session->pool, err.message);
}

int session_plan_undo(struct session *session, const struct transaction *transaction,
		      const struct undo *earlier, struct undo *ret_undo, struct error *err)
{
	bool force = session->context->options.force;
	struct netns netns;
	struct error lost;

	if (is_of_another_host(session, transaction) && !force)
		return error_set(err, -EXDEV,
				 "%s was made on another host (machine id %s); rollback --force "
				 "undoes it here",
				 transaction->id, transaction->machine_id);
	if (transaction->netns) {
		bool found = netns_find_id(session->host, (ino_t)transaction->netns_id, &netns,
					   &lost) == 0;
		if (found && session_enter(session, &netns, err) < 0)
			return err->code;
		if (!found || session->netns.cookie != transaction->netns_cookie)
			return undo_nothing(session->host, transaction,
					    pool_printf(session->pool,
							"network namespace %s is gone",
							transaction->netns),
					    ret_undo);
	}
	int rc = undo_plan(session->host, &session->journal, transaction, earlier, ret_undo, err);
	if (!rc && !force && !ret_undo->conflict_count)
		look_at_nr_open(session, ret_undo);
	return rc;
}
