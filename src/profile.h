/* SPDX-License-Identifier: MIT
 *
 * Profiles: text to settings. Of one file: profile-scan.c, profile.c (libconfuse),
 * profile-settings.c and profile-section.c. Of several: profile-find.c, profile-set.c and
 * profile-combine.c.
 */
#ifndef KEELTUNE_PROFILE_H
#define KEELTUNE_PROFILE_H

#include "model.h"
#include "provider.h"

/* ---- one file (pure) --------------------------------------------------------------------- */

/* An entry of `inherits`. */
struct profile_parent {
	const char *name;
	unsigned line;
};

struct profile_text {
	const char *file;
	const char *name;
	const char *description; /* or NULL */
	struct profile_parent *parents;
	size_t parent_count;
	struct setting *settings; /* checked; soft and hard of a limit stand next to each other */
	size_t count;
};

/* Parses BYTES, read from FILE. Adds every semantic error to PROBLEMS (of syntax errors and unknown
 * names only the first) and returns -EINVAL when there is any. */
int profile_parse(struct pool *pool, const struct provider *const *providers, const char *file,
		  const char *bytes, size_t size, struct profile_text *ret_text,
		  struct notes *problems);

/* The `profiles = { ... }` of keeltune.conf (BYTES as read from FILE). */
int profile_default_names(struct pool *pool, const char *file, const char *bytes, size_t size,
			  const char ***ret_names, size_t *ret_count, struct notes *problems);

/* [A-Za-z0-9._-], 1 to 64 of them. */
bool profile_name_is_valid(const char *name);

/* ---- sets -------------------------------------------------------------------------------- */

/* Where profiles are looked for, in this order; NULL entries are skipped. */
struct profile_path {
	const char *directory[3]; /* --profile-dir, /etc/keeltune/profiles, the installed ones */
	struct host *tree; /* --root: what directory[1] is inside of, links and all; or NULL */
};

/* One file that was read, for the journal. */
struct profile_source {
	const char *name; /* as declared in the file */
	const char *file; /* path as opened */
	const char *bytes;
	size_t size;
};

struct profile_set {
	const char *names; /* "baseline+web-server": as asked for; of a path, the declared name */
	const char *description;  /* of the last profile, or NULL */
	struct setting *settings; /* combined, in order of first appearance */
	size_t count;
	struct profile_source *sources; /* every file that was read, parents before children */
	size_t source_count;
};

/* Loads NAMES (a name, or a path when it has a '/'), resolves inheritance, combines. Errors are
 * added to PROBLEMS with their file:line, all semantic ones of a file in one run; then -EINVAL (or
 * -ENOENT: no such profile, -EACCES: unreadable, -EPERM: not trusted). TRUSTED_UID: refuse a file
 * that group or others can write, or that belongs neither to root nor to this user; pass (uid_t)-1
 * when the caller is not root and does not need that. */
int profile_load(struct pool *pool, const struct provider *const *providers,
		 const struct profile_path *path, const char *const *names, size_t count,
		 uid_t trusted_uid, struct profile_set *ret_set, struct notes *problems);

struct profile_entry {
	const char *name; /* base name without .conf */
	const char *file;
	const char *description; /* NULL when the file has errors */
	bool hidden;             /* an earlier directory has the same name */
};

/* All *.conf of PATH, sorted by name. */
void profile_list(struct pool *pool, const struct provider *const *providers,
		  const struct profile_path *path, struct profile_entry **ret_entries,
		  size_t *ret_count);

#endif
