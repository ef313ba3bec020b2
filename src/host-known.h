/* SPDX-License-Identifier: MIT
 *
 * What a host handle knows already, by path, and by the keys of host_recall(): found by a hash, for
 * in a tree of others there may be very many. For host.c alone.
 */
#ifndef KEELTUNE_HOST_KNOWN_H
#define KEELTUNE_HOST_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

struct directory;
struct file;
struct intern;
struct pool;

struct known {
	const struct file *file;
	const struct directory *directory;
	struct answer {
		const char *text; /* NULL: nothing */
		bool asked;
	} link, target; /* of host_link() and host_resolve() */
	const void *answer;
	unsigned age; /* of the answer: that of the overlay */
};

struct host_known {
	struct intern *keys;
	struct known *items; /* by the number of the key */
	size_t count, room;
};

void host_known_start(struct host_known *table, struct pool *pool);
void host_known_free(struct host_known *table); /* before POOL */

/* What is known by KEY, nothing at first. It moves with the next call. */
struct known *host_known_at(struct host_known *table, const char *key);

#endif
