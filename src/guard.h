/* SPDX-License-Identifier: MIT
 *
 * What is looked at before anything is written, beside what the providers refuse: the places, the
 * room on their file systems, who holds more than a lower fs.nr_open. All return 0, or -errno and
 * ERR says why.
 */
#ifndef KEELTUNE_GUARD_H
#define KEELTUNE_GUARD_H

#include "model.h"

struct audit;
struct error;
struct host;
struct journal_entry;
struct plan;
struct query;
struct transaction;

/* guard-target.c: can the place of CHANGE be replaced, and is it root's alone? */
int guard_target(struct host *host, const struct change *change, struct error *err);

/* guard-space.c: is there room for the rollback file ENTRY of TRANSACTION and for all its files? */
int guard_space(struct host *host, const struct transaction *transaction,
		const struct journal_entry *entry, struct error *err);

/* guard-login.c: refuses PLAN (an errno, ERR) when a session that opens today would not any more,
 * or when an account would get another value than now without a setting of AUDIT that means it;
 * adds notes on what else begins to count. AUDIT NULL: PLAN undoes, only sessions count. Leaves the
 * overlay with the plan. */
int guard_logins(struct host *host, const struct query *query, const struct audit *audit,
		 struct plan *plan, struct error *err);

/* guard-nr-open.c: with PLAN in the overlay of HOST. BEFORE: what the next boot would leave in
 * fs.nr_open without it. */
int guard_nr_open(struct host *host, const struct query *query, const struct plan *plan,
		  struct reading before, struct error *err);
/* Who holds more descriptors than a running fs.nr_open of VALUE would allow, as a phrase; NULL:
 * nobody. */
const char *guard_nr_open_holder(struct host *host, uint64_t value);

#endif
