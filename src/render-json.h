/* SPDX-License-Identifier: MIT
 *
 * What the render-json*.c share. New references throughout; strings that are not UTF-8 are made so.
 */
#ifndef KEELTUNE_RENDER_JSON_H
#define KEELTUNE_RENDER_JSON_H

#include "report.h"

#include <jansson.h>

json_t *json_of_text(struct pool *pool, const char *bytes); /* NULL: null */
/* Numbers up to 2^63-1 are numbers, larger ones decimal strings; VALUE_NONE: null. */
json_t *json_of_value(struct pool *pool, struct value v);
json_t *json_of_limit(struct pool *pool, uint64_t limit);
json_t *json_of_count(uint64_t number);
json_t *json_of_time(struct pool *pool, time_t time);
json_t *json_of_reading(struct pool *pool, const struct reading *r);
json_t *json_of_origin(struct pool *pool, struct origin o);
json_t *json_of_shadows(struct pool *pool, const struct shadow *shadows, size_t count);
json_t *json_of_engine(struct pool *pool, const struct query *query);

/* What every report begins with: schema, tool, host, ..., notes. */
json_t *json_of_report(const struct report *report);
/* The same with what REPORT's plan changes. */
json_t *json_of_changes(const struct report *report, bool changed);
/* Prints OBJECT and gives it back. */
void json_write(FILE *out, json_t *object);
void json_write_line(FILE *out, json_t *object); /* the same in one line */

render_function json_limits;  /* render-json-limits.c */
render_function json_sockets; /* render-json-sockets.c */
render_function json_sample;  /* render-json-watch.c */
render_function json_relieve; /* render-json-relief.c */
render_function json_explain; /* render-json-explain.c */
render_function json_fleet;   /* render-json-fleet.c */

/* Of render-json-limits.c: a line of limits.conf, lines that lose. */
json_t *json_of_rule(struct pool *pool, const struct limits_entry *line); /* NULL: null */
json_t *json_of_lost(struct pool *pool, const struct login_lost *lost);

#endif
