// SPDX-License-Identifier: MIT
/* Time as a number and as text, see clock.h. */
#include "clock.h"

#include "pool.h"

double clock_now(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_MONOTONIC, &now)
		       ? 0
		       : (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

const char *clock_local(struct pool *pool, time_t time)
{
	struct tm local;
	char text[40] = "?";

	if (localtime_r(&time, &local))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
	return pool_strdup(pool, text);
}

const char *clock_utc(struct pool *pool, time_t time)
{
	struct tm utc;
	char text[40] = "?";

	if (gmtime_r(&time, &utc))
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return pool_strdup(pool, text);
}
