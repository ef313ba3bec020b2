/* SPDX-License-Identifier: MIT
 *
 * Rollback files: what an apply changed, on disk before the first change, and what of it still
 * holds. A rollback file is a directory STATE_DIR/rollback/<UTC time>-<profiles>-<suffix>/ with
 * manifest.json and files/ (the before-images of files at their own relative paths).
 */
#ifndef KEELTUNE_JOURNAL_H
#define KEELTUNE_JOURNAL_H

#include "manifest.h"
#include "model.h"

struct error;
struct host;

#define STATE_DIR "/var/lib/keeltune"
#define JOURNAL_DIR STATE_DIR "/rollback"

struct journal {
	struct transaction *transactions; /* oldest first */
	size_t count;
	struct notes problems;     /* directories that are no rollback files, and why */
	const char *untrusted;     /* why nothing there is believed, or NULL */
	const char *newest_broken; /* id of the last that cannot be believed, or NULL */
	bool hidden;               /* the directory exists but may not be read */
	const char **unfinished;   /* ids without a manifest: being written or removed right now, or
				      left so by a crash before the first change */
	size_t unfinished_count;
};

/* ---- writing (apply.c) ------------------------------------------------------------------- */

/* A transaction encoded in every state it can get, so that a change of state allocates nothing. */
struct journal_entry {
	const char *id;
	const char *path;  /* of the directory */
	const char *draft; /* its name until it is whole, and again while it is removed */
	const char *manifest_path;
	struct image manifest[TRANSACTION_STATE_COUNT];
};

/* Names a new transaction (id, time, sequence after those of JOURNAL). */
void journal_name(struct pool *pool, const struct journal *journal,
		  struct transaction *transaction);
/* Encodes TRANSACTION, new or loaded. -EINVAL when it could not be read back. */
int journal_encode(struct host *host, const struct transaction *transaction,
		   struct journal_entry *ret_entry, struct error *err);
/* Writes directory, before-copies and the manifest in state prepared; all is fsynced when it
 * returns 0. On failure nothing is left. */
int journal_prepare(struct host *host, const struct transaction *transaction,
		    const struct journal_entry *entry, struct error *err);
/* Removes an entry of which nothing was changed. */
int journal_discard(const struct host *host, const struct journal_entry *entry);
/* Removes what a crash left: entries that were not whole yet, or half removed, and what is
 * temporary in the others. Under the lock. */
void journal_sweep(struct host *host);
/* Keeps what an undo overwrites although somebody changed it, in found/ of the entry. */
int journal_keep(struct host *host, const struct journal_entry *entry, const char *path,
		 const struct image *found, struct error *err);
/* Removes a rollback file. 0 or -errno. */
int journal_remove(struct host *host, const char *id);
/* Replaces the manifest atomically: in two steps, the second of which needs no space, or in one.
 * Allocate nothing. 0 or -errno; after a failed commit either state may be what the disk has. */
int journal_stage_state(const struct host *host, const struct journal_entry *entry,
			enum transaction_state state);
int journal_commit_state(const struct host *host, const struct journal_entry *entry,
			 enum transaction_state state);
int journal_set_state(const struct host *host, const struct journal_entry *entry,
		      enum transaction_state state);

/* ---- reading ----------------------------------------------------------------------------- */

/* Reads the manifests. What is no rollback file goes to problems. INTERRUPTED_ONLY: only those that
 * can be of an interrupted apply, which costs next to nothing. */
void journal_load(struct host *host, bool interrupted_only, struct journal *ret_journal);
/* Reads the before-copies of TRANSACTION's files and checks their digests; until then the
 * before-images of files have no bytes. */
int journal_load_images(struct host *host, struct transaction *transaction, struct error *err);
/* The newest transaction in state prepared or recovering, or NULL. */
struct transaction *journal_interrupted(const struct journal *journal);

/* The newest apply after TRANSACTION that still holds and changed PATH again: what TRANSACTION left
 * there is what that one has to go back to. NULL: none. */
const struct transaction *journal_built_on(const struct journal *journal,
					   const struct transaction *transaction, const char *path);
/* Do both speak of the same running values: the host's, or those of the same network namespace? */
bool journal_same_scope(const struct transaction *a, const struct transaction *b);

/* Are two images, as manifests tell them, the same? */
bool journal_same_record(enum change_kind kind, const struct image *a, const struct image *b);

/* One place that keeltune changed and did not put back yet. */
struct held_change {
	const char *path;
	enum change_kind kind;
	const char **ids;
	size_t id_count;
	struct image original; /* before the first apply that still holds */
	struct image current;  /* after the last one */
	const char *boot_id;   /* of running values: the boot they were set in; older boots do not
				  count */
};
struct held {
	struct held_change *changes;
	size_t count;
};
void journal_held(struct pool *pool, const struct journal *journal, struct held *ret_held);

/* Is what stands at a place (FOUND, from host_image) what was RECORDED? Kernel values are compared
 * by their tokens, files by content; mode and owner do not count. */
bool journal_matches(struct pool *pool, enum change_kind kind, const struct image *found,
		     const struct image *recorded);

#endif
