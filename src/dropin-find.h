/* SPDX-License-Identifier: MIT
 *
 * The drop-ins of several directories as one list, as systemd and Linux-PAM find theirs.
 */
#ifndef KEELTUNE_DROPIN_FIND_H
#define KEELTUNE_DROPIN_FIND_H

#include <stddef.h>

struct host;

/* The paths of all NAME.conf in DIRECTORIES in the order of their names; of equal names the one in
 * the first directory. */
size_t dropin_find(struct host *host, const char *const *directories, size_t count,
		   const char ***ret_paths);

#endif
