/* SPDX-License-Identifier: MIT
 *
 * The transaction: executes changes, all or nothing, with the rollback file on disk before the
 * first one. Undo is the same executor with the images exchanged.
 */
#ifndef KEELTUNE_APPLY_H
#define KEELTUNE_APPLY_H

#include "journal.h"
#include "model.h"
#include "plan.h"

struct error;
struct host;

enum apply_outcome {
	APPLY_DONE,
	APPLY_STALE, /* somebody changed a target since the plan was made: nothing done, plan again
		      */
	APPLY_REFUSED,  /* failed before the first change */
	APPLY_PUT_BACK, /* failed, and everything is as before */
	APPLY_STUCK,    /* failed, and something could not be put back: ERR names it */
};

/* Executes PLAN as TRANSACTION (already named; its changes and directories are PLAN's). ERR is set
 * unless APPLY_DONE. */
enum apply_outcome apply_plan(struct host *host, const struct plan *plan,
			      const struct transaction *transaction, struct error *err);

/* A recorded change that is not as keeltune left it. */
struct conflict {
	const struct change *change;
	struct image found;
	const char *difference; /* of files: "has other content now" */
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
int apply_plan_undo(struct host *host, const struct journal *journal,
		    const struct transaction *transaction, const struct undo *earlier,
		    struct undo *ret_undo, struct error *err);

/* Where there is nothing to go back to: all is kept, because of WHY. Returns 0. */
int apply_plan_no_undo(struct host *host, const struct transaction *transaction, const char *why,
		       struct undo *ret_undo);

/* Executes UNDO, conflicts or not, and marks TRANSACTION rolled back. What stood in conflict is
 * kept in found/ of the rollback file. */
enum apply_outcome apply_undo(struct host *host, const struct transaction *transaction,
			      const struct undo *undo, struct error *err);

#endif
