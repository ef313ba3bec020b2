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

/* CHANGE is of sockets that came to light since TRANSACTION was executed, which has them in its
 * record now. Each is put back on its own, so that the record may be ahead of what is done. 0 or
 * -errno: not all of them are set, and what is set can be undone. */
int apply_more(struct host *host, const struct transaction *transaction,
	       const struct change *change, struct error *err);

/* Executes UNDO, conflicts or not, and marks TRANSACTION rolled back. What stood in conflict is
 * kept in found/ of the rollback file. */
enum apply_outcome apply_undo(struct host *host, const struct transaction *transaction,
			      const struct undo *undo, struct error *err);

#endif
