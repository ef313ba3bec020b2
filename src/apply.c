// SPDX-License-Identifier: MIT
/* The executor, see apply.h. Order of an apply: before-images checked, rollback file fsynced in
 * state prepared, changes, state applied. From the first change on nothing allocates, and the only
 * failures left are those of system calls on the targets; then what was done is put back in reverse
 * order. */
#include "apply.h"

#include "boot.h"
#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

/* Does the kernel hold what IMAGE says? It answers in decimal with tabs between numbers. */
static int check_sysctl(const char *path, const struct image *image)
{
	char text[4096];
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t size = read(fd, text, sizeof text);
	if (size < 0)
		return -errno;
	return tokens_equal(text, (size_t)size, image->bytes, image->size) ? 0 : -EIO;
}

static bool is_as_before(const struct host *host, const struct change *change)
{
	if (change->kind == CHANGE_FILE)
		return store_holds(host, change->path, &change->before);
	return !host_is_live(host) || check_sysctl(change->path, &change->before) == 0;
}

static int put(const struct host *host, const struct change *change, const struct image *image)
{
	if (change->kind == CHANGE_FILE)
		return store_put_file(host, change->path, image);
	int rc = store_put_sysctl(host, change->path, image->bytes, image->size);
	return rc ? rc : check_sysctl(change->path, image);
}

static const char *explain(const struct change *change, int rc)
{
	if (rc == -EIO && change->kind == CHANGE_SYSCTL)
		return "the kernel kept another value";
	if ((rc == -EINVAL || rc == -ENOENT) && change->kind == CHANGE_SYSCTL)
		return "the kernel refuses the value";
	return strerror(-rc);
}

/* Puts back the first COUNT changes, the last one first, and names in ERR what resisted. */
static enum apply_outcome put_back(const struct host *host, const struct change *changes,
				   size_t count, struct error *err)
{
	enum apply_outcome outcome = APPLY_PUT_BACK;
	char first[sizeof err->message];

	memcpy(first, err->message, sizeof first);
	for (size_t i = count; i-- > 0;) {
		/* A write that was refused has changed nothing, and would be refused again. */
		int rc = is_as_before(host, &changes[i])
				 ? 0
				 : put(host, &changes[i], &changes[i].before);
		if (rc && outcome == APPLY_PUT_BACK) {
			error_set(err, rc, "%.400s; and %.200s could not be put back: %s", first,
				  changes[i].path, explain(&changes[i], rc));
			outcome = APPLY_STUCK;
		}
	}
	return outcome;
}

/* All or nothing. */
static enum apply_outcome execute(const struct host *host, const struct change *changes,
				  size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_as_before(host, &changes[i])) {
			error_set(err, -ESTALE, "%.600s was changed by somebody else meanwhile",
				  changes[i].path);
			return put_back(host, changes, i, err);
		}
		int rc = put(host, &changes[i], &changes[i].after);
		if (rc) {
			error_set(err, rc, "%.600s: %s", changes[i].path, explain(&changes[i], rc));
			return put_back(host, changes, i + 1, err);
		}
	}
	return APPLY_DONE;
}

static void remove_directories(const struct host *host, const char *const *directories,
			       size_t count)
{
	while (count-- > 0)
		(void)store_remove_directory(host, directories[count]); /* stays when not empty */
}

static int make_directories(const struct host *host, const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->directory_count; i++) {
		int rc = store_make_directory(host, plan->directories[i], 0755);
		if (rc) {
			remove_directories(host, plan->directories, i);
			return error_set(err, rc, "%s: %s", plan->directories[i], strerror(-rc));
		}
	}
	return 0;
}

/* From the rollback file on, a signal that would end the program comes too late: everything becomes
 * old or everything becomes new, is recorded so, and is reported. Signals stay held until the
 * program ends. */
static void hold_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

/* The last look before the first change: is everything still as the plan assumes? */
static int check_before_images(struct host *host, const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		struct image now;
		int rc = host_image(host, change->path, &now);
		if (rc < 0)
			return error_set(err, rc, "%s: %s", change->path, strerror(-rc));
		if (!journal_matches(host_pool(host), change->kind, &now, &change->before))
			return error_set(err, -ESTALE, "%s was changed by somebody else meanwhile",
					 change->path);
	}
	return 0;
}

/* From the rollback file in state prepared to its last state. */
static enum apply_outcome run(struct host *host, const struct plan *plan,
			      const struct transaction *transaction,
			      const struct journal_entry *entry, struct error *err)
{
	if (journal_prepare(host, transaction, entry, err) < 0)
		return APPLY_REFUSED;
	enum apply_outcome outcome = make_directories(host, plan, err) < 0
					     ? APPLY_PUT_BACK
					     : execute(host, plan->changes, plan->count, err);
	if (outcome == APPLY_DONE) {
		int rc = journal_set_state(host, entry, TRANSACTION_APPLIED);
		if (!rc)
			return APPLY_DONE;
		/* An apply that is not recorded as done would be undone by the next command. */
		error_set(err, rc, "%s: %s", entry->manifest_path, strerror(-rc));
		outcome = put_back(host, plan->changes, plan->count, err);
	}
	if (outcome == APPLY_STUCK)
		return outcome; /* stays prepared: rollback tries again */
	remove_directories(host, plan->directories, plan->directory_count);
	int rc = journal_set_state(host, entry, TRANSACTION_ROLLED_BACK);
	if (rc) { /* harmless: undoing it again changes nothing; but it is not silent */
		char first[sizeof err->message];
		memcpy(first, err->message, sizeof first);
		error_set(err, err->code,
			  "%.600s; and %.200s could not be marked as rolled back: %s", first,
			  entry->manifest_path, strerror(-rc));
	}
	return err->code == -ESTALE ? APPLY_STALE : APPLY_PUT_BACK;
}

enum apply_outcome apply_plan(struct host *host, const struct plan *plan,
			      const struct transaction *transaction, struct error *err)
{
	struct journal_entry entry;

	if (journal_encode(host, transaction, &entry, err) < 0)
		return APPLY_REFUSED;
	int rc = check_before_images(host, plan, err);
	if (rc < 0)
		return rc == -ESTALE ? APPLY_STALE : APPLY_REFUSED;
	hold_signals();
	return run(host, plan, transaction, &entry, err);
}

/* ---- undo -------------------------------------------------------------------------------- */

static bool is_of_this_boot(struct host *host, const struct transaction *transaction)
{
	const char *boot_id = host_boot_id(host);

	return boot_id && transaction->boot_id && !strcmp(boot_id, transaction->boot_id);
}

static bool same_attributes(const struct image *a, const struct image *b)
{
	if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid ||
	    a->xattr_count != b->xattr_count)
		return false;
	for (size_t i = 0; i < a->xattr_count; i++) {
		size_t j = 0;
		while (j < b->xattr_count && strcmp(a->xattrs[i].name, b->xattrs[j].name) != 0)
			j++;
		if (j == b->xattr_count || a->xattrs[i].size != b->xattrs[j].size ||
		    memcmp(a->xattrs[i].bytes, b->xattrs[j].bytes, a->xattrs[i].size) != 0)
			return false;
	}
	return true;
}

static const char *say_difference(bool is_link, bool exists, bool same_content)
{
	if (is_link)
		return "is a link now";
	if (!exists)
		return "is gone";
	return same_content ? "has another mode, owner or attributes now" : "has other content now";
}

int apply_plan_undo(struct host *host, const struct transaction *transaction, struct undo *ret_undo,
		    struct error *err)
{
	struct pool *pool = host_pool(host);
	struct undo undo = { .plan = { .pool = pool, .notes.pool = pool } };
	bool this_boot = is_of_this_boot(host, transaction);
	bool interrupted = transaction->state != TRANSACTION_APPLIED;
	struct kept *kept = pool_alloc(pool, transaction->count * sizeof *kept);

	undo.plan.changes = pool_alloc(pool, transaction->count * sizeof *undo.plan.changes);
	undo.conflicts = pool_alloc(pool, transaction->count * sizeof *undo.conflicts);
	for (size_t i = transaction->count; i-- > 0;) {
		const struct change *change = &transaction->changes[i];
		struct image now;

		if (change->kind == CHANGE_SYSCTL && !this_boot) {
			kept[undo.kept_count++] =
				(struct kept){ change->path, "it was set before the last boot" };
			continue;
		}
		int rc = host_image(host, change->path, &now);
		if (rc < 0)
			return error_set(err, rc, "%s: %s", change->path, strerror(-rc));
		/* An interrupted apply leaves each place changed or not yet changed. What was not
		 * is put all the same: that removes the temporary file beside it. */
		if (change->kind == CHANGE_SYSCTL && !now.exists) {
			kept[undo.kept_count++] =
				(struct kept){ change->path,
					       "the kernel has no such key any more" };
			continue;
		}
		bool is_link = change->kind == CHANGE_FILE && host_link(host, change->path);
		bool is_other = change->kind == CHANGE_FILE && now.exists && change->after.exists &&
				!same_attributes(&now, &change->after);
		bool is_after = journal_matches(pool, change->kind, &now, &change->after);
		bool is_before = journal_matches(pool, change->kind, &now, &change->before);
		if (is_link || (is_after && is_other) || !(is_after || (interrupted && is_before)))
			undo.conflicts[undo.conflict_count++] =
				(struct conflict){ change, now,
						   say_difference(is_link, now.exists, is_after) };
		struct change *back = &undo.plan.changes[undo.plan.count++];
		*back = *change;
		back->before = now;
		if (is_link)
			back->before = (struct image){ .bytes = "" };
		back->after = change->before;
	}
	undo.kept = kept;
	*ret_undo = undo;
	return 0;
}

int apply_plan_no_undo(struct host *host, const struct transaction *transaction, const char *why,
		       struct undo *ret_undo)
{
	struct pool *pool = host_pool(host);
	struct kept *kept = pool_alloc(pool, transaction->count * sizeof *kept);

	for (size_t i = 0; i < transaction->count; i++)
		kept[i] = (struct kept){ transaction->changes[i].path, why };
	*ret_undo = (struct undo){ .plan = { .pool = pool, .notes.pool = pool },
				   .kept = kept,
				   .kept_count = transaction->count };
	return 0;
}

static enum apply_outcome run_undo(struct host *host, const struct transaction *transaction,
				   const struct journal_entry *entry, const struct undo *undo,
				   struct error *err)
{
	int rc = journal_set_state(host, entry, TRANSACTION_RECOVERING);

	if (rc) {
		error_set(err, rc, "%s: %s", entry->manifest_path, strerror(-rc));
		(void)journal_set_state(host, entry, transaction->state);
		return APPLY_REFUSED;
	}
	enum apply_outcome outcome = execute(host, undo->plan.changes, undo->plan.count, err);
	if (outcome == APPLY_DONE) {
		rc = journal_set_state(host, entry, TRANSACTION_ROLLED_BACK);
		if (!rc) {
			remove_directories(host, transaction->directories,
					   transaction->directory_count);
			return APPLY_DONE;
		}
		error_set(err, rc, "%s: %s", entry->manifest_path, strerror(-rc));
		outcome = put_back(host, undo->plan.changes, undo->plan.count, err);
	}
	if (outcome == APPLY_PUT_BACK)
		(void)journal_set_state(host, entry, transaction->state);
	return outcome == APPLY_PUT_BACK && err->code == -ESTALE ? APPLY_STALE : outcome;
}

enum apply_outcome apply_undo(struct host *host, const struct transaction *transaction,
			      const struct undo *undo, struct error *err)
{
	struct journal_entry entry;

	if (journal_encode(host, transaction, &entry, err) < 0)
		return APPLY_REFUSED;
	for (size_t i = 0; i < undo->conflict_count; i++) {
		const struct conflict *conflict = &undo->conflicts[i];
		if (conflict->change->kind == CHANGE_FILE && conflict->found.exists &&
		    journal_keep(host, &entry, conflict->change->path, &conflict->found, err) < 0)
			return APPLY_REFUSED;
	}
	hold_signals();
	return run_undo(host, transaction, &entry, undo, err);
}
