/* SPDX-License-Identifier: MIT
 *
 * What every HTML page of keeltune has in common: escaping, the head with its style, the foot and
 * the few parts that pages share. A page is one file that loads nothing and runs no script; its
 * Content-Security-Policy says so. Its elements take their looks from classes, never from a style
 * attribute (the policy forbids that, too):
 *
 *   section.card               a block of the page, begins with an h2
 *   table.stack                on a narrow screen each row is a card: every td needs a data-label
 *   td.number                  aligned to the right
 *   details.more > summary     unfolds; on paper it is open
 *   code, pre                  what is typed or was read
 *   pre.diff > ins, del, b     a unified diff
 *   p.about                   the first line of the page, under its heading: when, what
 *   .muted .tag .bad .none     grey; a small label; a value outside the range; no value
 *   ul.plain                   a list without bullets
 */
#ifndef KEELTUNE_HTML_H
#define KEELTUNE_HTML_H

#include "model.h"

#include <stdio.h>

struct pool;

/* TEXT for an element or a quoted attribute. Control characters and bytes that are not UTF-8 become
 * \xNN, and so does what is invisible or turns the direction of writing (a name could pretend to
 * be another). KEEP lists control characters to leave alone: "" or "\n\t". */
const char *html_escape(struct pool *pool, const char *text, const char *keep);
/* The same for text that is put as it is: html_escape(pool, text, ""). */
void html_text(FILE *out, struct pool *pool, const char *text);
/* The same for an id, which may be broken behind its marks. */
void html_id(FILE *out, struct pool *pool, const char *id);
/* TEXT cut to at most WIDTH characters, the last of them "…" where something is missing. Escaped.
 */
const char *html_short(struct pool *pool, const char *text, size_t width);

/* From the doctype to the open <main>. WHAT ("Audit") and NAME (of a host) are the heading. */
void html_begin(FILE *out, struct pool *pool, const char *what, const char *name);
/* FOOT (HTML, or NULL) is the last line of the page. */
void html_end(FILE *out, const char *foot);

/* A verdict as a word with a sign: colour says nothing alone. WORD is HTML. */
void html_badge(FILE *out, enum verdict verdict, const char *word);
/* The first block of a page. SENTENCE is HTML; what is to be done follows until
 * html_verdict_end(). */
void html_verdict_begin(FILE *out, enum verdict verdict, const char *sentence);
void html_verdict_end(FILE *out);

/* A row of figures; each is a number and what it counts (HTML). */
void html_figures_begin(FILE *out);
void html_figure(FILE *out, enum verdict verdict, size_t number, const char *what);
void html_figures_end(FILE *out);

/* The style sheet of all pages (html-style.c), and its digest for the policy: "sha256-...". */
const char *html_style(struct pool *pool);
const char *html_style_digest(struct pool *pool, const char *style);

#endif
