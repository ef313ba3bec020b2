// SPDX-License-Identifier: MIT
/* From a rollback file and what stands at its places to what is to be done, see undo.h. */
#include "undo.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "relief.h"

#include <errno.h>
#include <string.h>

static bool is_of_this_boot(struct host *host, const struct transaction *transaction)
{
	const char *boot_id = host_boot_id(host);

	return boot_id && transaction->boot_id && !strcmp(boot_id, transaction->boot_id);
}

/* As text, without what two images have in common. */
static const char *say_attributes(struct pool *pool, const struct image *found,
				  const struct image *left)
{
	if (found->mode == left->mode && found->uid == left->uid && found->gid == left->gid)
		return "has other extended attributes or another access list now";
	return pool_printf(pool,
			   "has another mode or owner now: %04o %u:%u, keeltune had left %04o "
			   "%u:%u",
			   found->mode, found->uid, found->gid, left->mode, left->uid, left->gid);
}

static const char *say_difference(struct pool *pool, enum change_kind kind, const char *link,
				  const struct image *found, const struct image *left)
{
	if (kind != CHANGE_FILE)
		return pool_printf(pool, "is %s now, keeltune had set %s",
				   value_format(pool, value_parse(pool, found->bytes)),
				   value_format(pool, value_parse(pool, left->bytes)));
	if (link)
		return pool_printf(pool, "is a link to %s now", link);
	if (!found->exists || !left->exists)
		return found->exists ? "is there again" : "is gone";
	if (journal_matches(pool, kind, found, left))
		return say_attributes(pool, found, left);
	return pool_printf(pool,
			   "has other content now: sha256 %.12s..., keeltune had left %.12s...",
			   manifest_digest(pool, found->bytes, found->size), left->sha256);
}

/* What stands at the place of CHANGE, once the EARLIER undos are done. */
static int look(struct host *host, const struct change *change, const struct undo *undo,
		struct image *ret_now, const char **ret_link)
{
	for (const struct undo *earlier = undo->earlier; earlier; earlier = earlier->earlier) {
		if (change->kind == CHANGE_SYSCTL &&
		    !journal_same_scope(earlier->transaction, undo->transaction))
			continue;
		for (size_t i = 0; i < earlier->plan.count; i++) {
			if (strcmp(earlier->plan.changes[i].path, change->path) != 0)
				continue;
			*ret_now = earlier->plan.changes[i].after;
			*ret_link = NULL;
			return 0;
		}
	}
	*ret_link = change->kind == CHANGE_FILE ? host_link(host, change->path) : NULL;
	return change_is_of_process(change->kind) ? relief_image(host_pool(host), change, ret_now)
						  : host_image(host, change->path, ret_now);
}

static void add_kept(struct undo *undo, const char *path, const char *why)
{
	undo->kept[undo->kept_count++] = (struct kept){ path, why };
}

/* One change of the transaction, back. */
static int plan_back(struct host *host, const struct journal *journal, const struct change *change,
		     bool this_boot, struct undo *undo, struct error *err)
{
	const struct transaction *transaction = undo->transaction;
	struct pool *pool = undo->plan.pool;
	bool interrupted = transaction->state != TRANSACTION_APPLIED;
	const struct transaction *later = journal_built_on(journal, transaction, change->path);
	struct image now;
	const char *link;

	if (change->kind != CHANGE_FILE && host_is_live(host) && !host_boot_id(host))
		return error_set(
			err, -ENODATA,
			"%s: whether it was set in this boot cannot be told without " BOOT_ID,
			change->path);
	if (change->kind != CHANGE_FILE && !this_boot) {
		add_kept(undo, change->path, "it was set before the last boot");
		return 0;
	}
	int rc = look(host, change, undo, &now, &link);
	if (rc < 0)
		return error_set(err, rc, "%s: %s", change->path,
				 rc == -EINVAL ? "is no regular file any more" : strerror(-rc));
	if (change->kind != CHANGE_FILE && !now.exists) {
		add_kept(undo, change->path,
			 change->kind == CHANGE_SYSCTL ? "the kernel has no such key any more"
						       : "the process has ended");
		return 0;
	}
	/* An interrupted apply leaves each place changed or not yet changed. What was not is put
	 * all the same: that removes the temporary file beside it. */
	bool is_other = change->kind == CHANGE_FILE && now.exists && change->after.exists &&
			!same_attributes(&now, &change->after);
	bool is_after = journal_matches(pool, change->kind, &now, &change->after);
	bool is_before = journal_matches(pool, change->kind, &now, &change->before);
	if (later || link || (is_after && is_other) || !(is_after || (interrupted && is_before)))
		undo->conflicts[undo->conflict_count++] =
			(struct conflict){ .change = change,
					   .found = now,
					   .difference = say_difference(pool, change->kind, link,
									&now, &change->after),
					   .by = later ? later->id : NULL };
	struct change *back = &undo->plan.changes[undo->plan.count++];
	*back = *change;
	back->before = now;
	if (link)
		back->before = (struct image){ .bytes = "" };
	back->after = change->before;
	return 0;
}

int undo_plan(struct host *host, const struct journal *journal,
	      const struct transaction *transaction, const struct undo *earlier,
	      struct undo *ret_undo, struct error *err)
{
	struct pool *pool = host_pool(host);
	struct undo undo = { .transaction = transaction,
			     .earlier = earlier,
			     .plan = { .pool = pool, .notes.pool = pool } };
	bool this_boot = is_of_this_boot(host, transaction);

	undo.plan.changes = pool_alloc(pool, transaction->count * sizeof *undo.plan.changes);
	undo.conflicts = pool_alloc(pool, transaction->count * sizeof *undo.conflicts);
	undo.kept = pool_alloc(pool, transaction->count * sizeof *undo.kept);
	for (size_t i = transaction->count; i-- > 0;) {
		int rc = plan_back(host, journal, &transaction->changes[i], this_boot, &undo, err);
		if (rc < 0)
			return rc;
	}
	*ret_undo = undo;
	return 0;
}

int undo_nothing(struct host *host, const struct transaction *transaction, const char *why,
		 struct undo *ret_undo)
{
	struct pool *pool = host_pool(host);
	struct undo undo = { .transaction = transaction,
			     .plan = { .pool = pool, .notes.pool = pool },
			     .kept = pool_alloc(pool, transaction->count * sizeof *undo.kept) };

	for (size_t i = 0; i < transaction->count; i++)
		add_kept(&undo, transaction->changes[i].path, why);
	*ret_undo = undo;
	return 0;
}
