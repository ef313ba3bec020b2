// SPDX-License-Identifier: MIT
/* `keeltune rollback`: undoes what an apply recorded; one of them, or all, newest first. */
#include "apply.h"
#include "cmd.h"
#include "error.h"
#include "guard.h"
#include "pool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TIME_SIZE 16 /* 20260102T030405Z */
#define TRIES 3      /* when somebody else changes a place between the look and the change */

static int fail(struct session *session, int status, const char *message)
{
	return session_fail(session, status, "%s", message);
}

static const char *why_not_there(const struct session *session, const char *id)
{
	const char *path = pool_printf(session->pool, "%s/%s/manifest.json", JOURNAL_DIR, id);

	for (size_t i = 0; i < session->journal.problems.count; i++) {
		const struct note *problem = &session->journal.problems.items[i];
		if (!strcmp(problem->origin.file, path))
			return pool_printf(session->pool, "%s: %s", path, problem->text);
	}
	return pool_printf(session->pool, "no rollback file %s (`keeltune history` lists them)",
			   id);
}

/* The one named ID; without one what was interrupted, or the newest that is not undone. NULL: none.
 */
static struct transaction *choose(struct session *session, const char *id)
{
	struct journal *journal = &session->journal;
	struct transaction *interrupted = id ? NULL : journal_interrupted(journal);

	for (size_t i = journal->count; !interrupted && i-- > 0;) {
		struct transaction *transaction = &journal->transactions[i];
		if (id ? !strcmp(transaction->id, id)
		       : transaction->state != TRANSACTION_ROLLED_BACK)
			return transaction;
	}
	return interrupted;
}

static const char *prefix(const struct session *session)
{
	size_t done = session->report.step_count;

	return done > 1 ? pool_printf(session->pool, "%zu undone, then stopped: ", done - 1) : "";
}

/* Whom it would hurt; but what an interrupted apply left is no state to stay in. */
static bool is_refused(struct session *session, const struct transaction *transaction,
		       struct undo *undo, struct error *err)
{
	struct error found = { .code = -EINVAL };
	const char *why = undo->objection;

	if (transaction->state != TRANSACTION_APPLIED || session->context->options.force)
		return false;
	if (!why && guard_logins(session->host, &session->query, NULL, &undo->plan, &found) < 0)
		why = found.message;
	if (why)
		error_set(err, found.code, "%.900s; --force undoes it all the same", why);
	return why;
}

/* Executes STEP, or says what it would do. An exit status; when it is above 1 ERR says why. */
static int execute(struct session *session, struct transaction *transaction,
		   struct rollback_step *step, const struct undo *earlier, struct error *err)
{
	const struct options *options = &session->context->options;
	struct undo *undo = pool_alloc(session->pool, sizeof *undo);
	enum apply_outcome outcome = APPLY_STALE;

	pool_set_exit_status(EXIT_TROUBLE);
	for (int i = 0; i < TRIES && outcome == APPLY_STALE; i++) {
		if (session_plan_undo(session, transaction, earlier, undo, err) < 0)
			return EXIT_TROUBLE;
		step->undo = undo;
		if (undo->conflict_count && !options->force)
			return EXIT_DIFFERS;
		if (is_refused(session, transaction, undo, err))
			return EXIT_TROUBLE;
		if (session_check_outputs(session, err) < 0)
			return EXIT_TROUBLE;
		if (options->dry_run)
			return EXIT_OK;
		outcome = apply_undo(session->host, transaction, undo, err);
		pool_set_exit_status(status_of_outcome(outcome));
	}
	if (outcome == APPLY_DONE)
		log_transaction(session, "rolled back", transaction);
	return status_of_outcome(outcome);
}

/* One transaction, in its network namespace; this process comes back. */
static int undo_step(struct session *session, struct transaction *transaction, struct error *err)
{
	struct report *report = &session->report;
	struct rollback_step *step = &report->steps[report->step_count];
	const struct undo *earlier = NULL;
	int own = transaction->netns ? netns_save() : -1;

	if (session->context->options.dry_run && report->step_count)
		earlier = step[-1].undo;
	*step = (struct rollback_step){ .transaction = transaction };
	report->step_count++;
	report->transaction = transaction->id;
	int status = EXIT_TROUBLE;
	if (journal_load_images(session->host, transaction, err) == 0)
		status = execute(session, transaction, step, earlier, err);
	if (own >= 0 && netns_return(own) < 0 && status == EXIT_OK)
		status = EXIT_TROUBLE;
	if (status == EXIT_OK) {
		step->done = true;
		session_note_follow_ups(session, &step->undo->plan, &session->report.notes);
		transaction->state = TRANSACTION_ROLLED_BACK; /* in a dry run: taken as done */
	}
	return status;
}

static int finish_step(struct session *session, int status, const struct error *err)
{
	const char *id = session->report.transaction, *before = prefix(session);
	struct pool *pool = session->pool;

	switch ((enum exit_status)status) {
	case EXIT_OK:
	case EXIT_DIFFERS:
		break;
	case EXIT_TROUBLE:
		return fail(session, status,
			    pool_printf(pool, "%s%s%s", before,
					*before ? "" : "nothing undone: ", err->message));
	case EXIT_PUT_BACK:
		return fail(session, status,
			    pool_printf(pool, "%sfailed, everything is as it was before%s: %s",
					before, *before ? " this one" : "", err->message));
	case EXIT_STUCK:
		return fail(session, status,
			    pool_printf(pool, "%sfailed: %s; the old state is in %s/%s", before,
					err->message, JOURNAL_DIR, id));
	}
	return session_finish(session, status);
}

/* What still holds when the command ends, newest first. */
static void list_left(struct session *session)
{
	struct report *report = &session->report;
	const struct journal *journal = &session->journal;
	const char **left = pool_alloc(session->pool, (journal->count + 1) * sizeof *left);

	for (size_t i = journal->count; i-- > 0;)
		if (journal->transactions[i].state != TRANSACTION_ROLLED_BACK)
			left[report->left_count++] = journal->transactions[i].id;
	report->left = left;
}

/* Why nothing can be undone without an ID, although there may be something to undo. */
static const char *blocked(struct session *session, const struct transaction *transaction)
{
	const char *broken = session->journal.newest_broken;

	/* By the time in their names, to the second. */
	if (!broken || (transaction && strncmp(broken, transaction->id, TIME_SIZE) < 0))
		return NULL;
	return pool_printf(session->pool,
			   "the newest rollback file %s/%s is broken; to undo an older one all the "
			   "same, name it",
			   JOURNAL_DIR, broken);
}

static int undo_all(struct session *session)
{
	struct transaction *transaction;
	struct error err;
	int status = EXIT_OK;

	session->report.steps = pool_alloc(session->pool, (session->journal.count + 1) *
								  sizeof *session->report.steps);
	while (status == EXIT_OK && (transaction = choose(session, NULL)) &&
	       !blocked(session, transaction))
		status = undo_step(session, transaction, &err);
	list_left(session);
	if (status == EXIT_OK && session->journal.newest_broken)
		return fail(session, EXIT_TROUBLE,
			    pool_printf(session->pool,
					"%zu undone, but %s/%s is broken: what it "
					"changed cannot be undone",
					session->report.step_count, JOURNAL_DIR,
					session->journal.newest_broken));
	return finish_step(session, status, &err);
}

static int undo_one(struct session *session, const char *id)
{
	const struct transaction *interrupted = journal_interrupted(&session->journal);
	struct transaction *transaction = choose(session, id);
	struct error err;
	int status = EXIT_OK;

	const char *why = id ? NULL : blocked(session, transaction);
	if (id && !transaction)
		why = why_not_there(session, id);
	if (id && transaction && interrupted && interrupted != transaction)
		why = pool_printf(session->pool,
				  "nothing undone: %s was interrupted and comes first; "
				  "`keeltune rollback` undoes it",
				  interrupted->id);
	if (why)
		return fail(session, EXIT_TROUBLE, why);
	session->report.steps = pool_alloc(session->pool, sizeof *session->report.steps);
	if (transaction && transaction->state != TRANSACTION_ROLLED_BACK)
		status = undo_step(session, transaction, &err);
	list_left(session);
	return finish_step(session, status, &err);
}

static int roll_back(const struct context *context)
{
	struct session session;

	if (session_open(context, true, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	session.query = (struct query){ .runtime = true,
					.persistent = true,
					.engines = engine_detect(session.host, ENGINE_COUNT) };
	session.report.dry_run = context->options.dry_run;
	session.report.all = context->options.all;
	if (session.journal.hidden)
		return fail(&session, EXIT_TROUBLE,
			    pool_printf(session.pool, "%s: %s", JOURNAL_DIR, strerror(EACCES)));
	if (session.journal.untrusted)
		return fail(
			&session, EXIT_TROUBLE,
			pool_printf(session.pool, "%s %s", JOURNAL_DIR, session.journal.untrusted));
	session.report.notes = session.journal.problems;
	if (!context->options.dry_run)
		journal_sweep(session.host);
	if (context->options.all)
		return undo_all(&session);
	return undo_one(&session, context->argument_count ? context->arguments[0] : NULL);
}

int cmd_rollback(const struct context *context)
{
	if (context->argument_count > (context->options.all ? 0 : 1)) {
		complain(context->options.all ? "rollback --all takes no ID"
					      : "rollback takes one ID");
		return EXIT_TROUBLE;
	}
	if (!context->options.dry_run) {
		if (!context->options.root && geteuid() != 0)
			return refuse(context, "rollback needs root");
		if (lock_host(context) < 0)
			return EXIT_TROUBLE;
	}
	return roll_back(context);
}
