// SPDX-License-Identifier: MIT
/* The executor, see apply.h. Its steps are record prepared, stage, change, settle, record applied.
 *
 * Record prepared puts the whole rollback file on the disk: from then on `rollback` knows what to
 * do. Stage writes each new file beside its target, and the record of success beside the record:
 * what needs memory or room is done, and no target has been touched. Change renames, removes and
 * writes kernel values, each after a last look at what is there. Settle fsyncs the directories of
 * the targets. Record applied is a rename.
 *
 * A failure puts back what was done, while the record still says prepared. From stage on nothing
 * allocates. An undo is the same with the images exchanged, between recovering and rolled-back. */
#include "apply.h"

#include "cleanup.h"
#include "error.h"
#include "guard.h"
#include "host.h"
#include "relief.h"
#include "store.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

/* Does the kernel hold what IMAGE says? It answers in decimal with tabs between numbers. */
static int check_sysctl(const char *path, const struct image *image)
{
	char text[4096];
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);

	if (size < 0)
		return -errno; /* unreached: the key went with its interface since the last look */
	return tokens_equal(text, (size_t)size, image->bytes, image->size) ? 0 : -EIO;
}

/* 0: what CHANGE is about is as IMAGE says; -ESTALE: it is not; or it could not be read. */
static int compare(const struct host *host, const struct change *change, const struct image *image)
{
	if (change->kind == CHANGE_FILE)
		return store_compare_file(host, change->path, image);
	if (change_is_of_process(change->kind))
		return relief_compare(change, image);
	int rc = host_is_live(host) ? check_sysctl(change->path, image) : 0;
	return rc == -EIO ? -ESTALE : rc;
}

/* What an interrupted apply had not come to is as it shall be. */
static bool changes_nothing(const struct change *change)
{
	const struct image *a = &change->before, *b = &change->after;

	if (change->kind != CHANGE_FILE)
		return tokens_equal(a->bytes, a->size, b->bytes, b->size);
	/* Absent before may have been a link, and the removal of nothing costs nothing. */
	return a->exists && b->exists && same_attributes(a, b) && a->size == b->size &&
	       !memcmp(a->bytes, b->bytes, a->size);
}

static int put_sysctl(const struct host *host, const char *path, const struct image *image)
{
	int rc = store_put_sysctl(host, path, image->bytes, image->size);

	return rc ? rc : check_sysctl(path, image);
}

/* What is no file. */
static int put_value(const struct host *host, const struct change *change,
		     const struct image *image)
{
	return change_is_of_process(change->kind) ? relief_put(change, image)
						  : put_sysctl(host, change->path, image);
}

static const char *explain(const struct change *change, int rc)
{
	if (rc == -ESTALE)
		return "was changed by somebody else meanwhile";
	if (rc == -ESRCH && change_is_of_process(change->kind))
		return "the process has ended";
	if (rc == -EPERM && change->kind == CHANGE_NOFILE)
		return "the kernel forbids it: for a higher hard limit it wants CAP_SYS_RESOURCE "
		       "of the host, which root of a user namespace (a container) has not";
	if (rc == -EIO && change->kind == CHANGE_SYSCTL)
		return "the kernel kept another value";
	if ((rc == -EINVAL || rc == -ENOENT) && change->kind == CHANGE_SYSCTL)
		return "the kernel refuses the value";
	return strerror(-rc);
}

static int fail(struct error *err, int rc, const char *path, const char *why)
{
	return error_set(err, rc, rc == -ESTALE ? "%.600s %s" : "%.600s: %s", path, why);
}

/* A failure after a failure: the first one stays the reason. */
static void fail_too(struct error *err, const char *path, const char *what, const char *why)
{
	char first[sizeof err->message];

	memcpy(first, err->message, sizeof first);
	error_set(err, err->code, "%.400s; and %.200s could not be %s: %s", first, path, what, why);
}

struct directories {
	const char *const *paths; /* parents first */
	size_t count;
};

static const struct image absent = { .exists = false };

/* What shall be done, and how it is recorded. */
struct job {
	const struct host *host;
	const struct change *changes;
	size_t count;
	struct directories made, removed; /* before the changes, after them */
	const struct journal_entry *entry;
	enum transaction_state during, done, undone;
};

static int remove_directories(const struct host *host, const struct directories *directories,
			      struct error *err)
{
	for (size_t i = directories->count; i-- > 0;) {
		int rc = store_remove_directory(host, directories->paths[i]);
		if (rc && rc != -ENOENT && rc != -ENOTEMPTY && rc != -EEXIST)
			return fail(err, rc, directories->paths[i], strerror(-rc));
	}
	return 0;
}

static int make_directories(const struct host *host, const struct directories *directories,
			    struct error *err)
{
	for (size_t i = 0; i < directories->count; i++) {
		int rc = store_make_directory(host, directories->paths[i], 0755);
		if (rc)
			return fail(err, rc, directories->paths[i], strerror(-rc));
	}
	return 0;
}

static int stage(const struct job *job, struct error *err)
{
	int rc = make_directories(job->host, &job->made, err);

	for (size_t i = 0; !rc && i < job->count; i++) {
		const struct change *change = &job->changes[i];
		if (change->kind != CHANGE_FILE)
			continue;
		rc = store_stage_file(job->host, change->path,
				      changes_nothing(change) ? &absent : &change->after);
		if (rc)
			fail(err, rc, change->path, strerror(-rc));
	}
	if (!rc) {
		rc = journal_stage_state(job->host, job->entry, job->done);
		if (rc)
			fail(err, rc, job->entry->manifest_path, strerror(-rc));
	}
	return rc;
}

static int record_done(const struct job *job, struct error *err)
{
	int rc = journal_commit_state(job->host, job->entry, job->done);

	return rc ? fail(err, rc, job->entry->manifest_path, strerror(-rc)) : 0;
}

/* How far the changes have come. */
struct progress {
	size_t done;
	bool torn; /* the last one is a kernel value that was written and not taken as given */
};

/* What a process takes along with its end need not be undone. */
static bool has_ended(const struct job *job, const struct change *change, int rc)
{
	return rc == -ESRCH && change_is_of_process(change->kind) &&
	       job->during == TRANSACTION_RECOVERING;
}

static int change_all(const struct job *job, struct progress *progress, struct error *err)
{
	for (size_t i = 0; i < job->count; i++) {
		const struct change *change = &job->changes[i];
		bool is_file = change->kind == CHANGE_FILE;
		int rc = compare(job->host, change, &change->before);
		if (has_ended(job, change, rc))
			continue;
		if (rc)
			return fail(err, rc, change->path, explain(change, rc));
		progress->done = i + 1;
		if (changes_nothing(change))
			continue;
		rc = is_file ? store_swap_file(job->host, change->path, &change->before,
					       &change->after)
			     : put_value(job->host, change, &change->after);
		if (has_ended(job, change, rc))
			continue; /* unreached: it ended between the look and the change */
		bool is_exchange = is_file || change->kind == CHANGE_NOFILE;
		progress->torn = rc && !is_file;
		if (rc == -ESTALE && is_exchange)
			progress->done = i; /* it came in between, and is there again */
		if (rc)
			return fail(err, rc, change->path, explain(change, rc));
	}
	return 0;
}

/* Nothing temporary is left beside the targets, and the disk has it so. */
static int settle(const struct job *job, struct error *err)
{
	int first = 0;

	for (size_t i = 0; i < job->count; i++) {
		const struct change *change = &job->changes[i];
		int rc = change->kind == CHANGE_FILE ? store_sync_parent(job->host, change->path)
						     : 0;
		if (rc && !first)
			first = fail(err, rc, change->path, strerror(-rc));
	}
	return first;
}

/* Takes away what was staged. What resists leaves the record as it is, and `rollback` tries again.
 */
static bool unstage(const struct job *job, struct error *err)
{
	struct error other;

	for (size_t i = 0; i < job->count; i++) {
		const struct change *change = &job->changes[i];
		int rc = change->kind == CHANGE_FILE
				 ? store_stage_file(job->host, change->path, &absent)
				 : 0;
		if (rc) {
			fail_too(err, change->path, "cleared of its temporary file", strerror(-rc));
			return false;
		}
	}
	if (settle(job, &other) || remove_directories(job->host, &job->made, &other)) {
		fail_too(err, job->entry->id, "cleared away", other.message);
		return false;
	}
	return true;
}

/* Only what is still as it was left is put back. TORN: nobody else made it what it is. */
static int put_back_one(const struct job *job, const struct change *change, bool torn)
{
	if (change->kind == CHANGE_KEEPALIVE) { /* some sockets may be set: each is looked at */
		int rc = relief_put(change, &change->before);
		return rc == -ESRCH ? 0 : rc;
	}
	int before = changes_nothing(change) ? 0 : compare(job->host, change, &change->before);
	if (!before || (before == -ESRCH && change->kind == CHANGE_NOFILE))
		return 0;
	int rc = torn ? 0 : compare(job->host, change, &change->after);
	if (rc)
		return rc;
	if (change->kind != CHANGE_FILE)
		return put_value(job->host, change, &change->before);
	rc = store_stage_file(job->host, change->path, &change->before);
	return rc ? rc : store_swap_file(job->host, change->path, &change->after, &change->before);
}

/* Puts back what was done, the last change first, and names in ERR what resisted. */
static enum apply_outcome put_back(const struct job *job, const struct progress *progress,
				   struct error *err)
{
	bool all = true;

	for (size_t i = progress->done; i-- > 0;) {
		const struct change *change = &job->changes[i];
		int rc = put_back_one(job, change, progress->torn && i + 1 == progress->done);
		if (rc) {
			fail_too(err, change->path, "put back", explain(change, rc));
			all = false;
		}
	}
	if (!unstage(job, err) || !all)
		return APPLY_STUCK; /* the record says what is to be done: rollback tries again */
	int rc = journal_set_state(job->host, job->entry, job->undone);
	if (rc) { /* harmless: undoing it again changes nothing; but it comes before another try */
		fail_too(err, job->entry->manifest_path, "marked as put back", strerror(-rc));
		return APPLY_PUT_BACK;
	}
	return err->code == -ESTALE ? APPLY_STALE : APPLY_PUT_BACK;
}

/* Nothing was changed yet: a new record goes, an old one says again what it said. */
static enum apply_outcome withdraw(const struct job *job, struct error *err)
{
	if (!unstage(job, err))
		return APPLY_STUCK;
	int rc = job->during == TRANSACTION_PREPARED
			 ? journal_discard(job->host, job->entry)
			 : journal_set_state(job->host, job->entry, job->undone);
	if (rc)
		fail_too(err, job->entry->path, "withdrawn", strerror(-rc));
	return APPLY_REFUSED;
}

/* All or nothing, from a record that says job->during to one that says done or undone. */
static enum apply_outcome run(const struct job *job, struct error *err)
{
	struct progress progress = { 0 };
	struct error other;

	if (stage(job, err))
		return withdraw(job, err);
	if (change_all(job, &progress, err) || settle(job, err))
		return put_back(job, &progress, err);
	if (!remove_directories(job->host, &job->removed, err) && !record_done(job, err))
		return APPLY_DONE;

	/* Whatever the disk says now: that this is under way, before anything is put back. */
	int rc = journal_set_state(job->host, job->entry, job->during);
	if (!rc)
		rc = make_directories(job->host, &job->removed, &other);
	if (!rc)
		return put_back(job, &progress, err);
	fail_too(err, job->entry->manifest_path, "replaced", strerror(-rc));
	return APPLY_STUCK;
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

static int image_of(struct host *host, const struct change *change, struct image *ret_now)
{
	return change_is_of_process(change->kind) ? relief_image(host_pool(host), change, ret_now)
						  : host_image(host, change->path, ret_now);
}

/* The last look before the first change: is everything still as the plan assumes? */
static int check_before_images(struct host *host, const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		struct image now;
		int rc = image_of(host, change, &now);
		if (rc < 0)
			return error_set(err, rc, "%s: %s", change->path, strerror(-rc));
		/* Sockets come and go, each is compared when it is set. */
		if (change->kind == CHANGE_KEEPALIVE && now.exists)
			continue;
		if (!journal_matches(host_pool(host), change->kind, &now, &change->before))
			return error_set(err, -ESTALE, "%s was changed by somebody else meanwhile",
					 change->path);
	}
	return 0;
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
	if (guard_space(host, transaction, &entry, err) < 0)
		return APPLY_REFUSED;
	hold_signals();
	if (journal_prepare(host, transaction, &entry, err) < 0)
		return APPLY_REFUSED;
	return run(&(struct job){ .host = host,
				  .changes = plan->changes,
				  .count = plan->count,
				  .made = { plan->directories, plan->directory_count },
				  .entry = &entry,
				  .during = TRANSACTION_PREPARED,
				  .done = TRANSACTION_APPLIED,
				  .undone = TRANSACTION_ROLLED_BACK },
		   err);
}

int apply_more(struct host *host, const struct transaction *transaction,
	       const struct change *change, struct error *err)
{
	struct journal_entry entry;
	int rc = journal_encode(host, transaction, &entry, err);

	if (rc < 0)
		return rc;
	rc = journal_set_state(host, &entry, TRANSACTION_APPLIED);
	if (rc)
		return fail(err, rc, entry.manifest_path, strerror(-rc));
	rc = relief_put(change, &change->after);
	return rc ? fail(err, rc, change->path, explain(change, rc)) : 0;
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
	int rc = journal_set_state(host, &entry, TRANSACTION_RECOVERING);
	if (rc) {
		fail(err, rc, entry.manifest_path, strerror(-rc));
		(void)journal_set_state(host, &entry, transaction->state);
		return APPLY_REFUSED;
	}
	return run(&(struct job){ .host = host,
				  .changes = undo->plan.changes,
				  .count = undo->plan.count,
				  .removed = { transaction->directories,
					       transaction->directory_count },
				  .entry = &entry,
				  .during = TRANSACTION_RECOVERING,
				  .done = TRANSACTION_ROLLED_BACK,
				  .undone = transaction->state },
		   err);
}
