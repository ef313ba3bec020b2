/* SPDX-License-Identifier: MIT
 *
 * One section of a profile: from its options to checked settings. Pure.
 */
#ifndef KEELTUNE_PROFILE_SECTION_H
#define KEELTUNE_PROFILE_SECTION_H

#include "profile-tree.h"
#include "profile.h"

/* A file while it is read. */
struct profile_reader {
	struct pool *pool;
	struct notes *problems;
	const char *file;
	struct profile_tree tree;
	bool failed; /* something was added to the problems */
};

void profile_complain(struct profile_reader *reader, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the settings of section number SECTION of the tree, which is PROVIDER's, to TEXT. */
void profile_read_section(struct profile_reader *reader, const struct provider *provider,
			  size_t section, struct profile_text *text);

#endif
