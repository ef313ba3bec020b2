// SPDX-License-Identifier: MIT
/* `keeltune audit`: observe, judge, report. Changes nothing. */
#include "audit.h"

#include "cmd.h"

int cmd_audit(const struct context *context)
{
	struct session session;
	struct audit audit;

	if (session_open(context, false, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	if (session_load(&session) != EXIT_OK)
		return session_fail(&session, EXIT_TROUBLE, context->renderer->audit,
				    "no audit: the profiles have errors");

	audit_run(session.host, &session.query, session.profiles.settings, session.profiles.count,
		  &audit);
	session.report.audit = &audit;
	session.report.notes = audit.notes;
	int status = audit.summary[VERDICT_UNKNOWN]   ? EXIT_TROUBLE
		     : audit.summary[VERDICT_DIFFERS] ? EXIT_DIFFERS
						      : EXIT_OK;
	return session_finish(&session, status, context->renderer->audit);
}
