// SPDX-License-Identifier: MIT
/* Charts as SVG, see html-chart.h. Widths are in percent and text is outside of what is scaled, so
 * that no script has to know how wide the page is. */
#include "html-chart.h"

#include "pool.h"

#include <inttypes.h>

#define ROW 44     /* pixels for each bar: a line of text, the bar, a gap */
#define PANEL 96   /* height of a line's field */
#define UNITS 1000 /* its width and height, before it is stretched */

/* A point as an SVG number: thousandths are enough. */
static void print_number(FILE *out, double number)
{
	long thousandths = (long)(number * 1000 + 0.5);

	fprintf(out, "%ld.%03ld", thousandths / 1000, thousandths % 1000);
}

void html_bars(FILE *out, const struct html_bars *chart)
{
	fprintf(out,
		"<svg class=\"chart\" width=\"100%%\" height=\"%zu\" role=\"img\">\n"
		"<title>%s</title>\n<desc>%s</desc>\n",
		chart->count * ROW, chart->title, chart->description);
	for (size_t i = 0; i < chart->count; i++) {
		const struct html_bar *bar = &chart->bars[i];
		size_t y = i * ROW;
		double share = bar->share > 1 ? 1 : bar->share > 0 ? bar->share : 0;
		fprintf(out,
			"<text x=\"0\" y=\"%zu\">%s</text>"
			"<text x=\"100%%\" y=\"%zu\" class=\"value%s\">%s%s</text>"
			"<rect class=\"track\" y=\"%zu\" width=\"100%%\" height=\"10\" rx=\"3\"/>",
			y + 15, bar->label, y + 15, bar->is_bad ? " bad" : "",
			bar->is_bad ? "! " : "", bar->value, y + 22);
		if (share > 0) {
			fprintf(out, "<rect class=\"bar%s\" y=\"%zu\" width=\"",
				bar->is_bad ? " bad" : "", y + 22);
			print_number(out, share * 100);
			fputs("%\" height=\"10\" rx=\"3\"/>", out);
		}
		fputc('\n', out);
	}
	fputs("</svg>\n", out);
}

/* ---- over time --------------------------------------------------------------------------- */

const char *html_time(struct pool *pool, time_t time)
{
	struct tm tm;
	char text[32];

	if (!gmtime_r(&time, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
		return "?";
	return pool_strdup(pool, text);
}

static uint64_t highest(const struct html_line *chart)
{
	uint64_t most = chart->limit;

	for (size_t i = 0; i < chart->count; i++)
		if (chart->values[i] != HTML_MISSING && chart->values[i] > most)
			most = chart->values[i];
	return most;
}

static double at_x(const struct html_line *chart, size_t i)
{
	time_t first = chart->times[0], last = chart->times[chart->count - 1];

	return last > first ? (double)(chart->times[i] - first) / (double)(last - first) * UNITS
			    : 0;
}

static double at_y(uint64_t value, uint64_t most)
{
	return most ? UNITS - (double)value / (double)most * UNITS : UNITS;
}

static void print_point(FILE *out, const char *command, double x, double y)
{
	fputs(command, out);
	print_number(out, x);
	fputc(' ', out);
	print_number(out, y);
}

/* From one gap to the next: as a line, and as the area under it. A single value is a short dash,
 * for a line of no length is not drawn. */
static void print_path(FILE *out, const struct html_line *chart, uint64_t most, bool is_area)
{
	fprintf(out, "<path class=\"%s%s\" d=\"", is_area ? "area" : "line",
		chart->is_bad ? " bad" : "");
	for (size_t i = 0; i < chart->count; i++) {
		size_t first = i;
		if (chart->values[i] == HTML_MISSING)
			continue;
		if (is_area)
			print_point(out, "M", at_x(chart, i), UNITS);
		for (; i < chart->count && chart->values[i] != HTML_MISSING; i++)
			print_point(out, i == first && !is_area ? "M" : "L", at_x(chart, i),
				    at_y(chart->values[i], most));
		double end = at_x(chart, i - 1);
		if (i - 1 == first) {
			end = end + 8 > UNITS ? UNITS : end + 8;
			print_point(out, "L", end, at_y(chart->values[first], most));
		}
		if (is_area) {
			print_point(out, "L", end, UNITS);
			fputc('Z', out);
		}
	}
	fputs("\"/>", out);
}

void html_line(FILE *out, struct pool *pool, const struct html_line *chart)
{
	uint64_t most = highest(chart);

	fprintf(out,
		"<figure class=\"panel\">\n<figcaption>%s <b>%s</b></figcaption>\n"
		"<p class=\"axis\" aria-hidden=\"true\"><span>%" PRIu64 "</span>",
		chart->title, chart->last, most);
	if (chart->limit)
		fprintf(out, "<span>%s</span>", chart->limit_is);
	fputs("</p>\n", out);
	fprintf(out,
		"<svg class=\"chart\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
		"preserveAspectRatio=\"none\" role=\"img\">\n<title>%s</title>\n<desc>%s</desc>\n"
		"<rect class=\"track\" width=\"%d\" height=\"%d\"/>",
		PANEL, UNITS, UNITS, chart->title, chart->description, UNITS, UNITS);
	print_path(out, chart, most, true);
	print_path(out, chart, most, false);
	if (chart->limit) {
		double y = at_y(chart->limit, most);
		print_point(out, "<path class=\"limit\" d=\"M", 0, y);
		print_point(out, "L", UNITS, y);
		fputs("\"/>", out);
	}
	fprintf(out,
		"</svg>\n<p class=\"axis\" "
		"aria-hidden=\"true\"><span>%s</span><span>%s</span></p>\n"
		"</figure>\n",
		html_time(pool, chart->times[0]), html_time(pool, chart->times[chart->count - 1]));
}
