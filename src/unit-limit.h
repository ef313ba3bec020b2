/* SPDX-License-Identifier: MIT
 *
 * How lines about one limit follow each other: what LimitX= of units and DefaultLimitX= of
 * system.conf have in common. Pure; for unit-limit.c and unit-default.c.
 */
#ifndef KEELTUNE_UNIT_LIMIT_H
#define KEELTUNE_UNIT_LIMIT_H

#include "unit.h"

struct pool;

struct unit_limit_line {
	struct origin origin;
	const char *value;
};

/* RLIMIT_x of "LimitNOFILE" with PREFIX "Limit"; -1: another key. */
int unit_limit_resource(const char *key, const char *prefix);

/* LINE, of SOURCE, comes after those that made LIMIT: it wins, or is ignored. */
void unit_limit_take(struct pool *pool, int resource, const struct unit_limit_line *line,
		     enum unit_limit_source source, struct unit_limit *limit);

#endif
