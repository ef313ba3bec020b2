/* SPDX-License-Identifier: MIT
 *
 * What apply would do: an ordered list of changes, each with its before and after image. Building a
 * plan changes nothing but the overlay of the host it was made for.
 */
#ifndef KEELTUNE_PLAN_H
#define KEELTUNE_PLAN_H

#include "audit.h"
#include "model.h"
#include "provider.h"

struct host;

struct plan {
	struct pool *pool;
	struct change *changes;
	size_t count;
	const char **directories; /* that do not exist yet, parents first */
	size_t directory_count;
	struct notes notes;     /* obstacles and things to know, from propose() */
	struct audit remaining; /* the host as it would be afterwards */
};

struct change *plan_find(struct plan *plan, const char *path); /* of PATH, or NULL */

/* For providers. PATH gets exactly BYTES (NULL: is removed); a second call for the same path
 * replaces the first; a call that would change nothing is forgotten. Mode and owner of an existing
 * file are kept, a new one is root's and 0644. */
struct change *plan_put_file(struct plan *plan, struct host *host, const char *id, const char *path,
			     const char *bytes, size_t size);
/* The kernel value at PATH ("/proc/sys/...") becomes VALUE. */
struct change *plan_put_kernel(struct plan *plan, struct host *host, const char *id,
			       const char *path, const char *value);
/* The same by its key, which is dotted. */
void plan_put_sysctl(struct plan *plan, struct host *host, const char *id, const char *key,
		     const char *value);

#endif
