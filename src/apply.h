/* SPDX-License-Identifier: MIT
 *
 * The transaction: executes changes, all or nothing, with the rollback file on disk before the
 * first one. Undo is the same executor with the images exchanged.
 */
#ifndef KEELTUNE_APPLY_H
#define KEELTUNE_APPLY_H

#include "journal.h"
#include "plan.h"
#include "undo.h"

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

/* Executes UNDO, conflicts or not, and marks TRANSACTION rolled back. What stood in conflict is
 * kept in found/ of the rollback file. */
enum apply_outcome apply_undo(struct host *host, const struct transaction *transaction,
			      const struct undo *undo, struct error *err);

#endif
