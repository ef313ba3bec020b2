// SPDX-License-Identifier: MIT
/* What an apply would change, as HTML: kernel values as a table, files as diffs; see render-html.h.
 */
#include "diff.h"
#include "pool.h"
#include "render-html.h"
#include "sysctl-path.h"

#include <string.h>

#define DIFF_MAX (256u << 10) /* bytes of a diff that are shown */

static const char *value(struct pool *pool, const struct image *image)
{
	if (!image->exists)
		return "none";
	return html_escape(pool, value_format(pool, value_parse(pool, image->bytes)), "");
}

static void print_values(FILE *out, struct pool *pool, const struct plan *plan)
{
	bool has_any = false;

	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		if (change->kind != CHANGE_SYSCTL)
			continue;
		if (!has_any)
			fputs("<table class=\"stack\">\n<caption>Running values</caption>\n"
			      "<thead><tr><th scope=\"col\">Key</th><th scope=\"col\">Now</th>"
			      "<th scope=\"col\">Afterwards</th></tr></thead>\n<tbody>\n",
			      out);
		has_any = true;
		fprintf(out,
			"<tr><th scope=\"row\"><code>%s</code></th><td data-label=\"Now\"><del>%s"
			"</del></td><td data-label=\"Afterwards\"><ins>%s</ins>%s</td></tr>\n",
			html_escape(pool,
				    sysctl_key_dotted(pool, change->path + strlen("/proc/sys/")),
				    ""),
			value(pool, &change->before), value(pool, &change->after),
			change->release ? " (released)" : "");
	}
	if (has_any)
		fputs("</tbody>\n</table>\n", out);
}

static void print_line(FILE *out, struct pool *pool, const char *line, size_t size)
{
	char *copy = pool_buffer(pool, size + 1);

	for (size_t i = 0; i < size; i++)
		copy[i] = line[i] ? line[i] : '\x01'; /* shown as a control character */
	copy[size] = '\0';
	const char *text = html_escape(pool, copy, "\t");
	bool is_head = !strncmp(copy, "---", 3) || !strncmp(copy, "+++", 3) || *copy == '@';
	const char *element = is_head ? "b" : *copy == '+' ? "ins" : *copy == '-' ? "del" : NULL;
	if (element)
		fprintf(out, "<%s>%s</%s>\n", element, text, element);
	else
		fprintf(out, "%s\n", text);
}

static void print_diff(FILE *out, struct pool *pool, const struct change *change)
{
	size_t size;
	const char *diff = diff_unified(pool, change, &size);
	const char *end = diff + (size < DIFF_MAX ? size : DIFF_MAX);

	fprintf(out, "<h3><code>%s</code> %s</h3>\n<pre class=\"diff\"><code>",
		html_escape(pool, change->path, ""),
		!change->before.exists  ? "is created"
		: !change->after.exists ? "is removed"
					: "is changed");
	while (diff < end) {
		const char *newline = memchr(diff, '\n', (size_t)(end - diff));
		size_t length = (size_t)((newline ? newline : end) - diff);
		print_line(out, pool, diff, length);
		diff += length + 1;
	}
	fputs("</code></pre>\n", out);
	if (size > DIFF_MAX)
		fprintf(out, "<p>%zu more bytes: <code>keeltune diff</code></p>\n",
			size - DIFF_MAX);
}

static void print_remaining(FILE *out, struct pool *pool, const struct audit *audit)
{
	bool has_any = false;

	for (size_t i = 0; i < audit->count; i++) {
		const struct finding *finding = &audit->findings[i];
		if (finding->verdict != VERDICT_DIFFERS && finding->verdict != VERDICT_UNKNOWN)
			continue;
		if (!has_any)
			fputs("<h3>What would still not be as wanted</h3>\n<ul>\n", out);
		has_any = true;
		fprintf(out, "<li><code>%s</code>%s: %s</li>\n",
			html_escape(pool, finding->setting->id, ""),
			finding->verdict == VERDICT_UNKNOWN ? " (not judged)" : "",
			finding->reason ? html_escape(pool, finding->reason, "") : "differs");
	}
	if (has_any)
		fputs("</ul>\n", out);
}

void html_changes(FILE *out, struct pool *pool, const struct plan *plan)
{
	if (!plan->count)
		fputs("<p>Nothing: there is no change that apply could make.</p>\n", out);
	print_values(out, pool, plan);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->changes[i].kind == CHANGE_FILE)
			print_diff(out, pool, &plan->changes[i]);
	print_remaining(out, pool, &plan->remaining);
}
