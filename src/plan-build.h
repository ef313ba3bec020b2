/* SPDX-License-Identifier: MIT
 *
 * From findings to a plan that may be executed: proposals, releases, overrides, guards, and an
 * audit of the host as it would then be.
 */
#ifndef KEELTUNE_PLAN_BUILD_H
#define KEELTUNE_PLAN_BUILD_H

#include "plan.h"

struct error;
struct held;
struct host;

/* Plans what makes the findings of AUDIT compliant on HOST (whose overlay shows the result
 * afterwards), and what of HELD (see journal.h) nobody wants any more is put back. OVERRIDE_ID
 * (or NULL): lines of others that would still defeat the settings are commented out, marked with
 * this id of the rollback file. -EPERM..: refused (guards), ERR
 * says why; nothing was changed. */
int plan_build(struct host *host, const struct query *query,
	       const struct provider *const *providers, const struct audit *audit,
	       const struct held *held, const char *override_id, struct plan *ret_plan,
	       struct error *err);

#endif
