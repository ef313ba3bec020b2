// SPDX-License-Identifier: MIT
/* `keeltune explain SETTING...`: every layer of a sysctl key. Changes nothing. */
#include "cmd.h"
#include "explain.h"
#include "pool.h"

#include <string.h>

int cmd_explain(const struct context *context)
{
	render_function *render = context->renderer->explain;
	struct session session;

	if (!context->argument_count) {
		complain("explain takes sysctl keys: keeltune explain net.ipv4.tcp_keepalive_time");
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
		struct explanation *explanation = &explanations[count];
		bool known =
			explain_sysctl(session.host, &session.query.engines, context->arguments[i],
				       explanation, &session.report.notes);
		if (known) {
			count++;
			continue;
		}
		session.report.error = pool_printf(session.pool, "%s is no sysctl key%s%s%s",
						   context->arguments[i],
						   explanation->nearest ? ", did you mean " : "",
						   explanation->nearest ? explanation->nearest : "",
						   explanation->nearest ? "?" : "");
		complain("%s", session.report.error);
	}
	session.report.explanations = explanations;
	session.report.explanation_count = count;
	return session_finish(&session, session.report.error ? EXIT_TROUBLE : EXIT_OK, render);
}
