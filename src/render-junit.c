// SPDX-License-Identifier: MIT
/* Reports as JUnit XML, valid by the schemas of Ant and of Jenkins' xunit plugin, which agree on
 * the elements and differ in their order and in what may be left out: one testsuite with
 * properties, testcases, system-out (the notes) and system-err (the error), each there even when
 * empty. */
#include "escape.h"
#include "pool.h"
#include "test-cases.h"

#include <string.h>

/* What may be absent, and of any bytes. */
static const char *safe(struct pool *pool, const char *text)
{
	return escape_xml(pool, escape_control(pool, text ? text : "", ""));
}

static void print_property(FILE *out, struct pool *pool, const char *name, const char *value)
{
	if (value)
		fprintf(out, "      <property name=\"%s\" value=\"%s\"/>\n", name,
			safe(pool, value));
}

static void print_properties(FILE *out, const struct report *report)
{
	struct pool *pool = report->pool;

	fputs("    <properties>\n", out);
	print_property(out, pool, "keeltune", KEELTUNE_VERSION);
	print_property(out, pool, "result", report->result);
	print_property(out, pool, "exit", pool_printf(pool, "%d", report->exit));
	print_property(out, pool, "profiles", report->profiles ? report->profiles->names : NULL);
	if (report->profiles && report->query)
		print_property(out, pool, "engine", engine_name(report->query->engines.engine));
	print_property(out, pool, "root", report->root);
	print_property(out, pool, "os", report->host.os);
	print_property(out, pool, "kernel", report->host.kernel);
	print_property(out, pool, "interrupted", report->interrupted);
	fputs("    </properties>\n", out);
}

static void print_facts(FILE *out, struct pool *pool, const struct test_case *test)
{
	const char *text = "";

	for (size_t i = 0; i < test->fact_count; i++)
		text = pool_printf(pool, "%s%s%s:%s%s", text, i ? "\n" : "", test->facts[i].name,
				   strchr(test->facts[i].text, '\n') ? "\n" : " ",
				   test->facts[i].text);
	fputs(escape_xml(pool, text), out);
}

/* The settings are judged together: no time is one setting's. */
static void print_case(FILE *out, struct pool *pool, const struct test_case *test)
{
	fprintf(out, "    <testcase classname=\"keeltune.%s\" name=\"%s\" time=\"0\"",
		escape_xml(pool, test->group), escape_xml(pool, test->name));
	if (test->verdict == VERDICT_OK) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n", out);
	if (test->verdict == VERDICT_SKIPPED) {
		fprintf(out, "      <skipped message=\"%s\"/>\n", safe(pool, test->why));
	} else {
		const char *tag = test->verdict == VERDICT_DIFFERS ? "failure" : "error";
		fprintf(out, "      <%s type=\"%s\" message=\"%s\">", tag,
			verdict_name(test->verdict), safe(pool, test->why));
		print_facts(out, pool, test);
		fprintf(out, "</%s>\n", tag);
	}
	fputs("    </testcase>\n", out);
}

static void render(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;
	struct test_cases cases;
	char time[32] = "1970-01-01T00:00:00";
	struct tm utc;

	(void)style;
	test_cases_of(report, &cases);
	if (gmtime_r(&report->time, &utc))
		strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites>\n"
		"  <testsuite name=\"%s\" package=\"keeltune.%s\" id=\"0\" hostname=\"%s\" "
		"timestamp=\"%s\" time=\"%.3f\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		"skipped=\"%zu\">\n",
		escape_xml(pool, test_cases_subject(report)), report_kind_name(report->kind),
		safe(pool,
		     report->host.name && *report->host.name ? report->host.name : "localhost"),
		time, report_duration(report), cases.count, cases.summary[VERDICT_DIFFERS],
		cases.summary[VERDICT_UNKNOWN], cases.summary[VERDICT_SKIPPED]);
	print_properties(out, report);
	for (size_t i = 0; i < cases.count; i++)
		print_case(out, pool, &cases.items[i]);
	fputs("    <system-out>", out);
	for (size_t i = 0; i < report->notes.count; i++)
		fprintf(out, "%s\n", escape_xml(pool, test_cases_note(report, i)));
	fprintf(out,
		"</system-out>\n"
		"    <system-err>%s</system-err>\n"
		"  </testsuite>\n"
		"</testsuites>\n",
		safe(pool, report->error));
}

const struct renderer renderer_junit = {
	.name = "junit",
	.checks_only = true,
	.render = {
		[REPORT_AUDIT] = render,
		[REPORT_DIFF] = render,
		[REPORT_SOCKETS] = render,
	},
};
