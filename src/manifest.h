/* SPDX-License-Identifier: MIT
 *
 * The manifest of a rollback file: one transaction, as JSON (keeltune-rollback(5) has the format).
 * Pure.
 */
#ifndef KEELTUNE_MANIFEST_H
#define KEELTUNE_MANIFEST_H

#include "model.h"

struct error;

enum transaction_state {
	TRANSACTION_PREPARED, /* on disk, changes may have begun: an interrupted apply */
	TRANSACTION_APPLIED,
	TRANSACTION_RECOVERING, /* an undo has begun */
	TRANSACTION_ROLLED_BACK,
	TRANSACTION_STATE_COUNT,
};
const char *transaction_state_name(enum transaction_state state);
const char *change_kind_name(enum change_kind kind);

/* Who did it. Strings may be NULL. */
struct actor {
	const char *login; /* loginuid as a name or number */
	const char *sudo_user;
	const char *command; /* the command line */
	const char *comment; /* --comment */
	uid_t uid;
};

/* A profile file that was read. */
struct profile_digest {
	const char *name;
	const char *file;
	const char *sha256;
};

struct transaction {
	const char *id;    /* name of the directory */
	uint64_t sequence; /* 1 for the first apply on this host; clocks may step back */
	const char *time;  /* RFC 3339 UTC */
	const char *profiles;
	const char *machine_id; /* or NULL */
	const char *boot_id;    /* or NULL */
	const char *netns; /* the network namespace whose values were changed, or NULL: all is the
			      host's */
	uint64_t netns_id, netns_cookie; /* its inode and cookie */
	enum transaction_state state;
	struct actor actor;
	const struct profile_digest *sources;
	size_t source_count;
	struct change
		*changes; /* of loaded ones the after-images of files have a digest, but no bytes */
	size_t count;
	const char **directories; /* created by apply, parents first */
	size_t directory_count;
};

/* TRANSACTION in every state it can get, as text, so that a later change of state encodes nothing.
 * -EINVAL when it could not be read back, and so not be undone. */
int manifest_encode(struct pool *pool, const struct transaction *transaction,
		    const char *ret_bytes[TRANSACTION_STATE_COUNT], struct error *err);

/* NULL, or why BYTES are not the manifest of the rollback file ID. */
const char *manifest_decode(struct pool *pool, const char *id, const char *bytes, size_t size,
			    struct transaction *ret_transaction);

/* May keeltune change PATH at all? Everything else is refused in a manifest and in a plan. */
bool manifest_is_target(enum change_kind kind, const char *path);

/* sha256 in hex. */
const char *manifest_digest(struct pool *pool, const char *bytes, size_t size);

#endif
