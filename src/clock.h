/* SPDX-License-Identifier: MIT
 *
 * Time as a number and as text.
 */
#ifndef KEELTUNE_CLOCK_H
#define KEELTUNE_CLOCK_H

#include <time.h>

struct pool;

double clock_now(void); /* seconds of the monotonic clock */

const char *clock_local(struct pool *pool, time_t time); /* "2026-11-25 02:48:51" */
const char *clock_utc(struct pool *pool, time_t time);   /* RFC 3339: "2026-11-25T01:48:51Z" */

#endif
