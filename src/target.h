/* SPDX-License-Identifier: MIT
 *
 * The places that keeltune may ever write to, one row for each kind of file: what apply puts there
 * rollback may take back, and nothing else. Pure.
 */
#ifndef KEELTUNE_TARGET_H
#define KEELTUNE_TARGET_H

#include <stdbool.h>

struct pool;

bool target_is_file(const char *path);
/* A directory that apply makes where it is missing. */
bool target_is_directory(const char *path);

/* The file in /etc that hides PATH, a vendor's: equal names, as sysctl.d(5), limits.conf(5) and
 * systemd.unit(5) have it. Whether the host's programs do it so is seen afterwards. NULL: none. */
const char *target_that_hides(struct pool *pool, const char *path);

#endif
