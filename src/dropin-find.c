// SPDX-License-Identifier: MIT
/* Drop-ins of several directories, see dropin-find.h. */
#include "dropin-find.h"

#include "host.h"
#include "pool.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct found {
	const char *name;
	size_t directory;
};

/* By name; of one name, that of the first directory first. */
static int by_name(const void *a, const void *b)
{
	const struct found *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order
		     : (one->directory > other->directory) - (one->directory < other->directory);
}

size_t dropin_find(struct host *host, const char *const *directories, size_t count,
		   const char ***ret_paths)
{
	struct pool *pool = host_pool(host);
	struct found *found = NULL;
	size_t total = 0, kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct directory *directory = host_directory(host, directories[i]);
		for (size_t j = 0; j < directory->count; j++) {
			if (!is_conf_name(directory->names[j]))
				continue;
			found = pool_extend(pool, found, total, sizeof *found);
			found[total++] = (struct found){ directory->names[j], i };
		}
	}
	if (total)
		qsort(found, total, sizeof *found, by_name);
	const char **paths = pool_alloc(pool, total * sizeof *paths);
	for (size_t i = 0; i < total; i++)
		if (!i || strcmp(found[i].name, found[i - 1].name) != 0)
			paths[kept++] = pool_printf(pool, "%s/%s", directories[found[i].directory],
						    found[i].name);
	*ret_paths = paths;
	return kept;
}
