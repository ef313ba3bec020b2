// SPDX-License-Identifier: MIT
/* `keeltune sockets relieve`: keepalive and descriptors for a process that runs, as a transaction
 * like any other. What is accepted between the look and the change of the listener does not inherit
 * it, nor does what waits to be accepted then: further looks find that, and add it to the record
 * before it is set, too. */
#include "clock.h"
#include "relief.h"

#include "apply.h"
#include "cmd.h"
#include "error.h"
#include "pool.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define LOOKS 4      /* that find something: who connects himself all the time never ends */
#define PATIENCE 1.0 /* seconds, with what waits to be accepted */
#define BETWEEN_LOOKS_MS 20

struct work {
	struct session *session;
	struct relief_request request;
	struct relief relief;
	struct plan plan;
	struct transaction transaction;
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

/* What became of the sockets. */
static void count(struct relief *relief, const struct socket_values *values)
{
	relief->set += socket_values_count(values, SOCKET_SET);
	relief->already += socket_values_count(values, SOCKET_HAD_IT);
	relief->changed += socket_values_count(values, SOCKET_CHANGED);
	relief->failed += socket_values_count(values, SOCKET_REFUSED);
	relief->gone += socket_values_count(values, SOCKET_GONE);
}

/* The change of the sockets, NULL: none. */
static struct change *sockets_of(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->changes[i].sockets)
			return &plan->changes[i];
	return NULL;
}

/* An exit status. */
static int execute(struct work *work, struct error *err)
{
	struct session *session = work->session;
	struct transaction *transaction = &work->transaction;
	const struct change *change = sockets_of(&work->plan);

	transaction->profiles = pool_printf(session->pool, "relieve-%d", work->request.pid);
	journal_name(session->pool, &session->journal, transaction);
	session_describe(session, &work->plan, transaction);
	enum apply_outcome outcome = apply_plan(session->host, &work->plan, transaction, err);
	int status = status_of_outcome(outcome);
	pool_set_exit_status(status == EXIT_OK ? EXIT_DIFFERS : status); /* not looked at again */
	if (outcome == APPLY_DONE || outcome == APPLY_STUCK)
		session->report.transaction = transaction->id;
	if (outcome == APPLY_DONE)
		log_transaction(session, "applied", transaction);
	if (change)
		count(&work->relief, change->sockets);
	return status;
}

/* MORE joins the record, and is set. */
static int add_sockets(struct work *work, struct socket_values *more, struct error *err)
{
	struct pool *pool = work->session->pool;
	struct plan *plan = &work->plan;
	struct change *change = sockets_of(plan), added;

	added = relief_change(pool, work->relief.process, more);
	if (change) {
		*change = relief_change(pool, work->relief.process,
					socket_values_join(pool, change->sockets, more));
	} else {
		plan->changes =
			pool_extend(pool, plan->changes, plan->count, sizeof *plan->changes);
		plan->changes[plan->count++] = added;
	}
	work->transaction.changes = plan->changes;
	work->transaction.count = plan->count;
	work->transaction.state = TRANSACTION_APPLIED;
	int rc = apply_more(work->session->host, &work->transaction, &added, err);
	if (!rc || rc == -ESRCH)
		count(&work->relief, more);
	return rc;
}

/* Sockets that were accepted meanwhile, until nobody waits who could not inherit it; a program that
 * does not accept is not waited for. What has ended misses nothing. */
static int follow(struct work *work, struct error *err)
{
	double end = clock_now() + PATIENCE;
	/* Who waited first is accepted first: no more of them are left than the queue ever had. */
	size_t least = SIZE_MAX;

	for (int found = 0; found < LOOKS;) {
		const struct change *change = sockets_of(&work->plan);
		struct socket_values *more;
		int rc = relief_look_again(work->session->pool, &work->request,
					   change ? change->sockets : NULL, &work->relief, &more);
		if (!rc && more)
			rc = add_sockets(work, more, err);
		else if (rc < 0 && rc != -ESRCH)
			error_set(err, rc, "process %d: %s", work->request.pid, strerror(-rc));
		if (rc < 0)
			return rc == -ESRCH ? 0 : rc;
		if (more) /* perhaps another listener */
			least = SIZE_MAX;
		else if (work->relief.waiting < least)
			least = work->relief.waiting;
		else
			work->relief.waiting = least;
		found += more != NULL;
		if (!more && (!work->relief.waiting || clock_now() >= end))
			break;
		if (!more)
			poll(NULL, 0, BETWEEN_LOOKS_MS);
	}
	return 0;
}

/* What was asked for and is not so. */
static void note_rest(struct work *work)
{
	struct notes *notes = &work->session->report.notes;
	const struct relief *relief = &work->relief;

	if (relief->waiting)
		notes_add(notes, "waiting", (struct origin){ 0 },
			  "%zu connection%s not accepted yet: nobody can set %s keepalive before; "
			  "what came before the listener was set does not inherit it. Run this "
			  "again when the program accepts",
			  relief->waiting, relief->waiting == 1 ? " is" : "s are",
			  relief->waiting == 1 ? "its" : "their");
	if (relief->unreached)
		notes_add(notes, "thread-tables", (struct origin){ 0 },
			  "%zu thread%s descriptors of %s own, which this kernel (before 6.9) does "
			  "not give out: sockets there are as they were",
			  relief->unreached, relief->unreached == 1 ? " has" : "s have",
			  relief->unreached == 1 ? "its" : "their");
	if (work->request.has_keepalive && work->request.keepalive.probes == 1)
		notes_add(notes, "one-probe", (struct origin){ 0 },
			  "with 1 probe a single lost packet ends a healthy idle connection");
}

static int finish(struct work *work, int status)
{
	struct session *session = work->session;
	const struct relief *relief = &work->relief;

	note_rest(work);
	if (status == EXIT_OK && !session->report.dry_run &&
	    (relief->waiting || relief->unreached || relief->failed || relief->left_out))
		status = EXIT_DIFFERS;
	return session_finish(session, status);
}

static int relieve(struct work *work)
{
	struct session *session = work->session;
	const struct options *options = &session->context->options;
	struct relief *relief = &work->relief;
	struct error err;

	if (relief_plan(session->host, &work->request, &work->plan, relief, &err) < 0)
		return fail(work, EXIT_TROUBLE, "nothing changed", &err);
	session->report.relief = relief;
	session->report.plan = &work->plan;
	session->report.dry_run = options->dry_run;
	const struct change *sockets = sockets_of(&work->plan);
	if (options->dry_run || !work->plan.count) {
		relief->set = sockets ? sockets->sockets->count : 0;
		return finish(work, EXIT_OK);
	}
	int status = execute(work, &err);
	if (status == EXIT_OK && work->request.has_keepalive && follow(work, &err) < 0)
		return fail(work, EXIT_DIFFERS, "not all of it", &err);
	if (status == EXIT_STUCK)
		return fail(work, status, "failed", &err);
	if (status != EXIT_OK)
		return fail(work, status,
			    status == EXIT_PUT_BACK ? "failed, everything was put back"
						    : "nothing changed",
			    &err);
	return finish(work, EXIT_OK);
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
