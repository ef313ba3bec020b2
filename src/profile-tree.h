/* SPDX-License-Identifier: MIT
 *
 * A profile as sections and options with the lines they stand on, before anybody judges what they
 * mean: what profile.c (libconfuse) hands to profile-settings.c. Pure.
 */
#ifndef KEELTUNE_PROFILE_TREE_H
#define KEELTUNE_PROFILE_TREE_H

#include "profile-scan.h"
#include "provider.h"

#define PROFILE_FORMAT 1

/* One value; a list has one for each of its entries. */
struct profile_option {
	size_t section; /* index, or PROFILE_TOP */
	const char *name;
	const char *value;
	unsigned line;
};

struct profile_tree {
	struct profile_section *sections; /* those with `repeated` have no options */
	size_t section_count;
	struct profile_option *options;
	size_t option_count;
	bool failed; /* something was added to the problems: what is set twice */
};

/* PROVIDERS make the grammar; NULL: that of keeltune.conf. -EINVAL: not this language (the first
 * syntax error or unknown name is in PROBLEMS), or a newer format. */
int profile_tree_read(struct pool *pool, const struct provider *const *providers, const char *file,
		      const char *bytes, size_t size, struct profile_tree *ret_tree,
		      struct notes *problems);

/* The first value of an option, or NULL. */
const struct profile_option *profile_tree_find(const struct profile_tree *tree, size_t section,
					       const char *name);

#endif
