/* SPDX-License-Identifier: MIT
 *
 * What the render-html*.c share; pages are made of html.h and html-chart.h.
 */
#ifndef KEELTUNE_RENDER_HTML_H
#define KEELTUNE_RENDER_HTML_H

#include "html.h"
#include "report.h"

void html_report_begin(FILE *out, const struct report *report, const char *what);
/* When, of what and how it was made. */
void html_facts(FILE *out, const struct report *report);
/* "3 settings", "1 setting" */
const char *html_count(struct pool *pool, size_t count, const char *one, const char *many);
/* "<code>file:line</code>", "" for nowhere. */
const char *html_place(struct pool *pool, struct origin origin);
/* A list of NOTES, in a section of that id, or (NULL) under a heading of its own in another.
 * Nothing for no notes. */
void html_notes(FILE *out, struct pool *pool, const char *section, const char *title,
		const struct notes *notes);

/* render-html-audit.c: the table of all settings, what is not ok first. */
void html_findings(FILE *out, const struct report *report);
/* render-html-changes.c: values and diffs of PLAN, and what differs after it. */
void html_changes(FILE *out, struct pool *pool, const struct plan *plan);
/* render-html-sockets.c: figures, charts, and the processes that hold them. */
void html_sockets(FILE *out, struct pool *pool, const struct socket_report *report);
/* render-html-recording.c: curves. */
void html_recording(FILE *out, struct pool *pool, const struct recording *recording);

render_function html_audit; /* render-html-verdict.c */
render_function html_fleet; /* render-html-fleet.c */

#endif
