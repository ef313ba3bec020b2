// SPDX-License-Identifier: MIT
/* Reports as TAP, version 13 (what `prove` reads): a test for each setting, change or check. What a
 * person needs to know of one that failed follows as a YAML block, its strings in double quotes. */
#include "escape.h"
#include "pool.h"
#include "test-cases.h"

#include <string.h>

/* In a description "#" begins a directive; a backslash takes the meaning of what follows. */
static const char *description(struct pool *pool, const char *text)
{
	char *out = pool_alloc(pool, 2 * strlen(text) + 1), *to = out;

	for (; *text; text++) {
		if (*text == '#' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '\0';
	return out;
}

static void print_string(FILE *out, struct pool *pool, const char *name, const char *text)
{
	fprintf(out, "  %s: \"%s\"\n", name, escape_quoted(pool, escape_control(pool, text, "\n")));
}

static void print_block(FILE *out, struct pool *pool, const struct test_case *test)
{
	fputs("  ---\n", out);
	if (test->why)
		print_string(out, pool, "message", test->why);
	print_string(out, pool, "severity", test->verdict == VERDICT_UNKNOWN ? "unknown" : "fail");
	for (size_t i = 0; i < test->fact_count; i++)
		print_string(out, pool, test->facts[i].name, test->facts[i].text);
	fputs("  ...\n", out);
}

static void render(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;
	struct test_cases cases;

	(void)style;
	test_cases_of(report, &cases);
	fprintf(out, "TAP version 13\n1..%zu\n", cases.count);
	fprintf(out, "# %s\n", test_cases_subject(report));
	for (size_t i = 0; i < cases.count; i++) {
		const struct test_case *test = &cases.items[i];
		bool is_ok = test->verdict == VERDICT_OK || test->verdict == VERDICT_SKIPPED;
		fprintf(out, "%s %zu - %s", is_ok ? "ok" : "not ok", i + 1,
			description(pool, test->name));
		if (test->verdict == VERDICT_SKIPPED)
			fprintf(out, " # SKIP %s", description(pool, test->why ? test->why : ""));
		fputc('\n', out);
		if (!is_ok)
			print_block(out, pool, test);
	}
	for (size_t i = 0; i < report->notes.count; i++)
		fprintf(out, "# note: %s\n", test_cases_note(report, i));
}

const struct renderer renderer_tap = {
	.name = "tap",
	.checks_only = true,
	.render = {
		[REPORT_AUDIT] = render,
		[REPORT_DIFF] = render,
		[REPORT_SOCKETS] = render,
	},
};
