/* SPDX-License-Identifier: MIT
 *
 * Charts of a page as inline SVG: bars, and a line over time. They are as wide as there is room,
 * their text keeps its size, and each has a title and a description for those who do not see it;
 * the page has the same figures as text beside them.
 */
#ifndef KEELTUNE_HTML_CHART_H
#define KEELTUNE_HTML_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct pool;

/* Texts of charts are HTML: escape what comes from a host. */

struct html_bar {
	const char *label;
	const char *value; /* what the bar means: "812 of 1024" */
	double share;      /* of the width, 0..1; more is cut */
	bool is_bad;       /* marked, by more than its colour */
};

struct html_bars {
	const char *title, *description;
	const struct html_bar *bars;
	size_t count;
};

void html_bars(FILE *out, const struct html_bars *chart);

#define HTML_MISSING UINT64_MAX /* no value at that time: the line has a gap */

struct html_line {
	const char *title, *description;
	const char *last;    /* the newest value, with its unit */
	const time_t *times; /* not falling */
	const uint64_t *values;
	size_t count;         /* 1.. */
	uint64_t limit;       /* a dashed line; 0: none */
	const char *limit_is; /* "soft limit 1024" */
	bool is_bad;
};

void html_line(FILE *out, struct pool *pool, const struct html_line *chart);

/* "2026-11-25 01:02:03", UTC */
const char *html_time(struct pool *pool, time_t time);

#endif
