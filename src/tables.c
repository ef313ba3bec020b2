// SPDX-License-Identifier: MIT
/* What keeltune consists of: its commands, providers and renderers. Data alone; main.c passes it
 * on, so that tests put others in their place. */
#include "cmd.h"
#include "provider.h"

const struct command commands[] = {
	{ "audit", "[PROFILE...]", "compare the host with the profiles", cmd_audit, REPORT_AUDIT },
	{ "diff", "[PROFILE...]", "show what apply would change; change nothing", cmd_diff,
	  REPORT_DIFF },
	{ "apply", "[PROFILE...]", "make the host comply, write a rollback file", cmd_apply,
	  REPORT_APPLY },
	{ "rollback", "[ID]", "undo an apply (the newest not yet undone), or all", cmd_rollback,
	  REPORT_ROLLBACK },
	{ "history", "[show ID | prune]", "list the rollback files, show one, remove old ones",
	  cmd_history, REPORT_HISTORY },
	{ "explain", "NAME...", "a sysctl key, limit, PAM service, unit or pid: who wins, why",
	  cmd_explain, REPORT_EXPLAIN },
	{ "limits", "[USER|@GROUP|--pid PID]", "limits that a new login gets, and from which lines",
	  cmd_limits, REPORT_LIMITS },
	{ "sockets", "[relieve]", "who leaks: CLOSE_WAIT, keepalive and descriptors by process",
	  cmd_sockets, REPORT_SOCKETS },
	{ "profile", "list | show NAME... | check FILE...", "list, resolve, check profiles",
	  cmd_profile, REPORT_PROFILE },
	{ "fleet", "FILE...|DIR|-", "many audits (JSON) as one: who differs in the same way",
	  cmd_fleet, REPORT_FLEET },
	{ NULL, NULL, NULL, NULL, REPORT_KIND_COUNT },
};

/* Proposals are made in this order: a raised fs.nr_open before nofile, PAM before limits. */
const struct provider *const providers[] = { &provider_sysctl, &provider_pam, &provider_limits,
					     &provider_unit, NULL };

/* The first is the one without --format. */
const struct renderer *const renderers[] = {
	&renderer_text,   &renderer_json,    &renderer_junit, &renderer_tap, &renderer_prometheus,
	&renderer_nagios, &renderer_journal, &renderer_html,  NULL
};
