// SPDX-License-Identifier: MIT
/* Changes put together, each with its before and after image, see plan.h. Writes nothing. */
#include "plan.h"

#include "host.h"
#include "pool.h"
#include "sysctl-path.h"

#include <string.h>
#include <unistd.h>

static void add_id(struct pool *pool, struct change *change, const char *id)
{
	if (!id)
		return;
	for (size_t i = 0; i < change->id_count; i++)
		if (!strcmp(change->ids[i], id))
			return;
	change->ids = pool_extend(pool, (void *)change->ids, change->id_count, sizeof *change->ids);
	change->ids[change->id_count++] = id;
}

struct change *plan_find(struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!strcmp(plan->changes[i].path, path))
			return &plan->changes[i];
	return NULL;
}

/* The before-image is what the plan is made from, also where somebody has changed the place since
 * it was read: then apply finds another one there, and plans anew. */
static void keep_what_was_seen(struct host *host, const char *path, struct image *image)
{
	const struct file *seen = host_file_before(host, path);

	if (seen->state == FILE_ABSENT)
		*image = (struct image){ .bytes = "" };
	if (seen->state != FILE_PRESENT)
		return;
	if (!image->exists)
		*image = (struct image){ .exists = true,
					 .mode = seen->mode & 07777,
					 .uid = seen->uid,
					 .gid = seen->gid };
	image->bytes = seen->bytes;
	image->size = seen->size;
}

/* Records that PATH shall become AFTER; what cannot be looked at is left for check_targets(). */
static struct change *put(struct plan *plan, struct host *host, enum change_kind kind,
			  const char *id, const char *path, struct image after)
{
	struct change *change = plan_find(plan, path);

	if (!change) {
		struct change fresh = { .kind = kind, .path = pool_strdup(plan->pool, path) };
		if (host_image(host, path, &fresh.before) < 0)
			fresh.before = (struct image){ .bytes = "" };
		else if (kind == CHANGE_FILE)
			keep_what_was_seen(host, path, &fresh.before);
		plan->changes =
			pool_extend(plan->pool, plan->changes, plan->count, sizeof *plan->changes);
		plan->changes[plan->count] = fresh;
		change = &plan->changes[plan->count++];
	}
	change->after = after;
	add_id(plan->pool, change, id);
	return change;
}

struct change *plan_put_file(struct plan *plan, struct host *host, const char *id, const char *path,
			     const char *bytes, size_t size)
{
	bool root = geteuid() == 0;
	struct change *change =
		put(plan, host, CHANGE_FILE, id, path,
		    (struct image){ .exists = bytes != NULL,
				    .bytes = bytes ? pool_copy(plan->pool, bytes, size) : "",
				    .size = bytes ? size : 0,
				    .mode = 0644,
				    .uid = root ? 0 : geteuid(),
				    .gid = root ? 0 : getegid() });

	if (change->before.exists) {
		change->after.mode = change->before.mode;
		change->after.uid = change->before.uid;
		change->after.gid = change->before.gid;
		change->after.xattrs = change->before.xattrs;
		change->after.xattr_count = change->before.xattr_count;
	}
	host_overlay(host, path, bytes, size);
	return change;
}

struct change *plan_put_kernel(struct plan *plan, struct host *host, const char *id,
			       const char *path, const char *value)
{
	const char *line = pool_printf(plan->pool, "%s\n", value);
	struct change *change = put(plan, host, CHANGE_SYSCTL, id, path,
				    (struct image){ .exists = true,
						    .bytes = pool_strdup(plan->pool, value),
						    .size = strlen(value) });

	host_overlay(host, path, line, strlen(line));
	return change;
}

void plan_put_sysctl(struct plan *plan, struct host *host, const char *id, const char *key,
		     const char *value)
{
	const char *path = sysctl_key_path(plan->pool, key);

	plan_put_kernel(plan, host, id, pool_printf(plan->pool, "/proc/sys/%s", path), value);
}
