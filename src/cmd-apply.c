// SPDX-License-Identifier: MIT
/* `keeltune diff` and `keeltune apply`: the same plan, shown or executed. */
#include "apply.h"
#include "audit.h"
#include "cleanup.h"
#include "cmd.h"
#include "error.h"
#include "pam-trial.h"
#include "plan.h"
#include "pool.h"
#include "store.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define TRIES 3 /* plans, when somebody else keeps changing the targets */

/* From an open session to a plan for the rollback file ID. 0 or -errno with ERR. */
static int make_plan(struct session *session, const char *id, struct audit *audit,
		     struct plan *plan, struct error *err)
{
	audit_run(session->host, &session->query, session->profiles.settings,
		  session->profiles.count, audit);
	int rc = session_plan(session, id, audit, plan, err);
	notes_append(&session->report.notes, &audit->notes);
	if (!rc)
		notes_append(&session->report.notes, &plan->notes);
	return rc;
}

/* While an apply is at work its files and its record do not fit together yet, and a plan may be
 * refused for that alone. The lock of HOST, shared, for a second look; -errno after a second. */
static int wait_until_quiet(const struct host *host)
{
	static const struct timespec pause = { .tv_nsec = 50000000 };
	int lock;

	for (int tries = 0; (lock = store_share_lock(host)) == -EWOULDBLOCK && tries < 20; tries++)
		nanosleep(&pause, NULL);
	return lock;
}

/* An exit status, or -EAGAIN: *LOCK is held now, look again. */
static int try_diff(const struct context *context, int *lock)
{
	struct session session;
	struct audit audit;
	struct plan plan;
	struct error err;

	if (session_open(context, true, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	if (session_load(&session) != EXIT_OK)
		return session_fail(&session, EXIT_TROUBLE, "no diff: %s", session.report.error);
	/* "ID" stands for the id that only an apply has. */
	if (make_plan(&session, "ID", &audit, &plan, &err) < 0) {
		if (*lock < 0 && !session.report.interrupted &&
		    (*lock = wait_until_quiet(session.host)) >= 0) {
			session_close(&session);
			return -EAGAIN;
		}
		return session_fail(&session, EXIT_TROUBLE, "apply would refuse: %s", err.message);
	}
	session.report.plan = &plan;
	session_note_follow_ups(&session, &plan, &session.report.notes);
	int status = audit_status(&plan.remaining);
	if (status == EXIT_OK && plan.count)
		status = EXIT_DIFFERS;
	if (session.journal.untrusted)
		return session_fail(&session, EXIT_TROUBLE, "apply would refuse: %s %s",
				    JOURNAL_DIR, session.journal.untrusted);
	return session_finish(&session, audit.summary[VERDICT_UNKNOWN] ? EXIT_TROUBLE : status);
}

int cmd_diff(const struct context *context)
{
	autofd int lock = -1;
	int status = try_diff(context, &lock);

	return status == -EAGAIN ? try_diff(context, &lock) : status;
}

/* ---- apply ------------------------------------------------------------------------------- */

static const struct profile_digest *digest_sources(const struct session *session)
{
	const struct profile_set *set = &session->profiles;
	struct profile_digest *sources =
		pool_alloc(session->pool, set->source_count * sizeof *sources);

	for (size_t i = 0; i < set->source_count; i++)
		sources[i] = (struct profile_digest){ .name = set->sources[i].name,
						      .file = set->sources[i].file,
						      .sha256 = manifest_digest(
							      session->pool, set->sources[i].bytes,
							      set->sources[i].size) };
	return sources;
}

/* An interrupted apply is undone before a new one is planned. An exit status. */
static int recover(struct session *session, struct transaction *interrupted, struct error *err)
{
	struct undo undo;

	if (journal_load_images(session->host, interrupted, err) < 0 ||
	    session_plan_undo(session, interrupted, NULL, &undo, err) < 0)
		return EXIT_TROUBLE;
	if (undo.conflict_count) {
		error_set(err, -EBUSY,
			  "%s was interrupted and cannot be undone, %s was changed since; "
			  "see `keeltune rollback --dry-run %s`",
			  interrupted->id, undo.conflicts[0].change->path, interrupted->id);
		return EXIT_TROUBLE;
	}
	int status = status_of_outcome(apply_undo(session->host, interrupted, &undo, err));
	if (status == EXIT_OK)
		log_transaction(session, "rolled back", interrupted);
	if (status == EXIT_OK && !session->context->options.quiet)
		complain("the interrupted apply %s was undone", interrupted->id);
	return status;
}

/* Afterwards the host is read anew: what counts is what is there, not what was planned. */
static int finish_applied(struct session *session)
{
	struct session after = { .context = session->context };
	struct error err;
	struct audit audit;

	if (host_open(session->context->options.root, &after.host, &err) < 0)
		return session_fail(session,
				    session->report.transaction ? EXIT_DIFFERS : EXIT_TROUBLE, "%s",
				    err.message);
	audit_run(after.host, &session->query, session->profiles.settings, session->profiles.count,
		  &audit);
	session->report.audit = &audit;
	/* What the notes of the audit before said may be over. */
	session->report.notes = audit.notes;
	notes_append(&session->report.notes, &session->report.plan->notes);
	session_note_follow_ups(session, session->report.plan, &session->report.notes);
	/* Applied: what cannot be judged now is not "refused before any change". */
	int status = audit_status(&audit) == EXIT_OK ? EXIT_OK : EXIT_DIFFERS;
	status = session_finish(session, status);
	host_close(after.host);
	return status;
}

static const char *first_unknown(const struct audit *audit)
{
	for (size_t i = 0; i < audit->count; i++)
		if (audit->findings[i].verdict == VERDICT_UNKNOWN)
			return pool_printf(audit->notes.pool, "%s: %s",
					   audit->findings[i].setting->id,
					   audit->findings[i].reason);
	return "";
}

/* Undoes what was interrupted, one after the other. An exit status. */
static int recover_all(const struct context *context)
{
	struct session session;
	struct error err;

	for (;;) {
		if (session_open(context, true, &session) != EXIT_OK)
			return EXIT_TROUBLE;
		struct transaction *interrupted = journal_interrupted(&session.journal);
		if (!interrupted) {
			journal_sweep(session.host);
			session_close(&session);
			return EXIT_OK;
		}
		int own = netns_save();
		int status = recover(&session, interrupted, &err);
		if (own >= 0)
			(void)netns_return(own);
		if (status != EXIT_OK)
			return session_fail(&session, status, "nothing applied: %s", err.message);
		session_close(&session);
	}
}

void session_describe(struct session *session, const struct plan *plan,
		      struct transaction *transaction)
{
	transaction->machine_id = host_machine_id(session->host);
	transaction->boot_id = host_boot_id(session->host);
	transaction->netns = session->query.netns;
	transaction->netns_id = session->netns.id;
	transaction->netns_cookie = session->netns.cookie;
	transaction->actor = find_actor(session);
	transaction->sources = digest_sources(session);
	transaction->source_count = session->profiles.source_count;
	transaction->changes = plan->changes;
	transaction->count = plan->count;
	transaction->directories = plan->directories;
	transaction->directory_count = plan->directory_count;
}

/* One try. Returns an exit status, or -ESTALE: somebody changed a target, plan again. The session
 * is closed in any case. */
static int try_apply(const struct context *context)
{
	struct session session;
	struct audit audit;
	struct plan plan;
	struct error err;

	if (session_open(context, true, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	if (session.journal.untrusted)
		return session_fail(&session, EXIT_TROUBLE, "nothing applied: %s %s", JOURNAL_DIR,
				    session.journal.untrusted);
	if (session_load(&session) != EXIT_OK)
		return session_fail(&session, EXIT_TROUBLE, "nothing applied: %s",
				    session.report.error);
	struct transaction transaction = { .profiles = session.profiles.names };
	journal_name(session.pool, &session.journal, &transaction);
	if (make_plan(&session, transaction.id, &audit, &plan, &err) < 0)
		return session_fail(&session, EXIT_TROUBLE, "nothing applied: %s", err.message);
	session.report.plan = &plan;
	/* Also what could not be judged any more afterwards must not be brought about. */
	const struct audit *doubtful = audit.summary[VERDICT_UNKNOWN] ? &audit : &plan.remaining;
	if (doubtful->summary[VERDICT_UNKNOWN])
		return session_fail(&session, EXIT_TROUBLE,
				    "nothing applied, could not be judged: %s",
				    first_unknown(doubtful));
	if (!plan.count)
		return finish_applied(&session);

	if (pam_trial(session.host, &plan, &err) < 0)
		return session_fail(&session, EXIT_TROUBLE, "nothing applied: %s", err.message);
	if (session_check_outputs(&session, &err) < 0)
		return session_fail(&session, EXIT_TROUBLE, "nothing applied: %s", err.message);
	session_describe(&session, &plan, &transaction);
	enum apply_outcome outcome = apply_plan(session.host, &plan, &transaction, &err);
	int status = status_of_outcome(outcome);
	pool_set_exit_status(outcome == APPLY_DONE ? EXIT_DIFFERS : status); /* not judged again */
	if (outcome == APPLY_STALE) {
		session_close(&session);
		return -ESTALE;
	}
	if (outcome == APPLY_STUCK) {
		session.report.transaction = transaction.id;
		return session_fail(&session, status, "failed: %s; the old state is in %s/%s",
				    err.message, JOURNAL_DIR, transaction.id);
	}
	if (outcome != APPLY_DONE)
		return session_fail(&session, status, "%s: %s",
				    outcome == APPLY_PUT_BACK ? "failed, everything was put back"
							      : "nothing applied",
				    err.message);
	session.report.transaction = transaction.id;
	log_transaction(&session, "applied", &transaction);
	return finish_applied(&session);
}

int cmd_apply(const struct context *context)
{
	int status = -ESTALE;

	if (context->options.dry_run)
		return cmd_diff(context);
	if (!context->options.root && geteuid() != 0)
		return refuse(context,
			      "apply needs root; `keeltune diff` shows what it would change");
	if (lock_host(context) < 0)
		return EXIT_TROUBLE;
	int recovered = recover_all(context);
	if (recovered != EXIT_OK)
		status = recovered;
	for (int i = 0; i < TRIES && status == -ESTALE; i++)
		status = try_apply(context);
	if (status == -ESTALE)
		return refuse(context,
			      "nothing applied: somebody else keeps changing the same settings");
	return status;
}
