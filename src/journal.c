// SPDX-License-Identifier: MIT
/* Rollback files on the disk, see journal.h: written through store.c, read through the host handle,
 * and what of them still holds. What a manifest says is manifest.c's business. */
#include "journal.h"

#include "clock.h"
#include "error.h"
#include "host.h"
#include "manifest.h"
#include "pool.h"
#include "store.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TAIL 8 /* rollback files that are looked at for an interrupted apply */
#define ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-"

bool journal_matches(struct pool *pool, enum change_kind kind, const struct image *found,
		     const struct image *recorded)
{
	if (found->exists != recorded->exists)
		return false;
	if (!found->exists)
		return true;
	if (kind != CHANGE_FILE)
		return tokens_equal(found->bytes, found->size, recorded->bytes, recorded->size);
	const char *known = recorded->sha256
				    ? recorded->sha256
				    : manifest_digest(pool, recorded->bytes, recorded->size);
	return !strcmp(manifest_digest(pool, found->bytes, found->size), known);
}

static bool is_safe_id(const char *id)
{
	return *id && *id != '.' && strspn(id, ID_CHARACTERS) == strlen(id);
}

/* Somebody else who can write here could make root restore what he likes, in a tree as well. */
static bool is_private(const struct host *host, const char *path)
{
	struct stat st;

	return !host_stat(host, path, &st) && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* ---- writing ----------------------------------------------------------------------------- */

int journal_encode(struct host *host, const struct transaction *transaction,
		   struct journal_entry *ret_entry, struct error *err)
{
	struct pool *pool = host_pool(host);
	const char *path = pool_printf(pool, "%s/%s", JOURNAL_DIR, transaction->id);
	const char *bytes[TRANSACTION_STATE_COUNT];
	struct journal_entry entry = {
		.id = transaction->id,
		.path = path,
		.draft = pool_printf(pool, "%s/.%s.keeltune-new", JOURNAL_DIR, transaction->id),
		.manifest_path = pool_printf(pool, "%s/manifest.json", path),
	};

	int rc = manifest_encode(pool, transaction, bytes, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < TRANSACTION_STATE_COUNT; i++)
		entry.manifest[i] = (struct image){ .exists = true,
						    .bytes = bytes[i],
						    .size = strlen(bytes[i]),
						    .mode = 0600,
						    .uid = geteuid(),
						    .gid = getegid() };
	*ret_entry = entry;
	return 0;
}

void journal_name(struct pool *pool, const struct journal *journal, struct transaction *transaction)
{
	time_t now = time(NULL);
	struct tm utc;
	char stamp[32];
	uint32_t random = 0;
	char *profiles = pool_copy(pool, transaction->profiles, strnlen(transaction->profiles, 64));

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
		random = (uint32_t)getpid(); /* unreached: the first seconds of a machine */
	for (char *p = profiles; *p; p++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-",
			    *p))
			*p = '_';
	transaction->id = pool_printf(pool, "%s-%s-%06x", stamp, profiles, random & 0xffffffu);
	transaction->time = clock_utc(pool, now);
	transaction->sequence = 1;
	for (size_t i = 0; i < journal->count; i++)
		if (journal->transactions[i].sequence >= transaction->sequence)
			transaction->sequence = journal->transactions[i].sequence + 1;
}

static const char *copy_path(struct pool *pool, const char *entry_path, const char *path)
{
	return pool_printf(pool, "%s/files%s", entry_path, path);
}

/* Every directory of PATH below SKIP bytes. */
static int make_parents(struct host *host, const char *path, size_t skip, mode_t mode)
{
	for (const char *slash = strchr(path + skip, '/'); slash; slash = strchr(slash + 1, '/')) {
		int rc = store_make_directory(
			host, pool_copy(host_pool(host), path, (size_t)(slash - path)), mode);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int write_copies(struct host *host, const struct transaction *transaction, const char *entry)
{
	for (size_t i = 0; i < transaction->count; i++) {
		const struct change *change = &transaction->changes[i];
		if (change->kind != CHANGE_FILE || !change->before.exists)
			continue;
		const char *copy = copy_path(host_pool(host), entry, change->path);
		/* 0755 below files/: "cp -a files/. /" must not close /etc. */
		int rc = make_parents(host, copy, strlen(entry) + 1, 0755);
		if (!rc)
			rc = store_put_file(host, copy, &change->before);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Everything is written and fsynced under a name that is no id, which then becomes the id: no
 * rollback file is ever seen half, and what a crash leaves is known by its name. */
static int write_entry(struct host *host, const struct transaction *transaction,
		       const struct journal_entry *entry)
{
	const char *manifest = pool_printf(host_pool(host), "%s/manifest.json", entry->draft);
	int rc = store_make_directory(host, entry->draft, 0700);

	if (!rc)
		rc = write_copies(host, transaction, entry->draft);
	if (!rc)
		rc = store_put_file(host, manifest, &entry->manifest[TRANSACTION_PREPARED]);
	if (!rc)
		rc = store_rename_directory(host, entry->draft, entry->path);
	return rc;
}

int journal_prepare(struct host *host, const struct transaction *transaction,
		    const struct journal_entry *entry, struct error *err)
{
	int rc = make_parents(host, JOURNAL_DIR, strlen("/"), 0755);

	if (!rc)
		rc = store_make_directory(host, JOURNAL_DIR, 0700);
	if (!rc && host_exists(host, entry->path))
		return error_set(err, -EEXIST,
				 "cannot write the rollback file %s: it exists already",
				 entry->path);
	if (!rc) {
		rc = write_entry(host, transaction, entry);
		if (rc)
			(void)journal_discard(host, entry);
	}
	return rc ? error_set(err, rc, "cannot write the rollback file %s: %s", entry->path,
			      strerror(-rc))
		  : 0;
}

int journal_discard(const struct host *host, const struct journal_entry *entry)
{
	/* Not one file of it may go while it can be found, also after a power cut. */
	int rc = store_rename_directory(host, entry->path, entry->draft);

	return rc && rc != -ENOENT ? rc : store_remove_tree(host, entry->draft);
}

void journal_sweep(struct host *host)
{
	static const char suffix[] = ".keeltune-new";
	static const struct image absent = { .exists = false };
	const struct directory *directory = host_directory(host, JOURNAL_DIR);

	for (size_t i = 0; i < directory->count && is_private(host, JOURNAL_DIR); i++) {
		const char *name = directory->names[i];
		const char *path = pool_printf(host_pool(host), "%s/%s", JOURNAL_DIR, name);
		size_t size = strlen(name);
		if (*name == '.' && size > sizeof suffix &&
		    !strcmp(name + size - strlen(suffix), suffix))
			(void)store_remove_tree(host, path);
		else if (is_safe_id(name) &&
			 host_exists(host, pool_printf(host_pool(host), "%s/.manifest.json%s", path,
						       suffix)))
			(void)store_stage_file(
				host, pool_printf(host_pool(host), "%s/manifest.json", path),
				&absent); /* what a manifest was about to say */
	}
}

int journal_keep(struct host *host, const struct journal_entry *entry, const char *path,
		 const struct image *found, struct error *err)
{
	const char *copy = pool_printf(host_pool(host), "%s/found%s", entry->path, path);
	int rc = 0;

	/* Not through a link that somebody put into the rollback file. */
	for (const char *slash = copy + strlen(entry->path);
	     !rc && (slash = strchr(slash + 1, '/'));)
		rc = host_link(host, pool_copy(host_pool(host), copy, (size_t)(slash - copy)))
			     ? -ELOOP
			     : 0;
	if (!rc)
		rc = make_parents(host, copy, strlen(entry->path) + 1, 0755);

	if (!rc)
		rc = store_put_file(host, copy, found);
	return rc < 0 ? error_set(err, rc, "%s: %s", copy, strerror(-rc)) : 0;
}

int journal_remove(struct host *host, const char *id)
{
	struct pool *pool = host_pool(host);

	return journal_discard(
		host, &(struct journal_entry){
			      .path = pool_printf(pool, "%s/%s", JOURNAL_DIR, id),
			      .draft = pool_printf(pool, "%s/.%s.keeltune-new", JOURNAL_DIR, id) });
}

int journal_stage_state(const struct host *host, const struct journal_entry *entry,
			enum transaction_state state)
{
	return store_stage_file(host, entry->manifest_path, &entry->manifest[state]);
}

int journal_commit_state(const struct host *host, const struct journal_entry *entry,
			 enum transaction_state state)
{
	int rc = store_commit_file(host, entry->manifest_path, &entry->manifest[state]);

	return rc ? rc : store_sync_parent(host, entry->manifest_path);
}

int journal_set_state(const struct host *host, const struct journal_entry *entry,
		      enum transaction_state state)
{
	return store_put_file(host, entry->manifest_path, &entry->manifest[state]);
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool mentions(const struct file *file, enum transaction_state state)
{
	const char *name = transaction_state_name(state);

	return file_contains(file, name);
}

static void load_one(struct host *host, const char *id, bool interrupted_only,
		     struct journal *journal)
{
	struct pool *pool = host_pool(host);
	const char *path = pool_printf(pool, "%s/%s/manifest.json", JOURNAL_DIR, id);
	const struct file *file = host_file(host, path);
	struct origin origin = { .file = file->path };
	struct transaction transaction;

	/* Pruned since the names were read. */
	if (file->state == FILE_ABSENT &&
	    !host_exists(host, pool_printf(pool, "%s/%s", JOURNAL_DIR, id)))
		return;
	if (file->state != FILE_PRESENT) {
		notes_add(&journal->problems, NULL, origin,
			  file->state == FILE_ABSENT ? "there is no manifest"
						     : "the manifest cannot be read");
		journal->newest_broken = pool_strdup(pool, id);
		return;
	}
	if (interrupted_only && !mentions(file, TRANSACTION_PREPARED) &&
	    !mentions(file, TRANSACTION_RECOVERING))
		return;
	const char *entry = pool_printf(pool, "%s/%s", JOURNAL_DIR, id);
	if (!is_private(host, path) || !is_private(host, entry) || host_link(host, entry)) {
		if (!host_exists(host, path))
			return; /* unreached: gone since, of an apply that came to nothing */
		notes_add(&journal->problems, NULL, origin,
			  "not trusted: it is a link, or others than root can write it");
		journal->newest_broken = pool_strdup(pool, id);
		return;
	}
	const char *why = manifest_decode(pool, id, file->bytes, file->size, &transaction);
	if (why) {
		notes_add(&journal->problems, NULL, origin, "not a rollback file of keeltune: %s",
			  why);
		journal->newest_broken = pool_strdup(pool, id);
		return;
	}
	journal->transactions = pool_extend(pool, journal->transactions, journal->count,
					    sizeof *journal->transactions);
	journal->transactions[journal->count++] = transaction;
}

static int by_sequence(const void *a, const void *b)
{
	const struct transaction *x = a, *y = b;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* The one of the first COUNT rollback files whose directory was written to last. */
static const char *last_written(struct host *host, const struct directory *directory, size_t count)
{
	const char *newest = NULL;
	struct timespec latest = { 0 };
	struct stat st;

	for (size_t i = 0; i < count; i++) {
		const char *path =
			pool_printf(host_pool(host), "%s/%s", JOURNAL_DIR, directory->names[i]);
		if (!is_safe_id(directory->names[i]) || host_stat(host, path, &st) < 0 ||
		    st.st_mtim.tv_sec < latest.tv_sec ||
		    (st.st_mtim.tv_sec == latest.tv_sec && st.st_mtim.tv_nsec < latest.tv_nsec))
			continue;
		newest = directory->names[i];
		latest = st.st_mtim;
	}
	return newest;
}

void journal_load(struct host *host, bool interrupted_only, struct journal *ret_journal)
{
	struct journal journal = { .problems.pool = host_pool(host) };
	const struct directory *directory = host_directory(host, JOURNAL_DIR);

	journal.hidden = directory->state == FILE_UNREADABLE;
	if (directory->state == FILE_DIRECTORY) {
		if (!is_private(host, JOURNAL_DIR) || !is_private(host, STATE_DIR)) {
			journal.untrusted = "is not trusted: others than root can write there "
					    "(chown root, chmod 0700)";
			notes_add(&journal.problems, NULL, (struct origin){ .file = JOURNAL_DIR },
				  "%s", journal.untrusted);
			*ret_journal = journal;
			return;
		}
	}
	/* Names begin with the time, and only the last apply can have been interrupted; a few more
	 * are looked at because clocks step back. A rollback of an older one is interrupted where
	 * something was written last. */
	size_t first = interrupted_only && directory->count > TAIL ? directory->count - TAIL : 0;
	const char *touched = last_written(host, directory, first);
	if (touched)
		load_one(host, touched, interrupted_only, &journal);
	for (size_t i = first; i < directory->count; i++) {
		if (is_safe_id(directory->names[i]))
			load_one(host, directory->names[i], interrupted_only, &journal);
	}
	if (journal.count)
		qsort(journal.transactions, journal.count, sizeof *journal.transactions,
		      by_sequence);
	*ret_journal = journal;
}

int journal_load_images(struct host *host, struct transaction *transaction, struct error *err)
{
	struct pool *pool = host_pool(host);
	const char *directory = pool_printf(pool, "%s/%s", JOURNAL_DIR, transaction->id);
	int rc = 0;

	for (size_t i = 0; i < transaction->count; i++) {
		struct change *change = &transaction->changes[i];
		if (change->kind != CHANGE_FILE || !change->before.exists)
			continue;
		const struct file *copy = host_file(host, copy_path(pool, directory, change->path));
		if (copy->state != FILE_PRESENT ||
		    strcmp(manifest_digest(pool, copy->bytes, copy->size), change->before.sha256) !=
			    0) {
			rc = error_set(
				err, -EBADMSG,
				"%s is missing or was changed: %s cannot be put back from it",
				copy->path, change->path);
			continue;
		}
		change->before.bytes = copy->bytes;
		change->before.size = copy->size;
	}
	return rc;
}

struct transaction *journal_interrupted(const struct journal *journal)
{
	for (size_t i = journal->count; i-- > 0;)
		if (journal->transactions[i].state == TRANSACTION_PREPARED ||
		    journal->transactions[i].state == TRANSACTION_RECOVERING)
			return &journal->transactions[i];
	return NULL;
}

bool journal_same_scope(const struct transaction *a, const struct transaction *b)
{
	return !a->netns == !b->netns &&
	       (!a->netns || (a->netns_id == b->netns_id && a->netns_cookie == b->netns_cookie));
}

static bool changed(const struct transaction *transaction, const char *path)
{
	for (size_t i = 0; i < transaction->count; i++)
		if (!strcmp(transaction->changes[i].path, path))
			return true;
	return false;
}

const struct transaction *journal_built_on(const struct journal *journal,
					   const struct transaction *transaction, const char *path)
{
	for (size_t i = journal->count; i-- > 0;) {
		const struct transaction *later = &journal->transactions[i];
		if (!strcmp(later->id, transaction->id))
			return NULL;
		if (later->state != TRANSACTION_ROLLED_BACK &&
		    journal_same_scope(later, transaction) && changed(later, path))
			return later;
	}
	return NULL;
}

bool journal_same_record(enum change_kind kind, const struct image *a, const struct image *b)
{
	if (a->exists != b->exists || !a->exists)
		return a->exists == b->exists;
	if (kind == CHANGE_FILE)
		return a->sha256 && b->sha256
			       ? !strcmp(a->sha256, b->sha256)
			       : a->size == b->size && !memcmp(a->bytes, b->bytes, a->size);
	return tokens_equal(a->bytes, a->size, b->bytes, b->size);
}

void journal_held(struct pool *pool, const struct journal *journal, struct held *ret_held)
{
	struct held held = { 0 };

	for (size_t i = 0; i < journal->count; i++) {
		const struct transaction *transaction = &journal->transactions[i];
		if (transaction->state != TRANSACTION_APPLIED || transaction->netns)
			continue;
		for (size_t j = 0; j < transaction->count; j++) {
			const struct change *change = &transaction->changes[j];
			size_t k = 0;
			if (change_is_of_process(change->kind))
				continue; /* no profile names it, none releases it */
			while (k < held.count && strcmp(held.changes[k].path, change->path) != 0)
				k++;
			if (k == held.count) {
				held.changes = pool_extend(pool, held.changes, held.count,
							   sizeof *held.changes);
				held.changes[held.count++] =
					(struct held_change){ .path = change->path,
							      .kind = change->kind,
							      .original = change->before,
							      .current = change->before,
							      .boot_id = transaction->boot_id };
			}
			/* Changed by somebody else in between: what he left is what to go back to.
			 */
			if (!journal_same_record(change->kind, &change->before,
						 &held.changes[k].current)) {
				held.changes[k].original = change->before;
				held.changes[k].boot_id = transaction->boot_id;
			}
			held.changes[k].ids = change->ids;
			held.changes[k].id_count = change->id_count;
			held.changes[k].current = change->after;
		}
	}
	*ret_held = held;
}
