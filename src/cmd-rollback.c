// SPDX-License-Identifier: MIT
/* `keeltune rollback` and `keeltune history`: undo what an apply recorded, and list the records. */
#include "apply.h"
#include "cmd.h"
#include "error.h"
#include "pool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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

/* The one named ID, or the newest that is not undone. NULL: none; *RET_PROBLEM says why when an ID
 * was given. */
static struct transaction *choose(struct session *session, const char *id, const char **ret_problem)
{
	struct journal *journal = &session->journal;

	for (size_t i = journal->count; i-- > 0;) {
		struct transaction *transaction = &journal->transactions[i];
		if (id ? !strcmp(transaction->id, id)
		       : transaction->state != TRANSACTION_ROLLED_BACK)
			return transaction;
	}
	if (id)
		*ret_problem = why_not_there(session, id);
	return NULL;
}

static int undo_chosen(struct session *session, struct transaction *transaction)
{
	const struct options *options = &session->context->options;
	render_function *render = session->context->renderer->rollback;
	struct undo undo;
	struct error err;

	session->report.transaction = transaction->id;
	if (journal_load_images(session->host, transaction, &err) < 0 ||
	    session_plan_undo(session, transaction, &undo, &err) < 0)
		return session_fail(session, EXIT_TROUBLE, render, "nothing undone: %s",
				    err.message);
	session->report.undo = &undo;
	session->report.plan = &undo.plan;
	session->report.dry_run = options->dry_run;
	if (undo.conflict_count && !options->force)
		return session_finish(session, EXIT_DIFFERS, render);
	/* What an interrupted apply left is no state to stay in. */
	if (transaction->state == TRANSACTION_APPLIED && !options->force &&
	    login_guard(session->host, &session->query, NULL, &undo.plan, &err) < 0)
		return session_fail(session, EXIT_TROUBLE, render,
				    "nothing undone: %s; --force undoes it all the same",
				    err.message);
	if (options->dry_run)
		return session_finish(session, EXIT_OK, render);

	enum apply_outcome outcome = apply_undo(session->host, transaction, &undo, &err);
	int status = status_of_outcome(outcome);
	if (outcome == APPLY_STUCK)
		return session_fail(session, status, render,
				    "failed: %s; the old state is in %s/%s", err.message,
				    JOURNAL_DIR, transaction->id);
	if (outcome != APPLY_DONE)
		return session_fail(session, status, render, "%s: %s",
				    outcome == APPLY_PUT_BACK
					    ? "failed, everything is as it was before"
					    : "nothing undone",
				    err.message);
	log_transaction(session, "rolled back", transaction);
	return session_finish(session, EXIT_OK, render);
}

static int roll_back(const struct context *context)
{
	render_function *render = context->renderer->rollback;
	const char *id = context->argument_count ? context->arguments[0] : NULL;
	const char *problem = NULL;
	struct session session;

	if (session_open(context, true, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	if (session.journal.hidden)
		return session_fail(&session, EXIT_TROUBLE, render, "%s: %s", JOURNAL_DIR,
				    strerror(EACCES));
	if (session.journal.untrusted)
		return session_fail(&session, EXIT_TROUBLE, render, "%s %s", JOURNAL_DIR,
				    session.journal.untrusted);
	session.report.notes = session.journal.problems;
	if (!context->options.dry_run)
		journal_sweep(session.host);
	struct transaction *transaction = choose(&session, id, &problem);
	const char *broken = session.journal.newest_broken;
	if (!id && broken && (!transaction || strcmp(broken, transaction->id) > 0))
		return session_fail(&session, EXIT_TROUBLE, render,
				    "the newest rollback file %s/%s is broken; to undo an older "
				    "one all the same, name it",
				    JOURNAL_DIR, broken);
	if (problem)
		return session_fail(&session, EXIT_TROUBLE, render, "%s", problem);
	if (!transaction || transaction->state == TRANSACTION_ROLLED_BACK)
		return session_finish(&session, EXIT_OK, render);
	return undo_chosen(&session, transaction);
}

int cmd_rollback(const struct context *context)
{
	if (context->argument_count > 1) {
		complain("rollback takes one ID");
		return EXIT_TROUBLE;
	}
	if (context->options.dry_run)
		return roll_back(context);
	if (!context->options.root && geteuid() != 0)
		return refuse(context, "rollback needs root", context->renderer->rollback);
	int lock = lock_host(context);
	if (lock < 0)
		return EXIT_TROUBLE;
	int status = roll_back(context);
	close(lock);
	return status;
}

int cmd_history(const struct context *context)
{
	struct session session;

	if (context->argument_count) {
		complain("history takes no argument");
		return EXIT_TROUBLE;
	}
	if (session_open(context, true, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	if (session.journal.hidden)
		notes_add(&session.report.notes, NULL, (struct origin){ .file = JOURNAL_DIR },
			  "not readable for this user: root sees the history");
	for (size_t i = 0; i < session.journal.problems.count; i++) {
		const struct note *problem = &session.journal.problems.items[i];
		notes_add(&session.report.notes, NULL, problem->origin, "%s", problem->text);
	}
	session.report.journal = &session.journal;
	return session_finish(&session, EXIT_OK, context->renderer->history);
}
