/* SPDX-License-Identifier: MIT
 *
 * The parts of the unit provider: what it takes from profiles and sees (provider-unit.c), what a
 * unit starts with (unit-start.c), what it proposes (unit-propose.c).
 */
#ifndef KEELTUNE_PROVIDER_UNIT_H
#define KEELTUNE_PROVIDER_UNIT_H

#include "login.h"
#include "provider.h"
#include "unit.h"

/* ---- unit-start.c ------------------------------------------------------------------------ */

/* The limits of one item that the next start of a unit gives its main process: what the files say,
 * as far as fs.nr_open lets it and pam_limits.so leaves it. Numbers in the kernel's unit. */
struct unit_start {
	struct unit_limit files;
	struct login_limit gets;
	const char *unknown;  /* why it cannot be told; or NULL */
	const char *fails;    /* why it does not start; or NULL */
	struct origin origin; /* of either */
};

void unit_start(const struct unit *unit, const struct query *query, const struct limit_row *row,
		struct unit_start *ret);

/* The name of an account that User= means: it takes a uid, too. */
const char *unit_account_name(struct host *host, const char *user);

/* ---- provider-unit.c --------------------------------------------------------------------- */

/* What the next start of UNIT gives for SETTING. */
struct reading unit_boot_reading(const struct unit *unit, const struct query *query,
				 const struct setting *setting);

/* ---- unit-live.c ------------------------------------------------------------------------- */

/* Fills in the live layer of SETTINGS. IDS: of each the unit as systemd calls it; NULL: it has
 * none. */
void unit_observe_live(struct host *host, const struct query *query,
		       const struct setting *const *settings, const char *const *ids, size_t count,
		       struct observed *ret, struct notes *notes);

/* ---- unit-propose.c ---------------------------------------------------------------------- */

int unit_propose(struct host *host, const struct query *query, const struct finding *findings,
		 size_t count, struct plan *plan, struct error *err);

/* What must be done on the running host before a change of the file at PATH counts; NULL: it is
 * none of this provider's. */
const char *unit_follow_up(struct pool *pool, const char *path);

#endif
