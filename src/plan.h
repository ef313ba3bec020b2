/* SPDX-License-Identifier: MIT
 *
 * What apply would do: an ordered list of changes, each with its before and after image. Building a
 * plan changes nothing but the overlay of the host it was made for.
 */
#ifndef KEELTUNE_PLAN_H
#define KEELTUNE_PLAN_H

#include "audit.h"
#include "model.h"
#include "provider.h"

struct error;
struct host;
struct held;

struct plan {
	struct pool *pool;
	struct change *changes;
	size_t count;
	const char **directories; /* that do not exist yet, parents first */
	size_t directory_count;
	struct notes notes;     /* obstacles and things to know, from propose() */
	struct audit remaining; /* the host as it would be afterwards */
};

/* Plans what makes the findings of AUDIT compliant on HOST (whose overlay shows the result
 * afterwards), and what of HELD (see journal.h) nobody wants any more is put back. OVERRIDE_ID
 * (or NULL): lines of others that would still defeat the settings are commented out, marked with
 * this id of the rollback file. -EPERM..: refused (guards), ERR
 * says why; nothing was changed. */
int plan_build(struct host *host, const struct query *query,
	       const struct provider *const *providers, const struct audit *audit,
	       const struct held *held, const char *override_id, struct plan *ret_plan,
	       struct error *err);

/* login-guard.c: refuses PLAN (an errno, ERR) when a session that opens today would not any more,
 * or when an account would get another value than now without a setting of AUDIT that means it;
 * adds notes on what else begins to count. AUDIT NULL: PLAN undoes, only sessions count. Leaves the
 * overlay with the plan. */
int login_guard(struct host *host, const struct query *query, const struct audit *audit,
		struct plan *plan, struct error *err);

/* For providers. PATH gets exactly BYTES (NULL: is removed); a second call for the same path
 * replaces the first; a call that would change nothing is forgotten. Mode and owner of an existing
 * file are kept, a new one is root's and 0644. */
void plan_put_file(struct plan *plan, struct host *host, const char *id, const char *path,
		   const char *bytes, size_t size);
/* KEY is dotted. */
void plan_put_sysctl(struct plan *plan, struct host *host, const char *id, const char *key,
		     const char *value);

#endif
