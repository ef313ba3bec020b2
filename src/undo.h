/* SPDX-License-Identifier: MIT
 *
 * What undoing a transaction means here and now: a plan with the images exchanged, what somebody
 * else changed since, what is not restored. Writes nothing; apply.c executes it.
 */
#ifndef KEELTUNE_UNDO_H
#define KEELTUNE_UNDO_H

#include "journal.h"
#include "plan.h"

struct error;
struct host;

/* A recorded change that is not as keeltune left it. */
struct conflict {
	const struct change *change;
	struct image found;
	const char *difference; /* what was found and what keeltune had left, as a predicate */
	const char *by; /* id of the later apply that changed it again, or NULL: somebody else */
};

/* A running value that is not restored, and why. */
struct kept {
	const char *path, *why;
};

/* What undoing TRANSACTION means now. The before-images of its changes must be loaded. */
struct undo {
	const struct transaction *transaction;
	const struct undo *earlier; /* what is taken as undone before this one */
	struct plan plan;           /* newest change first */
	struct conflict
		*conflicts; /* to be decided by somebody: nothing of TRANSACTION may be undone */
	size_t conflict_count;
	struct kept *kept;
	size_t kept_count;
	const char *objection; /* whom it would hurt, or NULL */
};
/* JOURNAL tells which later applies build on TRANSACTION. EARLIER: undos that are taken as done,
 * the last one first (each links to the one before); NULL: none. -errno when a target cannot be
 * read.
 */
int undo_plan(struct host *host, const struct journal *journal,
	      const struct transaction *transaction, const struct undo *earlier,
	      struct undo *ret_undo, struct error *err);

/* Where there is nothing to go back to: all is kept, because of WHY. Returns 0. */
int undo_nothing(struct host *host, const struct transaction *transaction, const char *why,
		 struct undo *ret_undo);

#endif
