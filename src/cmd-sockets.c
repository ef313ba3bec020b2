// SPDX-License-Identifier: MIT
/* `keeltune sockets`: who leaks sockets and descriptors, and what to do about it. What changes
 * something is `sockets relieve`, in cmd-relieve.c. */
#include "cmd.h"
#include "error.h"
#include "pool.h"
#include "socket-report.h"

/* Do all outputs show the verdicts of checks of descriptors and nothing else? */
static bool is_use_only(const struct context *context, const struct socket_request *request)
{
	const struct options *options = &context->options;

	for (size_t i = 0; i < request->threshold_count; i++)
		if (request->thresholds[i].field != THRESHOLD_FDS)
			return false;
	for (size_t i = 0; i < context->output_count; i++)
		if (!context->outputs[i].renderer->checks_only)
			return false;
	return request->threshold_count && !options->verbose && !options->netns;
}

/* EXIT_OK, or EXIT_TROUBLE and a message was printed. */
static int read_request(const struct context *context, struct pool *pool,
			struct socket_request *ret)
{
	const struct options *options = &context->options;
	struct error err = { 0 };
	int rc = 0;

	*ret = (struct socket_request){ .filter = SOCKET_FILTER_ALL,
					.netns = options->netns,
					.pid = options->pid,
					.user = options->user,
					.summary = options->summary,
					.verbose = options->verbose };
	if (options->root) {
		complain("sockets are of the running system: --root does not go with them");
		return EXIT_TROUBLE;
	}
	if (context->argument_count) {
		complain("sockets takes `relieve`, or nothing and options: --pid, --port, --state, "
			 "...");
		return EXIT_TROUBLE;
	}
	if (options->summary && (options->pid || options->user || options->check_count)) {
		complain(
			"--summary asks nobody who holds the sockets: --pid, --user and --check do "
			"not go with it");
		return EXIT_TROUBLE;
	}
	struct threshold *thresholds =
		pool_alloc(pool, (options->check_count + 1) * sizeof *thresholds);
	ret->thresholds = thresholds;
	for (; ret->threshold_count < options->check_count && !rc; ret->threshold_count++)
		rc = threshold_parse(options->checks[ret->threshold_count],
				     &thresholds[ret->threshold_count], &err);
	if (!rc && options->state)
		rc = socket_filter_states(options->state, &ret->filter, &err);
	if (!rc && options->port)
		rc = socket_filter_port(options->port, &ret->filter, &err);
	if (!rc && options->older_than)
		rc = socket_filter_age(options->older_than, &ret->filter, &err);
	ret->use_only = is_use_only(context, ret);
	if (rc < 0)
		complain("%s", err.message);
	return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
}

/* A threshold that is exceeded counts more than one that could not be judged. */
static int status_of(const struct socket_report *report, struct report *ret)
{
	int status = EXIT_OK;

	for (size_t i = 0; i < report->request->threshold_count; i++)
		if (report->checks[i].unknown) {
			ret->error = report->checks[i].unknown;
			status = EXIT_TROUBLE;
		}
	for (size_t i = 0; i < report->request->threshold_count; i++)
		if (report->checks[i].count)
			status = EXIT_DIFFERS;
	if (status == EXIT_DIFFERS)
		ret->error = NULL;
	return status;
}

int cmd_sockets(const struct context *context)
{
	struct socket_request request;
	struct socket_report report;
	struct session session = { 0 };
	struct error err = { 0 };

	if (context->kind == REPORT_RELIEF)
		return cmd_relieve(context);
	if (context->options.keepalive || context->options.nofile || context->options.dry_run ||
	    context->options.comment) {
		complain(
			"--keepalive, --nofile, --dry-run and --comment belong to sockets relieve");
		return EXIT_TROUBLE;
	}
	if (context->kind == REPORT_SAMPLE)
		return cmd_watch(context);
	if (context->options.samples) {
		complain("--samples is how often --watch looks: it does not go without it");
		return EXIT_TROUBLE;
	}
	struct pool *pool = pool_new();
	int status = read_request(context, pool, &request);

	if (status == EXIT_OK)
		status = session_open(context, false, &session);
	if (status != EXIT_OK) {
		pool_free(pool);
		return status;
	}
	int rc =
		socket_report_collect(session.host, &request, &session.report.notes, &report, &err);
	if (rc < 0) {
		status = session_fail(&session, EXIT_TROUBLE, "%s", err.message);
	} else {
		session.report.sockets = &report;
		status = status_of(&report, &session.report);
		if (session.report.error)
			complain("%s", session.report.error);
		status = session_finish(&session, status);
	}
	socket_report_free(&report);
	pool_free(pool);
	return status;
}
