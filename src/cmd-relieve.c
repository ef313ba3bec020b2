// SPDX-License-Identifier: MIT
/* `keeltune sockets relieve`: keepalive and descriptors for a process that runs, as a transaction
 * like any other. What is accepted between the look and the change of the listener does not inherit
 * it: a second look finds that, and is a transaction of its own, for its before-values have to be
 * on the disk first, too. */
#include "relief.h"

#include "apply.h"
#include "cmd.h"
#include "error.h"
#include "guard.h"
#include "pool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 4

struct work {
	struct session *session;
	struct relief_request request;
	struct relief relief;
	struct plan plan; /* of the first round */
	struct journal journal;
	const char *ids[ROUNDS];
};

static int fail(struct work *work, int status, const char *what, const struct error *err)
{
	return session_fail(work->session, status, "%s: %s", what, err->message);
}

static const char *objection(const struct options *options)
{
	if (options->root)
		return "sockets are of the running system: --root does not go with them";
	if (!options->pid)
		return "relieve is for one process: --pid PID";
	if (!options->keepalive && !options->nofile)
		return "relieve needs --keepalive TIME:INTVL:PROBES or --nofile SOFT[:HARD]";
	if (options->state || options->port || options->older_than || options->user ||
	    options->check_count || options->netns || options->summary || options->watch ||
	    options->samples)
		return "relieve takes --pid, --keepalive, --nofile, --dry-run, --comment and "
		       "--wait";
	return NULL;
}

static int read_request(const struct options *options, struct relief_request *ret,
			struct error *err)
{
	uint64_t pid;
	int rc = 0;

	if (!parse_decimal(options->pid, INT32_MAX, &pid) || !pid)
		return error_set(err, -EINVAL, "--pid %.80s: the number of a process",
				 options->pid);
	ret->pid = (pid_t)pid;
	if (ret->pid == getpid())
		return error_set(err, -EINVAL, "--pid %d: that is this keeltune", ret->pid);
	if (options->keepalive)
		rc = relief_parse_keepalive(options->keepalive, ret, err);
	if (!rc && options->nofile)
		rc = relief_parse_nofile(options->nofile, ret, err);
	return rc;
}

/* What became of the sockets of PLAN. */
static void count(struct relief *relief, const struct plan *plan, bool dry_run)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct socket_values *values = plan->changes[i].sockets;
		if (!values)
			continue;
		size_t set = dry_run ? values->count : values->set;
		relief->set += set;
		relief->changed += values->changed;
		relief->failed += values->failed;
		relief->gone += values->count - set - values->changed - values->failed;
	}
}

/* One transaction. An exit status. */
static int execute(struct work *work, const struct plan *plan, struct error *err)
{
	struct session *session = work->session;
	struct transaction *transaction = pool_alloc(session->pool, sizeof *transaction);

	transaction->profiles = pool_printf(session->pool, "relieve-%d", work->request.pid);
	journal_name(session->pool, &work->journal, transaction);
	session_describe(session, plan, transaction);
	enum apply_outcome outcome = apply_plan(session->host, plan, transaction, err);
	int status = status_of_outcome(outcome);
	pool_set_exit_status(status);
	if (outcome == APPLY_DONE || outcome == APPLY_STUCK) {
		session->report.transaction = transaction->id;
		work->ids[session->report.round_count++] = transaction->id;
		work->journal.transactions =
			pool_extend(session->pool, work->journal.transactions, work->journal.count,
				    sizeof *work->journal.transactions);
		work->journal.transactions[work->journal.count++] = *transaction;
	}
	if (outcome == APPLY_DONE)
		log_transaction(session, "applied", transaction);
	return status;
}

/* Sockets that were accepted meanwhile, until there are none; what a program sets back itself is
 * not fought over. */
static int follow(struct work *work, struct error *err)
{
	struct relief_request request = work->request;
	struct session *session = work->session;

	request.has_nofile = false;
	for (int round = 1; round < ROUNDS && request.has_keepalive; round++) {
		struct plan plan;
		struct relief relief;
		int rc = relief_plan(session->host, &request, work->relief.process, &plan, &relief,
				     err);
		if (rc == -ESRCH || (!rc && !plan.count)) /* or it has ended: nothing is missing */
			return EXIT_OK;
		int status = rc < 0 ? EXIT_TROUBLE : execute(work, &plan, err);
		if (status != EXIT_OK)
			return status;
		size_t set = work->relief.set;
		count(&work->relief, &plan, false);
		if (work->relief.set == set)
			return EXIT_OK;
	}
	return EXIT_OK;
}

static int relieve(struct work *work)
{
	struct session *session = work->session;
	const struct options *options = &session->context->options;
	struct error err;

	if (relief_plan(session->host, &work->request, (struct process_identity){ 0 }, &work->plan,
			&work->relief, &err) < 0)
		return fail(work, EXIT_TROUBLE, "nothing changed", &err);
	session->report.relief = &work->relief;
	session->report.plan = &work->plan;
	session->report.rounds = work->ids;
	session->report.dry_run = options->dry_run;
	if (options->dry_run || !work->plan.count) {
		count(&work->relief, &work->plan, true);
		return session_finish(session, EXIT_OK);
	}
	int status = execute(work, &work->plan, &err);
	count(&work->relief, &work->plan, false);
	if (status == EXIT_OK) {
		status = follow(work, &err);
		if (status != EXIT_OK)
			return fail(work, status, "not all of it", &err);
	}
	if (status == EXIT_STUCK)
		return fail(work, status, "failed", &err);
	if (status != EXIT_OK)
		return fail(work, status,
			    status == EXIT_PUT_BACK ? "failed, everything was put back"
						    : "nothing changed",
			    &err);
	return session_finish(session, EXIT_OK);
}

int cmd_relieve(const struct context *context)
{
	const char *why = objection(&context->options);
	struct session session;
	struct work work = { .session = &session };
	struct error err;

	if (!why && read_request(&context->options, &work.request, &err) < 0)
		why = err.message;
	if (why) {
		complain("%s", why);
		return EXIT_TROUBLE;
	}
	if (!context->options.dry_run) {
		if (geteuid() != 0)
			return refuse(context,
				      "relieve needs root: what was there before is recorded in "
				      "/var/lib/keeltune; --dry-run shows what it would change");
		if (lock_host(context) < 0)
			return EXIT_TROUBLE;
	}
	if (session_open(context, true, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	work.journal = session.journal;
	if (session.journal.untrusted && !context->options.dry_run)
		return session_fail(&session, EXIT_TROUBLE, "nothing changed: %s %s", JOURNAL_DIR,
				    session.journal.untrusted);
	if (session.report.interrupted && !context->options.dry_run)
		return session_fail(&session, EXIT_TROUBLE,
				    "nothing changed: %s was interrupted and comes first; "
				    "`keeltune rollback` undoes it",
				    session.report.interrupted);
	return relieve(&work);
}
