/* SPDX-License-Identifier: MIT
 *
 * A report as test cases, for formats that know nothing else (junit, tap) or count them (nagios):
 * the findings of an audit, the places that apply would change, the checks of sockets. Decides
 * nothing: what fails here has been judged before.
 *
 * Unless the exit status is 0, at least one of them is not ok; when it is 2, one is unknown.
 */
#ifndef KEELTUNE_TEST_CASES_H
#define KEELTUNE_TEST_CASES_H

#include "report.h"

#define FACTS_MAX 10

/* What a person needs to know beside the reason: "wanted", "running", "shadowed". */
struct fact {
	const char *name; /* a word */
	const char *text; /* one or more lines */
};

/* Names of the system are in it as escape_control() leaves them: texts are valid UTF-8 in one line,
 * without control characters; facts may be several lines (a diff: with tabs). */
struct test_case {
	const char *group; /* "sysctl", "limit", "change", "check" */
	const char *name;  /* the setting, the path, the check */
	enum verdict verdict;
	const char *why; /* a line; NULL when ok */
	struct fact facts[FACTS_MAX];
	size_t fact_count;
};

struct test_cases {
	struct test_case *items; /* at least one */
	size_t count;
	size_t summary[VERDICT_COUNT];
};

/* In the report's pool. */
void test_cases_of(const struct report *report, struct test_cases *ret);

/* What the report is about: "baseline on web1". */
const char *test_cases_subject(const struct report *report);
/* A note in one line: "FILE:LINE: TEXT". */
const char *test_cases_note(const struct report *report, size_t note);

#endif
