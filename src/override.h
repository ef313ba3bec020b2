/* SPDX-License-Identifier: MIT
 *
 * `--override`: lines of others that defeat the profile are commented out, in the plan.
 */
#ifndef KEELTUNE_OVERRIDE_H
#define KEELTUNE_OVERRIDE_H

#include "audit.h"

struct attempt;
struct host;
struct plan;

struct override {
	struct plan *plan;
	struct host *host;
	const char *id; /* of the rollback file: the mark is "# keeltune ID: " */
	struct attempt *attempts;
	size_t count;
};

/* Comments out one line that wins where a setting of REMAINING still differs, or takes back one
 * that did not help. False: nothing is left to do. */
bool override_next(struct override *override, const struct audit *remaining);

#endif
