// SPDX-License-Identifier: MIT
/* `keeltune explain NAME...`: every layer of a sysctl key, a limit, a PAM service, a unit or a
 * process. Changes nothing. */
#include "cmd.h"
#include "error.h"
#include "explain.h"
#include "pool.h"

int cmd_explain(const struct context *context)
{
	const char *service = context->options.service;
	struct session session;

	if (!context->argument_count) {
		complain("explain takes sysctl keys, pam:SERVICE, limit:DOMAIN:ITEM, units and "
			 "pids: keeltune explain net.ipv4.tcp_keepalive_time");
		return EXIT_TROUBLE;
	}
	if (session_open(context, false, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	session.query.engines = engine_detect(session.host, context->options.engine);
	session.report.query = &session.query;

	struct explanation *explanations =
		pool_alloc(session.pool, context->argument_count * sizeof *explanations);
	size_t count = 0;
	for (size_t i = 0; i < context->argument_count; i++) {
		struct error err = { 0 };
		if (!explain(session.host, &session.query, context->arguments[i],
			     service && *service ? service : "login", &explanations[count],
			     &session.report.notes, &err)) {
			count++;
			continue;
		}
		session.report.error = pool_strdup(session.pool, err.message);
		complain("%s", err.message);
	}
	session.report.explanations = explanations;
	session.report.explanation_count = count;
	return session_finish(&session, session.report.error ? EXIT_TROUBLE : EXIT_OK);
}
