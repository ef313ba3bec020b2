// SPDX-License-Identifier: MIT
/* `keeltune audit`: observe, judge, report. Changes nothing. */
#include "audit.h"

#include "cmd.h"
#include "error.h"
#include "pool.h"

#include <string.h>

/* Adds what is per namespace. A setting that was skipped is so everywhere: once is enough. */
static void add_findings(struct audit *all, const struct audit *audit)
{
	for (size_t i = 0; i < audit->count; i++) {
		const struct finding *finding = &audit->findings[i];
		if (finding->verdict == VERDICT_SKIPPED)
			continue;
		all->findings = pool_extend(all->notes.pool, all->findings, all->count,
					    sizeof *all->findings);
		all->findings[all->count++] = *finding;
		all->summary[finding->verdict]++;
	}
}

/* Every network namespace, each through a host handle of its own: it sees the running values of the
 * namespace that this process is in when it reads them. The handles stay open for the report. */
static int audit_namespaces(struct session *session, struct audit *ret_audit)
{
	struct audit all = { .notes.pool = session->pool };
	struct origin nowhere = { 0 };
	struct netns *items;
	size_t count, hidden, denied = 0;

	netns_list(session->host, &items, &count, &hidden);
	struct host **hosts = pool_alloc(session->pool, (count + 1) * sizeof *hosts);
	int own = netns_save();
	for (size_t i = 0; i < count; i++) {
		struct error err;
		struct audit audit;
		if (session_enter(session, &items[i], &err) < 0 ||
		    host_open(NULL, &hosts[i], &err) < 0) {
			notes_add(&all.notes, NULL, nowhere, "%s", err.message);
			denied++;
			continue;
		}
		audit_run(hosts[i], &session->query, session->profiles.settings,
			  session->profiles.count, &audit);
		add_findings(&all, &audit);
	}
	if (own >= 0)
		(void)netns_return(own);
	if (hidden)
		notes_add(&all.notes, NULL, nowhere,
			  "the namespaces of %zu processes could not be looked at: not permitted",
			  hidden);
	*ret_audit = all;
	session->hosts = hosts;
	session->host_count = count;
	return denied || hidden ? EXIT_TROUBLE : audit_status(&all);
}

int cmd_audit(const struct context *context)
{
	const char *netns = context->options.netns;
	bool with_survey = survey_is_wanted(context);
	struct survey_parts *survey = NULL;
	struct session session;
	struct audit audit;
	int status;

	if (context->options.recording && !with_survey) {
		complain("--recording is drawn by --format html (or --also html:FILE)");
		return EXIT_TROUBLE;
	}
	if (session_open(context, with_survey, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	if (session_load(&session) != EXIT_OK)
		return session_fail(&session, EXIT_TROUBLE, "no audit: %s", session.report.error);

	if (netns && !strcmp(netns, "all")) {
		status = audit_namespaces(&session, &audit);
	} else {
		audit_run(session.host, &session.query, session.profiles.settings,
			  session.profiles.count, &audit);
		status = audit_status(&audit);
	}
	if (session.query.live && !host_is_live(session.host))
		notes_add(&audit.notes, NULL, (struct origin){ 0 },
			  "--live does not apply: nothing runs in a tree");
	session.report.audit = &audit;
	session.report.notes = audit.notes;
	if (with_survey && survey_host(&session, &audit, status, &survey) != EXIT_OK)
		status = EXIT_TROUBLE;
	status = session_finish(&session, status);
	survey_close(survey);
	return status;
}
