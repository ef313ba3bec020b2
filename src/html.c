// SPDX-License-Identifier: MIT
/* Pages of HTML, see html.h. Pure: everything goes to the stream that it is given. */
#include "html.h"

#include "escape.h"
#include "pool.h"

#include <string.h>

/* ---- escaping ---------------------------------------------------------------------------- */

static const char *entity(uint32_t code)
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Escapes at most WIDTH characters of TEXT, which escape_control() has made valid. */
static const char *escape_some(struct pool *pool, const char *text, size_t width)
{
	size_t length = strlen(text);
	const unsigned char *p = (const unsigned char *)text, *end = p + length;
	char *out = pool_buffer(pool, 6 * length + sizeof "…"), *to = out;

	for (; p < end && width; width--) {
		uint32_t code = 0;
		size_t size = utf8_sequence(p, end, &code);
		const char *name = entity(code);
		if (width == 1 && p + size < end) {
			to = stpcpy(to, "…");
			break;
		}
		if (name) {
			to = stpcpy(to, name);
		} else {
			memcpy(to, p, size);
			to += size;
		}
		p += size;
	}
	*to = '\0';
	return out;
}

const char *html_escape(struct pool *pool, const char *text, const char *keep)
{
	return escape_some(pool, escape_control(pool, text, keep), SIZE_MAX);
}

const char *html_short(struct pool *pool, const char *text, size_t width)
{
	return escape_some(pool, escape_control(pool, text, ""), width);
}

void html_text(FILE *out, struct pool *pool, const char *text)
{
	fputs(html_escape(pool, text, ""), out);
}

void html_id(FILE *out, struct pool *pool, const char *id)
{
	for (const char *p = html_escape(pool, id, ""); *p; p++) {
		fputc(*p, out);
		if (*p == ':' || *p == '.')
			fputs("<wbr>", out);
	}
}

/* ---- a page ------------------------------------------------------------------------------ */

void html_begin(FILE *out, struct pool *pool, const char *what, const char *name)
{
	const char *style = html_style(pool), *title = html_escape(pool, name, "");

	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<meta name=\"generator\" content=\"keeltune " KEELTUNE_VERSION "\">\n"
		"<link rel=\"icon\" href=\"data:,\">\n",
		html_style_digest(pool, style));
	fprintf(out, "<title>%s: %s</title>\n<style>%s</style>\n</head>\n<body>\n", what, title,
		style);
	fprintf(out,
		"<a class=\"skip\" href=\"#content\">Skip to the content</a>\n"
		"<header class=\"page\">\n<p class=\"what\">%s</p>\n<h1>%s</h1>\n</header>\n"
		"<main id=\"content\">\n",
		what, title);
}

void html_end(FILE *out, const char *foot)
{
	fputs("</main>\n<footer class=\"page\">\n<p>", out);
	if (foot)
		fprintf(out, "%s ", foot);
	fputs("Made by keeltune " KEELTUNE_VERSION ".</p>\n</footer>\n</body>\n</html>\n", out);
}

/* ---- parts ------------------------------------------------------------------------------- */

static const struct {
	const char *class, *sign; /* of a circle of 16 by 16 */
} marks[VERDICT_COUNT] = {
	[VERDICT_OK] = { "ok", "M4.5 8.3l2.4 2.4 4.6-5" },
	[VERDICT_DIFFERS] = { "differs", "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6" },
	[VERDICT_UNKNOWN] = { "unknown", "M6 6.2c.2-2.4 4-2.3 4 0 0 1.6-2 1.6-2 3.2M8 11.4v.3" },
	[VERDICT_SKIPPED] = { "skipped", "M5 8h6" },
};

static void print_sign(FILE *out, enum verdict verdict)
{
	fprintf(out,
		"<svg class=\"sign\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">"
		"<circle cx=\"8\" cy=\"8\" r=\"7.5\"/><path d=\"%s\"/></svg>",
		marks[verdict].sign);
}

void html_badge(FILE *out, enum verdict verdict, const char *word)
{
	fprintf(out, "<span class=\"badge %s\">", marks[verdict].class);
	print_sign(out, verdict);
	fprintf(out, "%s</span>", word);
}

void html_verdict_begin(FILE *out, enum verdict verdict, const char *sentence)
{
	fprintf(out, "<section class=\"verdict %s\" aria-labelledby=\"verdict\">\n",
		marks[verdict].class);
	print_sign(out, verdict);
	fprintf(out, "<div>\n<h2 id=\"verdict\">%s</h2>\n", sentence);
}

void html_verdict_end(FILE *out)
{
	fputs("</div>\n</section>\n", out);
}

void html_figures_begin(FILE *out)
{
	fputs("<ul class=\"figures\">\n", out);
}

void html_figure(FILE *out, enum verdict verdict, size_t number, const char *what)
{
	fprintf(out, "<li class=\"%s%s\"><b>%zu</b> %s</li>\n", marks[verdict].class,
		number ? "" : " zero", number, what);
}

void html_figures_end(FILE *out)
{
	fputs("</ul>\n", out);
}
