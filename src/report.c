// SPDX-License-Identifier: MIT
/* What reports have in common, see report.h. */
#include "report.h"

#include "clock.h"

const char *report_kind_name(enum report_kind kind)
{
	static const char *const names[REPORT_KIND_COUNT] = {
		[REPORT_AUDIT] = "audit",
		[REPORT_DIFF] = "diff",
		[REPORT_APPLY] = "apply",
		[REPORT_ROLLBACK] = "rollback",
		[REPORT_EXPLAIN] = "explain",
		[REPORT_LIMITS] = "limits",
		[REPORT_HISTORY] = "history",
		[REPORT_PROFILE] = "profile",
		[REPORT_SOCKETS] = "sockets",
		[REPORT_SAMPLE] = "sockets-watch",
		[REPORT_RELIEF] = "sockets-relieve",
		[REPORT_FLEET] = "fleet",
	};

	return names[kind];
}

double report_duration(const struct report *report)
{
	return clock_now() - report->begun;
}
