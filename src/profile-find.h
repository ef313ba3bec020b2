/* SPDX-License-Identifier: MIT
 *
 * The files of profiles: where a name leads, and whether the file may be believed.
 * Failures are added to PROBLEMS, in whose pool everything is allocated.
 */
#ifndef KEELTUNE_PROFILE_FIND_H
#define KEELTUNE_PROFILE_FIND_H

#include "profile.h"

#define PROFILE_DIRECTORIES (sizeof((struct profile_path *)NULL)->directory / sizeof(char *))

/* The file of profile NAME. -EINVAL: not a name; -ENOENT: no such profile, said with ORIGIN, where
 * the name stands. */
int profile_find(const struct profile_path *path, const char *name, struct origin origin,
		 const char **ret_file, struct notes *problems);

/* The bytes of a regular file of bounded size that is trusted, see profile_load(). */
int profile_read(const struct profile_path *path, const char *file, uid_t trusted_uid,
		 const char **ret_bytes, size_t *ret_size, struct notes *problems);

/* Adds the names of the profiles in the INDEXth directory of PATH. */
void profile_list_directory(struct pool *pool, const struct profile_path *path, size_t index,
			    const char ***names, size_t *count);

#endif
